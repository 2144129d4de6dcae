//! A file that is not there yet: bytes are hashed and written behind the back of who brings them, both at once, a batch at a
//! time, so that the next batch comes in meanwhile and memory stays the same whatever the size.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use md5::{Digest, Md5};
use tempfile::TempPath;
use tokio::task::{JoinHandle, spawn_blocking};

use super::Error;

/// The prefix of files that are being written.
pub(super) const UNFINISHED: &str = "upload-";
/// Bytes that are written at a time. Two batches are in memory at most.
const BATCH: usize = 1024 * 1024;

/// Dropped, it leaves nothing.
#[derive(Debug)]
pub(super) struct Draft {
    batch: Vec<Bytes>,
    batched: usize,
    size: u64,
    /// The batch before.
    hashing: JoinHandle<Md5>,
    writing: JoinHandle<std::io::Result<File>>,
    /// Removed when dropped. After the handles above, so that no writer makes it anew.
    unfinished: TempPath,
}

/// What is written of a file.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) file: File,
    pub(super) size: u64,
    hash: Md5,
}

impl Draft {
    /// Begins an empty file in a folder, which is made if it is not there.
    pub(super) fn begin(folder: &Path) -> Result<Self, Error> {
        let (file, unfinished) = temporary(folder)?;
        let (hashing, writing) = (spawn_blocking(Md5::new), spawn_blocking(|| Ok(file)));
        Ok(Draft { batch: Vec::new(), batched: 0, size: 0, hashing, writing, unfinished })
    }

    /// Appends bytes.
    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.batched += bytes.len();
        self.size += bytes.len() as u64;
        self.batch.push(bytes);
        if self.batched < BATCH { Ok(()) } else { self.pass_on().await }
    }

    /// Returns the file, with what was written.
    pub(super) async fn settle(mut self) -> Result<(TempPath, Written), Error> {
        self.pass_on().await?;
        let (hash, file) = self.ended().await?;
        Ok((self.unfinished, Written { file, size: self.size, hash }))
    }

    async fn pass_on(&mut self) -> Result<(), Error> {
        let (mut hash, mut file) = self.ended().await?;
        let batch = std::mem::take(&mut self.batch);
        self.batched = 0;
        let same = batch.clone();
        self.hashing = spawn_blocking(move || {
            same.iter().for_each(|bytes| hash.update(bytes));
            hash
        });
        self.writing = spawn_blocking(move || {
            for bytes in batch {
                file.write_all(&bytes)?;
            }
            Ok(file)
        });
        Ok(())
    }

    /// Waits until the batch before is done with.
    async fn ended(&mut self) -> std::io::Result<(Md5, File)> {
        let (hash, file) = tokio::join!(&mut self.hashing, &mut self.writing);
        Ok((hash.map_err(std::io::Error::other)?, file.map_err(std::io::Error::other)??))
    }
}

impl Written {
    /// Returns the MD5 of all bytes.
    pub(super) fn md5(&self) -> [u8; 16] {
        self.hash.clone().finalize().into()
    }
}

/// Makes an empty file that is removed when its path is dropped.
pub(super) fn temporary(folder: &Path) -> std::io::Result<(File, TempPath)> {
    std::fs::create_dir_all(folder)?;
    Ok(tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?.into_parts())
}
