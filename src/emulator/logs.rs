//! What functions said, kept in order, bounded, and searched.

mod lines;
pub mod report;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::lines::{Lines, Place};
use super::event::{self, Event, Events};
use crate::model::clock::Millis;
use crate::model::denial::Denial;
use crate::model::level::Level;

/// Invocations kept; the oldest make room.
const KEPT: usize = 4096;

/// Bytes of invocations kept, whatever their number.
const KEPT_BYTES: usize = 16 << 20;

/// How much of a line is told to those who listen, in bytes: one that is slow has a thousand of them waiting.
const TOLD: usize = 16 << 10;

/// One line of a function's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogRecord {
    pub time: Millis,
    pub function: String,
    pub request_id: String,
    pub level: Level,
    pub message: String,
    /// What the line tells, where it tells of a denial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denial: Option<Box<Denial>>,
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
    /// The megabytes that it could have.
    pub memory: u32,
    pub memory_bytes: u64,
    /// The result or the fault's text, cut at 4 KiB.
    pub result: String,
    /// What it said, a line each.
    pub said: String,
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
    /// Where what is said later begins.
    pub end: u64,
}

/// The log of one environment. Clones share it.
#[derive(Clone)]
pub struct Logs {
    kept: Arc<(Mutex<Kept>, Condvar)>,
    events: Events,
}

struct Kept {
    lines: Lines,
    /// Whether a thread is writing lines down; it tells the other half of the pair after each file.
    is_writing: bool,
    /// The oldest first.
    calls: VecDeque<InvocationRecord>,
    bytes_of_calls: usize,
}

impl Logs {
    /// Opens the log that is kept in a folder; it tells `events` each line.
    pub fn open(folder: PathBuf, events: Events) -> Self {
        let lines = Lines::open(folder);
        let kept = Kept { lines, is_writing: false, calls: VecDeque::new(), bytes_of_calls: 0 };
        Logs { kept: Arc::new((Mutex::new(kept), Condvar::new())), events }
    }

    /// Adds a line and tells it to whoever listens: [`Event::Logged`] is the live tail.
    pub fn push(&self, record: LogRecord) {
        if self.events.receiver_count() > 0 {
            let end = record.message.floor_char_boundary(TOLD);
            let message = record.message.get(..end).unwrap_or_default().to_owned();
            let (function, request_id) = (record.function.clone(), record.request_id.clone());
            let (time, level) = (record.time, record.level);
            let told = LogRecord { time, function, request_id, level, message, denial: None };
            event::tell(&self.events, Event::Logged(told));
        }
        self.keep([record]);
    }

