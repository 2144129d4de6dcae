//! JSON as people leave it in configuration files: comments and trailing commas are let through.

use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Excerpt, Kind, Result};
use crate::model::foreign;
use crate::model::text::Text;
use crate::text;

/// Reads a file; `None` when there is none.
///
/// # Errors
/// A file that cannot be read, or broken JSON with its line and a caret.
pub(super) fn read(path: &Path) -> Result<Option<Value>> {
    super::read_text(path)?.map(|text| parse(path, &text)).transpose()
}

/// Reads a text; `path` is for messages.
pub(super) fn parse(path: &Path, text: &str) -> Result<Value> {
    serde_json::from_str(&plain(text)).map_err(|error| {
        let shown = path.display();
        let at = if error.is_eof() { text.len() } else { offset(text, error.line(), error.column()) };
        // The position is in the excerpt already.
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or(&said);
        Error::new(Kind::Usage, text! { en: "`{shown}` is not valid JSON", zh: "`{shown}` 不是合法的 JSON" })
            .excerpt(Excerpt {
                path: path.into(),
                source: text.into(),
                first_line: 1,
                span: at..at,
                label: foreign::said(said),
            })
    })
}

/// The type a key should have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    Text,
    Whole,
    Flag,
    List,
    Table,
    /// `{NAME: value}` or a list of pairs.
    Pairs,
}

impl Type {
    fn holds(self, value: &Value) -> bool {
        match self {
            Type::Text => value.is_string(),
            Type::Whole => value.is_u64(),
            Type::Flag => value.is_boolean() || value.is_string(),
            Type::List => value.is_array(),
            Type::Table => value.is_object(),
            Type::Pairs => value.is_object() || value.is_array(),
        }
    }

    fn name(self) -> Text {
        match self {
            Type::Text => text! { en: "a text", zh: "文本" },
            Type::Whole => text! { en: "a whole number", zh: "非负整数" },
            Type::Flag => text! { en: "true or false", zh: "true 或 false" },
            Type::List => text! { en: "a list", zh: "列表" },
            Type::Table | Type::Pairs => text! { en: "an object", zh: "对象" },
        }
    }
}

/// Names the keys whose values have another type than they should, and are therefore passed over. A key is a path such as
/// `environment.variables`, whose letter case is free; the empty path is the file as a whole.
pub(super) fn mistyped(path: &Path, value: &Value, place: &str, expected: &[(&str, Type)]) -> Vec<Error> {
    let wrong = expected.iter().filter_map(|(key, wanted)| {
        let found = key.split('.').filter(|part| !part.is_empty()).try_fold(value, field)?;
        if found.is_null() || wanted.holds(found) {
            return None;
        }
        let (wanted, shown, found) = (wanted.name(), path.display(), brief(found));
        let (en, zh) = (wanted.en, wanted.zh);
        let place = format!("{place}{key}");
        let place = place.trim_end_matches('.');
        let error = match place.is_empty() {
            true => Error::new(
                Kind::Usage,
                text! { en: "`{shown}` is passed over: it must hold {en}", zh: "已略过 `{shown}`：内容必须是{zh}" },
            ),
            false => Error::new(
                Kind::Usage,
                text! { en: "`{place}` of `{shown}` is passed over: it must be {en}", zh: "已略过 `{shown}` 的 `{place}`：它必须是{zh}" },
            ),
        };
        Some(error.cause(text! { en: "found: {found}", zh: "这里是：{found}" }))
    });
    wrong.collect()
}

/// Returns the value of a key, whose letter case is free.
pub(super) fn field<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Replaces comments and trailing commas by blanks, so that every other byte keeps its place.
fn plain(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    // The last comma after which only blanks and comments have come.
    let mut comma = None;
    while let Some(&byte) = bytes.get(at) {
        let end = match (byte, bytes.get(at + 1)) {
            (b'"', _) => {
                comma = None;
                at = string_end(&bytes, at);
                continue;
            }
            (b'/', Some(b'/')) => find(&bytes, at, b"\n"),
            (b'/', Some(b'*')) => find(&bytes, at + 2, b"*/") + 2,
            (b',', _) => {
                comma = Some(at);
                at += 1;
                continue;
            }
            (b'}' | b']', _) => {
                if let Some(byte) = comma.take().and_then(|comma: usize| bytes.get_mut(comma)) {
                    *byte = b' ';
                }
                at += 1;
                continue;
            }
            _ => {
                if !byte.is_ascii_whitespace() {
                    comma = None;
                }
                at += 1;
                continue;
            }
        };
        let end = end.min(bytes.len());
        for byte in bytes.iter_mut().take(end).skip(at).filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
        at = end;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Returns where `needle` begins, or the end.
fn find(bytes: &[u8], from: usize, needle: &[u8]) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.windows(needle.len()).position(|window| window == needle).map_or(bytes.len(), |at| from + at)
}

/// Returns the byte at a line and column, both counted from one; columns count bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_let_through() {
        for (text, expected) in [
            ("{\"a\": 1, // one\n}", r#"{"a":1}"#),
            ("/* head */ [1, 2, /* three? */ ]", "[1,2]"),
            (r#"{"a": "// not, }a comment", "b": "\"/*"}"#, r#"{"a":"// not, }a comment","b":"\"/*"}"#),
            ("{\"云\": [\n1,\n],\n}", r#"{"云":[1]}"#),
        ] {
            let value = parse(Path::new("a.json"), text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(value.to_string(), expected);
        }
    }

    #[test]
    fn broken_json_is_shown_at_its_place() {
        for (text, rest) in [
            ("{\"a\": 1\n  \"b\": 2}", "\"b\": 2}"),
            ("{\"a\": tru}", "}"),
            ("[1,,2]", ",2]"),
            ("/* 云 */ {\"a\" 1}", "1}"),
            ("{\"a\": 1", ""),
        ] {
            let error = parse(Path::new("config.json"), text).expect_err(text);
            let excerpt = error.shown_excerpt().expect("a place");
            assert_eq!(error.message().en, "`config.json` is not valid JSON");
            assert_eq!(text.get(excerpt.span.start..), Some(rest), "{text}: {}", excerpt.label.en);
        }
    }
}
