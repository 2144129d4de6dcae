//! CSV as RFC 4180 has it: a header of field paths, then a document a record. Values are read as what they look like.

use std::io::BufRead;

use bson::{Bson, Document};

use super::{Broken, Bytes};
use crate::text;

pub struct Documents<R> {
    bytes: Bytes<R>,
    header: Option<Vec<String>>,
    /// Bytes read so far.
    pub position: u64,
}

impl<R: BufRead> Documents<R> {
    pub fn new(input: R) -> Self {
        Documents { bytes: Bytes::new(input), header: None, position: 0 }
    }

    /// Returns the next document and the line it begins on.
    pub fn next(&mut self) -> Result<Option<(u64, Document)>, Broken> {
        let header = match self.header.take() {
            Some(header) => header,
            None => self.read_header()?,
        };
        let found = self.read_document(&header);
        self.header = Some(header);
        self.position = self.bytes.count;
        found
    }

    fn read_header(&mut self) -> Result<Vec<String>, Broken> {
        let Some((line, mut names)) = self.record()? else { return Ok(Vec::new()) };
        if let Some(first) = names.first_mut() {
            *first = first.trim_start_matches('\u{feff}').to_owned();
        }
        for (at, name) in names.iter().enumerate() {
            let twice = names.iter().take(at).any(|earlier| earlier == name);
            if twice || name.split('.').any(|part| part.is_empty() || part.starts_with('$')) {
                return Err(Broken::new(
                    line,
                    text! { en: "`{name}` cannot be a column: each needs a field path of its own", zh: "`{name}` 不能作为列名：每列都需要唯一的字段路径" },
                ));
            }
        }
        Ok(names)
    }

    fn read_document(&mut self, header: &[String]) -> Result<Option<(u64, Document)>, Broken> {
        let Some((line, values)) = self.record()? else { return Ok(None) };
        let (found, expected) = (values.len(), header.len());
        if found != expected {
            return Err(Broken::new(
                line,
                text! { en: "there are {found} values for {expected} columns", zh: "共有 {found} 个值，而列数为 {expected}" },
            ));
        }
        let mut document = Document::new();
        for (path, value) in header.iter().zip(values) {
            if let Some(value) = guess(&value) {
                place(&mut document, path, value).map_err(|()| {
                    Broken::new(
                        line,
                        text! { en: "`{path}` lies inside a value", zh: "`{path}` 位于一个值的内部" },
                    )
                })?;
            }
        }
        Ok(Some((line, document)))
    }

    /// Reads a record, skipping empty lines; returns the line it begins on.
    fn record(&mut self) -> Result<Option<(u64, Vec<String>)>, Broken> {
        while matches!(self.peek()?, Some(b'\n' | b'\r')) {
            self.take()?;
        }
        let line = self.bytes.line;
        if self.peek()?.is_none() {
            return Ok(None);
        }
        let mut values = Vec::new();
        loop {
            let value = if self.peek()? == Some(b'"') { self.quoted(line)? } else { self.bare()? };
            let value = String::from_utf8(value)
                .map_err(|_| Broken::new(line, text! { en: "this is not UTF-8", zh: "不是 UTF-8 文本" }))?;
            values.push(value);
            match self.take()? {
                Some(b',') => {}
                None | Some(b'\n') => return Ok(Some((line, values))),
                Some(_) => {
                    return Err(Broken::new(
                        line,
                        text! { en: "after a closing quote comes a comma", zh: "右引号之后应为逗号" },
                    ));
                }
            }
        }
    }

    fn bare(&mut self) -> Result<Vec<u8>, Broken> {
        let mut value = Vec::new();
        while let Some(byte) = self.peek()? {
            if byte == b',' || byte == b'\n' {
                break;
            }
            value.push(byte);
            self.take()?;
        }
        if value.last() == Some(&b'\r') {
            value.pop();
        }
        Ok(value)
    }

    fn quoted(&mut self, line: u64) -> Result<Vec<u8>, Broken> {
        self.take()?;
        let mut value = Vec::new();
        loop {
            match self.take()? {
                None => {
                    return Err(Broken::new(
                        line,
                        text! { en: "a quote that begins here does not end", zh: "从这里开始的引号没有结束" },
                    ));
                }
                Some(b'"') if self.peek()? == Some(b'"') => {
                    self.take()?;
                    value.push(b'"');
                }
                Some(b'"') => break,
                Some(byte) => value.push(byte),
            }
        }
        if self.peek()? == Some(b'\r') {
            self.take()?;
        }
        Ok(value)
    }

