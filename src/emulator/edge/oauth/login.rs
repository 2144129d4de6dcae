//! Logging in by a device, a name, a ticket or a code, and going on with it.

use serde_json::{Value, json};

use super::{Asked, Result, not_sealed};
use crate::emulator::edge::bearer;
use crate::emulator::identity::{ACCESS_LIFE, Account, Credential, Grant, Refusal};
use crate::emulator::principal::Login;

/// Describes a login.
pub(super) fn granted(Grant { uid, login, access_token, refresh_token }: &Grant) -> Value {
    // Literally `anonymous`: the client logs such a user in again when refreshing fails.
    let scope = if *login == Some(Login::Anonymous) { "anonymous" } else { "" };
    json!({
        "token_type": "Bearer",
        "access_token": access_token,
        "refresh_token": refresh_token,
        "expires_in": ACCESS_LIFE / 1000,
        "scope": scope,
        "sub": uid,
        "groups": [],
    })
}

pub(super) fn anonymous(asked: &Asked<'_>) -> Result<Value> {
    let device = asked.parts.headers.get("x-device-id").and_then(|device| device.to_str().ok());
    let fresh = || asked.environment.config.ids.request();
    let device = device.filter(|it| !it.is_empty()).map_or_else(fresh, str::to_owned);
    asked.sign_in(&Credential::Anonymous { device: &device })
}

pub(super) fn sign_in(asked: &Asked<'_>) -> Result<Value> {
    match asked.text("verification_token") {
        "" => {
            let credential =
                Credential::Password { name: asked.text("username"), password: asked.text("password") };
            asked.sign_in(&credential)
        }
        _ => {
            let contact = asked.vouched(asked.text("username"))?;
            asked.sign_in(&Credential::Contact { contact: &contact, may_join: false })
        }
    }
}

/// Opens what the page sealed (`is_encrypt`).
pub(super) fn sign_in_sealed(asked: &Asked<'_>) -> Result<Value> {
    if asked.text("public_key_thumbprint").is_empty() {
        return sign_in(asked);
    }
    let body = serde_json::from_str(&asked.opened("params")?).map_err(|_| not_sealed("params"))?;
    sign_in(&Asked { body, ..*asked })
}

/// Answers a token with the admin's rights to who signs with the environment's key.
pub(super) fn client_credential(asked: &Asked<'_>) -> Result<Value> {
    if !bearer::is_signed(asked.environment, asked.parts, asked.bytes)? {
        return Err(Refusal::Forged("it is not signed with secret keys"));
    }
    let access_token = asked.environment.identity.admin_token();
    Ok(json!({ "token_type": "Bearer", "access_token": access_token, "expires_in": ACCESS_LIFE / 1000 }))
}

pub(super) fn ticket(asked: &Asked<'_>) -> Result<Value> {
    let env = asked.query("client_id").unwrap_or_default();
    asked.sign_in(&Credential::Ticket { ticket: asked.needed("ticket")?, env: &env })
}

/// Logs in by a code, without the step between (`docs/wire.md#oauth`).
pub(super) fn sign_in_by_code(asked: &Asked<'_>) -> Result<Value> {
    let verified = asked.verified_code()?;
    let contact = asked.environment.identity.verified(verified)?;
    asked.sign_in(&Credential::Contact { contact: &contact, may_join: false })
}

pub(super) fn sign_up(asked: &Asked<'_>) -> Result<Value> {
    let identity = &asked.environment.identity;
    let verified = asked.vouched(asked.contact()?)?;
    if verified != asked.contact()? {
        return Err(Refusal::Code);
    }
    if identity.named(&verified).is_some() {
        return Err(Refusal::Taken(verified));
    }
    let mut account = Account::reached_at(&verified);
    account.username = asked.optional("username");
    account.profile.name = asked.optional("name");
    account.profile.picture = asked.optional("picture");
    account.profile.gender = asked.optional("gender");
    account.profile.locale = asked.optional("locale");
    identity.add(account, asked.optional("password").as_deref())?;
    asked.sign_in(&Credential::Contact { contact: &verified, may_join: false })
}

pub(super) fn refresh(asked: &Asked<'_>) -> Result<Value> {
    match asked.text("grant_type") {
        "refresh_token" => asked
            .environment
            .identity
            .refresh(asked.needed("refresh_token")?, true)
            .map(|grant| granted(&grant)),
        other => Err(Refusal::Argument(format!("the grant type `{other}` is not known"))),
    }
}
