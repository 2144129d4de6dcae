//! What each method does.

mod check;
mod code;
mod login;
mod subscription;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Value, json};

use super::method::Work;
use super::person::{self, check_openid};
use super::refusal::{Refusal, Result};
use super::{Answer, Asked, WeChat, hosted, message};

/// The versions of a mini program, as codes and links name them.
const VERSIONS: [&str; 3] = ["release", "trial", "develop"];
const DAY_SECONDS: i64 = 86_400;

impl Asked<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Returns a number, also one that stands in a query.
    fn number(&self, name: &str) -> Option<i64> {
        let value = self.fields.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    fn flag(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| matches!(value, Value::Bool(true)) || value == "true")
    }

    /// Checks a field that may be left out, and otherwise is one of some words.
    fn check_word(&self, name: &str, words: &[&str]) -> Result<()> {
        match self.fields.get(name).filter(|value| !value.is_null()) {
            Some(value) if !value.as_str().is_some_and(|it| it.is_empty() || words.contains(&it)) => {
                Err(Refusal::arguments().saying(name))
            }
            _ => Ok(()),
        }
    }

    fn openid(&self, name: &str) -> Result<&str> {
        check_openid(self.text(name).unwrap_or_default())
    }
}

fn fields(value: Value) -> Result<Answer> {
    Ok(Answer::Fields(value))
}

impl WeChat {
    /// Carries out a request whose form is right.
    pub(super) fn carry_out(&self, asked: &Asked<'_>) -> Result<Answer> {
        match asked.method.work {
            Work::Login => self.log_in(asked),
            Work::Token => self.token(asked),
            Work::StableToken => self.stable_token(asked),
            Work::CheckSession => self.check_session(asked, b"").and_then(|_| fields(json!({}))),
            Work::ResetSession => self.reset_session(asked),
            Work::SetHosted => self.change_hosted(asked, |pairs| {
                *pairs = hosted::set(pairs, asked.fields)?;
                Ok(())
            }),
            Work::RemoveHosted => self.change_hosted(asked, |pairs| hosted::remove(pairs, asked.fields)),
            Work::PhoneNumber => self.phone_number(asked),
            Work::PaidUnionId => {
                let account = person::known(asked.people, asked.openid("openid")?);
                fields(json!({ "unionid": account.unionid.ok_or_else(Refusal::unbound)? }))
            }
            Work::CheckText => self.check_text(asked),
            Work::CheckPicture => self.check_picture(asked),
            Work::CheckMedia => self.check_media(asked),
            Work::CodeOfPath => code::draw_path(asked, code::LONGEST_PATH),
            Work::SmallCode => code::draw_path(asked, code::LONGEST_SMALL_PATH),
            Work::CodeOfScene => code::draw_scene(asked),
            Work::Subscription => self.subscription(asked),
            Work::Custom => {
                asked.openid("touser")?;
                let kind = asked.text("msgtype").unwrap_or_default();
                message::check_custom(kind, asked.fields.get(kind))?;
                fields(json!({}))
            }
            Work::ToPerson => asked.openid("touser").and_then(|_| fields(json!({}))),
            Work::Templates => fields(json!({ "data": self.state().kept.templates })),
            Work::AddTemplate => self.add_template(asked),
            Work::DeleteTemplate => self.delete_template(asked),
            Work::Upload => {
                asked.media.ok_or_else(Refusal::no_media)?;
                let kind = asked.text("type").unwrap_or("image");
                fields(json!({ "type": kind, "media_id": self.made_up(48), "created_at": self.seconds() }))
            }
            Work::Scheme => {
                fields(json!({ "openlink": format!("weixin://dl/business/?t={}", self.made_up(12)) }))
            }
            Work::Link => {
                asked.check_word("env_version", &VERSIONS)?;
                fields(json!({ "url_link": format!("https://wxaurl.cn/{}", self.made_up(12)) }))
            }
            Work::ShortLink => fields(json!({ "link": format!("#小程序://cloudkit/{}", self.made_up(12)) })),
            Work::Activity => fields(json!({
                "activity_id": self.made_up(40), "expiration_time": self.seconds() + DAY_SECONDS,
            })),
            Work::Ticket => fields(json!({ "ticket": self.made_up(64), "expires_in": 7200 })),
            Work::Any => fields(json!({})),
        }
    }

    fn seconds(&self) -> i64 {
        self.clock.now().div_euclid(1000)
    }

    /// Returns letters and digits that nobody has seen before.
    fn made_up(&self, length: usize) -> String {
        let text = BASE64_URL_SAFE_NO_PAD.encode(self.ids.bytes::<48>());
        text.get(..length).unwrap_or(&text).to_owned()
    }
}
