//! Uploads in parts: begun, filled in any order, then put together or given up. They end with the process.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use md5::{Digest, Md5};
use tempfile::TempPath;

use super::disk::{Piece, Source};
use super::draft::Draft;
use super::{Attributes, Error, Object, Storage, check_key};
use crate::api::sign::{sha256_hex, unhex};
use crate::model::clock::{Millis, hex};

/// The smallest part but for the last, in bytes (COS: 1 MB).
pub const SMALLEST_PART: u64 = 1024 * 1024;
/// The number of the last possible part (COS).
pub const LAST_PART: u32 = 10_000;

/// An upload in parts, under way.
#[derive(Debug)]
pub(super) struct Parted {
    object: Object,
    started: Millis,
    parts: BTreeMap<u32, Part>,
}

#[derive(Debug)]
struct Part {
    told: PartTold,
    file: Arc<TempPath>,
}

/// What is known of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartTold {
    pub number: u32,
    pub size: u64,
    /// MD5 in hex.
    pub etag: String,
    pub modified: Millis,
}

/// What is known of an upload in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartedTold {
    pub key: String,
    pub id: String,
    pub started: Millis,
    pub parts: Vec<PartTold>,
}

/// A part being written. Dropped before [`PartUpload::finish`], it leaves nothing.
#[derive(Debug)]
pub struct PartUpload {
    storage: Storage,
    key: String,
    id: String,
    number: u32,
    draft: Draft,
    expected: Option<[u8; 16]>,
    room: u64,
}

impl Storage {
    /// Begins an upload in parts and returns its id.
    pub fn begin_parts(&self, key: &str, attributes: Attributes) -> Result<String, Error> {
        check_key(key)?;
        // The first look at the folder clears unfinished files away: it comes before there are any.
        self.objects()?;
        let mut uploads = self.uploads();
        let started = self.0.clock.now();
        uploads.count += 1;
        let id = sha256_hex(format!("{}\n{key}\n{started}\n{}", self.0.secret, uploads.count).as_bytes());
        let parted = Parted { object: attributes.describe(key), started, parts: BTreeMap::new() };
        uploads.by_id.insert(id.clone(), parted);
        Ok(id)
    }

    /// Begins to write a part; one of the same number gives way.
    pub fn create_part(&self, key: &str, id: &str, number: u32) -> Result<PartUpload, Error> {
        self.uploads().of(key, id)?;
        if !(1..=LAST_PART).contains(&number) {
            return Err(Error::PartNumber);
        }
        let draft = Draft::begin(&self.0.folder)?;
        let (key, id, room) = (key.to_owned(), id.to_owned(), self.room(key)?);
        Ok(PartUpload { storage: self.clone(), key, id, number, draft, expected: None, room })
    }

    /// Returns what there is of an upload.
    pub fn parts(&self, key: &str, id: &str) -> Result<PartedTold, Error> {
        Ok(self.uploads().of(key, id)?.told(id))
    }

    /// Returns the uploads under way, by key.
    pub fn parted(&self) -> Vec<PartedTold> {
        let mut told: Vec<_> = self.uploads().by_id.iter().map(|(id, it)| it.told(id)).collect();
        told.sort_by(|a, b| (&a.key, a.started, &a.id).cmp(&(&b.key, b.started, &b.id)));
        told
    }

    /// Gives an upload up.
    pub fn abort_parts(&self, key: &str, id: &str) -> Result<(), Error> {
        let mut uploads = self.uploads();
        uploads.of(key, id)?;
        uploads.by_id.remove(id);
        Ok(())
    }

    /// Puts the chosen parts together: their numbers and tags, in order.
    ///
    /// # Errors
    /// A part is not there, has another tag, stands out of order, or is too small. The upload goes on.
    pub async fn complete_parts(
        &self,
        key: &str,
        id: &str,
        chosen: &[(u32, String)],
    ) -> Result<Object, Error> {
        let (mut object, pieces) = {
            let mut uploads = self.uploads();
            let parted = uploads.of(key, id)?;
            let (etag, pieces) = parted.pieces(chosen)?;
            (Object { etag, ..parted.object.clone() }, pieces)
        };
        object.size = pieces.iter().map(|piece| piece.length).sum();
        object.modified = self.0.clock.now();
        let object = self.assemble(object, pieces, true).await?;
        self.uploads().by_id.remove(id);
        Ok(object)
    }

    fn uploads(&self) -> std::sync::MutexGuard<'_, Uploads> {
        self.0.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets every upload in parts.
    pub(super) fn forget_parts(&self) {
        self.uploads().by_id.clear();
    }
}

/// The uploads in parts of one environment.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    by_id: BTreeMap<String, Parted>,
    count: u64,
}

impl Uploads {
    fn of(&mut self, key: &str, id: &str) -> Result<&mut Parted, Error> {
        self.by_id.get_mut(id).filter(|parted| parted.object.key == key).ok_or(Error::NoUpload)
    }
}

impl Parted {
    fn told(&self, id: &str) -> PartedTold {
        PartedTold {
            key: self.object.key.clone(),
            id: id.to_owned(),
            started: self.started,
            parts: self.parts.values().map(|part| part.told.clone()).collect(),
        }
    }

    /// Returns the tag of the whole, `MD5 of the parts' MD5s-COUNT`, and the parts.
    fn pieces(&self, chosen: &[(u32, String)]) -> Result<(String, Vec<Piece>), Error> {
        if !chosen.is_sorted_by(|(one, _), (next, _)| one < next) {
            return Err(Error::PartOrder);
        }
        let mut hash = Md5::new();
        let mut pieces = Vec::with_capacity(chosen.len());
        for (at, (number, etag)) in chosen.iter().enumerate() {
            let part = self.parts.get(number).filter(|part| part.told.etag == *etag).ok_or(Error::NoPart)?;
            if part.told.size < SMALLEST_PART && at + 1 < chosen.len() {
                return Err(Error::PartSize);
            }
            hash.update(unhex(etag).unwrap_or_default());
            pieces.push(Piece { source: Source::Temporary(Arc::clone(&part.file)), length: part.told.size });
        }
        Ok((format!("{}-{}", hex(&hash.finalize()), chosen.len()), pieces))
    }
}

impl PartUpload {
    /// Refuses the part at its end unless its bytes have this MD5.
    pub fn expect(&mut self, md5: Option<[u8; 16]>) {
        self.expected = md5;
    }

    /// Appends bytes.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.room = self.room.checked_sub(bytes.len() as u64).ok_or(Error::Full)?;
        self.draft.write(bytes).await
    }

    /// Makes the part one of its upload.
    pub async fn finish(self) -> Result<PartTold, Error> {
        let (file, written) = self.draft.settle().await?;
        if self.expected.is_some_and(|expected| expected != written.md5()) {
            return Err(Error::Digest);
        }
        let (etag, modified) = (hex(&written.md5()), self.storage.0.clock.now());
        let told = PartTold { number: self.number, size: written.size, etag, modified };
        let part = Part { told: told.clone(), file: Arc::new(file) };
        self.storage.uploads().of(&self.key, &self.id)?.parts.insert(self.number, part);
        Ok(told)
    }
}
