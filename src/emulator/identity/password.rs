//! Passwords, kept as salted hashes: `SALT.HASH` in hex.

use std::num::NonZeroU32;

use ring::pbkdf2;

use crate::api::sign::unhex;
use crate::model::clock::{Ids, hex};

/// The users of an emulator are made up: enough rounds that the file is no list of passwords, few enough for tests.
const ROUNDS: NonZeroU32 = NonZeroU32::new(5_000).expect("it is not zero");

/// Returns what is kept of a password.
pub(super) fn hash(password: &str, ids: &Ids) -> String {
    let (salt, mut derived) = (ids.bytes::<16>(), [0; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &salt, password.as_bytes(), &mut derived);
    format!("{}.{}", hex(&salt), hex(&derived))
}

/// Whether a password is the one that was kept.
pub(super) fn matches(password: &str, kept: &str) -> bool {
    let Some((salt, derived)) = kept.split_once('.').and_then(|(salt, it)| unhex(salt).zip(unhex(it))) else {
        return false;
    };
    pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &salt, password.as_bytes(), &derived).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_itself_alone() {
        let ids = Ids::default();
        let (kept, again) = (hash("s3cret", &ids), hash("s3cret", &ids));
        assert_ne!(kept, again);
        assert!(matches("s3cret", &kept) && matches("s3cret", &again));
        for (password, kept) in [("S3cret", kept.as_str()), ("", &kept), ("s3cret", ""), ("s3cret", "00.zz")]
        {
            assert!(!matches(password, kept), "{password} {kept}");
        }
    }
}
