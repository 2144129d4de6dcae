//! Objects on disk: the bytes, then a trailer that says what they are.
//!
//! ```text
//! bytes … | {"key":…,"etag":…,…} as JSON | length of the JSON, 4 bytes big-endian | "ckobj001"
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use md5::{Digest, Md5};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::{Error, Object, Storage};
use crate::api::sign::sha256_hex;
use crate::model::clock::hex;

const MAGIC: &[u8; 8] = b"ckobj001";
/// Bytes after the JSON of the trailer.
const TAIL: u64 = 4 + MAGIC.len() as u64;
/// A trailer is small; a larger number is damage.
const MAXIMUM_TRAILER: u64 = 64 * 1024;
const CHUNK: usize = 64 * 1024;
/// The prefix of files that are being written.
const UNFINISHED: &str = "upload-";

/// Returns the name of a key's file.
pub(super) fn file_name(key: &str) -> String {
    sha256_hex(key.as_bytes())
}

/// Returns every whole object of a folder, and clears away what an interrupted upload left.
pub(super) fn scan(folder: &Path) -> BTreeMap<String, Object> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeMap::new() };
    let mut objects = BTreeMap::new();
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            // Left over; if it cannot be removed it only takes room.
            let _ = std::fs::remove_file(&path);
        } else if let Some(object) = read_trailer(&path) {
            objects.insert(object.key.clone(), object);
        }
    }
    objects
}

/// Makes a file known in another folder too.
pub(super) fn link(file: &Path, folder: &Path) -> std::io::Result<()> {
    let to = folder.join(file.file_name().unwrap_or_default());
    match std::fs::hard_link(file, &to) {
        Ok(()) => Ok(()),
        Err(_) => std::fs::copy(file, &to).map(|_| ()),
    }
}

/// Fills a folder with the files of another by two renames, and empties it of them again when `then` fails. Returns what
/// is in it then.
pub(super) fn exchange<E: From<std::io::Error>>(
    folder: &Path,
    from: &Path,
    then: impl FnOnce() -> Result<(), E>,
) -> Result<BTreeMap<String, Object>, E> {
    let beside = tempfile::tempdir_in(folder.parent().unwrap_or(Path::new(".")))?;
    let (fresh, gone) = (beside.path().join("fresh"), beside.path().join("gone"));
    std::fs::create_dir(&fresh)?;
    for entry in std::fs::read_dir(from)? {
        link(&entry?.path(), &fresh)?;
    }
    let objects = scan(&fresh);
    if folder.exists() {
        std::fs::rename(folder, &gone)?;
    }
    let outcome = std::fs::rename(&fresh, folder).map_err(E::from).and_then(|()| then());
    if let Err(error) = outcome {
        if folder.exists() {
            std::fs::rename(folder, &fresh)?;
        }
        if gone.exists() {
            std::fs::rename(&gone, folder)?;
        }
        return Err(error);
    }
    Ok(objects)
}

fn read_trailer(path: &Path) -> Option<Object> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.checked_sub(TAIL)?)).ok()?;
    let (mut size, mut magic) = ([0; 4], [0; MAGIC.len()]);
    file.read_exact(&mut size).ok()?;
    file.read_exact(&mut magic).ok()?;
    let size = u64::from(u32::from_be_bytes(size));
    if magic != *MAGIC || size > MAXIMUM_TRAILER {
        return None;
    }
    file.seek(SeekFrom::Start(length.checked_sub(TAIL + size)?)).ok()?;
    serde_json::from_reader(file.take(size)).ok()
}

/// An object being written. Dropped before [`Upload::finish`], it leaves nothing.
#[derive(Debug)]
pub struct Upload {
    storage: Storage,
    key: String,
    content_type: String,
    owner: Option<String>,
    /// Removed when dropped.
    unfinished: tempfile::TempPath,
    file: tokio::fs::File,
    hash: Md5,
    size: u64,
}

impl Upload {
    pub(super) async fn begin(
        storage: Storage,
        key: &str,
        content_type: Option<&str>,
        owner: Option<&str>,
    ) -> Result<Self, Error> {
        let folder = storage.0.folder.clone();
        tokio::fs::create_dir_all(&folder).await?;
        let (file, unfinished) =
            tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&folder)?.into_parts();
        Ok(Upload {
            content_type: content_type.map_or_else(|| type_of(key).to_owned(), str::to_owned),
            key: key.to_owned(),
            owner: owner.map(str::to_owned),
            storage,
            unfinished,
            file: tokio::fs::File::from_std(file),
            hash: Md5::new(),
            size: 0,
        })
    }

    /// Appends bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(self.file.write_all(bytes).await?)
    }

    /// Puts the object in its place.
    pub async fn finish(mut self) -> Result<Object, Error> {
        let object = Object {
            size: self.size,
            etag: hex(&self.hash.finalize()),
            content_type: self.content_type,
            modified: self.storage.0.clock.now(),
            key: self.key,
            owner: self.owner,
        };
        let trailer = serde_json::to_vec(&object).map_err(std::io::Error::other)?;
        // A trailer holds a key and an owner, which are short: its length fits.
        let length = u32::try_from(trailer.len()).map_err(std::io::Error::other)?;
        self.file.write_all(&trailer).await?;
        self.file.write_all(&length.to_be_bytes()).await?;
        self.file.write_all(MAGIC).await?;
        self.file.flush().await?;
        self.unfinished.persist(self.storage.path(&object.key)).map_err(|error| error.error)?;
        self.storage.admit(object.clone());
        Ok(object)
    }
}

/// An object being read.
#[derive(Debug)]
pub struct Reading {
    pub object: Object,
    file: tokio::fs::File,
    left: u64,
}

pub(super) async fn open(path: PathBuf, object: Object) -> Result<Reading, Error> {
    let file = tokio::fs::File::open(path).await?;
    Ok(Reading { left: object.size, object, file })
}

impl Reading {
    /// Keeps to a part of the bytes.
    pub async fn narrow(&mut self, start: u64, length: u64) -> Result<(), Error> {
        self.file.seek(SeekFrom::Start(start)).await?;
        self.left = length;
        Ok(())
    }

    /// Returns the next bytes, or nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut chunk = vec![0; CHUNK.min(usize::try_from(self.left).unwrap_or(CHUNK))];
        let read = self.file.read(&mut chunk).await?;
        if read == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
        chunk.truncate(read);
        self.left -= read as u64;
        Ok(Some(chunk.into()))
    }
}

/// Returns the content type by the end of the name, as COS guesses when a client says nothing.
fn type_of(key: &str) -> &'static str {
    let extension = key.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "pdf" => "application/pdf",
        "json" => "application/json",
        "html" => "text/html",
        "css" => "text/css",
        "js" => "text/javascript",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "zip" => "application/zip",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}
