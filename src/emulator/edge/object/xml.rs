//! The little XML that COS speaks.

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use crate::emulator::edge::reply;

const XML: HeaderValue = HeaderValue::from_static("application/xml");

/// Returns a document.
pub(super) fn document(status: StatusCode, body: &str) -> Response {
    reply::typed(status, XML, format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{body}"))
}

/// Returns an error with the four elements that node-sdk 3 reads.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = [
        element("Code", code),
        element("Message", message),
        element("RequestId", "local"),
        element("TraceId", "local"),
    ];
    document(status, &format!("<Error>{}</Error>", body.concat()))
}

/// Returns an element that holds text.
pub(super) fn element(name: &str, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<{name}>{text}</{name}>")
}
