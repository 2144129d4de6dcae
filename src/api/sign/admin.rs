//! The TC3 variant of `POST /admin`: chosen parameters are hashed instead of the body. See
//! `docs/wire.md#admin-signatures`.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::{Authorization, Received, Refusal, Sealed, date, hosts, sha256_hex};
use crate::model::percent;

/// What our client signs.
pub struct Request<'a> {
    pub host: &'a str,
    /// What follows `?`.
    pub query: &'a str,
    pub content_type: &'a str,
    /// The flat body.
    pub fields: &'a serde_json::Map<String, Value>,
    /// Unix seconds.
    pub timestamp: i64,
}

impl Request<'_> {
    /// Returns the value of the `Authorization` header.
    pub fn sign(&self, secret_id: &str, secret_key: &str) -> String {
        let mut params: Vec<(String, String)> = self
            .fields
            .iter()
            .map(|(name, value)| (percent::component(name).to_lowercase(), plain(value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        params.sort();
        let headers = format!("content-type:{}\nhost:{}\n", self.content_type, self.host.to_lowercase());
        let payload = payload(params.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let names = "content-type;host";
        let canonical = canonical("post", self.host, "/admin", self.query, &headers, names, &payload);
        let date = date(self.timestamp);
        let signature =
            Sealed::new(secret_key, &self.timestamp.to_string(), &date, "tcb", &canonical).signature();
        let listed: Vec<_> = params.iter().map(|(name, _)| name.as_str()).collect();
        format!(
            "TC3-HMAC-SHA256 Credential={secret_id}/{date}/tcb/tc3_request, SignedParams={}, \
             SignedHeaders={names}, Signature={signature}",
            listed.join(";")
        )
    }
}

/// Checks the signature of a JSON request. Its age is not looked at: the request never left this machine.
pub fn verify(request: &Received<'_>, secret_key: &str) -> Result<(), Refusal> {
    verify_at("/admin", request, secret_key)
}

/// Checks the signature of a request to another path, as [`verify`] does (`docs/wire.md#gateway`).
pub fn verify_at(path: &str, request: &Received<'_>, secret_key: &str) -> Result<(), Refusal> {
    let header = request.header("authorization").ok_or(Refusal::Unreadable("`Authorization` is missing"))?;
    let parts = Authorization::parse(header)?;
    let timestamp = request.header("x-timestamp").or(parts.timestamp);
    let timestamp = timestamp.ok_or(Refusal::Unreadable("`X-Timestamp` is missing"))?.trim();
    let payload = match request.method {
        "GET" => sha256_hex(b""),
        _ => received_payload(request.body, &parts)?,
    };
    let sent = request.header("host").unwrap_or_default();
    let names = parts.signed_headers.join(";");
    let matches = hosts(sent).iter().any(|host| {
        let headers = received_headers(request, &parts, host);
        // The method as the SDK's caller wrote it.
        [request.method, &request.method.to_lowercase()].iter().any(|method| {
            let canonical = canonical(method, host, path, request.query, &headers, &names, &payload);
            Sealed::new(secret_key, timestamp, parts.date, parts.service, &canonical).matches(parts.signature)
        })
    });
    if matches { Ok(()) } else { Err(Refusal::Mismatch) }
}

fn received_headers(request: &Received<'_>, parts: &Authorization<'_>, host: &str) -> String {
    parts.signed_headers.iter().fold(String::new(), |headers, name| {
        let value = match *name {
            "host" => host.to_lowercase(),
            "content-type" => request.header(name).unwrap_or_default().trim().to_owned(),
            _ => request.header(name).unwrap_or_default().trim().to_lowercase(),
        };
        headers + name + ":" + &value + "\n"
    })
}

/// Hashes the signed parameters of a body. A number is hashed as the client wrote it, not as we would.
fn received_payload(body: &[u8], parts: &Authorization<'_>) -> Result<String, Refusal> {
    let fields: HashMap<String, &RawValue> =
        serde_json::from_slice(body).map_err(|_| Refusal::Unreadable("the body is not a JSON object"))?;
    let fields: HashMap<String, String> = fields
        .into_iter()
        .map(|(name, raw)| {
            let text = serde_json::from_str::<String>(raw.get());
            (
                percent::component(&name).to_lowercase(),
                text.map_or_else(|_| raw.get().to_owned(), |it| it.trim().into()),
            )
        })
        .collect();
    // Where none are named, all are signed.
    let mut all: Vec<&str> = fields.keys().map(String::as_str).collect();
    all.sort_unstable();
    let signed = if parts.signed_params.is_empty() { &all } else { &parts.signed_params };
    Ok(payload(signed.iter().map(|name| (*name, fields.get(*name).map_or("", String::as_str)))))
}

fn payload<'a>(params: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let text = params
        .filter(|(_, value)| !value.is_empty())
        .fold(String::new(), |text, (name, value)| text + "&" + name + "=" + value + "\r\n");
    sha256_hex(text.as_bytes())
}

fn canonical(
    method: &str,
    host: &str,
    path: &str,
    query: &str,
    headers: &str,
    names: &str,
    payload: &str,
) -> String {
    format!("{method}\n//{host}{path}\n{query}\n{headers}\n{names}\n{payload}")
}

/// Returns a value as the signature sees it: a string as it is, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"action":"database.getDocument","envName":"local","limit":100,"query":"{\"a\":1}","empty":"","ratio":1e+21}"#;

    fn check(sent_host: &str, body: &str) -> Result<(), Refusal> {
        let fields = serde_json::from_str(BODY).expect("an object");
        let request = Request {
            host: "127.0.0.1:7400",
            query: "env=local",
            content_type: "application/json",
            fields: &fields,
            timestamp: 1_700_000_000,
        };
        let headers = [
            ("host", sent_host),
            ("content-type", "application/json"),
            ("x-timestamp", "1700000000"),
            ("authorization", &request.sign("id", "key")),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let received =
            Received { method: "POST", query: "env=local", headers: &headers, body: body.as_bytes() };
        verify(&received, "key")
    }

    #[test]
    fn what_our_client_signs_the_verifier_accepts() {
        assert_eq!(check("127.0.0.1:7400", BODY), Ok(()));
        assert_eq!(
            check("127.0.0.1:7400", &BODY.replace("\"limit\":100", "\"limit\":99")),
            Err(Refusal::Mismatch)
        );
        assert_eq!(check("elsewhere", BODY), Err(Refusal::Mismatch));
        assert!(matches!(check("127.0.0.1:7400", "[]"), Err(Refusal::Unreadable(_))));
    }
}
