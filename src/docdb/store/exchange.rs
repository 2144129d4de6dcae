//! A large saved state brought back: a copy of it takes the name of the open file.
//!
//! The rename is the commit. Before it the old file is the database, after it the copy, and either is whole without a
//! log: that of the old one is in its file, and its name gone, before the copy has its name.

use std::fs::{File, OpenOptions};
use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use rusqlite::Connection;
use tempfile::TempPath;

use super::copy::{copy, refuse_changed};
use super::open::{self, CHECKPOINT_PAGES, beside, flush_names, remove};
use super::{Catalogue, Store, lock};
use crate::docdb::{Durability, Error, Result};

/// Ends the name of a copy until it takes the place of the file.
const NEXT: &str = "-next";

impl Store {
    /// Puts a copy of a saved state in place of the file, whose log must have been moved into it. Readers keep the file
    /// they began with, which has no name any more.
    ///
    /// # Errors
    /// The saved state is not what it was: nothing is changed then. The files could not be exchanged: one of the two is
    /// on the disk whole, and the store serves no more.
    pub(super) fn exchange(&self, writer: &mut Connection, from: &Path, catalogue: Catalogue) -> Result<()> {
        let copy = self.copied(from)?;
        open::leave_log(writer)?;
        // Nobody begins to read until it is done.
        let mut published = self.catalogue.write().unwrap_or_else(PoisonError::into_inner);
        let mut readers = lock(&self.readers);
        readers.exchanges += 1;
        readers.idle.clear();
        drop(readers);
        match self.take_place(copy) {
            Ok(connection) => {
                *writer = connection;
                *published = Arc::new(catalogue);
                Ok(())
            }
            Err(error) => {
                // The log of the open connections has no name any more: what they write would be lost.
                let detail = format!("it could not be opened after another took its place: {error}");
                Err(Error::Damaged { detail: self.damage.get_or_init(|| detail).clone() })
            }
        }
    }

    /// Copies a saved state beside the file, and makes sure meanwhile that nothing has changed it.
    fn copied(&self, from: &Path) -> Result<TempPath> {
        let path = beside(&self.path, NEXT);
        remove(&path)?;
        let copied = TempPath::try_from_path(&path)?;
        std::thread::scope(|scope| {
            let copying = scope.spawn(|| -> io::Result<()> {
                copy(&File::open(from)?, &path)?;
                if self.is_lasting() { flush(&path) } else { Ok(()) }
            });
            refuse_changed(from)?;
            Ok::<_, Error>(copying.join().unwrap_or_else(|panic| resume_unwind(panic))?)
        })?;
        done();
        Ok(copied)
    }

    /// Gives a copy the name of the file; returns the connection that writes to it.
    fn take_place(&self, copy: TempPath) -> Result<Connection> {
        for log in ["-wal", "-shm"] {
            remove(&beside(&self.path, log))?;
            done();
        }
        // A log must not come back beside a file that is not its own.
        self.flush_names()?;
        copy.persist(&self.path).map_err(|it| it.error)?;
        done();
        self.flush_names()?;
        let writer = open::writer(&self.path, self.durability)?;
        done();
        *lock(&self.file) = File::open(&self.path)?;
        if let Some(group) = &self.group {
            group.follow(&beside(&self.path, "-wal"))?;
        }
        self.checkpoint.store(CHECKPOINT_PAGES, Ordering::Relaxed);
        Ok(writer)
    }

    fn flush_names(&self) -> io::Result<()> {
        if self.is_lasting() { flush_names(&self.path) } else { Ok(()) }
    }

    /// Whether anything is to outlive the process.
    fn is_lasting(&self) -> bool {
        self.durability != Durability::Ephemeral
    }
}

/// Removes a copy that was not to take the place of the file any more: the process ended first.
pub fn clear(path: &Path) -> io::Result<()> {
    remove(&beside(path, NEXT))
}

/// Waits until a file is on the disk. Some systems flush only what may be written.
fn flush(path: &Path) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.sync_all()
}

/// Says that the folder has changed, for tests that look what an end of the process would leave.
fn done() {
    #[cfg(test)]
    AFTER_EACH_STEP.with_borrow_mut(|look| look.iter_mut().for_each(|look| look()));
}

#[cfg(test)]
thread_local! {
    pub static AFTER_EACH_STEP: std::cell::RefCell<Option<Box<dyn FnMut()>>> = const { std::cell::RefCell::new(None) };
}
