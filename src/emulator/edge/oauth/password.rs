//! Passwords: changed by who knows the old one, or by who can read a code.

use serde_json::{Value, json};

use super::{Asked, Result};
use crate::emulator::identity::{Account, CODE_LIFE, Refusal};

/// Answers a token that allows to change the password: to who knows it, has none, or holds a verified code.
pub(super) fn sudo(asked: &Asked<'_>) -> Result<Value> {
    let identity = &asked.environment.identity;
    let account = asked.bearer()?.account;
    match asked.text("verification_token") {
        "" => knows(asked, &account, asked.text("password"))?,
        token => {
            let verified = Some(identity.verified(token)?);
            if verified != account.email && verified != account.phone {
                return Err(Refusal::Code);
            }
        }
    }
    let (id, code) = identity.send_code(&account.uid);
    identity.verify_code(&id, &code)?;
    Ok(json!({ "sudo_token": id, "expires_in": CODE_LIFE / 1000 }))
}

fn knows(asked: &Asked<'_>, account: &Account, password: &str) -> Result<()> {
    let is_known =
        !account.has_password() || asked.environment.identity.knows_password(&account.uid, password);
    if is_known { Ok(()) } else { Err(Refusal::Password) }
}

/// Checks the token of [`sudo`].
pub(super) fn check_sudo(asked: &Asked<'_>, uid: &str, token: &str) -> Result<()> {
    let is_theirs = asked.environment.identity.verified(token)? == uid;
    if is_theirs { Ok(()) } else { Err(Refusal::Code) }
}

pub(super) fn set(asked: &Asked<'_>) -> Result<Value> {
    let uid = asked.bearer()?.account.uid;
    check_sudo(asked, &uid, asked.needed("sudo_token")?)?;
    asked.environment.identity.set_password(&uid, asked.needed("new_password")?)?;
    Ok(json!({}))
}

pub(super) fn reset(asked: &Asked<'_>) -> Result<Value> {
    let identity = &asked.environment.identity;
    let password = asked.needed("new_password")?;
    let verified = asked.vouched(asked.contact().unwrap_or_default())?;
    let account = identity.named(&verified).ok_or(Refusal::NoUser)?;
    identity.set_password(&account.uid, password)?;
    Ok(json!({}))
}

/// Changes the password of who is logged in; both are sealed.
pub(super) fn change_sealed(asked: &Asked<'_>) -> Result<()> {
    let account = asked.bearer()?.account;
    if asked.optional("encrypt_password").is_some() {
        knows(asked, &account, &asked.opened("encrypt_password")?)?;
    } else {
        knows(asked, &account, "")?;
    }
    asked.environment.identity.set_password(&account.uid, &asked.opened("encrypt_new_password")?)?;
    Ok(())
}

/// Changes the password of who is named and proves to know the old one; both are sealed.
pub(super) fn update_sealed(asked: &Asked<'_>) -> Result<Value> {
    let identity = &asked.environment.identity;
    let (old, new) = (asked.opened("password")?, asked.opened("new_password")?);
    let account = identity.named(asked.needed("username")?);
    let account = account.filter(|it| identity.knows_password(&it.uid, &old)).ok_or(Refusal::Password)?;
    identity.set_password(&account.uid, &new)?;
    Ok(json!({}))
}
