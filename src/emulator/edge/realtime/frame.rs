//! Frames: JSON texts with a `msgType`. See `docs/wire.md#realtime`.

use bson::Document;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::data::Failure;
use crate::api::ejson;
use crate::emulator::realtime::Wanted;
use crate::model::clock::Millis;

/// What a client sends.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Frame {
    #[serde(default)]
    pub watch_id: Option<String>,
    #[serde(default)]
    pub request_id: String,
    pub msg_type: String,
    #[serde(default)]
    pub msg_data: Value,
    #[serde(default)]
    pub ex_msg_data: Value,
}

/// `msgData` of `INIT_WATCH`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Init {
    coll_name: String,
    #[serde(default)]
    query: Value,
    #[serde(default)]
    limit: Option<f64>,
    #[serde(default)]
    order_by: Option<Map<String, Value>>,
}

/// `msgData` of `CHECK_LAST` and `REBUILD_WATCH`.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    #[serde(rename = "queryID")]
    pub query: String,
    #[serde(rename = "eventID")]
    pub event: i64,
}

impl Frame {
    /// Reads the query of `INIT_WATCH`.
    pub fn wanted(&self, now: Millis) -> Result<Wanted, Failure> {
        let init = Init::deserialize(&self.msg_data).map_err(Failure::parameter)?;
        let sort = init.order_by.unwrap_or_default().iter().map(direction).collect::<Result<_, _>>()?;
        let limit = init.limit.filter(|it| *it >= 1.0).map(|it| it as u64);
        let filter = filter(&init.query, now)?;
        Ok(Wanted { collection: init.coll_name, filter, sort, limit, bound: Document::new() })
    }

    pub fn place(&self) -> Result<Place, Failure> {
        Place::deserialize(&self.msg_data).map_err(Failure::parameter)
    }
}

/// Reads a condition: Extended JSON as text, which some SDKs put in a JSON text once more.
fn filter(query: &Value, now: Millis) -> Result<Document, Failure> {
    let text = match query {
        Value::Null => return Ok(Document::new()),
        Value::String(text) => text,
        other => return filter(&Value::String(other.to_string()), now),
    };
    match serde_json::from_str(text) {
        Ok(Value::String(inner)) if !inner.is_empty() => {
            ejson::document(&inner, now).map_err(Failure::parameter)
        }
        Ok(Value::String(_) | Value::Null) => Ok(Document::new()),
        _ if text.is_empty() => Ok(Document::new()),
        _ => ejson::document(text, now).map_err(Failure::parameter),
    }
}

fn direction((path, direction): (&String, &Value)) -> Result<(String, bson::Bson), Failure> {
    match direction.as_str() {
        Some("asc") => Ok((path.clone(), 1.into())),
        Some("desc") => Ok((path.clone(), (-1).into())),
        _ => Err(Failure::parameter(format_args!("`orderBy` of `{path}` is neither asc nor desc"))),
    }
}

/// Returns a frame; `data` is JSON.
pub(super) fn frame(watch: Option<&str>, request: &str, kind: &str, data: &str) -> String {
    let watch = watch.map(|it| format!(r#""watchId":{},"#, Value::from(it))).unwrap_or_default();
    let request = Value::from(request);
    format!(r#"{{{watch}"requestId":{request},"msgType":"{kind}","msgData":{data}}}"#)
}

/// Returns a failure as `msgData`.
pub(super) fn failed(code: &str, message: &str) -> String {
    serde_json::json!({ "code": code, "message": message }).to_string()
}

#[cfg(test)]
mod tests {
    use bson::doc;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(data: Value, expected: Option<Wanted>) {
        let frame = json!({ "watchId": "w", "requestId": "r", "msgType": "INIT_WATCH", "msgData": data });
        let frame: Frame = serde_json::from_value(frame).expect("a frame");
        assert_eq!(frame.wanted(0).ok(), expected, "{data}");
    }

    fn wanted(filter: Document, sort: Document, limit: Option<u64>) -> Option<Wanted> {
        Some(Wanted { collection: "c".into(), filter, sort, limit, bound: doc! {} })
    }

    #[test]
    fn a_query_is_read_as_each_sdk_writes_it() {
        let (none, room) = (doc! {}, doc! { "room": "r" });
        check(json!({ "collName": "c" }), wanted(none.clone(), none.clone(), None));
        check(json!({ "collName": "c", "query": "{}" }), wanted(none.clone(), none.clone(), None));
        check(json!({ "collName": "c", "query": "\"\"" }), wanted(none.clone(), none.clone(), None));
        check(
            json!({ "collName": "c", "query": r#"{"room":"r"}"# }),
            wanted(room.clone(), none.clone(), None),
        );
        check(
            json!({ "collName": "c", "query": r#""{\"room\":\"r\"}""# }),
            wanted(room.clone(), none.clone(), None),
        );
        check(json!({ "collName": "c", "query": { "room": "r" } }), wanted(room, none.clone(), None));
        check(
            json!({ "collName": "c", "limit": 3, "orderBy": { "b": "desc", "a": "asc" } }),
            wanted(none.clone(), doc! { "b": -1, "a": 1 }, Some(3)),
        );
        check(json!({ "collName": "c", "limit": 0 }), wanted(none.clone(), none, None));
    }

    #[test]
    fn what_is_no_query_is_refused() {
        for data in [
            json!(null),
            json!({}),
            json!({ "collName": 1 }),
            json!({ "collName": "c", "query": "{" }),
            json!({ "collName": "c", "query": "[]" }),
            json!({ "collName": "c", "query": 1 }),
            json!({ "collName": "c", "orderBy": { "a": 1 } }),
            json!({ "collName": "c", "orderBy": "a" }),
            json!({ "collName": "c", "limit": "3" }),
        ] {
            check(data, None);
        }
    }
}
