//! Named states of the environment: documents with their collections and indexes, files, permissions. Deployed code is
//! no state and stays.
//!
//! A snapshot is a folder of the data folder's `snapshots/`; it appears, and goes, by one rename.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::permissions::Permissions;
use super::storage::Storage;
use crate::docdb;
use crate::model::clock::{Clock, Millis};
use crate::model::name::SnapshotName;

const DESCRIPTION: &str = "snapshot.json";
/// What folders on their way in or out are called; no name begins so.
const UNFINISHED: &str = ".unfinished-";

/// The snapshots of one data folder. One is saved, restored or deleted at a time.
pub struct Snapshots {
    folder: PathBuf,
    turn: Mutex<()>,
}

/// What a snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    pub created: Millis,
    pub documents: u64,
    pub files: u64,
    /// Of the documents and the files.
    pub bytes: u64,
}

/// What a snapshot is taken of, and put back into.
pub struct State<'a> {
    pub documents: &'a docdb::Database,
    pub storage: &'a Storage,
    pub permissions: &'a Permissions,
    pub clock: &'a Clock,
}

/// Why a snapshot cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("snapshot `{0}` does not exist")]
    NotFound(SnapshotName),
    #[error("snapshot `{0}` exists")]
    Exists(SnapshotName),
    #[error(transparent)]
    Documents(#[from] docdb::Error),
    #[error("could not read or write the snapshots")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Permissions(#[from] crate::error::Error),
}

impl Snapshots {
    /// Names the folder; nothing is made before the first save.
    pub fn new(folder: PathBuf) -> Self {
        Snapshots { folder, turn: Mutex::default() }
    }

    /// Saves the present state.
    ///
    /// # Errors
    /// There is one of that name, unless it is to be replaced.
    pub fn save(&self, state: &State<'_>, name: &SnapshotName, replace: bool) -> Result<Description, Error> {
        let _turn = self.turn();
        let place = self.place(name);
        if !replace && place.exists() {
            return Err(Error::Exists(name.clone()));
        }
        fs::create_dir_all(&self.folder)?;
        let fresh = self.aside()?;
        let at = |part: &str| fresh.path().join(part);
        let State { documents: database, storage, permissions, clock } = state;
        database.save(&at("documents.sqlite"))?;
        let (files, bytes) = storage.save(&at("objects"))?;
        permissions.save(&at("permissions.json"))?;
        let documents = database.collections()?.iter().map(|collection| collection.documents).sum();
        let bytes = bytes + fs::metadata(at("documents.sqlite"))?.len();
        let description = Description { created: clock.now(), documents, files, bytes };
        fs::write(at(DESCRIPTION), serde_json::to_vec(&description).map_err(std::io::Error::other)?)?;
        // On the disk before it is announced.
        flush(fresh.path())?;
        if place.exists() {
            self.discard(&place)?;
        }
        fs::rename(fresh.path(), place)?;
        flush_names(&self.folder)?;
        Ok(description)
    }

    /// Returns the snapshots by name. A folder without a description is none.
    pub fn list(&self) -> Vec<(SnapshotName, Description)> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut all: Vec<_> = entries
            .filter_map(|entry| {
                let name: SnapshotName = entry.file_name().to_str()?.parse().ok()?;
                Some((name, describe(&entry.path())?))
            })
            .collect();
        all.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        all
    }

    /// Puts a snapshot in place of the present state. Open transactions end in a conflict.
    pub fn restore(&self, state: &State<'_>, name: &SnapshotName) -> Result<Description, Error> {
        let _turn = self.turn();
        let place = self.place(name);
        let description = describe(&place).ok_or_else(|| Error::NotFound(name.clone()))?;
        let permissions = super::permissions::Saved::read(&place.join("permissions.json"))?;
        state.documents.restore(&place.join("documents.sqlite"))?;
        state.storage.restore(&place.join("objects"))?;
        state.permissions.restore(permissions)?;
        Ok(description)
    }

    pub fn delete(&self, name: &SnapshotName) -> Result<(), Error> {
        let _turn = self.turn();
        let place = self.place(name);
        if describe(&place).is_none() {
            return Err(Error::NotFound(name.clone()));
        }
        self.discard(&place)
    }

    /// Takes a folder out of sight by one rename, then away.
    fn discard(&self, place: &Path) -> Result<(), Error> {
        let gone = self.aside()?;
        Ok(fs::rename(place, gone.path().join("gone"))?)
    }

    /// Makes a folder that goes when it is dropped where it is.
    fn aside(&self) -> Result<tempfile::TempDir, Error> {
        Ok(tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&self.folder)?)
    }

    fn place(&self, name: &SnapshotName) -> PathBuf {
        self.folder.join(name.as_str())
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn describe(place: &Path) -> Option<Description> {
    serde_json::from_slice(&fs::read(place.join(DESCRIPTION)).ok()?).ok()
}

/// Waits until the files of a folder, and the folders below, are on the disk.
fn flush(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => flush(&entry.path())?,
            false => fs::File::open(entry.path())?.sync_all()?,
        }
    }
    flush_names(folder)
}

/// Waits until the names in a folder are on the disk. Windows keeps them safe by itself and opens no folder.
fn flush_names(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}
