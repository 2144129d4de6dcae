//! Halves of characters in JSON. JavaScript leaves one behind where it cuts a text in the middle of an emoji, and writes it
//! as `\ud83d`; no text of ours can hold it.

use std::borrow::Cow;

/// Returns the JSON with each half that stands alone replaced by U+FFFD.
pub fn replaced(json: &str) -> Cow<'_, str> {
    let mut whole = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(found) = json.get(at..).and_then(|rest| rest.find('\\')) {
        let start = at + found;
        // What is escaped is one character, or `u` and four more.
        at = match (escaped(json, start), escaped(json, start + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => start + 12,
            (Some(0xd800..=0xdfff), _) => {
                whole += json.get(kept..start).unwrap_or_default();
                whole.push(char::REPLACEMENT_CHARACTER);
                kept = start + 6;
                kept
            }
            _ => start + 2,
        };
    }
    if kept == 0 { Cow::Borrowed(json) } else { Cow::Owned(whole + json.get(kept..).unwrap_or_default()) }
}

/// Reads the unit of UTF-16 that is written there as `\uXXXX`.
fn escaped(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_that_stands_alone_is_replaced() {
        for (json, expected) in [
            (r#""plain 云 \n \\""#, r#""plain 云 \n \\""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""a\ud83d""#, "\"a\u{fffd}\""),
            (r#""\uDE00\ud83d\uD83d\uDe00b""#, "\"\u{fffd}\u{fffd}\\uD83d\\uDe00b\""),
            (r#""\\ud83d \\\ud83d云""#, "\"\\\\ud83d \\\\\u{fffd}云\""),
            (r#""\ud83"#, r#""\ud83"#),
            (r#""\云\"#, r#""\云\"#),
        ] {
            assert_eq!(replaced(json), expected, "{json}");
        }
    }
}
