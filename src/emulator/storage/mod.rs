//! Files of the environment, with what a bucket knows of each. It has never heard of HTTP.
//!
//! A key may be any text, in any script and any letter case, so the file on disk is named by the key's hash and the key
//! itself stands in a trailer behind the bytes. One rename makes an object appear whole, or leaves the old one whole.

mod disk;
mod draft;
mod link;
mod listing;
mod parts;
mod reading;
mod upload;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use tempfile::TempPath;
use tokio::task::spawn_blocking;

use crate::emulator::config::ACCOUNT;
use crate::emulator::event::{self, Event, Events};
use crate::model::clock::{Clock, Millis};
use crate::model::file_id::FileId;
use crate::model::name::EnvId;
use crate::text;

use disk::{Piece, Source};
use parts::Uploads;

pub use link::Purpose;
pub use listing::{Listing, Page};
pub use parts::{PartTold, PartUpload, PartedTold};
pub use reading::Reading;
pub use upload::{Attributes, Upload};

/// The longest key, in bytes (COS: 850).
const MAXIMUM_KEY: usize = 850;

/// The files of one environment. Clones share it.
#[derive(Debug, Clone)]
pub struct Storage(Arc<State>);

#[derive(Debug)]
struct State {
    folder: PathBuf,
    env_id: String,
    bucket: String,
    secret: String,
    clock: Clock,
    /// Read from the folder when somebody first asks.
    objects: OnceLock<RwLock<BTreeMap<String, Object>>>,
    /// Held while it is read.
    scanning: Mutex<()>,
    /// How many bytes they have together; changed under the lock of `objects`.
    used: AtomicU64,
    uploads: Mutex<Uploads>,
    room: Option<Room>,
}

