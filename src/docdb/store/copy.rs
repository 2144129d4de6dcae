//! A state of the file set aside, and brought back: both at about the speed of copying it.

use std::fs::{self, File};
use std::io::{self, Seek};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::open::{beside, check, prepare_format};
use super::seal::EXAMINED_AT_OPEN;
use super::{Catalogue, Snapshot, Store, lock, seal};
use crate::docdb::{Error, Result};

/// A saved state of more bytes is copied beside the file rather than written over it page by page, which costs each of them
/// twice: in the log and in the file. What the exchange itself costs is not felt then.
const LARGE: u64 = 8 << 20;
/// Pages brought back between two looks at how many are left.
const PAGES: i32 = 4096;
/// How long a connection waits for a lock, from the start on.
const PATIENCE: Duration = Duration::from_secs(5);

impl Store {
    /// Copies the state of the last commit into a new file. Writers wait meanwhile, readers do not.
    pub fn save(&self, to: &Path) -> Result<()> {
        let writer = lock(&self.writer);
        // Only the writer's connection moves the log into the file, so neither changes while it is held. What a reader
        // of an older state keeps from being moved is copied with the log.
        let is_whole = is_moved(&writer)?;
        copy(&lock(&self.file), to)?;
        if !is_whole {
            // SQLite holds no lock on the log itself: it may be opened and closed.
            copy(&File::open(beside(&self.path, "-wal"))?, &beside(to, "-wal"))?;
        }
        drop(writer);
        fold(to)?;
        Ok(seal::put(to)?)
    }

    /// Puts a saved state in place of the present one, in one commit; then calls `then` with the state before, and only
    /// then may another writer begin.
    /// Readers keep the state they began with. Indexes and collections are those of the saved state.
    ///
    /// # Errors
    /// The file is damaged, not ours, or of a newer format. Nothing is changed then.
    pub fn restore(self: &Arc<Self>, from: &Path, then: impl FnOnce(Snapshot) -> Result<()>) -> Result<()> {
        let source = saved(from)?;
        let catalogue = Catalogue::load(&source)?;
        let is_large = fs::metadata(from)?.len() > LARGE;
        let mut writer = lock(&self.writer);
        let before = self.snapshot()?;
        // Some systems give no name away that is in use.
        let exchange = cfg!(unix) && is_large && is_moved(&writer)?;
        if exchange {
            self.exchange(&mut writer, from, catalogue)?;
        } else {
            refuse_changed(from)?;
            self.write_over(&mut writer, &source, catalogue)?;
        }
        self.turn();
        then(before)?;
        if is_large && !exchange {
            empty_log(&writer)?;
        }
        let Some(group) = &self.group else { return Ok(()) };
        let commit = group.commit();
        drop(writer);
        Ok(group.wait(commit)?)
    }
}

impl Store {
    /// Writes the pages of a saved state over those of the file, in one commit.
    fn write_over(&self, writer: &mut Connection, source: &Connection, catalogue: Catalogue) -> Result<()> {
        let backup = Backup::new(source, writer)?;
        while step(&backup, PAGES)? && backup.progress().remaining > PAGES {}
        // The last pages are the commit, and with them the catalogue changes.
        let mut published = self.catalogue.write().unwrap_or_else(PoisonError::into_inner);
        while step(&backup, -1)? {}
        *published = catalogue.into();
        Ok(())
    }

    /// Begins another epoch: what was begun in an earlier one must not be committed. Called after the commit that makes
    /// it: a transaction that began in between is refused without need, never the reverse.
    pub fn turn(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }
}

/// Moves the log into the file, as far as no reader keeps an older state; returns whether all of it is there now.
fn is_moved(writer: &Connection) -> Result<bool> {
    Ok(writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        let (busy, pages, moved): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(!busy && pages <= moved)
    })?)
}

/// Moves the log into the file and makes it short again. No reader is waited for: while one keeps an older state, the log
/// stays as it is until a later commit.
fn empty_log(writer: &Connection) -> Result<()> {
    writer.busy_timeout(Duration::ZERO)?;
    let moved = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    writer.busy_timeout(PATIENCE)?;
    Ok(moved?)
}

/// Copies pages; returns whether there are more.
fn step(backup: &Backup<'_, '_>, pages: i32) -> Result<bool> {
    match backup.step(pages)? {
        StepResult::Done => Ok(false),
        StepResult::More => Ok(true),
        _ => Err(Error::Locked),
    }
}

/// Copies a file that stays open: closing it would take SQLite's locks with it (POSIX). Where the file system can, the
/// copy shares the blocks of the original.
pub(super) fn copy(mut from: &File, to: &Path) -> io::Result<()> {
    from.rewind()?;
    io::copy(&mut from, &mut File::create_new(to)?).map(|_| ())
}

/// Makes one file of a copy and its log.
fn fold(path: &Path) -> Result<()> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(())
}

/// Opens a saved state for reading.
fn saved(path: &Path) -> Result<Connection> {
    let size = fs::metadata(path)?.len();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    if size == 0 {
        return Err(Error::Damaged { detail: "it is empty".into() });
    }
    prepare_format(&connection)?;
    if size <= EXAMINED_AT_OPEN {
        check(&connection)?;
    }
    Ok(connection)
}

/// Refuses a saved state that is not what it was when it was saved.
pub(super) fn refuse_changed(path: &Path) -> Result<()> {
    match seal::is_broken(path)? {
        true => Err(Error::Damaged { detail: "it has changed since it was saved".into() }),
        false => Ok(()),
    }
}
