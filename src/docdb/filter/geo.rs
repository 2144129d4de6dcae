//! The geometric operators: `$geoWithin`, `$geoIntersects`, `$near` and `$nearSphere`.

use bson::{Bson, Document};

use super::{Node, Predicate};
use crate::docdb::geometry::{Area, Near, Region, Shape, geo_json, position, stored};
use crate::docdb::value::number::Number;
use crate::docdb::value::path::FieldPath;
use crate::docdb::value::show::Shown;
use crate::docdb::value::view::{Fields, View};
use crate::docdb::{Error, Result};

/// Nothing can be near without an index: MongoDB's NoQueryExecutionPlans.
pub fn no_near_index() -> Error {
    Error::invalid(291, "error processing query: unable to find index for $geoNear query")
}

/// Parses what `$geoWithin` looks inside of.
pub(super) fn region(operand: &Bson) -> Result<Region> {
    let Bson::Document(specification) = operand else { return bad("$geoWithin needs an object") };
    let mut fields = specification.iter().filter(|(name, _)| *name != "$uniqueDocs");
    let (Some((name, operand)), None) = (fields.next(), fields.next()) else {
        return bad("$geoWithin needs exactly one of $geometry, $centerSphere, $box, $center, $polygon");
    };
    match name.as_str() {
        "$geometry" => {
            let shape = shape("$geoWithin", &Bson::Document(specification.clone()))?;
            match shape.is_area() {
                true => Ok(Region::Shape(shape)),
                false => unsupported("$geoWithin", operand),
            }
        }
        "$centerSphere" => {
            let (center, radius) = circle(name, operand)?;
            let center = checked(stored(center))?.point();
            let center = center.ok_or_else(|| Error::invalid(2, "$centerSphere needs a point"))?;
            Ok(Region::Cap { center, radius })
        }
        "$center" => {
            let (center, radius) = circle(name, operand)?;
            Ok(Region::Plane(Area::Circle { center: pair(center)?, radius }))
        }
        "$box" => match pairs(name, operand)?.as_slice() {
            [[a, b], [x, y]] => {
                Ok(Region::Plane(Area::Box { low: [a.min(*x), b.min(*y)], high: [a.max(*x), b.max(*y)] }))
            }
            _ => bad("$box needs two corners"),
        },
        "$polygon" => match pairs(name, operand)? {
            corners if corners.len() >= 3 => Ok(Region::Plane(Area::Polygon(corners))),
            _ => bad("Polygon must have at least 3 points"),
        },
        _ => bad(format!("unknown geo specifier: {name}: {}", Shown(View::from(operand)))),
    }
}

/// Parses `{ $geometry: … }`.
pub(super) fn shape(operator: &str, operand: &Bson) -> Result<Shape> {
    match operand {
        Bson::Document(it) if it.len() == 1 => match it.get("$geometry") {
            Some(Bson::Document(geometry)) => checked(geo_json(Fields::Owned(geometry))),
            _ => unsupported(operator, operand),
        },
        _ => unsupported(operator, operand),
    }
}

pub(super) fn has_near(operators: &Document) -> bool {
    ["$near", "$nearSphere", "$geoNear"].iter().any(|it| operators.contains_key(it))
}

/// Parses a place and the distances to look at. They stand beside a legacy pair, and inside with `$geometry`.
pub(super) fn near(name: &str, operand: &Bson, operators: &Document) -> Result<Predicate> {
    let inner = operand.as_document().filter(|it| it.contains_key("$geometry"));
    let Some(inner) = inner else { return legacy_near(name, operand, operators) };
    if let Some(extra) = operators.keys().find(|it| it.ends_with("Distance")) {
        let why = "geo near accepts just one argument when querying for a GeoJSON point";
        return bad(format!("{why}. Extra field found: {extra}"));
    }
    let known = ["$geometry", "$minDistance", "$maxDistance"];
    if let Some(unknown) = inner.keys().find(|it| !known.contains(&it.as_str())) {
        return bad(format!("invalid argument in geo near query: {unknown}"));
    }
    let Some(Bson::Document(geometry)) = inner.get("$geometry") else {
        return bad("$geometry must be an object");
    };
    let center = checked(geo_json(Fields::Owned(geometry)))?.point();
    let shown =
        || format!("{name} requires a point, given {}", Shown(View::Document(Fields::Owned(geometry))));
    let center = center.ok_or_else(|| Error::invalid(2, shown()))?;
    Ok(Predicate::Near(between(Near::new(center, true), inner)?))
}

