//! An object being written in one piece.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::draft::Draft;
use super::{Error, Object, Storage, disk};
use crate::model::clock::hex;

/// What a client says about a file it stores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// By the end of the name when nothing is said.
    pub content_type: Option<String>,
    /// Other headers that come back with the file.
    pub headers: BTreeMap<String, String>,
    /// The openid or uid of the client; nobody's without.
    pub owner: Option<String>,
}

impl Attributes {
    /// Returns what a file is that has these attributes.
    pub(super) fn describe(self, key: &str) -> Object {
        Object {
            key: key.to_owned(),
            size: 0,
            etag: String::new(),
            content_type: self.content_type.unwrap_or_else(|| disk::type_of(key).to_owned()),
            headers: self.headers,
            modified: 0,
            owner: self.owner,
        }
    }
}

/// An object being written. Dropped before [`Upload::finish`], it leaves nothing.
#[derive(Debug)]
pub struct Upload {
    storage: Storage,
    object: Object,
    draft: Draft,
    /// The MD5 that the bytes shall have.
    expected: Option<[u8; 16]>,
    /// Bytes that may still come.
    room: u64,
    overwrite: bool,
}

impl Upload {
    pub(super) fn begin(storage: Storage, object: Object) -> Result<Self, Error> {
        let draft = Draft::begin(&storage.0.folder)?;
        let room = storage.room(&object.key)?;
        Ok(Upload { storage, object, draft, expected: None, room, overwrite: true })
    }

    /// Refuses the file at its end unless its bytes have this MD5.
    pub fn expect(&mut self, md5: Option<[u8; 16]>) {
        self.expected = md5;
    }

    /// Refuses the file, now or at its end, where another has its name.
    pub fn forbid_overwrite(&mut self) -> Result<(), Error> {
        self.overwrite = false;
        let key = &self.object.key;
        if self.storage.get(key).is_ok() { Err(Error::Exists { key: key.clone() }) } else { Ok(()) }
    }

    /// Refuses at once what will be too large, if the length is known.
    pub fn announce(&self, length: Option<u64>) -> Result<(), Error> {
        if length.is_some_and(|length| length > self.room) { Err(Error::Full) } else { Ok(()) }
    }

    /// Appends bytes.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.room = self.room.checked_sub(bytes.len() as u64).ok_or(Error::Full)?;
        self.draft.write(bytes).await
    }

    /// Puts the object in its place.
    pub async fn finish(self) -> Result<Object, Error> {
        let Upload { storage, mut object, draft, expected, overwrite, .. } = self;
        let (unfinished, mut written) = draft.settle().await?;
        if expected.is_some_and(|expected| expected != written.md5()) {
            return Err(Error::Digest);
        }
        object.size = written.size;
        object.etag = hex(&written.md5());
        object.modified = storage.0.clock.now();
        disk::seal(&mut written.file, &object)?;
        storage.admit(unfinished, object, overwrite)
    }
}
