//! `cloud.openapi` and its kin: WeChat asked by a function, through the environment. See `docs/wire.md#wechat-apis`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, Call, Result, protobuf};
use crate::api::data::Failure;
use crate::api::event::Person;
use crate::emulator::environment::Environment;
use crate::emulator::event::{self, Event};
use crate::emulator::wechat::method::Method;
use crate::emulator::wechat::{Answer as Told, Asked, Media, Prepared, over};
use crate::text;

/// WeChat's number for an API that does not exist, and for one that the function may not call.
const API_NOT_FOUND: i32 = -604_100;
const NOT_ALLOWED: i32 = -604_101;
/// The kinds of a request: `CommApiData.apiType`.
const OPEN_API: u64 = 0;
const SVRKIT_API: u64 = 2;
const TOKEN_API: u64 = 3;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiCall {
    #[serde(default)]
    api_name: String,
    /// JSON text; only `wx.api` has it here.
    #[serde(default)]
    request_data: Value,
}

/// Answers an action towards WeChat, or nothing if it is none.
pub(super) async fn answer(environment: &Environment, call: &Call<'_>) -> Option<Result<Answer>> {
    match call.action {
        "wx.openApi" => Some(open_api(environment, call).await),
        "wx.api" => Some(plain_api(environment, call).await),
        "wx.wxPayApi" => Some(pay(environment, call)),
        "wx.wxCallContainerApi" => Some(Err(Failure::parameter(
            "no such api: containers are not available in this version of the cloudkit emulator",
        ))),
        _ => None,
    }
}

/// Answers a request in protocol buffers by a message of the same kind.
async fn open_api(environment: &Environment, call: &Call<'_>) -> Result<Answer> {
    let ApiCall { api_name: name, .. } = call.read()?;
    let unreadable = || Failure::parameter("`requestData` is no CommApiData");
    let message = protobuf::read(call.file).ok_or_else(unreadable)?;
    let kind = message.iter().find_map(|(field, value)| match value {
        protobuf::Value::Number(kind) if *field == 1 => Some(*kind),
        _ => None,
    });
    match kind.unwrap_or(OPEN_API) {
        SVRKIT_API => {
            let inner = protobuf::bytes(&message, 4).and_then(protobuf::read).ok_or_else(unreadable)?;
            let name = protobuf::text(&inner, 1).filter(|name| !name.is_empty()).unwrap_or(&name);
            let request =
                protobuf::read(protobuf::bytes(&inner, 2).unwrap_or_default()).ok_or_else(unreadable)?;
            Ok(Answer::Bytes(server_kit(environment, name, &request)))
        }
        TOKEN_API => Ok(Answer::Bytes(refusal(API_NOT_FOUND))),
        _ => {
            let pairs = protobuf::bytes(&message, 2).unwrap_or_default();
            let arguments = Arguments::read(pairs).ok_or_else(unreadable)?;
            let Some(method) = Method::called(&name) else {
                return Ok(Answer::Bytes(refusal(API_NOT_FOUND)));
            };
            if !may_call(environment, call, &method).await {
                return Ok(Answer::Bytes(refusal(NOT_ALLOWED)));
            }
            let media = arguments.media.as_ref().map(|(name, bytes)| Media { name, bytes });
            Ok(Answer::Bytes(match asked(environment, &method, &arguments.fields, media) {
                Told::Fields(fields) => response(fields.to_string().as_bytes(), "application/json"),
                Told::Picture(picture) => response(&picture.bytes, picture.content_type),
            }))
        }
    }
}

fn asked(
    environment: &Environment,
    method: &Method,
    fields: &Map<String, Value>,
    media: Option<Media<'_>>,
) -> Told {
    environment
        .wechat
        .answer(&Asked { method, fields, signed: None, media, people: &environment.identity }, Ok(()))
}

/// Whether the calling function's `config.json` names the method. Programs outside of functions may call all.
async fn may_call(environment: &Environment, call: &Call<'_>, method: &Method) -> bool {
    let Some(function) = environment.functions.calling(call.session_token).await else { return true };
    let may = function.spec.openapi.iter().any(|name| method.is_called(name));
    if !may {
        let (function, method) = (&function.spec.name, &method.name);
        let sentence = text! {
            en: "function `{function}` may not call `{method}`: name it under `permissions.openapi` of its config.json, or `openapi` in cloudkit.toml",
            zh: "云函数 `{function}` 无权调用 `{method}`：请在其 config.json 的 `permissions.openapi` 或 cloudkit.toml 的 `openapi` 中声明"
        };
        event::tell(&environment.events, Event::Warning(sentence));
    }
    may
}

/// What a function passes: values as JSON text, and media as it is.
#[derive(Default)]
struct Arguments<'a> {
    fields: Map<String, Value>,
    media: Option<(&'a str, &'a [u8])>,
}

impl<'a> Arguments<'a> {
    /// Reads an `OpenApiData`.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut arguments = Arguments::default();
        for pair in protobuf::all(&protobuf::read(bytes)?, 1) {
            let pair = protobuf::read(pair)?;
            let (name, value) = (protobuf::text(&pair, 1)?, protobuf::bytes(&pair, 2).unwrap_or_default());
            // The SDK means to send a content type too, and misspells it.
            match protobuf::text(&pair, 4).filter(|file| !file.is_empty()) {
                Some(file) => arguments.media = Some((file, value)),
                None => {
                    let value = serde_json::from_slice(value)
                        .unwrap_or_else(|_| String::from_utf8_lossy(value).into_owned().into());
                    arguments.fields.insert(name.to_owned(), value);
                }
            }
        }
        Some(arguments)
    }
}

