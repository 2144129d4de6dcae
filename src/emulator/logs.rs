//! What functions said, kept in order, bounded, and searched.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::{self, Event, Events};
use crate::model::clock::Millis;

/// Lines and invocations kept; the oldest make room.
const KEPT: usize = 20_000;

/// Bytes of lines kept, whatever their number.
const KEPT_BYTES: usize = 32 << 20;

/// How serious a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// One line of a function's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogRecord {
    pub time: Millis,
    pub function: String,
    pub request_id: String,
    pub level: Level,
    pub message: String,
}

/// A call that ended, as the platform's list of calls shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationRecord {
    /// When it began.
    pub time: Millis,
    pub function: String,
    pub request_id: String,
    /// The platform's code; `None` is success.
    pub failure: Option<&'static str>,
    pub duration: Duration,
    pub memory_bytes: u64,
    /// The result or the fault's text, cut at 4 KiB.
    pub result: String,
    /// START … END … REPORT.
    pub log: String,
}

/// Which lines (or calls) are wanted; what is `None` or empty does not count.
#[derive(Debug, Clone, Default)]
pub struct Search {
    pub functions: Vec<String>,
    /// Included.
    pub since: Option<Millis>,
    /// Not included.
    pub until: Option<Millis>,
    /// Lines at least as serious.
    pub level: Option<Level>,
    pub request_id: Option<String>,
    /// A part of the message.
    pub text: Option<String>,
    pub newest_first: bool,
    /// Where a page before ended: [`Page::next`].
    pub cursor: Option<u64>,
    /// At most so many; 0 is all.
    pub limit: usize,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub found: Vec<T>,
    /// Where the next page begins; `None` when this is the last.
    pub next: Option<u64>,
}

/// The log of one environment. Clones share it.
#[derive(Clone)]
pub struct Logs {
    kept: Arc<Mutex<Kept>>,
    events: Events,
}

#[derive(Default)]
struct Kept {
    lines: Ring<LogRecord>,
    calls: Ring<InvocationRecord>,
}

/// The newest entries, numbered from the first ever on.
struct Ring<T> {
    entries: VecDeque<T>,
    /// The number of the oldest entry that is still here.
    first: u64,
    bytes: usize,
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Ring { entries: VecDeque::new(), first: 0, bytes: 0 }
    }
}

/// What a search looks at.
trait Entry: Clone {
    fn size(&self) -> usize;
    fn matches(&self, search: &Search) -> bool;
}

impl Logs {
    /// Returns an empty log that tells `events` each line.
    pub fn new(events: Events) -> Self {
        Logs { kept: Arc::default(), events }
    }

    /// Adds a line and tells it to whoever listens: [`Event::Logged`] is the live tail.
    pub fn push(&self, record: LogRecord) {
        if self.events.receiver_count() > 0 {
            event::tell(&self.events, Event::Logged(record.clone()));
        }
        self.lock().lines.push(record);
    }

    /// Adds a call that ended.
    pub fn push_invocation(&self, record: InvocationRecord) {
        self.lock().calls.push(record);
    }

    /// Returns the lines that match.
    pub fn search(&self, search: &Search) -> Page<LogRecord> {
        self.lock().lines.search(search)
    }