    fn peek(&mut self) -> Result<Option<u8>, Broken> {
        self.bytes.peek().map_err(|error| self.bytes.broken(error))
    }

    fn take(&mut self) -> Result<Option<u8>, Broken> {
        self.bytes.next().map_err(|error| self.bytes.broken(error))
    }
}

/// Reads a value as what it looks like; an empty one is absent.
fn guess(text: &str) -> Option<Bson> {
    let trimmed = text.trim();
    Some(match trimmed {
        "" => return None,
        "true" => Bson::Boolean(true),
        "false" => Bson::Boolean(false),
        "null" => Bson::Null,
        _ if trimmed.starts_with(['{', '[']) => {
            crate::api::ejson::value(trimmed, 0).unwrap_or_else(|_| Bson::String(text.to_owned()))
        }
        _ => number(trimmed).unwrap_or_else(|| Bson::String(text.to_owned())),
    })
}

/// Reads a number that loses nothing by being one: a telephone number or a long id stays text.
fn number(text: &str) -> Option<Bson> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if padded || digits.len() > 15 || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    match text.parse::<i32>() {
        Ok(small) => Some(Bson::Int32(small)),
        Err(_) if digits.contains('.') => (!digits.starts_with('.') && !digits.ends_with('.'))
            .then(|| text.parse().ok().map(Bson::Double))?,
        Err(_) => text.parse().ok().map(Bson::Int64),
    }
}

/// Puts a value at a field path, making the documents on the way.
fn place(document: &mut Document, path: &str, value: Bson) -> Result<(), ()> {
    match path.split_once('.') {
        None if document.contains_key(path) => Err(()),
        None => {
            document.insert(path, value);
            Ok(())
        }
        Some((first, rest)) => {
            match document.entry(first.to_owned()).or_insert_with(|| Bson::Document(Document::new())) {
                Bson::Document(inner) => place(inner, rest, value),
                _ => Err(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    fn read(text: &str) -> Result<Vec<(u64, Document)>, u64> {
        let mut documents = Documents::new(text.as_bytes());
        let mut all = Vec::new();
        loop {
            match documents.next() {
                Ok(None) => return Ok(all),
                Ok(Some(document)) => all.push(document),
                Err(broken) => return Err(broken.line),
            }
        }
    }

    #[test]
    fn records_become_documents_with_their_lines() {
        let text = "\u{feff}name,stats.best,note\r\n李雷,12,\"a \"\"b\"\",\nc\"\r\n\r\nHan,,x\n";
        assert_eq!(
            read(text),
            Ok(vec![
                (2, doc! { "name": "李雷", "stats": { "best": 12 }, "note": "a \"b\",\nc" }),
                (5, doc! { "name": "Han", "note": "x" }),
            ])
        );
        assert_eq!(read(""), Ok(vec![]));
    }

    #[test]
    fn values_are_what_they_look_like() {
        for (text, value) in [
            ("12", Some(Bson::Int32(12))),
            ("-3000000000", Some(Bson::Int64(-3_000_000_000))),
            ("1.5", Some(Bson::Double(1.5))),
            ("true", Some(Bson::Boolean(true))),
            ("007", Some(Bson::String("007".into()))),
            ("13800138000123456", Some(Bson::String("13800138000123456".into()))),
            ("[1]", Some(Bson::Array(vec![Bson::Int32(1)]))),
            ("{oops", Some(Bson::String("{oops".into()))),
            ("1.", Some(Bson::String("1.".into()))),
            ("", None),
        ] {
            assert_eq!(guess(text), value, "{text}");
        }
    }

    #[test]
    fn the_line_at_fault_is_named() {
        for (text, line) in [
            ("a,b\n1,2\n3\n", 3),
            ("a\n\"x\n", 2),
            ("a,a\n1,2\n", 1),
            ("a\n\"x\"y\n", 2),
            ("a,a.b\n1,2\n", 2),
        ] {
            assert_eq!(read(text), Err(line), "{text}");
        }
    }
}
