//! Connections that break: a service that gives a file in pieces, and a door that lets so many bytes in and no more.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;

/// What the service does with a request for the file.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    /// It gives so many bytes of what was asked, and hangs up.
    Bytes(usize),
    /// It says that the file is another by now.
    Changed,
}

/// A service that links to one file and breaks off while it gives it.
pub struct Unsteady {
    pub url: String,
    ranges: Arc<Mutex<Vec<String>>>,
}

impl Unsteady {
    /// Serves a file by these replies, the last of them again and again.
    pub fn serve(file: Vec<u8>, replies: &'static [Reply]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let (link, told) = (format!("{url}/file"), ranges.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let head = read_request(&stream);
                if !head.starts_with("GET /file") {
                    // Who it is, and where the file is.
                    let item = json!({ "code": "SUCCESS", "fileID": "x", "tempFileURL": link });
                    let answer = json!({ "secretId": "AKIDlocal", "data": { "download_list": [item] } });
                    let answer = answer.to_string();
                    answer_with(&mut stream, "200 OK", answer.len(), answer.as_bytes());
                    continue;
                }
                let range = header(&head, "range").unwrap_or_default();
                let mut told = told.lock().expect("no test failed");
                let reply = replies.get(told.len()).or(replies.last()).expect("a reply");
                let start = range.strip_prefix("bytes=").and_then(|it| it.strip_suffix('-'));
                let rest = &file[start.map_or(0, |start| start.parse().expect("a number"))..];
                let status = if start.is_some() { "206 Partial Content" } else { "200 OK" };
                told.push(range);
                drop(told);
                match reply {
                    Reply::Bytes(count) => {
                        answer_with(&mut stream, status, rest.len(), &rest[..rest.len().min(*count)]);
                    }
                    Reply::Changed => answer_with(&mut stream, "412 Precondition Failed", 0, b""),
                }
            }
        });
        Unsteady { url, ranges }
    }

    /// Returns the `Range` of each request for the file; nothing for the whole.
    pub fn ranges(&self) -> Vec<String> {
        self.ranges.lock().expect("no test failed").clone()
    }
}

/// Reads a request to its end and returns its head.
fn read_request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).expect("text") > 0, "the request ends early: {head}");
    }
    let length = header(&head, "content-length").map_or(0, |length| length.parse().expect("a number"));
    reader.take(length).read_to_end(&mut Vec::new()).expect("a body");
    head
}

fn header(head: &str, name: &str) -> Option<String> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
}

/// Announces so many bytes, sends some, and hangs up.
fn answer_with(stream: &mut TcpStream, status: &str, length: usize, bytes: &[u8]) {
    let head =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\netag: \"1\"\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(bytes)).expect("a client that listens");
}

/// A way to a server that counts what goes in.
pub struct Door {
    pub url: String,
    passed: Arc<AtomicUsize>,
    /// Hears that the door is shut.
    pub shut: Receiver<()>,
}

impl Door {
    /// Opens a way to a server for so many bytes; what comes then waits for ever.
    pub fn open(to: &str, bytes: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (shutting, shut) = channel();
        let (passed, to) = (Arc::new(AtomicUsize::new(0)), to.trim_start_matches("http://").to_owned());
        let counted = passed.clone();
        thread::spawn(move || {
            for near in listener.incoming() {
                let near = near.expect("a connection");
                let far = TcpStream::connect(&to).expect("the server listens");
                let (back, answers) =
                    (far.try_clone().expect("a socket"), near.try_clone().expect("a socket"));
                thread::spawn(move || pass(back, answers, |_| true));
                let (counted, shutting) = (counted.clone(), shutting.clone());
                thread::spawn(move || pass(near, far, |count| admit(count, bytes, &counted, &shutting)));
            }
        });
        Door { url, passed, shut }
    }

    /// Returns how many bytes went in.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }
}

fn admit(count: usize, most: usize, passed: &AtomicUsize, shutting: &Sender<()>) -> bool {
    if passed.fetch_add(count, Ordering::SeqCst) + count <= most {
        return true;
    }
    // Nobody may listen any more.
    let _ = shutting.send(());
    false
}

/// Carries bytes from one end to the other as long as they are let through; then it holds both ends open.
fn pass(mut from: TcpStream, mut to: TcpStream, mut lets: impl FnMut(usize) -> bool) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match from.read(&mut bytes) {
            Ok(0) => return drop(to.shutdown(std::net::Shutdown::Write)),
            Ok(count) if !lets(count) => break,
            Ok(count) if to.write_all(&bytes[..count]).is_ok() => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return,
        }
    }
    loop {
        thread::park();
    }
}
