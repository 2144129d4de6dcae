//! The small actions about people.

use serde::Deserialize;
use serde_json::json;

use super::{Answer, Call, Result};
use crate::api::data::Nothing;
use crate::api::local::REALTIME;
use crate::emulator::environment::Environment;
use crate::emulator::principal::Principal;

#[derive(Deserialize)]
struct UserInfo {
    #[serde(default)]
    uuid: String,
}

/// Answers an action about people, or nothing if it is none (`docs/wire.md#people`).
pub(super) fn answer(environment: &Environment, call: &Call<'_>) -> Option<Result<Answer>> {
    match call.action {
        "auth.getUserInfoForAdmin" if *call.principal == Principal::Admin => {
            Some(call.read().and_then(|it| user_info(environment, it)))
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

/// There is no directory of users yet: who is asked about is known by the id alone.
fn user_info(environment: &Environment, it: UserInfo) -> Result<Answer> {
    Answer::data(&json!({
        "openId": "",
        "appId": environment.config.app_id,
        "uid": it.uuid,
        "customUserId": "",
    }))
}
