//! WeChat's numbers for failures, with the texts it sends. See `docs/wire.md#wechat-server-api`.

use crate::model::clock::{Ids, Millis, hex};

/// Why WeChat refuses a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: i32,
    pub message: String,
}

pub type Result<T, E = Refusal> = std::result::Result<T, E>;

/// Declares a constructor of a refusal for each code, and their table.
macro_rules! refusals {
    ($($name:ident = $code:literal $message:literal;)*) => {
        impl Refusal {
            $(#[doc = concat!("`", $message, "`")]
            pub fn $name() -> Self {
                Refusal { code: $code, message: $message.to_owned() }
            })*
        }

        const TEXTS: &[(i32, &str)] = &[$(($code, $message)),*];
    };
}

refusals! {
    unknown_token = 40001 "invalid credential, access_token is invalid or not latest";
    grant_type = 40002 "invalid grant_type";
    openid = 40003 "invalid openid";
    file_type = 40004 "invalid media type";
    file_size = 40006 "invalid media size";
    message_type = 40008 "invalid message type";
    appid = 40013 "invalid appid";
    malformed_token = 40014 "invalid access_token";
    code = 40029 "invalid code";
    template = 40037 "invalid template_id";
    url = 40066 "invalid url";
    arguments = 40097 "invalid args";
    parameter = 40101 "missing parameter";
    scene_type = 40129 "invalid scene";
    path = 40159 "invalid length for path, or the data is not json string";
    used_code = 40163 "code been used";
    scene = 40169 "invalid length for scene, or the data is not json string";
    no_token = 41001 "access_token missing";
    no_appid = 41002 "appid missing";
    no_secret = 41004 "appsecret missing";
    no_media = 41005 "media data missing";
    no_code = 41008 "missing code";
    page = 41030 "invalid page";
    expired_token = 42001 "access_token expired";
    needs_get = 43001 "require GET method";
    needs_post = 43002 "require POST method";
    empty = 44002 "empty post data";
    too_long = 45002 "content size out of limit";
    quota = 45009 "reach max api daily quota limit";
    not_json = 47001 "data format error";
    argument = 47003 "argument invalid!";
    unaccepted = 43101 "user refuse to accept the msg";
    environment = 85088 "app has no cloud environment";
    reserved = 85096 "not allow include scancode_time field";
    signature = 87009 "invalid signature";
    risky = 87014 "risky content";
    hosted_pair = 87016 "key-value length exceeds limit";
    hosted_pairs = 87018 "key-value count exceeds limit";
    hosted_key = 87019 "key length exceeds limit";
    unbound = 89002 "open not exists";
}

/// Codes that nothing here leads to: a programmed failure has their texts too.
const OTHERS: &[(i32, &str)] = &[
    (-1, "system error"),
    (40125, "invalid appsecret"),
    (40164, "invalid ip, not in whitelist"),
    (40226, "code blocked"),
    (43104, "appid does not match openid"),
    (43107, "user has banned the subscribe message"),
    (45011, "api minute-quota reach limit, must slower, retry next minute"),
    (45015, "response out of time limit or subscription is canceled"),
    (45047, "out of response count limit"),
    (48001, "api unauthorized"),
    (61010, "code is expired"),
    (87017, "storage size exceeds limit"),
];

impl Refusal {
    /// Returns the refusal with a code, and WeChat's text for it where that is known.
    pub fn numbered(code: i32) -> Self {
        let known = TEXTS.iter().chain(OTHERS).find(|(number, _)| *number == code);
        Refusal { code, message: known.map_or("failed", |(_, text)| text).to_owned() }
    }

    /// Returns a refusal that says more.
    pub fn saying(mut self, detail: impl std::fmt::Display) -> Self {
        self.message = format!("{} {detail}", self.message);
        self
    }
}

/// Returns the text of an answer's `errmsg`: the request's id at its end.
pub fn with_rid(message: &str, ids: &Ids, now: Millis) -> String {
    format!("{message} rid: {}", trace(ids, now))
}

/// Returns an id as WeChat gives requests and traces: `652d44d0-1d0af18b-5b069232`, the first part the time.
pub fn trace(ids: &Ids, now: Millis) -> String {
    let (a, b) = (hex(&ids.bytes::<4>()), hex(&ids.bytes::<4>()));
    format!("{:08x}-{a}-{b}", now.div_euclid(1000) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rid_begins_with_the_time() {
        let message = with_rid("invalid code", &Ids::default(), 1_697_465_552_000);
        let rid = message.strip_prefix("invalid code rid: ").expect("a rid");
        let parts: Vec<&str> = rid.split('-').collect();
        assert_eq!((parts.len(), parts[0]), (3, "652d44d0"));
        assert!(parts.iter().all(|part| part.len() == 8 && part.bytes().all(|it| it.is_ascii_hexdigit())));
    }

    #[test]
    fn a_number_has_wechats_text() {
        assert_eq!(Refusal::numbered(43101).message, "user refuse to accept the msg");
        assert_eq!(Refusal::numbered(40029), Refusal::code());
        assert_eq!(Refusal::numbered(123).message, "failed");
    }
}
