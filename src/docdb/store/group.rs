//! Group commit: one flush of the log makes all commits before it safe from a power cut.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The log of an open database, flushed by whoever commits first for all who wait.
///
/// SQLite itself then need not flush at each commit: it appends to the log, and that is what is flushed here.
pub struct Group {
    log: File,
    state: Mutex<State>,
    flushed: Condvar,
}

#[derive(Default)]
struct State {
    /// Commits so far.
    commits: u64,
    /// The commits known to be on the disk.
    safe: u64,
    flushing: bool,
}

impl Group {
    pub fn open(log: &Path) -> io::Result<Self> {
        // Written to by nobody here: some systems flush only what may be written.
        let file = OpenOptions::new().append(true).create(true).open(log)?;
        // The names of new files are kept by their folder, where a folder can be flushed.
        #[cfg(unix)]
        if let Some(folder) = log.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Group { log: file, state: Mutex::default(), flushed: Condvar::new() })
    }

    /// Counts a commit; called before another writer may begin.
    pub fn commit(&self) -> u64 {
        let mut state = self.lock();
        state.commits += 1;
        state.commits
    }

    /// Returns when a commit is on the disk.
    pub fn wait(&self, commit: u64) -> io::Result<()> {
        let mut state = self.lock();
        while state.safe < commit {
            if state.flushing {
                state = self.flushed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.flushing = true;
            let commits = state.commits;
            drop(state);
            let outcome = self.log.sync_data();
            state = self.lock();
            state.flushing = false;
            self.flushed.notify_all();
            outcome?;
            state.safe = commits;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
