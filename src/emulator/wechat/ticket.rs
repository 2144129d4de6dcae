//! What a mini program is handed about its user, to be exchanged by its server: login codes, phone codes and cloud ids. Each
//! belongs to one person and ends five minutes after it was made.

use std::collections::BTreeMap;

use serde_json::Value;

use super::refusal::{Refusal, Result};
use crate::model::clock::{Ids, Millis};

/// How long each is good.
const LIFE: Millis = 300_000;

/// What a code is exchanged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `wx.login`.
    Login,
    /// The button that asks for the phone number.
    Phone,
}

/// The tickets that are out. They do not outlive the emulator.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    codes: BTreeMap<String, Code>,
    opened: BTreeMap<String, Opened>,
}

#[derive(Debug)]
struct Code {
    openid: String,
    purpose: Purpose,
    until: Millis,
    used: bool,
}

#[derive(Debug)]
struct Opened {
    data: Value,
    until: Millis,
}

impl Tickets {
    /// Makes a code that stands for a person.
    pub fn code(&mut self, openid: &str, purpose: Purpose, ids: &Ids, now: Millis) -> String {
        self.codes.retain(|_, code| code.until > now);
        let code = text(ids);
        let made = Code { openid: openid.to_owned(), purpose, until: now + LIFE, used: false };
        self.codes.insert(code.clone(), made);
        code
    }

    /// Returns whom a code stands for, once.
    pub fn redeem(&mut self, code: &str, purpose: Purpose, now: Millis) -> Result<String> {
        let known = self.codes.get_mut(code).filter(|known| known.purpose == purpose && known.until > now);
        let known = known.ok_or_else(Refusal::code)?;
        match std::mem::replace(&mut known.used, true) {
            true => Err(Refusal::used_code()),
            false => Ok(known.openid.clone()),
        }
    }

    /// Makes the id by which a function is given open data.
    pub fn cloud_id(&mut self, data: Value, ids: &Ids, now: Millis) -> String {
        self.opened.retain(|_, opened| opened.until > now);
        let id = format!("90_{}", text(ids));
        self.opened.insert(id.clone(), Opened { data, until: now + LIFE });
        id
    }

    /// Returns the data behind an id.
    pub fn open(&self, cloud_id: &str, now: Millis) -> Option<&Value> {
        self.opened.get(cloud_id).filter(|opened| opened.until > now).map(|opened| &opened.data)
    }
}

/// Returns 32 letters and digits.
fn text(ids: &Ids) -> String {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
    format!("0{}", BASE64_URL_SAFE_NO_PAD.encode(ids.bytes::<23>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once_for_its_purpose_and_five_minutes() {
        let (mut tickets, ids) = (Tickets::default(), Ids::default());
        let code = tickets.code("o-1", Purpose::Login, &ids, 0);
        assert_eq!(tickets.redeem(&code, Purpose::Phone, 1), Err(Refusal::code()));
        assert_eq!(tickets.redeem(&code, Purpose::Login, 1), Ok("o-1".to_owned()));
        assert_eq!(tickets.redeem(&code, Purpose::Login, 2), Err(Refusal::used_code()));
        assert_eq!(tickets.redeem("other", Purpose::Login, 2), Err(Refusal::code()));
        let late = tickets.code("o-1", Purpose::Login, &ids, 0);
        assert_eq!(tickets.redeem(&late, Purpose::Login, LIFE), Err(Refusal::code()));
    }

    #[test]
    fn a_cloud_id_opens_until_it_ends() {
        let (mut tickets, ids) = (Tickets::default(), Ids::default());
        let id = tickets.cloud_id(Value::from(1), &ids, 0);
        assert_eq!(tickets.open(&id, LIFE - 1), Some(&Value::from(1)));
        assert_eq!(tickets.open(&id, LIFE), None);
    }
}