/// `[lng, lat]` measures in radians; only `$nearSphere` measures on a sphere.
fn legacy_near(name: &str, operand: &Bson, operators: &Document) -> Result<Predicate> {
    let center = checked(stored(View::from(operand)))?.point();
    let center = center.ok_or_else(|| Error::invalid(2, format!("{name} requires a point")))?;
    if name != "$nearSphere" {
        return Err(no_near_index());
    }
    let mut near = Near::new(center, false);
    if let Some(farthest) = operand.as_array().and_then(|it| it.get(2)) {
        near.farthest = distance("$maxDistance", farthest)?;
    }
    Ok(Predicate::Near(between(near, operators)?))
}

fn between(mut near: Near, operators: &Document) -> Result<Near> {
    if let Some(nearest) = operators.get("$minDistance") {
        near.nearest = distance("$minDistance", nearest)?;
    }
    if let Some(farthest) = operators.get("$maxDistance") {
        near.farthest = distance("$maxDistance", farthest)?;
    }
    Ok(near)
}

/// Reads a length or an angle.
pub fn distance(name: &str, operand: &Bson) -> Result<f64> {
    match Number::of(View::from(operand)).map(|it| it.nearest) {
        Some(it) if it >= 0.0 => Ok(it),
        Some(_) => bad(format!("{name} must be non-negative")),
        None => bad(format!("{name} must be a number")),
    }
}

fn circle<'o>(name: &str, operand: &'o Bson) -> Result<(View<'o>, f64)> {
    match operand.as_array().map(Vec::as_slice) {
        Some([center, radius]) => Ok((View::from(center), distance("radius", radius)?)),
        _ => bad(format!("{name} needs a point and a radius")),
    }
}

fn pairs(name: &str, operand: &Bson) -> Result<Vec<[f64; 2]>> {
    match operand {
        Bson::Array(items) => items.iter().map(|it| pair(View::from(it))).collect(),
        _ => bad(format!("{name} needs an array of points")),
    }
}

fn pair(point: View<'_>) -> Result<[f64; 2]> {
    position(point).map_err(|reason| Error::invalid(2, reason))
}

/// Geometry of a query is refused where it makes no sense.
pub fn checked(shape: Result<Shape, String>) -> Result<Shape> {
    let checked = shape.and_then(|shape| shape.check().map(|()| shape));
    checked.map_err(|reason| Error::invalid(2, reason))
}

/// Refuses a `$near` inside a branch, and a second one.
pub(super) fn check_near(root: &Node) -> Result<()> {
    match count_near(root, true)? {
        0 | 1 => Ok(()),
        _ => bad("Too many geoNear expressions"),
    }
}

fn count_near(node: &Node, top: bool) -> Result<usize> {
    let count =
        |nodes: &[Node], top| nodes.iter().try_fold(0, |sum, it| Ok::<_, Error>(sum + count_near(it, top)?));
    match node {
        Node::And(nodes) => count(nodes, top),
        Node::Or(nodes) | Node::Nor(nodes) => count(nodes, false),
        Node::Field { predicate: Predicate::Near(_), .. } if top => Ok(1),
        Node::Field { predicate, .. } if hides_near(predicate) => bad("geo $near must be top-level expr"),
        Node::Field { .. } | Node::Expr(_) => Ok(0),
    }
}

fn hides_near(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Near(_) => true,
        Predicate::Not(inner) | Predicate::ElemMatchValue(inner) | Predicate::All(inner) => {
            inner.iter().any(hides_near)
        }
        Predicate::ElemMatch(node) => count_near(node, false).is_err(),
        _ => false,
    }
}

pub(super) fn near_of(node: &Node) -> Option<(&FieldPath, &Near)> {
    match node {
        Node::And(nodes) => nodes.iter().find_map(near_of),
        Node::Field { path, predicate: Predicate::Near(near) } => Some((path, near)),
        _ => None,
    }
}

fn unsupported<T>(operator: &str, operand: &Bson) -> Result<T> {
    bad(format!("{operator} not supported with provided geometry: {}", Shown(View::from(operand))))
}

fn bad<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::invalid(2, message))
}
