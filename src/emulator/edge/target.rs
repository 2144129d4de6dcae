//! Request targets and headers as text: percent-encoding, queries, and what signatures cover.

use axum::http::HeaderMap;

use crate::model::percent;

/// Encodes everything but letters, digits and what a path may hold, as `encodeURIComponent` does but for slashes.
pub(super) fn encode(text: &str) -> String {
    percent::encode(text, |byte| byte.is_ascii_alphanumeric() || b"/-_.~!*'()".contains(&byte))
}

/// Encodes only what would end or break the path. The SDKs run `encodeURI` over a link, which does the rest once
/// (`docs/wire.md#files`).
pub(super) fn encode_lightly(text: &str) -> String {
    percent::encode(text, |byte| !b"%#?\\".contains(&byte))
}

/// Decodes `%XX`; what is not such an escape stays as it is. Nothing comes back when the bytes are not UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(digit(*high) * 16 + digit(*low));
                rest = after;
            }
            _ => decoded.push(*byte),
        }
    }
    String::from_utf8(decoded).ok()
}

fn digit(hex: u8) -> u8 {
    char::from(hex).to_digit(16).map_or(0, |digit| digit as u8)
}

/// Returns the headers as the signatures read them: names in lower case, values as text.
pub(super) fn header_values(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect()
}

/// Returns the names and values of a query such as `a=1&b=2`, decoded.
pub(super) fn query_values(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let decoded = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        decode(name).zip(decode(&value.replace('+', " ")))
    });
    decoded.collect()
}

/// Returns the first value of that name.
pub(super) fn query_value(query: &str, name: &str) -> Option<String> {
    query_values(query).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_comes_back() {
        for text in ["a/b.txt", "héllo 云/😀 %#?&=+.txt", "100%", ""] {
            assert_eq!(decode(&encode(text)).as_deref(), Some(text));
            assert_eq!(decode(&encode_lightly(text)).as_deref(), Some(text));
            assert!(encode(text).is_ascii());
        }
        assert_eq!(decode("100%zz%4").as_deref(), Some("100%zz%4"));
        assert_eq!(decode("%ff"), None);
    }

    #[test]
    fn queries_are_read_by_name() {
        let query = "prefix=a%2F&marker=&x=1+2";
        assert_eq!(query_value(query, "prefix").as_deref(), Some("a/"));
        assert_eq!(query_value(query, "marker").as_deref(), Some(""));
        assert_eq!(query_value(query, "x").as_deref(), Some("1 2"));
        assert_eq!(query_value(query, "delimiter"), None);
    }
}
