//! Objects on disk: the bytes, then a trailer that says what they are.
//!
//! ```text
//! bytes … | {"key":…,"etag":…,…} as JSON | length of the JSON, 4 bytes big-endian | "ckobj001"
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use tempfile::TempPath;

use super::Object;
use super::draft::UNFINISHED;
use crate::api::sign::sha256_hex;
use crate::emulator::data_dir;

/// What the folder of an exchange is called, beside that of the objects.
const EXCHANGE: &str = ".exchange-";
const MAGIC: &[u8; 8] = b"ckobj001";
/// Bytes after the JSON of the trailer.
const TAIL: u64 = 4 + MAGIC.len() as u64;
/// A trailer is small; a larger number is damage.
const MAXIMUM_TRAILER: u64 = 64 * 1024;

/// Returns the name of a key's file.
pub(super) fn file_name(key: &str) -> String {
    sha256_hex(key.as_bytes())
}

/// Returns every whole object of a folder, and clears away what an interrupted upload left. Without a folder there are none.
///
/// # Errors
/// The folder or a file in it cannot be read: whoever took that for nothing stored would write over it.
pub(super) fn scan(folder: &Path) -> std::io::Result<BTreeMap<String, Object>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries.map_err(|error| named(folder, &error))?,
    };
    let mut objects = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(|error| named(folder, &error))?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            // Left over; if it cannot be removed it only takes room.
            let _ = std::fs::remove_file(&path);
        } else if let Some(object) = read_trailer(&path).map_err(|error| named(&path, &error))? {
            objects.insert(object.key.clone(), object);
        }
    }
    Ok(objects)
}

fn named(path: &Path, error: &std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Makes a file known in another folder too.
pub(super) fn link(file: &Path, folder: &Path) -> std::io::Result<()> {
    let to = folder.join(file.file_name().unwrap_or_default());
    match std::fs::hard_link(file, &to) {
        Ok(()) => Ok(()),
        Err(_) => std::fs::copy(file, &to).map(|_| ()),
    }
}

fn beside(folder: &Path) -> &Path {
    folder.parent().unwrap_or(Path::new("."))
}

/// Clears away what an exchange left when the process ended.
pub(super) fn clear_away(folder: &Path) {
    data_dir::clear_away(beside(folder), EXCHANGE);
}

/// Fills a folder with the files of another by two renames, and empties it of them again when `then` fails. Returns what
/// is in it then.
pub(super) fn exchange<E: From<std::io::Error>>(
    folder: &Path,
    from: &Path,
    then: impl FnOnce() -> Result<(), E>,
) -> Result<BTreeMap<String, Object>, E> {
    let beside = tempfile::Builder::new().prefix(EXCHANGE).tempdir_in(beside(folder))?;
    let (fresh, gone) = (beside.path().join("fresh"), beside.path().join("gone"));
    std::fs::create_dir(&fresh)?;
    for entry in std::fs::read_dir(from)? {
        link(&entry?.path(), &fresh)?;
    }
    let objects = scan(&fresh)?;
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

/// Reads what a file says of itself; `None`: it is no object.
fn read_trailer(path: &Path) -> std::io::Result<Option<Object>> {
    if !std::fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let Some(tail) = length.checked_sub(TAIL) else { return Ok(None) };
    file.seek(SeekFrom::Start(tail))?;
    let (mut size, mut magic) = ([0; 4], [0; MAGIC.len()]);
    file.read_exact(&mut size)?;
    file.read_exact(&mut magic)?;
    let size = u64::from(u32::from_be_bytes(size));
    let Some(start) = tail.checked_sub(size).filter(|_| magic == *MAGIC && size <= MAXIMUM_TRAILER) else {
        return Ok(None);
    };
    file.seek(SeekFrom::Start(start))?;
    let mut trailer = Vec::new();
    file.take(size).read_to_end(&mut trailer)?;
    Ok(serde_json::from_slice(&trailer).ok())
}

/// Writes what ends a file after its bytes.
pub(super) fn seal(file: &mut File, object: &Object) -> std::io::Result<()> {
    let trailer = serde_json::to_vec(object)?;
    let length = trailer.len() as u64;
    if length > MAXIMUM_TRAILER {
        return Err(std::io::Error::other("too many headers for one file"));
    }
    // Within the maximum, it fits.
    file.write_all(&trailer)?;
    file.write_all(&(length as u32).to_be_bytes())?;
    file.write_all(MAGIC)
}

/// A file, of which the first bytes are wanted.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) source: Source,
    pub(super) length: u64,
}

/// Where the bytes of a piece are. There may be more pieces than a process may have open files.
#[derive(Debug)]
pub(super) enum Source {
    Open(File),
    /// There as long as anybody holds it.
    Temporary(Arc<TempPath>),
}

impl Source {
    fn open(self) -> std::io::Result<File> {
        match self {
            Source::Open(file) => Ok(file),
            Source::Temporary(path) => File::open(path.as_ref()),
        }
    }
}

/// Appends pieces to a file, in the kernel where it can.
pub(super) fn append(file: &mut File, pieces: Vec<Piece>) -> std::io::Result<()> {
    for Piece { source, length } in pieces {
        if std::io::copy(&mut source.open()?.take(length), file)? != length {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// Returns the content type by the end of the name, as COS guesses when a client says nothing.
pub(super) fn type_of(key: &str) -> &'static str {
    let extension = key.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "pdf" => "application/pdf",
        "json" => "application/json",
        "htm" | "html" => "text/html",
        "css" => "text/css",
        "js" | "mjs" => "text/javascript",
        "xml" => "application/xml",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "zip" => "application/zip",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}
