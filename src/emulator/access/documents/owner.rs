//! `_openid`: whose a document is. The service writes it, clients never do.

use bson::{Document, doc};

use crate::api::data::Failure;
use crate::emulator::access::owners;
use crate::emulator::principal::User;
use crate::rules::payload::{OWNER, writes_owner};

/// Returns the condition that a document is the caller's; nobody has none.
pub(super) fn own(user: Option<&User>) -> Option<Document> {
    match owners(user)[..] {
        [] => None,
        [id] => Some(doc! { OWNER: id }),
        ref ids => Some(doc! { OWNER: { "$in": ids } }),
    }
}

/// Whether a document is the caller's.
pub(super) fn is_own(user: Option<&User>, document: &Document) -> bool {
    document.get_str(OWNER).is_ok_and(|owner| owners(user).contains(&owner))
}

/// Refuses a document, or an update, that sets whose a document is.
pub(super) fn refuse_forged(written: &Document) -> Result<(), Failure> {
    match writes_owner(written) {
        true => Err(Failure::parameter("Invalid Key Name: _openid")),
        false => Ok(()),
    }
}

/// Writes the caller into a new document.
pub(super) fn stamp(user: Option<&User>, document: &mut Document) {
    let Some(id) = owners(user).first().map(|id| (*id).to_owned()) else { return };
    let rest = std::mem::replace(document, doc! { OWNER: id });
    document.extend(rest);
}
