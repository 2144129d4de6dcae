//! Geometry through the whole database: an index finds what a scan finds, and refuses what it cannot hold.

use proptest::prelude::*;

use super::super::index::Order::{Ascending, Sphere};
use super::super::transaction::TransactionId;
use super::*;

fn point(longitude: f64, latitude: f64) -> Bson {
    Bson::Document(doc! { "type": "Point", "coordinates": [longitude, latitude] })
}

fn places() -> Database {
    let database = database();
    let place = |id: i32, kind: &str, x: f64| doc! { "_id": id, "kind": kind, "loc": point(x, 0.0) };
    insert(
        &database,
        [place(1, "a", 3.0), place(2, "b", 1.0), place(3, "a", 2.0), doc! { "_id": 4, "kind": "a" }],
    );
    database
}

fn near(condition: Document) -> Query {
    query(doc! { "loc": { "$nearSphere": condition } })
}

fn origin() -> Document {
    doc! { "$geometry": point(0.0, 0.0) }
}

#[test]
fn near_comes_by_distance_unless_sorted_and_pages() {
    let database = places();
    database.create_index("c", &index(&[("loc", Sphere)])).unwrap();
    let by_distance = near(origin());
    assert_eq!(ids(&found(&database, &by_distance)), [2, 3, 1]);
    let page = Query { skip: 1, limit: Some(1), ..by_distance.clone() };
    assert_eq!(ids(&found(&database, &page)), [3]);
    let sorted = Query { sort: doc! { "_id": 1 }, ..by_distance.clone() };
    assert_eq!(ids(&found(&database, &sorted)), [1, 2, 3]);
    let between = doc! { "$geometry": point(0.0, 0.0), "$minDistance": 150_000, "$maxDistance": 250_000 };
    assert_eq!(ids(&found(&database, &near(between))), [3]);
    let also = query(doc! { "kind": "a", "loc": { "$near": origin() } });
    assert_eq!(ids(&found(&database, &also)), [3, 1]);
    let radians = query(doc! { "loc": { "$nearSphere": [0, 0], "$maxDistance": 0.04 } });
    assert_eq!(ids(&found(&database, &radians)), [2, 3]);
    let explained = database.explain("c", &by_distance).unwrap();
    assert_eq!(explained.stats.index.as_deref(), Some("loc_Sphere"));
    assert_eq!(explained.bounds, ["loc: cells by distance"]);
}

#[test]
fn near_reads_no_more_than_it_needs() {
    let database = database();
    let documents =
        (0..4000).map(|it| doc! { "_id": it, "loc": point(f64::from(it % 80), f64::from(it / 80)) });
    insert(&database, documents);
    database.create_index("c", &index(&[("loc", Sphere)])).unwrap();
    let nearest = Query { limit: Some(3), ..near(doc! { "$geometry": point(40.1, 20.0) }) };
    let answer = database.find(None, "c", &nearest).unwrap();
    assert_eq!(answer.documents.len(), 3);
    assert!(answer.stats.documents_examined < 200, "{:?}", answer.stats);
    let inside = query(doc! { "loc": { "$geoWithin": { "$centerSphere": [[40.0, 20.0], 0.03] } } });
    let answer = database.find(None, "c", &inside).unwrap();
    assert_eq!(answer.stats.index.as_deref(), Some("loc_Sphere"));
    assert!(answer.stats.documents_examined < 60 && answer.stats.returned > 5, "{:?}", answer.stats);
}

