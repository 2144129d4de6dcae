//! What an uploader's headers say about a file.

use std::collections::BTreeMap;

use axum::http::header::{CONTENT_TYPE, HeaderMap};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::refused::Refused;
use crate::emulator::storage::Attributes;

/// Headers that come back with the file, beside `x-cos-meta-…`.
const KEPT: [&str; 5] =
    ["cache-control", "content-disposition", "content-encoding", "content-language", "expires"];
/// The most that names and values of `x-cos-meta-…` may have together, in bytes (COS: 2 KB).
const LARGEST_METADATA: usize = 2048;

/// Returns a header as text.
pub(super) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Reads the attributes of a file that is stored with these headers.
pub(super) fn attributes(headers: &HeaderMap, owner: Option<String>) -> Result<Attributes, Refused> {
    let is_kept = |name: &str| KEPT.contains(&name) || name.starts_with("x-cos-meta-");
    let kept: BTreeMap<_, _> = headers
        .iter()
        .filter(|(name, _)| is_kept(name.as_str()))
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        // Says how the body travelled, not what it is.
        .filter(|(name, value)| name != "content-encoding" || value != "aws-chunked")
        .collect();
    if kept.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > 2 * LARGEST_METADATA {
        return Err(Refused::bad("MetadataTooLarge", "the metadata is larger than 2 KB"));
    }
    let content_type = value(headers, CONTENT_TYPE.as_str()).filter(|it| !it.is_empty()).map(str::to_owned);
    Ok(Attributes { content_type, headers: kept, owner })
}

/// Reads the MD5 that the body shall have.
pub(super) fn digest(headers: &HeaderMap) -> Result<Option<[u8; 16]>, Refused> {
    let Some(text) = headers.get("content-md5") else { return Ok(None) };
    let bytes = BASE64_STANDARD.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Some).ok_or_else(|| Refused::bad("InvalidDigest", "`Content-MD5` is not an MD5 in base64"))
}
