//! Who the people of the environment are, and how they show it: the directory of users, logins, tokens. It has never
//! heard of HTTP.
//!
//! All of it lies in one file of the data folder, so that a restart logs nobody out.

mod account;
mod credential;
mod password;
mod refusal;
pub mod sealed;
mod session;
mod ticket;
mod token;
mod verification;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::kept;
use super::principal::Login;
use crate::api::sign::unhex;
use crate::error::Error;
use crate::model::clock::{Clock, Ids, Millis, hex, machine_time};
use crate::model::name::EnvId;
use crate::text;
use session::Session;
use verification::Codes;

pub use account::{Account, Profile};
pub use credential::Credential;
pub use refusal::Refusal;
pub use session::{ACCESS_LIFE, Bearer, Grant};
pub use verification::LIFE as CODE_LIFE;

type Result<T> = std::result::Result<T, Refusal>;

/// The people of one environment.
#[derive(Debug)]
pub struct Identity {
    file: PathBuf,
    env_id: String,
    clock: Clock,
    ids: Ids,
    state: Mutex<State>,
    codes: Mutex<Codes>,
}

/// What lies in the file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct State {
    /// Signs access tokens; hex.
    key: String,
    /// By uid.
    accounts: BTreeMap<String, Account>,
    /// By id.
    sessions: BTreeMap<String, Session>,
}

impl Identity {
    /// Reads the file; a missing file is an empty directory.
    ///
    /// # Errors
    /// The file cannot be read or is not what this program writes.
    pub fn open(file: PathBuf, env_id: &EnvId, clock: Clock, ids: Ids) -> std::result::Result<Self, Error> {
        let mut state: State = kept::read(
            &file,
            text! {
                en: "the file holds only users and their logins; remove it and add them again",
                zh: "该文件只保存用户及其登录状态；可删除后重新添加"
            },
        )?;
        // Whoever could guess a key that is none could sign tokens.
        if unhex(&state.key).is_none_or(|key| key.is_empty()) {
            state.key = hex(&ids.bytes::<32>());
        }
        let env_id = env_id.to_string();
        Ok(Identity { file, env_id, clock, ids, state: Mutex::new(state), codes: Mutex::default() })
    }

    /// Writes a person down by name and password, and logs them in nowhere.
    pub fn add(&self, account: Account, password: Option<&str>) -> Result<Account> {
        self.change(|state, now| {
            let password = password.map(|password| password::hash(password, &self.ids));
            self.join(state, Account { password, ..account }, now)
        })
    }

    /// Writes a person down, or what is new about one who is known by the uid or the username.
    pub fn declare(&self, wanted: Account, password: Option<&str>) -> Result<Account> {
        let known = self.find(|it| match wanted.uid.as_str() {
            "" => wanted.username.is_some() && it.username == wanted.username,
            uid => it.uid == uid,
        });
        let Some(known) = known else { return self.add(wanted, password) };
        if let Some(password) = password.filter(|password| !self.knows_password(&known.uid, password)) {
            self.set_password(&known.uid, password)?;
        }
        let mut amended = known.clone();
        amended.learn(wanted.clone());
        if amended == known { Ok(known) } else { self.amend(&known.uid, |account| account.learn(wanted)) }
    }

    /// Returns what is known of a person.
    pub fn account(&self, uid: &str) -> Option<Account> {
        self.state().accounts.get(uid).cloned()
    }

    /// Returns the first person of whom something is true.
    pub fn find(&self, is_sought: impl Fn(&Account) -> bool) -> Option<Account> {
        self.state().accounts.values().find(|account| is_sought(account)).cloned()
    }

    /// Returns the person who logs in by a name, an address or a number.
    pub fn named(&self, name: &str) -> Option<Account> {
        self.find(|account| account.answers_to(name))
    }

    /// Returns everybody.
    pub fn accounts(&self) -> Vec<Account> {
        self.state().accounts.values().cloned().collect()
    }

    /// Changes what is known of a person. Names must stay theirs alone.
    pub fn amend(&self, uid: &str, amend: impl FnOnce(&mut Account)) -> Result<Account> {
        self.change(|state, now| {
            let mut account = state.accounts.get(uid).cloned().ok_or(Refusal::NoUser)?;
            amend(&mut account);
            self.distinct(state, &account)?;
            account.updated = now;
            state.accounts.insert(uid.to_owned(), account.clone());
            Ok(account)
        })
    }

    /// Takes a name from a person by which they log in.
    ///
    /// # Errors
    /// They have no such name, or no other.
    pub fn unlink(&self, uid: &str, login: Login) -> Result<Account> {
        let mut account = self.account(uid).ok_or(Refusal::NoUser)?;
        account.forget(login)?;
        self.amend(uid, |known| *known = account)
    }