/// How many bytes all files may have together, and what happens beyond that.
#[derive(Debug, Clone)]
pub struct Room {
    pub bytes: u64,
    /// Whether more is refused; else it is told.
    pub is_enforced: bool,
    pub events: Events,
}

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    pub key: String,
    pub size: u64,
    /// As COS gives it: MD5 of the bytes in hex, and for an upload in parts that of their MD5s, and their number.
    pub etag: String,
    pub content_type: String,
    /// Other headers that come back with the file, names in lower case: `cache-control`, `x-cos-meta-…`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    pub modified: Millis,
    /// The openid or uid of the client who stored it; what an admin stored is nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Why a file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{key}` is not a file name: {reason}")]
    Key { key: String, reason: &'static str },
    #[error("file `{key}` does not exist")]
    NotFound { key: String },
    #[error("file `{key}` exists")]
    Exists { key: String },
    #[error("the upload stopped before its end")]
    Interrupted,
    #[error("the bytes that arrived are not those whose MD5 was announced")]
    Digest,
    #[error("the files would take more room than the environment has")]
    Full,
    #[error("there is no such upload in parts")]
    NoUpload,
    #[error("a part is missing, or has another tag")]
    NoPart,
    #[error("the parts are not in the order of their numbers")]
    PartOrder,
    #[error("a part that is not the last is smaller than 1 MB")]
    PartSize,
    #[error("parts are numbered from 1 to 10000")]
    PartNumber,
    #[error("could not read or write the stored files: {0}")]
    Io(#[from] std::io::Error),
}

impl Storage {
    /// Names the folder; nothing is read or made before it is needed.
    pub fn new(folder: PathBuf, env_id: &EnvId, secret: &str, clock: Clock) -> Self {
        Storage::limited(folder, env_id, secret, clock, None)
    }

    /// Names the folder, and how much may be in it.
    pub fn limited(folder: PathBuf, env_id: &EnvId, secret: &str, clock: Clock, room: Option<Room>) -> Self {
        Storage(Arc::new(State {
            folder,
            env_id: env_id.to_string(),
            bucket: bucket_of(env_id),
            secret: secret.to_owned(),
            clock,
            objects: OnceLock::new(),
            scanning: Mutex::default(),
            used: AtomicU64::default(),
            uploads: Mutex::default(),
            room,
        }))
    }

    pub fn bucket(&self) -> &str {
        &self.0.bucket
    }

    /// Returns the id by which an application knows a file.
    pub fn file_id(&self, key: &str) -> String {
        let id = FileId { env: self.0.env_id.clone(), bucket: self.0.bucket.clone(), path: key.to_owned() };
        id.to_string()
    }

    /// Returns the key a file id, or a bare path, stands for.
    ///
    /// Ids of other environments are taken for ours: a project carries the ids of its cloud environment in its data.
    pub fn key_of(&self, file_id: &str) -> String {
        file_id.parse::<FileId>().map_or_else(|_| file_id.to_owned(), |id| id.path)
    }

    /// Returns what is known of a file.
    pub fn get(&self, key: &str) -> Result<Object, Error> {
        let objects = self.objects()?.read().unwrap_or_else(PoisonError::into_inner);
        objects.get(key).cloned().ok_or_else(|| Error::NotFound { key: key.to_owned() })
    }

    /// Begins to write a file; nothing changes before [`Upload::finish`].
    pub async fn create(&self, key: &str, attributes: Attributes) -> Result<Upload, Error> {
        check_key(key)?;
        // What is there must be known before the first file of this process joins it.
        self.objects()?;
        Upload::begin(self.clone(), attributes.describe(key))
    }

    /// Opens a file for reading; a newer version does not disturb the reader.
    pub async fn open(&self, key: &str) -> Result<Reading, Error> {
        let (object, file) = self.open_file(key)?;
        Ok(Reading::new(object, file))
    }

    /// Opens a file for a reader that blocks.
    pub fn open_blocking(&self, key: &str) -> Result<impl std::io::Read + use<>, Error> {
        let (object, file) = self.open_file(key)?;
        Ok(std::io::Read::take(file, object.size))
    }

    /// Copies a file inside the environment, with its attributes or others. The copy is the one's who makes it, or the
    /// file's owner's.
    pub async fn copy(
        &self,
        from: &str,
        to: &str,
        overwrite: bool,
        attributes: Option<Attributes>,
        owner: Option<&str>,
    ) -> Result<Object, Error> {
        check_key(to)?;
        if !overwrite && self.get(to).is_ok() {
            return Err(Error::Exists { key: to.to_owned() });
        }
        let (original, file) = self.open_file(from)?;
        let piece = Piece { source: Source::Open(file), length: original.size };
        let Object { size, etag, .. } = original.clone();
        let described = attributes.map_or(original.clone(), |attributes| attributes.describe(to));
        let object = Object {
            key: to.to_owned(),
            size,
            etag,
            modified: self.0.clock.now(),
            owner: owner.map(str::to_owned).or(original.owner),
            ..described
        };
        self.assemble(object, vec![piece], overwrite).await
    }

    /// Removes a file.
    pub async fn remove(&self, key: &str) -> Result<(), Error> {
        let mut objects = self.objects()?.write().unwrap_or_else(PoisonError::into_inner);
        if !objects.contains_key(key) {
            return Err(Error::NotFound { key: key.to_owned() });
        }
        match std::fs::remove_file(self.path(key)) {
            // Somebody cleared it out of the folder: it is gone, as it should be.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed?,
        }
        let removed = objects.remove(key).map_or(0, |object| object.size);
        self.0.used.fetch_sub(removed, Ordering::Relaxed);
        Ok(())
    }

    /// Returns how many bytes all files have.
    pub fn used(&self) -> Result<u64, Error> {
        self.objects()?;
        Ok(self.0.used.load(Ordering::Relaxed))
    }

    /// Returns how many bytes a file may have.
    fn room(&self, key: &str) -> Result<u64, Error> {
        let objects = self.objects()?.read().unwrap_or_else(PoisonError::into_inner);
        Ok(self.room_beside(&objects, key))
    }

    fn room_beside(&self, objects: &BTreeMap<String, Object>, key: &str) -> u64 {
        let Some(room) = self.0.room.as_ref().filter(|room| room.is_enforced) else { return u64::MAX };
        let replaced = objects.get(key).map_or(0, |object| object.size);
        room.bytes.saturating_sub(self.0.used.load(Ordering::Relaxed).saturating_sub(replaced))
    }

    /// Links every file into a new folder, or copies it where links are not to be had; returns how many files and bytes
    /// there are. A stored file never changes, it is replaced.
    pub fn save(&self, to: &Path) -> std::io::Result<(u64, u64)> {
        let objects = self.objects()?.read().unwrap_or_else(PoisonError::into_inner);
        std::fs::create_dir(to)?;
        for key in objects.keys() {
            disk::link(&self.path(key), to)?;
        }
        Ok((objects.len() as u64, total(&objects)))
    }

    /// Puts the files of a folder in place of the present ones, and takes that back when `then` fails; the folder stays as
    /// it is. An upload that is under way fails.
    pub fn restore<E: From<std::io::Error>>(
        &self,
        from: &Path,
        then: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut objects = self.objects()?.write().unwrap_or_else(PoisonError::into_inner);
        *objects = disk::exchange(&self.0.folder, from, then)?;
        self.0.used.store(total(&objects), Ordering::Relaxed);
        self.forget_parts();
        Ok(())
    }

    /// Clears away what a restore left when its process ended.
    pub fn clear_away(&self) {
        disk::clear_away(&self.0.folder);
    }

    /// Returns what is stored. A folder that cannot be read is tried again by whoever asks next.
    fn objects(&self) -> std::io::Result<&RwLock<BTreeMap<String, Object>>> {
        // Once: a scan clears away what would be another's upload.
        let _scanning = match self.0.objects.get() {
            Some(objects) => return Ok(objects),
            None => self.0.scanning.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let scanned = match self.0.objects.get() {
            Some(objects) => return Ok(objects),
            None => disk::scan(&self.0.folder)?,
        };
        self.0.used.store(total(&scanned), Ordering::Relaxed);
        Ok(self.0.objects.get_or_init(|| RwLock::new(scanned)))
    }

    fn path(&self, key: &str) -> PathBuf {
        self.0.folder.join(disk::file_name(key))
    }

    /// Opens a file at the version that is known.
    fn open_file(&self, key: &str) -> Result<(Object, std::fs::File), Error> {
        let objects = self.objects()?.read().unwrap_or_else(PoisonError::into_inner);
        let object = objects.get(key).ok_or_else(|| Error::NotFound { key: key.to_owned() })?;
        // Under the lock, so that the file is the one that the object tells of.
        Ok((object.clone(), std::fs::File::open(self.path(key))?))
    }

    /// Makes an object of pieces of files.
    async fn assemble(&self, object: Object, pieces: Vec<Piece>, overwrite: bool) -> Result<Object, Error> {
        if object.size > self.room(&object.key)? {
            return Err(Error::Full);
        }
        let storage = self.clone();
        let done = spawn_blocking(move || {
            storage.objects()?;
            let (mut file, unfinished) = draft::temporary(&storage.0.folder)?;
            disk::append(&mut file, pieces)?;
            disk::seal(&mut file, &object)?;
            storage.admit(unfinished, object, overwrite)
        });
        done.await.map_err(std::io::Error::other)?
    }

    /// Puts a finished file in its place and makes it known.
    fn admit(&self, unfinished: TempPath, object: Object, overwrite: bool) -> Result<Object, Error> {
        let mut objects = self.objects()?.write().unwrap_or_else(PoisonError::into_inner);
        if !overwrite && objects.contains_key(&object.key) {
            return Err(Error::Exists { key: object.key });
        }
        // Others may have been stored since it began.
        if object.size > self.room_beside(&objects, &object.key) {
            return Err(Error::Full);
        }
        unfinished.persist(self.path(&object.key)).map_err(|error| error.error)?;
        let replaced = objects.insert(object.key.clone(), object.clone()).map_or(0, |object| object.size);
        let before = self.0.used.load(Ordering::Relaxed);
        let after = before.saturating_sub(replaced) + object.size;
        self.0.used.store(after, Ordering::Relaxed);
        self.tell_of(before, after);
        Ok(object)
    }

    /// Tells that files have begun to take more than they may.
    fn tell_of(&self, before: u64, after: u64) {
        let Some(room) = self.0.room.as_ref().filter(|room| before <= room.bytes && after > room.bytes)
        else {
            return;
        };
        let free = room.bytes >> 30;
        let sentence = text! {
            en: "the files take more than the {free} GB that an environment has without paying; `cloudkit env show` tells how much",
            zh: "文件占用已超过环境的 {free} GB 免费额度；用量见 `cloudkit env show`"
        };
        event::tell(&room.events, Event::Warning(sentence));
    }
}

fn total(objects: &BTreeMap<String, Object>) -> u64 {
    objects.values().map(|object| object.size).sum()
}

/// Returns the name the platform gives an environment's bucket: two characters of its id in hex, the id, an account.
fn bucket_of(env_id: &EnvId) -> String {
    let first: String = env_id.as_str().bytes().take(2).map(|byte| format!("{byte:02x}")).collect();
    format!("{first}-{env_id}-{ACCOUNT}")
}

/// Checks the name of a file (`docs/wire.md#files`).
pub fn check_key(key: &str) -> Result<(), Error> {
    let reason = if key.is_empty() {
        "it is empty"
    } else if key.len() > MAXIMUM_KEY {
        "it is longer than 850 bytes"
    } else if key.starts_with(['/', '\\']) {
        "it begins with a slash"
    } else if key.contains("//") {
        "it has two slashes in a row"
    } else if key.split(['/', '\\']).any(|part| part == ".." || part == ".") {
        "it leaves its folder"
    } else if key.chars().any(char::is_control) {
        "it holds a control character"
    } else {
        return Ok(());
    };
    Err(Error::Key { key: key.to_owned(), reason })
}

#[cfg(test)]
mod tests;
