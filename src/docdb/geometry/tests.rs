use bson::{Bson, Document, doc};
use proptest::prelude::*;

use super::sphere::{TOLERANCE, Vector};
use super::*;
use crate::docdb::value::view::View;

/// The shapes that the tables below name.
fn named(name: &str) -> Shape {
    let ring = |points: &[[f64; 2]]| {
        Bson::Array(
            points.iter().map(|it| Bson::Array(it.iter().map(|it| Bson::Double(*it)).collect())).collect(),
        )
    };
    let square = |x: f64, y: f64, size: f64| {
        ring(&[[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]])
    };
    let document = match name {
        "square" => doc! { "type": "Polygon", "coordinates": [square(0.0, 0.0, 10.0)] },
        "square with a hole" => {
            doc! { "type": "Polygon", "coordinates": [square(0.0, 0.0, 10.0), square(4.0, 4.0, 2.0)] }
        }
        "square clockwise" => {
            doc! { "type": "Polygon", "coordinates": [ring(&[[0.0, 0.0], [0.0, 10.0], [10.0, 10.0], [10.0, 0.0], [0.0, 0.0]])] }
        }
        "inner square" => doc! { "type": "Polygon", "coordinates": [square(1.0, 1.0, 2.0)] },
        "square around the hole" => doc! { "type": "Polygon", "coordinates": [square(3.0, 3.0, 4.0)] },
        "square in the hole" => doc! { "type": "Polygon", "coordinates": [square(4.5, 4.5, 1.0)] },
        "two squares" => {
            doc! { "type": "MultiPolygon", "coordinates": [[square(0.0, 0.0, 10.0)], [square(20.0, 0.0, 10.0)]] }
        }
        "horseshoe" => {
            doc! { "type": "Polygon", "coordinates": [ring(&[[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [6.0, 9.0], [6.0, 3.0], [3.0, 3.0], [3.0, 9.0], [0.0, 9.0], [0.0, 0.0]])] }
        }
        "over the date line" => {
            doc! { "type": "Polygon", "coordinates": [ring(&[[170.0, -10.0], [-170.0, -10.0], [-170.0, 10.0], [170.0, 10.0], [170.0, -10.0]])] }
        }
        "around the pole" => {
            doc! { "type": "Polygon", "coordinates": [ring(&[[0.0, 80.0], [90.0, 80.0], [180.0, 80.0], [-90.0, 80.0], [0.0, 80.0]])] }
        }
        "wide square" => {
            doc! { "type": "Polygon", "coordinates": [ring(&[[0.0, 40.0], [60.0, 40.0], [60.0, 50.0], [0.0, 50.0], [0.0, 40.0]])] }
        }
        "diagonal" => doc! { "type": "LineString", "coordinates": ring(&[[1.0, 1.0], [9.0, 9.0]]) },
        "line through" => doc! { "type": "LineString", "coordinates": ring(&[[-5.0, 5.0], [15.0, 5.0]]) },
        "line across the horseshoe" => {
            doc! { "type": "LineString", "coordinates": ring(&[[1.0, 8.0], [8.0, 8.0]]) }
        }
        "line of the far squares" => {
            doc! { "type": "LineString", "coordinates": ring(&[[5.0, 5.0], [25.0, 5.0]]) }
        }
        "points" => doc! { "type": "MultiPoint", "coordinates": ring(&[[5.0, 1.0], [25.0, 5.0]]) },
        "collection" => {
            doc! { "type": "GeometryCollection", "geometries": [
                { "type": "Point", "coordinates": [50, 50] },
                { "type": "MultiLineString", "coordinates": [ring(&[[1.0, 1.0], [2.0, 2.0]])] },
            ] }
        }
        point => {
            let (x, y) = point.split_once(' ').unwrap_or_else(|| panic!("no shape `{name}`"));
            doc! { "type": "Point", "coordinates": [x.parse::<f64>().unwrap(), y.parse::<f64>().unwrap()] }
        }
    };
    let shape = read(&document).unwrap();
    shape.check().unwrap();
    shape
}

fn read(document: &Document) -> Result<Shape, String> {
    stored(View::from(&Bson::Document(document.clone())))
}

#[test]
fn shapes_lie_within_each_other_and_meet() {
    for (outer, inner, contains, meets) in [
        ("square", "5 5", true, true),
        ("square", "11 5", false, false),
        ("square", "-170 -5", false, false),
        ("square", "0 0", true, true),
        ("square", "0 5", true, true),
        ("square clockwise", "5 5", true, true),
        ("square clockwise", "11 5", false, false),
        ("square", "square", true, true),
        ("square", "inner square", true, true),
        ("inner square", "square", false, true),
        ("square", "diagonal", true, true),
        ("square", "line through", false, true),
        ("square with a hole", "5 5", false, false),
        ("square with a hole", "2 5", true, true),
        ("square with a hole", "4 5", true, true),
        ("square with a hole", "diagonal", false, true),
        ("square with a hole", "square around the hole", false, true),
        ("square with a hole", "square in the hole", false, false),
        ("square with a hole", "square with a hole", true, true),
        ("two squares", "25 5", true, true),
        ("two squares", "15 5", false, false),
        ("two squares", "points", true, true),
        ("two squares", "line of the far squares", false, true),
        ("square", "points", false, true),
        ("horseshoe", "4 8", false, false),
        ("horseshoe", "1 8", true, true),
        ("horseshoe", "line across the horseshoe", false, true),
        ("over the date line", "180 0", true, true),
        ("over the date line", "-175 0", true, true),
        ("over the date line", "0 0", false, false),
        ("around the pole", "37 90", true, true),
        ("around the pole", "45 89", true, true),
        // Between the corners the edges bend towards the pole.
        ("around the pole", "45 81", false, false),
        ("wide square", "30 41", false, false),
        ("wide square", "30 51", true, true),
        ("square", "collection", false, true),
        ("diagonal", "3 3", false, false),
        ("points", "25 5", false, true),
        ("line through", "diagonal", false, true),
    ] {
        let (outer_shape, inner_shape) = (named(outer), named(inner));
        assert_eq!(outer_shape.contains(&inner_shape), contains, "`{outer}` contains `{inner}`");
        assert_eq!(outer_shape.meets(&inner_shape), meets, "`{outer}` meets `{inner}`");
        assert_eq!(inner_shape.meets(&outer_shape), meets, "`{inner}` meets `{outer}`");
    }
}

#[test]
fn distances_are_those_of_great_circles() {
    // Metres: degrees of a great circle, and the distance of two cities by the haversine formula.
    let degree = EARTH_RADIUS.to_radians();
    for (shape, place, expected) in [
        ("0 0", [1.0, 0.0], degree),
        ("0 0", [180.0, 0.0], 180.0 * degree),
        ("179 0", [-179.0, 0.0], 2.0 * degree),
        ("116.397 39.908", [121.473, 31.23], 1_068_332.0),
        ("square", [5.0, 5.0], 0.0),
        ("square", [0.0, -3.0], 3.0 * degree),
        ("square", [5.0, -3.0], 3.0 * degree),
        ("points", [25.0, 6.0], degree),
        ("line through", [-6.0, 5.0], 110_895.0),
    ] {
        let near = Near::new(Vector::of(place[0], place[1]), true);
        let found = near.distance(&named(shape)).unwrap();
        let error = (found - expected).abs();
        assert!(error <= 0.001 * expected + 1e-6, "{shape} from {place:?}: {found} is not {expected}");
    }
}

#[test]
fn geometry_that_makes_no_sense_is_refused_by_name() {
    let open = [[0, 0], [1, 0], [1, 1], [0, 1]].map(|it| Bson::from(it.map(Bson::Int32).to_vec())).to_vec();
    let ring = |points: &[[i32; 2]]| {
        points.iter().map(|it| Bson::from(it.map(Bson::Int32).to_vec())).collect::<Vec<_>>()
    };
    for (geometry, expected) in [
        (
            doc! { "type": "Point", "coordinates": [200, 10] },
            "longitude/latitude is out of bounds, lng: 200 lat: 10",
        ),
        (
            doc! { "type": "Point", "coordinates": [10, -91] },
            "longitude/latitude is out of bounds, lng: 10 lat: -91",
        ),
        (doc! { "lng": 10, "lat": 91 }, "longitude/latitude is out of bounds, lng: 10 lat: 91"),
        (
            doc! { "type": "Point", "coordinates": ["1", 2] },
            "Point must only contain numeric elements: [ \"1\", 2 ]",
        ),
        (doc! { "type": "Point", "coordinates": [1] }, "Point must only contain numeric elements: [ 1 ]"),
        (doc! { "type": "Point" }, "Point coordinates must be an array: { type: \"Point\" }"),
        (doc! { "type": "point", "coordinates": [1, 2] }, "unknown GeoJSON type"),
        (doc! { "name": "x" }, "unknown GeoJSON type: { name: \"x\" }"),
        (doc! { "type": "LineString", "coordinates": [[1, 2]] }, "at least 2 vertices"),
        (doc! { "type": "LineString", "coordinates": [[1, 2], [1, 2]] }, "at least 2 vertices"),
        (doc! { "type": "LineString", "coordinates": [[0, 0], [180, 0]] }, "Vertices 0 and 1 are antipodal"),
        (doc! { "type": "Polygon", "coordinates": [open] }, "Loop is not closed"),
        (
            doc! { "type": "Polygon", "coordinates": [ring(&[[0, 0], [1, 0], [0, 0]])] },
            "at least 3 different vertices",
        ),
        (
            doc! { "type": "Polygon", "coordinates": [ring(&[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]])] },
            "Edges 0 and 2 cross",
        ),
        (
            doc! { "type": "Polygon", "coordinates": [ring(&[[0, 0], [2, 0], [1, 1], [2, 2], [0, 2], [1, 1], [0, 0]])] },
            "Duplicate vertices: 2 and 5",
        ),
        (
            doc! { "type": "Polygon", "coordinates": [
                ring(&[[0, 0], [2, 0], [2, 2], [0, 0]]),
                ring(&[[5, 5], [6, 5], [6, 6], [5, 5]]),
            ] },
            "Secondary loops not contained",
        ),
        (doc! { "type": "GeometryCollection", "geometries": [] }, "at least 1 element"),
        (
            doc! { "type": "Point", "coordinates": [0, 0], "crs": { "properties": { "name": "EPSG:3857" } } },
            "Unknown CRS name: EPSG:3857",
        ),
    ] {
        let refused = read(&geometry).and_then(|it| it.check()).unwrap_err();
        assert!(refused.contains(expected), "{geometry}: `{refused}` is not `{expected}`");
    }
    assert_eq!(stored(View::Int32(5)).unwrap_err(), "geo element must be an array or object: 5");
}

