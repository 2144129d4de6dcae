//! Decimals in updates, queries and expressions: exact, and decimals again.

use super::*;

fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse().unwrap())
}

/// What an expression makes of a document with the decimals `a` 0.1, `b` 0.2, `n` null and the double `d` 0.25.
fn evaluate(expression: Bson) -> Result<String> {
    let database = database();
    let document = doc! { "_id": 1, "a": decimal("0.1"), "b": decimal("0.2"), "n": Bson::Null, "d": 0.25,
    "big": decimal("9007199254740993"), "list": [decimal("0.1"), 1, decimal("0.3"), "text"] };
    insert(&database, [document]);
    let found = database.aggregate("c", &[doc! { "$project": { "_id": 0, "r": expression } }], now())?;
    let found = Document::try_from(found.documents[0].as_ref()).unwrap();
    Ok(found.get("r").map_or("missing".into(), |it| match it {
        Bson::Decimal128(it) => format!("decimal {it}"),
        Bson::Int64(it) => format!("long {it}"),
        other => other.to_string(),
    }))
}

#[test]
fn expressions_with_a_decimal_give_a_decimal() {
    for (expression, expected) in [
        (doc! { "$add": ["$a", "$b"] }, "decimal 0.3"),
        (doc! { "$add": ["$a", 1, 2_i64] }, "decimal 3.1"),
        (doc! { "$add": ["$a", "$d"] }, "decimal 0.350000000000000"),
        (doc! { "$add": ["$a", "$n"] }, "null"),
        (doc! { "$subtract": ["$b", "$a"] }, "decimal 0.1"),
        (doc! { "$subtract": [1, "$b"] }, "decimal 0.8"),
        (doc! { "$multiply": ["$a", "$b", 3] }, "decimal 0.06"),
        (doc! { "$divide": ["$a", 3] }, "decimal 0.03333333333333333333333333333333333"),
        (doc! { "$divide": [1, "$b"] }, "decimal 5"),
        (doc! { "$mod": ["$b", decimal("0.15")] }, "decimal 0.05"),
        (doc! { "$abs": { "$multiply": ["$a", -1] } }, "decimal 0.1"),
        (doc! { "$ceil": "$a" }, "decimal 1"),
        (doc! { "$floor": { "$subtract": [0, "$a"] } }, "decimal -1"),
        (doc! { "$round": [decimal("2.345"), 2] }, "decimal 2.34"),
        (doc! { "$round": [decimal("1250"), -2] }, "decimal 1.2E+3"),
        (doc! { "$trunc": [decimal("-2.79"), 1] }, "decimal -2.7"),
        (doc! { "$sqrt": decimal("2.25") }, "decimal 1.5"),
        (doc! { "$sum": "$list" }, "decimal 1.4"),
        (doc! { "$avg": ["$a", "$b"] }, "decimal 0.15"),
        (doc! { "$max": "$list" }, "\"text\""),
        (doc! { "$toDecimal": 2.5 }, "decimal 2.50000000000000"),
        (doc! { "$toDecimal": "12.50" }, "decimal 12.50"),
        (doc! { "$toLong": "$big" }, "long 9007199254740993"),
        (doc! { "$toInt": decimal("-7.9") }, "-7"),
        (doc! { "$toString": "$big" }, "\"9007199254740993\""),
        (doc! { "$toBool": decimal("1E-6000") }, "true"),
        (doc! { "$toBool": decimal("0E+3") }, "false"),
        (doc! { "$eq": ["$d", decimal("0.250")] }, "true"),
        (doc! { "$arrayElemAt": ["$list", decimal("1.0")] }, "1"),
    ] {
        assert_eq!(evaluate(expression.clone().into()).unwrap(), expected, "{expression}");
    }
    for expression in [
        doc! { "$divide": ["$a", decimal("0.00")] },
        doc! { "$mod": [1, decimal("0E+5")] },
        doc! { "$sqrt": decimal("-1") },
        doc! { "$toInt": decimal("1E+20") },
        doc! { "$toLong": decimal("NaN") },
        doc! { "$add": ["$a", "text"] },
    ] {
        assert!(evaluate(expression.clone().into()).is_err(), "{expression}");
    }
}

#[test]
fn groups_sum_decimals_exactly() {
    let database = database();
    insert(&database, (0..10).map(|it| doc! { "_id": it, "price": decimal("0.10") }));
    insert(&database, [doc! { "_id": 10, "price": 2 }]);
    let group = doc! { "$group": { "_id": null, "sum": { "$sum": "$price" }, "avg": { "$avg": "$price" } } };
    let found = database.aggregate("c", &[group], now()).unwrap();
    let found = Document::try_from(found.documents[0].as_ref()).unwrap();
    assert_eq!(found.get("sum"), Some(&decimal("3.00")));
    assert_eq!(found.get("avg"), Some(&decimal("0.2727272727272727272727272727272727")));
}

#[test]
fn updates_reckon_with_decimals() {
    for (before, operator, by, expected) in [
        (Some(decimal("0.1")), "$inc", decimal("0.2"), decimal("0.3")),
        (Some(Bson::Int32(1)), "$inc", decimal("0.5"), decimal("1.5")),
        (Some(decimal("1.5")), "$inc", Bson::Int64(1), decimal("2.5")),
        (Some(decimal("1.5")), "$inc", Bson::Double(0.25), decimal("1.750000000000000")),
        (None, "$inc", decimal("0.2"), decimal("0.2")),
        (Some(decimal("1.1")), "$mul", decimal("1.1"), decimal("1.21")),
        (Some(Bson::Int32(3)), "$mul", decimal("0.10"), decimal("0.30")),
        (None, "$mul", decimal("2.5"), decimal("0")),
        (
            Some(decimal("9999999999999999999999999999999999")),
            "$inc",
            Bson::Int32(1),
            decimal("1.000000000000000000000000000000000E+34"),
        ),
    ] {
        let database = database();
        let mut document = doc! { "_id": 1 };
        document.extend(before.map(|it| ("a".to_owned(), it)));
        insert(&database, [document]);
        let changes = doc! { operator: { "a": by.clone() } };
        database.update(None, "c", &update(doc! { "_id": 1 }, changes)).unwrap();
        let found = found(&database, &query(doc! {}));
        assert_eq!(found[0].get("a"), Some(&expected), "{operator} {by}");
    }
}

#[test]
fn whole_decimals_beyond_doubles_are_whole() {
    let database = database();
    insert(
        &database,
        [doc! { "_id": 1, "a": decimal("9007199254740993") }, doc! { "_id": 2, "a": decimal("7.9") }],
    );
    let matched = |filter| ids(&found(&database, &query(filter)));
    assert_eq!(matched(doc! { "a": { "$mod": [10, 3] } }), [1]);
    assert_eq!(matched(doc! { "a": { "$mod": [4, 3] } }), [2]);
    assert_eq!(matched(doc! { "a": 9_007_199_254_740_993_i64 }), [1]);
    assert_eq!(matched(doc! { "a": { "$bitsAllSet": [0] } }), [1]);
}
