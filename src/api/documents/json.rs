//! JSON Lines and JSON arrays, a document at a time. After a line at fault the reader goes on behind it.

use std::io::BufRead;

use bson::Document;

use super::fault::Fault;
use super::{Bytes, storable};
use crate::error::{Error, Kind};
use crate::model::clock::Millis;
use crate::model::foreign;
use crate::model::text::Text;
use crate::text;

/// Bytes of text that are read as one document: Extended JSON takes up to some times the bytes of BSON.
const LARGEST: usize = 4 * storable::LARGEST;

pub struct Documents<R> {
    bytes: Bytes<R>,
    place: Place,
    /// A line was passed over for something out of place: the end of an array may have been on it.
    misplaced: bool,
}

/// What has been read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Nothing,
    /// A document that is in no array.
    Document,
    /// `[`
    Opening,
    /// A document in an array.
    Item,
    /// `,`
    Comma,
    /// `]`
    Closing,
}

impl<R: BufRead> Documents<R> {
    pub fn new(input: R) -> Self {
        Documents { bytes: Bytes::new(input), place: Place::Nothing, misplaced: false }
    }

    /// Returns the bytes read so far.
    pub fn position(&self) -> u64 {
        self.bytes.count
    }

    /// Returns the next document and the line it begins on.
    pub fn next(&mut self, now: Millis) -> Result<Option<(u64, Document)>, Fault> {
        let Some(cut) = self.cut()? else { return Ok(None) };
        let document = crate::api::ejson::document(&cut.text, now);
        Ok(Some((cut.line, document.map_err(|error| malformed(&cut, &error.why().en))?)))
    }

    /// Cuts out the text of the next document.
    fn cut(&mut self) -> Result<Option<Cut>, Fault> {
        loop {
            let (line, column) = (self.bytes.line, self.bytes.column);
            let byte = self.bytes.next()?;
            self.place = match (self.place, byte) {
                (Place::Opening | Place::Item | Place::Comma, None) if !self.misplaced => {
                    self.place = Place::Closing;
                    let message = text! { en: "the array does not end with `]`", zh: "数组没有以 `]` 结束" };
                    return Err(Fault::new(line, message));
                }
                (_, None) => return Ok(None),
                // Blanks, and a byte order mark.
                (place, Some(b' ' | b'\t' | b'\r' | b'\n')) => place,
                (Place::Nothing, Some(0xef | 0xbb | 0xbf)) => Place::Nothing,
                (Place::Nothing, Some(b'[')) => Place::Opening,
                (Place::Item, Some(b',')) => Place::Comma,
                (Place::Opening | Place::Item, Some(b']')) => Place::Closing,
                (place @ (Place::Nothing | Place::Document | Place::Opening | Place::Comma), Some(b'{')) => {
                    let in_array = matches!(place, Place::Opening | Place::Comma);
                    self.place = if in_array { Place::Item } else { Place::Document };
                    let text = String::from_utf8(self.rest(line, in_array)?).map_err(|_| {
                        Fault::new(line, text! { en: "this is not UTF-8", zh: "不是 UTF-8 文本" })
                    })?;
                    return Ok(Some(Cut { line, column, text }));
                }
                (place, Some(byte)) => {
                    self.skip_line(byte)?;
                    self.misplaced = true;
                    return Err(Fault { column: Some(column), ..Fault::new(line, misplaced(place)) });
                }
            };
        }
    }

    /// Passes over what is left of the line of this byte.
    fn skip_line(&mut self, byte: u8) -> Result<(), Fault> {
        let mut last = Some(byte);
        while last.is_some_and(|it| it != b'\n') {
            last = self.bytes.next()?;
        }
        Ok(())
    }

