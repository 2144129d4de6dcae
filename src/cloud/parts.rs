//! A large file on its way up, in parts: several at a time, each tried again when it fails, and those that an interrupted
//! upload left are taken over.

use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use md5::{Digest, Md5};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::bucket::Part;
use super::call::Failure;
use super::retry::Trouble;
use super::transfer::Heard;
use super::{Client, Error};
use crate::model::clock::hex;

/// Files from this size on go up in parts, in bytes.
pub const FROM: u64 = 32 * 1024 * 1024;
/// The size of a part, in bytes, unless there were too many of them.
const PART: u64 = 8 * 1024 * 1024;
/// The most parts of a file (COS).
const MOST: u64 = 10_000;
/// Parts on their way at a time.
const AT_ONCE: usize = 4;

/// Where a file goes.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub bucket: &'a str,
    pub key: &'a str,
    /// What the service gave out for the key.
    pub file_id: &'a str,
}

/// A stretch of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    number: u32,
    start: u64,
    length: u64,
}

impl Client {
    /// Uploads a file of `length` bytes in parts. When it fails, its parts stay for the next try.
    pub async fn upload_in_parts(
        &self,
        place: Place<'_>,
        file: &Path,
        length: u64,
        heard: Heard<'_>,
    ) -> Result<(), Error> {
        let Place { bucket, key, file_id } = place;
        let (id, known) = match self.upload_under_way(bucket, key).await? {
            Some(id) => (id.clone(), self.parts(bucket, key, &id).await?),
            None => (self.begin_parts(bucket, key, file_id).await?, Vec::new()),
        };
        let (id, known) = (&id, &known);
        let mut parts = stream::iter(stretches(length))
            .map(|stretch| async move {
                let known = known.iter().find(|part| part.number == stretch.number);
                let tag = self.part(place, id, file, stretch, known).await?;
                Ok::<_, Error>((tag, stretch.length))
            })
            .buffered(AT_ONCE);
        let (mut tags, mut sent) = (Vec::new(), 0);
        while let Some((tag, length)) = parts.try_next().await? {
            tags.push(tag);
            sent += length;
            heard(sent);
        }
        drop(parts);
        self.complete_parts(bucket, key, id, &tags).await
    }

    /// Returns the tag of a part, which is uploaded unless the same one is there.
    async fn part(
        &self,
        place: Place<'_>,
        id: &str,
        file: &Path,
        stretch: Stretch,
        known: Option<&Part>,
    ) -> Result<String, Error> {
        let failed = |source| Error::File { path: file.to_owned(), source };
        let bytes = read(file, stretch).await.map_err(failed)?;
        if let Some(known) = known.filter(|known| known.size == stretch.length)
            && hex(&Md5::digest(&bytes)) == known.etag
        {
            return Ok(known.etag.clone());
        }
        // The same part twice is the same part.
        self.persist(true, || async {
            let put = self.put_part(place.bucket, place.key, (id, stretch.number), bytes.clone()).await;
            put.map_err(|error| Failure { trouble: trouble(&error), error })
        })
        .await
    }
}

/// Classifies a failed transfer.
pub(super) fn trouble(error: &Error) -> Trouble {
    match error {
        Error::Unreachable { .. } | Error::Stalled { .. } => Trouble::Unsure,
        Error::Status { status: 500.., .. } => Trouble::Unsure,
        _ => Trouble::Final,
    }
}

async fn read(file: &Path, stretch: Stretch) -> std::io::Result<Bytes> {
    let mut file = tokio::fs::File::open(file).await?;
    file.seek(std::io::SeekFrom::Start(stretch.start)).await?;
    let mut bytes = Vec::with_capacity(usize::try_from(stretch.length).unwrap_or_default());
    match file.take(stretch.length).read_to_end(&mut bytes).await? as u64 == stretch.length {
        true => Ok(bytes.into()),
        // It has become shorter.
        false => Err(std::io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Whether a file of `length` bytes has the tag of an object: the MD5 of its bytes, or what [`Client::upload_in_parts`] makes
/// of it. What others uploaded in other parts is told apart from it.
pub async fn has_tag(file: PathBuf, length: u64, tag: String) -> bool {
    let stretches = match tag.split_once('-') {
        Some(_) => stretches(length),
        None => vec![Stretch { number: 1, start: 0, length }],
    };
    let hashing = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(file)?;
        let mut hashes = Vec::with_capacity(stretches.len());
        for stretch in &stretches {
            let mut hash = Md5::new();
            std::io::copy(&mut (&mut file).take(stretch.length), &mut hash)?;
            hashes.push(hash.finalize());
        }
        std::io::Result::Ok(match hashes.as_slice() {
            [only] if !tag.contains('-') => hex(only) == tag,
            all => format!("{}-{}", hex(&Md5::digest(all.concat())), all.len()) == tag,
        })
    });
    matches!(hashing.await, Ok(Ok(true)))
}

/// Divides a file; the same length is always divided alike, so that parts can be taken over.
fn stretches(length: u64) -> Vec<Stretch> {
    let size = PART.max(length.div_ceil(MOST));
    let starts = (0..length).step_by(usize::try_from(size).unwrap_or(usize::MAX));
    (1..)
        .zip(starts)
        .map(|(number, start)| Stretch { number, start, length: size.min(length - start) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_known_by_its_tag() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        let (first, rest) = (vec![b'a'; PART as usize], b"rest".to_vec());
        std::fs::write(&path, [first.as_slice(), &rest].concat()).expect("written");
        let whole = hex(&Md5::digest([first.as_slice(), &rest].concat()));
        let parts = hex(&Md5::digest([Md5::digest(&first), Md5::digest(&rest)].concat()));
        for (tag, length, is_same) in [
            (whole.clone(), PART + 4, true),
            (whole.clone(), PART + 3, false),
            (format!("{whole}-1"), PART + 4, false),
            (format!("{parts}-2"), PART + 4, true),
            (format!("{parts}-3"), PART + 4, false),
            (String::new(), PART + 4, false),
        ] {
            assert_eq!(has_tag(path.clone(), length, tag.clone()).await, is_same, "{tag} {length}");
        }
        assert!(!has_tag(folder.path().join("none"), 0, "d41d8cd98f00b204e9800998ecf8427e".into()).await);
    }

    #[test]
    fn a_file_is_divided_without_a_gap_into_few_enough_parts() {
        for length in [1, PART - 1, PART, PART + 1, FROM, PART * MOST, PART * MOST + 1, 1 << 40] {
            let parts = stretches(length);
            assert!(parts.len() as u64 <= MOST, "{length}");
            let mut end = 0;
            for (at, part) in parts.iter().enumerate() {
                assert_eq!((part.number as usize, part.start), (at + 1, end), "{length}");
                assert!(part.length > 0);
                end += part.length;
            }
            assert_eq!(end, length);
        }
    }
}
