//! The order of values, and that keys have it too.

use std::cmp::Ordering;

use bson::oid::ObjectId;
use bson::raw::RawDocumentBuf;
use bson::{Bson, DateTime, Document, Timestamp, doc};
use proptest::prelude::*;
use proptest::sample::select;

use super::limits::{DEEPEST_NESTING, LARGEST_DOCUMENT, check_depth, check_path, check_size};
use super::path::FieldPath;
use super::show::key as shown;
use super::view::View;
use super::{compare, is_true};
use crate::docdb::key;

fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse().expect("a decimal"))
}

/// Numbers that are easily confused, ascending; those of one line are equal.
fn numbers() -> Vec<Vec<Bson>> {
    const TWO_53: i64 = 1 << 53;
    vec![
        vec![Bson::Double(f64::NAN), decimal("NaN")],
        vec![Bson::Double(f64::NEG_INFINITY), decimal("-Infinity")],
        vec![decimal("-1E+6000")],
        vec![Bson::Double(f64::MIN)],
        vec![Bson::Int64(i64::MIN), Bson::Double(-(2f64.powi(63))), decimal("-9223372036854775808")],
        vec![Bson::Int64(i64::MIN + 1)],
        vec![Bson::Int64(-TWO_53 - 1)],
        vec![Bson::Int64(-TWO_53), Bson::Double(-(TWO_53 as f64))],
        vec![decimal("-1.5"), Bson::Double(-1.5)],
        vec![Bson::Int32(-1), Bson::Int64(-1), Bson::Double(-1.0)],
        vec![decimal("-1E-6000")],
        vec![Bson::Int32(0), Bson::Int64(0), Bson::Double(0.0), Bson::Double(-0.0), decimal("-0E+3")],
        vec![decimal("1E-6000")],
        vec![Bson::Double(5e-324)],
        vec![decimal("0.1")],
        vec![Bson::Double(0.1)],
        vec![Bson::Int32(1), Bson::Int64(1), Bson::Double(1.0), decimal("1"), decimal("1.000")],
        vec![decimal("1.00000000000000000001")],
        vec![decimal("1.00000000000000000002")],
        vec![Bson::Double(1.5)],
        vec![Bson::Int64(TWO_53), Bson::Double(TWO_53 as f64)],
        vec![Bson::Int64(TWO_53 + 1), decimal("9007199254740993")],
        vec![Bson::Int64(TWO_53 + 2)],
        vec![Bson::Int64(i64::MAX)],
        vec![Bson::Double(2f64.powi(63))],
        vec![decimal("1E+22"), Bson::Double(1e22)],
        vec![Bson::Double(1e23)],
        vec![decimal("1E+23")],
        vec![Bson::Double(f64::MAX)],
        vec![decimal("1E+6000")],
        vec![Bson::Double(f64::INFINITY), decimal("Infinity")],
    ]
}

/// One or more values of each class, ascending; those of one line are equal.
fn ladder() -> Vec<Vec<Bson>> {
    let text = |it: &str| vec![Bson::String(it.to_owned())];
    let object = |it: Document| vec![Bson::Document(it)];
    let array = |it: Vec<i32>| vec![Bson::Array(it.into_iter().map(Bson::Int32).collect())];
    let bytes = |it: &[u8]| vec![Bson::Binary(bson::Binary { subtype: 0.into(), bytes: it.to_vec() })];
    let mut ladder = vec![vec![Bson::MinKey], vec![Bson::Undefined], vec![Bson::Null]];
    ladder.extend(numbers());
    ladder.extend([
        text(""),
        text("\0"),
        text("\0a"),
        text("B"),
        text("a"),
        text("a\0"),
        text("a\u{1}"),
        text("ab"),
        text("é"),
    ]);
    ladder.extend([
        object(doc! {}),
        // The class of the value weighs more than the name.
        object(doc! { "z": 1 }),
        object(doc! { "z": 1, "a": 1 }),
        object(doc! { "z": 2 }),
        object(doc! { "a": "s" }),
        object(doc! { "b": "a" }),
    ]);
    ladder.extend([array(vec![]), array(vec![1]), array(vec![1, 2]), array(vec![2])]);
    ladder.extend([bytes(b""), bytes(b"z"), bytes(b"aa")]);
    ladder.extend([
        vec![Bson::ObjectId(ObjectId::from_bytes([1; 12]))],
        vec![Bson::Boolean(false)],
        vec![Bson::Boolean(true)],
        vec![Bson::DateTime(DateTime::from_millis(-1))],
        vec![Bson::DateTime(DateTime::from_millis(0))],
        vec![Bson::Timestamp(Timestamp { time: 1, increment: 2 })],
        vec![Bson::Timestamp(Timestamp { time: 2, increment: 1 })],
        vec![Bson::RegularExpression(bson::Regex {
            pattern: bson::cstr!("a").into(),
            options: bson::cstr!("").into(),
        })],
        vec![Bson::MaxKey],
    ]);
    ladder
}

fn encoded(value: &Bson) -> Vec<u8> {
    let mut bytes = Vec::new();
    key::encode(value, false, &mut bytes);
    bytes
}

#[test]
fn values_climb_the_ladder_and_so_do_their_keys() {
    let ladder = ladder();
    let steps = || ladder.iter().enumerate().flat_map(|(at, equal)| equal.iter().map(move |it| (at, it)));
    for (left_at, left) in steps() {
        for (right_at, right) in steps() {
            assert_eq!(compare(left, right), left_at.cmp(&right_at), "{left} and {right}");
            assert_eq!(
                encoded(left).cmp(&encoded(right)),
                left_at.cmp(&right_at),
                "keys of {left} and {right}"
            );
        }
    }
}

