//! Signed links: what a client may do with one file, until when.

use ring::hmac;

use super::Storage;
use crate::api::sign::unhex;
use crate::model::clock::{Millis, hex};

/// What a link allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    Read,
    /// To store the file as its owner, who is nobody when an admin asked.
    Write(Option<&'a str>),
}

impl Storage {
    /// Returns the signature that lets its bearer use a file until a time, in seconds since 1970.
    pub fn sign(&self, purpose: Purpose<'_>, key: &str, until: i64) -> String {
        hex(hmac::sign(&self.secret(), message(purpose, key, until).as_bytes()).as_ref())
    }

    /// Whether a signature is ours and its time has not passed.
    pub fn verify(&self, purpose: Purpose<'_>, key: &str, until: i64, signature: &str) -> bool {
        let message = message(purpose, key, until);
        let genuine = unhex(signature)
            .is_some_and(|signature| hmac::verify(&self.secret(), message.as_bytes(), &signature).is_ok());
        genuine && self.seconds() <= until
    }

    /// Returns the present in seconds since 1970.
    pub fn seconds(&self) -> i64 {
        const SECOND: Millis = 1000;
        self.0.clock.now().div_euclid(SECOND)
    }

    fn secret(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.secret.as_bytes())
    }
}

fn message(purpose: Purpose<'_>, key: &str, until: i64) -> String {
    match purpose {
        Purpose::Read => format!("read\n{key}\n{until}"),
        // A key has no line breaks, so that no owner reads as part of one.
        Purpose::Write(owner) => format!("write\n{key}\n{until}\n{}", owner.unwrap_or_default()),
    }
}