    /// Adds lines without telling them: those about what is told by an event of its own.
    pub fn keep(&self, records: impl IntoIterator<Item = LogRecord>) {
        let mut kept = self.lock();
        records.into_iter().for_each(|record| kept.lines.push(record));
        if kept.lines.next_file().is_some() && !std::mem::replace(&mut kept.is_writing, true) {
            let logs = self.clone();
            let writer = std::thread::Builder::new().name("logs".into()).spawn(move || logs.write_down());
            if writer.is_err() {
                drop(kept);
                return self.write_down();
            }
        }
        // Where more is said than can be written, those who say it wait.
        while kept.lines.is_full() && kept.is_writing {
            kept = self.kept.1.wait(kept).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Writes files until there is none to be written. Nobody who says something waits for a disk meanwhile.
    fn write_down(&self) {
        loop {
            let mut kept = self.lock();
            let Some(writing) = kept.lines.next_file() else {
                kept.is_writing = false;
                return self.kept.1.notify_all();
            };
            drop(kept);
            let is_written = writing.write().is_ok();
            self.lock().lines.finish_file(is_written);
            self.kept.1.notify_all();
        }
    }

    /// Writes down what is in memory alone, for the next run.
    pub fn save(&self) {
        let mut kept = self.lock();
        while kept.is_writing {
            kept = self.kept.1.wait(kept).unwrap_or_else(PoisonError::into_inner);
        }
        kept.lines.seal();
        kept.is_writing = true;
        drop(kept);
        self.write_down();
    }

    /// Adds a call that ended.
    pub fn push_invocation(&self, record: InvocationRecord) {
        let mut kept = self.lock();
        kept.bytes_of_calls += record.size();
        while kept.calls.len() >= KEPT || kept.bytes_of_calls > KEPT_BYTES {
            let Some(oldest) = kept.calls.pop_front() else { break };
            kept.bytes_of_calls -= oldest.size();
        }
        kept.calls.push_back(record);
    }

    /// Returns the lines that match. It may read files, and holds up nobody who says something meanwhile.
    pub fn search(&self, search: &Search) -> Page<LogRecord> {
        // One more shows whether there is a next page.
        let most = if search.limit == 0 { usize::MAX } else { search.limit + 1 };
        let mut number = search.cursor.unwrap_or(if search.newest_first { u64::MAX } else { 0 });
        let mut found = Vec::new();
        let end = loop {
            let (place, end) = {
                let kept = self.lock();
                (kept.lines.place(search, number), kept.lines.end())
            };
            match place {
                Place::File(path, file) => {
                    found.extend(file.read(&path, search, number, most - found.len()));
                    number = if search.newest_first { file.first } else { file.end };
                }
                Place::Sealed(lines, file) => {
                    found.extend(lines);
                    number = if search.newest_first { file.first } else { file.end };
                }
                Place::Memory(lines, first) => {
                    found.extend(lines);
                    if !search.newest_first {
                        break end;
                    }
                    number = first;
                }
                Place::End => break end,
            }
            if found.len() >= most {
                break end;
            }
        };
        let next = match search.limit {
            limit @ 1.. if found.len() > limit => {
                found.truncate(limit);
                found.last().map(|(last, _)| if search.newest_first { *last } else { last + 1 })
            }
            _ => None,
        };
        Page { found: found.into_iter().map(|(_, line)| line).collect(), next, end }
    }

    /// Returns the newest calls that match, the newest first; level, text and order do not count.
    pub fn invocations(&self, search: &Search) -> Vec<InvocationRecord> {
        let most = if search.limit == 0 { usize::MAX } else { search.limit };
        let kept = self.lock();
        let found = kept.calls.iter().rev().filter(|call| call.matches(search));
        found.take(most).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // A panic elsewhere leaves the log at worst one line short.
        self.kept.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Search {
    /// Tells whether a line's number is among those from `start` on, or below it when the newest come first.
    fn admits_number(&self, start: u64, number: u64) -> bool {
        if self.newest_first { number < start } else { number >= start }
    }

    fn admits(&self, function: &str, request_id: &str, time: Millis) -> bool {
        (self.functions.is_empty() || self.functions.iter().any(|name| name == function))
            && self.request_id.as_deref().is_none_or(|wanted| wanted == request_id)
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
    }
}

impl LogRecord {
    fn size(&self) -> usize {
        let denial = self.denial.as_ref().map_or(0, |it| size_of_val(&**it) + 2 * self.message.len());
        self.message.len() + self.function.len() + self.request_id.len() + denial
    }

    fn matches(&self, search: &Search) -> bool {
        search.admits(&self.function, &self.request_id, self.time)
            && search.level.is_none_or(|level| self.level >= level)
            && search.text.as_deref().is_none_or(|text| self.message.contains(text))
    }
}

impl InvocationRecord {
    /// Returns the call's log as the platform frames it: START … END … REPORT.
    pub fn log(&self) -> String {
        report::whole(&self.request_id, &self.said, self.duration, self.memory, self.memory_bytes)
    }

    fn size(&self) -> usize {
        self.result.len() + self.said.len()
    }

    fn matches(&self, search: &Search) -> bool {
        search.admits(&self.function, &self.request_id, self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: [(Millis, &str, &str, Level, &str); 4] = [
        (1, "login", "r1", Level::Info, "hello"),
        (2, "login", "r1", Level::Error, "it broke"),
        (3, "board", "r2", Level::Debug, "a detail"),
        (4, "login", "r3", Level::Warn, "hello again"),
    ];

    fn open(folder: &std::path::Path) -> Logs {
        Logs::open(folder.join("logs"), tokio::sync::broadcast::channel(16).0)
    }

    fn line((time, function, request_id, level, message): (Millis, &str, &str, Level, &str)) -> LogRecord {
        let (function, request_id, message) = (function.into(), request_id.into(), message.into());
        LogRecord { time, function, request_id, level, message, denial: None }
    }

    /// Compares the times of the lines found, which are their numbers here, and the cursor: all in memory, some in files,
    /// all from a former run.
    #[track_caller]
    fn check(search: Search, times: &[Millis], next: Option<u64>) {
        for in_files in 0..=SAID.len() {
            let folder = tempfile::tempdir().expect("a folder");
            let mut logs = open(folder.path());
            for (at, said) in SAID.into_iter().enumerate() {
                logs.push(line(said));
                if at < in_files {
                    logs.save();
                }
            }
            if in_files == SAID.len() {
                logs = open(folder.path());
            }
            let page = logs.search(&search);
            let found: Vec<Millis> = page.found.iter().map(|record| record.time).collect();
            assert_eq!((&found[..], page.next, page.end), (times, next, 4), "{search:?} {in_files}");
        }
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
        check(two(false, Some(4)), &[], None);
        check(two(true, None), &[4, 3], Some(2));
        check(two(true, Some(2)), &[2, 1], None);
    }

    #[test]
    fn everything_is_found_in_order_and_little_of_it_is_in_memory() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = open(folder.path());
        let message = "a line of some length".repeat(8);
        for time in 0..50_000 {
            logs.push(line((time, "loud", "0f2c1a52-0000-4000-8000-000000000000", Level::Info, &message)));
            assert!(logs.lock().lines.in_memory() < 5 << 20, "of ten megabytes");
        }
        let (mut cursor, mut times) = (None, Vec::new());
        loop {
            let page = logs.search(&Search { cursor, limit: 1000, ..Search::default() });
            times.extend(page.found.iter().map(|line| line.time));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(times, (0..50_000).collect::<Vec<_>>());
    }

    #[test]
    fn the_oldest_files_make_room_and_numbers_go_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = open(folder.path());
        for time in 0..300 {
            logs.push(line((time, "f", "r", Level::Info, "said")));
            logs.save();
        }
        let oldest = logs.search(&Search { limit: 1, ..Search::default() });
        assert_eq!((oldest.found.first().map(|line| line.time), oldest.next), (Some(44), Some(45)));
        let files = std::fs::read_dir(folder.path().join("logs")).expect("a folder").count();
        assert_eq!(files, 256);
    }

    #[test]
    fn the_list_of_calls_takes_the_room_of_the_newest_and_no_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = open(folder.path());
        let call = |time, length| InvocationRecord {
            time,
            function: "f".into(),
            request_id: "r".into(),
            failure: None,
            duration: Duration::ZERO,
            memory: 256,
            memory_bytes: 0,
            result: "x".repeat(length),
            said: String::new(),
        };
        (0..10_000).for_each(|time| logs.push_invocation(call(time, 1)));
        let room = |kept: &Kept| (kept.calls.len(), kept.calls.capacity());
        assert_eq!(room(&logs.lock()), (KEPT, KEPT));
        assert_eq!(logs.invocations(&Search { limit: 1, ..Search::default() })[0].time, 9_999);
        (0..10).for_each(|time| logs.push_invocation(call(time, KEPT_BYTES / 4)));
        assert_eq!(logs.lock().calls.len(), 4, "large ones count for many");
    }

    #[test]
    fn a_folder_that_cannot_be_written_costs_the_old_lines_and_no_memory() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("logs"), "in the way").expect("a file");
        let logs = open(folder.path());
        logs.push(line(SAID[0]));
        logs.save();
        logs.push(line(SAID[1]));
        let page = logs.search(&Search::default());
        assert_eq!((page.found.len(), page.end), (1, 2));
    }
}
