//! Who the people of the environment are, and how they show it: the directory of users, logins, tokens. It has never
//! heard of HTTP.
//!
//! All of it lies in one file of the data folder, so that a restart logs nobody out.

mod account;
mod password;
mod refusal;
pub mod sealed;
mod ticket;
mod token;
mod verification;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ring::digest;
use serde::{Deserialize, Serialize};

use super::kept;
use super::principal::{Login, Principal, User};
use crate::api::sign::unhex;
use crate::error::Error;
use crate::model::clock::{Clock, Ids, Millis, hex, machine_time};
use crate::model::name::EnvId;
use crate::text;
use token::Claims;
use verification::Codes;

pub use account::{Account, Profile};
pub use refusal::Refusal;
pub use verification::LIFE as CODE_LIFE;

type Result<T> = std::result::Result<T, Refusal>;

/// How long an access token is good, in milliseconds (`docs/wire.md#access-tokens`).
pub const ACCESS_LIFE: Millis = 7_200_000;
/// How long a login can be refreshed, in milliseconds.
const REFRESH_LIFE: Millis = 31 * 24 * 3_600_000;

/// The session of who holds the environment's key: it is in no directory.
const ADMIN: &str = "admin";

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

/// One login of a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Session {
    uid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login: Option<Login>,
    /// SHA-256 of what makes its refresh token a secret.
    secret: String,
    /// When it can be refreshed no more.
    until: Millis,
}

/// How a person shows who they are.
#[derive(Debug, Clone, Copy)]
pub enum Credential<'a> {
    /// The same device is the same person.
    Anonymous {
        device: &'a str,
    },
    /// `env` is the name by which the client knows the environment.
    Ticket {
        ticket: &'a str,
        env: &'a str,
    },
    Password {
        name: &'a str,
        password: &'a str,
    },
    /// WeChat says who it is; without `login`, it is a mini program's user.
    Wechat {
        openid: &'a str,
        unionid: Option<&'a str>,
        login: Option<Login>,
    },
    /// A code reached the person there; who is new is written down when `may_join`.
    Contact {
        contact: &'a str,
        may_join: bool,
    },
}

/// A login as its owner holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub uid: String,
    pub login: Option<Login>,
    pub access_token: String,
    pub refresh_token: String,
}

/// A login that an access token shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    pub account: Account,
    pub login: Option<Login>,
    pub session: String,
}

