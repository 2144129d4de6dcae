//! The seal of a file at rest: its checksum beside it, so that a change behind the program's back is noticed.
//!
//! Every document has a checksum of its own; what finds them (index entries, inner pages) has not. A broken or missing
//! seal proves nothing by itself (a backup may have been put back): the file is then examined.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::open::beside;
use super::{checksum, log};

/// Files of more bytes are not read whole, which would be felt at each end: their seal is their size and when they were
/// last written.
const SEALED_UP_TO: u64 = 1 << 30;
/// Files of more bytes are compared with their seal, or examined, while they serve.
const AT_ONCE: u64 = 32 << 20;
/// After an unclean end a file up to this many bytes is examined before it serves (a few milliseconds).
pub(super) const EXAMINED_AT_OPEN: u64 = 4 << 20;
const BLOCK: usize = 1 << 20;
/// How many threads read a large file, each so many blocks or more.
const HANDS: u64 = 4;
const LEAST_SHARE: u64 = 16;

const IN_DOUBT: &str = "in doubt\n";
const DAMAGED: &str = "damaged\n";

/// Whether something else may have changed a file, so that it is to be examined.
#[derive(Debug, PartialEq, Eq)]
pub enum Doubt {
    None,
    /// Before it serves.
    Now,
    /// While it serves, because it is large: unless it is as this seal says.
    Later(Option<String>),
}

