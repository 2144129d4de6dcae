//! A listener: one `watch()`, and how far it was told.

use std::sync::Arc;

use super::group::Group;
use super::line::Line;
use super::message::Message;
use super::view::Wanted;
use crate::api::data::Failure;
use crate::emulator::principal::Principal;

/// How many bytes of events one message holds before the rest waits for the next.
pub(super) const MESSAGE: usize = 256 << 10;

/// One `watch()`.
pub(super) struct Listener {
    pub principal: Principal,
    /// What was asked, before any permission.
    pub asked: Wanted,
    /// Names its group.
    pub collection: String,
    pub key: Vec<u8>,
    /// The step of the journal that it calls its event 0; steps before its time have negative numbers there.
    pub origin: i64,
    /// The step up to which it was told.
    pub read: u64,
    /// Its first event that can be told again.
    pub oldest: i64,
    /// Where it is told.
    pub socket: Option<(Arc<Line>, String)>,
    /// Why nothing comes any more.
    pub ended: Option<Failure>,
}

impl Listener {
    /// Returns the client's id of the listener, if it is told on this socket.
    pub fn watch_on(&self, line: &Arc<Line>) -> Option<String> {
        self.socket.as_ref().filter(|(it, _)| Arc::ptr_eq(it, line)).map(|(_, watch_id)| watch_id.clone())
    }

    /// Returns the message of what is yet to be told, as far as one holds it; nothing when part of it is gone.
    pub fn told(&mut self, id: &str, group: &Group) -> Option<String> {
        let mut message = Message::new(id);
        self.tell(&mut message, group, MESSAGE).then(|| message.finish(self.read as i64 - self.origin))
    }

    /// Adds what is yet to be told, until there are so many bytes; returns whether all of it was there.
    pub fn tell(&mut self, message: &mut Message, group: &Group, most: usize) -> bool {
        let Some(steps) = group.journal.after(self.read) else { return false };
        for (step, events) in steps {
            if message.len() > most {
                break;
            }
            self.read = step;
            events.iter().for_each(|it| message.add(step as i64 - self.origin, it));
        }
        true
    }
}
