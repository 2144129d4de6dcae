//! Fixture files, `fixtures/http/*.toml`: answers that stand in for hosts outside.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::manifest::reader::{Section, Source, Span};
use super::manifest::to_json;
use crate::error::{Error, Kind, Result};
use crate::model::percent;
use crate::text;

/// The folder of the files, below the project's root.
pub const FOLDER: &str = "fixtures/http";

/// A request and the answer it gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixture {
    /// In capitals; `None` is any.
    pub method: Option<String>,
    /// A regular expression of scheme, host and path, which Rust and JavaScript read alike.
    pub url: String,
    /// Names, and regular expressions of their values. Others do not count.
    pub query: Vec<(String, String)>,
    /// What the body must hold.
    pub with: Option<With>,
    /// How often it answers.
    pub times: Option<u32>,
    pub delay: Duration,
    pub reply: Reply,
}

/// What the body of a request must hold.
#[derive(Debug, Clone, PartialEq)]
pub enum With {
    Text(String),
    /// JSON with these fields; others do not count.
    Json(Value),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

/// Where the body of an answer comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl With {
    /// Tells whether a body holds it.
    pub fn is_in(&self, body: &[u8]) -> bool {
        match self {
            With::Text(text) => String::from_utf8_lossy(body).contains(text),
            With::Json(wanted) => serde_json::from_slice(body).is_ok_and(|body| holds(&body, wanted)),
        }
    }
}

fn holds(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(value), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| value.get(key).is_some_and(|value| holds(value, wanted)))
        }
        (Value::Array(values), Value::Array(wanted)) => {
            values.len() == wanted.len() && values.iter().zip(wanted).all(|(it, wanted)| holds(it, wanted))
        }
        (Value::Number(value), Value::Number(wanted)) => value.as_f64() == wanted.as_f64(),
        _ => value == wanted,
    }
}

/// Returns the fixture files of a project's folder of fixtures, by name; none when there is no such folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|it| it == "toml"));
    files.sort();
    files
}

/// Reads one file.
///
/// # Errors
/// It cannot be read, or something in it is wrong; then the error shows the place.
pub fn read(path: &Path) -> Result<Vec<Fixture>> {
    match super::read_text(path)? {
        Some(text) => parse(path.to_owned(), text),
        // It was removed a moment ago.
        None => Ok(Vec::new()),
    }
}

fn parse(path: PathBuf, text: String) -> Result<Vec<Fixture>> {
    let source = Source { path, text };
    let document = source.parse()?;
    let mut file = Section::new(&source, "", document.as_table());
    let replies = file.sections("reply")?.unwrap_or_default();
    let fixtures = replies
        .into_iter()
        .map(|(section, span)| read_fixture(&source, section, span))
        .collect::<Result<_>>()?;
    file.finish()?;
    Ok(fixtures)
}

fn read_fixture(source: &Source, mut section: Section, span: Span) -> Result<Fixture> {
    let Some((to, to_span)) = section.text("to")? else {
        return Err(source.wrong(
            span,
            text! { en: "a reply needs `to`", zh: "应答缺少 `to`" },
            text! { en: "which request?", zh: "应答哪个请求？" },
        ));
    };
    let (method, url, query) = source.at(to_span, pattern(to))?;
    let with = section.item("with").map(|(item, _)| match item.as_str() {
        Some(text) => With::Text(text.to_owned()),
        None => With::Json(to_json(item)),
    });
    let times = section.integer("times", |times| number(times, 1, u32::MAX))?;
    let delay = section.checked("delay", length)?.unwrap_or_default();
    let status = section.integer("status", |status| number(status, 200, 599u16))?.unwrap_or(200);
    let given =
        section.section("headers")?.map(|mut headers| headers.strings()).transpose()?.unwrap_or_default();
    let mut headers: Vec<(String, String)> =
        given.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
    let (kind, body) = read_body(source, &mut section)?;
    if let Some(kind) = kind.filter(|_| headers.iter().all(|(name, _)| name != "content-type")) {
        headers.push(("content-type".into(), kind.into()));
    }
    section.finish()?;
    Ok(Fixture { method, url, query, with, times, delay, reply: Reply { status, headers, body } })
}

