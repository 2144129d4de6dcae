//! Extended JSON v2 in its relaxed form: what a person reads and another tool takes.

use jiff::Timestamp;
use serde_json::{Map, Number, Value, json};

/// The last millisecond of the year 9999: later dates are not written as text (Extended JSON v2, "Relaxed date").
const LAST: i64 = 253_402_300_799_999;

/// Turns canonical Extended JSON into relaxed: numbers and dates as people write them. Key order stays.
pub fn relax(value: Value) -> Value {
    relaxed(value, &|_| true)
}

/// Turns canonical Extended JSON into relaxed where it is read back as the same type: a long that would become an int
/// keeps its wrapper.
pub fn relax_exactly(value: Value) -> Value {
    relaxed(value, &|long| i32::try_from(long).is_err())
}

fn relaxed(value: Value, plain_long: &dyn Fn(i64) -> bool) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(|it| relaxed(it, plain_long)).collect()),
        Value::Object(fields) => plain(&fields, plain_long).unwrap_or_else(|| {
            let fields = fields.into_iter().map(|(key, value)| (key, relaxed(value, plain_long)));
            Value::Object(fields.collect())
        }),
        other => other,
    }
}

/// Returns the plain value of a wrapper that relaxed form does without.
fn plain(fields: &Map<String, Value>, plain_long: &dyn Fn(i64) -> bool) -> Option<Value> {
    let mut fields = fields.iter();
    let (Some((key, value)), None) = (fields.next(), fields.next()) else { return None };
    let whole = || value.as_str()?.parse::<i64>().ok();
    match key.as_str() {
        "$numberInt" => Some(Value::Number(whole()?.into())),
        "$numberLong" => whole().filter(|it| plain_long(*it)).map(|it| Value::Number(it.into())),
        // Not a number and infinity have no other form.
        "$numberDouble" => Number::from_f64(value.as_str()?.parse().ok()?).map(Value::Number),
        // An early or a distant date keeps its number of milliseconds whole.
        "$date" => Some(date(value).unwrap_or_else(|| json!({ "$date": value }))),
        _ => None,
    }
}

fn date(value: &Value) -> Option<Value> {
    let millis: i64 = value.get("$numberLong")?.as_str()?.parse().ok()?;
    if !(0..=LAST).contains(&millis) {
        return None;
    }
    let time = Timestamp::from_millisecond(millis).ok()?;
    let shown = match millis % 1_000 {
        0 => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        _ => time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    };
    Some(json!({ "$date": shown }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(canonical: &str, relaxed: &str) {
        let value = serde_json::from_str(canonical).expect("JSON");
        assert_eq!(relax(value).to_string(), relaxed);
    }

    #[test]
    fn numbers_and_dates_lose_their_wrappers() {
        check(
            r#"{"n":{"$numberInt":"5"},"a":[{"$numberLong":"9007199254740993"}]}"#,
            r#"{"n":5,"a":[9007199254740993]}"#,
        );
        check(r#"{"$numberDouble":"1.5"}"#, "1.5");
        check(r#"{"$numberDouble":"2"}"#, "2.0");
        check(
            r#"{"d":{"$date":{"$numberLong":"1700000000123"}}}"#,
            r#"{"d":{"$date":"2023-11-14T22:13:20.123Z"}}"#,
        );
        check(
            r#"{"d":{"$date":{"$numberLong":"1700000000000"}}}"#,
            r#"{"d":{"$date":"2023-11-14T22:13:20Z"}}"#,
        );
    }

    proptest::proptest! {
        #[test]
        fn a_number_written_plainly_is_read_as_the_same(bits: u64) {
            use crate::api::ejson::{self, Form};
            let number = bson::Bson::Double(f64::from_bits(bits));
            let canonical = ejson::value_to_text(&number, Form::Canonical);
            let plain = relax(serde_json::from_str(&canonical).expect("JSON")).to_string();
            let again = ejson::value(&plain, 0).expect("Extended JSON");
            proptest::prop_assert_eq!(ejson::value_to_text(&again, Form::Canonical), canonical, "{}", plain);
        }
    }

    #[test]
    fn what_has_no_plain_form_keeps_its_wrapper() {
        for kept in [
            r#"{"$numberDouble":"NaN"}"#,
            r#"{"$date":{"$numberLong":"-1"}}"#,
            r#"{"$oid":"65a000000000000000000000"}"#,
            r#"{"$regularExpression":{"pattern":"x","options":"i"}}"#,
        ] {
            check(kept, kept);
        }
    }

    #[test]
    fn what_is_relaxed_exactly_is_read_back_as_it_was() {
        for (canonical, relaxed) in [
            (r#"{"$numberLong":"5"}"#, r#"{"$numberLong":"5"}"#),
            (r#"{"a":[{"$numberLong":"-2147483648"}]}"#, r#"{"a":[{"$numberLong":"-2147483648"}]}"#),
            (r#"{"$numberLong":"2147483648"}"#, "2147483648"),
            (r#"{"$numberInt":"5"}"#, "5"),
            (r#"{"$date":{"$numberLong":"0"}}"#, r#"{"$date":"1970-01-01T00:00:00Z"}"#),
        ] {
            let exactly = relax_exactly(serde_json::from_str(canonical).expect("JSON")).to_string();
            assert_eq!(exactly, relaxed);
            let again = crate::api::ejson::value(&exactly, 0).expect("Extended JSON");
            assert_eq!(
                crate::api::ejson::value_to_text(&again, crate::api::ejson::Form::Canonical),
                canonical
            );
        }
    }
}
