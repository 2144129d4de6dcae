//! Requests on condition: `If-Match`, `If-None-Match`, `If-Modified-Since`, `If-Unmodified-Since`, `If-Range`, in the
//! order of RFC 9110, section 13.2.2.

use axum::http::HeaderMap;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::headers::value;
use crate::emulator::storage::Object;

/// What a request's conditions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Proceed,
    NotModified,
    Failed,
}

/// Judges the conditions of a request, whose names may have a prefix (`x-cos-copy-source-`).
pub(super) fn judge(headers: &HeaderMap, prefix: &str, object: &Object) -> Outcome {
    let header = |name: &str| value(headers, &format!("{prefix}{name}"));
    let since = |name: &str| header(name).and_then(seconds);
    let changed = object.modified.div_euclid(1000);
    let fails = match header("if-match") {
        Some(tags) => !names(tags, object),
        None => since("if-unmodified-since").is_some_and(|since| changed > since),
    };
    if fails {
        return Outcome::Failed;
    }
    let known = match header("if-none-match") {
        Some(tags) => names(tags, object),
        None => since("if-modified-since").is_some_and(|since| changed <= since),
    };
    if known { Outcome::NotModified } else { Outcome::Proceed }
}

/// Whether a range is meant for the object as it is now.
pub(super) fn range_applies(headers: &HeaderMap, object: &Object) -> bool {
    value(headers, "if-range").is_none_or(|version| match seconds(version) {
        Some(since) => object.modified.div_euclid(1000) <= since,
        None => names(version, object),
    })
}

/// Whether a list of tags has the object's, or is `*`. Some clients leave out the quotes.
fn names(tags: &str, object: &Object) -> bool {
    let mut tags = tags.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'));
    tags.any(|tag| tag == "*" || tag == object.etag)
}

fn seconds(date: &str) -> Option<i64> {
    DateTimeParser::new().parse_timestamp(date).ok().map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn object() -> Object {
        Object {
            key: "a".into(),
            size: 1,
            etag: "0cc1".into(),
            content_type: String::new(),
            headers: BTreeMap::new(),
            // Tue, 14 Nov 2023 22:13:20.5 GMT
            modified: 1_700_000_000_500,
            owner: None,
        }
    }

    #[test]
    fn conditions_are_judged_in_the_standards_order() {
        const NOW: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
        const BEFORE: &str = "Tue, 14 Nov 2023 22:13:19 GMT";
        for (given, expected) in [
            (vec![], Outcome::Proceed),
            (vec![("if-match", "\"0cc1\"")], Outcome::Proceed),
            (vec![("if-match", "0cc1")], Outcome::Proceed),
            (vec![("if-match", "\"x\", \"0cc1\"")], Outcome::Proceed),
            (vec![("if-match", "*")], Outcome::Proceed),
            (vec![("if-match", "\"x\"")], Outcome::Failed),
            (vec![("if-none-match", "W/\"0cc1\"")], Outcome::NotModified),
            (vec![("if-none-match", "\"x\"")], Outcome::Proceed),
            (vec![("if-modified-since", NOW)], Outcome::NotModified),
            (vec![("if-modified-since", BEFORE)], Outcome::Proceed),
            (vec![("if-modified-since", "yesterday")], Outcome::Proceed),
            (vec![("if-unmodified-since", NOW)], Outcome::Proceed),
            (vec![("if-unmodified-since", BEFORE)], Outcome::Failed),
            (vec![("if-match", "0cc1"), ("if-unmodified-since", BEFORE)], Outcome::Proceed),
            (vec![("if-none-match", "x"), ("if-modified-since", NOW)], Outcome::Proceed),
            (vec![("if-match", "x"), ("if-none-match", "0cc1")], Outcome::Failed),
        ] {
            let headers = given
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            assert_eq!(judge(&headers.collect(), "", &object()), expected, "{given:?}");
        }
    }
}
