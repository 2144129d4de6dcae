//! What is known of people.

use serde_json::{Value, json};

use super::{Asked, Result, contact, password};
use crate::emulator::identity::{Account, Bearer, Refusal};
use crate::emulator::principal::Login;
use crate::model::clock::Millis;

/// The providers of which an account may know the person's name.
pub(super) const CUSTOM: &str = "custom";
pub(super) const WECHAT: &str = "wechat";

/// Describes who is logged in.
pub(super) fn me(asked: &Asked<'_>) -> Result<Value> {
    let Bearer { account, login, .. } = asked.bearer()?;
    Ok(described(asked, &account, login))
}

/// Removes who is logged in; who has a password must have shown it.
pub(super) fn remove(asked: &Asked<'_>) -> Result<Value> {
    let Bearer { account, login, .. } = asked.bearer()?;
    if account.has_password() {
        password::check_sudo(asked, &account.uid, &asked.query("sudo_token").unwrap_or_default())?;
    }
    asked.environment.identity.remove(&account.uid)?;
    Ok(described(asked, &account, login))
}

pub(super) fn described(asked: &Asked<'_>, account: &Account, login: Option<Login>) -> Value {
    let is_anonymous = login == Some(Login::Anonymous) && account.is_anonymous();
    let profile = &account.profile;
    let name = if is_anonymous { Some("anonymous".to_owned()) } else { profile.name.clone() };
    let providers = [(CUSTOM, &account.custom_id), (WECHAT, &account.openid)].into_iter();
    let providers = providers.filter_map(|(id, user)| {
        user.as_ref().map(|user| json!({ "id": id, "provider_user_id": user, "bind": true }))
    });
    json!({
        "sub": account.uid,
        "name": name.or_else(|| account.username.clone()).unwrap_or_default(),
        "username": account.username,
        "email": account.email,
        "phone_number": account.phone,
        "picture": profile.picture.as_deref().unwrap_or_default(),
        "gender": profile.gender.as_deref().unwrap_or_default(),
        "locale": profile.locale.as_deref().unwrap_or_default(),
        "created_from": asked.environment.config.env_id,
        "password": if account.has_password() { "SET" } else { "UNSET" },
        "status": "ACTIVE",
        "groups": if is_anonymous { json!([]) } else { json!([{ "id": "registered" }]) },
        "providers": providers.collect::<Vec<_>>(),
        "created_at": time(account.created),
        "updated_at": time(account.updated),
    })
}

fn time(millis: Millis) -> String {
    jiff::Timestamp::from_millisecond(millis).unwrap_or_default().to_string()
}

/// Changes what is said of who is logged in, and nothing else.
pub(super) fn patch(asked: &Asked<'_>) -> Result<Value> {
    let first = |names: &[&str]| names.iter().find_map(|name| asked.optional(name));
    asked.amend(|account| {
        for (place, given) in [
            (&mut account.username, first(&["username"])),
            (&mut account.profile.name, first(&["name", "nickname"])),
            (&mut account.profile.picture, first(&["picture", "avatar_url"])),
            (&mut account.profile.gender, first(&["gender"])),
            (&mut account.profile.locale, first(&["locale"])),
        ] {
            if given.is_some() {
                *place = given;
            }
        }
    })
}

/// Changes a profile as `updateUser` and `modifyPassword` do: an address or a number too, or the password.
pub(super) fn edit(asked: &Asked<'_>) -> Result<Value> {
    let uid = asked.bearer()?.account.uid;
    if asked.optional("user_id").is_some_and(|other| other != uid) {
        return Err(Refusal::Argument("`user_id` is another user's".into()));
    }
    if asked.optional("encrypt_new_password").is_some() {
        password::change_sealed(asked)?;
        return Ok(json!({}));
    }
    contact::change(asked)?;
    patch(asked).map(|_| json!({}))
}

pub(super) fn query(asked: &Asked<'_>) -> Result<Value> {
    asked.bearer()?;
    let sought = |name: &str| asked.query(name).filter(|value| !value.is_empty());
    let (username, email, phone) = (sought("username"), sought("email"), sought("phone_number"));
    let id = sought("id");
    let found = asked.environment.identity.accounts().into_iter().filter(|account| {
        [(&username, &account.username), (&email, &account.email), (&phone, &account.phone)]
            .into_iter()
            .all(|(sought, is)| sought.is_none() || sought == is)
            && id.as_ref().is_none_or(|id| *id == account.uid)
    });
    let found: Vec<Value> = found.map(|account| described(asked, &account, None)).collect();
    Ok(json!({ "total": found.len(), "data": found }))
}

pub(super) fn check_username(asked: &Asked<'_>) -> Result<Value> {
    let name = asked.query("username").unwrap_or_default();
    match asked.environment.identity.named(&name) {
        Some(_) => Err(Refusal::Taken(name)),
        None => Ok(json!({})),
    }
}

pub(super) fn is_user(asked: &Asked<'_>) -> Value {
    let name = asked.query("username").unwrap_or_default();
    json!({ "exist": asked.environment.identity.named(&name).is_some() })
}
