//! Logins: begun, shown by an access token, gone on with by a refresh token, ended.

use ring::digest;
use serde::{Deserialize, Serialize};

use super::token::{self, Claims};
use super::{Account, Identity, Refusal, Result, State};
use crate::api::sign::unhex;
use crate::emulator::principal::{Login, Principal, User};
use crate::model::clock::{Millis, hex};

/// How long an access token is good, in milliseconds (`docs/wire.md#access-tokens`).
pub const ACCESS_LIFE: Millis = 7_200_000;
/// How long a login can be refreshed, in milliseconds.
pub(super) const REFRESH_LIFE: Millis = 31 * 24 * 3_600_000;

/// The session of who holds the environment's key: it is in no directory.
const ADMIN: &str = "admin";

/// One login of a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Session {
    pub uid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login: Option<Login>,
    /// SHA-256 of what makes its refresh token a secret.
    secret: String,
    /// When it can be refreshed no more.
    pub until: Millis,
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

    /// Returns whose access token this is.
    pub fn bearer(&self, access_token: &str) -> Result<Bearer> {
        let state = self.state();
        let Claims { jti, .. } = self.claims(&state, access_token)?;
        let session = state.sessions.get(&jti).ok_or(Refusal::Ended)?;
        let account = state.accounts.get(&session.uid).ok_or(Refusal::Ended)?;
        Ok(Bearer { account: account.clone(), login: session.login, session: jti })
    }

    fn claims(&self, state: &State, access_token: &str) -> Result<Claims> {
        if access_token.is_empty() {
            return Err(Refusal::NoToken);
        }
        let claims = token::verify(&key_of(state), access_token)?;
        if claims.aud != self.env_id {
            return Err(Refusal::Forged("it is for another environment"));
        }
        if claims.exp.saturating_mul(1000) <= self.clock.now() {
            return Err(Refusal::Expired);
        }
        Ok(claims)
    }

    pub(super) fn begin(&self, state: &mut State, uid: String, login: Option<Login>, now: Millis) -> Grant {
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
