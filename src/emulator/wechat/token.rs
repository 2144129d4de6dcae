//! Access tokens of the app: made by two methods that know nothing of each other, good by the emulator's clock. See
//! `docs/wire.md#wechat-tokens`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::refusal::{Refusal, Result};
use crate::model::clock::{Ids, Millis};

const MINUTE: Millis = 60_000;
const DAY: Millis = 24 * 60 * MINUTE;
/// How long a token is good.
const LIFE: Millis = 120 * MINUTE;
/// How long a token is good after the next was made, and how long before its end the stable method makes the next.
const OVERLAP: Millis = 5 * MINUTE;
/// How long after a forced refresh the next changes nothing.
const PAUSE: Millis = 30_000;
/// Forced refreshes in a day.
const MOST_REFRESHES: usize = 20;
/// The longest token, in bytes.
const LONGEST: usize = 512;

/// The tokens that are out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tokens {
    /// By token. One that ended is remembered for a day, so that it is told from one that never was.
    issued: BTreeMap<String, Issued>,
    /// The newest of `token`, by app.
    plain: BTreeMap<String, String>,
    /// The newest of `stable_token`, by app.
    stable: BTreeMap<String, Stable>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Issued {
    /// Whose it is; nothing in files of old.
    #[serde(default)]
    appid: String,
    until: Millis,
    /// Whether a newer one ended it before its time.
    replaced: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stable {
    token: String,
    until: Millis,
    /// When it was refreshed by force, within a day.
    refreshed: Vec<Millis>,
}

/// A token and the seconds it is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Granted {
    pub token: String,
    pub seconds: i64,
}

impl Tokens {
    /// Makes a token; the one before is good for five minutes more.
    pub fn plain(&mut self, appid: &str, ids: &Ids, now: Millis) -> Granted {
        let token = self.issue(appid, ids, now);
        if let Some(before) = self.plain.insert(appid.to_owned(), token.clone()) {
            self.end(&before, now + OVERLAP);
        }
        Granted { token, seconds: LIFE / 1000 }
    }

    /// Returns the present token, or a new one when it is about to end; with `force`, a new one at once, which ends the
    /// other.
    pub fn stable(&mut self, appid: &str, force: bool, ids: &Ids, now: Millis) -> Result<Granted> {
        let known = self.stable.get(appid).filter(|known| known.until > now).cloned();
        let mut refreshed = self.stable.get(appid).map(|it| it.refreshed.clone()).unwrap_or_default();
        refreshed.retain(|at| *at > now - DAY);
        let same = |known: Stable| Granted { token: known.token, seconds: (known.until - now) / 1000 };
        if force {
            if let Some(known) = &known {
                if refreshed.last().is_some_and(|last| *last > now - PAUSE) {
                    return Ok(same(known.clone()));
                }
                if refreshed.len() >= MOST_REFRESHES {
                    return Err(Refusal::quota());
                }
                self.end(&known.token, now);
            }
            refreshed.push(now);
        } else if let Some(known) = known.filter(|known| known.until > now + OVERLAP) {
            return Ok(same(known));
        }
        let token = self.issue(appid, ids, now);
        let next = Stable { token: token.clone(), until: now + LIFE, refreshed };
        self.stable.insert(appid.to_owned(), next);
        Ok(Granted { token, seconds: LIFE / 1000 })
    }

    /// Checks a token that a request shows; returns the app that it is for.
    pub fn check(&self, token: Option<&str>, now: Millis) -> Result<&str> {
        let token = token.filter(|token| !token.is_empty()).ok_or_else(Refusal::no_token)?;
        let is_written_well = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if token.len() > LONGEST || !token.bytes().all(is_written_well) {
            return Err(Refusal::malformed_token());
        }
        match self.issued.get(token) {
            Some(issued) if issued.until > now => Ok(&issued.appid),
            Some(issued) if !issued.replaced => Err(Refusal::expired_token()),
            _ => Err(Refusal::unknown_token()),
        }
    }

    fn issue(&mut self, appid: &str, ids: &Ids, now: Millis) -> String {
        use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};

