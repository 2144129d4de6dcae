//! Calls of functions, by functions and by clients.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::{Answer, Call, Result, text};
use crate::api::data::function::{InvokeFunction, InvokeFunctionReply};
use crate::api::data::{Failure, SdkAction};
use crate::api::event::{Caller, Identity, WebUser};
use crate::emulator::access::functions;
use crate::emulator::environment::{Environment, Shared};
use crate::emulator::functions::Invocation;
use crate::emulator::principal::{Principal, User};

/// Answers a call of a function.
pub(super) async fn answer(environment: &Shared, call: &Call<'_>) -> Option<Result<Answer>> {
    match call.action {
        InvokeFunction::NAME => Some(invoke(environment, call).await),
        _ => None,
    }
}

async fn invoke(environment: &Shared, call: &Call<'_>) -> Result<Answer> {
    let InvokeFunction { function_name, request_data } = call.read()?;
    functions::check(environment, call.principal, &function_name)?;
    let event = if request_data.is_empty() { "{}".to_owned() } else { request_data };
    let (event, caller) = match call.principal {
        Principal::Admin => {
            let first = environment.functions.caller_of(call.session_token);
            let caller = first
                .map_or_else(|| Caller::program(call.source), |first| first.through_function(call.source));
            (event, caller)
        }
        Principal::Client(user) => {
            (opened(environment, unforged(event)?), client(environment, user.as_ref()))
        }
    };
    let outcome = environment.functions.invoke(&function_name, Invocation { event, caller }).await;
    match outcome.result {
        Ok(response_data) => Ok(Answer::Data {
            json: text(&InvokeFunctionReply { response_data })?,
            request_id: Some(outcome.request_id),
        }),
        Err(fault) => Err(Failure::new(fault.kind.code(), fault.message)),
    }
}

/// Returns a client as the function is told of it.
fn client(environment: &Environment, user: Option<&User>) -> Caller {
    let Some(user) = user else { return Caller::Web(None) };
    let User { uid, openid, unionid, login } = user.clone();
    match (login, uid, openid) {
        (Some(login), Some(uid), openid) => {
            let custom_id = environment.identity.account(&uid).and_then(|account| account.custom_id);
            let login = login.name().replace('_', "-");
            Caller::Web(Some(WebUser { uid, custom_id, login, openid, unionid }))
        }
        (_, _, Some(openid)) => Caller::MiniProgram(Identity { openid, unionid }),
        _ => Caller::Web(None),
    }
}

/// Returns an event without what only the platform may say in `userInfo`. Names, pictures and the like may be beside it
/// (`docs/wire.md#callers`).
fn unforged(event: String) -> Result<String> {
    const INFO: &str = "userInfo";
    let names: HashMap<Cow<'_, str>, IgnoredAny> = serde_json::from_str(&event).unwrap_or_default();
    if !names.contains_key(INFO) {
        return Ok(event);
    }
    let mut fields: Map<String, Value> = serde_json::from_str(&event).map_err(Failure::parameter)?;
    if let Some(Value::Object(info)) = fields.get_mut(INFO) {
        info.retain(|name, _| !matches!(name.as_str(), "appId" | "openId" | "unionId"));
    }
    Ok(Value::Object(fields).to_string())
}

/// Puts open data in the place of the cloud ids at the top of an event: `{"cloudID": …}` and nothing beside it.
fn opened(environment: &Environment, event: String) -> String {
    const ID: &str = "cloudID";
    if !event.contains(ID) {
        return event;
    }
    let Ok(mut fields) = serde_json::from_str::<Map<String, Value>>(&event) else { return event };
    for value in fields.values_mut() {
        let alone = value.as_object().filter(|fields| fields.len() == 1);
        if let Some(id) = alone.and_then(|fields| fields.get(ID)?.as_str()) {
            *value = environment.wechat.opened(id);
        }
    }
    Value::Object(fields).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_say_who_it_is() {
        for (sent, expected) in [
            (
                r#"{"a":1,"userInfo":{"nickName":"A","openId":"o","unionId":"u","appId":"w"},"b":2}"#,
                r#"{"a":1,"userInfo":{"nickName":"A"},"b":2}"#,
            ),
            (r#"{"\u0075serInfo":{"\u006fpenId":1}}"#, r#"{"userInfo":{}}"#),
            (r#"{"userInfo":1,"userInfo":{"openId":2}}"#, r#"{"userInfo":{}}"#),
            (r#"{"userInfo":{"a":{"openId":2}}}"#, r#"{"userInfo":{"a":{"openId":2}}}"#),
            (r#"{"a":{"userInfo":1}}"#, r#"{"a":{"userInfo":1}}"#),
            (r#"{"n":12345678901234567890123}"#, r#"{"n":12345678901234567890123}"#),
            ("[1]", "[1]"),
        ] {
            assert_eq!(unforged(sent.to_owned()).ok().as_deref(), Some(expected), "{sent}");
        }
    }
}
