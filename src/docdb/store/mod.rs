//! SQLite as an ordered store of BSON: the only SQL in the program.
//!
//! A collection is a table of numbered documents and a table from encoded `_id` to number; an index is a table of
//! (key, number). Numbers rise with insertion, so a scan by number is the natural order. This module knows bytes,
//! not fields: keys arrive encoded, documents are opaque but for their checksum.

mod catalogue;
mod checksum;
mod copy;
mod exchange;
mod group;
mod log;
mod open;
mod salvage;
mod seal;
mod view;
mod write;

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::thread::available_parallelism;

use rusqlite::Connection;
use tempfile::TempDir;

pub use catalogue::{Catalogue, Collection, Index, KeyTable};
#[cfg(test)]
pub use exchange::AFTER_EACH_STEP;
use group::Group;
pub use salvage::{Lost, Salvage, Salvaged};
pub use seal::Doubt;
use seal::Seal;
pub use view::{KeyRange, View, successor};
pub use write::Write;

use super::{Durability, Error, Result};

/// Read connections kept for the next reader; more are opened when needed and closed afterwards.
const IDLE_READERS: usize = 16;
/// Reads under way from which on none is shared among threads: the processors, or fewer. To ask for them takes a while.
static MOST_READERS: LazyLock<usize> =
    LazyLock::new(|| available_parallelism().map_or(1, usize::from).min(8));

/// An open database file.
pub struct Store {
    // Connections close before the file is sealed and the lock given back and before a temporary folder goes.
    readers: Mutex<Readers>,
    writer: Mutex<Connection>,
    catalogue: RwLock<Arc<Catalogue>>,
    /// Where a commit waits for the disk.
    group: Option<Group>,
    path: PathBuf,
    durability: Durability,
    doubt: Doubt,
    /// Commits that were in the log, behind damage.
    lost_commits: u64,
    /// What an examination of the open file found.
    damage: OnceLock<String>,
    seal: OnceLock<Seal>,
    /// Rises when the whole state is replaced.
    epoch: AtomicU64,
    /// Rises after each commit, before another writer may begin.
    commits: AtomicU64,
    /// Reads under way.
    reads: AtomicUsize,
    /// Pages of log at which the writer's next commit moves it into the file.
    checkpoint: AtomicI64,
    /// The file itself, open as long as the connections are.
    file: Mutex<File>,
    _lock: File,
    _folder: Option<TempDir>,
}

/// Connections to the present file that nobody reads by at the moment.
#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    /// How often another file has taken the place of the one before.
    exchanges: u64,
}

impl Store {
    /// Whether something else may have changed the file, so that it is to be examined.
    pub fn doubt(&self) -> &Doubt {
        &self.doubt
    }

    /// Returns how many commits were in the log of an unclean end and could not be read.
    pub fn lost_commits(&self) -> u64 {
        self.lost_commits
    }

    /// Examines a file that was too large to be examined before it served; from the moment damage is found it serves no
    /// more. `agree` looks whether indexes and documents agree.
    pub fn examine(self: &Arc<Self>, agree: impl FnOnce(&Snapshot) -> Result<()>) -> Result<()> {
        let Doubt::Later(seal) = &self.doubt else { return Ok(()) };
        if let Some(seal) = seal
            && seal::is_intact(&self.path, seal)?
        {
            return self.trust();
        }
        let snapshot = self.snapshot()?;
        match open::check(snapshot.view().connection()).and_then(|()| agree(&snapshot)) {
            Ok(()) => self.trust(),
            Err(Error::Damaged { detail }) => {
                seal::condemn(&self.path)?;
                Err(Error::Damaged { detail: self.damage.get_or_init(|| detail).clone() })
            }
            Err(error) => Err(error),
        }
    }

    fn refuse_if_damaged(&self) -> Result<()> {
        match self.damage.get() {
            None => Ok(()),
            Some(detail) => Err(Error::Damaged { detail: detail.clone() }),
        }
    }

    /// Notes that the file is good: it will be sealed when it is closed.
    pub fn trust(&self) -> Result<()> {
        if self.durability != Durability::Ephemeral {
            let _ = self.seal.set(Seal::lift(&self.path)?);
        }
        Ok(())
    }

    /// Opens a read of the state of the last commit.
    pub fn snapshot(self: &Arc<Self>) -> Result<Snapshot> {
        let (epoch, commits) = (self.epoch(), self.commits.load(Ordering::Acquire));
        // A change of the catalogue is committed and published, and the file exchanged, under the write lock: file, state
        // and catalogue agree here.
        let catalogue = self.catalogue.read().unwrap_or_else(PoisonError::into_inner);
        self.refuse_if_damaged()?;
        let mut readers = lock(&self.readers);
        let (idle, exchanges) = (readers.idle.pop(), readers.exchanges);
        drop(readers);
        let connection = match idle {
            Some(connection) => connection,
            None => open::reader(&self.path, self.durability)?,
        };
        connection.prepare_cached("BEGIN")?.execute([])?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        let snapshot = Snapshot {
            catalogue: Arc::clone(&catalogue),
            connection: Some(connection),
            epoch,
            commits,
            exchanges,
            store: Arc::clone(self),
        };
        // SQLite takes its snapshot at the first read.
        snapshot.view().touch()?;
        Ok(snapshot)
    }

    /// Returns how often the whole state was replaced.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Starts the one write of this moment; waits for the one before it.
    pub fn write(&self) -> Result<Write<'_>> {
        let writer = lock(&self.writer);
        self.refuse_if_damaged()?;
        Write::begin(self, writer)
    }

    /// Returns the collections and indexes of the last commit.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A consistent read of one commit's state. It holds a connection: drop it soon.
pub struct Snapshot {
    catalogue: Arc<Catalogue>,
    connection: Option<Connection>,
    epoch: u64,
    /// The commits that it holds at least.
    commits: u64,
    /// Tells which file the connection belongs to.
    exchanges: u64,
    store: Arc<Store>,
}

impl Snapshot {
    pub fn view(&self) -> View<'_> {
        let connection = self.connection.as_ref();
        View::of(self, connection.expect("a snapshot keeps its connection until it is dropped"))
    }

    /// Opens more reads of exactly this state, for as many threads as the processors not reading yet; none when there is a
    /// newer state, or a write is under way.
    fn peers(&self) -> Vec<Snapshot> {
        let most = *MOST_READERS;
        // Nothing is committed meanwhile.
        let Ok(_writer) = self.store.writer.try_lock() else { return Vec::new() };
        if self.commits != self.store.commits.load(Ordering::Acquire) || !self.is_of_now() {
            return Vec::new();
        }
        let free = most.saturating_sub(self.store.reads.load(Ordering::Relaxed));
        (0..free).map_while(|_| self.store.snapshot().ok()).collect()
    }

    pub fn collection(&self, name: &str) -> Result<Arc<Collection>> {
        self.catalogue.collection(name)
    }

    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Whether no other state has been put in place of the one this belongs to.
    pub fn is_of_now(&self) -> bool {
        self.epoch == self.store.epoch()
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.store.reads.fetch_sub(1, Ordering::Relaxed);
        let Some(connection) = self.connection.take() else { return };
        let ended = connection.prepare_cached("ROLLBACK").and_then(|mut it| it.execute([])).is_ok();
        let mut readers = lock(&self.store.readers);
        if ended && readers.exchanges == self.exchanges && readers.idle.len() < IDLE_READERS {
            readers.idle.push(connection);
        }
    }
}

/// Takes a lock whose holder may have panicked: what it guards is rolled back or replaced whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
