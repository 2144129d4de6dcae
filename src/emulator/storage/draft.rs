//! A file that is not there yet: bytes are hashed and written behind the back of who brings them, a batch at a time, so
//! that the next batch comes in meanwhile and memory stays the same whatever the size.

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
    /// The batch before.
    writing: JoinHandle<std::io::Result<Written>>,
    /// Removed when dropped. After the handle above, so that no writer makes it anew.
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
        let nothing = Written { file, size: 0, hash: Md5::new() };
        Ok(Draft { batch: Vec::new(), batched: 0, writing: spawn_blocking(|| Ok(nothing)), unfinished })
    }

    /// Appends bytes.
    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.batched += bytes.len();
        self.batch.push(bytes);
        if self.batched < BATCH { Ok(()) } else { self.pass_on().await }
    }

    /// Returns the file, with what was written.
    pub(super) async fn settle(mut self) -> Result<(TempPath, Written), Error> {
        self.pass_on().await?;
        Ok((self.unfinished, ended(&mut self.writing).await?))
    }

    async fn pass_on(&mut self) -> Result<(), Error> {
        let mut written = ended(&mut self.writing).await?;
        let batch = std::mem::take(&mut self.batch);
        self.batched = 0;
        self.writing = spawn_blocking(move || {
            for bytes in batch {
                written.hash.update(&bytes);
                written.size += bytes.len() as u64;
                written.file.write_all(&bytes)?;
            }
            Ok(written)
        });
        Ok(())
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

async fn ended<T>(task: &mut JoinHandle<std::io::Result<T>>) -> Result<T, Error> {
    Ok(task.await.map_err(std::io::Error::other)??)
}
