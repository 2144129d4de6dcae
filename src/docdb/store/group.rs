//! Group commit: one flush of the log makes all commits before it safe from a power cut.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::open::flush_names;

/// The log of an open database, flushed by whoever commits first for all who wait.
///
/// SQLite itself then need not flush at each commit: it appends to the log, and that is what is flushed here.
pub struct Group {
    state: Mutex<State>,
    flushed: Condvar,
}

struct State {
    log: Arc<File>,
    /// Commits so far.
    commits: u64,
    /// The commits known to be on the disk.
    safe: u64,
    flushing: bool,
}

impl Group {
    pub fn open(log: &Path) -> io::Result<Self> {
        let state = State { log: open(log)?, commits: 0, safe: 0, flushing: false };
        Ok(Group { state: Mutex::new(state), flushed: Condvar::new() })
    }

    /// Goes over to another log; what is in the one before is on the disk, or in vain.
    pub fn follow(&self, log: &Path) -> io::Result<()> {
        let log = open(log)?;
        self.lock().log = log;
        Ok(())
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
            let (commits, log) = (state.commits, Arc::clone(&state.log));
            drop(state);
            let outcome = log.sync_data();
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

fn open(log: &Path) -> io::Result<Arc<File>> {
    // Written to by nobody here: some systems flush only what may be written.
    let file = OpenOptions::new().append(true).create(true).open(log)?;
    flush_names(log)?;
    Ok(Arc::new(file))
}