#[test]
fn near_works_in_a_transaction_and_in_an_update() {
    let database = places();
    database.create_index("c", &index(&[("loc", Sphere)])).unwrap();
    database.update(None, "c", &update(near(origin()).filter, doc! { "$set": { "nearest": true } })).unwrap();
    assert_eq!(ids(&found(&database, &query(doc! { "nearest": true }))), [2]);
    let transaction = TransactionId("t".into());
    database.begin(transaction.clone(), now()).unwrap();
    database.insert(Some(&transaction), "c", vec![raw(doc! { "_id": 9, "loc": point(0.5, 0.0) })]).unwrap();
    database.remove(Some(&transaction), "c", &doc! { "_id": 3 }, false, now()).unwrap();
    let answer = database.find(Some(&transaction), "c", &near(origin())).unwrap();
    let found: Vec<_> = answer.documents.iter().map(|it| it.get_i32("_id").unwrap()).collect();
    assert_eq!(found, [9, 2, 1]);
}

#[test]
fn compound_index_answers_when_what_comes_before_is_given() {
    let database = places();
    database.create_index("c", &index(&[("kind", Ascending), ("loc", Sphere)])).unwrap();
    let one_kind = query(doc! { "kind": "a", "loc": { "$near": origin() } });
    assert_eq!(ids(&found(&database, &one_kind)), [3, 1]);
    let kinds = query(doc! { "kind": { "$in": ["a", "b"] }, "loc": { "$near": origin() } });
    assert_eq!(ids(&found(&database, &kinds)), [2, 3, 1]);
    assert!(database.find(None, "c", &near(origin())).is_err());
    // A document without geometry is not in the index, but it is of its kind.
    assert_eq!(ids(&found(&database, &query(doc! { "kind": "a" }))), [1, 3, 4]);
}

#[test]
fn misplaced_and_wrong_geometry_is_an_error() {
    let database = places();
    let refused = |filter: Document| match database.find(None, "c", &query(filter.clone())) {
        Ok(_) => panic!("{filter} is accepted"),
        Err(error) => error.to_string(),
    };
    let no_index = "error processing query: unable to find index for $geoNear query";
    assert_eq!(refused(doc! { "loc": { "$near": origin() } }), no_index);
    database.create_index("c", &index(&[("loc", Sphere)])).unwrap();
    let square = doc! { "type": "LineString", "coordinates": [[0, 0], [1, 1]] };
    for (filter, expected) in [
        (doc! { "loc": { "$near": [0, 0] } }, no_index),
        (doc! { "other": { "$near": origin() } }, no_index),
        (doc! { "$or": [{ "loc": { "$near": origin() } }] }, "geo $near must be top-level expr"),
        (doc! { "loc": { "$not": { "$near": origin() } } }, "geo $near must be top-level expr"),
        (doc! { "a": { "$near": origin() }, "b": { "$near": origin() } }, "Too many geoNear expressions"),
        (
            doc! { "loc": { "$near": { "$geometry": { "type": "Point", "coordinates": [0, 0] }, "$max": 1 } } },
            "invalid argument in geo near query: $max",
        ),
        (
            doc! { "loc": { "$near": { "$geometry": { "type": "Point", "coordinates": [0, 0] }, "$maxDistance": -1 } } },
            "$maxDistance must be non-negative",
        ),
        (
            doc! { "loc": { "$near": { "$geometry": square.clone() } } },
            "$near requires a point, given { type: \"LineString\", coordinates: [ [ 0, 0 ], [ 1, 1 ] ] }",
        ),
        (
            doc! { "loc": { "$geoWithin": { "$geometry": square.clone() } } },
            "$geoWithin not supported with provided geometry: { type: \"LineString\", coordinates: [ [ 0, 0 ], [ 1, 1 ] ] }",
        ),
        (doc! { "loc": { "$geoWithin": { "$sphere": 1 } } }, "unknown geo specifier: $sphere: 1"),
        (
            doc! { "loc": { "$geoIntersects": { "$geometry": { "type": "Point", "coordinates": [181, 0] } } } },
            "longitude/latitude is out of bounds, lng: 181 lat: 0",
        ),
    ] {
        assert_eq!(refused(filter), expected);
    }
    let error = database.count("c", &near(origin()).filter, now()).unwrap_err();
    assert_eq!(error.to_string(), "$geoNear, $near, and $nearSphere are not allowed in this context");
}

