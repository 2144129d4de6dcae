//! Who somebody is, and who may ask: codes, tokens, sessions and what is kept for a person.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::json;

use super::fields;
use crate::emulator::wechat::person::{self, check_openid};
use crate::emulator::wechat::refusal::{Refusal, Result};
use crate::emulator::wechat::ticket::Purpose;
use crate::emulator::wechat::{Answer, Asked, WeChat, hosted, seal};
use crate::text;

/// What a code begins with that stands for a person without having been made here: `mock:OPENID`.
const MOCK: &str = "mock:";

impl WeChat {
    pub(super) fn log_in(&self, asked: &Asked<'_>) -> Result<Answer> {
        let appid = self.check_app(asked)?;
        if asked.text("grant_type").is_some_and(|kind| kind != "authorization_code") {
            return Err(Refusal::grant_type());
        }
        let code = asked.text("js_code").ok_or_else(Refusal::no_code)?;
        if self.is_foreign(appid) {
            self.warn(text! {
                en: "a code of this project's mini program is nothing to the app `{appid}`; the project's `appid` is another",
                zh: "本项目小程序的 code 对 appid `{appid}` 无效：项目配置的 `appid` 与之不同"
            });
            return Err(Refusal::code());
        }
        let openid = self.redeem(code, Purpose::Login)?;
        let mut state = self.state();
        let mut session = json!({ "session_key": self.session_key(&mut state, &openid)?, "openid": openid });
        if let Some(unionid) = person::known(asked.people, &openid).unionid {
            person::extend(&mut session, json!({ "unionid": unionid }));
        }
        fields(session)
    }

    /// Returns whom a code stands for, once.
    ///
    /// # Errors
    /// It was not made here, is over five minutes old, or was used before.
    pub fn redeem(&self, code: &str, purpose: Purpose) -> Result<String> {
        if let Some(openid) = code.strip_prefix(MOCK) {
            return check_openid(openid).map(str::to_owned).map_err(|_| Refusal::code());
        }
        let redeemed = self.state().tickets.redeem(code, purpose, self.clock.now());
        redeemed.inspect_err(|refusal| {
            if *refusal == Refusal::code() {
                self.warn(text! {
                    en: "a code that WeChat made, or that is over five minutes old, stands for nobody here; `cloudkit wechat code OPENID` makes one, and `mock:OPENID` is one",
                    zh: "微信签发的 code 或超过五分钟的 code 在本地无效；可用 `cloudkit wechat code OPENID` 生成，也可直接写 `mock:OPENID`"
                });
            }
        })
    }

    pub(super) fn token(&self, asked: &Asked<'_>) -> Result<Answer> {
        let appid = self.check_grant(asked)?;
        let mut state = self.state();
        let granted = state.kept.tokens.plain(appid, &self.ids, self.clock.now());
        self.keep(&state)?;
        fields(json!({ "access_token": granted.token, "expires_in": granted.seconds }))
    }

    pub(super) fn stable_token(&self, asked: &Asked<'_>) -> Result<Answer> {
        let appid = self.check_grant(asked)?;
        let force = asked.flag("force_refresh");
        let mut state = self.state();
        let granted = state.kept.tokens.stable(appid, force, &self.ids, self.clock.now())?;
        self.keep(&state)?;
        fields(json!({ "access_token": granted.token, "expires_in": granted.seconds }))
    }

    fn check_grant<'a>(&self, asked: &'a Asked<'_>) -> Result<&'a str> {
        if asked.text("grant_type") != Some("client_credential") {
            return Err(Refusal::grant_type());
        }
        self.check_app(asked)
    }

    /// Takes any app that could be one, with any secret.
    fn check_app<'a>(&self, asked: &'a Asked<'_>) -> Result<&'a str> {
        let appid = asked.text("appid").ok_or_else(Refusal::no_appid)?;
        let is_one = appid.strip_prefix("wx").is_some_and(|rest| {
            (8..=32).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if !is_one && appid != self.app_id {
            return Err(Refusal::appid());
        }
        asked.text("secret").ok_or_else(Refusal::no_secret)?;
        Ok(appid)
    }

    /// Checks a signature that shows the session key; returns whose it is.
    pub(super) fn check_session<'a>(&self, asked: &'a Asked<'_>, message: &[u8]) -> Result<&'a str> {
        let openid = asked.openid("openid")?;
        let known = self.state().kept.session_keys.get(openid).cloned().ok_or_else(Refusal::openid)?;
        let key = BASE64_STANDARD.decode(&known).unwrap_or_default();
        let signature = asked.text("signature").unwrap_or_default();
        // Some sign with the text of the key, as `rawData` is signed.
        let is_signed =
            [key.as_slice(), known.as_bytes()].iter().any(|it| seal::is_signed(message, it, signature));
        if is_signed { Ok(openid) } else { Err(Refusal::signature()) }
    }

    pub(super) fn reset_session(&self, asked: &Asked<'_>) -> Result<Answer> {
        let openid = self.check_session(asked, b"")?;
        let mut state = self.state();
        state.kept.session_keys.remove(openid);
        let session_key = self.session_key(&mut state, openid)?;
        fields(json!({ "openid": openid, "session_key": session_key }))
    }

    pub(super) fn change_hosted(
        &self,
        asked: &Asked<'_>,
        change: impl FnOnce(&mut hosted::Pairs) -> Result<()>,
    ) -> Result<Answer> {
        let openid = match asked.signed {
            Some(body) => self.check_session(asked, body)?,
            None => asked.openid("openid")?,
        };
        let mut state = self.state();
        change(state.kept.hosted.entry(openid.to_owned()).or_default())?;
        self.keep(&state)?;
        fields(json!({}))
    }

    pub(super) fn phone_number(&self, asked: &Asked<'_>) -> Result<Answer> {
        let openid = self.redeem(asked.text("code").ok_or_else(Refusal::no_code)?, Purpose::Phone)?;
        let mut phone = person::phone(&person::known(asked.people, &openid));
        person::extend(
            &mut phone,
            json!({ "watermark": { "timestamp": self.seconds(), "appid": self.app_id } }),
        );
        fields(json!({ "phone_info": phone }))
    }
}
