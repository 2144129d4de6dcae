//! The frames between the emulator and one Node process; `bootstrap.cjs` speaks the other end and lists them.
//!
//! A frame is a big-endian u32 length and that many bytes: a kind, then the body.

use std::borrow::Cow;

use bytes::{Buf, BytesMut};
use serde::Serialize;
use serde_json::Value;

use crate::model::clock::Millis;
use crate::model::level::Level;

/// The longest frame believed. A result has at most 6 Mi characters of at most three bytes, a log line may have more.
const LONGEST: usize = 256 << 20;

/// Bytes for which there is room before each read.
const ROOM: usize = 4 << 10;

/// Bytes of kind and number.
const PREFIX: usize = 5;

/// What a process is told before its first call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Settings<'a> {
    pub name: &'a str,
    pub folder: &'a str,
    pub handler: &'a str,
    /// In milliseconds.
    pub time_limit: u64,
    /// In megabytes.
    pub memory: u32,
    pub env_id: &'a str,
    pub region: &'a str,
    /// The `node_modules` in which the function finds what its own lack.
    pub modules: &'a [String],
    /// The folder of the project that a deployed copy was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'a str>,
}

/// What goes before the event of a call.
#[derive(Debug, Serialize)]
pub(super) struct Head<'a> {
    pub id: &'a str,
    #[serde(serialize_with = "as_map")]
    pub variables: &'a [(&'static str, Cow<'a, str>)],
    /// Keys the platform writes into the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<Value>,
    /// How far the emulator's clock is ahead of the machine's, when it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<Millis>,
}

fn as_map<S: serde::Serializer>(pairs: &[(&str, Cow<'_, str>)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// Writes the first frame.
pub(super) fn settings(settings: &Settings<'_>) -> Vec<u8> {
    frame(b'I', |body| write_json(body, settings))
}

/// Writes the frame that goes before the settings of a function in TypeScript: the file that says what to run for each.
pub(super) fn typescript(table: &str) -> Vec<u8> {
    frame(b'T', |body| body.extend(table.as_bytes()))
}

/// Writes the frame of a call; the event goes as it came.
pub(super) fn call(head: &Head<'_>, event: &str) -> Vec<u8> {
    frame(b'C', |body| {
        let at = body.len();
        body.extend([0; 4]);
        write_json(body, head);
        set_length(body, at, 4);
        body.extend(event.as_bytes());
    })
}

/// Writes the question what the process waits for.
pub(super) fn waiting() -> Vec<u8> {
    frame(b'W', |_| ())
}

fn frame(kind: u8, write_body: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = Vec::with_capacity(1024);
    frame.extend([0, 0, 0, 0, kind]);
    write_body(&mut frame);
    set_length(&mut frame, 0, 4);
    frame
}

/// Writes, at `at`, how many bytes there are from `at + skipped` on.
fn set_length(bytes: &mut [u8], at: usize, skipped: usize) {
    let length = (bytes.len() - at - skipped) as u32;
    if let Some(place) = bytes.get_mut(at..at + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

fn write_json(body: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(body, value).expect("these values have text keys and go to memory");
}

/// What a process says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// The function is loaded, from these files; later on, these too are loaded.
    Loaded(Vec<String>),
    /// The function cannot be loaded, and the process ends.
    Broken(String),
    Line(Level, String),
    /// A call of a host outside.
    Outward(String),
    Result {
        text: String,
        memory_bytes: u64,
    },
    /// The call failed; `ends` when the process ends too.
    Fault {
        number: u32,
        text: String,
        ends: bool,
    },
    /// How much memory there is, in bytes, before a fault or an exit.
    Memory(u64),
    /// Work goes on after the answer.
    Lingers(String),
    /// What the process waits for.
    Waiting(String),
}

/// Cuts a stream of bytes into what was said.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    pub buffer: BytesMut,
}

/// The stream is not one of frames: something other than `bootstrap.cjs` wrote to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Garbled;

impl Decoder {
    /// Returns where to read into: there is more room than most frames need, and a read that leaves some has read all.
    pub fn room(&mut self) -> &mut BytesMut {
        self.buffer.reserve(ROOM);
        &mut self.buffer
    }

    /// Takes the next whole frame out of the buffer.
    pub fn next(&mut self) -> Result<Option<Said>, Garbled> {
        let Some(length) = self.buffer.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if !(PREFIX..=LONGEST).contains(&length) {
            return Err(Garbled);
        }
        let Some(mut body) = self.buffer.get(4..4 + length) else {
            self.buffer.reserve(4 + length - self.buffer.len());
            return Ok(None);
        };
        let (kind, number) = (body.get_u8(), body.get_u32());
        let said = said(kind, number, body)?;
        self.buffer.advance(4 + length);
        Ok(Some(said))
    }
}

fn said(kind: u8, number: u32, body: &[u8]) -> Result<Said, Garbled> {
    let text = std::str::from_utf8(body).map_err(|_| Garbled)?.to_owned();
    Ok(match kind {
        b'D' => Said::Loaded(serde_json::from_str(&text).map_err(|_| Garbled)?),
        b'B' => Said::Broken(text),
        b'L' => Said::Line(level(number), text),
        b'O' => Said::Outward(text),
        b'R' => Said::Result { text, memory_bytes: u64::from(number) * 1024 },
        b'F' | b'X' => Said::Fault { number, text, ends: kind == b'X' },
        b'M' => Said::Memory(u64::from(number) * 1024),
        b'A' => Said::Lingers(text),
        b'W' => Said::Waiting(text),
        _ => return Err(Garbled),
    })
}

fn level(number: u32) -> Level {
    match number {
        0 => Level::Debug,
        1 => Level::Info,
        2 => Level::Warn,
        _ => Level::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(kind: u8, number: u32, text: &str) -> Vec<u8> {
        let mut bytes = frame(kind, |body| body.extend(number.to_be_bytes()));
        bytes.extend(text.as_bytes());
        set_length(&mut bytes, 0, 4);
        bytes
    }

    #[test]
    fn frames_are_found_however_the_stream_is_cut() {
        let stream = [sent(b'L', 2, "云"), sent(b'R', 3, "null")].concat();
        let expected =
            [Said::Line(Level::Warn, "云".into()), Said::Result { text: "null".into(), memory_bytes: 3072 }];
        for size in 1..=stream.len() {
            let (mut decoder, mut found) = (Decoder::default(), Vec::new());
            for piece in stream.chunks(size) {
                decoder.buffer.extend_from_slice(piece);
                while let Some(said) = decoder.next().expect("the frames are good") {
                    found.push(said);
                }
            }
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for bytes in [&[0, 0, 0, 1, b'R'][..], &[0xff; 9], &sent(b'?', 0, ""), &sent(b'D', 0, "no JSON")] {
            let mut decoder = Decoder { buffer: bytes.into() };
            assert_eq!(decoder.next(), Err(Garbled), "{bytes:?}");
        }
    }

    #[test]
    fn a_call_carries_the_event_as_it_came() {
        let head =
            Head { id: "r1", variables: &[("TCB_ENV", Cow::Borrowed("e"))], merge: None, offset: None };
        let bytes = call(&head, "{ \"a\": 1 }");
        let json = br#"{"id":"r1","variables":{"TCB_ENV":"e"}}"#;
        let mut expected = vec![0, 0, 0, (1 + 4 + json.len() + 10) as u8, b'C', 0, 0, 0, json.len() as u8];
        expected.extend(json);
        expected.extend(b"{ \"a\": 1 }");
        assert_eq!(bytes, expected);
    }
}
