//! Tencent Cloud API 3.0 on loopback: understand, verify, dispatch, and answer in its envelope. See
//! `docs/wire.md#cloud-api-envelope`.
//!
//! The status is 200 also for a failure, and the content type has no charset: SDKs look for a code only then.

mod clock;
mod command;
mod database;
mod env;
mod failure;
mod function;
mod gateway;
mod invoke;
mod local;
mod log;
mod log_query;
mod migration;
pub(super) mod packages;
mod permission;
mod request;
mod settings;
mod snapshot;
mod statement;
mod storage;
mod trigger;
mod user;
mod wechat;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use futures_util::StreamExt;
use serde_json::{Map, Value};

use super::reply;
use crate::api::control::database::*;
use crate::api::control::env::*;
use crate::api::control::function::*;
use crate::api::control::gateway::*;
use crate::api::control::lenient;
use crate::api::control::log::*;
use crate::api::control::migration::*;
use crate::api::control::permission::*;
use crate::api::control::storage::*;
use crate::api::control::trigger::*;
use crate::api::error::codes;
use crate::api::{Action, Service, local as own};
use crate::emulator::environment::{Environment, Shared};
use crate::model::wall;
use failure::Failure;
use request::{Asked, Form};

/// The largest request, in bytes: SCF takes 50 MB of inline package, and base64 makes it a third larger.
const LARGEST: usize = 68 * 1024 * 1024;

type Result<T, E = Failure> = std::result::Result<T, E>;

/// Tells whether a request to `/` is a management action.
pub(super) fn is_meant(parts: &Parts) -> bool {
    let flat = |query: &str| query.split('&').any(|pair| pair.starts_with("Action="));
    parts.uri.path() == "/"
        && (parts.headers.contains_key("x-tc-action")
            || parts.method == Method::POST
            || parts.uri.query().is_some_and(flat))
}

/// Answers one request.
pub(super) async fn answer(environment: &Shared, host: &str, parts: &Parts, body: Body) -> Response {
    let request_id = environment.config.ids.request();
    let reply = carry_out(environment, host, parts, body).await;
    let response = enveloped(reply, &request_id);
    reply::typed(
        axum::http::StatusCode::OK,
        HeaderValue::from_static("application/json"),
        response.to_string(),
    )
}

fn enveloped(reply: Result<Value>, request_id: &str) -> Value {
    let mut response = match reply {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => Map::new(),
        Err(Failure { code, message }) => {
            Map::from_iter([("Error".into(), serde_json::json!({ "Code": code, "Message": message }))])
        }
    };
    // One old action answers with the invocation's id under this name (`docs/wire.md#logs`).
    response.entry("RequestId").or_insert_with(|| request_id.into());
    serde_json::json!({ "Response": response })
}

/// Carries out an action for a door that knows who asks; refuses by code and sentence.
pub(super) async fn within(
    environment: &Shared,
    action: &str,
    parameters: Value,
) -> Result<Value, (&'static str, String)> {
    let carried = Box::pin(dispatch(environment, Service::Tcb, action, parameters)).await;
    let unknown = || Err(Failure::new(codes::INVALID_ACTION, action.to_owned()));
    carried.unwrap_or_else(unknown).map_err(|Failure { code, message }| (code, message))
}

async fn carry_out(environment: &Shared, host: &str, parts: &Parts, body: Body) -> Result<Value> {
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let body = whole(body).await?;
    let form = Form::read(parts, content_type, &body)?;
    form.verify(&environment.config)?;
    let Asked { service, action, parameters } = form.asked(host)?;
    let unknown = || {
        Failure::new(codes::INVALID_ACTION, format!("The action `{action}` is not served by this emulator."))
    };
    let service = served(service, &action).ok_or_else(unknown)?;
    dispatch(environment, service, &action, parameters).await.ok_or_else(unknown)?
}

/// Reads the body to its end, also when it is too large: a client that is still sending would not read an answer.
async fn whole(body: Body) -> Result<Vec<u8>> {
    let (mut stream, mut bytes, mut size) = (body.into_data_stream(), Vec::new(), 0);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| Failure::new(codes::INVALID_REQUEST, error.to_string()))?;
        size += chunk.len();
        if size <= LARGEST {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
        }
        if size > 8 * LARGEST {
            break;
        }
    }
    match size <= LARGEST {
        true => Ok(bytes),
        false => Err(Failure::new(
            codes::REQUEST_SIZE,
            format!("The request is over {} MB.", LARGEST / 1024 / 1024),
        )),
    }
}

/// Declares what is served: the action, and the function that answers it.
macro_rules! served {
    ($($action:path: $handler:path;)*) => {
        /// Carries an action out, if there is one of that name in that service.
        async fn dispatch(
            environment: &Shared,
            service: Service,
            name: &str,
            parameters: Value,
        ) -> Option<Result<Value>> {
            $(if <$action>::SERVICE == service && <$action>::NAME == name {
                return Some(match lenient::read::<$action>(parameters) {
                    // Boxed, so that the whole is not as large as the largest.
                    Ok(request) => Box::pin($handler(environment, request)).await.and_then(written::<$action>),
                    Err(error) => Err(error.into()),
                });
            })*
            None
        }

        /// Returns the service in which a name is known. When the request's own does not have it, its neighbours are
        /// asked: manager-node sends `ListFunctions` to tcb, and some SDKs do not say which service they mean
        /// (`docs/wire.md#tc3-tolerances`).
        fn served(asked: Option<Service>, name: &str) -> Option<Service> {
            let known = [$((<$action>::SERVICE, <$action>::NAME)),*];
            let has = |service| known.contains(&(service, name));
            asked.into_iter().chain([Service::Scf, Service::Tcb]).find(|service| has(*service))
        }
    };
}

