//! Calls of `api.weixin.qq.com` that the preload brought here: a clear answer, so that nothing leaves the machine.

use axum::http::request::Parts;
use axum::response::Response;
use serde_json::json;

use super::reply;

/// The host of WeChat's server API.
pub(super) const HOST: &str = "api.weixin.qq.com";

/// WeChat's number for an API that does not exist (`docs/wire.md#wechat-apis`).
pub(super) const API_NOT_FOUND: i32 = -604_100;

/// Answers as WeChat reports a failure: status 200, `errcode` and `errmsg`.
pub(super) fn answer(parts: &Parts) -> Response {
    let path = parts.uri.path();
    reply::json(&json!({
        "errcode": API_NOT_FOUND,
        "errmsg": format!("`{path}` is not available in this version of the cloudkit emulator"),
    }))
}
