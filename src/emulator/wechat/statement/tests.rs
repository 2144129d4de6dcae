use bson::DateTime;

use super::*;

const NOW: Millis = 1_700_000_000_000;

#[track_caller]
fn check(rest: &str, expected: Operation) {
    let text = format!("db.collection(\"geo\").{rest}");
    let statement = parse(&text, NOW).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(statement, Statement { collection: "geo".into(), operation: expected }, "{text}");
}

fn get(filter: Document) -> Operation {
    Operation::Get(Search { filter, ..Search::default() })
}

#[test]
fn the_documented_statements_are_read() {
    check(
        "where({done:true}).limit(10).skip(1).get()",
        Operation::Get(Search {
            filter: doc! { "done": true },
            limit: Some(10),
            skip: 1,
            ..Search::default()
        }),
    );
    check(
        "where({age: _.gt(10)}).orderBy('age', 'desc').field({age: true}).get()",
        Operation::Get(Search {
            filter: doc! { "age": { "$gt": 10 } },
            sort: doc! { "age": -1 },
            projection: doc! { "age": true },
            ..Search::default()
        }),
    );
    check(
        r#"add({data:[{description:"item1",due:new Date("2019-09-09"),tags:["cloud","database"],location:new db.Geo.Point(113,23),done:false}]})"#,
        Operation::Add(vec![doc! {
            "description": "item1",
            "due": DateTime::from_millis(1_567_987_200_000),
            "tags": ["cloud", "database"],
            "location": { "type": "Point", "coordinates": [113, 23] },
            "done": false,
        }]),
    );
    check("add({data: {a: 1}})", Operation::Add(vec![doc! { "a": 1 }]));
    check(
        "where({age:14}).update({data:{age: _.inc(1)}})",
        Operation::Update { filter: doc! { "age": 14 }, update: doc! { "$inc": { "age": 1 } }, multi: true },
    );
    check("where({done:false}).remove()", Operation::Remove { filter: doc! { "done": false }, multi: true });
    check("doc('a').remove()", Operation::Remove { filter: doc! { "_id": "a" }, multi: false });
    check("where({done:true}).count()", Operation::Count(doc! { "done": true }));
    check("doc('a').set({data:{x:1}})", Operation::Set { id: "a".into(), document: doc! { "x": 1 } });
    check(
        "aggregate().match({tags:'cloud'}).group({_id: '$age', n: $.sum(1), top: db.command.aggregate.max('$n')}).limit(10).end()",
        Operation::Aggregate(vec![
            doc! { "$match": { "tags": "cloud" } },
            doc! { "$group": { "_id": "$age", "n": { "$sum": 1 }, "top": { "$max": "$n" } } },
            doc! { "$limit": 10 },
        ]),
    );
}

#[test]
fn conditions_mean_what_the_sdks_send() {
    let date = DateTime::from_millis;
    for (condition, expected) in [
        ("{a: {b: 1, c: _.lt(2)}}", doc! { "a.b": 1, "a.c": { "$lt": 2 } }),
        ("{a: _.gt(1).and(_.lt(5))}", doc! { "$and": [{ "a": { "$gt": 1 } }, { "a": { "$lt": 5 } }] }),
        ("{a: _.gt(1).lt(5)}", doc! { "$and": [{ "a": { "$gt": 1 } }, { "a": { "$lt": 5 } }] }),
        ("{a: _.or(_.eq(1), _.eq(2))}", doc! { "$or": [{ "a": { "$eq": 1 } }, { "a": { "$eq": 2 } }] }),
        ("{a: _.not(_.eq(1))}", doc! { "a": { "$not": { "$eq": 1 } } }),
        ("_.or([{a: 1}, {b: _.exists(true)}])", doc! { "$or": [{ "a": 1 }, { "b": { "$exists": true } }] }),
        ("_.and({a: 1}, {b: 2})", doc! { "$and": [{ "a": 1 }, { "b": 2 }] }),
        ("{a: db.command.in([1, 'x'])}", doc! { "a": { "$in": [1, "x"] } }),
        ("{a: _.elemMatch({b: _.neq(1)})}", doc! { "a": { "$elemMatch": { "b": { "$ne": 1 } } } }),
        ("{a: _.elemMatch(_.gt(1))}", doc! { "a": { "$elemMatch": { "$gt": 1 } } }),
        ("{a: _.mod(10, 1)}", doc! { "a": { "$mod": [10, 1] } }),
        ("{a: [1.5, -2, 1e20]}", doc! { "a": [1.5, -2, 1e20] }),
        ("{a: db.serverDate({offset: -1000})}", doc! { "a": date(NOW - 1000) }),
        ("{a: new Date()}", doc! { "a": date(NOW) }),
        ("{a: new Date('2023-11-14T22:13:20.000Z')}", doc! { "a": date(NOW) }),
        ("{a: _.lt(new Date(1700000000000))}", doc! { "a": { "$lt": date(NOW) } }),
        (
            "{a: _.geoNear({geometry: db.Geo.Point(1, 2), maxDistance: 9})}",
            doc! { "a": { "$nearSphere": {
                "$geometry": { "type": "Point", "coordinates": [1, 2] }, "$maxDistance": 9,
            } } },
        ),
    ] {
        check(&format!("where({condition}).get()"), get(expected));
    }
    for pattern in ["/^a/i", "db.RegExp({regexp: '^a', options: 'i'})", "new RegExp('^a', 'gi')"] {
        let part = |text: &str| text.try_into().expect("a pattern");
        let regex = bson::Regex { pattern: part("^a"), options: part("i") };
        check(&format!("where({{a: {pattern}}}).get()"), get(doc! { "a": regex }));
    }
}

