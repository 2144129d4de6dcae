//! The older signature of management calls: every parameter flat, in a query or a form, HMAC in base64.
//! See `docs/wire.md#flat-signatures`. Our client never makes one; SDKs set to `HmacSHA1` or `HmacSHA256` do.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;

use super::{Refusal, fresh, hosts};

/// Checks the `Signature` among decoded parameters; `now` is in seconds, `key_of` returns the secret key of an id.
pub fn verify(
    method: &str,
    host: &str,
    parameters: &[(String, String)],
    now: i64,
    key_of: impl Fn(&str) -> Option<String>,
) -> Result<(), Refusal> {
    let parameter =
        |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let secret_id = parameter("SecretId").ok_or(Refusal::Unreadable("`SecretId` is missing"))?;
    let secret_key = key_of(secret_id).ok_or_else(|| Refusal::UnknownId(secret_id.into()))?;
    fresh(parameter("Timestamp").ok_or(Refusal::Unreadable("`Timestamp` is missing"))?, now)?;
    let signature = parameter("Signature").ok_or(Refusal::Unreadable("`Signature` is missing"))?;
    let tag = BASE64_STANDARD.decode(signature).map_err(|_| Refusal::Mismatch)?;
    let key = key(&secret_key, parameter("SignatureMethod"))?;
    let matches = hosts(host)
        .iter()
        .any(|host| hmac::verify(&key, text(method, host, parameters).as_bytes(), &tag).is_ok());
    if matches { Ok(()) } else { Err(Refusal::Mismatch) }
}

fn key(secret_key: &str, method: Option<&str>) -> Result<hmac::Key, Refusal> {
    let algorithm = match method {
        None | Some("HmacSHA1") => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Some("HmacSHA256") => hmac::HMAC_SHA256,
        Some(_) => return Err(Refusal::Unreadable("`SignatureMethod` is not HmacSHA1 or HmacSHA256")),
    };
    Ok(hmac::Key::new(algorithm, secret_key.as_bytes()))
}

/// Returns what is signed: values undone from any URL encoding, names in byte order.
fn text(method: &str, host: &str, parameters: &[(String, String)]) -> String {
    let mut pairs: Vec<_> = parameters.iter().filter(|(name, _)| name != "Signature").collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{method}{host}/?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const PUBLISHED: [(&str, &str); 8] = [
        ("Action", "DescribeInstances"),
        ("InstanceIds.0", "ins-09dx96dg"),
        ("Limit", "20"),
        ("Nonce", "11886"),
        ("Offset", "0"),
        ("Region", "ap-guangzhou"),
        ("SecretId", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"),
        ("Timestamp", "1465185768"),
    ];

    fn check(host: &str, signature: &str, now: i64) -> Result<(), Refusal> {
        let mut all = parameters(&PUBLISHED);
        all.extend(parameters(&[("Version", "2017-03-12"), ("Signature", signature)]));
        verify("GET", host, &all, now, |_| Some("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE".into()))
    }

    #[test]
    fn the_published_vector_holds() {
        let good = "EliP9YW3pW28FpsEdkXt/+WcGeI=";
        assert_eq!(check("cvm.tencentcloudapi.com", good, 1_465_185_768), Ok(()));
        assert_eq!(check("cvm.tencentcloudapi.com:80", good, 1_465_185_768), Ok(()));
        assert_eq!(check("tcb.tencentcloudapi.com", good, 1_465_185_768), Err(Refusal::Mismatch));
        assert_eq!(check("cvm.tencentcloudapi.com", "AAAA", 1_465_185_768), Err(Refusal::Mismatch));
        assert!(matches!(
            check("cvm.tencentcloudapi.com", good, 1_465_190_000),
            Err(Refusal::Expired { .. })
        ));
    }
}