    /// Returns the calls that match; level and text do not count.
    pub fn invocations(&self, search: &Search) -> Page<InvocationRecord> {
        self.lock().calls.search(search)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // A panic elsewhere leaves a ring at worst one line short.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Entry> Ring<T> {
    fn push(&mut self, entry: T) {
        self.bytes += entry.size();
        self.entries.push_back(entry);
        while self.entries.len() > KEPT || (self.bytes > KEPT_BYTES && self.entries.len() > 1) {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.size();
            self.first += 1;
        }
    }

    fn search(&self, search: &Search) -> Page<T> {
        let numbered = (self.first..).zip(&self.entries);
        if search.newest_first {
            let before = search.cursor.unwrap_or(u64::MAX);
            let count = self.entries.len();
            let from_newest =
                (0..count).rev().filter_map(|at| Some((self.first + at as u64, self.entries.get(at)?)));
            page(from_newest.filter(|(number, _)| *number < before), search, |number| number)
        } else {
            let from = search.cursor.unwrap_or(0);
            page(numbered.filter(|(number, _)| *number >= from), search, |number| number + 1)
        }
    }
}

/// Takes the first `limit` entries that match; `after` turns the last one's number into the next page's cursor.
fn page<'a, T: Entry + 'a>(
    numbered: impl Iterator<Item = (u64, &'a T)>,
    search: &Search,
    after: impl Fn(u64) -> u64,
) -> Page<T> {
    let mut found = Vec::new();
    let mut last = None;
    for (number, entry) in numbered.filter(|(_, entry)| entry.matches(search)) {
        if search.limit > 0 && found.len() == search.limit {
            return Page { found, next: last.map(after) };
        }
        found.push(entry.clone());
        last = Some(number);
    }
    Page { found, next: None }
}

impl Search {
    fn admits(&self, function: &str, request_id: &str, time: Millis) -> bool {
        (self.functions.is_empty() || self.functions.iter().any(|name| name == function))
            && self.request_id.as_deref().is_none_or(|wanted| wanted == request_id)
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
    }
}

impl Entry for LogRecord {
    fn size(&self) -> usize {
        self.message.len() + self.function.len() + self.request_id.len()
    }

    fn matches(&self, search: &Search) -> bool {
        search.admits(&self.function, &self.request_id, self.time)
            && search.level.is_none_or(|level| self.level >= level)
            && search.text.as_deref().is_none_or(|text| self.message.contains(text))
    }
}

impl Entry for InvocationRecord {
    fn size(&self) -> usize {
        self.result.len() + self.log.len()
    }

    fn matches(&self, search: &Search) -> bool {
        search.admits(&self.function, &self.request_id, self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs() -> Logs {
        let logs = Logs::new(tokio::sync::broadcast::channel(16).0);
        let said = [
            (1, "login", "r1", Level::Info, "hello"),
            (2, "login", "r1", Level::Error, "it broke"),
            (3, "board", "r2", Level::Debug, "a detail"),
            (4, "login", "r3", Level::Warn, "hello again"),
        ];
        for (time, function, request_id, level, message) in said {
            let (function, request_id, message) = (function.into(), request_id.into(), message.into());
            logs.push(LogRecord { time, function, request_id, level, message });
        }
        logs
    }

    /// Compares the times of the lines found, which are their numbers here, and the cursor.
    #[track_caller]
    fn check(search: Search, times: &[Millis], next: Option<u64>) {
        let page = logs().search(&search);
        assert_eq!(page.found.iter().map(|record| record.time).collect::<Vec<_>>(), times, "{search:?}");
        assert_eq!(page.next, next, "{search:?}");
    }

    #[test]
    fn a_search_combines_its_conditions() {
        let all = Search::default;
        check(all(), &[1, 2, 3, 4], None);
        check(Search { functions: vec!["login".into()], level: Some(Level::Warn), ..all() }, &[2, 4], None);
        check(Search { since: Some(2), until: Some(4), ..all() }, &[2, 3], None);
        check(Search { request_id: Some("r1".into()), newest_first: true, ..all() }, &[2, 1], None);
        check(Search { text: Some("hello".into()), ..all() }, &[1, 4], None);
    }

    #[test]
    fn pages_follow_one_another_in_either_order() {
        let two = |newest_first, cursor| Search { limit: 2, newest_first, cursor, ..Search::default() };
        check(two(false, None), &[1, 2], Some(2));
        check(two(false, Some(2)), &[3, 4], None);
        check(two(true, None), &[4, 3], Some(2));
        check(two(true, Some(2)), &[2, 1], None);
    }

    #[test]
    fn old_lines_make_room_and_numbers_go_on() {
        let mut ring = Ring::default();
        for time in 0..(KEPT as Millis + 5) {
            let (function, request_id, message) = (String::new(), String::new(), String::new());
            ring.push(LogRecord { time, function, request_id, level: Level::Info, message });
        }
        let oldest = ring.search(&Search { limit: 1, ..Search::default() });
        assert_eq!((oldest.found.first().map(|record| record.time), oldest.next), (Some(5), Some(6)));
    }
}