#[test]
fn changes_mean_what_the_sdks_send() {
    for (data, expected) in [
        ("{a: 1, b: {c: 2}}", doc! { "$set": { "a": 1, "b.c": 2 } }),
        ("{a: _.set({b: 1})}", doc! { "$set": { "a": { "b": 1 } } }),
        ("{a: _.remove(), b: _.mul(2)}", doc! { "$unset": { "a": "" }, "$mul": { "b": 2 } }),
        ("{a: _.push([1, 2])}", doc! { "$push": { "a": { "$each": [1, 2] } } }),
        ("{a: _.push({each: [1], slice: 3})}", doc! { "$push": { "a": { "$each": [1], "$slice": 3 } } }),
        ("{a: _.unshift(1)}", doc! { "$push": { "a": { "$each": [1], "$position": 0 } } }),
        ("{a: _.pop(), b: _.shift()}", doc! { "$pop": { "a": 1, "b": -1 } }),
        ("{a: _.addToSet(1)}", doc! { "$addToSet": { "a": 1 } }),
        ("{a: []}", doc! { "$set": { "a": [] } }),
    ] {
        let expected = Operation::Update { filter: doc! { "_id": "x" }, update: expected, multi: false };
        check(&format!("doc('x').update({{data: {data}}})"), expected);
    }
}

#[test]
fn a_pipeline_may_hold_another() {
    check(
        "aggregate().lookup({from: 'b', let: {x: '$x'}, pipeline: $.pipeline().match(_.expr($.eq(['$y', '$$x']))).done(), as: 'bs'}).end()",
        Operation::Aggregate(vec![doc! { "$lookup": {
            "from": "b",
            "let": { "x": "$x" },
            "pipeline": [{ "$match": { "$expr": { "$eq": ["$y", "$$x"] } } }],
            "as": "bs",
        } }]),
    );
}

#[test]
fn what_is_no_statement_is_refused() {
    for (text, message) in [
        ("", "ends too early"),
        ("1", "begins with `db.`"),
        ("process.exit()", "begins with `db.collection"),
        ("db.collection(1).get()", "takes a name"),
        ("db.collection('a')", "ends in a call"),
        ("db.collection('a').get", "ends in a call"),
        ("db.collection('a').drop()", "cannot end in `drop`"),
        ("db.collection('a').where({x: process.env}).get()", "`process` is not known"),
        ("db.collection('a').where({x: _.boom(1)}).get()", "`_.boom` is not known"),
        ("db.collection('a').where({x: _.in(1)}).get()", "takes an array"),
        ("db.collection('a').where(1).get()", "a condition is"),
        ("db.collection('a').limit(-1).get()", "a whole number"),
        ("db.collection('a').orderBy('x').get()", "`asc` or `desc`"),
        ("db.collection('a').add({})", "`data` is missing"),
        ("db.collection('a').add({data: {x: _.inc(1)}})", "cannot stand where data should"),
        ("db.collection('a').where({}).set({data: {}})", "follows `doc"),
        ("db.collection('a').aggregate().match({})", "ends in `end()`"),
        ("db.collection('a').where({x: new Date('soon')}).get()", "is no time"),
    ] {
        let Err(Malformed(refused)) = parse(text, NOW) else { panic!("{text}: taken") };
        assert!(refused.contains(message), "{text}: {refused}");
    }
}
