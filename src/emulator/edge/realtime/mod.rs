//! The web socket of `watch()`: one for all listeners of a client. See `docs/wire.md#realtime`.
//!
//! [`session`] answers frames; here they come and go. A client that does not read, or is not there any more, is cut off;
//! its listeners stay for a while.

mod frame;
mod session;
mod settling;

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::target::query_value;
use crate::emulator::environment::{Environment, Shared};
use crate::emulator::event::{self, Event};
use crate::text;
use session::{Answer, Session};
use settling::Settling;

/// The largest frame of a client, in bytes.
const LARGEST: usize = 1 << 20;
/// The system reads in such pieces; there is a buffer of this size for each socket.
const READ: usize = 4 << 10;
/// How long a client may take to read what it is sent.
const READING: Duration = Duration::from_secs(10);
/// How long a client may take to read why its socket is closed.
const PARTING: Duration = Duration::from_secs(1);
/// How long a client may be silent before it is asked whether it is there.
const QUIET: Duration = Duration::from_secs(15);
/// How long it may be silent before it is given up.
const GONE: Duration = Duration::from_secs(45);
/// How long a client may take to say who it is.
const LOGIN: Duration = Duration::from_secs(30);

/// Why the socket is closed, in the clients' numbers: after 3050 they do not try again.
const NOT_LOGGED_IN: u16 = 3050;
const GOING_AWAY: u16 = 1001;
const TOO_LARGE: u16 = 1009;

/// Answers the request for a socket.
pub(super) async fn answer(environment: &Shared, mut parts: Parts) -> Response {
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let environment = Shared::clone(environment);
    let ticket = query_value(parts.uri.query().unwrap_or_default(), "ticket").unwrap_or_default();
    let session = Session::new(&environment, &ticket);
    let sockets = environment.realtime.sockets().clone();
    upgrade
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST)
        .read_buffer_size(READ)
        .write_buffer_size(0)
        .on_upgrade(move |socket| sockets.track_future(converse(environment, session, socket)))
}

async fn converse(environment: Shared, mut session: Session, mut socket: WebSocket) {
    if let Some((code, reason)) = talk(&environment, &mut session, &mut socket).await {
        let close = CloseFrame { code, reason: reason.into() };
        // It may be gone, and need not be told.
        let _ = timeout(PARTING, socket.send(Message::Close(Some(close)))).await;
    }
    session.leave();
}

/// Goes on until the client leaves, or there is a reason to end.
async fn talk(
    environment: &Shared,
    session: &mut Session,
    socket: &mut WebSocket,
) -> Option<(u16, &'static str)> {
    let line = session.line();
    let mut permissions = environment.permissions.changes();
    let mut heartbeat = interval(QUIET / 3);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let begun = Instant::now();
    let (mut heard, mut settling) = (begun, Settling::new(begun));
    loop {
        let is_settled = settling.is_over(Instant::now());
        let answers = tokio::select! {
            frame = socket.recv() => {
                heard = Instant::now();
                match frame {
                    Some(Ok(Message::Text(text))) => session.answer(text.as_str()).await,
                    Some(Ok(Message::Binary(bytes))) => session.answer(&String::from_utf8_lossy(&bytes)).await,
                    Some(Ok(Message::Pong(payload))) => {
                        if let Some(ping) = settling.hear(&payload, heard) {
                            send(environment, socket, ping).await?;
                        }
                        continue;
                    }
                    // A close is answered as the next frame is waited for: without the answer a client would come back.
                    Some(Ok(Message::Ping(_) | Message::Close(_))) => continue,
                    Some(Err(error)) if is_too_large(&error) => return Some((TOO_LARGE, "a frame has 1 MB at most")),
                    Some(Err(_)) | None => return None,
                }
            }
            ids = line.answer(), if is_settled => {
                // First what may no longer be heard.
                let mut answers = match permissions.has_changed() {
                    Ok(true) => {
                        permissions.mark_unchanged();
                        session.check_again().await
                    }
                    Ok(false) | Err(_) => Vec::new(),
                };
                answers.extend(session.news(&ids));
                answers
            }
            () = sleep_until(settling.until()), if !is_settled => {
                settling.give_up();
                continue;
            }
            Ok(()) = permissions.changed() => session.check_again().await,
            () = environment.realtime.stopping().cancelled() => return Some((GOING_AWAY, "the emulator stops")),
            _ = heartbeat.tick() => {
                if !session.is_logged_in() && begun.elapsed() > LOGIN {
                    return Some((NOT_LOGGED_IN, "NoAuthentication"));
                }
                match heard.elapsed() {
                    silent if silent > GONE => return None,
                    silent if silent > QUIET => send(environment, socket, Message::Ping(Bytes::new())).await?,
                    _ => {}
                }
                continue;
            }
        };
        for Answer { text, begins } in answers {
            send(environment, socket, Message::Text(text.into())).await?;
            if let Some(ping) = begins.then(|| settling.begin(Instant::now())).flatten() {
                send(environment, socket, ping).await?;
            }
        }
    }
}

/// Sends a message, unless the client does not take it, or the emulator stops before it does.
async fn send(environment: &Environment, socket: &mut WebSocket, message: Message) -> Option<()> {
    tokio::select! {
        biased;
        sent = timeout(READING, socket.send(message)) => {
            if sent.is_err() {
                event::tell(&environment.events, Event::Warning(text! {
                    en: "a client of `watch()` did not read what it was sent: its connection was closed",
                    zh: "一个 `watch()` 客户端没有读取发给它的消息，连接已关闭"
                }));
            }
            sent.ok()?.ok()
        }
        () = environment.realtime.stopping().cancelled() => None,
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    error.to_string().contains("too long") || error.to_string().contains("too big")
}

#[cfg(test)]
mod tests;
