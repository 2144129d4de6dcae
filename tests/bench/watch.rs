//! A write that many hear: listeners on one collection, against a bare broadcast over `ws` in Node. The client is the
//! same for both: it stops its clock when a listener has read the message, so that its own work counts for both.

use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinSet, LocalSet};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use super::load::{Connection, post};
use super::process::{Server, free_port, hello_root, millis, peers, status_megabytes};

const LISTENERS: [usize; 3] = [1, 100, 1000];
/// Writes that are measured, and those before them.
const WRITES: usize = 200;
const WARM: usize = 20;

pub fn run(runtime: &Runtime) {
    let root = hello_root();
    let server = Server::emulator(root.path());
    runtime.block_on(async {
        let mut connection = Connection::open(server.port).await.expect("it listens");
        let add = r#"{"action":"database.addCollection","envName":"local","collectionName":"messages"}"#;
        connection.ask(&post("/admin", server.port, add)).await.expect("a collection");
    });
    let peer = peers().map(|folder| {
        Server::start(Command::new("node").arg("broadcast.js").current_dir(folder), free_port())
    });
    println!("  (goal: 1000 listeners hear within 100 ms)");
    for listeners in LISTENERS {
        let work = LocalSet::new();
        let ours = work.block_on(runtime, measure(&server, listeners, &Watched));
        report("cloudkit", listeners, &ours, None);
        if let Some(peer) = &peer {
            let theirs = LocalSet::new().block_on(runtime, measure(peer, listeners, &Broadcast));
            report("ws broadcast", listeners, &theirs, Some(&ours));
        }
    }
}

/// One of the two that are compared.
trait Subject {
    /// Makes ready for listeners of one room, and returns their address.
    async fn prepare(&self, connection: &mut Connection, port: u16) -> String;
    /// Returns what a listener says first; it is answered.
    fn first(&self, room: usize) -> Option<String>;
    /// Returns the request that all of a room hear of.
    fn write(&self, port: u16, room: usize, number: usize) -> Vec<u8>;
}

struct Watched;

impl Subject for Watched {
    async fn prepare(&self, connection: &mut Connection, port: u16) -> String {
        let mut ask = async |action: Value| {
            let answer = connection.ask(&post("/admin", port, &action.to_string())).await.expect("an answer");
            serde_json::from_slice::<Value>(&answer).expect("JSON")
        };
        let ticket = ask(json!({ "action": "auth.wsWebSign", "envName": "local" })).await;
        ticket["data"]["wsUrl"].as_str().expect("an address").to_owned()
    }

    fn first(&self, room: usize) -> Option<String> {
        let data =
            json!({ "envId": "local", "collName": "messages", "query": json!({ "room": room }).to_string() });
        Some(
            json!({ "watchId": "w", "requestId": "1", "msgType": "INIT_WATCH", "msgData": data }).to_string(),
        )
    }

    fn write(&self, port: u16, room: usize, number: usize) -> Vec<u8> {
        let action = json!({
            "action": "database.insertDocument", "envName": "local", "collectionName": "messages",
            "data": [message(room, number)],
        });
        post("/admin", port, &action.to_string())
    }
}

struct Broadcast;

impl Subject for Broadcast {
    async fn prepare(&self, _: &mut Connection, port: u16) -> String {
        format!("ws://127.0.0.1:{port}/")
    }

    fn first(&self, _: usize) -> Option<String> {
        None
    }

    fn write(&self, port: u16, room: usize, number: usize) -> Vec<u8> {
        post("/", port, &message(room, number))
    }
}

fn message(room: usize, number: usize) -> String {
    json!({ "room": room, "number": number, "text": "x".repeat(200) }).to_string()
}

/// What was measured, each in order.
struct Measured {
    /// From before the write was sent until a listener had read of it.
    each: Vec<Duration>,
    /// Until the last of them had.
    all: Vec<Duration>,
    kilobytes_per_listener: f64,
}

async fn measure(server: &Server, listeners: usize, subject: &impl Subject) -> Measured {
    let mut connection = Connection::open(server.port).await.expect("it listens");
    let url = subject.prepare(&mut connection, server.port).await;
    let resident = || status_megabytes(server.id(), "RssAnon").unwrap_or(f64::NAN);
    let before = resident();
    let (told, mut heard) = unbounded_channel();
    let mut open = JoinSet::new();
    for _ in 0..listeners {
        open.spawn_local(listen(server.port, url.clone(), subject.first(listeners), told.clone()));
        // Its first answer.
        next(&mut heard).await;
    }
    let kilobytes_per_listener = (resident() - before) * 1024.0 / listeners as f64;
    let (mut each, mut all) = (Vec::new(), Vec::new());
    for number in 0..WARM + WRITES {
        let write = subject.write(server.port, listeners, number);
        let start = Instant::now();
        connection.ask(&write).await.expect("an answer");
        let mut taken = Vec::with_capacity(listeners);
        for _ in 0..listeners {
            taken.push(next(&mut heard).await - start);
        }
        if number >= WARM {
            all.extend(taken.iter().max());
            each.extend(taken);
        }
    }
    each.sort_unstable();
    all.sort_unstable();
    Measured { each, all, kilobytes_per_listener }
}

async fn next(heard: &mut UnboundedReceiver<Instant>) -> Instant {
    heard.recv().await.expect("a listener")
}

/// Listens, and tells the time of each message.
async fn listen(port: u16, url: String, first: Option<String>, told: UnboundedSender<Instant>) {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let (mut socket, _) = client_async(url, stream).await.expect("a web socket");
    if let Some(first) = first {
        socket.send(Message::text(first)).await.expect("sent");
    }
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = message {
            let now = Instant::now();
            assert!(!text.as_str().contains("ERROR"), "{text}");
            told.send(now).expect("somebody counts");
        }
    }
}

fn report(name: &str, listeners: usize, measured: &Measured, ours: Option<&Measured>) {
    let at = |times: &[Duration], part: usize| millis(times[(times.len() * part / 100).min(times.len() - 1)]);
    let Measured { each, all, kilobytes_per_listener } = measured;
    let ratio = ours.map(|it| format!("   cloudkit takes {:.2} ×", at(&it.all, 50) / at(all, 50)));
    println!(
        "  {listeners:4} listeners  {name:12}  p50 {:.2} ms   p99 {:.2} ms   all: p50 {:.2} ms, p99 {:.2} ms   {kilobytes_per_listener:.0} KB each{}",
        at(each, 50),
        at(each, 99),
        at(all, 50),
        at(all, 99),
        ratio.unwrap_or_default()
    );
}
