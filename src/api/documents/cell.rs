//! A value as the text of a CSV cell, and back. What is written is read as the same value of the same type.

use bson::Bson;

use crate::api::ejson::{self, Form};

/// Reads a value as what it looks like: a number, `true`, `null`, JSON, else text. An empty cell is no value.
pub(super) fn read(text: &str) -> Option<Bson> {
    let trimmed = text.trim();
    Some(match trimmed {
        "" => return None,
        "true" => Bson::Boolean(true),
        "false" => Bson::Boolean(false),
        "null" => Bson::Null,
        _ if trimmed.starts_with(['{', '[', '"']) => {
            ejson::value(trimmed, 0).unwrap_or_else(|_| Bson::String(text.to_owned()))
        }
        _ => number(trimmed).unwrap_or_else(|| Bson::String(text.to_owned())),
    })
}

/// Reads a number that loses nothing by being one: what begins with zeros or is longer than 64 bits stays text.
fn number(text: &str) -> Option<Bson> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let padded = digits.len() > 1 && digits.starts_with('0');
        if padded || text == "-0" {
            return None;
        }
        return text.parse().map(Bson::Int32).or_else(|_| text.parse().map(Bson::Int64)).ok();
    }
    let padded = digits.starts_with('0') && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let number: f64 = text.parse().ok()?;
    // `1.` and a fraction longer than a number can hold are not what they would become.
    let whole = digits.len() <= 16 || format!("{number:?}") == text;
    (!padded && !text.ends_with('.') && whole && number.is_finite()).then_some(Bson::Double(number))
}

/// Writes a value: as it looks if it is read back the same, else as canonical Extended JSON.
pub(super) fn write(value: &Bson) -> String {
    let plain = match value {
        Bson::String(text) => text.clone(),
        Bson::Int32(number) => number.to_string(),
        Bson::Int64(number) => number.to_string(),
        Bson::Double(number) => format!("{number:?}"),
        other => return ejson::value_to_text(other, Form::Canonical),
    };
    if read(&plain).as_ref() == Some(value) { plain } else { ejson::value_to_text(value, Form::Canonical) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    #[test]
    fn values_are_what_they_look_like() {
        for (text, value) in [
            ("12", Some(Bson::Int32(12))),
            ("-3000000000", Some(Bson::Int64(-3_000_000_000))),
            ("1.5", Some(Bson::Double(1.5))),
            ("-0.0", Some(Bson::Double(-0.0))),
            ("1e-7", Some(Bson::Double(1e-7))),
            ("true", Some(Bson::Boolean(true))),
            ("007", Some(Bson::String("007".into()))),
            ("00.5", Some(Bson::String("00.5".into()))),
            ("-0", Some(Bson::String("-0".into()))),
            ("13800138000123456", Some(Bson::Int64(13_800_138_000_123_456))),
            ("9223372036854775807", Some(Bson::Int64(i64::MAX))),
            ("9223372036854775808", Some(Bson::String("9223372036854775808".into()))),
            ("3.14159265358979323846", Some(Bson::String("3.14159265358979323846".into()))),
            ("[1]", Some(Bson::Array(vec![Bson::Int32(1)]))),
            ("{oops", Some(Bson::String("{oops".into()))),
            ("\"12\"", Some(Bson::String("12".into()))),
            ("1.", Some(Bson::String("1.".into()))),
            ("inf", Some(Bson::String("inf".into()))),
            ("", None),
        ] {
            assert_eq!(read(text), value, "{text}");
        }
    }

    #[track_caller]
    fn comes_back(value: impl Into<Bson>) {
        let value = value.into();
        let again = read(&write(&value)).unwrap_or(Bson::Undefined);
        assert_eq!(
            ejson::value_to_text(&again, Form::Canonical),
            ejson::value_to_text(&value, Form::Canonical)
        );
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for text in
            ["", " ", "李雷", "12", "true", "null", "\"", "{", "[1]", " x ", "1e5", "a\nb", "007", "-0"]
        {
            comes_back(text);
        }
        for number in [0.0, -0.0, 5.0, 0.1 + 0.2, 1e300, 5e-324, f64::NAN, f64::INFINITY, 1e16, 123456789.125]
        {
            comes_back(number);
        }
        for number in [0, 5, i64::from(i32::MAX) + 1, 1_700_000_000_123, i64::MAX, i64::MIN] {
            comes_back(number);
        }
        comes_back(7);
        comes_back(Bson::Null);
        comes_back(bson::DateTime::from_millis(-1));
        comes_back(bson::oid::ObjectId::from_bytes([7; 12]));
        comes_back(doc! { "a": [1, 2.0, { "b": null }] });
    }
}
