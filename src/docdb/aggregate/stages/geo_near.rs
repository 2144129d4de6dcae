//! `$geoNear`: the documents of the collection by their distance from a place. It stands first, and an index answers it.

use bson::{Bson, DateTime, Document, doc};

use super::{Documents, Stage, object, refused, required_text, text, whole};
use crate::docdb::aggregate::Context;
use crate::docdb::aggregate::expression::Names;
use crate::docdb::aggregate::path;
use crate::docdb::filter::{Filter, geo};
use crate::docdb::{Error, Result};

/// A parsed stage.
#[derive(Debug, Clone, PartialEq)]
pub struct GeoNear {
    /// The field with the geometry; without it the collection's one `2dsphere` field.
    pub key: Option<String>,
    /// The condition on that field.
    condition: Document,
    query: Document,
    distance_field: Vec<String>,
    locations_field: Option<Vec<String>>,
    /// What distances are multiplied by: they are in metres, or in radians from a legacy pair.
    multiplier: f64,
    pub limit: Option<u64>,
}

const ARGUMENTS: [&str; 12] = [
    "near",
    "distanceField",
    "includeLocs",
    "spherical",
    "query",
    "minDistance",
    "maxDistance",
    "distanceMultiplier",
    "key",
    "limit",
    "num",
    "uniqueDocs",
];

impl GeoNear {
    /// Parses the stage's arguments; `limit` is that of MongoDB before 4.2, which the SDKs still send.
    ///
    /// # Errors
    /// An argument is missing, unknown or wrong.
    pub fn parse(specification: &Bson) -> Result<Self> {
        let stage = "$geoNear";
        let fields = object(stage, 10065, specification, &ARGUMENTS)?;
        let condition = condition(fields)?;
        let Some(Bson::String(distance_field)) = fields.get("distanceField") else {
            return Err(Error::invalid(16606, "$geoNear requires a 'distanceField' option as a String"));
        };
        let query = match fields.get("query") {
            None => Document::new(),
            Some(Bson::Document(it)) => it.clone(),
            Some(_) => return Err(Error::invalid(9, "`query` of `$geoNear` must be an object")),
        };
        let key = fields.get("key").map(|_| required_text(stage, fields, "key")).transpose()?;
        let limit = fields.get("limit").or(fields.get("num"));
        let near = GeoNear {
            key: key.map(str::to_owned),
            condition,
            query,
            distance_field: path::parse(stage, distance_field)?,
            locations_field: text(stage, fields, "includeLocs")?
                .map(|it| path::parse(stage, it))
                .transpose()?,
            multiplier: match fields.get("distanceMultiplier") {
                Some(it) => geo::distance("distanceMultiplier", it)?,
                None => 1.0,
            },
            limit: limit.map(|it| whole(it).ok_or_else(|| wrong_limit(it))).transpose()?,
        };
        Filter::parse(&near.filter("key", &Document::new()), DateTime::from_millis(0))?;
        Ok(near)
    }

    /// Returns the filter that finds the stage's documents in their order, those of them that satisfy another too.
    pub fn filter(&self, key: &str, other: &Document) -> Document {
        let near = doc! { key: self.condition.clone() };
        let conditions = [&self.query, other].into_iter().filter(|it| !it.is_empty()).cloned();
        let mut conditions: Vec<_> = conditions.collect();
        if conditions.is_empty() {
            return near;
        }
        conditions.push(near);
        doc! { "$and": conditions }
    }

    /// Adds the distance to a document that the filter found.
    pub fn complete(&self, filter: &Filter, mut document: Document) -> Document {
        let closest = filter.near().and_then(|(path, near)| near.closest(path, (&document).into()));
        let Some((distance, geometry)) = closest.map(|(it, geometry)| (it, Bson::from(geometry))) else {
            return document;
        };
        path::set(&mut document, &self.distance_field, Bson::Double(distance * self.multiplier));
        if let Some(field) = &self.locations_field {
            path::set(&mut document, field, geometry);
        }
        document
    }
}

/// Words the place and the distances as a filter does.
fn condition(fields: &Document) -> Result<Document> {
    let distances: Document = [("minDistance", "$minDistance"), ("maxDistance", "$maxDistance")]
        .into_iter()
        .filter_map(|(name, operator)| Some((operator.to_owned(), fields.get(name)?.clone())))
        .collect();
    let spherical = matches!(fields.get("spherical"), Some(Bson::Boolean(true)));
    match fields.get("near") {
        Some(Bson::Document(place)) if place.contains_key("type") => {
            let mut near = doc! { "$geometry": place.clone() };
            near.extend(distances);
            Ok(doc! { "$nearSphere": near })
        }
        // Without `spherical` the distance of a pair is one in the plane, which no index here knows.
        Some(Bson::Document(_) | Bson::Array(_)) if !spherical => Err(geo::no_near_index()),
        Some(pair @ (Bson::Document(_) | Bson::Array(_))) => {
            let mut condition = doc! { "$nearSphere": pair.clone() };
            condition.extend(distances);
            Ok(condition)
        }
        _ => Err(Error::invalid(16605, "$geoNear requires a 'near' option as an Array")),
    }
}

fn wrong_limit(given: &Bson) -> Error {
    Error::invalid(9, format!("`limit` of `$geoNear` must be a whole number, not {given}"))
}

/// The stage where no collection is at hand that it could ask.
struct Misplaced;

pub(super) fn parse(specification: &Bson, _names: &Names) -> Result<Box<dyn Stage>> {
    GeoNear::parse(specification)?;
    Ok(Box::new(Misplaced))
}

impl Stage for Misplaced {
    fn run<'a>(&'a self, _input: Documents<'a>, _ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        Err(refused("$geoNear", "works only as the first stage over a collection"))
    }
}