impl Doubt {
    /// Looks at a file that is about to be opened; one that was not closed has a log.
    pub fn about(file: &Path, has_log: bool) -> io::Result<Self> {
        if !file.exists() {
            // It was moved away, to start empty; its seal stayed behind.
            return match fs::remove_file(path(file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(Doubt::None),
            };
        }
        let size = fs::metadata(file)?.len();
        let Some(seal) = read(file)? else {
            return Ok(match has_log {
                false => Doubt::None,
                true if size <= EXAMINED_AT_OPEN => Doubt::Now,
                true => Doubt::Later(None),
            });
        };
        Ok(match seal.as_str() {
            DAMAGED => Doubt::Now,
            IN_DOUBT if size > AT_ONCE => Doubt::Later(None),
            _ if size > SEALED_UP_TO && !has_log && seal == stamp(file)? => Doubt::None,
            _ if size > SEALED_UP_TO => Doubt::Later(None),
            _ if size > AT_ONCE => Doubt::Later(Some(seal)),
            _ if !has_log && seal == content(file)? => Doubt::None,
            _ => Doubt::Now,
        })
    }
}

/// Whether a file has a seal and is not what it was when it got it.
pub fn is_broken(file: &Path) -> io::Result<bool> {
    Ok(match read(file)? {
        Some(seal) => seal != content(file)?,
        None => false,
    })
}

/// Whether the file is what this seal says.
pub fn is_intact(file: &Path, seal: &str) -> io::Result<bool> {
    Ok(seal == content(file)?)
}

/// Notes that the file is to be examined, now or when it is next opened.
pub fn doubt(file: &Path) -> io::Result<()> {
    fs::write(path(file), IN_DOUBT)
}

/// Notes that the file was examined, and is not to serve before it is again.
pub fn condemn(file: &Path) -> io::Result<()> {
    fs::write(path(file), DAMAGED)
}

/// Seals a file that nobody has open. One that is too large to be read goes without: it may be copied, and then has
/// another time.
pub fn put(file: &Path) -> io::Result<()> {
    match is_read_whole(file)? {
        true => fs::write(path(file), content(file)?),
        false => Ok(()),
    }
}

fn is_read_whole(file: &Path) -> io::Result<bool> {
    Ok(fs::metadata(file)?.len() <= SEALED_UP_TO)
}

fn read(file: &Path) -> io::Result<Option<String>> {
    match fs::read(path(file)) {
        Ok(seal) => Ok(Some(String::from_utf8_lossy(&seal).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Seals the file when dropped: after its last connection was closed, before its lock is given back.
pub struct Seal {
    file: PathBuf,
}

impl Seal {
    /// Takes the seal, if any, off a file that is good.
    pub fn lift(file: &Path) -> io::Result<Self> {
        match fs::remove_file(path(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Seal { file: file.to_owned() }),
        }
    }
}

impl Drop for Seal {
    fn drop(&mut self) {
        // A log that is still there belongs to the file and is not covered. Without a seal the file is as good as before
        // there were any.
        if !log::is_left(&self.file) {
            let _ = is_read_whole(&self.file).and_then(|whole| match whole {
                true => put(&self.file),
                false => fs::write(path(&self.file), stamp(&self.file)?),
            });
        }
    }
}

fn path(file: &Path) -> PathBuf {
    beside(file, "-seal")
}

/// What the seal of this file says.
fn content(file: &Path) -> io::Result<String> {
    let blocks = fs::metadata(file)?.len().div_ceil(BLOCK as u64);
    let share = blocks.div_ceil(HANDS).max(LEAST_SHARE);
    let sums = std::thread::scope(|scope| {
        if share >= blocks {
            return sums(file, 0, blocks);
        }
        let starts = (0..blocks).step_by(share as usize);
        let hands = starts.map(|first| scope.spawn(move || sums(file, first, share)));
        let hands: Vec<_> = hands.collect();
        let joined = hands.into_iter().map(|it| it.join().unwrap_or_else(|panic| resume_unwind(panic)));
        joined.collect::<io::Result<Vec<_>>>().map(|it| it.concat())
    })?;
    Ok(format!("{:08x}\n", checksum::of(&sums)))
}

/// The checksums of some blocks of a file.
fn sums(file: &Path, first: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(file)?;
    file.seek(SeekFrom::Start(first * BLOCK as u64))?;
    let mut sums = Vec::new();
    let mut block = Vec::with_capacity(BLOCK);
    for _ in 0..count {
        block.clear();
        if file.by_ref().take(BLOCK as u64).read_to_end(&mut block)? == 0 {
            break;
        }
        sums.extend(checksum::of(&block).to_le_bytes());
    }
    Ok(sums)
}

/// What the seal of a file that is too large to be read says.
fn stamp(file: &Path) -> io::Result<String> {
    let about = fs::metadata(file)?;
    let written = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{} {}\n", about.len(), written.as_nanos()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_seal_is_of_all_blocks_in_their_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = folder.path().join("documents.sqlite");
        let mut bytes: Vec<u8> = (0..33 * BLOCK + 17).map(|it| (it / BLOCK) as u8).collect();
        let sealed = |bytes: &[u8]| {
            fs::write(&name, bytes).expect("written");
            content(&name).expect("read")
        };
        let sums: Vec<u8> = bytes.chunks(BLOCK).flat_map(|it| checksum::of(it).to_le_bytes()).collect();
        let before = sealed(&bytes);
        assert_eq!(before, format!("{:08x}\n", checksum::of(&sums)));
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        assert_ne!(sealed(&bytes), before);
    }

    #[test]
    fn a_large_file_is_examined_when_something_else_has_written_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = folder.path().join("documents.sqlite");
        let file = File::create(&name).expect("a file");
        // Nothing is written, so nothing is on the disk.
        file.set_len(SEALED_UP_TO + 1).expect("a large file");
        let close = || drop(Seal::lift(&name).expect("lifted"));
        let doubt = || Doubt::about(&name, false).expect("looked at");
        close();
        assert_eq!(doubt(), Doubt::None);
        let later = file.metadata().and_then(|it| it.modified()).expect("a time") + Duration::from_secs(1);
        file.set_modified(later).expect("set");
        assert_eq!(doubt(), Doubt::Later(None));
        close();
        assert_eq!(doubt(), Doubt::None);
        file.set_len(SEALED_UP_TO + 2).and_then(|()| file.set_modified(later)).expect("longer");
        assert_eq!(doubt(), Doubt::Later(None));
    }
}
