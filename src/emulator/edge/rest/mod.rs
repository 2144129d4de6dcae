//! `/v1/…`: documents, functions and files as `@cloudbase/js-sdk` 3 asks for them. Each request is one action of the SDKs
//! in other words. See `docs/wire.md#gateway`.

mod documents;
mod files;
mod functions;

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::data::{self, Answer, Call};
use super::{bearer, envelope, oauth, reply};
use crate::api::data::Failure;
use crate::emulator::environment::Shared;
use crate::emulator::principal::Principal;

/// What the platform serves below `/v1/`. Other paths there are the project's own.
const FAMILIES: [&str; 9] =
    ["database", "functions", "storages", "model", "sql", "rdb", "cloudrun", "apis", "ai"];

/// Whether a path is one of these.
pub(super) fn is_meant(path: &str) -> bool {
    let family = path.strip_prefix("/v1/").and_then(|rest| rest.split('/').next());
    family.is_some_and(|family| FAMILIES.contains(&family))
}

/// A request whose asker is known.
struct Asked<'a> {
    environment: &'a Shared,
    principal: Principal,
    parts: &'a Parts,
    body: &'a [u8],
}

/// Why there is no answer.
struct Trouble {
    status: StatusCode,
    failure: Failure,
}

type Result<T> = std::result::Result<T, Trouble>;

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        let status = match failure.code {
            "INVALID_ACCESS_TOKEN" | "ACCESS_TOKEN_EXPIRED" | "ACCESS_TOKEN_DISABLED" => {
                StatusCode::UNAUTHORIZED
            }
            "DATABASE_PERMISSION_DENIED" | "STORAGE_EXCEED_AUTHORITY" | "PERMISSION_DENIED" => {
                StatusCode::FORBIDDEN
            }
            "FUNCTION_NOT_FOUND" | "DATABASE_COLLECTION_NOT_EXIST" | "DOCUMENT_NOT_FOUND" => {
                StatusCode::NOT_FOUND
            }
            "DATABASE_TRANSACTION_CONFLICT" => StatusCode::CONFLICT,
            "UNIMPLEMENTED" => StatusCode::NOT_IMPLEMENTED,
            "SYS_ERR" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Trouble { status, failure }
    }
}

impl Asked<'_> {
    /// Carries out an action of the SDKs and returns the JSON text it answers.
    async fn act(&self, action: &str, fields: &Value) -> Result<String> {
        let body = fields.to_string();
        let call = Call {
            action,
            principal: &self.principal,
            session_token: "",
            source: "",
            body: body.as_bytes(),
            file: &[],
        };
        match data::answer(self.environment, &call).await? {
            Answer::Data { json, .. } => Ok(json),
            Answer::Top(fields) => Ok(format!("{{{fields}}}")),
            Answer::Bytes(_) => Err(Failure::new("SYS_ERR", "[InternalError] the answer is not JSON").into()),
        }
    }

    async fn value(&self, action: &str, fields: &Value) -> Result<Value> {
        Ok(serde_json::from_str(&self.act(action, fields).await?).map_err(Failure::parameter)?)
    }

    /// Reads a body of fields, or of what an action takes; an empty one has no fields.
    fn read<T: DeserializeOwned>(&self) -> Result<T> {
        let body = if self.body.is_empty() { b"{}" } else { self.body };
        Ok(serde_json::from_slice(body).map_err(Failure::parameter)?)
    }

    fn fields(&self) -> Result<Value> {
        self.read().map(Value::Object)
    }
}

/// Answers one request.
pub(super) async fn answer(environment: &Shared, parts: &Parts, body: Body) -> Response {
    let answered = async {
        let body = envelope::open(body).await?;
        let token = oauth::token(&parts.headers);
        let principal = match token.is_empty() && parts.headers.contains_key(AUTHORIZATION) {
            false => bearer::principal(environment, token).map_err(Failure::from)?,
            true if bearer::is_signed(environment, parts, &body).map_err(Failure::from)? => Principal::Admin,
            true => {
                let message = "only `Bearer …` and TC3 signatures are read here";
                return Err(Failure::new("UNSUPPORTED_AUTH_TYPE", message).into());
            }
        };
        let asked = Asked { environment, principal, parts, body: &body };
        let path = parts.uri.path().strip_prefix("/v1/").unwrap_or_default();
        match path.split_once('/') {
            Some(("database", path)) => documents::answer(&asked, path).await,
            Some(("functions", name)) => functions::answer(&asked, name).await,
            Some(("storages", path)) => files::answer(&asked, path).await,
            _ => Err(unimplemented(parts)),
        }
    };
    answered.await.unwrap_or_else(|Trouble { status, failure: Failure { code, message } }| {
        let request_id = environment.config.ids.request();
        // Documents call it `request_id`, the rest `requestId`.
        let fields =
            json!({ "code": code, "message": message, "requestId": request_id, "request_id": request_id });
        let mut response = reply::json(&fields);
        *response.status_mut() = status;
        response
    })
}

fn unimplemented(parts: &Parts) -> Trouble {
    let (method, path) = (&parts.method, parts.uri.path());
    let message = format!("`{method} {path}` is not available in this version of the cloudkit emulator");
    Failure::new("UNIMPLEMENTED", message).into()
}