#[test]
fn index_refuses_what_is_no_geometry() {
    let database = places();
    insert(&database, [doc! { "_id": 5, "loc": point(190.0, 0.0) }]);
    let sphere = index(&[("loc", Sphere)]);
    let error = database.create_index("c", &sphere).unwrap_err();
    assert!(matches!(&error, Error::Invalid { code: 16755, .. }), "{error}");
    database.remove(None, "c", &doc! { "_id": 5 }, false, now()).unwrap();
    database.create_index("c", &sphere).unwrap();
    let error = database.insert(None, "c", vec![raw(doc! { "_id": 6, "loc": "here" })]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Can't extract geo keys: { _id: 6, loc: \"here\" }  geo element must be an array or object: \"here\""
    );
    for (id, empty) in [(7, Bson::Null), (8, Bson::Array(vec![])), (9, Bson::Document(doc! {}))] {
        insert(&database, [doc! { "_id": id, "loc": empty }]);
    }
    assert_eq!(ids(&found(&database, &near(origin()))), [2, 3, 1]);
    let unique = IndexDefinition { unique: true, name: "u".into(), ..sphere };
    assert!(database.create_index("c", &unique).is_err());
}

#[test]
fn geo_near_stage_adds_distance_and_place() {
    let database = places();
    let stage = |more: Document| {
        let mut stage = doc! { "near": point(0.0, 0.0), "distanceField": "d.metres" };
        stage.extend(more);
        vec![doc! { "$geoNear": stage }]
    };
    let run = |pipeline: &[Document]| {
        let found = database.aggregate("c", pipeline, now())?;
        Ok::<_, Error>(
            found.documents.iter().map(|it| Document::try_from(it.as_ref()).unwrap()).collect::<Vec<_>>(),
        )
    };
    let error = run(&stage(doc! {})).unwrap_err().to_string();
    assert_eq!(error, "$geoNear requires a 2d or 2dsphere index, but none were found");
    database.create_index("c", &index(&[("loc", Sphere)])).unwrap();
    let found = run(&stage(doc! { "includeLocs": "at", "query": { "kind": "a" } })).unwrap();
    assert_eq!(ids(&found), [3, 1]);
    let metres = found[0].get_document("d").unwrap().get_f64("metres").unwrap();
    assert!((metres - 222_637.69).abs() < 1.0, "{metres}");
    assert_eq!(found[0].get("at"), Some(&point(2.0, 0.0)));
    let limited = [stage(doc! { "distanceMultiplier": 0.001 }), vec![doc! { "$limit": 1 }]].concat();
    let found = run(&limited).unwrap();
    assert_eq!(ids(&found), [2]);
    let kilometres = found[0].get_document("d").unwrap().get_f64("metres").unwrap();
    assert!((kilometres - 111.319).abs() < 0.01, "{kilometres}");
    assert_eq!(ids(&run(&stage(doc! { "maxDistance": 250_000, "minDistance": 150_000 })).unwrap()), [3]);
    assert_eq!(ids(&run(&stage(doc! { "limit": 2 })).unwrap()), [2, 3]);
    let radians = doc! { "near": [0, 0], "spherical": true, "maxDistance": 0.02 };
    let found = run(&stage(radians)).unwrap();
    assert!(
        (found[0].get_document("d").unwrap().get_f64("metres").unwrap() - 1f64.to_radians()).abs() < 1e-12
    );
    assert_eq!(ids(&found), [2]);
    for pipeline in [
        [vec![doc! { "$match": {} }], stage(doc! {})].concat(),
        vec![doc! { "$geoNear": { "near": point(0.0, 0.0) } }],
        vec![doc! { "$geoNear": { "distanceField": "d" } }],
        stage(doc! { "key": "elsewhere" }),
        stage(doc! { "radius": 1 }),
    ] {
        assert!(run(&pipeline).is_err(), "{pipeline:?}");
    }
}

