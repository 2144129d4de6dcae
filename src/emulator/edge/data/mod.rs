//! The SDK actions, once, for every dialect.

mod auth;
mod database;
mod function;
mod legacy;
mod protobuf;
mod storage;
mod wx;

pub(super) use auth::described;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::data::Failure;
use crate::emulator::access::documents::Documents;
use crate::emulator::environment::Shared;
use crate::emulator::principal::Principal;

type Result<T> = std::result::Result<T, Failure>;

/// A request whose envelope was read.
pub(super) struct Call<'a> {
    pub action: &'a str,
    /// In whose name it is.
    pub principal: &'a Principal,
    /// What names the function that calls, empty outside of functions.
    pub session_token: &'a str,
    /// `x-tcb-source`: the kinds of caller so far, first one first.
    pub source: &'a str,
    /// The flat JSON object.
    pub body: &'a [u8],
    /// The bytes that came in a form beside the fields.
    pub file: &'a [u8],
}

impl Call<'_> {
    /// Reads the fields of one action.
    fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(self.body).map_err(|error| {
            // Nobody sees the text that an SDK sent: its lines and columns tell nothing.
            let (told, place) =
                (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
            Failure::parameter(told.strip_suffix(&place).unwrap_or(&told))
        })
    }
}

/// What an action answers, before its envelope.
pub(super) enum Answer {
    /// The JSON text of `data`; an answer of a function carries the id of its own request.
    Data { json: String, request_id: Option<String> },
    /// Fields beside `requestId`, as JSON text without braces.
    Top(String),
    /// A body of its own kind.
    Bytes(Vec<u8>),
}

impl Answer {
    pub(super) fn data(reply: &impl Serialize) -> Result<Self> {
        Ok(Answer::Data { json: text(reply)?, request_id: None })
    }

    pub(super) fn top(reply: &impl Serialize) -> Result<Self> {
        let text = text(reply)?;
        let fields = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        Ok(Answer::Top(fields.unwrap_or_default().to_owned()))
    }
}

fn text(reply: &impl Serialize) -> Result<String> {
    serde_json::to_string(reply).map_err(|error| Failure::new("SYS_ERR", format!("[InternalError] {error}")))
}

/// Carries out an action.
pub(super) async fn answer(environment: &Shared, call: &Call<'_>) -> Result<Answer> {
    let family = call.action.split_once('.').map_or("", |(family, _)| family);
    let answered = match family {
        "database" => {
            let documents = Documents::new(environment, call.principal);
            match database::answer(&documents, call).await {
                None => legacy::answer(&documents, call).await,
                some => some,
            }
        }
        "functions" => function::answer(environment, call).await,
        "storage" => storage::answer(environment, call).await,
        "auth" | "analytics" => auth::answer(environment, call),
        // Functions alone may ask WeChat.
        "wx" if *call.principal == Principal::Admin => wx::answer(environment, call).await,
        _ => None,
    };
    answered.unwrap_or_else(|| {
        let action = call.action;
        Err(Failure::new("INVALID_ACTION", format!("[InvalidAction] the action `{action}` is not known")))
    })
}