fn value() -> impl Strategy<Value = Bson> {
    let scalars: Vec<Bson> = ladder().into_iter().flatten().collect();
    let scalar = prop_oneof![
        select(scalars),
        any::<i64>().prop_map(Bson::Int64),
        any::<f64>().prop_map(Bson::Double),
        (any::<i64>(), -20i32..20).prop_map(|(digits, exponent)| decimal(&format!("{digits}E{exponent}"))),
        "[\\x00-\\x02a]{0,3}".prop_map(Bson::String),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        let fields = prop::collection::vec(("[ab\\x01]{0,2}", inner.clone()), 0..3);
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Bson::Array),
            fields.prop_map(|it| Bson::Document(it.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn keys_have_the_order_of_their_values(left in value(), right in value()) {
        prop_assert_eq!(encoded(&left).cmp(&encoded(&right)), compare(&left, &right));
    }

    #[test]
    fn compound_keys_weigh_fields_in_turn(
        left in (value(), value()), right in (value(), value()), first in any::<bool>(), second in any::<bool>(),
    ) {
        let encoded = |(one, two): &(Bson, Bson)| {
            let mut bytes = Vec::new();
            key::encode(one, first, &mut bytes);
            key::encode(two, second, &mut bytes);
            bytes
        };
        let turned = |order: Ordering, descending: bool| if descending { order.reverse() } else { order };
        let order = turned(compare(&left.0, &right.0), first)
            .then(turned(compare(&left.1, &right.1), second));
        prop_assert_eq!(encoded(&left).cmp(&encoded(&right)), order);
    }

    #[test]
    fn order_is_total(a in value(), b in value(), c in value()) {
        prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
            prop_assert!(compare(&a, &c).is_le());
        }
    }

    #[test]
    fn raw_and_owned_values_are_the_same(value in value()) {
        let raw = RawDocumentBuf::try_from(&doc! { "v": value.clone() }).expect("a document");
        let view = View::from(raw.get("v").expect("readable").expect("there"));
        prop_assert!(compare(view, &value).is_eq());
        prop_assert_eq!(format!("{:?}", Bson::from(view)), format!("{value:?}"));
    }
}

#[test]
fn truth_is_all_but_false_null_and_zero() {
    for it in [Bson::Boolean(false), Bson::Null, Bson::Int32(0), Bson::Double(-0.0), decimal("0.00")] {
        assert!(!is_true(&it), "{it}");
    }
    for it in [Bson::Boolean(true), Bson::String(String::new()), Bson::Array(vec![]), Bson::Double(f64::NAN)]
    {
        assert!(is_true(&it), "{it}");
    }
}

/// What a path reaches, `-` standing for nowhere.
fn reached(document: &Document, path: &str) -> String {
    let shown = |it: Option<View>| it.map_or("-".to_owned(), |it| Bson::from(it).to_string());
    FieldPath::new(path).values(document).into_iter().map(shown).collect::<Vec<_>>().join(" ")
}

#[test]
fn paths_reach_into_arrays_as_in_mongodb() {
    let document = doc! {
        "n": 5, "e": [], "s": [1, [2, 3]], "o": [{ "x": 1 }, 7, { "y": 2 }, [{ "x": 9 }]], "f": { "0": "named" },
        "m": [{ "0": "field" }, "element"],
    };
    for (path, expected) in [
        ("n", "5"),
        ("n.x", "-"),
        ("zz", "-"),
        ("e", "[]"),
        ("e.x", ""),
        ("e.0", "-"),
        ("s", "1 [2, 3] [1, [2, 3]]"),
        ("s.1", "[2, 3]"),
        ("s.1.0", "2"),
        ("s.9", "-"),
        ("o.x", "1 -"),
        ("o.3.x", "- - 9"),
        ("f.0", "\"named\""),
        ("m.0", "\"field\" { \"0\": \"field\" }"),
    ] {
        assert_eq!(reached(&document, path), expected, "{path}");
    }
}

#[test]
fn values_are_shown_as_in_a_duplicate_key_message() {
    let document = doc! { "f": "v\"", "n": 1, "d": DateTime::from_millis(5), "o": { "a": [1, "x"] }, "e": {}, "x": Bson::Null };
    let fields: Vec<_> = document.iter().map(|(name, value)| (name.as_str(), View::from(value))).collect();
    assert_eq!(shown(fields), r#"{ f: "v\"", n: 1, d: new Date(5), o: { a: [ 1, "x" ] }, e: {}, x: null }"#);
}

#[test]
fn documents_have_a_largest_size_and_a_deepest_nesting() {
    assert!(check_size(LARGEST_DOCUMENT).is_ok());
    assert!(check_size(LARGEST_DOCUMENT + 1).is_err());
    let nested = |levels: usize| (1..levels).fold(doc! {}, |inner, _| doc! { "a": inner });
    assert!(check_depth(&nested(DEEPEST_NESTING)).is_ok());
    assert!(check_depth(&nested(DEEPEST_NESTING + 1)).is_err());
    assert!(check_path(&vec!["a"; DEEPEST_NESTING].join(".")).is_ok());
    assert!(check_path(&vec!["a"; DEEPEST_NESTING + 1].join(".")).is_err());
}
