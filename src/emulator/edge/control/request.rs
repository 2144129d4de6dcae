//! A request in its several forms: signed by header or by parameters, in JSON, in a form or in the query.

use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::Result;
use super::failure::Failure;
use crate::api::Service;
use crate::api::error::codes;
use crate::api::sign::{Authorization, Received, flat, tc3};
use crate::emulator::config::Config;
use crate::emulator::edge::target;
use crate::model::clock::{Millis, machine_time};

/// What a request asks for.
pub(super) struct Asked {
    /// As far as the request says it.
    pub service: Option<Service>,
    pub action: String,
    pub parameters: Value,
}

/// A request as it arrived.
pub(super) enum Form<'a> {
    /// TC3: the action in a header.
    Header { parts: &'a Parts, headers: Vec<(String, String)>, body: &'a [u8] },
    /// Signature v1: everything among the parameters.
    Flat { method: &'a str, host: String, parameters: Vec<(String, String)> },
}

/// Parameters of signature v1 that are not the action's.
const COMMON: [&str; 11] = [
    "Action",
    "Version",
    "Region",
    "Timestamp",
    "Nonce",
    "SecretId",
    "Signature",
    "SignatureMethod",
    "Token",
    "Language",
    "RequestClient",
];

impl<'a> Form<'a> {
    /// Tells the forms apart.
    pub fn read(parts: &'a Parts, content_type: &str, body: &'a [u8]) -> Result<Self> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let header = |name: &str| parts.headers.get(name).map(|value| text(value.as_bytes()));
        if parts.headers.contains_key("x-tc-action") {
            let mut headers = target::header_values(&parts.headers);
            if header("host").is_none() {
                headers.extend(parts.uri.authority().map(|host| ("host".to_owned(), host.to_string())));
            }
            return Ok(Form::Header { parts, headers, body });
        }
        let query = parts.uri.query().unwrap_or_default();
        let parameters =
            match content_type.starts_with("application/x-www-form-urlencoded") && !body.is_empty() {
                true => pairs(&text(body)),
                false => pairs(query),
            };
        let host = header("host").or_else(|| parts.uri.authority().map(ToString::to_string));
        Ok(Form::Flat { method: parts.method.as_str(), host: host.unwrap_or_default(), parameters })
    }

    /// Returns the time the client signs by: its machine's, wherever the emulator's clock was moved, or what a function
    /// was told.
    fn nearest(&self, ours: Millis, machine: Millis) -> Millis {
        let of = |pairs: &[(String, String)], name: &str| {
            let (_, value) = pairs.iter().find(|(known, _)| known == name)?;
            value.trim().parse::<Millis>().ok()?.checked_mul(1000)
        };
        let signed = match self {
            Form::Header { headers, .. } => of(headers, "x-tc-timestamp"),
            Form::Flat { parameters, .. } => of(parameters, "Timestamp"),
        };
        let far = |time: Millis| signed.map(|signed| time.abs_diff(signed));
        if far(machine) < far(ours) { machine } else { ours }
    }

    /// Checks the signature against the emulator's own key.
    pub fn verify(&self, config: &Config) -> Result<()> {
        let now = self.nearest(config.clock.now(), machine_time()).div_euclid(1000);
        let key_of = |id: &str| (id == config.secret_id).then(|| config.secret_key.clone());
        match self {
            Form::Header { parts, headers, body } => {
                let query = parts.uri.query().unwrap_or_default();
                let request = Received { method: parts.method.as_str(), query, headers, body };
                Ok(tc3::verify(&request, now, key_of)?)
            }
            Form::Flat { method, host, parameters } => {
                Ok(flat::verify(method, host, parameters, now, key_of)?)
            }
        }
    }

    /// Returns what is asked for; `host` is the one the client meant, without a port.
    pub fn asked(self, host: &str) -> Result<Asked> {
        match self {
            Form::Header { parts, headers, body } => {
                let header = |name: &str| {
                    headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
                };
                let parameters = match parts.method.as_str() {
                    "GET" => nested(pairs(parts.uri.query().unwrap_or_default())),
                    _ => json(body)?,
                };
                let scope = Authorization::parse(header("authorization")).map_or("", |it| it.service());
                let service = service(host, scope, header("x-tc-version"));
                Ok(Asked { service, action: header("x-tc-action").to_owned(), parameters })
            }
            Form::Flat { parameters, .. } => {
                let common = |wanted: &str| {
                    parameters.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value.as_str())
                };
                let service = service(host, "", common("Version"));
                let action = common("Action").to_owned();
                let own = parameters.into_iter().filter(|(name, _)| !COMMON.contains(&name.as_str()));
                Ok(Asked { service, action, parameters: nested(own.collect()) })
            }
        }
    }
}

