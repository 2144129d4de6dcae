//! A client that sends exactly what it is told: any `Host`, half a body, a broken form.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::patience::within;

/// A request to be; `Host` is the emulator's unless a header says otherwise.
pub struct Request {
    address: String,
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// Aims at a URL of the form `http://ADDRESS/TARGET`, which is sent as it is.
    pub fn new(method: &'static str, url: &str) -> Self {
        let rest = url.strip_prefix("http://").expect("the emulator speaks plain HTTP");
        let (address, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let target = if target.is_empty() { "/" } else { target };
        Request {
            address: address.to_owned(),
            method,
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_lowercase(), value.to_owned()));
        self
    }

    /// Writes a whole URL into the request line, as a client does that speaks to a proxy.
    pub fn absolute_target(mut self, target: &str) -> Self {
        self.target = target.to_owned();
        self
    }

    /// Sends a body with its length.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        let length = self.body.len().to_string();
        self.header("content-length", &length)
    }

    /// Sends only the first bytes of the body; the length stays what it was.
    pub fn cut(mut self, length: usize) -> Self {
        self.body.truncate(length);
        self
    }

    /// Sends the parts of a form.
    pub fn form(self, fields: &[(&str, &[u8])]) -> Self {
        let mut body = Vec::new();
        for (name, value) in fields {
            let file = if *name == "file" { "; filename=\"upload\"" } else { "" };
            let head = format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--edge--\r\n");
        self.header("content-type", "multipart/form-data; boundary=edge").body(body)
    }

    /// Sends the request and reads the answer.
    pub async fn send(self) -> Response {
        Response::read(&self.send_raw().await)
    }

    /// Sends the request and reads the answer byte for byte.
    pub async fn send_raw(self) -> Vec<u8> {
        let mut stream = self.write().await;
        let mut answer = Vec::new();
        within("an answer", stream.read_to_end(&mut answer)).await.expect("an answer");
        answer
    }

    /// Sends the request and hangs up without waiting.
    pub async fn abandon(self) {
        let mut stream = self.write().await;
        stream.shutdown().await.expect("a connection to close");
        // The peer has noticed when it closes too.
        let _ = within("the end of a connection", stream.read_to_end(&mut Vec::new())).await;
    }

    async fn write(mut self) -> TcpStream {
        if !self.headers.iter().any(|(name, _)| name == "host") {
            let host = self.address.clone();
            self = self.header("host", &host);
        }
        let mut head = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", self.method, self.target);
        self.headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        let mut stream = TcpStream::connect(&self.address).await.expect("the emulator listens");
        stream.write_all(format!("{head}\r\n").as_bytes()).await.expect("a connection");
        stream.write_all(&self.body).await.expect("a connection");
        stream
    }
}

impl Response {
    fn read(answer: &[u8]) -> Self {
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
        let head = std::str::from_utf8(&answer[..end]).expect("a head is text");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let body = &answer[end + 4..];
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = if chunked { unchunk(body) } else { body.to_vec() };
        Response { status: status.parse().expect("a number"), headers, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").expect("a chunk's length");
        let length = std::str::from_utf8(&rest[..end]).expect("hex");
        let length = usize::from_str_radix(length, 16).expect("hex");
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 4 + length..];
    }
}
