//! TC3-HMAC-SHA256 as management calls use it. See `docs/wire.md#tc3-signatures`.

use super::{Authorization, Received, Refusal, Sealed, date, fresh, hosts, sha256_hex};

/// The literal that stands for a body left out of the signature.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What our client signs: always a POST to `/` with a JSON body.
pub struct Request<'a> {
    pub service: &'a str,
    pub host: &'a str,
    pub content_type: &'a str,
    pub body: &'a [u8],
    /// Unix seconds.
    pub timestamp: i64,
}

impl Request<'_> {
    /// Returns the value of the `Authorization` header.
    pub fn sign(&self, secret_id: &str, secret_key: &str) -> String {
        let headers = format!("content-type:{}\nhost:{}\n", self.content_type, self.host);
        let canonical = canonical("POST", "", &headers, "content-type;host", &sha256_hex(self.body));
        let (date, service) = (date(self.timestamp), self.service);
        let signature =
            Sealed::new(secret_key, &self.timestamp.to_string(), &date, service, &canonical).signature();
        format!(
            "TC3-HMAC-SHA256 Credential={secret_id}/{date}/{service}/tc3_request, \
             SignedHeaders=content-type;host, Signature={signature}"
        )
    }
}

/// Checks a request's signature; `now` is in seconds, `key_of` returns the secret key of an id.
///
/// SDKs disagree on details, so that several canonical texts are tried: the host with and without its port, header
/// values as received and in lower case. The scope's service is taken as it is.
pub fn verify(
    request: &Received<'_>,
    now: i64,
    key_of: impl Fn(&str) -> Option<String>,
) -> Result<(), Refusal> {
    let header = request.header("authorization").ok_or(Refusal::Unreadable("`Authorization` is missing"))?;
    let parts = Authorization::parse(header)?;
    let secret_key = key_of(parts.secret_id).ok_or_else(|| Refusal::UnknownId(parts.secret_id.into()))?;
    let timestamp =
        request.header("x-tc-timestamp").ok_or(Refusal::Unreadable("`X-TC-Timestamp` is missing"))?;
    fresh(timestamp, now)?;
    let matches = variants(request, &parts).iter().any(|canonical| {
        Sealed::new(&secret_key, timestamp.trim(), parts.date, parts.service, canonical)
            .matches(parts.signature)
    });
    if matches { Ok(()) } else { Err(Refusal::Mismatch) }
}

/// Returns each canonical text the signer may have meant.
fn variants(request: &Received<'_>, parts: &Authorization<'_>) -> Vec<String> {
    let unsigned = request.header("x-tc-content-sha256") == Some(UNSIGNED);
    let payload = sha256_hex(if unsigned { UNSIGNED.as_bytes() } else { request.body });
    let query = if request.method == "GET" { request.query } else { "" };
    let names = parts.signed_headers.join(";");
    let sent = request.header("host").unwrap_or_default();
    let mut texts = Vec::with_capacity(4);
    for host in hosts(sent) {
        for lower in [false, true] {
            let headers = parts.signed_headers.iter().fold(String::new(), |headers, name| {
                let value = match *name {
                    "host" => host.as_ref(),
                    _ => request.header(name).unwrap_or_default().trim(),
                };
                let value = if lower { value.to_lowercase() } else { value.to_owned() };
                headers + name + ":" + &value + "\n"
            });
            texts.push(canonical(request.method, query, &headers, &names, &payload));
        }
    }
    texts
}

fn canonical(method: &str, query: &str, headers: &str, names: &str, payload: &str) -> String {
    format!("{method}\n/\n{query}\n{headers}\n{names}\n{payload}")
}

#[cfg(test)]
mod tests {
    use super::super::{mac, sha256_hex};
    use super::*;
    use crate::model::clock::hex;

    /// The key pair of the platform's own documentation.
    const ID: &str = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE";
    const KEY: &str = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE";
    const JSON: &str = "application/json; charset=utf-8";
    const V1: &str =
        r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#;
    const V3: &str = r#"{"FunctionName":"hello","Namespace":"stub-env-1a2b3c","LogType":"Tail"}"#;