        self.issued.retain(|_, issued| issued.until > now - DAY);
        // Tokens of WeChat begin with a number and an underscore.
        let token = format!("90_{}", BASE64_URL_SAFE_NO_PAD.encode(ids.bytes::<96>()));
        let issued = Issued { appid: appid.to_owned(), until: now + LIFE, replaced: false };
        self.issued.insert(token.clone(), issued);
        token
    }

    fn end(&mut self, token: &str, until: Millis) {
        if let Some(issued) = self.issued.get_mut(token).filter(|issued| issued.until > until) {
            (issued.until, issued.replaced) = (until, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_700_000_000_000;
    const APP: &str = "wx0123456789abcdef";

    fn code(tokens: &Tokens, token: &str, now: Millis) -> i32 {
        tokens.check(Some(token), now).map_or_else(|refusal| refusal.code, |_| 0)
    }

    #[test]
    fn a_token_is_good_for_two_hours() {
        let (mut tokens, ids) = (Tokens::default(), Ids::default());
        let granted = tokens.plain(APP, &ids, NOW);
        assert_eq!(granted.seconds, 7200);
        for (after, expected) in [(0, 0), (LIFE - 1, 0), (LIFE, 42001), (LIFE + 60_000, 42001)] {
            assert_eq!(code(&tokens, &granted.token, NOW + after), expected, "{after}");
        }
    }

    #[test]
    fn the_token_before_is_good_for_five_minutes_more() {
        let (mut tokens, ids) = (Tokens::default(), Ids::default());
        let (first, second) = (tokens.plain(APP, &ids, NOW).token, tokens.plain(APP, &ids, NOW + 1).token);
        assert_eq!(code(&tokens, &first, NOW + OVERLAP), 0);
        assert_eq!(code(&tokens, &first, NOW + OVERLAP + 1), 40001);
        assert_eq!(code(&tokens, &second, NOW + OVERLAP + 1), 0);
    }

    #[test]
    fn a_stable_token_stays_until_five_minutes_before_its_end() {
        let (mut tokens, ids) = (Tokens::default(), Ids::default());
        let mut ask = |force, now| tokens.stable(APP, force, &ids, now).expect("granted");
        let first = ask(false, NOW);
        assert_eq!(ask(false, NOW + 60_000), Granted { token: first.token.clone(), seconds: 7140 });
        let second = ask(false, NOW + LIFE - OVERLAP);
        assert_ne!(second.token, first.token);
        assert_eq!(code(&tokens, &first.token, NOW + LIFE - 1), 0);
        assert_eq!(code(&tokens, &second.token, NOW + LIFE), 0);
    }

    #[test]
    fn a_forced_refresh_ends_the_token_before_and_is_limited() {
        let (mut tokens, ids) = (Tokens::default(), Ids::default());
        let first = tokens.stable(APP, false, &ids, NOW).expect("granted");
        let second = tokens.stable(APP, true, &ids, NOW).expect("granted");
        assert_eq!((code(&tokens, &first.token, NOW), code(&tokens, &second.token, NOW)), (40001, 0));
        let soon = tokens.stable(APP, true, &ids, NOW + PAUSE - 1).expect("granted");
        assert_eq!(soon.token, second.token);
        for time in 1..20 {
            tokens.stable(APP, true, &ids, NOW + time * PAUSE).expect("granted");
        }
        assert_eq!(tokens.stable(APP, true, &ids, NOW + 20 * PAUSE), Err(Refusal::quota()));
        assert!(tokens.stable(APP, true, &ids, NOW + DAY).is_ok());
    }

    #[test]
    fn what_is_no_token_is_named() {
        let (mut tokens, ids) = (Tokens::default(), Ids::default());
        let plain = tokens.plain(APP, &ids, NOW).token;
        let stable = tokens.stable(APP, true, &ids, NOW).expect("granted").token;
        let foreign = Tokens::default().plain(APP, &ids, NOW).token;
        let long = "a".repeat(513);
        for (token, expected) in [
            (None, 41001),
            (Some(""), 41001),
            (Some("undefined"), 40001),
            (Some("[object Object]"), 40014),
            (Some(long.as_str()), 40014),
            (Some(foreign.as_str()), 40001),
            (Some(plain.as_str()), 0),
            (Some(stable.as_str()), 0),
        ] {
            let code = tokens.check(token, NOW).map_or_else(|refusal| refusal.code, |_| 0);
            assert_eq!(code, expected, "{token:?}");
        }
    }
}