impl Bearer {
    /// Returns the person as the one who asks.
    pub fn user(&self) -> User {
        self.account.user(self.login)
    }
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
        if state.key.is_empty() {
            state.key = hex(&ids.bytes::<32>());
        }
        let env_id = env_id.to_string();
        Ok(Identity { file, env_id, clock, ids, state: Mutex::new(state), codes: Mutex::default() })
    }

    /// Logs a person in; who is new is written down.
    pub fn sign_in(&self, credential: &Credential<'_>) -> Result<Grant> {
        self.change(|state, now| {
            let (uid, login) = self.recognise(state, credential, now)?;
            Ok(self.begin(state, uid, login, now))
        })
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

    /// Logs in a person who is in the directory.
    pub fn enter(&self, uid: &str, login: Login) -> Result<Grant> {
        self.change(|state, now| {
            state.accounts.get(uid).ok_or(Refusal::NoUser)?;
            Ok(self.begin(state, uid.to_owned(), Some(login), now))
        })
    }

    /// Returns a new access token for a login, and with `rotate` a new refresh token in place of the old.
    pub fn refresh(&self, refresh_token: &str, rotate: bool) -> Result<Grant> {
        let (id, secret) = parts_of(refresh_token).ok_or(Refusal::Refresh)?;
        let now = self.clock.now();
        let check = |state: &State| {
            let session = state.sessions.get(id).filter(|session| session.secret == digest(secret));
            let session = session.cloned().ok_or(Refusal::Refresh)?;
            if session.until > now { Ok(session) } else { Err(Refusal::RefreshExpired) }
        };
        if !rotate {
            let state = self.state();
            let Session { uid, login, .. } = check(&state)?;
            let access_token = self.access_token(&state, id, &uid, login, now);
            return Ok(Grant { uid, login, access_token, refresh_token: refresh_token.to_owned() });
        }
        self.change(|state, now| {
            let Session { uid, login, .. } = check(state)?;
            state.sessions.remove(id);
            Ok(self.begin(state, uid, login, now))
        })
    }

    /// Ends a login, named by either of its tokens.
    pub fn sign_out(&self, token: &str) -> Result<()> {
        let id = match parts_of(token) {
            Some((id, _)) => id.to_owned(),
            None => self.bearer(token)?.session,
        };
        self.change(|state, _| {
            state.sessions.remove(&id);
            Ok(())
        })
    }

    /// Ends all logins of a person.
    pub fn sign_out_everywhere(&self, uid: &str) -> Result<()> {
        self.change(|state, _| {
            state.sessions.retain(|_, session| session.uid != uid);
            Ok(())
        })
    }

    /// Returns an access token for who holds the environment's key.
    pub fn admin_token(&self) -> String {
        self.access_token(&self.state(), ADMIN, ADMIN, None, self.clock.now())
    }

    /// Returns in whose name one asks who shows this access token.
    pub fn principal(&self, access_token: &str) -> Result<Principal> {
        if self.claims(&self.state(), access_token)?.jti == ADMIN {
            return Ok(Principal::Admin);
        }
        self.bearer(access_token).map(|bearer| Principal::Client(Some(bearer.user())))
    }

    fn claims(&self, state: &State, access_token: &str) -> Result<Claims> {
        let claims = token::verify(&key_of(state), access_token)?;
        if claims.aud != self.env_id {
            return Err(Refusal::Forged("it is for another environment"));
        }
        if claims.exp.saturating_mul(1000) <= self.clock.now() {
            return Err(Refusal::Expired);
        }
        Ok(claims)
    }

    /// Returns whose access token this is.
    pub fn bearer(&self, access_token: &str) -> Result<Bearer> {
        let state = self.state();
        let Claims { jti, .. } = self.claims(&state, access_token)?;
        let session = state.sessions.get(&jti).ok_or(Refusal::Ended)?;
        let account = state.accounts.get(&session.uid).ok_or(Refusal::Ended)?;
        Ok(Bearer { account: account.clone(), login: session.login, session: jti })
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

    /// Returns whose credential it is and how they log in.
    fn recognise(
        &self,
        state: &mut State,
        credential: &Credential<'_>,
        now: Millis,
    ) -> Result<(String, Option<Login>)> {
        let known =
            |state: &State, is: &dyn Fn(&Account) -> bool| state.accounts.values().find(|it| is(it)).cloned();
        let text = |text: &str| Some(text.to_owned());
        let (found, new, login) = match *credential {
            Credential::Anonymous { device } => {
                let is = |it: &Account| it.device.as_deref() == Some(device) && it.is_anonymous();
                let new = Account { device: text(device), ..Account::default() };
                (known(state, &is), new, Some(Login::Anonymous))
            }
            Credential::Ticket { ticket, env } => {
                let id = self.read_ticket(ticket, env)?;
                let is = |it: &Account| it.custom_id.as_ref() == Some(&id);
                let found = known(state, &is);
                (found, Account { custom_id: Some(id), ..Account::default() }, Some(Login::Custom))
            }
            Credential::Wechat { openid, unionid, login } => {
                let is = |it: &Account| it.openid.as_deref() == Some(openid);
                let unionid = unionid.map(str::to_owned);
                (known(state, &is), Account { openid: text(openid), unionid, ..Account::default() }, login)
            }
            Credential::Password { name, password } => {
                let found = known(state, &|it: &Account| it.answers_to(name));
                let fits =
                    |it: &Account| it.password.as_ref().is_some_and(|kept| password::matches(password, kept));
                let found = found.filter(fits).ok_or(Refusal::Password)?;
                let login = login_of(&found, name);
                return Ok((found.uid, Some(login)));
            }
            Credential::Contact { contact, may_join } => {
                let found = known(state, &|it: &Account| it.answers_to(contact));
                let login = if contact.contains('@') { Login::Email } else { Login::Phone };
                if found.is_none() && !may_join {
                    return Err(Refusal::NoUser);
                }
                (found, Account::reached_at(contact), Some(login))
            }
        };
        let account = match found {
            Some(account) => account,
            None => self.join(state, new, now)?,
        };
        Ok((account.uid, login))
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

    fn begin(&self, state: &mut State, uid: String, login: Option<Login>, now: Millis) -> Grant {
        let (id, secret) = (hex(&self.ids.bytes::<16>()), hex(&self.ids.bytes::<32>()));
        let session = Session { uid: uid.clone(), login, secret: digest(&secret), until: now + REFRESH_LIFE };
        state.sessions.insert(id.clone(), session);
        let access_token = self.access_token(state, &id, &uid, login, now);
        Grant { uid, login, access_token, refresh_token: format!("rt-{id}-{secret}") }
    }

    fn access_token(
        &self,
        state: &State,
        session: &str,
        uid: &str,
        login: Option<Login>,
        now: Millis,
    ) -> String {
        let scope = if login == Some(Login::Anonymous) { "anonymous" } else { "" };
        let claims = Claims {
            iss: "cloudkit".into(),
            sub: uid.to_owned(),
            aud: self.env_id.clone(),
            iat: now.div_euclid(1000),
            exp: (now + ACCESS_LIFE).div_euclid(1000),
            jti: session.to_owned(),
            scope: scope.into(),
            project_id: self.env_id.clone(),
            user_id: uid.to_owned(),
            provider_type: login.map_or("", Login::name).into(),
        };
        token::sign(&key_of(state), &claims)
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

/// Returns the id and the secret of a refresh token: `rt-ID-SECRET`.
fn parts_of(refresh_token: &str) -> Option<(&str, &str)> {
    refresh_token.strip_prefix("rt-")?.split_once('-')
}

fn key_of(state: &State) -> Vec<u8> {
    unhex(&state.key).unwrap_or_default()
}

fn digest(secret: &str) -> String {
    hex(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref())
}

/// Returns how a person logs in who gives this name with a password.
fn login_of(account: &Account, name: &str) -> Login {
    if account.username.as_deref() == Some(name) {
        Login::Username
    } else if name.contains('@') {
        Login::Email
    } else {
        Login::Phone
    }
}

#[cfg(test)]
mod tests;