/// Answers what WeChat's own servers ask each other.
fn server_kit(environment: &Environment, name: &str, request: &[(u64, protobuf::Value<'_>)]) -> Vec<u8> {
    let mut inner = Vec::new();
    match name {
        "ApiGetOpenDataByCloudId" => {
            for id in protobuf::all(request, 2) {
                let id = String::from_utf8_lossy(id);
                let mut item = Vec::new();
                protobuf::write_bytes(&mut item, 1, id.as_bytes());
                protobuf::write_bytes(&mut item, 2, environment.wechat.opened(&id).to_string().as_bytes());
                protobuf::write_bytes(&mut inner, 1, &item);
            }
        }
        "ApiVoipSign" | "ApiGetCloudCallSign" | "GetCloudCallSign" => {
            protobuf::write_bytes(&mut inner, 1, environment.config.ids.request().as_bytes());
        }
        _ => return refusal(API_NOT_FOUND),
    }
    response(&inner, "")
}

/// Returns a `CommOpenApiResp` that holds an answer.
fn response(data: &[u8], content_type: &str) -> Vec<u8> {
    let mut message = Vec::with_capacity(data.len() + 64);
    protobuf::write_bytes(&mut message, 1, data);
    protobuf::write_bytes(&mut message, 2, content_type.as_bytes());
    protobuf::write_number(&mut message, 4, 200);
    message
}

/// Returns a `CommOpenApiResp` that holds an error code only.
fn refusal(code: i32) -> Vec<u8> {
    let mut message = Vec::new();
    protobuf::write_number(&mut message, 3, code);
    message
}

/// Answers `callOpenAPI`, which speaks JSON.
async fn plain_api(environment: &Environment, call: &Call<'_>) -> Result<Answer> {
    let ApiCall { api_name, request_data } = call.read()?;
    let name = api_name.strip_prefix("openapi.").unwrap_or(&api_name);
    let method = match name.starts_with('/') {
        true => Method::at(name).ok(),
        false => Method::called(name),
    };
    let method = method.ok_or_else(|| Failure::parameter(format_args!("no such api: `{api_name}`")))?;
    if !may_call(environment, call, &method).await {
        return Err(Failure::parameter(format_args!(
            "no permission to call the api `{api_name}`: {NOT_ALLOWED}"
        )));
    }
    let fields = match request_data {
        Value::String(text) => serde_json::from_str(&text).map_err(Failure::parameter)?,
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    let told = match asked(environment, &method, &fields, None) {
        Told::Fields(fields) => fields,
        Told::Picture(_) => return Err(Failure::parameter("a picture cannot be answered as JSON")),
    };
    Answer::data(&json!({ "responseData": told.to_string() }))
}

/// Accepts what `cloudPay` asks for; nothing is paid.
fn pay(environment: &Environment, call: &Call<'_>) -> Result<Answer> {
    let ApiCall { api_name, .. } = call.read()?;
    let fields: Map<String, Value> = match call.file {
        b"" => Map::new(),
        json => serde_json::from_slice(json).map_err(Failure::parameter)?,
    };
    let name = format!("cloudPay.{}", api_name.rsplit('.').next().unwrap_or_default());
    let method = Method::unknown(&name);
    let person = environment.functions.caller_of(call.session_token).and_then(|caller| caller.person());
    let openid = match person {
        Some(Person::Wechat(identity)) => Value::from(identity.openid),
        _ => Value::Null,
    };
    let wechat = &environment.wechat;
    let answer = Ok(Told::Fields(paid(environment, &name, &fields, openid)));
    let outcome = match wechat.prepared(&method) {
        Some(Prepared::Failure(refusal)) => Err(refusal),
        Some(Prepared::Answer(fields)) => over(answer, fields),
        None => answer,
    };
    match wechat.finish(&method, fields, outcome) {
        Told::Fields(fields) => Ok(Answer::Bytes(fields.to_string().into_bytes())),
        Told::Picture(_) => Err(Failure::parameter("a picture is no answer here")),
    }
}

/// Returns what WeChat Pay says of a request that is in order.
fn paid(environment: &Environment, name: &str, asked: &Map<String, Value>, openid: Value) -> Value {
    let ids = &environment.config.ids;
    let nonce = ids.request().replace('-', "");
    let seconds = environment.storage.seconds().to_string();
    let package = format!("prepay_id=wx{}", ids.request().replace('-', ""));
    let mut answer = json!({
        "return_code": "SUCCESS", "return_msg": "OK", "result_code": "SUCCESS",
        "appid": environment.config.app_id, "nonce_str": nonce,
    });
    let more = match name {
        "cloudPay.unifiedOrder" => json!({
            "trade_type": "JSAPI",
            "prepay_id": package.trim_start_matches("prepay_id="),
            "openid": openid,
            "payment": {
                "appId": environment.config.app_id, "timeStamp": seconds, "nonceStr": nonce,
                "package": package, "signType": "MD5", "paySign": ids.request().replace('-', "").to_uppercase(),
            },
        }),
        _ => json!({ "out_trade_no": asked.get("out_trade_no") }),
    };
    if let (Some(answer), Value::Object(more)) = (answer.as_object_mut(), more) {
        answer.extend(more);
    }
    answer
}
