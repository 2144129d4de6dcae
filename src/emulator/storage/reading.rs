//! An object being read: the next bytes come from the disk while the last ones are on their way.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Error, Object};

const CHUNK: u64 = 512 * 1024;

/// An object being read. A newer version does not disturb it.
#[derive(Debug)]
pub struct Reading {
    pub object: Object,
    file: Option<File>,
    /// Bytes not asked of the disk yet.
    left: u64,
    ahead: Option<JoinHandle<std::io::Result<(File, Bytes)>>>,
}

impl Reading {
    pub(super) fn new(object: Object, file: File) -> Self {
        Reading { left: object.size, object, file: Some(file), ahead: None }
    }

    /// Keeps to a part of the bytes; to be said before the first are read.
    pub fn narrow(&mut self, start: u64, length: u64) -> Result<(), Error> {
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::Start(start))?;
        }
        self.left = length;
        Ok(())
    }

    /// Returns the next bytes, or nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.read_ahead();
        let Some(ahead) = self.ahead.take() else { return Ok(None) };
        let (file, bytes) = ahead.await.map_err(std::io::Error::other)??;
        self.file = Some(file);
        self.read_ahead();
        Ok(Some(bytes))
    }

    fn read_ahead(&mut self) {
        if self.left == 0 {
            return;
        }
        let Some(mut file) = self.file.take() else { return };
        let length = self.left.min(CHUNK);
        self.left -= length;
        self.ahead = Some(spawn_blocking(move || {
            let mut bytes = Vec::with_capacity(length as usize);
            match (&mut file).take(length).read_to_end(&mut bytes)? as u64 == length {
                true => Ok((file, bytes.into())),
                false => Err(std::io::ErrorKind::UnexpectedEof.into()),
            }
        }));
    }
}
