//! A small HTTP load: some connections, each asking again as soon as it is answered.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a load measured.
pub struct Measured {
    /// All that were answered, those of the warm-up too.
    pub requests: usize,
    pub requests_per_second: f64,
    pub median: Duration,
    pub p99: Duration,
}

/// Returns the bytes of a keep-alive POST of JSON.
pub fn post(path: &str, port: u16, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// One keep-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request and returns the body of its answer, which must not be a refusal.
    pub async fn ask(&mut self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(body) = complete_body(&self.buffer) {
                let refused = !self.buffer.starts_with(b"HTTP/1.1 200") || contains(body, b"\"code\":");
                assert!(!refused, "{}", String::from_utf8_lossy(&self.buffer));
                return Ok(body.to_vec());
            }
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|it| it == part)
}

/// Returns the body once it is all there: by `content-length`, or to the last chunk.
fn complete_body(bytes: &[u8]) -> Option<&[u8]> {
    let head_end = bytes.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..head_end]).ok()?.to_ascii_lowercase();
    let body = &bytes[head_end..];
    match head.lines().find_map(|line| line.strip_prefix("content-length:")) {
        Some(length) => body.get(..length.trim().parse().ok()?),
        None => body.ends_with(b"0\r\n\r\n").then_some(body),
    }
}

/// Asks the same on so many connections for so long, after a warm-up of a fifth of it.
pub async fn run(port: u16, connections: usize, request: &[u8], time: Duration) -> Measured {
    let warm = Instant::now() + time / 5;
    let end = warm + time;
    let tasks = tokio::task::LocalSet::new();
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let request = request.to_vec();
            tasks.spawn_local(async move {
                let mut connection = Connection::open(port).await.expect("the server listens");
                let (mut taken, mut requests) = (Vec::new(), 0);
                loop {
                    let start = Instant::now();
                    connection.ask(&request).await.expect("an answer");
                    requests += 1;
                    let now = Instant::now();
                    if now >= end {
                        return (taken, requests);
                    }
                    if start >= warm {
                        taken.push(now - start);
                    }
                }
            })
        })
        .collect();
    let (mut all, mut requests) = (Vec::new(), 0);
    tasks
        .run_until(async {
            for worker in workers {
                let (taken, count) = worker.await.expect("a worker that ends");
                all.extend(taken);
                requests += count;
            }
        })
        .await;
    all.sort_unstable();
    let at =
        |part: f64| all.get(((all.len() as f64 * part) as usize).min(all.len().saturating_sub(1))).copied();
    Measured {
        requests,
        requests_per_second: all.len() as f64 / time.as_secs_f64(),
        median: at(0.5).unwrap_or_default(),
        p99: at(0.99).unwrap_or_default(),
    }
}