    /// Sets a password.
    pub fn set_password(&self, uid: &str, password: &str) -> Result<Account> {
        let hashed = password::hash(password, &self.ids);
        self.amend(uid, |account| account.password = Some(hashed))
    }

    /// Whether this is the person's password.
    pub fn knows_password(&self, uid: &str, password: &str) -> bool {
        let kept = self.account(uid).and_then(|account| account.password);
        kept.is_some_and(|kept| password::matches(password, &kept))
    }

    /// Removes a person with all their logins.
    pub fn remove(&self, uid: &str) -> Result<Account> {
        self.change(|state, _| {
            let account = state.accounts.remove(uid).ok_or(Refusal::NoUser)?;
            state.sessions.retain(|_, session| session.uid != uid);
            Ok(account)
        })
    }

    /// Makes a verification code; returns its name and the code itself.
    pub fn send_code(&self, contact: &str) -> (String, String) {
        self.codes().send(contact, &self.ids, self.clock.now())
    }

    /// Checks a code under its name, which then vouches for the contact once.
    pub fn verify_code(&self, id: &str, code: &str) -> Result<()> {
        self.codes().verify(id, code, self.clock.now()).then_some(()).ok_or(Refusal::Code)
    }

    /// Returns the contact that a verified code vouches for.
    pub fn verified(&self, id: &str) -> Result<String> {
        self.codes().take(id, self.clock.now()).ok_or(Refusal::Code)
    }

    /// Uses up a verified code by the contact it went to; returns how the contact was written then.
    pub fn reached(&self, contact: &str) -> Result<String> {
        self.codes().take_for(contact, self.clock.now()).ok_or(Refusal::Code)
    }

    /// Returns the codes that are out, with the contacts they went to; the newest of a contact is last.
    pub fn codes_sent(&self) -> Vec<(String, String)> {
        self.codes().sent(self.clock.now())
    }

    /// Checks a code by the contact it went to, and uses it up.
    pub fn redeem_code(&self, contact: &str, code: &str) -> Result<()> {
        self.codes().redeem(contact, code, self.clock.now()).then_some(()).ok_or(Refusal::Code)
    }

    /// Returns whom a custom ticket is for, as the project's own directory calls them.
    pub fn read_ticket(&self, ticket: &str, env: &str) -> Result<String> {
        // The server that made it may run by the machine's clock.
        let now = [self.clock.now(), machine_time()];
        ticket::read(ticket, &[&self.env_id, env], &now).map_err(Refusal::Ticket)
    }

    fn join(&self, state: &mut State, account: Account, now: Millis) -> Result<Account> {
        self.distinct(state, &account)?;
        let uid = match account.uid.as_str() {
            "" => hex(&self.ids.bytes::<16>()),
            uid => uid.to_owned(),
        };
        let account = Account { uid: uid.clone(), created: now, updated: now, ..account };
        state.accounts.insert(uid, account.clone());
        Ok(account)
    }

    /// Refuses names that belong to another.
    fn distinct(&self, state: &State, account: &Account) -> Result<()> {
        let others = || state.accounts.values().filter(|it| it.uid != account.uid);
        let names = [&account.username, &account.email, &account.phone].into_iter().flatten();
        let same = |name: &Option<String>, other: &Option<String>| name.is_some() && name == other;
        let taken = names.filter(|name| others().any(|it| it.answers_to(name)));
        let openid = account.openid.iter().filter(|_| others().any(|it| same(&it.openid, &account.openid)));
        let custom_id =
            account.custom_id.iter().filter(|_| others().any(|it| same(&it.custom_id, &account.custom_id)));
        match taken.chain(openid).chain(custom_id).next() {
            Some(name) => Err(Refusal::Taken(name.clone())),
            None => Ok(()),
        }
    }

    /// Changes the state and writes it down, or leaves it as it was.
    fn change<T>(&self, work: impl FnOnce(&mut State, Millis) -> Result<T>) -> Result<T> {
        let (mut state, now) = (self.state(), self.clock.now());
        let mut changed = state.clone();
        let done = work(&mut changed, now)?;
        changed.sessions.retain(|_, session| session.until > now);
        kept::write(&self.file, &changed).map_err(Refusal::Unwritable)?;
        *state = changed;
        Ok(done)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn codes(&self) -> MutexGuard<'_, Codes> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what a JSON web token says, whoever signed it.
pub fn claims<T: serde::de::DeserializeOwned>(token: &str) -> Option<T> {
    token::part(token.split('.').nth(1)?)
}

#[cfg(test)]
mod tests;
