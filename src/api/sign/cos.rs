//! The signature of object storage: `q-sign-algorithm=sha1`, over method, path, chosen parameters and headers.
//!
//! Facts from the published description of COS request signing; the vector in the tests is its worked example.

use ring::{digest, hmac};

use super::{Refusal, unhex};
use crate::model::clock::hex;
use crate::model::percent;

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Lower case.
    pub method: &'a str,
    /// Decoded, with its leading slash.
    pub path: &'a str,
    /// Decoded names and values of the query.
    pub parameters: &'a [(String, String)],
    /// The headers to sign, names in lower case.
    pub headers: &'a [(String, String)],
}

impl Request<'_> {
    /// Returns the `Authorization` header; both times are in seconds since 1970.
    pub fn sign(&self, secret_id: &str, secret_key: &str, from: i64, until: i64) -> String {
        let time = format!("{from};{until}");
        let signature = hex(self.seal(secret_key, &time).as_ref());
        format!(
            "q-sign-algorithm=sha1&q-ak={secret_id}&q-sign-time={time}&q-key-time={time}&q-header-list={}\
             &q-url-param-list={}&q-signature={signature}",
            names(self.headers),
            names(self.parameters)
        )
    }

    /// Checks a header against this request, which holds everything that arrived.
    ///
    /// # Errors
    /// Another key, a time that has passed, or a signature of something else.
    pub fn verify(
        &self,
        authorization: &str,
        secret_id: &str,
        secret_key: &str,
        now: i64,
    ) -> Result<(), Refusal> {
        let field = |name: &str| {
            authorization
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
                .unwrap_or_default()
        };
        if field("q-ak").is_empty() {
            return Err(Refusal::Unreadable("it is not one of object storage (`q-sign-algorithm=sha1&…`)"));
        }
        if field("q-ak") != secret_id {
            return Err(Refusal::UnknownId(field("q-ak").to_owned()));
        }
        let time = field("q-key-time");
        let until = time.split_once(';').and_then(|(_, until)| until.parse::<i64>().ok());
        let until = until.ok_or(Refusal::Unreadable("`q-key-time` is not `START;END`"))?;
        if until < now {
            return Err(Refusal::Expired { signed: until, now });
        }
        let signed = Request {
            headers: &chosen(self.headers, field("q-header-list")),
            parameters: &chosen(self.parameters, field("q-url-param-list")),
            ..*self
        };
        let tag = unhex(field("q-signature")).unwrap_or_default();
        if signed.seal(secret_key, time).as_ref() == tag { Ok(()) } else { Err(Refusal::Mismatch) }
    }

    fn seal(&self, secret_key: &str, time: &str) -> hmac::Tag {
        let Request { method, path, .. } = self;
        let request = format!("{method}\n{path}\n{}\n{}\n", pairs(self.parameters), pairs(self.headers));
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, request.as_bytes());
        let text = format!("sha1\n{time}\n{}\n", hex(digest.as_ref()));
        let key = hex(sha1_mac(secret_key.as_bytes(), time.as_bytes()).as_ref());
        sha1_mac(key.as_bytes(), text.as_bytes())
    }
}

fn sha1_mac(key: &[u8], data: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key), data)
}

/// Returns the entries whose encoded names stand in a list such as `host;x-cos-acl`.
fn chosen(entries: &[(String, String)], list: &str) -> Vec<(String, String)> {
    entries
        .iter()
        .filter(|(name, _)| list.split(';').any(|listed| listed == encoded_name(name)))
        .cloned()
        .collect()
}

/// Returns the names as the header lists them.
fn names(entries: &[(String, String)]) -> String {
    let mut names: Vec<_> = entries.iter().map(|(name, _)| encoded_name(name)).collect();
    names.sort();
    names.join(";")
}

/// Returns names and values as they are signed: by name, so that a name stands before those it begins.
fn pairs(entries: &[(String, String)]) -> String {
    let mut pairs: Vec<_> = entries.iter().map(|(name, value)| (encoded_name(name), encode(value))).collect();
    pairs.sort();
    let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn encoded_name(name: &str) -> String {
    encode(name).to_lowercase()
}

/// Percent-encodes all but letters, digits and `-_.~`.
pub fn encode(text: &str) -> String {
    percent::encode(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(entries: &[(&str, &str)]) -> Vec<(String, String)> {
        entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_published_example_comes_out_the_same() {
        let headers = entries(&[
            ("date", "Thu, 16 May 2019 06:45:51 GMT"),
            ("host", "examplebucket-1250000000.cos.ap-beijing.myqcloud.com"),
            ("content-type", "text/plain"),
            ("content-length", "13"),
            ("content-md5", "mQ/fVh815F3k6TAUm8m0eg=="),
            ("x-cos-acl", "private"),
            ("x-cos-grant-read", "uin=\"100000000011\""),
        ]);
        let request =
            Request { method: "put", path: "/exampleobject(腾讯云)", parameters: &[], headers: &headers };
        let header = request.sign(
            "AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q",
            "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz",
            1_557_989_151,
            1_557_996_351,
        );
        assert_eq!(
            header,
            "q-sign-algorithm=sha1&q-ak=AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q&q-sign-time=1557989151;1557996351\
             &q-key-time=1557989151;1557996351&q-header-list=content-length;content-md5;content-type;date;host;\
             x-cos-acl;x-cos-grant-read&q-url-param-list=&q-signature=3b8851a11a569213c17ba8fa7dcf2abec6935172"
        );
    }

    #[test]
    fn a_name_is_signed_before_those_it_begins() {
        let headers = entries(&[("x-cos-copy-source-range", "bytes=0-1"), ("x-cos-copy-source", "b/k")]);
        assert_eq!(pairs(&headers), "x-cos-copy-source=b%2Fk&x-cos-copy-source-range=bytes%3D0-1");
    }

    #[test]
    fn what_was_signed_verifies_and_nothing_else() {
        let parameters = entries(&[("prefix", "a b/云"), ("max-keys", "10")]);
        let request = Request { method: "get", path: "/", parameters: &parameters, headers: &[] };
        let header = request.sign("id", "key", 100, 200);
        let unsigned = entries(&[("user-agent", "anything")]);
        let arrived = Request { headers: &unsigned, ..request };
        assert_eq!(arrived.verify(&header, "id", "key", 150), Ok(()));
        assert_eq!(arrived.verify(&header, "id", "other", 150), Err(Refusal::Mismatch));
        assert_eq!(arrived.verify(&header, "another", "key", 150), Err(Refusal::UnknownId("id".into())));
        assert_eq!(
            arrived.verify(&header, "id", "key", 201),
            Err(Refusal::Expired { signed: 200, now: 201 })
        );
        for none in ["", "AWS4-HMAC-SHA256 Credential=id/20260101/ap-shanghai/s3/aws4_request"] {
            assert!(matches!(arrived.verify(none, "id", "key", 150), Err(Refusal::Unreadable(_))), "{none}");
        }
        let other = entries(&[("prefix", "b"), ("max-keys", "10")]);
        let changed = Request { parameters: &other, ..request };
        assert_eq!(changed.verify(&header, "id", "key", 150), Err(Refusal::Mismatch));
        assert!(request.verify("nonsense", "id", "key", 150).is_err());
    }
}
