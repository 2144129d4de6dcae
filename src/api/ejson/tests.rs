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
fn doubles_keep_their_last_bit() {
    check(
        r#"{"d":1.1511878844981431e-178}"#,
        r#"{"d":{"$numberDouble":"1.1511878844981431e-178"}}"#,
        r#"{"d":1.1511878844981431e-178}"#,
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

mod properties {
    use bson::oid::ObjectId;
    use bson::raw::{RawDocumentBuf, cstr};
    use bson::spec::BinarySubtype;
    use bson::{Binary, Bson, DateTime, Document, Regex, Timestamp, doc};
    use proptest::prelude::*;

    use super::super::{Form, to_text, value};

    /// Values that both dialects can write. A double with no fraction is an integer in plain JSON.
    fn common() -> BoxedStrategy<Bson> {
        prop_oneof![
            Just(Bson::Null),
            any::<bool>().prop_map(Bson::Boolean),
            any::<i32>().prop_map(Bson::Int32),
            any::<i64>().prop_map(|it| i32::try_from(it).map_or(Bson::Int64(it), Bson::Int32)),
            prop::num::f64::NORMAL.prop_filter("a fraction", |it| it.fract() != 0.0).prop_map(Bson::Double),
            any::<String>().prop_map(Bson::String),
            any::<i64>().prop_map(|it| Bson::DateTime(DateTime::from_millis(it))),
            any::<[u8; 12]>().prop_map(|it| Bson::ObjectId(ObjectId::from_bytes(it))),
            (any::<i64>(), -6_000..6_000).prop_map(|(digits, exponent)| {
                Bson::Decimal128(format!("{digits}E{exponent}").parse().expect("a decimal"))
            }),
            (any::<u8>(), any::<Vec<u8>>()).prop_map(|(subtype, bytes)| {
                Bson::Binary(Binary { subtype: BinarySubtype::from(subtype), bytes })
            }),
            any::<(u32, u32)>().prop_map(|(time, increment)| Bson::Timestamp(Timestamp { time, increment })),
            Just(Bson::MinKey),
            Just(Bson::MaxKey),
        ]
        .boxed()
    }

    /// What only canonical text tells.
    fn canonical() -> BoxedStrategy<Bson> {
        prop_oneof![
            4 => common(),
            1 => any::<f64>().prop_map(Bson::Double),
            1 => Just(Bson::Double(f64::NAN)),
            1 => any::<i64>().prop_map(Bson::Int64),
            1 => Just(Bson::RegularExpression(Regex { pattern: cstr!("^\"a\\b").into(), options: cstr!("im").into() })),
        ]
        .boxed()
    }

    fn document(scalar: BoxedStrategy<Bson>) -> impl Strategy<Value = Document> {
        // What begins with a dollar is Extended JSON's own.
        let name = any::<String>().prop_filter("a name", |it| !it.starts_with('$') && !it.contains('\0'));
        let object = move |inner: BoxedStrategy<Bson>| {
            prop::collection::vec((name.clone(), inner), 0..4)
                .prop_map(|it| it.into_iter().collect::<Document>())
        };
        let nested = object.clone();
        let value = scalar.prop_recursive(3, 12, 3, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Bson::Array),
                nested(inner.boxed()).prop_map(Bson::Document),
            ]
        });
        object(value.boxed())
    }

    /// The bytes of a document: its numbers' types, the order of its keys, NaN and -0 included.
    fn bytes(document: &Document) -> RawDocumentBuf {
        RawDocumentBuf::try_from(document).expect("a document")
    }

    fn check(document: &Document, form: Form) -> Result<(), TestCaseError> {
        let text = to_text(&bytes(document), form);
        match value(&text, 0) {
            Ok(Bson::Document(read)) => prop_assert_eq!(bytes(&read), bytes(document), "{}", text),
            other => prop_assert!(false, "{}: {:?}", text, other),
        }
        Ok(())
    }

    fn config() -> ProptestConfig {
        ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() }
    }

    #[test]
    fn canonical_text_reads_back_as_the_same_bytes() {
        proptest!(config(), |(document in document(canonical()))| check(&document, Form::Canonical)?);
    }

    /// Text that is nearly Extended JSON: its words in any nesting, with operands of any type.
    fn nearly() -> impl Strategy<Value = String> {
        let words = [
            "$date",
            "$numberInt",
            "$numberLong",
            "$numberDouble",
            "$numberDecimal",
            "$oid",
            "$timestamp",
            "$regularExpression",
            "$regex",
            "$options",
            "$binary",
            "$undefined",
            "$minKey",
            "$maxKey",
            "$symbol",
            "$tcb_server_date",
            "offset",
            "base64",
            "subType",
            "pattern",
            "options",
            "t",
            "i",
            "a",
            "",
            "a.b",
            "_id",
        ];
        let leaf = prop_oneof![
            any::<i64>().prop_map(|it| it.to_string()),
            any::<f64>().prop_map(|it| it.to_string()),
            prop::sample::select(vec!["null", "true", "1e999", "-0", "18446744073709551616", "\"\\u0000\""])
                .prop_map(str::to_owned),
            "[0-9a-f=+/:.TZ-]{0,26}".prop_map(|it| format!("\"{it}\"")),
        ];
        leaf.prop_recursive(4, 20, 3, move |inner| {
            let member = (prop::sample::select(words.to_vec()), inner.clone());
            let object = prop::collection::vec(member.prop_map(|(key, it)| format!("\"{key}\":{it}")), 0..3);
            prop_oneof![
                3 => object.prop_map(|it| format!("{{{}}}", it.join(","))),
                1 => prop::collection::vec(inner, 0..3).prop_map(|it| format!("[{}]", it.join(","))),
            ]
        })
    }

    /// Whatever is read can be written, in both dialects, as JSON.
    fn survives(text: &str) -> Result<(), TestCaseError> {
        let Ok(Bson::Document(read)) = value(text, i64::MAX) else { return Ok(()) };
        // A key with a zero byte is no BSON.
        let Ok(bytes) = RawDocumentBuf::try_from(&read) else { return Ok(()) };
        for form in [Form::Canonical, Form::Plain] {
            let written = to_text(&bytes, form);
            prop_assert!(
                serde_json::from_str::<serde_json::Value>(&written).is_ok(),
                "{} as {}",
                text,
                written
            );
        }
        Ok(())
    }

    #[test]
    fn no_text_makes_the_reader_panic() {
        let spoilt = (nearly(), any::<prop::sample::Index>(), any::<char>());
        let config = ProptestConfig { cases: 2_000, ..config() };
        proptest!(config, |((text, at, put) in spoilt, other in ".{0,40}")| {
            survives(&text)?;
            survives(&other)?;
            let mut broken: Vec<char> = text.chars().collect();
            let length = broken.len();
            broken[at.index(length)] = put;
            survives(&broken.into_iter().collect::<String>())?;
        });
    }

    #[test]
    fn plain_text_reads_back_as_the_same_bytes() {
        proptest!(config(), |(document in document(common()))| check(&document, Form::Plain)?);
        check(&doc! { "a": -0.0 }, Form::Plain).expect("a zero below zero");
    }
}