    /// Reads on to the brace that closes a document. Where none does, the next document is looked for at the beginning of
    /// a later line, but for arrays: in those nothing tells it from a part of this one.
    fn rest(&mut self, line: u64, in_array: bool) -> Result<Vec<u8>, Fault> {
        let mut text = vec![b'{'];
        let (mut depth, mut quoted, mut escaped) = (1_usize, false, false);
        let mut previous = b'{';
        // The first line of the text that begins as a document does.
        let mut next_document = None;
        while depth > 0 {
            let Some(byte) = self.bytes.next()? else { return Err(self.endless(line, &text, next_document)) };
            if text.len() >= LARGEST {
                return Err(Fault::new(
                    line,
                    text! { en: "the document that begins here is larger than 16 MB", zh: "从这里开始的文档超过 16 MB" },
                ));
            }
            let begins_line = text.ends_with(b"\n");
            text.push(byte);
            if byte == b'{' && begins_line && !in_array {
                let found = *next_document.get_or_insert((text.len() - 1, self.bytes.line));
                if quoted || !matches!(previous, b'[' | b',' | b':') {
                    return Err(self.endless(line, &text, Some(found)));
                }
            }
            if !byte.is_ascii_whitespace() {
                previous = byte;
            }
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

    /// Goes back to the next document, by its place in the text and its line.
    fn endless(&mut self, line: u64, text: &[u8], next_document: Option<(usize, u64)>) -> Fault {
        if let Some((at, line)) = next_document {
            self.bytes.go_back(text.get(at..).unwrap_or_default(), line);
        }
        Fault::new(
            line,
            text! { en: "the document that begins here does not end", zh: "从这里开始的文档没有结束" },
        )
    }
}

/// Says what should have been there.
fn misplaced(place: Place) -> Text {
    match place {
        Place::Nothing | Place::Document | Place::Opening => {
            text! { en: "a document begins with `{{`", zh: "文档应以 `{{` 开头" }
        }
        Place::Item => {
            text! { en: "after a document of an array comes `,` or `]`", zh: "数组中的文档之后应为 `,` 或 `]`" }
        }
        Place::Comma => text! { en: "after `,` comes a document", zh: "`,` 之后应为文档" },
        Place::Closing => text! { en: "nothing comes after the array", zh: "数组之后不应有其他内容" },
    }
}

/// The text of a document, and where it begins.
struct Cut {
    line: u64,
    column: u64,
    text: String,
}

/// Says what is wrong with a document. The reader counts lines and columns from its beginning.
fn malformed(cut: &Cut, told: &str) -> Fault {
    let place = told.rsplit_once(" at line ").and_then(|(why, place)| {
        let (line, column) = place.split_once(" column ")?;
        Some((why, line.parse::<u64>().ok()?, column.parse::<u64>().ok()?))
    });
    let Some((why, line, column)) = place else {
        let message = text! { en: "this is not an Extended JSON document", zh: "不是合法的扩展 JSON 文档" };
        return Fault::of(cut.line, Error::new(Kind::Usage, message).cause(foreign::said(told)));
    };
    let column = if line == 1 { cut.column + column.saturating_sub(1) } else { column };
    let Text { en, zh } = foreign::said(why);
    let message = text! { en: "not Extended JSON: {en}", zh: "不是合法的扩展 JSON：{zh}" };
    Fault { column: Some(column), ..Fault::new(cut.line + line.saturating_sub(1), message) }
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
            crate::api::ejson::relax(serde_json::from_str(&canonical).expect("JSON")).to_string()
        }
    }

    #[track_caller]
    fn breaks(text: &str, line: u64) {
        let mut documents = Documents::new(text.as_bytes());
        loop {
            match documents.next(0) {
                Ok(Some(_)) => {}
                Ok(None) => panic!("{text} was read"),
                Err(fault) => return assert_eq!(fault.line, line, "{text}"),
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
    fn reading_goes_on_behind_a_line_at_fault() {
        let read = |text: &str| {
            let mut documents = Documents::new(text.as_bytes());
            let next = || match documents.next(0) {
                Ok(found) => found.map(|(line, _)| Ok(line)),
                Err(fault) => Some(Err(fault.line)),
            };
            std::iter::from_fn(next).collect::<Vec<_>>()
        };
        assert_eq!(read("{\"a\":1}\noops\n{\"a\":}\n{\"a\":2}\n"), [Ok(1), Err(2), Err(3), Ok(4)]);
        assert_eq!(read("[{\"a\":1},]"), [Ok(1), Err(1)]);
        for broken in ["{\"a\":1", "{\"a\":\"x", "{\"a\":[1,", "{\"a\":", "{\"a\":1,", "{\"a\":\"\\", "{\n"] {
            let behind = broken.split('\n').count() as u64;
            let expected = [Ok(1), Err(2), Ok(2 + behind), Ok(3 + behind)];
            assert_eq!(read(&format!("{{}}\n{broken}\n{{}}\n{{}}\n")), expected, "{broken}");
        }
        assert_eq!(read("{\"a\":1\r\n{}\r\n{\"a\":[\r\n{},\r\n{}\r\n]}"), [Err(1), Ok(2), Ok(3)]);
        assert_eq!(read("{\n{\n{\n{}\n"), [Err(1), Err(2), Err(3), Ok(4)]);
        assert_eq!(read("[{\"a\":1\n{}\n]"), [Err(2), Err(3)]);
        assert_eq!(read("[{\"a\":1}\n{\"a\":2}]\n"), [Ok(1), Err(2)]);
    }

    #[test]
    fn the_line_at_fault_is_named() {
        breaks("{\"a\":1}\n{\"a\":}\n", 2);
        breaks("{\"a\":1}\n\n{\"a\":[1}\n{\"b\":2}", 3);
        breaks("[{\n\"a\": 1},\n{\n\"a\": oops\n}]", 4);
        breaks("{\"a\":1}\nname,score\n", 2);
        breaks("{\"a\":1}\n{\"a\"", 2);
        breaks("[{\"a\":1},\n]", 2);
        breaks("[{\"a\":1}\n{\"a\":1}]", 2);
        breaks("[{\"a\":1}]\n{\"a\":1}", 2);
        breaks("[{\"a\":1},\n{\"a\":1}", 2);
        breaks("{\"a\":1},\n{\"a\":1}", 1);
    }
}
