//! A file of 1 GB that goes up and comes down, against nginx (where it is installed) and a copy of the file. The client is
//! the same bare socket for both servers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::process::{CLOUDKIT, Server, free_port, hello_root, status_megabytes};

const MEGABYTE: usize = 1 << 20;
const MEGABYTES: usize = 1024;
/// Each is done so often, in turn; the best counts, because what else runs here only makes it slower.
const TIMES: usize = 3;

pub fn run(_: &Runtime) {
    let root = hello_root();
    let server = Server::emulator_on(root.path(), &root.path().join(".cloudkit/data"));
    let nginx = nginx(root.path());
    let (mut ours, mut theirs, mut copies) = (Best::default(), Best::default(), Best::default());
    for _ in 0..TIMES {
        let (url, headers) = upload_place(server.port);
        ours.up(|| put(server.port, &url, &headers), Some(&server));
        ours.down(|| get(server.port, &link(server.port)), Some(&server));
        if let Some(nginx) = &nginx {
            theirs.up(|| put(nginx.port, "/large", ""), Some(nginx));
            theirs.down(|| get(nginx.port, "/large"), Some(nginx));
        }
        copies.up(|| copy(root.path()), None);
    }
    let peak = status_megabytes(server.id(), "VmHWM").unwrap_or_default();
    println!("  cloudkit   up {}   down {}   peak {peak:.0} MB", ours.up, ours.down);
    match nginx {
        Some(_) => println!(
            "  nginx      up {}   down {}   cloudkit has {:.0} % and {:.0} % of its speed (goal 70 %)",
            theirs.up,
            theirs.down,
            100.0 * ours.up.rate() / theirs.up.rate(),
            100.0 * ours.down.rate() / theirs.down.rate()
        ),
        None => println!(
            "  (there is no nginx that takes files, such as Debian's `nginx-light`; its row is left out)"
        ),
    }
    println!("  file copy     {:5.0} MB/s", copies.up.rate());
    command(root.path(), &["upload", "copy", "by-command"]);
    command(root.path(), &["download", "by-command", "back"]);
    let peak = status_megabytes(server.id(), "VmHWM").unwrap_or_default();
    println!("  emulator's peak after both commands: {peak:.0} MB");
}

/// The best so far of both directions.
#[derive(Default)]
struct Best {
    up: Way,
    down: Way,
}

/// The shortest time of one direction, and the least processor time that the server took for it.
#[derive(Default)]
struct Way {
    taken: Option<Duration>,
    processor: Option<Duration>,
}

impl Best {
    fn up(&mut self, carry: impl FnOnce() -> Duration, server: Option<&Server>) {
        self.up.measure(carry, server);
    }

    fn down(&mut self, carry: impl FnOnce() -> Duration, server: Option<&Server>) {
        self.down.measure(carry, server);
    }
}

impl Way {
    fn measure(&mut self, carry: impl FnOnce() -> Duration, server: Option<&Server>) {
        let used = || server.map(|server| server.processor_time()).map(|(own, started)| own + started);
        let before = used();
        let taken = carry();
        let processor = used().zip(before).map(|(after, before)| after.saturating_sub(before));
        self.taken = Some(self.taken.map_or(taken, |best| best.min(taken)));
        self.processor = self.processor.into_iter().chain(processor).min();
    }

    /// Megabytes a second.
    fn rate(&self) -> f64 {
        self.taken.map_or(0.0, |taken| MEGABYTES as f64 / taken.as_secs_f64())
    }
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let processor = self.processor.unwrap_or_default().as_secs_f64();
        write!(f, "{:5.0} MB/s, {processor:.2} s of processor", self.rate())
    }
}

/// Sends the file and returns what it took until the answer.
fn put(port: u16, path: &str, headers: &str) -> Duration {
    let bytes: Vec<u8> = (0..MEGABYTE).map(|at| (at * 31 % 251) as u8).collect();
    let start = Instant::now();
    let mut stream = connect(port);
    let length = MEGABYTE * MEGABYTES;
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).expect("sent");
    for _ in 0..MEGABYTES {
        stream.write_all(&bytes).expect("sent");
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    start.elapsed()
}