    fn signature_of(service: &str, timestamp: i64, canonical: &str) -> String {
        Sealed::new(KEY, &timestamp.to_string(), &date(timestamp), service, canonical).signature()
    }

    #[test]
    fn the_published_vectors_hold_at_every_step() {
        let cvm = format!("content-type:{JSON}\nhost:cvm.tencentcloudapi.com\n");
        let get = "content-type:application/x-www-form-urlencoded\nhost:cvm.tencentcloudapi.com\n";
        let scf = "content-type:application/json\nhost:scf.tencentcloudapi.com\n";
        let action = format!("{cvm}x-tc-action:describeinstances\n");
        let two = "content-type;host";
        // Method, query, headers, their names, body, service, time → sha256 of the canonical text, signature.
        #[rustfmt::skip]
        let vectors = [
            ("POST", "", cvm.as_str(), two, V1, "cvm", 1_551_113_065,
             "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031",
             "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"),
            ("POST", "", &action, "content-type;host;x-tc-action", V1, "cvm", 1_551_113_065,
             "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84",
             "644be983de9a8a3f00db8eadaba61467c3b429e2215758ba897b738ca469fd26"),
            ("GET", "Limit=10&Offset=0", get, two, "", "cvm", 1_539_084_154,
             "91c9c192c14460df6c1ffc69e34e6c5e90708de2a6d282cccf957dbf1aa7f3a7",
             "5da7a33f6993f0614b047e5df4582db9e9bf4672ba50567dba16c6ccf174c474"),
            ("POST", "", scf, two, V3, "scf", 1_700_000_000,
             "0ce050340a5dc19a384a88ad97880461acf75ed4ade22702813db5b53fd4bbc2",
             "854d78500ca401681ec8cf35ba5cdebec270dfc7d916b852a36a57d458ee7afa"),
        ];
        for (method, query, headers, names, body, service, timestamp, digest, signature) in vectors {
            let canonical = canonical(method, query, headers, names, &sha256_hex(body.as_bytes()));
            assert_eq!(sha256_hex(canonical.as_bytes()), digest);
            assert_eq!(signature_of(service, timestamp, &canonical), signature);
        }
    }

    #[test]
    fn bodies_and_derived_keys_are_the_published_ones() {
        #[rustfmt::skip]
        let digests = [
            (V1, "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"),
            (V3, "3287ee6585b67bb955e267508ceb3fea73a97809b10fd0e5c5b476963dd44984"),
        ];
        for (body, digest) in digests {
            assert_eq!(sha256_hex(body.as_bytes()), digest);
        }
        let by_date = mac(format!("TC3{KEY}").as_bytes(), b"2019-02-25");
        let by_service = mac(by_date.as_ref(), b"cvm");
        let signing = mac(by_service.as_ref(), b"tc3_request");
        #[rustfmt::skip]
        let keys = [
            (by_date, "d1308c81fe71cfd4e06437bbc067b2b8a3d2d8c0e375d547f15c41d5214b395a"),
            (by_service, "3c7cb7c7795393edc14fd2e0e6434a518564b4504b88e94f5d11bf59ba3e7050"),
            (signing, "ac658d5dde49e9bfdd14e04e062f66b05d9f637d44b8a8d845327d4a77f666b1"),
        ];
        for (key, digits) in keys {
            assert_eq!(hex(key.as_ref()), digits);
        }
    }

    #[test]
    fn dates_are_those_of_utc() {
        for (timestamp, day) in [
            (1_551_113_065, "2019-02-25"),
            (1_539_084_154, "2018-10-09"),
            (1_700_000_000, "2023-11-14"),
            (0, "1970-01-01"),
        ] {
            assert_eq!(date(timestamp), day);
        }
    }

