//! JSON as people leave it in configuration files: comments and trailing commas are let through.

use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Excerpt, Kind, Result};
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
                span: at..at,
                label: Text::same(said),
            })
    })
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
