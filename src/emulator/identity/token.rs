//! Access tokens: what a client shows to say who it is. See `docs/wire.md#access-tokens`.
//!
//! A token is a JSON web token under HMAC-SHA256 with the environment's own key. No other algorithm is read: `none` and
//! the public-key ones are how such tokens are forged.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// What a token says. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    pub iss: String,
    /// The user's id.
    pub sub: String,
    /// The environment's id.
    pub aud: String,
    pub iat: i64,
    pub exp: i64,
    /// The session's id.
    pub jti: String,
    pub scope: String,
    pub project_id: String,
    pub user_id: String,
    /// How the person logged in, in the platform's words; empty for a mini program's user.
    pub provider_type: String,
}

/// Why a token is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Forged {
    #[error("it is not a JSON web token")]
    Form,
    #[error("its algorithm is not HS256")]
    Algorithm,
    #[error("its signature is wrong")]
    Signature,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// Writes a token.
pub(super) fn sign(key: &[u8], claims: &impl Serialize) -> String {
    const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
    let claims = serde_json::to_vec(claims).expect("claims have text keys and go to memory");
    let signed =
        format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(HEADER), BASE64_URL_SAFE_NO_PAD.encode(claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// Reads a token that was signed with the key. Whether it is still good is for the caller to say.
pub(super) fn verify(key: &[u8], token: &str) -> Result<Claims, Forged> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Forged::Form)?;
    let (header, claims) = signed.split_once('.').ok_or(Forged::Form)?;
    let header: Header = part(header).ok_or(Forged::Form)?;
    if header.alg != "HS256" {
        return Err(Forged::Algorithm);
    }
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| Forged::Signature)?;
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes(), &signature)
        .map_err(|_| Forged::Signature)?;
    part(claims).ok_or(Forged::Form)
}

/// Reads one part of any JSON web token, whoever signed it.
pub(super) fn part<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims() -> Claims {
        Claims {
            iss: "i".into(),
            sub: "u1".into(),
            aud: "local".into(),
            iat: 1,
            exp: 2,
            jti: "s".into(),
            scope: String::new(),
            project_id: "local".into(),
            user_id: "u1".into(),
            provider_type: "CUSTOM".into(),
        }
    }

    /// Returns a token with another header or other claims, and the signature given.
    fn forged(header: &serde_json::Value, signature: &str) -> String {
        let encode = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{signature}", encode(header), encode(&json!(claims())))
    }

    #[test]
    fn what_was_signed_reads_back() {
        assert_eq!(verify(b"key", &sign(b"key", &claims())), Ok(claims()));
    }

    #[test]
    fn a_forged_token_is_refused() {
        let genuine = sign(b"key", &claims());
        let (signed, signature) = genuine.rsplit_once('.').expect("three parts");
        let (header, _) = signed.split_once('.').expect("three parts");
        let admin = BASE64_URL_SAFE_NO_PAD.encode(json!({ "sub": "admin" }).to_string());
        for (token, expected) in [
            (String::new(), Forged::Form),
            ("a.b".into(), Forged::Form),
            ("a.b.c".into(), Forged::Form),
            (sign(b"another key", &claims()), Forged::Signature),
            (format!("{signed}."), Forged::Signature),
            (format!("{signed}.{}", signature.to_lowercase()), Forged::Signature),
            (format!("{header}.{admin}.{signature}"), Forged::Signature),
            (forged(&json!({ "alg": "none" }), ""), Forged::Algorithm),
            (forged(&json!({ "alg": "None" }), signature), Forged::Algorithm),
            (forged(&json!({ "alg": "RS256" }), signature), Forged::Algorithm),
            (forged(&json!({ "typ": "JWT" }), signature), Forged::Form),
            (sign(b"key", &json!({ "sub": "u1" })), Forged::Form),
        ] {
            assert_eq!(verify(b"key", &token), Err(expected), "{token}");
        }
    }
}