/// Reads the one of `json`, `text`, `base64` and `file` that is there, and its usual type.
fn read_body(source: &Source, section: &mut Section) -> Result<(Option<&'static str>, Body)> {
    let json = section.item("json").map(|(item, span)| (to_json(item).to_string().into_bytes(), span));
    let text = section.text("text")?.map(|(text, span)| (text.as_bytes().to_vec(), span));
    let base64 = match section.text("base64")? {
        Some((text, span)) => Some((source.at(span.clone(), decode(text))?, span)),
        None => None,
    };
    let file = match section.text("file")? {
        Some((name, span)) => Some((source.at(span.clone(), existing(source, name))?, span)),
        None => None,
    };
    let bytes = |kind, (bytes, span): (Vec<u8>, Span)| (Some(kind), Body::Bytes(bytes), span);
    let mut given = [
        json.map(|it| bytes("application/json; charset=utf-8", it)),
        text.map(|it| bytes("text/plain; charset=utf-8", it)),
        base64.map(|it| bytes("application/octet-stream", it)),
        file.map(|(path, span)| (Some("application/octet-stream"), Body::File(path), span)),
    ]
    .into_iter()
    .flatten();
    match (given.next(), given.next()) {
        (None, _) => Ok((None, Body::Bytes(Vec::new()))),
        (Some((kind, body, _)), None) => Ok((kind, body)),
        (Some(_), Some((.., span))) => Err(source.wrong(
            span,
            text! { en: "a reply has one body", zh: "一个应答只能有一个正文" },
            text! { en: "this is the second", zh: "这是第二个" },
        )),
    }
}

fn existing(source: &Source, name: &str) -> Result<PathBuf> {
    let path = source.path.parent().unwrap_or(Path::new("")).join(name);
    match path.is_file() {
        true => Ok(path),
        false => Err(wrong(
            text! { en: "there is no file `{name}` beside this one", zh: "同目录下没有文件 `{name}`" },
        )),
    }
}

fn decode(text: &str) -> Result<Vec<u8>> {
    let dense: String = text.split_whitespace().collect();
    BASE64_STANDARD
        .decode(dense)
        .map_err(|error| wrong(text! { en: "this is not base64", zh: "这不是合法的 base64" }).source(&error))
}

/// What a request is recognised by: method, URL, query.
type Pattern = (Option<String>, String, Vec<(String, String)>);

/// Reads `[METHOD ]URL[?QUERY]`.
fn pattern(to: &str) -> Result<Pattern> {
    let (method, url) = match to.trim().split_once(' ') {
        Some((method, url)) => (Some(method.to_owned()), url.trim()),
        None => (None, to.trim()),
    };
    let method_is_good = method.as_ref().is_none_or(|it| it.bytes().all(|byte| byte.is_ascii_uppercase()));
    let Some((scheme, rest)) = url.split_once("://").filter(|_| method_is_good && !url.contains(' ')) else {
        return Err(wrong(text! { en: "`{to}` is not a method and a URL", zh: "`{to}` 不是方法加 URL" })
            .hint(text! {
                en: "write `GET https://api.example.com/users/*`; without a method it is any",
                zh: "请写成 `GET https://api.example.com/users/*`；不写方法表示任意方法"
            }));
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    // As a request line has it.
    let path = percent::encode(path, |byte| byte.is_ascii());
    let url = format!("{}://{}/{path}", scheme.to_lowercase(), host.to_lowercase());
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let query = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, "*"));
        (name.to_owned(), expression(value, ".*"))
    });
    Ok((method, expression(&url, "[^/]*"), query.collect()))
}

/// Makes a regular expression of a pattern in which `**` is anything and `*` is `star`.
fn expression(pattern: &str, star: &str) -> String {
    let mut expression = String::from("^");
    let mut rest = pattern.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '*' if rest.next_if_eq(&'*').is_some() => expression += ".*",
            '*' => expression += star,
            '\\' | '.' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => {
                expression.extend(['\\', character]);
            }
            _ => expression.push(character),
        }
    }
    expression + "$"
}

/// Reads `200ms` or `2s`.
fn length(text: &str) -> Result<Duration> {
    let millis = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => number.parse().ok(),
        (None, Some(number)) => number.parse().ok().and_then(|seconds: u64| seconds.checked_mul(1000)),
        _ => None,
    };
    millis.map(Duration::from_millis).ok_or_else(|| {
        wrong(text! { en: "`{text}` is not a delay", zh: "`{text}` 不是时长" })
            .hint(text! { en: "write `200ms` or `2s`", zh: "请写 `200ms` 或 `2s`" })
    })
}

