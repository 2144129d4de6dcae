//! Clients that misbehave, on a pipe and with a clock that leaps as soon as nothing else is to be done.

use std::sync::Arc;

use bson::doc;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::sync::CancellationToken;

use super::settling::SETTLING;
use super::*;
use crate::emulator::Emulator;
use crate::emulator::access::tests::config;
use crate::emulator::config::Config;
use crate::emulator::edge::listen;
use crate::emulator::event::Event;
use crate::emulator::principal::Principal;
use crate::emulator::realtime::{Line, Wanted};
use crate::model::clock::Clock;

/// An emulator with the collection `c`, and clients that are servers.
struct Stage {
    emulator: Emulator,
    clock: Clock,
    _folder: TempDir,
}

type Socket = WebSocketStream<DuplexStream>;

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Clock::frozen(1_700_000_000_000);
        let config = Config { clock: clock.clone(), ..config(folder.path()) };
        let emulator = Emulator::start(config).await.expect("an emulator");
        emulator.environment().database.create_collection("c").expect("a collection");
        Stage { emulator, clock, _folder: folder }
    }

    /// Connects through a pipe that holds so many bytes.
    async fn connect(&self, ticket: &str, room: usize) -> Socket {
        let (client, server) = tokio::io::duplex(room);
        let environment = Arc::clone(self.emulator.environment());
        tokio::spawn(async move {
            let reply = |request: axum::http::Request<hyper::body::Incoming>| {
                let environment = Arc::clone(&environment);
                async move { Ok(answer(&environment, request.into_parts().0).await) }
            };
            listen::converse(server, &CancellationToken::new(), reply).await;
        });
        client_async(format!("ws://localhost/?ticket={ticket}"), client).await.expect("a web socket").0
    }

    /// Connects, and watches the whole collection.
    async fn watch(&self, room: usize) -> Socket {
        let ticket = self.emulator.environment().realtime.tickets().give(&Principal::Admin);
        let mut socket = self.connect(&ticket, room).await;
        let data = json!({ "collName": "c", "query": "{}" });
        let frame = json!({ "watchId": "w", "requestId": "r", "msgType": "INIT_WATCH", "msgData": data });
        socket.send(Message::text(frame.to_string())).await.expect("sent");
        assert_eq!(hear(&mut socket).await["msgType"], "INIT_EVENT");
        socket
    }

    /// Writes a document, and has its listeners be rung at.
    fn write(&self, text: &str) {
        let environment = self.emulator.environment();
        environment.database.insert("c", None, vec![doc! { "text": text }]).expect("inserted");
        // Whoever comes finds everything told.
        let all =
            Wanted { collection: "c".into(), filter: doc! {}, sort: doc! {}, limit: None, bound: doc! {} };
        let (realtime, line) = (&environment.realtime, Arc::<Line>::default());
        let opened = realtime.open(&Principal::Admin, all.clone(), all, (Arc::clone(&line), String::new()));
        realtime.close(&opened.expect("opened").0, &line);
    }

    fn sockets(&self) -> usize {
        self.emulator.environment().realtime.sockets().len()
    }

    fn listeners(&self) -> usize {
        self.emulator.environment().realtime.listeners()
    }
}

/// Returns the next frame that is no ping.
async fn hear(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return serde_json::from_str(text.as_str()).expect("JSON"),
            Some(Ok(Message::Ping(_))) => {}
            other => panic!("{other:?} is no frame"),
        }
    }
}

/// Returns how a socket ends.
async fn end(socket: &mut Socket) -> Option<CloseFrame> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(why))) => return why,
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return None,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_open_socket_is_asked_given_up_and_forgotten() {
    let stage = Stage::new().await;
    let socket = stage.watch(1 << 20).await;
    sleep(GONE).await;
    assert_eq!((stage.sockets(), stage.listeners()), (1, 1), "it may yet answer");
    sleep(QUIET).await;
    assert_eq!((stage.sockets(), stage.listeners()), (0, 1), "it may come back");
    let mut bytes = Vec::new();
    socket.into_inner().read_to_end(&mut bytes).await.expect("an end");
    assert!(bytes.len() > 4 && bytes.chunks(2).all(|it| it == [0x89, 0]), "it was asked: {bytes:?}");
    stage.clock.advance(5 * 60_000);
    assert_eq!(stage.listeners(), 0);
    stage.emulator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_may_be_silent_for_hours() {
    let stage = Stage::new().await;
    let mut socket = stage.watch(1 << 20).await;
    let later = Instant::now() + Duration::from_secs(4 * 3600);
    let mut pings = 0;
    while let Ok(frame) = timeout_at(later, socket.next()).await {
        assert!(matches!(frame, Some(Ok(Message::Ping(_)))), "{frame:?}");
        pings += 1;
    }
    assert!(pings > 100);
    assert_eq!((stage.sockets(), stage.listeners()), (1, 1));
    stage.emulator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_log_in_is_sent_away() {
    let stage = Stage::new().await;
    let mut socket = stage.connect("", 1 << 20).await;
    let begun = Instant::now();
    assert_eq!(end(&mut socket).await.map(|it| u16::from(it.code)), Some(NOT_LOGGED_IN));
    assert!((LOGIN..LOGIN + QUIET).contains(&begun.elapsed()));
    stage.emulator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut_off_which_is_told() {
    let stage = Stage::new().await;
    let mut events = stage.emulator.events();
    let mut socket = stage.watch(512).await;
    stage.write(&"x".repeat(100_000));
    sleep(SETTLING + READING + QUIET).await;
    assert_eq!((stage.sockets(), stage.listeners()), (0, 1));
    let mut told = std::iter::from_fn(|| events.try_recv().ok());
    assert!(told.any(|it| matches!(it, Event::Warning(text) if text.en.contains("did not read"))));
    assert_eq!(end(&mut socket).await, None);
    stage.emulator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_emulator_that_stops_does_not_wait_for_who_does_not_read() {
    let stage = Stage::new().await;
    let socket = stage.watch(512).await;
    stage.write(&"x".repeat(100_000));
    sleep(SETTLING * 2).await;
    let begun = Instant::now();
    stage.emulator.stop().await;
    assert!(begun.elapsed() < READING / 2, "{:?}", begun.elapsed());
    drop(socket);
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_too_large_is_refused_by_its_length() {
    let stage = Stage::new().await;
    let mut socket = stage.watch(1 << 20).await;
    let mut head = vec![0x81, 0xff];
    head.extend((10_u64 << 20).to_be_bytes());
    head.extend([0; 4]);
    socket.get_mut().write_all(&head).await.expect("sent");
    assert_eq!(end(&mut socket).await.map(|it| u16::from(it.code)), Some(TOO_LARGE));
    stage.emulator.stop().await;
}
