//! Writing answers of real hosts as fixture files, without the secrets in them.

use std::path::Path;
use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fancy_regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

use crate::error::{Error, Kind, Result};
use crate::project::state;
use crate::text;

/// Names of what must not be written: parameters, fields, headers.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let names =
        "(?i)token|secret|passw|api_?key|access_?key|signature|^sign?$|^sig$|credential|session_?key|^auth";
    Regex::new(names).expect("a good pattern")
});

/// Headers of an answer that mean something to whoever reads it, and hold no secret.
const KEPT: [&str; 8] = [
    "content-type",
    "content-language",
    "content-disposition",
    "location",
    "link",
    "etag",
    "last-modified",
    "retry-after",
];

/// What stands for a secret.
const REDACTED: &str = "redacted";

/// A request and the real answer, as `outside.cjs` tells them.
#[derive(Debug, Deserialize)]
pub struct Exchange {
    method: String,
    url: String,
    /// The body that was sent.
    sent: String,
    status: u16,
    headers: Map<String, Value>,
    /// As base64.
    body: String,
    /// Values that must not be written wherever they appear.
    secrets: Vec<String>,
}

/// Adds an exchange to the file of its host. Returns whether it was news: what is there already stays.
///
/// # Errors
/// The exchange is not one, the file is not TOML, or it cannot be written.
pub(super) fn write(folder: &Path, exchange: &Exchange) -> Result<bool> {
    let Some((to, host)) = exchange.to() else {
        let url = &exchange.url;
        return Err(Error::new(Kind::Usage, text! { en: "`{url}` is no URL", zh: "`{url}` 不是 URL" }));
    };
    let path = folder.join(format!("{}.toml", host.replace([':', '/', '\\'], "_")));
    let shown = path.display();
    let failed = |error: &(dyn std::error::Error + 'static)| {
        Error::new(Kind::Failed, text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" })
            .source(error)
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(&error)),
    };
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| failed(&error))?;
    let entry = exchange.entry(&to);
    let same =
        |table: &Table| ["to", "with"].iter().all(|key| plain(table.get(key)) == plain(entry.get(key)));
    let list = document.entry("reply").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(list) = list.as_array_of_tables_mut() else {
        return Err(Error::new(
            Kind::Usage,
            text! {
                en: "`{shown}` has its replies in another form than `[[reply]]`: nothing is recorded there",
                zh: "`{shown}` 中的应答不是 `[[reply]]` 形式，无法录制"
            },
        ));
    };
    if list.iter().any(same) {
        return Ok(false);
    }
    list.push(entry);
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    state::replace(&path, document.to_string().as_bytes()).map_err(|error| failed(&error))?;
    Ok(true)
}

fn plain(item: Option<&Item>) -> String {
    item.map(|item| item.to_string().trim().to_owned()).unwrap_or_default()
}

impl Exchange {
    /// Returns method and URL as a fixture has them, and the host.
    fn to(&self) -> Option<(String, &str)> {
        let url = self.url.split('#').next()?;
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (scheme, rest) = address.split_once("://")?;
        let host = rest.split('/').next().filter(|host| !host.is_empty())?;
        let host = host.rsplit('@').next().unwrap_or(host);
        let path = rest.split_once('/').map_or("", |(_, path)| path);
        // A value that says more than a word, or a secret, is any value.
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs = pairs.filter(|(name, _)| !is_secret(name)).map(|(name, value)| {
            let simple = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~:,".contains(&byte));
            format!("{name}={}", if simple { value } else { "*" })
        });
        let pairs: Vec<String> = pairs.collect();
        let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        let to =
            self.clean(&format!("{} {scheme}://{host}/{path}{query}", self.method)).replace(REDACTED, "*");
        Some((to, host))
    }