    #[test]
    fn our_client_signs_the_third_vector() {
        let request = Request {
            service: "scf",
            host: "scf.tencentcloudapi.com",
            content_type: "application/json",
            body: V3.as_bytes(),
            timestamp: 1_700_000_000,
        };
        assert_eq!(
            request.sign(ID, KEY),
            format!(
                "TC3-HMAC-SHA256 Credential={ID}/2023-11-14/scf/tc3_request, SignedHeaders=content-type;host, \
                 Signature=854d78500ca401681ec8cf35ba5cdebec270dfc7d916b852a36a57d458ee7afa"
            )
        );
    }

    /// Signs as a client would that uses `host` and `content_type` in its canonical text, and sends `sent`.
    fn received(host: &str, sent: &str, service: &str) -> Vec<(String, String)> {
        let request = Request {
            service,
            host,
            content_type: "application/json",
            body: b"{}",
            timestamp: 1_700_000_000,
        };
        [
            ("host", sent),
            ("content-type", "application/json"),
            ("x-tc-timestamp", "1700000000"),
            ("authorization", &request.sign(ID, KEY)),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    fn check(headers: &[(String, String)], body: &[u8], now: i64) -> Result<(), Refusal> {
        let request = Received { method: "POST", query: "", headers, body };
        verify(&request, now, |id| (id == ID).then(|| KEY.to_owned()))
    }

    #[test]
    fn hosts_with_and_without_port_and_any_service_are_accepted() {
        for (signed, sent, service) in [
            ("127.0.0.1:9000", "127.0.0.1:9000", "scf"),
            ("127.0.0.1", "127.0.0.1:9000", "tcb"),
            ("127.0.0.1", "127.0.0.1:9000", "127"),
            ("localhost", "localhost:9000", "localhost:9000"),
        ] {
            assert_eq!(check(&received(signed, sent, service), b"{}", 1_700_000_000), Ok(()), "{signed}");
        }
        assert_eq!(
            check(&received("elsewhere", "127.0.0.1:9000", "tcb"), b"{}", 1_700_000_000),
            Err(Refusal::Mismatch)
        );
    }

    #[test]
    fn three_hundred_seconds_are_allowed_and_no_more() {
        let headers = received("h", "h", "tcb");
        for (now, accepted) in [
            (1_700_000_300, true),
            (1_699_999_700, true),
            (1_700_000_301, false),
            (1_699_999_699, false),
            (i64::MIN, false),
        ] {
            assert_eq!(check(&headers, b"{}", now).is_ok(), accepted, "{now}");
        }
    }

    #[test]
    fn another_body_another_key_or_no_header_is_refused() {
        let mut headers = received("h", "h", "tcb");
        assert_eq!(check(&headers, b"{ }", 1_700_000_000), Err(Refusal::Mismatch));
        headers[3].1 = headers[3].1.replace(ID, "AKIDother");
        assert_eq!(check(&headers, b"{}", 1_700_000_000), Err(Refusal::UnknownId("AKIDother".into())));
        headers.truncate(3);
        assert!(matches!(check(&headers, b"{}", 1_700_000_000), Err(Refusal::Unreadable(_))));
    }

    #[test]
    fn an_unsigned_payload_may_be_anything() {
        let signed = format!(
            "{}\n/\n\n{}\n{}\n{}",
            "POST",
            "host:h\nx-tc-action:Invoke\n",
            "host;x-tc-action",
            sha256_hex(UNSIGNED.as_bytes())
        );
        let signature = signature_of("scf", 1_700_000_000, &signed);
        let headers = [
            ("host", "h"),
            ("x-tc-action", "Invoke"),
            ("x-tc-content-sha256", UNSIGNED),
            ("x-tc-timestamp", "1700000000"),
            ("authorization", &format!("TC3-HMAC-SHA256 Credential={ID}/2023-11-14/scf/tc3_request, SignedHeaders=host;x-tc-action, Signature={signature}")),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(check(&headers, b"anything", 1_700_000_000), Ok(()));
    }
}
