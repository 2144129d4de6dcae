//! Custom tickets, which a project's own server makes with `auth().createTicket(uid)`. See `docs/wire.md#custom-tickets`.
//!
//! A ticket is signed with the key file that the console gave the project. Its public half is not here, so the
//! signature is not checked: what the ticket says must hold.

use serde::Deserialize;

use super::token;
use crate::model::clock::Millis;

/// What a ticket says; times are in milliseconds.
#[derive(Debug, Deserialize)]
struct Payload {
    env: String,
    exp: Millis,
    uid: String,
}

/// How a ticket is signed.
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
}

/// Returns whom a ticket is for, or why it is for nobody. `envs` are the names that the environment goes by, `now` the
/// times that count as the present.
pub(super) fn read(ticket: &str, envs: &[&str], now: &[Millis]) -> Result<String, String> {
    let jwt = ticket.split_once("/@@/").map(|(_, jwt)| jwt).ok_or("it has no `/@@/`")?;
    let mut parts = jwt.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("it holds no JSON web token".into());
    };
    if token::part(header).is_none_or(|Header { alg }| alg != "RS256") {
        return Err("its algorithm is not RS256".into());
    }
    if signature.is_empty() {
        return Err("it is not signed".into());
    }
    let Payload { env, exp, uid } = token::part(payload).ok_or("its payload cannot be read")?;
    if !envs.contains(&env.as_str()) {
        return Err(format!("it is for the environment `{env}`"));
    }
    if now.iter().all(|now| exp <= *now) {
        return Err("it has expired".into());
    }
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-#@~=*(){}[]:.,<>+".contains(&byte);
    if !(4..=32).contains(&uid.len()) || !uid.bytes().all(is_legal) {
        return Err(format!("`{uid}` is not a user id"));
    }
    Ok(uid)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::*;

    fn signed(header: &Value, payload: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("key-1/@@/{}.{}.c2ln", part(header), part(payload))
    }

    fn ticket(payload: &Value) -> String {
        signed(&json!({ "alg": "RS256", "typ": "JWT" }), payload)
    }

    #[test]
    fn a_ticket_of_another_algorithm_is_nobodys() {
        let good = json!({ "env": "local", "exp": 2_000, "uid": "alice#1" });
        for header in
            [json!({ "alg": "none" }), json!({ "alg": "HS256" }), json!({ "alg": "rs256" }), json!({})]
        {
            check(&signed(&header, &good), Err("its algorithm is not RS256"));
        }
        let unsigned = ticket(&good).replace("c2ln", "");
        check(&unsigned, Err("it is not signed"));
    }

    #[track_caller]
    fn check(ticket: &str, expected: Result<&str, &str>) {
        let read = read(ticket, &["local", "cloud-1"], &[1_000, 500]);
        assert_eq!(read.as_deref().map_err(String::as_str), expected, "{ticket}");
    }

    #[test]
    fn a_ticket_is_for_whom_it_says_while_it_lasts() {
        let good = json!({ "env": "cloud-1", "exp": 501, "uid": "alice#1" });
        check(&ticket(&good), Ok("alice#1"));
        let but = |field: &str, value: Value| {
            let mut changed = good.clone();
            changed[field] = value;
            ticket(&changed)
        };
        check(&but("env", json!("other")), Err("it is for the environment `other`"));
        check(&but("exp", json!(500)), Err("it has expired"));
        check(&but("uid", json!("abc")), Err("`abc` is not a user id"));
        check(&but("uid", json!("a b c d")), Err("`a b c d` is not a user id"));
        check(&but("uid", json!(7)), Err("its payload cannot be read"));
        check("no ticket", Err("it has no `/@@/`"));
        check("key-1/@@/e30.e30", Err("it holds no JSON web token"));
        check("key-1/@@/eyJhbGciOiJSUzI1NiJ9.?.e30", Err("its payload cannot be read"));
    }
}
