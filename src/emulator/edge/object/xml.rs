//! The little XML that COS speaks: elements without attributes that matter.

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use crate::emulator::edge::reply;

const XML: HeaderValue = HeaderValue::from_static("application/xml");

/// Returns a document.
pub(super) fn document(status: StatusCode, body: &str) -> Response {
    reply::typed(status, XML, format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{body}"))
}

/// Returns an error about an object: node-sdk 3 reads four of the elements, and the Python SDK of object storage all five.
pub(super) fn error(status: StatusCode, code: &str, message: &str, key: &str) -> Response {
    let body = [
        element("Code", code),
        element("Message", message),
        element("Resource", &format!("/{key}")),
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

/// Returns what each element of a name holds, elements or text. One that does not end is not one.
pub(super) fn inside<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(begin.as_str()).skip(1).filter_map(|rest| Some(rest.split_once(end.as_str())?.0)).collect()
}

/// Returns the text of the first element of a name, with the blanks around it: they may belong to a file's name.
pub(super) fn text(xml: &str, name: &str) -> Option<String> {
    inside(xml, name).first().map(|text| unescape(text))
}

/// Returns the word or number that the first element of a name holds.
pub(super) fn word(xml: &str, name: &str) -> Option<String> {
    text(xml, name).map(|text| text.trim().to_owned())
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain += before;
        let character = after.split_once(';').and_then(|(name, after)| Some((character(name)?, after)));
        match character {
            Some((character, after)) => {
                plain.push(character);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain + rest
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were_written() {
        for name in ["a", " a ", "a&b<c>\"d'", "云/😀", "&amp;", "&#38;", "&nothing; & more"] {
            assert_eq!(text(&element("Key", name), "Key").as_deref(), Some(name));
        }
        assert_eq!(text("<ETag>&quot;a&#x22;&#34;</ETag>", "ETag").as_deref(), Some("\"a\"\""));
        assert_eq!(text("<Key>cut", "Key"), None);
        assert_eq!(inside("<a><b>1</b></a><a><b>2</b>", "b"), ["1", "2"]);
    }
}
