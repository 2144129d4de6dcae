//! Signatures: TC3 for management calls, its variant for `/admin`, and the older flat one. Each is signed by our client
//! and verified by the emulator from the same canonical text.
//!
//! Nothing here reads a clock: the caller says what time it is.

pub mod admin;
pub mod cos;
pub mod flat;
pub mod tc3;

use std::borrow::Cow;

use ring::{digest, hmac};

use super::error::codes;
use crate::model::clock::hex;

/// How far the clocks of signer and verifier may differ, in seconds (`docs/wire.md#tc3-signatures`).
pub const SKEW: i64 = 300;

/// A request as it arrived, byte for byte.
pub struct Received<'a> {
    pub method: &'a str,
    /// What follows `?`, undecoded.
    pub query: &'a str,
    /// Names in lower case.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
}

impl Received<'_> {
    /// Returns the first header of that name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Why a signature was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the request carries no readable signature: {0}")]
    Unreadable(&'static str),
    #[error("the SecretId `{0}` does not exist")]
    UnknownId(String),
    #[error(
        "the signature expired: it was made at {signed}, the server's time is {now}, and {SKEW} seconds are allowed"
    )]
    Expired { signed: i64, now: i64 },
    #[error("the signature does not match the request")]
    Mismatch,
}

impl Refusal {
    /// Returns the code of the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Unreadable(_) => codes::INVALID_AUTHORIZATION,
            Refusal::UnknownId(_) => codes::SECRET_ID_NOT_FOUND,
            Refusal::Expired { .. } => codes::SIGNATURE_EXPIRE,
            Refusal::Mismatch => codes::SIGNATURE_FAILURE,
        }
    }
}

/// The parts of an `Authorization: TC3-HMAC-SHA256 …` header.
#[derive(Debug, PartialEq, Eq)]
pub struct Authorization<'a> {
    pub secret_id: &'a str,
    date: &'a str,
    service: &'a str,
    /// Only in the `/admin` variant.
    signed_params: Vec<&'a str>,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
    /// Only in requests to the gateway.
    timestamp: Option<&'a str>,
}

impl<'a> Authorization<'a> {
    /// Takes the header apart.
    pub fn parse(header: &'a str) -> Result<Self, Refusal> {
        let unreadable = || Refusal::Unreadable("`Authorization` is not in the TC3-HMAC-SHA256 form");
        let fields = header.trim().strip_prefix("TC3-HMAC-SHA256").ok_or_else(unreadable)?;
        let field = |name: &str| {
            fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let list = |name: &str| field(name).map_or_else(Vec::new, |names| names.split(';').collect());
        let scope: Vec<&str> = field("Credential").ok_or_else(unreadable)?.split('/').collect();
        let [secret_id, date, service, "tc3_request"] = scope[..] else { return Err(unreadable()) };
        Ok(Authorization {
            secret_id,
            date,
            service,
            signed_params: list("SignedParams"),
            signed_headers: list("SignedHeaders"),
            signature: field("Signature").ok_or_else(unreadable)?,
            timestamp: field("Timestamp"),
        })
    }

    /// Returns the service of the credential scope, whatever it says.
    pub fn service(&self) -> &'a str {
        self.service
    }
}

/// A TC3 string to sign and the key for it.
struct Sealed {
    key: hmac::Key,
    text: String,
}

impl Sealed {
    fn new(secret_key: &str, timestamp: &str, date: &str, service: &str, canonical: &str) -> Self {
        let key = [service.as_bytes(), b"tc3_request"]
            .iter()
            .fold(mac(format!("TC3{secret_key}").as_bytes(), date.as_bytes()), |key, part| {
                mac(key.as_ref(), part)
            });
        let digest = sha256_hex(canonical.as_bytes());
        let text = format!("TC3-HMAC-SHA256\n{timestamp}\n{date}/{service}/tc3_request\n{digest}");
        Sealed { key: hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), text }
    }

    fn signature(&self) -> String {
        hex(hmac::sign(&self.key, self.text.as_bytes()).as_ref())
    }

    /// Compares in constant time.
    fn matches(&self, signature: &str) -> bool {
        unhex(signature).is_some_and(|tag| hmac::verify(&self.key, self.text.as_bytes(), &tag).is_ok())
    }
}

fn mac(key: &[u8], data: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data)
}

/// Returns the lower-case hex sha256 of some bytes.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Reads hex digits, in either letter case.
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = digits.as_bytes().chunks(2).map(|pair| match *pair {
        [high, low] => Some((digit(high)? * 16 + digit(low)?) as u8),
        _ => None,
    });
    pairs.collect()
}

/// Returns the UTC date of a time in seconds, as the credential scope writes it.
fn date(timestamp: i64) -> String {
    let time = jiff::Timestamp::from_second(timestamp).unwrap_or_default();
    time.strftime("%Y-%m-%d").to_string()
}

/// Reads a timestamp and refuses one too far from `now`; both in seconds.
fn fresh(timestamp: &str, now: i64) -> Result<(), Refusal> {
    let signed: i64 =
        timestamp.trim().parse().map_err(|_| Refusal::Unreadable("the timestamp is not a number"))?;
    if signed.abs_diff(now) > SKEW as u64 {
        return Err(Refusal::Expired { signed, now });
    }
    Ok(())
}

/// Returns the host as sent, and without its port: SDKs differ in which they sign (`docs/wire.md#tc3-tolerances`).
fn hosts(sent: &str) -> [Cow<'_, str>; 2] {
    let bare = match sent.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => sent,
    };
    [sent.into(), bare.into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authorization_header_comes_apart_or_is_refused() {
        let header = "TC3-HMAC-SHA256 Credential=AKID/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature=ab";
        let parts = Authorization::parse(header).expect("a good header");
        assert_eq!((parts.secret_id, parts.service, parts.signature), ("AKID", "cvm", "ab"));
        assert_eq!(parts.signed_headers, ["content-type", "host"]);
        for bad in [
            "",
            "Bearer x",
            "TC3-HMAC-SHA256",
            "TC3-HMAC-SHA256 Credential=a/b, Signature=x",
            "TC3-HMAC-SHA256 Credential=a/b/c/tc3_request",
        ] {
            assert!(matches!(Authorization::parse(bad), Err(Refusal::Unreadable(_))), "{bad}");
        }
    }

    #[test]
    fn hex_digits_read_back_and_odd_ones_do_not() {
        assert_eq!(unhex("00ff1A"), Some(vec![0, 255, 26]));
        assert_eq!((unhex("abc"), unhex("zz"), unhex("é")), (None, None, None));
    }

    #[test]
    fn a_port_is_cut_only_where_there_is_one() {
        assert_eq!(hosts("127.0.0.1:9000")[1], "127.0.0.1");
        assert_eq!(hosts("scf.tencentcloudapi.com")[1], "scf.tencentcloudapi.com");
        assert_eq!(hosts("[::1]:80")[1], "[::1]");
    }
}
