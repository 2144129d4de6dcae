//! The line from the listeners to one socket: which of them have news.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Rung when a listener has news. It holds the ids of listeners, never news: whoever does not answer costs nothing.
#[derive(Debug, Default)]
pub struct Line {
    /// Each at most once, in the order of their first news.
    waiting: Mutex<Vec<String>>,
    bell: Notify,
}

impl Line {
    pub fn ring(&self, id: &str) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !waiting.iter().any(|it| it == id) {
            waiting.push(id.to_owned());
            self.bell.notify_one();
        }
    }

    /// Returns those that have news, as soon as there are some.
    pub async fn answer(&self) -> Vec<String> {
        loop {
            let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            if !waiting.is_empty() {
                return waiting;
            }
            self.bell.notified().await;
        }
    }
}
