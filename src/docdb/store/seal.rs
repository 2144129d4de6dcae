//! The seal of a file at rest: its checksum beside it, so that a change behind the program's back is noticed.
//!
//! Every document has a checksum of its own; what finds them (index entries, inner pages) has not. A broken or missing
//! seal proves nothing by itself (a backup may have been put back): the file is then examined.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::checksum;
use super::open::beside;

/// Files of more bytes are not sealed: reading them whole would be felt at each start.
const SEALED_UP_TO: u64 = 32 << 20;
const BLOCK: usize = 1 << 20;

/// Whether the file has changed since it was sealed, or is in doubt.
pub fn is_broken(file: &Path) -> io::Result<bool> {
    if !file.exists() {
        // It was moved away, to start empty; its seal stayed behind.
        return match fs::remove_file(path(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(false),
        };
    }
    match fs::read(path(file)) {
        Ok(sealed) => Ok(sealed != content(file)?.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Notes that the file is to be examined, now or when it is next opened.
pub fn doubt(file: &Path) -> io::Result<()> {
    fs::write(path(file), "in doubt\n")
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

    fn put(&self) -> io::Result<()> {
        // A log that is still there belongs to the file and is not covered.
        let log = fs::metadata(beside(&self.file, "-wal")).map_or(0, |it| it.len());
        if log == 0 && fs::metadata(&self.file)?.len() <= SEALED_UP_TO {
            fs::write(path(&self.file), content(&self.file)?)?;
        }
        Ok(())
    }
}

impl Drop for Seal {
    fn drop(&mut self) {
        // Without a seal the file is as good as before there were any.
        let _ = self.put();
    }
}

fn path(file: &Path) -> PathBuf {
    beside(file, "-seal")
}

/// What the seal of this file says.
fn content(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut sums = Vec::new();
    let mut block = Vec::with_capacity(BLOCK);
    loop {
        block.clear();
        if file.by_ref().take(BLOCK as u64).read_to_end(&mut block)? == 0 {
            return Ok(format!("{:08x}\n", checksum::of(&sums)));
        }
        sums.extend(checksum::of(&block).to_le_bytes());
    }
}