/// Reads a JSON body; an empty one asks with no parameters.
fn json(body: &[u8]) -> Result<Value> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Failure::new(codes::INVALID_REQUEST, "The body is not a JSON object.".into())),
        Err(error) => Err(Failure::new(codes::INVALID_REQUEST, format!("The body is not JSON: {error}."))),
    }
}

/// Finds the service: by host, then by the credential scope, then by version (`docs/wire.md#cloud-api-services`).
fn service(host: &str, scope: &str, version: &str) -> Option<Service> {
    let by_name = |name: &str| match name {
        "tcb" | "flexdb" => Some(Service::Tcb),
        "scf" => Some(Service::Scf),
        "cloudkit" => Some(Service::Cloudkit),
        _ => None,
    };
    let by_version = [Service::Tcb, Service::Scf, Service::Cloudkit];
    host.strip_suffix(".tencentcloudapi.com")
        .and_then(|name| by_name(name.split('.').next().unwrap_or_default()))
        .or_else(|| by_name(scope))
        .or_else(|| by_version.into_iter().find(|service| service.version() == version))
}

/// Takes a query or a form apart.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    text.split('&').filter(|it| !it.is_empty()).map(pair).collect()
}

/// Undoes the encoding of forms; what is not encoded stays.
fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    target::decode(&text).unwrap_or(text)
}

/// Folds flat names back into a tree: `Filters.0.Name=x` is `{"Filters":[{"Name":"x"}]}` (`docs/wire.md#tc3-signatures`).
fn nested(pairs: Vec<(String, String)>) -> Value {
    let mut root = Value::Object(Map::new());
    for (name, text) in pairs {
        let mut place = &mut root;
        // A hostile name cannot make the tree deep.
        for segment in name.splitn(16, '.') {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            let Value::Object(members) = place else { break };
            place = members.entry(segment).or_insert(Value::Null);
        }
        *place = Value::String(text);
    }
    arrays(root)
}

/// Turns objects whose keys are all numbers into arrays, in the order of the numbers.
fn arrays(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let numbers: Option<Vec<usize>> = members.keys().map(|key| key.parse().ok()).collect();
    let members = members.into_iter().map(|(key, value)| (key, arrays(value)));
    match numbers {
        Some(numbers) if !numbers.is_empty() => {
            let mut items: Vec<_> = numbers.into_iter().zip(members.map(|(_, value)| value)).collect();
            items.sort_by_key(|(number, _)| *number);
            Value::Array(items.into_iter().map(|(_, value)| value).collect())
        }
        _ => Value::Object(members.collect()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_becomes_a_tree() {
        let query =
            "Filters.0.Name=zone&Filters.0.Values.1=b&Filters.0.Values.0=a%20%E4%BA%91&Limit=10&Odd=%zz%2";
        assert_eq!(
            nested(pairs(query)),
            json!({"Filters": [{"Name": "zone", "Values": ["a 云", "b"]}], "Limit": "10", "Odd": "%zz%2"})
        );
        assert_eq!(nested(pairs("")), json!({}));
        assert_eq!(nested(pairs("A=1&A.B=2&.=x")), json!({"A": {"B": "2"}, "": {"": "x"}}));
    }

    #[test]
    fn the_host_decides_then_the_scope_then_the_version() {
        for (host, scope, version, found) in [
            ("scf.tencentcloudapi.com", "tcb", "2018-06-08", Some(Service::Scf)),
            ("scf.ap-shanghai.tencentcloudapi.com", "", "", Some(Service::Scf)),
            ("127.0.0.1", "tcb", "2018-04-16", Some(Service::Tcb)),
            ("127.0.0.1", "127", "2018-04-16", Some(Service::Scf)),
            ("localhost", "localhost:9000", "2018-06-08", Some(Service::Tcb)),
            ("flexdb.tencentcloudapi.com", "flexdb", "2018-11-27", Some(Service::Tcb)),
            ("127.0.0.1", "cloudkit", "2026-11-01", Some(Service::Cloudkit)),
            ("127.0.0.1", "127", "", None),
        ] {
            assert_eq!(service(host, scope, version), found, "{host} {scope} {version}");
        }
    }

    #[test]
    fn a_body_is_an_object_or_nothing() {
        assert_eq!(json(b" \n"), Ok(json!({})));
        for bad in [&b"[]"[..], b"{", b"\xff", b"1"] {
            assert_eq!(json(bad).map_err(|it| it.code), Err(codes::INVALID_REQUEST));
        }
    }
}
