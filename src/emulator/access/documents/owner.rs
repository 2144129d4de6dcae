//! `_openid`: whose a document is. The service writes it, clients never do.

use bson::{Bson, Document, doc};

use crate::api::data::Failure;
use crate::emulator::access::owners;
use crate::emulator::principal::User;

pub(super) const OWNER: &str = "_openid";

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
    let is_owner = |path: &str| path.split('.').next() == Some(OWNER);
    let forges = written.iter().any(|(name, operand)| match operand {
        Bson::Document(fields) if name.starts_with('$') => fields
            .iter()
            .any(|(path, value)| is_owner(path) || name == "$rename" && value.as_str().is_some_and(is_owner)),
        _ => is_owner(name),
    });
    if forges { Err(Failure::parameter("Invalid Key Name: _openid")) } else { Ok(()) }
}

/// Writes the caller into a new document.
pub(super) fn stamp(user: Option<&User>, document: &mut Document) {
    let Some(id) = owners(user).first().map(|id| (*id).to_owned()) else { return };
    let rest = std::mem::replace(document, doc! { OWNER: id });
    document.extend(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_way_of_writing_the_owner_is_let_through() {
        for forged in [
            doc! { "_openid": "x" },
            doc! { "a": 1, "_openid.b": 1 },
            doc! { "$set": { "_openid": "x" } },
            doc! { "$set": { "_openid.a": "x" } },
            doc! { "$unset": { "_openid": "" } },
            doc! { "$inc": { "_openid": 1 } },
            doc! { "$rename": { "a": "_openid" } },
            doc! { "$rename": { "_openid": "a" } },
            doc! { "$setOnInsert": { "_openid": "x" } },
        ] {
            assert!(refuse_forged(&forged).is_err(), "{forged}");
        }
        for honest in [doc! { "a": { "_openid": "x" } }, doc! { "$set": { "a._openid": "x", "_openids": 1 } }]
        {
            assert!(refuse_forged(&honest).is_ok(), "{honest}");
        }
    }
}