/// Reads the file and returns what it took.
fn get(port: u16, path: &str) -> Duration {
    let start = Instant::now();
    let mut stream = connect(port);
    let head = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    let (mut bytes, mut received) = (vec![0; MEGABYTE], 0);
    loop {
        match stream.read(&mut bytes).expect("bytes") {
            0 => break,
            count => received += count,
        }
    }
    assert!(received > MEGABYTE * MEGABYTES, "{received} bytes came");
    start.elapsed()
}

fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).expect("a server")
}

fn ask(port: u16, action: Value) -> Value {
    let body = action.to_string();
    let mut stream = connect(port);
    let head = format!(
        "POST /admin HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    serde_json::from_str::<Value>(body).expect("JSON")["data"].take()
}

fn upload_place(port: u16) -> (String, String) {
    let asked = json!({ "action": "storage.getUploadMetadata", "envName": "local", "path": "large", "method": "put" });
    let place = ask(port, asked);
    let authorization = place["authorization"].as_str().expect("an authorization");
    (path(&place["url"]), format!("authorization: {authorization}\r\n"))
}

fn link(port: u16) -> String {
    let list = json!([{ "fileid": "cloud://local.x/large" }]);
    let links =
        ask(port, json!({ "action": "storage.batchGetDownloadUrl", "envName": "local", "file_list": list }));
    path(&links["download_list"][0]["tempFileURL"])
}

fn path(url: &Value) -> String {
    let (_, rest) = url.as_str().expect("a URL").split_once("//").expect("a URL");
    rest[rest.find('/').expect("a path")..].to_owned()
}

/// Copies a file of the same size, which is made first.
fn copy(folder: &Path) -> Duration {
    let from = folder.join("copy");
    if !from.exists() {
        let bytes: Vec<u8> = (0..MEGABYTE).map(|at| (at * 17 % 253) as u8).collect();
        let mut file = std::fs::File::create(&from).expect("a file");
        (0..MEGABYTES).for_each(|_| file.write_all(&bytes).expect("room"));
    }
    let to = folder.join("copied");
    let start = Instant::now();
    std::fs::copy(&from, &to).expect("copied");
    let taken = start.elapsed();
    std::fs::remove_file(to).expect("removed");
    taken
}

fn command(folder: &Path, arguments: &[&str]) {
    let start = Instant::now();
    let mut child = Command::new(CLOUDKIT)
        .arg("storage")
        .args(arguments)
        .args(["--quiet", "--yes"])
        .current_dir(folder)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the command starts");
    let mut peak = 0.0;
    while child.try_wait().expect("a child").is_none() {
        peak = status_megabytes(child.id(), "VmHWM").unwrap_or(peak).max(peak);
        std::thread::sleep(Duration::from_millis(20));
    }
    let rate = MEGABYTES as f64 / start.elapsed().as_secs_f64();
    println!("  cloudkit storage {:8}  {rate:5.0} MB/s   peak {peak:.0} MB", arguments[0]);
}

/// Finds an nginx that takes files: by `NGINX`, by the path, or where Linux puts what is not for everybody.
fn nginx_program() -> Option<String> {
    let named = std::env::var("NGINX").ok();
    named.into_iter().chain(["nginx".to_owned(), "/usr/sbin/nginx".to_owned()]).find(|program| {
        let built = Command::new(program).arg("-V").output();
        built.is_ok_and(|it| String::from_utf8_lossy(&it.stderr).contains("http_dav_module"))
    })
}

/// Starts nginx as a server that takes and gives files.
fn nginx(folder: &Path) -> Option<Server> {
    let program = nginx_program()?;
    let (port, root) = (free_port(), folder.join("nginx"));
    std::fs::create_dir_all(root.join("files")).expect("a folder");
    let at = root.display();
    let settings = format!(
        "daemon off; worker_processes 1; user root; pid {at}/pid; error_log {at}/errors;\n\
         events {{}}\n\
         http {{ access_log off; sendfile on; client_max_body_size 0; client_body_temp_path {at}/bodies;\n\
         server {{ listen 127.0.0.1:{port}; root {at}/files; location / {{ dav_methods PUT; }} }} }}\n"
    );
    std::fs::write(root.join("settings"), settings).expect("written");
    let mut command = Command::new(program);
    command.arg("-p").arg(&root).arg("-c").arg(root.join("settings"));
    Some(Server::start(&mut command, port))
}
