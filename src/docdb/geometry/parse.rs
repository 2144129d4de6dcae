//! Reading geometry: GeoJSON, and the legacy pairs `[lng, lat]` and `{ lng, lat }`. The words of refusals are MongoDB's.

use super::piece::{Piece, Ring};
use super::shape::{Shape, out_of_bounds};
use super::sphere::Vector;
use crate::docdb::value::number::Number;
use crate::docdb::value::show::Shown;
use crate::docdb::value::view::{Fields, View};

type Parsed<T> = Result<T, String>;

/// Reads what a document holds.
pub fn stored(value: View<'_>) -> Parsed<Shape> {
    match value {
        View::Array(_) => legacy(value),
        View::Document(fields) if fields.iter().next().is_some_and(|(_, it)| it.is_number()) => legacy(value),
        View::Document(fields) => geo_json(fields),
        _ => Err(format!("geo element must be an array or object: {}", Shown(value))),
    }
}

/// Reads the two numbers of a legacy pair; what follows them is ignored.
pub fn position(value: View<'_>) -> Parsed<[f64; 2]> {
    let mut numbers = match value {
        View::Array(items) => items.iter().take(2).map(number).collect::<Vec<_>>(),
        View::Document(fields) => fields.iter().take(2).map(|(_, it)| number(it)).collect(),
        _ => Vec::new(),
    }
    .into_iter();
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(x), Some(y)) => Ok([x, y]),
        _ => Err(format!("Point must only contain numeric elements: {}", Shown(value))),
    }
}

fn legacy(value: View<'_>) -> Parsed<Shape> {
    let pair @ [longitude, latitude] = position(value)?;
    let pieces = place(longitude, latitude).map(Piece::Point).into_iter().collect();
    Ok(Shape { pieces, plane: Some(pair) })
}

/// Reads a GeoJSON object.
pub fn geo_json(fields: Fields<'_>) -> Parsed<Shape> {
    let kind = fields.get("type").and_then(View::as_str);
    if let Some(kind) = kind.filter(|it| KINDS.contains(it)) {
        check_crs(fields)?;
        let mut shape = Shape::default();
        if kind == "GeometryCollection" {
            shape.pieces = collection(fields)?;
            return Ok(shape);
        }
        let Some(View::Array(items)) = fields.get("coordinates") else {
            return Err(format!("{kind} coordinates must be an array: {}", Shown(View::Document(fields))));
        };
        let coordinates = View::Array(items);
        if kind == "Point" {
            shape.plane = Some(position(coordinates)?);
        }
        shape.pieces = match kind {
            "Point" => vec![Piece::Point(vertex(coordinates)?)],
            "LineString" => vec![line(coordinates)?],
            "Polygon" => vec![polygon(coordinates)?],
            "MultiPoint" => several(kind, coordinates, |it| vertex(it).map(Piece::Point))?,
            "MultiLineString" => several(kind, coordinates, line)?,
            _ => several(kind, coordinates, polygon)?,
        };
        return Ok(shape);
    }
    Err(format!("unknown GeoJSON type: {}", Shown(View::Document(fields))))
}

const KINDS: [&str; 7] =
    ["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"];

/// GeoJSON has one coordinate system; MongoDB's other one turns polygons inside out and is refused.
fn check_crs(fields: Fields<'_>) -> Parsed<()> {
    let Some(crs) = fields.get("crs") else { return Ok(()) };
    let properties = crs.as_fields().and_then(|it| it.get("properties")).and_then(View::as_fields);
    match properties.and_then(|it| it.get("name")).and_then(View::as_str) {
        Some("urn:ogc:def:crs:OGC:1.3:CRS84" | "EPSG:4326") => Ok(()),
        Some(name) => Err(format!("Unknown CRS name: {name}")),
        None => Err("CRS must have properties.name".into()),
    }
}

fn collection(fields: Fields<'_>) -> Parsed<Vec<Piece>> {
    let Some(View::Array(items)) = fields.get("geometries") else {
        return Err("GeometryCollection geometries must be an array".into());
    };
    let mut pieces = Vec::new();
    for item in items.iter() {
        match item {
            View::Document(it) if it.get("type").and_then(View::as_str) != Some("GeometryCollection") => {
                pieces.extend(geo_json(it)?.pieces);
            }
            View::Document(_) => return Err("GeometryCollections cannot be nested".into()),
            _ => return Err(format!("Element of GeometryCollection is not an object: {}", Shown(item))),
        }
    }
    if pieces.is_empty() {
        return Err("GeometryCollection geometries must have at least 1 element".into());
    }
    Ok(pieces)
}

fn several(kind: &str, coordinates: View<'_>, read: impl Fn(View) -> Parsed<Piece>) -> Parsed<Vec<Piece>> {
    let pieces = items(coordinates)?.into_iter().map(read).collect::<Parsed<Vec<_>>>()?;
    if pieces.is_empty() {
        return Err(format!("{kind} coordinates must have at least 1 element"));
    }
    Ok(pieces)
}

fn line(coordinates: View<'_>) -> Parsed<Piece> {
    let vertices = vertices(coordinates)?;
    if vertices.len() < 2 {
        let shown = Shown(coordinates);
        return Err(format!("GeoJSON LineString must have at least 2 vertices: {shown}"));
    }
    Ok(Piece::Line(vertices))
}

fn polygon(coordinates: View<'_>) -> Parsed<Piece> {
    let mut rings = items(coordinates)?.into_iter().map(ring);
    let Some(outer) = rings.next() else { return Err("Polygon has no loops".into()) };
    Ok(Piece::Polygon { outer: outer?, holes: rings.collect::<Parsed<_>>()? })
}

fn ring(coordinates: View<'_>) -> Parsed<Ring> {
    let pairs = items(coordinates)?;
    let ends = (pairs.first().copied(), pairs.last().copied());
    let (Some(first), Some(last)) = ends else { return Err("Loop has no vertices".into()) };
    if position(first)? != position(last)? {
        return Err(format!("Loop is not closed: {}", Shown(coordinates)));
    }
    let mut corners = vertices(coordinates)?;
    corners.pop();
    if corners.len() < 3 {
        let shown = Shown(coordinates);
        return Err(format!("Loop must have at least 3 different vertices: {shown}"));
    }
    Ok(Ring::new(corners))
}

/// Reads places; one that repeats the one before it is left out.
fn vertices(coordinates: View<'_>) -> Parsed<Vec<Vector>> {
    let mut vertices = items(coordinates)?.into_iter().map(vertex).collect::<Parsed<Vec<_>>>()?;
    vertices.dedup();
    Ok(vertices)
}

fn vertex(coordinates: View<'_>) -> Parsed<Vector> {
    if coordinates.as_array().is_none() {
        return Err(format!("Point must be an array: {}", Shown(coordinates)));
    }
    let [longitude, latitude] = position(coordinates)?;
    place(longitude, latitude).ok_or_else(|| out_of_bounds(longitude, latitude))
}

fn items(coordinates: View<'_>) -> Parsed<Vec<View<'_>>> {
    match coordinates {
        View::Array(items) => Ok(items.iter().collect()),
        _ => Err(format!("coordinates must be an array: {}", Shown(coordinates))),
    }
}

fn place(longitude: f64, latitude: f64) -> Option<Vector> {
    let fits = longitude.abs() <= 180.0 && latitude.abs() <= 90.0;
    fits.then(|| Vector::of(longitude, latitude))
}

fn number(value: View<'_>) -> Option<f64> {
    Number::of(value).map(|it| it.nearest).filter(|it| it.is_finite())
}
