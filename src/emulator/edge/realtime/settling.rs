//! Whether a client has worked through what it was told of its new listeners: until then it drops their news.
//!
//! A ping asks for it, answered when all before it was read. There is one at a time: libraries of clients cut off whoever
//! sends them many (`docs/wire.md#realtime`).

use std::time::Duration;

use axum::extract::ws::Message;
use bytes::Bytes;
use tokio::time::Instant;

/// How long news waits at most for a client to have read the first answer of a listener.
pub(super) const SETTLING: Duration = Duration::from_secs(1);

pub(super) struct Settling {
    /// News waits until then.
    until: Instant,
    /// What the newest ping holds.
    ping: u32,
    /// Whether it is yet to be answered.
    is_asked: bool,
    /// Whether another listener has begun since.
    asks_again: bool,
}

impl Settling {
    pub fn new(now: Instant) -> Self {
        Settling { until: now, ping: 0, is_asked: false, asks_again: false }
    }

    pub fn until(&self) -> Instant {
        self.until
    }

    pub fn is_over(&self, now: Instant) -> bool {
        self.until <= now
    }

    /// A listener has begun; returns what is to be sent after its first answer.
    pub fn begin(&mut self, now: Instant) -> Option<Message> {
        self.until = now + SETTLING;
        self.asks_again = self.is_asked;
        (!self.is_asked).then(|| self.ask())
    }

    /// A pong has come; returns what is to be sent.
    pub fn hear(&mut self, pong: &[u8], now: Instant) -> Option<Message> {
        if !self.is_asked || pong != self.ping.to_be_bytes() {
            return None;
        }
        self.is_asked = false;
        if std::mem::take(&mut self.asks_again) {
            return Some(self.ask());
        }
        self.until = now;
        None
    }

    /// The client has not answered in time.
    pub fn give_up(&mut self) {
        (self.is_asked, self.asks_again) = (false, false);
    }

    fn ask(&mut self) -> Message {
        self.ping = self.ping.wrapping_add(1);
        self.is_asked = true;
        Message::Ping(Bytes::copy_from_slice(&self.ping.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(ping: Option<Message>) -> Bytes {
        match ping {
            Some(Message::Ping(payload)) => payload,
            other => panic!("{other:?} is no ping"),
        }
    }

    #[test]
    fn many_listeners_are_asked_for_by_one_ping_and_one_more() {
        let now = Instant::now();
        let mut settling = Settling::new(now);
        assert!(settling.is_over(now));
        let first = payload(settling.begin(now));
        for _ in 0..100 {
            assert!(settling.begin(now).is_none());
        }
        assert!(
            settling.hear(b"", now).is_none() && !settling.is_over(now),
            "a heartbeat's answer says nothing"
        );
        let second = payload(settling.hear(&first, now));
        assert!(settling.hear(&first, now).is_none() && !settling.is_over(now), "it was answered before");
        assert!(settling.hear(&second, now).is_none() && settling.is_over(now));
    }

    #[test]
    fn who_does_not_answer_is_not_waited_for() {
        let now = Instant::now();
        let later = now + SETTLING;
        let mut settling = Settling::new(now);
        let late = payload(settling.begin(now));
        assert!(settling.is_over(later));
        settling.give_up();
        let next = payload(settling.begin(later));
        assert!(
            settling.hear(&late, later).is_none() && !settling.is_over(later),
            "it was about those before"
        );
        assert!(settling.hear(&next, later).is_none() && settling.is_over(later));
    }
}