fn number<T: TryFrom<i64> + PartialOrd + Copy + Into<i64>>(number: i64, least: T, most: T) -> Result<T> {
    T::try_from(number).ok().filter(|it| (least..=most).contains(it)).ok_or_else(|| {
        let (least, most): (i64, i64) = (least.into(), most.into());
        wrong(text! { en: "{number} is not between {least} and {most}", zh: "{number} 不在 {least} 到 {most} 之间" })
    })
}

fn wrong(message: crate::model::text::Text) -> Error {
    Error::new(Kind::Usage, message)
}

/// Returns a value of TOML as JSON; a date is a text.
#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str) -> std::result::Result<Fixture, (String, String)> {
        match parse("a.toml".into(), format!("[[reply]]\n{text}\n")) {
            Ok(fixtures) => Ok(fixtures.into_iter().next().expect("one reply")),
            Err(error) => {
                let excerpt = error.shown_excerpt().expect("a place");
                Err((
                    error.message().en.clone(),
                    excerpt.source.get(excerpt.span.clone()).unwrap_or("").to_owned(),
                ))
            }
        }
    }

    #[test]
    fn a_reply_says_which_request_it_is_for() {
        let fixture = check("to = \"GET https://API.example.com/users/*/a.b?page=1&q\"").expect("a fixture");
        assert_eq!(fixture.method.as_deref(), Some("GET"));
        assert_eq!(fixture.url, r"^https://api\.example\.com/users/[^/]*/a\.b$");
        assert_eq!(fixture.query, [("page".into(), "^1$".into()), ("q".into(), "^.*$".into())]);
        let fixture = check("to = \"https://**.example.com\"").expect("a fixture");
        assert_eq!((fixture.method, fixture.url.as_str()), (None, r"^https://.*\.example\.com/$"));
    }

    #[test]
    fn a_body_is_json_text_or_bytes_with_its_usual_type() {
        let of = |text: &str| {
            let reply = check(&format!("to = \"http://a/\"\n{text}")).expect("a fixture").reply;
            let kind = reply.headers.first().map(|(_, value)| value.clone()).unwrap_or_default();
            let Body::Bytes(bytes) = reply.body else { panic!("no bytes") };
            (kind, String::from_utf8(bytes).expect("text"))
        };
        assert_eq!(
            of("json = { a = [1, 2.5, true], at = 2026-01-02 }"),
            ("application/json; charset=utf-8".into(), r#"{"a":[1,2.5,true],"at":"2026-01-02"}"#.into())
        );
        assert_eq!(of("text = \"hi\""), ("text/plain; charset=utf-8".into(), "hi".into()));
        assert_eq!(of("base64 = \"aGk=\"").1, "hi");
        assert_eq!(of("headers = { Content-Type = \"text/html\" }\ntext = \"\"").0, "text/html");
        assert_eq!(of("status = 204"), (String::new(), String::new()));
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        for (text, message, place) in [
            ("status = 200", "a reply needs `to`", "[[reply]]"),
            (
                "to = \"api.example.com\"",
                "`api.example.com` is not a method and a URL",
                "\"api.example.com\"",
            ),
            ("to = \"get http://a\"", "`get http://a` is not a method and a URL", "\"get http://a\""),
            ("to = \"http://a\"\nstatus = 99", "99 is not between 200 and 599", "99"),
            ("to = \"http://a\"\ndelay = \"soon\"", "`soon` is not a delay", "\"soon\""),
            ("to = \"http://a\"\ntext = \"\"\njson = 1", "a reply has one body", "\"\""),
            (
                "to = \"http://a\"\nfile = \"no.bin\"",
                "there is no file `no.bin` beside this one",
                "\"no.bin\"",
            ),
            ("to = \"http://a\"\nstaus = 200", "unknown key `staus` in `[reply]`", "staus"),
        ] {
            assert_eq!(check(text), Err((message.into(), place.into())), "{text}");
        }
    }

    #[test]
    fn a_body_holds_what_is_asked_for() {
        let body = br#"{"name":"Ann","tags":[{"id":1.0,"x":2}],"more":null}"#;
        for (wanted, holds) in [
            (With::Text("Ann".into()), true),
            (With::Text("Bob".into()), false),
            (With::Json(json!({ "name": "Ann", "tags": [{ "id": 1 }] })), true),
            (With::Json(json!({ "tags": [] })), false),
            (With::Json(json!({ "other": 1 })), false),
        ] {
            assert_eq!(wanted.is_in(body), holds, "{wanted:?}");
        }
    }
}