#[test]
fn flat_areas_include_their_edges() {
    let square = Area::Polygon(vec![[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]]);
    let low_high = Area::Box { low: [0.0, 0.0], high: [4.0, 4.0] };
    let circle = Area::Circle { center: [2.0, 2.0], radius: 2.0 };
    for (point, expected) in
        [([2.0, 2.0], true), ([4.0, 2.0], true), ([4.1, 2.0], false), ([2.0, -0.1], false)]
    {
        for area in [&square, &low_high, &circle] {
            assert_eq!(area.contains(point), expected, "{area:?} {point:?}");
        }
    }
    assert!(!circle.contains([0.0, 0.0]) && square.contains([0.0, 0.0]));
}

fn place() -> impl Strategy<Value = [f64; 2]> {
    (-180.0..180.0f64, -1.0..1.0f64).prop_map(|(longitude, sine)| [longitude, sine.asin().to_degrees()])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cells_lie_inside_their_parents(place in place()) {
        let place = Vector::of(place[0], place[1]);
        let cell = Cell::of(place);
        for around in std::iter::once(cell).chain(cell.parents()) {
            prop_assert!(cell.name().starts_with(&around.name()));
            prop_assert!(around.distance(place) <= TOLERANCE, "{} at {}", around.name(), around.distance(place));
            prop_assert!(around.is_smallest() || around.children().any(|it| cell.name().starts_with(&it.name())));
        }
    }

    #[test]
    fn cap_is_covered(center in place(), other in place(), radius in 0.0..3.2f64) {
        let (center, other) = (Vector::of(center[0], center[1]), Vector::of(other[0], other[1]));
        let cells = Region::Cap { center, radius }.cells().unwrap();
        let name = Cell::of(other).name();
        let covered = cells.iter().any(|it| name.starts_with(&it.name()));
        prop_assert!(covered || center.angle(other) > radius);
        prop_assert!(cells.len() <= MOST_CELLS);
    }
}
