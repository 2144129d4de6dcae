//! Reads a byte at a time and knows where it is.

use std::io::BufRead;

use super::Fault;
use crate::error::{Error, Kind};
use crate::text;

/// The bytes of a file.
pub struct Bytes<R> {
    input: R,
    /// Bytes to be read again, the next one last.
    again: Vec<u8>,
    /// Bytes read.
    pub count: u64,
    /// The line of the next byte, from 1.
    pub line: u64,
    /// The place of the next byte in its line, from 1.
    pub column: u64,
}

impl<R: BufRead> Bytes<R> {
    pub fn new(input: R) -> Self {
        Bytes { input, again: Vec::new(), count: 0, line: 1, column: 1 }
    }

    pub fn peek(&mut self) -> Result<Option<u8>, Fault> {
        if let Some(byte) = self.again.last() {
            return Ok(Some(*byte));
        }
        match self.input.fill_buf() {
            Ok(buffer) => Ok(buffer.first().copied()),
            Err(error) => Err(unreadable(self.line, &error)),
        }
    }

    pub fn next(&mut self) -> Result<Option<u8>, Fault> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            if self.again.pop().is_none() {
                self.input.consume(1);
            }
            self.count += 1;
            self.column += 1;
            if byte == b'\n' {
                self.line += 1;
                self.column = 1;
            }
        }
        Ok(byte)
    }

    /// Has the last bytes read again, which begin the line of that number.
    pub fn go_back(&mut self, bytes: &[u8], line: u64) {
        self.again.extend(bytes.iter().rev());
        self.count -= bytes.len() as u64;
        (self.line, self.column) = (line, 1);
    }
}

fn unreadable(line: u64, error: &std::io::Error) -> Fault {
    let message = text! { en: "the file cannot be read", zh: "无法读取文件" };
    Fault::of(line, Error::new(Kind::Failed, message).source(error))
}
