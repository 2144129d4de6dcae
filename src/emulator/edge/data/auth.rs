//! The small actions about people.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Call, Result};
use crate::api::data::Nothing;
use crate::api::local::REALTIME;
use crate::emulator::environment::Environment;
use crate::emulator::identity::{Account, Profile};
use crate::emulator::principal::{Login, Principal};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserInfo {
    #[serde(default)]
    uuid: String,
    #[serde(default)]
    platform: String,
    #[serde(default)]
    platform_id: String,
}

/// Answers an action about people, or nothing if it is none (`docs/wire.md#people`).
pub(super) fn answer(environment: &Environment, call: &Call<'_>) -> Option<Result<Answer>> {
    match call.action {
        "auth.getUserInfoForAdmin" if *call.principal == Principal::Admin => {
            Some(call.read().and_then(|it| user_info(environment, &it)))
        }
        "auth.wsWebSign" => Some(sign(environment, call.principal)),
        "analytics.report" => Some(Answer::data(&Nothing {})),
        _ => None,
    }
}

/// Hands out the ticket of `watch()`, and says where to show it.
fn sign(environment: &Environment, principal: &Principal) -> Result<Answer> {
    let ticket = environment.realtime.tickets().give(principal);
    Answer::data(&json!({
        // Clients that open a second socket believe for a moment that they are logged in there.
        "wsUrl": format!("{}{REALTIME}?ticket={ticket}", environment.url.replacen("http", "ws", 1)),
        "signStr": ticket,
        "secretVersion": "1",
        "envId": environment.config.env_id,
    }))
}

/// Who is in no directory, such as a mini program's user who never logged in, is known by the id alone.
fn user_info(environment: &Environment, it: &UserInfo) -> Result<Answer> {
    let id = it.platform_id.as_str();
    let identity = &environment.identity;
    let found = match it.platform.to_ascii_uppercase().as_str() {
        _ if !it.uuid.is_empty() => identity.account(&it.uuid),
        "CUSTOM" => identity.find(|account| account.custom_id.as_deref() == Some(id)),
        "USERNAME" | "EMAIL" | "PHONE" => identity.named(id),
        platform if platform.starts_with("WECHAT") => {
            identity.find(|account| account.openid.as_deref() == Some(id))
        }
        _ => None,
    };
    let known = found.unwrap_or_else(|| Account::of(&it.uuid));
    let mut described = described(&known, None);
    // The words of server SDKs for what a page's SDK calls otherwise.
    for (name, same) in [("openId", "openid"), ("customUserId", "customUserId")] {
        described[name] = described[same].as_str().unwrap_or_default().into();
    }
    described["appId"] = environment.config.app_id.as_str().into();
    Answer::data(&described)
}

/// Describes a person to js-sdk 1 and to server SDKs.
pub(in crate::emulator::edge) fn described(account: &Account, login: Option<Login>) -> Value {
    let Profile { name, picture, gender, country, province, city, .. } = &account.profile;
    json!({
        "uid": account.uid,
        "loginType": login.map_or("NULL".into(), |login| login.name().replace('_', "-")),
        "username": account.username,
        "customUserId": account.custom_id,
        "openid": account.openid,
        "wxOpenId": account.openid,
        "wxUnionId": account.unionid,
        "email": account.email,
        "phoneNumber": account.phone,
        "hasPassword": account.has_password(),
        "nickName": name,
        "gender": gender,
        "avatarUrl": picture,
        "country": country,
        "province": province,
        "city": city,
    })
}
