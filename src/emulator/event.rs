//! Everything worth telling about a running emulator, as a closed enum on one channel.

use std::time::Duration;

use super::logs::LogRecord;
use crate::model::clock::Millis;
use crate::model::denial::Denial;

/// Receives events; dropped events never hold up the emulator.
pub type Events = tokio::sync::broadcast::Sender<Event>;

/// How many events a slow listener may fall behind before it misses the oldest.
const BACKLOG: usize = 1024;

/// Returns a channel that nobody listens to yet.
pub fn channel() -> Events {
    Events::new(BACKLOG)
}

/// Tells an event to whoever listens.
pub fn tell(events: &Events, event: Event) {
    // An error means that nobody does.
    let _ = events.send(event);
}

/// Something happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A call of a function ended.
    Invoked {
        function: String,
        request_id: String,
        /// `None` is success, else the platform's code, such as `FUNCTIONS_TIME_LIMIT_EXCEEDED`.
        failure: Option<String>,
        /// When it ended.
        time: Millis,
        duration: Duration,
        /// How long the caller waited for a process to be ready, when one had to be started.
        cold: Option<Duration>,
        memory_bytes: u64,
    },
    /// A function, or the platform about it, said something.
    Logged(LogRecord),
    /// A function's files changed; the next call runs the new code.
    Reloaded { function: String },
    /// A function cannot be loaded; the text says why and where.
    Broken { function: String, message: String },
    /// A function was deployed and now runs from the deployed copy.
    Deployed { function: String },
    /// What a saved manifest declares is in force: its keys, such as `database.posts`.
    Declared { keys: Vec<String> },
    /// A query had no index to use. `fix` is the command that adds one.
    Scanned { collection: String, examined: u64, returned: u64, fix: String },
    /// A collection does not exist; `suggestion` is the nearest name.
    CollectionMissing { collection: String, suggestion: Option<String> },
    /// An answer was cut at the platform's limit.
    Truncated { collection: String, returned: u64, total: u64, default: u64, most: u64 },
    /// A client was denied something; it was told a code, and this is why.
    Denied(Box<Denial>),
    /// Work went on after a function had answered.
    Lingering { function: String, request_id: String },
    /// A timer fired.
    Fired { function: String, trigger: String, time: Millis },
    /// A verification code that the cloud would send to a phone or a mailbox.
    CodeSent { to: String, code: String },
    /// Something is odd, and goes on.
    Warning(crate::model::text::Text),
}

impl Event {
    /// Returns when it happened by the emulator's clock, which may have moved on since; `None` for one that is told at once.
    pub fn time(&self) -> Option<Millis> {
        match self {
            Event::Invoked { time, .. } | Event::Fired { time, .. } => Some(*time),
            Event::Logged(record) => Some(record.time),
            Event::Reloaded { .. }
            | Event::Broken { .. }
            | Event::Deployed { .. }
            | Event::Declared { .. }
            | Event::Scanned { .. }
            | Event::CollectionMissing { .. }
            | Event::Truncated { .. }
            | Event::Denied(_)
            | Event::Lingering { .. }
            | Event::CodeSent { .. }
            | Event::Warning(_) => None,
        }
    }
}
