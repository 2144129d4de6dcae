//! Finds the line a busy process is at: starts its inspector by SIGUSR1 and asks for its stack.
//!
//! A process in an endless loop hears nothing else. The inspector speaks JSON over a web socket; of both only what this
//! one question needs is here.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The longest message believed, in bytes.
const LONGEST: u64 = 64 << 20;

/// A place in a function's own code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    path: PathBuf,
    /// From 0.
    line: usize,
    column: usize,
}

/// Asks the inspector at an address (`ws://…`) where its process is in the code below `folder`.
pub(super) async fn locate(address: &str, folder: &Path) -> Option<Place> {
    let mut stream = connect(address).await?;
    stream.write_all(&frame(r#"{"id":1,"method":"Debugger.enable"}"#)).await.ok()?;
    // The answer tells of each script there is, and with it where the process is. To pause would not do: an empty loop
    // has no statement to pause at.
    loop {
        let message: Value = serde_json::from_slice(&next_message(&mut stream).await?).ok()?;
        if let Some(Value::Array(frames)) = message.pointer("/params/stackTrace/callFrames") {
            return frames.iter().find_map(|frame| place(frame, folder));
        }
    }
}

async fn connect(address: &str) -> Option<BufReader<TcpStream>> {
    let (host, path) = address.strip_prefix("ws://")?.split_once('/')?;
    // A function can print any address. Nothing but this machine is ever connected to.
    let address: SocketAddr = host.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback())?;
    let mut stream = BufReader::new(TcpStream::connect(address).await.ok()?);
    let hello = format!(
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Y2xvdWRraXQgbG9va3MgaW4=\r\n\r\n"
    );
    stream.write_all(hello.as_bytes()).await.ok()?;
    skip_head(&mut stream).await?;
    Some(stream)
}

/// What a debugger is to a test: asks the inspector at a port for the value of an expression.
#[cfg(test)]
pub(super) async fn evaluate(port: u16, expression: &str) -> Option<Value> {
    let mut list = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let ask = format!("GET /json/list HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    list.write_all(ask.as_bytes()).await.ok()?;
    let mut text = Vec::new();
    // The connection stays open.
    while !text.ends_with(b"]\n\n") {
        text.push(list.read_u8().await.ok()?);
    }
    let text = String::from_utf8(text).ok()?;
    let address = text.split('"').find(|it| it.starts_with("ws://"))?;
    let mut stream = connect(address).await?;
    let ask =
        serde_json::json!({ "id": 1, "method": "Runtime.evaluate", "params": { "expression": expression } });
    stream.write_all(&frame(&ask.to_string())).await.ok()?;
    let answer: Value = serde_json::from_slice(&next_message(&mut stream).await?).ok()?;
    answer.pointer("/result/result/value").cloned()
}

async fn skip_head(stream: &mut BufReader<TcpStream>) -> Option<()> {
    let mut end = [0; 4];
    while &end != b"\r\n\r\n" {
        end.rotate_left(1);
        end[3] = stream.read_u8().await.ok()?;
    }
    Some(())
}

/// Writes a text frame of a client, which must be masked; a mask of zeros leaves the text as it is.
fn frame(text: &str) -> Vec<u8> {
    debug_assert!(text.len() < 126, "a short question");
    [&[0x81, 0x80 | text.len() as u8, 0, 0, 0, 0], text.as_bytes()].concat()
}

/// Reads a frame of a server, which is not masked. The inspector does not divide its messages.
async fn next_message(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let _kind = stream.read_u8().await.ok()?;
    let length = match stream.read_u8().await.ok()? {
        126 => stream.read_u16().await.ok()?.into(),
        127 => stream.read_u64().await.ok()?,
        short => short.into(),
    };
    let mut message = Vec::new();
    stream.take(length.min(LONGEST)).read_to_end(&mut message).await.ok()?;
    Some(message)
}

/// Reads a call frame; `None` for Node's own code and for dependencies.
fn place(frame: &Value, folder: &Path) -> Option<Place> {
    let url = reqwest::Url::parse(frame.get("url")?.as_str()?).ok()?;
    let path = url.to_file_path().ok()?;
    let number = |name: &str| frame.get(name)?.as_u64()?.try_into().ok();
    let own = path.starts_with(folder) && path.components().all(|part| part.as_os_str() != "node_modules");
    own.then_some(Place { line: number("lineNumber")?, column: number("columnNumber")?, path })
}

impl Place {
    /// Shows the line with a caret below, as Node shows a crash.
    pub fn excerpt(&self) -> String {
        let Place { path, line, column } = self;
        let source = std::fs::read_to_string(path).unwrap_or_default();
        let text = source.lines().nth(*line).unwrap_or_default();
        let blank = |c: char| if c == '\t' { '\t' } else { ' ' };
        let indent: String = text.chars().take(*column).map(blank).collect();
        format!("{}:{}\n{text}\n{indent}^", path.display(), line + 1)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_functions_own_code_is_a_place() {
        let at = |url: &str| {
            let frame = json!({ "url": url, "lineNumber": 2, "columnNumber": 4 });
            place(&frame, Path::new("/p/云"))
        };
        let expected = Place { path: "/p/云/a b.js".into(), line: 2, column: 4 };
        assert_eq!(at("file:///p/%E4%BA%91/a%20b.js"), Some(expected));
        for other in ["node:fs", "file:///p/%E4%BA%91/node_modules/x/i.js", "file:///q/i.js", ""] {
            assert_eq!(at(other), None, "{other}");
        }
    }
}
