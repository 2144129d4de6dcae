use super::*;

const NOW: i64 = 1_700_000_000_000;

#[track_caller]
fn check(text: &str, canonical: &str, plain: &str) {
    let document = document(text, NOW).expect(text);
    let raw = bson::raw::RawDocumentBuf::try_from(&document).expect("a document without NUL in a key");
    assert_eq!(to_text(&raw, Form::Canonical), canonical);
    assert_eq!(to_text(&raw, Form::Plain), plain);
}

/// Canonical text comes back byte for byte.
#[track_caller]
fn round_trip(canonical: &str, plain: &str) {
    check(canonical, canonical, plain);
}

#[test]
fn number_types_survive() {
    round_trip(
        r#"{"i":{"$numberInt":"5"},"l":{"$numberLong":"9007199254740991"},"d":{"$numberDouble":"1.5"},"w":{"$numberDouble":"2.0"}}"#,
        r#"{"i":5,"l":9007199254740991,"d":1.5,"w":2}"#,
    );
    round_trip(
        r#"{"n":{"$numberDouble":"NaN"},"p":{"$numberDouble":"Infinity"},"z":{"$numberDouble":"-0.0"}}"#,
        r#"{"n":null,"p":null,"z":-0}"#,
    );
    check(
        r#"{"n":1,"m":3000000000,"f":1.5,"h":1e21}"#,
        r#"{"n":{"$numberInt":"1"},"m":{"$numberLong":"3000000000"},"f":{"$numberDouble":"1.5"},"h":{"$numberDouble":"1e21"}}"#,
        r#"{"n":1,"m":3000000000,"f":1.5,"h":1e21}"#,
    );
}

#[test]
fn dates_arrive_in_every_form() {
    for text in [
        r#"{"d":{"$date":{"$numberLong":"1700000000123"}}}"#,
        r#"{"d":{"$date":1700000000123}}"#,
        r#"{"d":{"$date":"2023-11-14T22:13:20.123Z"}}"#,
        r#"{"d":{"$tcb_server_date":{"offset":{"$numberInt":"123"}}}}"#,
        r#"{"d":{"$date":{"offset":123}}}"#,
    ] {
        check(text, r#"{"d":{"$date":{"$numberLong":"1700000000123"}}}"#, r#"{"d":{"$date":1700000000123}}"#);
    }
}

#[test]
fn other_types_keep_their_form() {
    round_trip(
        r#"{"o":{"$oid":"65a000000000000000000001"},"b":{"$binary":{"base64":"AQI=","subType":"00"}},"t":{"$timestamp":{"t":1,"i":2}}}"#,
        r#"{"o":{"$oid":"65a000000000000000000001"},"b":{"$binary":{"base64":"AQI=","subType":"00"}},"t":{"$timestamp":{"t":1,"i":2}}}"#,
    );
    round_trip(
        r#"{"r":{"$regularExpression":{"pattern":"^a\"","options":"i"}}}"#,
        r#"{"r":{"$regex":"^a\"","$options":"i"}}"#,
    );
}

#[test]
fn operators_and_key_order_stay() {
    round_trip(
        r#"{"b":{"$gt":{"$numberInt":"1"},"$lt":{"$numberInt":"4"}},"a":{"$regex":"^x","$options":"i"},"$and":[]}"#,
        r#"{"b":{"$gt":1,"$lt":4},"a":{"$regex":"^x","$options":"i"},"$and":[]}"#,
    );
}

#[test]
fn strings_are_escaped() {
    round_trip(r#"{"s":"héllo 云\n\t\"\\\u0001 😀"}"#, r#"{"s":"héllo 云\n\t\"\\\u0001 😀"}"#);
}

#[test]
fn nonsense_is_refused() {
    for text in ["", "{", "[1]", "7", r#"{"a":{"$numberInt":"x"}}"#, r#"{"a":{"$oid":"x"}}"#, r#"{"a":1} x"#]
    {
        assert!(document(text, NOW).is_err(), "{text}");
    }
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    assert!(array(&deep, NOW).is_err());
}

#[test]
fn a_value_need_not_be_a_document() {
    let read = value(r#""$tags""#, NOW).expect("a string");
    assert_eq!(value_to_text(&read, Form::Canonical), r#""$tags""#);
    assert_eq!(value_to_text(&value("7", NOW).expect("a number"), Form::Canonical), r#"{"$numberInt":"7"}"#);
}
