//! What WeChat knows of a person, in the shapes that it tells.

use ring::digest;
use serde_json::{Value, json};

use super::refusal::{Refusal, Result};
use crate::emulator::identity::{Account, Identity};
use crate::model::clock::Millis;

/// The longest openid, in bytes: WeChat's have 28.
const LONGEST: usize = 64;

/// What a mini program may be told of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// `wx.getUserInfo`.
    UserInfo,
    /// The button that asks for the phone number.
    Phone,
    /// `wx.getShareInfo`.
    Share,
    /// `wx.getWeRunData`.
    Run,
}

/// Returns the openid of a person by name: always the same for an app.
pub fn openid(app_id: &str, name: &str) -> String {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};

    let digest = digest::digest(&digest::SHA256, format!("{app_id}\n{name}").as_bytes());
    let text = BASE64_URL_SAFE_NO_PAD.encode(digest);
    format!("o{}", text.get(..27).unwrap_or(&text))
}

/// Refuses what cannot be an openid: there is a letter in each.
pub fn check_openid(openid: &str) -> Result<&str> {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let has_letter = openid.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_one = has_letter && openid.len() <= LONGEST && openid.bytes().all(is_legal);
    if is_one { Ok(openid) } else { Err(Refusal::openid()) }
}

/// Returns whom an openid names; somebody of whom nothing is written down is known by it alone.
pub(super) fn known(people: &Identity, openid: &str) -> Account {
    let is = |account: &Account| account.openid.as_deref() == Some(openid);
    people.find(is).unwrap_or_else(|| Account::in_wechat(openid))
}

/// Returns what `wx.getUserInfo` tells: `rawData`, which is signed, without the ids.
pub(super) fn user_info(account: &Account) -> Value {
    let profile = &account.profile;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let gender = match profile.gender.as_deref() {
        Some("MALE" | "male" | "1") => 1,
        Some("FEMALE" | "female" | "2") => 2,
        _ => 0,
    };
    let name = profile.name.clone().or_else(|| account.username.clone());
    json!({
        "nickName": name.unwrap_or_else(|| "微信用户".into()),
        "gender": gender,
        "language": profile.locale.as_deref().unwrap_or("zh_CN"),
        "city": text(&profile.city),
        "province": text(&profile.province),
        "country": text(&profile.country),
        "avatarUrl": text(&profile.picture),
    })
}

/// Returns a phone number; who has none gets one that is always the same.
pub(super) fn phone(account: &Account) -> Value {
    let (country, number) = match account.phone.as_deref() {
        Some(phone) => match phone.strip_prefix('+').and_then(|phone| phone.split_once(' ')) {
            Some((country, number)) => (country.to_owned(), number.replace(' ', "")),
            None => ("86".to_owned(), phone.strip_prefix("+86").unwrap_or(phone).to_owned()),
        },
        None => ("86".to_owned(), made_up(account.openid.as_deref().unwrap_or_default())),
    };
    let full = if country == "86" { number.clone() } else { format!("+{country}{number}") };
    json!({ "phoneNumber": full, "purePhoneNumber": number, "countryCode": country })
}

fn made_up(openid: &str) -> String {
    let digest = digest::digest(&digest::SHA256, openid.as_bytes());
    let number = digest.as_ref().iter().take(4).fold(0u32, |number, byte| number << 8 | u32::from(*byte));
    format!("139{:08}", number % 100_000_000)
}

/// Returns what a person's mini program is told of a kind, as it is sealed.
pub(super) fn open_data(account: &Account, kind: Kind, appid: &str, now: Millis) -> Value {
    let seconds = now.div_euclid(1000);
    let openid = account.openid.as_deref().unwrap_or_default();
    let mut data = match kind {
        Kind::Phone => phone(account),
        Kind::Share => json!({ "openGId": self::openid(appid, &format!("group of {openid}")) }),
        Kind::Run => json!({ "stepInfoList": [{ "timestamp": seconds - seconds % 86_400, "step": 8000 }] }),
        Kind::UserInfo => {
            let mut info = json!({ "openId": openid });
            extend(&mut info, user_info(account));
            if let Some(unionid) = &account.unionid {
                extend(&mut info, json!({ "unionId": unionid }));
            }
            info
        }
    };
    extend(&mut data, json!({ "watermark": { "timestamp": seconds, "appid": appid } }));
    data
}

/// Adds the fields of one object to another.
pub(super) fn extend(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_openid_has_wechats_form() {
        let id = openid("wx1", "alice");
        assert_eq!((id.len(), &id[..1]), (28, "o"));
        assert_eq!(id, openid("wx1", "alice"));
        assert_ne!(id, openid("wx2", "alice"));
        for (text, fits) in [
            (id.as_str(), true),
            ("o-alice1", true),
            ("12345", false),
            ("", false),
            ("o alice", false),
            ("开放", false),
            (&"o".repeat(65), false),
        ] {
            assert_eq!(check_openid(text).is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn a_phone_number_is_told_with_its_country() {
        for (written, full, pure, country) in [
            ("13800138000", "13800138000", "13800138000", "86"),
            ("+86 13800138000", "13800138000", "13800138000", "86"),
            ("+1 555 0100", "+15550100", "5550100", "1"),
        ] {
            let mut account = Account::in_wechat("o-1");
            account.phone = Some(written.into());
            let told = phone(&account);
            let expected = json!({ "phoneNumber": full, "purePhoneNumber": pure, "countryCode": country });
            assert_eq!(told, expected);
        }
        let nobody = phone(&Account::in_wechat("o-1"));
        assert_eq!(nobody["phoneNumber"].as_str().map(str::len), Some(11));
    }
}