#[test]
fn pipelines_of_other_stages_begin_with_a_distance() {
    let database = places();
    database.create_index("c", &index(&[("loc", Sphere)])).unwrap();
    database.create_collection("asked").unwrap();
    let asked = doc! { "_id": 7, "kind": "a" };
    database.insert(None, "asked", vec![raw(asked)]).unwrap();
    let near = doc! { "$geoNear": { "near": point(0.0, 0.0), "distanceField": "d" } };
    let run = |stage: Document| {
        let found = database.aggregate("asked", &[stage], now())?;
        let documents = found.documents.iter().map(|it| Document::try_from(it.as_ref()).unwrap());
        Ok::<_, Error>(documents.collect::<Vec<_>>())
    };
    let direct = database.aggregate("c", std::slice::from_ref(&near), now()).unwrap().documents;
    let direct: Vec<_> = direct.iter().map(|it| Document::try_from(it.as_ref()).unwrap()).collect();
    assert_eq!(ids(&direct), [2, 3, 1]);

    let union =
        run(doc! { "$unionWith": { "coll": "c", "pipeline": [near.clone(), { "$limit": 2 }] } }).unwrap();
    assert_eq!(union[1..], direct[..2]);

    let joined = |more: Document| {
        let mut lookup = doc! { "from": "c", "as": "found" };
        lookup.extend(more);
        let found = run(doc! { "$lookup": lookup })?;
        Ok::<_, Error>(found[0].get_array("found").unwrap().clone())
    };
    let all: Vec<_> = direct.iter().cloned().map(Bson::Document).collect();
    assert_eq!(joined(doc! { "pipeline": [near.clone()] }).unwrap(), all);
    let same_kind = doc! { "localField": "kind", "foreignField": "kind", "pipeline": [near.clone()] };
    assert_eq!(joined(same_kind).unwrap(), all[1..]);
    let by_variable = doc! { "$match": { "$expr": { "$eq": ["$kind", "$$kind"] } } };
    let bound = doc! { "let": { "kind": "$kind" }, "pipeline": [near.clone(), by_variable] };
    assert_eq!(joined(bound).unwrap(), all[1..]);
    assert_eq!(joined(doc! { "from": "nowhere", "pipeline": [near.clone()] }).unwrap(), []);
    let unindexed = doc! { "from": "asked", "pipeline": [near.clone()] };
    assert_eq!(
        joined(unindexed).unwrap_err().to_string(),
        "$geoNear requires a 2d or 2dsphere index, but none were found"
    );
    assert!(run(doc! { "$facet": { "near": [near] } }).is_err());
}

fn coordinates() -> impl Strategy<Value = [f64; 2]> {
    // Often the same few places, at the seams of the sphere too.
    let seam =
        prop::sample::select(vec![[0.0, 0.0], [45.0, 0.0], [180.0, 10.0], [0.0, 90.0], [-135.0, -35.0]]);
    prop_oneof![1 => seam, 3 => (-20.0..20.0f64, -20.0..20.0f64).prop_map(|(x, y)| [x, y]),
        1 => (-180.0..180.0f64, -90.0..90.0f64).prop_map(|(x, y)| [x, y])]
}

fn square() -> impl Strategy<Value = Document> {
    ((-30.0..20.0f64, -30.0..20.0f64), (0.001..40.0f64, 0.001..40.0f64)).prop_map(
        |((x, y), (width, height))| {
            let (right, top) = (x + width, y + height);
            doc! { "type": "Polygon", "coordinates": [[[x, y], [right, y], [right, top], [x, top], [x, y]]] }
        },
    )
}

