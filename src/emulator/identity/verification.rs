//! Codes that would go to a phone or a mailbox: here they are told at the terminal. They do not outlive the emulator.

use std::collections::BTreeMap;

use super::account::number;
use crate::model::clock::{Ids, Millis};

/// How long a code is good, in milliseconds.
pub const LIFE: Millis = 600_000;
/// How often a code may be guessed.
const TRIES: u8 = 5;

/// The codes that are out.
#[derive(Debug, Default)]
pub(super) struct Codes(BTreeMap<String, Sent>);

#[derive(Debug)]
struct Sent {
    contact: String,
    code: String,
    until: Millis,
    tries: u8,
    is_verified: bool,
}

impl Codes {
    /// Makes a code for a phone number or an address; returns what names it, and the code.
    pub fn send(&mut self, contact: &str, ids: &Ids, now: Millis) -> (String, String) {
        self.0.retain(|_, sent| sent.until > now);
        let number = u32::from_be_bytes(ids.bytes::<4>()) % 1_000_000;
        let (id, code) = (ids.request(), format!("{number:06}"));
        let sent = Sent {
            contact: contact.to_owned(),
            code: code.clone(),
            until: now + LIFE,
            tries: 0,
            is_verified: false,
        };
        self.0.insert(id.clone(), sent);
        (id, code)
    }

    /// Returns the codes that are still good, with their contacts, in the order in which they end.
    pub fn sent(&self, now: Millis) -> Vec<(String, String)> {
        let is_out = |sent: &&Sent| sent.until > now && !sent.is_verified;
        let mut sent: Vec<&Sent> = self.0.values().filter(is_out).collect();
        sent.sort_by_key(|sent| sent.until);
        sent.iter().map(|sent| (sent.contact.clone(), sent.code.clone())).collect()
    }

    /// Whether a code is the one that was sent under this name. It is then good for [`Codes::take`].
    pub fn verify(&mut self, id: &str, code: &str, now: Millis) -> bool {
        let Some(sent) = self.0.get_mut(id).filter(|sent| sent.until > now && sent.tries < TRIES) else {
            return false;
        };
        sent.tries += 1;
        sent.is_verified |= sent.code == code;
        sent.code == code
    }

    /// Returns the contact whose code was verified, once.
    pub fn take(&mut self, id: &str, now: Millis) -> Option<String> {
        self.0.get(id).filter(|sent| sent.is_verified && sent.until > now)?;
        self.0.remove(id).map(|sent| sent.contact)
    }

    /// Uses up a verified code that went to this contact; returns how the contact was written then.
    pub fn take_for(&mut self, contact: &str, now: Millis) -> Option<String> {
        let is_good = |sent: &Sent| is_same(&sent.contact, contact) && sent.is_verified && sent.until > now;
        let id = self.0.iter().find(|(_, sent)| is_good(sent)).map(|(id, _)| id.clone())?;
        self.0.remove(&id).map(|sent| sent.contact)
    }

    /// Whether a contact was sent this code, which is used up thereby.
    pub fn redeem(&mut self, contact: &str, code: &str, now: Millis) -> bool {
        let ids = self.0.iter().filter(|(_, sent)| sent.contact == contact).map(|(id, _)| id.clone());
        let ids: Vec<String> = ids.collect();
        ids.iter().any(|id| self.verify(id, code, now) && self.take(id, now).is_some())
    }
}

/// Whether two texts are one address or number.
fn is_same(one: &str, other: &str) -> bool {
    one == other || number(one).is_some_and(|is| Some(is) == number(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_opens_once_in_time_and_after_few_guesses() {
        let (mut codes, ids) = (Codes::default(), Ids::counting(41));
        let (id, code) = codes.send("a@b.cn", &ids, 0);
        assert_eq!(codes.take(&id, 1), None);
        assert!(codes.verify(&id, &code, 1));
        assert_eq!(codes.take(&id, 1).as_deref(), Some("a@b.cn"));
        assert_eq!(codes.take(&id, 1), None);

        let (id, code) = codes.send("a@b.cn", &ids, 0);
        assert!(!codes.verify(&id, &code, LIFE));
        assert!((0..TRIES).all(|_| !codes.verify(&id, "no code", 1)));
        assert!(!codes.verify(&id, &code, 1));

        let (_, code) = codes.send("+86 1", &ids, LIFE);
        assert!(!codes.redeem("+86 2", &code, LIFE));
        assert!(codes.redeem("+86 1", &code, LIFE));
        assert!(!codes.redeem("+86 1", &code, LIFE));

        let all: Vec<String> = (0..3).map(|_| codes.send("+86 1", &ids, LIFE).1).collect();
        let out: Vec<String> = codes.sent(LIFE).into_iter().map(|(_, code)| code).collect();
        assert!(all.iter().all(|code| out.contains(code)));
        assert!(
            all.iter().all(|code| codes.redeem("+86 1", code, LIFE)),
            "a second code does not hide the first"
        );
        assert_eq!(codes.sent(LIFE), []);
    }
}
