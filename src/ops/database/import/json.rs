//! JSON Lines and JSON arrays are read alike: one document after another, whatever stands between them.

use std::io::BufRead;

use bson::Document;

use super::{Broken, Bytes};
use crate::error::{Error, Kind};
use crate::model::clock::Millis;
use crate::text;

/// The platform's largest document.
const LARGEST: usize = 16 * 1024 * 1024;

pub struct Documents<R> {
    bytes: Bytes<R>,
    /// Bytes read so far.
    pub position: u64,
}

impl<R: BufRead> Documents<R> {
    pub fn new(input: R) -> Self {
        Documents { bytes: Bytes::new(input), position: 0 }
    }

    /// Returns the next document and the line it begins on.
    pub fn next(&mut self, now: Millis) -> Result<Option<(u64, Document)>, Broken> {
        let Some((line, text)) = self.cut()? else { return Ok(None) };
        self.position = self.bytes.count;
        let document =
            crate::api::ejson::document(&text, now).map_err(|error| malformed(line, &error.to_string()))?;
        Ok(Some((line, document)))
    }

    /// Cuts out the text of the next document.
    fn cut(&mut self) -> Result<Option<(u64, String)>, Broken> {
        loop {
            match self.take()? {
                None => return Ok(None),
                Some(b'{') => break,
                // Between documents: blanks, what separates the items of an array, and a byte order mark.
                Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']' | 0xef | 0xbb | 0xbf) => {}
                Some(_) => {
                    let line = self.bytes.line;
                    return Err(Broken::new(
                        line,
                        text! { en: "a document begins with `{{`", zh: "文档应以 `{{` 开头" },
                    ));
                }
            }
        }
        let line = self.bytes.line;
        let text = self.rest(line)?;
        let text = String::from_utf8(text)
            .map_err(|_| Broken::new(line, text! { en: "this is not UTF-8", zh: "不是 UTF-8 文本" }))?;
        Ok(Some((line, text)))
    }

    /// Reads on to the brace that closes a document.
    fn rest(&mut self, line: u64) -> Result<Vec<u8>, Broken> {
        let mut text = vec![b'{'];
        let (mut depth, mut quoted, mut escaped) = (1_usize, false, false);
        while depth > 0 {
            let Some(byte) = self.take()? else {
                return Err(Broken::new(
                    line,
                    text! { en: "the document that begins here does not end", zh: "从这里开始的文档没有结束" },
                ));
            };
            if text.len() >= LARGEST {
                return Err(Broken::new(
                    line,
                    text! { en: "the document that begins here is larger than 16 MB", zh: "从这里开始的文档超过 16 MB" },
                ));
            }
            text.push(byte);
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' if !quoted => depth -= 1,
                _ => {}
            }
        }
        Ok(text)
    }

    fn take(&mut self) -> Result<Option<u8>, Broken> {
        self.bytes.next().map_err(|error| self.bytes.broken(error))
    }
}

/// Says what is wrong with the document that begins on a line. The reader counts lines from there.
fn malformed(begins: u64, told: &str) -> Broken {
    let told = told.trim_start_matches("the text is not Extended JSON: ");
    let place = told.rsplit_once(" at line ").and_then(|(why, place)| {
        let (line, column) = place.split_once(" column ")?;
        Some((why, line.parse::<u64>().ok()?, column))
    });
    let message = text! { en: "this is not an Extended JSON document", zh: "不是合法的扩展 JSON 文档" };
    let error = Error::new(Kind::Usage, message);
    match place {
        Some((why, line, column)) => Broken {
            line: begins + line.saturating_sub(1),
            error: error.cause(text! { en: "{why} (column {column})", zh: "{why}（第 {column} 列）" }),
        },
        None => Broken { line: begins, error: error.cause(told.into()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(u64, &str)]) {
        let mut documents = Documents::new(text.as_bytes());
        for (line, json) in expected {
            let (at, document) = documents.next(0).ok().flatten().expect("a document");
            assert_eq!((at, bson::Bson::Document(document).into_relaxed().as_str()), (*line, *json));
        }
        assert!(matches!(documents.next(0), Ok(None)));
    }

    trait Relaxed {
        fn into_relaxed(self) -> String;
    }
    impl Relaxed for bson::Bson {
        fn into_relaxed(self) -> String {
            let canonical = crate::api::ejson::value_to_text(&self, crate::api::ejson::Form::Canonical);
            crate::ops::database::relaxed::relax(serde_json::from_str(&canonical).expect("JSON")).to_string()
        }
    }

    #[track_caller]
    fn breaks(text: &str, line: u64) {
        let mut documents = Documents::new(text.as_bytes());
        loop {
            match documents.next(0) {
                Ok(Some(_)) => {}
                Ok(None) => panic!("{text} was read"),
                Err(broken) => return assert_eq!(broken.line, line, "{text}"),
            }
        }
    }

    #[test]
    fn lines_and_arrays_give_the_same_documents() {
        let expected = [(1, r#"{"a":1}"#), (2, r#"{"s":"}\"{","b":[{"c":2}]}"#)];
        check("{\"a\":1}\n{\"s\":\"}\\\"{\",\"b\":[{\"c\":2}]}\n", &expected);
        check("[{\"a\":1},\n {\"s\":\"}\\\"{\",\"b\":[{\"c\":2}]}]", &expected);
        check("\u{feff}\r\n{\r\n\"a\":1\r\n}\r\n", &[(2, r#"{"a":1}"#)]);
        check("", &[]);
    }

    #[test]
    fn the_line_at_fault_is_named() {
        breaks("{\"a\":1}\n{\"a\":}\n", 2);
        breaks("{\"a\":1}\n\n{\"a\":[1}\n{\"b\":2}", 3);
        breaks("[{\n\"a\": 1},\n{\n\"a\": oops\n}]", 4);
        breaks("{\"a\":1}\nname,score\n", 2);
        breaks("{\"a\":1}\n{\"a\"", 2);
    }
}
