//! What a mini program needs to run against the emulator: `wx.cloud` over `wx.request`, a stand-in for `wx`, and a way to
//! be somebody. All of it is the emulator's own; the platform has nothing like it.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::reply;
use crate::emulator::environment::Environment;
use crate::emulator::identity::Credential;
use crate::scaffold::mini_program::{WX_CLOUD, WX_STAND_IN};

/// Where a test user signs in.
pub(super) const SIGN_IN: &str = "/__cloudkit/sign-in";
/// The largest request to sign in, in bytes.
const LARGEST: usize = 4096;
/// The longest openid, in bytes: WeChat's have 28.
const LONGEST: usize = 64;

const JAVASCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");

/// Returns a file of JavaScript by its path here.
pub(super) fn script(path: &str) -> Option<Response> {
    let text = match path {
        "/__cloudkit/wx-cloud.js" => WX_CLOUD,
        "/__cloudkit/wx-stand-in.js" => WX_STAND_IN,
        _ => return None,
    };
    Some(reply::typed(StatusCode::OK, JAVASCRIPT, text))
}

#[derive(Deserialize)]
struct SignIn {
    openid: String,
    #[serde(default)]
    unionid: Option<String>,
}

/// Signs in whoever the mini program's developer says it is: `POST {"openid": "o-alice1"}`.
pub(super) async fn sign_in(environment: &Environment, body: Body) -> Response {
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return refused("the request is over 4 KB".into());
    };
    let SignIn { openid, unionid } = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return refused(format!("the body is not `{{\"openid\": …}}`: {error}")),
    };
    if openid.is_empty() || openid.len() > LONGEST || openid.contains(char::is_whitespace) {
        return refused(format!("`openid` must be 1 to {LONGEST} bytes without spaces"));
    }
    let credential = Credential::Wechat { openid: &openid, unionid: unionid.as_deref(), login: None };
    match environment.identity.sign_in(&credential) {
        Ok(grant) => reply::json(&json!({ "access_token": grant.access_token, "openid": openid })),
        Err(refusal) => failed(StatusCode::INTERNAL_SERVER_ERROR, refusal.code(), &refusal.to_string()),
    }
}

fn refused(message: String) -> Response {
    failed(StatusCode::BAD_REQUEST, "INVALID_PARAM", &message)
}

fn failed(status: StatusCode, code: &str, message: &str) -> Response {
    let mut response = reply::json(&json!({ "code": code, "message": message }));
    *response.status_mut() = status;
    response
}
