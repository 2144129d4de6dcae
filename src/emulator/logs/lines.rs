//! The lines of one log in order: the newest in memory, those before them in files, the oldest let go.
//!
//! A file is JSON Lines and never changes. Its name says which lines it has and of what time, so that the folder's
//! listing is the index; the lines of a former run are found again, but for the last ones of a run that was killed.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{LogRecord, Search};
use crate::model::clock::Millis;

/// Bytes of lines in memory; then they become a file.
const FILE: usize = 1 << 20;

/// Files that may wait to be written.
const WAITING: usize = 3;

/// Files kept, and so about as many megabytes.
const FILES: usize = 256;

pub(super) struct Lines {
    folder: PathBuf,
    files: VecDeque<File>,
    /// What is to be written, or is being written.
    sealed: VecDeque<Sealed>,
    newest: Vec<LogRecord>,
    /// The number of the first of the newest. Invariant: the sealed lines have smaller ones and those of the files smaller
    /// ones still, in order.
    first: u64,
    bytes: usize,
}

/// Lines that were written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct File {
    pub first: u64,
    /// The number after its last line's.
    pub end: u64,
    oldest: Millis,
    newest: Millis,
}

/// Lines that are about to be a file.
#[derive(Clone)]
pub(super) struct Sealed {
    path: PathBuf,
    file: File,
    lines: Arc<Vec<LogRecord>>,
}

/// Where a search goes on.
pub(super) enum Place {
    /// In a file, which is read without holding anybody up.
    File(PathBuf, File),
    /// In lines that are being written, where these were found.
    Sealed(Vec<(u64, LogRecord)>, File),
    /// In memory, where these were found, in the order of the search; the number is that of the first line there.
    Memory(Vec<(u64, LogRecord)>, u64),
    End,
}

impl Lines {
    /// Finds what a former run left.
    pub fn open(folder: PathBuf) -> Self {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut files: Vec<File> =
            entries.filter_map(|entry| File::named(entry.file_name().to_str()?)).collect();
        files.sort_unstable_by_key(|file| file.first);
        let first = files.last().map_or(0, |file| file.end);
        Lines { folder, files: files.into(), sealed: VecDeque::new(), newest: Vec::new(), first, bytes: 0 }
    }

    pub fn push(&mut self, line: LogRecord) {
        self.bytes += line.size();
        self.newest.push(line);
        if self.bytes >= FILE {
            self.seal();
        }
    }

    /// Returns the number the next line gets.
    pub fn end(&self) -> u64 {
        self.first + self.newest.len() as u64
    }

    /// Bytes of what is not in a file yet.
    #[cfg(test)]
    pub fn in_memory(&self) -> usize {
        self.bytes + self.sealed.iter().flat_map(|it| it.lines.iter()).map(LogRecord::size).sum::<usize>()
    }

    /// Makes what will be a file of the newest lines.
    pub fn seal(&mut self) {
        let times = self.newest.iter().map(|line| line.time);
        let (Some(oldest), Some(newest)) = (times.clone().min(), times.max()) else { return };
        let file = File { first: self.first, end: self.end(), oldest, newest };
        let (path, lines) = (self.folder.join(file.name()), Arc::new(std::mem::take(&mut self.newest)));
        self.sealed.push_back(Sealed { path, file, lines });
        self.first = file.end;
        self.bytes = 0;
    }

    /// Returns the oldest lines that are to be written.
    pub fn next_file(&self) -> Option<Sealed> {
        self.sealed.front().cloned()
    }

    /// Tells whether as much waits to be written as may.
    pub fn is_full(&self) -> bool {
        self.sealed.len() >= WAITING
    }

    /// Lets the oldest lines to be written go from memory. Where nothing can be written, memory stays bounded all the same.
    pub fn finish_file(&mut self, is_written: bool) {
        let sealed = self.sealed.pop_front();
        self.files.extend(sealed.filter(|_| is_written).map(|it| it.file));
        while self.files.len() > FILES
            && let Some(oldest) = self.files.pop_front()
        {
            // What cannot be removed takes room and does no harm.
            let _ = fs::remove_file(self.folder.join(oldest.name()));
        }
    }

    /// Returns where a search finds lines from this number on, or before it when the newest come first.
    pub fn place(&self, search: &Search, number: u64) -> Place {
        let of_time = |file: &&File| {
            search.since.is_none_or(|since| file.newest >= since)
                && search.until.is_none_or(|until| file.oldest < until)
        };
        let sealed = self.sealed.iter().map(|it| &it.file);
        let mut older = self.files.iter().chain(sealed).filter(of_time);
        let file = match search.newest_first {
            true if number > self.first && !self.newest.is_empty() => None,
            true => match older.rfind(|file| file.first < number) {
                None => return Place::End,
                found => found,
            },
            false => older.find(|file| file.end > number),
        };
        match file {
            Some(file) => match self.sealed.iter().find(|it| it.file == *file) {
                Some(Sealed { lines, .. }) => Place::Sealed(found(lines, file.first, search, number), *file),
                None => Place::File(self.folder.join(file.name()), *file),
            },
            None => Place::Memory(found(&self.newest, self.first, search, number), self.first),
        }
    }
}

/// Returns what a search finds in lines of which the first has the number `first`, in its order.
fn found(lines: &[LogRecord], first: u64, search: &Search, number: u64) -> Vec<(u64, LogRecord)> {
    let found = (first..).zip(lines);
    let found = found.filter(|(it, line)| search.admits_number(number, *it) && line.matches(search));
    let mut found: Vec<_> = found.map(|(number, line)| (number, line.clone())).collect();
    if search.newest_first {
        found.reverse();
    }
    found
}

impl Sealed {
    /// Writes the file.
    pub fn write(&self) -> std::io::Result<()> {
        let mut text = Vec::with_capacity(2 * FILE);
        for line in &*self.lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.path, text)
    }
}

impl File {
    fn name(&self) -> String {
        let File { first, end, oldest, newest } = self;
        format!("{first:012}-{end:012}-{oldest}-{newest}.jsonl")
    }

    fn named(name: &str) -> Option<File> {
        let mut parts = name.strip_suffix(".jsonl")?.splitn(4, '-');
        let file = File {
            first: parts.next()?.parse().ok()?,
            end: parts.next()?.parse().ok()?,
            oldest: parts.next()?.parse().ok()?,
            newest: parts.next()?.parse().ok()?,
        };
        (file.first < file.end).then_some(file)
    }

    /// Reads what a search finds from this number on, at most so many lines, in its order. A file that has just made room
    /// has none.
    pub fn read(&self, path: &Path, search: &Search, number: u64, most: usize) -> Vec<(u64, LogRecord)> {
        let text = fs::read_to_string(path).unwrap_or_default();
        let lines = (self.first..).zip(text.lines()).filter(|(it, _)| search.admits_number(number, *it));
        let read = |(number, line): (u64, &str)| {
            let line: LogRecord = serde_json::from_str(line).ok()?;
            line.matches(search).then_some((number, line))
        };
        match search.newest_first {
            true => lines.collect::<Vec<_>>().into_iter().rev().filter_map(read).take(most).collect(),
            false => lines.filter_map(read).take(most).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_its_index() {
        let file = File { first: 7, end: 12, oldest: 1_700_000_000_000, newest: 1_700_000_001_000 };
        assert_eq!(File::named(&file.name()), Some(file));
        for name in ["readme.txt", "1-2-3.jsonl", "2-2-3-4.jsonl", "a-2-3-4.jsonl"] {
            assert_eq!(File::named(name), None, "{name}");
        }
    }
}
