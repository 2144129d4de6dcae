//! Named states of the environment: documents with their collections and indexes, files, permissions. Deployed code is
//! no state and stays.
//!
//! A snapshot is a folder of the data folder's `snapshots/`; it appears, and goes, by one rename.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::data_dir;
use super::permissions::Permissions;
use super::storage::Storage;
use crate::docdb;
use crate::model::clock::{Clock, Millis};
use crate::model::name::SnapshotName;

const DESCRIPTION: &str = "snapshot.json";
/// What folders on their way in or out are called; no name begins so.
const UNFINISHED: &str = ".unfinished-";
/// What a snapshot is called until the one that replaces it is in its place.
const REPLACED: &str = ".replaced-";
/// Names the snapshot that is being brought back.
const RESTORING: &str = ".restoring";

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
        let documents = database.documents()?;
        let bytes = bytes + fs::metadata(at("documents.sqlite"))?.len();
        let description = Description { created: clock.now(), documents, files, bytes };
        fs::write(at(DESCRIPTION), serde_json::to_vec(&description).map_err(std::io::Error::other)?)?;
        // On the disk before it is announced.
        flush(fresh.path())?;
        self.put(fresh.path(), name)?;
        flush_names(&self.folder)?;
        self.settle()?;
        Ok(description)
    }

    /// Puts a finished snapshot in its place; the one that is there is kept until it is.
    fn put(&self, fresh: &Path, name: &SnapshotName) -> Result<(), Error> {
        self.settle()?;
        let (place, replaced) = (self.place(name), self.folder.join(format!("{REPLACED}{name}")));
        if place.exists() {
            fs::rename(&place, replaced)?;
        }
        let put = fs::rename(fresh, place);
        if put.is_err() {
            self.settle()?;
        }
        Ok(put?)
    }

    /// Takes away what was replaced, and brings back what was about to be.
    fn settle(&self) -> Result<(), Error> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let file_name = entry.file_name();
            let Some(name) = file_name.to_str().and_then(|it| it.strip_prefix(REPLACED)) else { continue };
            let place = self.folder.join(name);
            if place.exists() {
                self.discard(&entry.path())?;
            } else {
                fs::rename(entry.path(), place)?;
            }
        }
        Ok(())
    }

    /// Finishes what the end of the process cut short: a snapshot half replaced, a state half brought back; and clears
    /// away what it left over.
    pub fn recover(&self, state: &State<'_>) -> Result<(), Error> {
        if !self.folder.exists() {
            return Ok(());
        }
        self.settle()?;
        data_dir::clear_away(&self.folder, UNFINISHED);
        state.storage.clear_away();
        let marker = self.folder.join(RESTORING);
        let Ok(name) = fs::read_to_string(&marker) else { return Ok(()) };
        match name.parse() {
            Ok(name) => self.restore(state, &name).map(|_| ()),
            // It was cut short itself: nothing had changed yet.
            Err(_) => Ok(fs::remove_file(marker)?),
        }
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

    /// Puts a snapshot in place of the present state: all of it, or nothing. Open transactions end in a conflict.
    pub fn restore(&self, state: &State<'_>, name: &SnapshotName) -> Result<Description, Error> {
        let _turn = self.turn();
        let place = self.place(name);
        let description = describe(&place).ok_or_else(|| Error::NotFound(name.clone()))?;
        let permissions = super::permissions::Saved::read(&place.join("permissions.json"))?;
        let State { documents, storage, permissions: present, .. } = state;
        let marker = self.folder.join(RESTORING);
        fs::write(&marker, name.as_str())?;
        // The documents come last: their change is one commit and cannot be taken back.
        let restored = storage.restore(&place.join("objects"), || {
            present
                .restore(permissions, || Ok::<_, Error>(documents.restore(&place.join("documents.sqlite"))?))
        });
        fs::remove_file(marker)?;
        restored.map(|()| description)
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

#[cfg(test)]
mod tests {
    use bson::{DateTime, doc};

    use super::*;
    use crate::docdb::Durability;
    use crate::emulator::permissions::Resource;
    use crate::emulator::storage::Attributes;
    use crate::model::permission::Permission;

    /// An environment's state in a folder, and its snapshots.
    struct Ground {
        documents: docdb::Database,
        storage: Storage,
        permissions: Permissions,
        clock: Clock,
        snapshots: Snapshots,
        folder: tempfile::TempDir,
    }

    impl Ground {
        async fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let at = |name: &str| folder.path().join(name);
            let documents =
                docdb::Database::open(&at("documents.sqlite"), Durability::Normal).expect("a database");
            documents.create_collection("c").expect("a collection");
            let clock = Clock::frozen(0);
            let env_id = "local".parse().expect("an id");
            let ground = Ground {
                documents,
                storage: Storage::new(at("objects"), &env_id, "", clock.clone()),
                permissions: Permissions::open(at("permissions.json")).expect("permissions"),
                clock,
                snapshots: Snapshots::new(at("snapshots")),
                folder,
            };
            ground.change(1).await;
            ground.snapshots.save(&ground.state(), &name(), false).expect("saved");
            ground.change(2).await;
            ground
        }

        fn state(&self) -> State<'_> {
            let Ground { documents, storage, permissions, clock, .. } = self;
            State { documents, storage, permissions, clock }
        }

        /// Puts one more of everything.
        async fn change(&self, number: i32) {
            let document = bson::RawDocumentBuf::try_from(&doc! { "_id": number }).expect("a document");
            self.documents.insert(None, "c", vec![document]).expect("inserted");
            let upload =
                self.storage.create(&number.to_string(), Attributes::default()).await.expect("begun");
            upload.finish().await.expect("stored");
            let resource = Resource::Collection(number.to_string());
            self.permissions.set(&resource, Some(&Permission::AdminOnly)).expect("set");
        }

        /// How much of everything there is; all three move together.
        fn holds(&self) -> [usize; 3] {
            let documents = self.documents.count("c", &doc! {}, DateTime::MIN).expect("counted").0;
            let set = |it: &i32| self.permissions.set_for(&Resource::Collection(it.to_string())).is_some();
            let files = |it: &i32| self.storage.get(&it.to_string()).is_ok();
            [documents as usize, (1..9).filter(files).count(), (1..9).filter(set).count()]
        }

        fn part(&self, part: &str) -> PathBuf {
            self.snapshots.place(&name()).join(part)
        }
    }

    fn name() -> SnapshotName {
        "start".parse().expect("a name")
    }

    #[tokio::test]
    async fn what_the_end_of_the_process_left_over_is_cleared_away() {
        let ground = Ground::new().await;
        let left = ["snapshots/.unfinished-x", ".exchange-x"].map(|it| ground.folder.path().join(it));
        for it in &left {
            fs::create_dir(it).expect("made");
            fs::write(it.join("gone"), "much").expect("written");
        }
        ground.snapshots.recover(&ground.state()).expect("recovered");
        assert!(left.iter().all(|it| !it.exists()));
        assert_eq!((ground.holds(), ground.snapshots.list().len()), ([2, 2, 2], 1));
    }

    #[tokio::test]
    async fn a_snapshot_that_is_not_whole_changes_nothing() {
        type Damage = fn(&Path);
        let damages: [(&str, Damage); 6] = [
            ("documents.sqlite", |it| fs::write(it, "no database").expect("written")),
            ("documents.sqlite", |it| fs::remove_file(it).expect("removed")),
            ("documents.sqlite", |it| {
                let mut bytes = fs::read(it).expect("read");
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(it, bytes).expect("written");
            }),
            ("permissions.json", |it| fs::write(it, "{").expect("written")),
            ("objects", |it| fs::remove_dir_all(it).expect("removed")),
            ("snapshot.json", |it| fs::remove_file(it).expect("removed")),
        ];
        for (part, damage) in damages {
            let ground = Ground::new().await;
            damage(&ground.part(part));
            assert!(ground.snapshots.restore(&ground.state(), &name()).is_err(), "{part}");
            assert_eq!(ground.holds(), [2, 2, 2], "{part}");
            ground.change(3).await;
            assert_eq!(ground.holds(), [3, 3, 3], "{part}");
            // Nor is it tried again when the emulator starts.
            ground.snapshots.recover(&ground.state()).expect("nothing to do");
            assert_eq!(ground.holds(), [3, 3, 3], "{part}");
        }
    }

    #[tokio::test]
    async fn a_restore_that_was_cut_short_is_finished_at_the_next_start() {
        let ground = Ground::new().await;
        fs::write(ground.folder.path().join("snapshots").join(RESTORING), "start").expect("written");
        // Between the two renames of the files' folder.
        fs::remove_dir_all(ground.folder.path().join("objects")).expect("removed");
        ground.snapshots.recover(&ground.state()).expect("finished");
        assert_eq!(ground.holds(), [1, 1, 1]);
        ground.change(2).await;
        ground.snapshots.recover(&ground.state()).expect("nothing to do");
        assert_eq!(ground.holds(), [2, 2, 2]);
    }

    #[tokio::test]
    async fn a_snapshot_is_kept_until_the_one_that_replaces_it_is_there() {
        let ground = Ground::new().await;
        let replaced = ground.folder.path().join("snapshots").join(".replaced-start");
        let documents = |ground: &Ground| ground.snapshots.list().first().map(|(_, it)| it.documents);
        // The end came before the new one was there.
        fs::rename(ground.snapshots.place(&name()), &replaced).expect("renamed");
        assert_eq!(documents(&ground), None);
        ground.snapshots.recover(&ground.state()).expect("settled");
        assert_eq!(documents(&ground), Some(1));
        assert_eq!(ground.snapshots.save(&ground.state(), &name(), true).expect("saved").documents, 2);
        assert!(!replaced.exists());
        // The end came before the old one was gone.
        fs::create_dir(&replaced).expect("made");
        ground.snapshots.recover(&ground.state()).expect("settled");
        assert_eq!((documents(&ground), replaced.exists()), (Some(2), false));
        ground.snapshots.restore(&ground.state(), &name()).expect("restored");
        assert_eq!(ground.holds(), [2, 2, 2]);
    }
}
