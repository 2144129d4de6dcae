//! The only place that knows HTTP.
//!
//! [`listen`] accepts, [`door`] admits, and one route per kind of client answers.

pub(super) mod listen;

mod cors;
pub(super) mod door;
mod health;
mod reply;
mod reset;
mod target;
mod tls;

mod admin;
mod bearer;
mod codes;
mod control;
mod envelope;
mod forward;
mod gateway;
mod mini_program;
mod oauth;
mod object;
mod outside;
mod realtime;
mod redirect;
mod rest;
mod web;
mod wechat;

mod data;

use std::convert::Infallible;

use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use serde_json::json;

use crate::api::local::{DOCUMENTS, OBJECTS, PACKAGES, REALTIME, SNAPSHOTS};
use crate::emulator::environment::Shared;

/// Where SDKs ask whether they are inside the cloud.
const METADATA: &str = "metadata.tencentyun.com";

/// Answers one request.
async fn answer(environment: Shared, request: Request<Incoming>) -> Result<Response, Infallible> {
    let (parts, body) = request.into_parts();
    Ok(route(environment, parts, Body::new(body)).await)
}

async fn route(environment: Shared, parts: Parts, body: Body) -> Response {
    if !is_for_pages(parts.uri.path()) {
        return admitted(environment, parts, body).await;
    }
    let asked = Parts::clone(&parts);
    let mut response = admitted(environment, parts, body).await;
    cors::permit_origin(&asked, response.headers_mut());
    response
}

/// Whether other pages of this machine may read what is answered there: the clients' doors are theirs, the admin's and the
/// emulator's own are not.
fn is_for_pages(path: &str) -> bool {
    path != "/admin"
        && (!path.starts_with("/__cloudkit/") || path.starts_with(OBJECTS) || path == redirect::PATH)
}

async fn admitted(environment: Shared, parts: Parts, body: Body) -> Response {
    let host = match door::admit(&environment.config, &parts) {
        Ok(host) => host,
        Err(refusal) => return reply::plain(StatusCode::FORBIDDEN, format!("{refusal}\n")),
    };
    match parts.uri.path() {
        path if cors::is_preflight(&parts) && is_for_pages(path) => cors::preflight(&parts),
        _ if parts.headers.contains_key(outside::HEADER) => outside::answer(&environment, &parts, body).await,
        path if host == METADATA => not_in_the_cloud(path),
        path if wechat::is_meant(host, &parts.headers) => {
            wechat::answer(&environment, path, &parts, body).await
        }
        _ if gateway::is_meant(host) => gateway::answer(&environment, &parts, body).await,
        _ if object::is_bucket(&environment, host) => object::answer_bucket(&environment, parts, body).await,
        _ if object::is_package_store(host) => object::answer_package(&environment, &parts, body).await,
        _ if object::is_foreign_bucket(host) => object::answer_foreign_bucket(),
        "/admin" if parts.method == Method::POST => admin::answer(&environment, &parts, body).await,
        "/web" if parts.method == Method::POST => web::answer(&environment, &parts, body).await,
        path if oauth::is_meant(path) => oauth::answer(&environment, &parts, body).await,
        path if rest::is_meant(path) => rest::answer(&environment, &parts, body).await,
        redirect::PATH => redirect::answer(),
        "/healthz" => health::ready(),
        "/__cloudkit/env" => health::describe(&environment),
        oauth::PROVIDER if parts.method == Method::GET => oauth::provider_page(&environment, &parts),
        codes::PATH if parts.method == Method::GET => codes::answer(&environment),
        mini_program::SIGN_IN if parts.method == Method::POST => {
            mini_program::sign_in(&environment, body).await
        }
        path if is_at(path, wechat::PATH) => ask_wechat(&environment, &parts, body).await,
        outside::RECORDINGS if parts.method == Method::POST => outside::record(&environment, body).await,
        "/" if control::is_meant(&parts) => control::answer(&environment, host, &parts, body).await,
        path if path.starts_with(PACKAGES) => control::packages::answer(&environment, &parts, body).await,
        path if is_at(path, DOCUMENTS) || is_at(path, SNAPSHOTS) => reset::answer(&environment, &parts).await,
        REALTIME => realtime::answer(&environment, parts).await,
        path if path.starts_with(OBJECTS) => object::answer(&environment, parts, body).await,
        path if path.starts_with("/__cloudkit/") => {
            mini_program::script(path).unwrap_or_else(|| nothing_at(path))
        }
        _ => gateway::answer(&environment, &parts, body).await,
    }
}

/// Tells a SDK that it is not inside the cloud. What asked may leave its short timeout on the connection
/// (`docs/wire.md#hosts`): nothing else is to travel on it.
fn not_in_the_cloud(path: &str) -> Response {
    let mut response = nothing_at(path);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Answers in WeChat's place on a path of the emulator's own.
async fn ask_wechat(environment: &Shared, parts: &Parts, body: Body) -> Response {
    let mut body = Some(body);
    if let Some(response) = wechat::own::answer(environment, parts, &mut body).await {
        return response;
    }
    let path = parts.uri.path().strip_prefix(wechat::PATH).unwrap_or_default();
    wechat::answer(environment, path, parts, body.unwrap_or_default()).await
}

/// Whether a path is another or lies below it.
fn is_at(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Clients of the platform's gateways read JSON, whatever the status.
fn nothing_at(path: &str) -> Response {
    let message = format!("nothing is served at `{path}` in this version of the cloudkit emulator");
    let mut response = reply::json(&json!({ "code": "NOT_FOUND", "message": message }));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