fn written<A: Action>(reply: A::Reply) -> Result<Value> {
    serde_json::to_value(reply).map_err(|error| Failure::new(codes::INTERNAL_ERROR, error.to_string()))
}

served! {
    DescribeEnvs: env::describe_envs;
    DescribeEnvInfo: env::describe_env_info;
    DescribeTcbAccountInfo: env::describe_account;

    CreateFunction: function::create;
    UpdateFunctionCode: function::update_code;
    UpdateFunctionConfiguration: function::update_configuration;
    GetFunction: function::get;
    GetFunctionAddress: function::address;
    ListFunctions: function::list;
    DeleteFunction: function::delete;
    CopyFunction: function::copy;
    Invoke: invoke::invoke;
    InvokeFunction: invoke::invoke_function;
    GetTempCosInfo: packages::place;

    BatchCreateTrigger: trigger::batch_create;
    CreateTrigger: trigger::create;
    DeleteTrigger: trigger::delete;
    ListTriggers: trigger::list;

    CreateTable: database::create;
    DeleteTable: database::delete;
    DescribeTable: database::describe;
    ListTables: database::list;
    DescribeTables: database::describe_many;
    UpdateTable: database::update;
    DescribeDbDistribution: database::distribution;
    RunCommands: command::run;
    DatabaseMigrateImport: migration::import;
    DatabaseMigrateExport: migration::export;
    DatabaseMigrateQueryInfo: migration::describe;

    DescribeDatabaseACL: permission::describe_preset;
    ModifyDatabaseACL: permission::modify_preset;
    DescribeSafeRule: permission::describe_rule;
    ModifySafeRule: permission::modify_rule;
    DescribeResourcePermission: permission::describe_resources;
    ModifyResourcePermission: permission::modify_resource;
    DescribeStorageSafeRule: storage::describe;
    ModifyStorageSafeRule: storage::modify;

    SearchClsLog: log::search;
    GetFunctionLogs: log::calls;
    GetFunctionLogDetail: log::call;

    DescribeCloudBaseGWAPI: gateway::list;
    CreateCloudBaseGWAPI: gateway::create;
    DeleteCloudBaseGWAPI: gateway::delete;
    DescribeCloudBaseGWService: gateway::domains;

    own::InvokeFunction: local::invoke;
    own::FireTrigger: local::fire;
    own::ExplainQuery: local::explain;
    own::IndexAdvice: local::advice;
    own::DescribeUsage: local::usage;
    own::SaveSnapshot: snapshot::save;
    own::ListSnapshots: snapshot::list;
    own::RestoreSnapshot: snapshot::restore;
    own::DeleteSnapshot: snapshot::delete;
    own::DescribeClock: clock::describe;
    own::MoveClock: clock::change;
    own::ResumeClock: clock::resume;
    own::AddUser: user::add;
    own::ListUsers: user::list;
    own::ListWechatCalls: wechat::calls;
    own::ClearWechatCalls: wechat::clear;
    own::PrepareWechatAnswer: wechat::prepare;
    own::AddRiskyText: wechat::distrust;
    own::MakeWechatCode: wechat::code;
    own::GrantSubscription: wechat::grant;
}

/// Refuses a request for another environment than the one that is here.
fn this_environment(environment: &Environment, asked: Option<&str>) -> Result<()> {
    let own = environment.config.env_id.as_str();
    match asked {
        Some(other) if !other.is_empty() && other != own => Err(Failure::new(
            codes::ENV_NOT_FOUND,
            format!("Environment [{other}] not found: this emulator serves [{own}]."),
        )),
        _ => Ok(()),
    }
}

/// Returns the items of one page, `offset` and `limit` being the client's.
fn page<T>(items: Vec<T>, offset: Option<u64>, limit: Option<u64>, default: u64) -> Vec<T> {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    items.into_iter().skip(count(offset.unwrap_or(0))).take(count(limit.unwrap_or(default))).collect()
}

/// Reads a time as clients write it.
fn read_time(text: &str) -> Result<i64> {
    wall::read(text).ok_or_else(|| Failure::value(format!("The time `{text}` is not `YYYY-MM-DD HH:MM:SS`.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_found_in_its_service_or_a_neighbours() {
        for (asked, name, found) in [
            (Some(Service::Tcb), "CreateTable", Some(Service::Tcb)),
            (Some(Service::Tcb), "ListFunctions", Some(Service::Scf)),
            (None, "GetFunction", Some(Service::Scf)),
            (Some(Service::Cloudkit), "InvokeFunction", Some(Service::Cloudkit)),
            (None, "InvokeFunction", Some(Service::Scf)),
            (Some(Service::Scf), "FireTrigger", None),
            (Some(Service::Tcb), "Nonsense", None),
        ] {
            assert_eq!(served(asked, name), found, "{name}");
        }
    }

    #[test]
    fn the_envelope_is_the_platforms() {
        let failed = enveloped(Err(Failure::new(codes::INVALID_ACTION, "m".into())), "r-1");
        assert_eq!(
            failed.to_string(),
            r#"{"Response":{"Error":{"Code":"InvalidAction","Message":"m"},"RequestId":"r-1"}}"#
        );
        let own = serde_json::json!({ "RequestId": "its own" });
        assert_eq!(enveloped(Ok(own), "r-1").to_string(), r#"{"Response":{"RequestId":"its own"}}"#);
    }

    #[test]
    fn a_time_is_read_or_refused() {
        assert_eq!(read_time("2023-11-15 06:13:20"), Ok(1_700_000_000_000));
        assert!(read_time("yesterday").is_err());
    }
}
