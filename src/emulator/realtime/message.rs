//! What a listener is told at a time.

use std::fmt::Write;

use super::event::Event;

/// The `msgData` of `INIT_EVENT` and `NEXT_EVENT` in the making.
pub(super) struct Message {
    query: String,
    events: String,
}

impl Message {
    pub fn new(query: &str) -> Self {
        Message { query: query.to_owned(), events: String::new() }
    }

    pub fn add(&mut self, number: i64, event: &Event) {
        let comma = if self.events.is_empty() { "" } else { "," };
        write!(self.events, r#"{comma}{{"ID":{number},{event}}}"#).expect("a string takes all text");
    }

    /// Returns how many bytes of events it holds.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub fn finish(self, current: i64) -> String {
        let Message { query, events } = self;
        format!(r#"{{"queryID":"{query}","currEvent":{current},"events":[{events}]}}"#)
    }
}
