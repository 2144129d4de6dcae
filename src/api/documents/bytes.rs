//! Reads a byte at a time and knows where it is.

use std::io::BufRead;

use super::Fault;
use crate::error::{Error, Kind};
use crate::text;

/// The bytes of a file.
pub struct Bytes<R> {
    input: R,
    /// Bytes read.
    pub count: u64,
    /// The line of the next byte, from 1.
    pub line: u64,
    /// The place of the next byte in its line, from 1.
    pub column: u64,
}

impl<R: BufRead> Bytes<R> {
    pub fn new(input: R) -> Self {
        Bytes { input, count: 0, line: 1, column: 1 }
    }

    pub fn peek(&mut self) -> Result<Option<u8>, Fault> {
        match self.input.fill_buf() {
            Ok(buffer) => Ok(buffer.first().copied()),
            Err(error) => Err(unreadable(self.line, &error)),
        }
    }

    pub fn next(&mut self) -> Result<Option<u8>, Fault> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.input.consume(1);
            self.count += 1;
            self.column += 1;
            if byte == b'\n' {
                self.line += 1;
                self.column = 1;
            }
        }
        Ok(byte)
    }
}

fn unreadable(line: u64, error: &std::io::Error) -> Fault {
    let message = text! { en: "the file cannot be read", zh: "无法读取文件" };
    Fault::of(line, Error::new(Kind::Failed, message).source(error))
}