    fn entry(&self, to: &str) -> Table {
        let mut entry = Table::new();
        entry.insert("to", value(to));
        if let Ok(Value::Object(sent)) = serde_json::from_str(&self.sent) {
            let with = self.condition(&sent);
            if !with.is_empty() {
                entry.insert("with", value(with));
            }
        }
        entry.insert("status", value(i64::from(self.status)));
        let mut headers = InlineTable::new();
        for (name, header) in &self.headers {
            let Some(text) = header.as_str().filter(|_| KEPT.contains(&name.as_str())) else { continue };
            headers.insert(name, self.clean(text).into());
        }
        if !headers.is_empty() {
            entry.insert("headers", value(headers));
        }
        let bytes = BASE64_STANDARD.decode(&self.body).unwrap_or_default();
        match String::from_utf8(bytes) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => drop(entry.insert("text", value(self.readable(&text)))),
            Err(_) => drop(entry.insert("base64", value(&*self.body))),
        }
        entry
    }

    /// Returns the plain fields of a body that was sent, but for secrets.
    fn condition(&self, sent: &Map<String, Value>) -> InlineTable {
        let mut with = InlineTable::new();
        for (name, field) in sent.iter().filter(|(name, _)| !is_secret(name)) {
            match field {
                Value::String(text) if self.clean(text) == *text => {
                    drop(with.insert(name, text.as_str().into()))
                }
                Value::Bool(flag) => drop(with.insert(name, (*flag).into())),
                Value::Number(number) => {
                    if let Some(number) = number.as_i64() {
                        with.insert(name, number.into());
                    }
                }
                _ => {}
            }
        }
        with
    }

    /// Returns a body without secrets; JSON is laid out to be read.
    fn readable(&self, text: &str) -> String {
        let Ok(mut json) = serde_json::from_str::<Value>(text) else { return self.clean(text) };
        redact(&mut json);
        self.clean(&serde_json::to_string_pretty(&json).unwrap_or_default())
    }

    fn clean(&self, text: &str) -> String {
        let secrets = self.secrets.iter().map(String::as_str).chain(self.asked().map(|(_, secret)| secret));
        let cleaned = secrets
            .filter(|secret| secret.len() >= 8)
            .fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED));
        // A short value may be part of any word; beside its name it is the secret.
        self.asked().fold(cleaned, |text, (name, secret)| {
            text.replace(&format!("{name}={secret}"), &format!("{name}={REDACTED}"))
        })
    }

    /// Returns the parameters of the URL that hold secrets, which an answer may repeat.
    fn asked(&self) -> impl Iterator<Item = (&str, &str)> {
        let query =
            self.url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, secret)| is_secret(name) && !secret.is_empty())
    }
}

fn is_secret(name: &str) -> bool {
    SECRET.is_match(name).unwrap_or(true)
}

fn redact(json: &mut Value) {
    match json {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if is_secret(name) => REDACTED.clone_into(text),
                    field => redact(field),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(redact),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::project::fixtures;

    #[test]
    fn what_an_answer_repeats_of_the_url_holds_no_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let answer = json!({ "path": "/a?token=abc&n=1", "again": "Basic longer-secret", "abc": "abc" });
        let url = "https://api.example.com/a?token=abc&n=1&sign=longer-secret";
        assert!(write(folder.path(), &exchange("GET", url, &json!({}), &answer)).expect("written"));
        let text = std::fs::read_to_string(folder.path().join("api.example.com.toml")).expect("a file");
        assert!(!text.contains("token=abc") && !text.contains("longer-secret"), "{text}");
        assert!(text.contains("/a?token=redacted&n=1") && text.contains(r#""abc": "abc""#), "{text}");
    }

    fn exchange(method: &str, url: &str, sent: &Value, answer: &Value) -> Exchange {
        let exchange = json!({
            "method": method, "url": url, "sent": sent.to_string(), "status": 200,
            "headers": { "content-type": "application/json", "set-cookie": ["sid=1"], "date": "today" },
            "body": BASE64_STANDARD.encode(answer.to_string()), "secrets": ["sk-live-0123456789"],
        });
        serde_json::from_value(exchange).expect("an exchange")
    }

    #[test]
    fn what_is_written_can_be_read_and_holds_no_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = "https://api.example.com/v1/pay?order=42&access_token=abcdefgh&note=a%20b";
        let sent = json!({ "order": 42, "password": "hunter2222", "key": "sk-live-0123456789", "deep": {} });
        let answer = json!({ "ok": true, "refresh_token": "rrrrrrrr", "echo": "Bearer sk-live-0123456789" });
        let first = exchange("POST", url, &sent, &answer);
        assert!(write(folder.path(), &first).expect("written"));
        assert!(!write(folder.path(), &first).expect("known"));
        let second = exchange("POST", url, &json!({ "order": 43 }), &json!({ "ok": false }));
        assert!(write(folder.path(), &second).expect("written"));
        let path = folder.path().join("api.example.com.toml");
        let other = folder.path().join("other.example.com.toml");
        std::fs::write(&other, "reply = [{ to = 'http://a/' }]").expect("a file");
        let refused =
            write(folder.path(), &exchange("GET", "https://other.example.com/", &json!(1), &answer));
        assert!(refused.expect_err("another form").to_string().contains("[[reply]]"));
        assert_eq!(std::fs::read_to_string(&other).expect("a file"), "reply = [{ to = 'http://a/' }]");
        let text = std::fs::read_to_string(&path).expect("a file");
        for secret in ["abcdefgh", "hunter2222", "sk-live", "rrrrrrrr", "sid=1"] {
            assert!(!text.contains(secret), "{secret} in\n{text}");
        }
        assert!(
            text.starts_with("[[reply]]\nto = \"POST https://api.example.com/v1/pay?order=42&note=*\"\n"),
            "{text}"
        );
        let read = fixtures::read(&path).expect("good fixtures");
        assert_eq!(read.len(), 2);
        let with = read.first().and_then(|fixture| fixture.with.clone()).expect("a condition");
        assert_eq!(with, fixtures::With::Json(json!({ "order": 42 })));
    }
}
