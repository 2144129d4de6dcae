//! Codes to phones and mailboxes, and what they are good for besides logging in.

use serde_json::{Value, json};

use super::{Asked, Result};
use crate::emulator::edge::web::send_code;
use crate::emulator::identity::{Account, CODE_LIFE, Refusal};

/// Sends a code. `target` says to whom: to who is logged in, to users only, or to anybody.
pub(super) fn send(asked: &Asked<'_>) -> Result<Value> {
    let target = asked.text("target");
    let of_me = match target {
        "CUR_USER" => asked.bearer().map(|it| it.account.phone.or(it.account.email))?,
        _ => None,
    };
    let contact = match &of_me {
        Some(contact) => contact,
        None => asked.contact()?,
    };
    let is_user = asked.environment.identity.named(contact).is_some();
    if target == "USER" && !is_user {
        return Err(Refusal::NoUser);
    }
    let (id, _) = send_code(asked.environment, contact);
    Ok(json!({ "verification_id": id, "expires_in": CODE_LIFE / 1000, "is_user": is_user }))
}

/// Answers a token that vouches for whoever the code reached.
pub(super) fn verify(asked: &Asked<'_>) -> Result<Value> {
    let id = asked.verified_code()?;
    Ok(json!({ "verification_token": id, "expires_in": CODE_LIFE / 1000 }))
}

/// Gives who is logged in the phone number or the address that a token vouches for.
pub(super) fn bind(asked: &Asked<'_>) -> Result<Value> {
    asked.bearer()?;
    let verified = asked.environment.identity.verified(asked.needed("verification_token")?)?;
    asked.amend(|account| keep(account, verified)).map(|_| json!({}))
}

/// Gives who is logged in a phone number or an address of which they verified a code before; what is theirs already stays.
pub(super) fn change(asked: &Asked<'_>) -> Result<()> {
    let identity = &asked.environment.identity;
    let uid = asked.bearer()?.account.uid;
    for field in ["email", "phone", "phone_number"] {
        let Some(contact) = asked.optional(field) else { continue };
        if identity.named(&contact).is_none_or(|owner| owner.uid != uid) {
            let reached = identity.reached(&contact)?;
            identity.amend(&uid, |account| keep(account, reached))?;
        }
    }
    Ok(())
}

fn keep(account: &mut Account, contact: String) {
    match contact.contains('@') {
        true => account.email = Some(contact),
        false => account.phone = Some(contact),
    }
}