fn geometry() -> impl Strategy<Value = Bson> {
    prop_oneof![
        6 => coordinates().prop_map(|[x, y]| point(x, y)),
        1 => coordinates().prop_map(|it| Bson::from(it.to_vec())),
        2 => square().prop_map(Bson::Document),
        1 => (coordinates(), (-20.0..20.0f64, -20.0..20.0f64)).prop_map(|(a, (x, y))| {
            Bson::Document(doc! { "type": "LineString", "coordinates": [a.to_vec(), vec![x, y]] })
        }),
        1 => Just(Bson::Null),
    ]
}

fn condition() -> impl Strategy<Value = Document> {
    prop_oneof![
        square().prop_map(|it| doc! { "$geoWithin": { "$geometry": it } }),
        (coordinates(), 0.0..3.2f64)
            .prop_map(|(it, radius)| doc! { "$geoWithin": { "$centerSphere": [it.to_vec(), radius] } }),
        (coordinates(), 0.0..0.3f64)
            .prop_map(|(it, radius)| doc! { "$geoWithin": { "$centerSphere": [it.to_vec(), radius] } }),
        square().prop_map(|it| doc! { "$geoIntersects": { "$geometry": it } }),
        coordinates().prop_map(|[x, y]| doc! { "$geoIntersects": { "$geometry": point(x, y) } }),
    ]
}

#[test]
fn geometry_is_the_same_with_and_without_an_index() {
    let document = (geometry(), prop::collection::vec(geometry(), 0..3), 0..2i32);
    let cases = (
        prop::collection::vec(document, 0..40),
        prop::collection::vec((condition(), 0..2i32, prop::sample::select(vec!["loc", "list.loc"])), 12),
        (coordinates(), 0.0..2e7f64),
    );
    let config = ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((documents, conditions, (center, farthest)) in cases)| {
        let database = database();
        database.create_collection("plain").unwrap();
        for path in ["loc", "list.loc"] {
            database.create_index("c", &index(&[(path, Sphere), ("kind", Ascending)])).unwrap();
        }
        database.create_index("c", &index(&[("kind", Ascending), ("loc", Sphere)])).unwrap();
        for (id, (loc, list, kind)) in (0..).zip(documents) {
            let list: Vec<_> = list.into_iter().map(|it| doc! { "loc": it }).collect();
            let document = raw(doc! { "_id": id, "kind": kind, "loc": loc, "list": list });
            // A line between opposite places or the like is refused.
            if database.insert(None, "c", vec![document.clone()]).is_ok() {
                database.insert(None, "plain", vec![document]).unwrap();
            }
        }
        for (condition, kind, path) in conditions {
            for filter in [doc! { path: condition.clone() }, doc! { path: condition.clone(), "kind": kind }] {
                let [plain, indexed] = ["plain", "c"].map(|it| database.find(None, it, &query(filter.clone())).unwrap());
                prop_assert_eq!(plain.documents, indexed.documents, "{} by {:?}", filter, indexed.stats.index);
            }
        }
        // By distance: all that lies within it, in its order.
        let limits = doc! { "$geometry": point(center[0], center[1]), "$maxDistance": farthest };
        let near = found(&database, &query(doc! { "loc": { "$near": limits } }));
        let cap = doc! { "loc": { "$geoIntersects": { "$geometry": point(center[0], center[1]) } } };
        let touching = found(&database, &query(cap));
        prop_assert!(touching.iter().all(|it| near.contains(it)));
        let stage = doc! { "near": point(center[0], center[1]), "distanceField": "d", "key": "loc" };
        let all = database.aggregate("c", &[doc! { "$geoNear": stage }], now()).unwrap().documents;
        let distances: Vec<_> = all.iter().map(|it| it.get_f64("d").unwrap()).collect();
        prop_assert!(distances.is_sorted());
        prop_assert_eq!(distances.iter().filter(|it| **it <= farthest).count(), near.len());
        let located = query(doc! { "loc": { "$ne": null } });
        prop_assert_eq!(distances.len(), found(&database, &located).len());
    });
}
