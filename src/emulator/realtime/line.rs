//! The line from the listeners to one socket: which of them have news.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Rung when a listener has news. It holds the ids of listeners, never news: whoever does not answer costs nothing.
#[derive(Debug, Default)]
pub struct Line {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// In the order of their first news.
    ids: Vec<String>,
    /// The same: a socket may have a thousand listeners, and all of them news.
    known: HashSet<String>,
}

impl Line {
    pub fn ring(&self, id: &str) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.known.insert(id.to_owned()) {
            waiting.ids.push(id.to_owned());
            self.bell.notify_one();
        }
    }

    /// Returns those that have news, as soon as there are some.
    pub async fn answer(&self) -> Vec<String> {
        loop {
            let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            if !waiting.ids.is_empty() {
                return waiting.ids;
            }
            self.bell.notified().await;
        }
    }
}
