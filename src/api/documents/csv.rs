//! CSV as RFC 4180 has it: a header of field paths, then a document a record. Values are read as what they look like.

use std::io::BufRead;

use bson::{Bson, Document};

use super::fault::Fault;
use super::{Bytes, cell};
use crate::text;

pub struct Documents<R> {
    bytes: Bytes<R>,
    header: Header,
}

enum Header {
    Ahead,
    Read(Vec<String>),
    /// Without its columns nothing of the file can be read.
    Unreadable,
}

impl<R: BufRead> Documents<R> {
    pub fn new(input: R) -> Self {
        Documents { bytes: Bytes::new(input), header: Header::Ahead }
    }

    /// Returns the bytes read so far.
    pub fn position(&self) -> u64 {
        self.bytes.count
    }

    /// Returns the next document and the line it begins on.
    pub fn next(&mut self) -> Result<Option<(u64, Document)>, Fault> {
        let columns = match std::mem::replace(&mut self.header, Header::Unreadable) {
            Header::Ahead => self.read_header()?,
            Header::Read(columns) => columns,
            Header::Unreadable => return Ok(None),
        };
        let found = self.read_document(&columns);
        self.header = Header::Read(columns);
        found
    }

    fn read_header(&mut self) -> Result<Vec<String>, Fault> {
        let Some((line, mut names)) = self.record()? else { return Ok(Vec::new()) };
        if let Some(first) = names.first_mut() {
            *first = first.trim_start_matches('\u{feff}').to_owned();
        }
        if let [only] = names.as_slice()
            && only.contains([';', '\t'])
        {
            let message = text! { en: "columns are separated by commas here, not by `;` or tabs", zh: "各列应以逗号分隔，而不是 `;` 或制表符" };
            return Err(Fault::new(line, message));
        }
        for (at, name) in names.iter().enumerate() {
            if name.is_empty() {
                let column = at + 1;
                return Err(Fault::new(
                    line,
                    text! { en: "column {column} has no name", zh: "第 {column} 列没有名称" },
                ));
            }
            let twice = names.iter().take(at).any(|earlier| earlier == name);
            if twice || name.split('.').any(|part| part.is_empty() || part.starts_with('$')) {
                return Err(Fault::new(
                    line,
                    text! { en: "`{name}` cannot be a column: each needs a field path of its own", zh: "`{name}` 不能作为列名：每列都需要唯一的字段路径" },
                ));
            }
        }
        Ok(names)
    }

    fn read_document(&mut self, header: &[String]) -> Result<Option<(u64, Document)>, Fault> {
        let Some((line, values)) = self.record()? else { return Ok(None) };
        let (found, expected) = (values.len(), header.len());
        if found != expected {
            return Err(Fault::new(
                line,
                text! { en: "there are {found} values for {expected} columns", zh: "共有 {found} 个值，而列数为 {expected}" },
            ));
        }
        let mut document = Document::new();
        for (path, value) in header.iter().zip(values) {
            if let Some(value) = cell::read(&value) {
                place(&mut document, path, value).map_err(|()| {
                    Fault::new(
                        line,
                        text! { en: "`{path}` lies inside a value", zh: "`{path}` 位于一个值的内部" },
                    )
                })?;
            }
        }
        Ok(Some((line, document)))
    }

    /// Reads a record, skipping empty lines; returns the line it begins on.
    fn record(&mut self) -> Result<Option<(u64, Vec<String>)>, Fault> {
        while matches!(self.bytes.peek()?, Some(b'\n' | b'\r')) {
            self.bytes.next()?;
        }
        let line = self.bytes.line;
        if self.bytes.peek()?.is_none() {
            return Ok(None);
        }
        let mut values = Vec::new();
        loop {
            let value = if self.bytes.peek()? == Some(b'"') { self.quoted(line)? } else { self.bare()? };
            let value = String::from_utf8(value)
                .map_err(|_| Fault::new(line, text! { en: "this is not UTF-8", zh: "不是 UTF-8 文本" }))?;
            values.push(value);
            match self.bytes.next()? {
                Some(b',') => {}
                // A carriage return alone ends a line, too; behind one, a line feed is an empty line.
                None | Some(b'\n' | b'\r') => return Ok(Some((line, values))),
                Some(_) => {
                    return Err(Fault::new(
                        line,
                        text! { en: "after a closing quote comes a comma", zh: "右引号之后应为逗号" },
                    ));
                }
            }
        }
    }

    fn bare(&mut self) -> Result<Vec<u8>, Fault> {
        let mut value = Vec::new();
        while let Some(byte) = self.bytes.peek()? {
            if matches!(byte, b',' | b'\n' | b'\r') {
                break;
            }
            value.push(byte);
            self.bytes.next()?;
        }
        Ok(value)
    }

    fn quoted(&mut self, line: u64) -> Result<Vec<u8>, Fault> {
        self.bytes.next()?;
        let mut value = Vec::new();
        loop {
            match self.bytes.next()? {
                None => {
                    return Err(Fault::new(
                        line,
                        text! { en: "a quote that begins here does not end", zh: "从这里开始的引号没有结束" },
                    ));
                }
                Some(b'"') if self.bytes.peek()? == Some(b'"') => {
                    self.bytes.next()?;
                    value.push(b'"');
                }
                Some(b'"') => break,
                Some(byte) => value.push(byte),
            }
        }
        Ok(value)
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
                Err(fault) => return Err(fault.line),
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
        let documents = vec![(1, doc! { "a": "x", "b": "y\rz" }), (1, doc! { "a": "w" })];
        assert_eq!(read("a,b\rx,\"y\rz\"\rw,\r"), Ok(documents));
    }

    #[test]
    fn the_line_at_fault_is_named() {
        for (text, line) in [
            ("a,b\n1,2\n3\n", 3),
            ("a\n\"x\n", 2),
            ("a,a\n1,2\n", 1),
            ("a,\n1,2\n", 1),
            ("a;b\n1;2\n", 1),
            ("a\n\"x\"y\n", 2),
            ("a,a.b\n1,2\n", 2),
        ] {
            assert_eq!(read(text), Err(line), "{text}");
        }
    }

    #[test]
    fn behind_a_broken_header_nothing_is_read() {
        for text in ["a;b\n1;2\n3;4\n", "a,a\n1,2\n", "\"a\n1"] {
            let mut documents = Documents::new(text.as_bytes());
            assert!(documents.next().is_err(), "{text}");
            assert!(matches!(documents.next(), Ok(None)), "{text}");
        }
    }
}
