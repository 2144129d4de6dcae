//! The platform's limits on documents and queries (`docs/wire.md#document-semantics`). Those of the engine below are in
//! `docdb::value::limits`, the rule for names of collections in `model::name`.

use bson::{Document, RawDocumentBuf};

use crate::api::data::Failure;
use crate::api::documents::storable;
pub use crate::docdb::value::limits::LARGEST_DOCUMENT;

/// How many documents a query returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// When it does not say.
    pub default: u64,
    pub most: u64,
}

pub const SERVER: Paging = Paging { default: 100, most: 1000 };
/// In a mini program itself.
pub const MINI_PROGRAM: Paging = Paging { default: 20, most: 20 };

/// The largest document a mini program may send, in bytes; a larger one from a server is worth a warning.
pub const NOTEWORTHY_DOCUMENT: usize = 512 * 1024;

/// Refuses what is too large for a mini program to send.
pub fn check_sent(document: &Document) -> Result<(), Failure> {
    let bytes = RawDocumentBuf::try_from(document).map_err(Failure::parameter)?.as_bytes().len();
    match bytes > NOTEWORTHY_DOCUMENT {
        true => Err(Failure::parameter("a mini program sends documents of 512 KB at most")),
        false => Ok(()),
    }
}

/// Refuses names of fields that the platform does not store.
pub fn check_names(document: &Document) -> Result<(), Failure> {
    storable::check_names(document).map_err(|why| Failure::parameter(why.en))
}
