//! Stages of pipelines: a file per family, and the table of their names.

mod bucket;
mod facet;
mod fields;
pub(super) mod geo_near;
mod granularity;
mod graph_lookup;
mod group;
mod lookup;
mod matching;
mod page;
mod redact;
mod replace;
mod union;
mod unwind;
mod unwound;

use bson::{Bson, Document};

use super::Context;
use super::expression::Names;
use super::expressions::number::integer_of;
use crate::docdb::{Error, Result};

/// Documents on their way from one stage to the next.
pub(super) type Documents<'a> = Box<dyn Iterator<Item = Result<Document>> + 'a>;

/// A parsed stage.
pub(super) trait Stage: Send + Sync {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>>;
}

type Parse = fn(&Bson, &Names) -> Result<Box<dyn Stage>>;

const TABLE: &[(&str, Parse)] = &[
    ("$addFields", fields::parse_add_fields),
    ("$bucket", bucket::parse),
    ("$bucketAuto", bucket::parse_auto),
    ("$count", group::parse_count),
    ("$facet", facet::parse),
    ("$geoNear", geo_near::parse),
    ("$graphLookup", graph_lookup::parse),
    ("$group", group::parse),
    ("$limit", page::parse_limit),
    ("$lookup", lookup::parse),
    ("$match", matching::parse),
    ("$merge", |_, _| Err(refused("$merge", "is refused: a pipeline only reads"))),
    ("$out", |_, _| Err(refused("$out", "is refused: a pipeline only reads"))),
    ("$project", fields::parse_project),
    ("$redact", redact::parse),
    ("$replaceRoot", replace::parse_root),
    ("$replaceWith", replace::parse_with),
    ("$sample", page::parse_sample),
    ("$set", fields::parse_add_fields),
    ("$skip", page::parse_skip),
    ("$sort", page::parse_sort),
    ("$sortByCount", group::parse_sort_by_count),
    ("$unionWith", union::parse),
    ("$unset", fields::parse_unset),
    ("$unwind", unwind::parse),
];

/// Parses stages; a `$lookup` and the `$unwind` of what it found are one, so that the array between them never is.
pub(super) fn parse_all(pipeline: &[Document], names: &Names) -> Result<Vec<Box<dyn Stage>>> {
    let (mut stages, mut rest) = (Vec::with_capacity(pipeline.len()), pipeline);
    while let Some((stage, after)) = rest.split_first() {
        let (parsed, after) = match after.split_first() {
            Some((next, beyond)) => match unwound::parse(stage, next, names)? {
                Some(both) => (both, beyond),
                None => (parse(stage, names)?, after),
            },
            None => (parse(stage, names)?, after),
        };
        stages.push(parsed);
        rest = after;
    }
    Ok(stages)
}

/// Parses `{ $stage: specification }`.
fn parse(stage: &Document, names: &Names) -> Result<Box<dyn Stage>> {
    let mut fields = stage.iter();
    let (Some((name, specification)), None) = (fields.next(), fields.next()) else {
        return Err(Error::invalid(40323, "a pipeline stage must be an object with exactly one field"));
    };
    match TABLE.iter().find(|(it, _)| it == name) {
        Some((_, parse)) => parse(specification, names),
        None => Err(Error::UnknownOperator { name: name.clone() }),
    }
}

fn refused(stage: &str, why: &str) -> Error {
    Error::invalid(40324, format!("stage `{stage}` {why}"))
}

/// Returns a whole, non-negative number.
pub(super) fn whole(value: &Bson) -> Option<u64> {
    integer_of(value).and_then(|it| u64::try_from(it).ok())
}

/// Returns the specification of a stage that takes an object with known fields.
fn object<'d>(stage: &str, code: i32, specification: &'d Bson, known: &[&str]) -> Result<&'d Document> {
    let Bson::Document(fields) = specification else {
        return Err(Error::invalid(code, format!("`{stage}` takes an object")));
    };
    match fields.keys().find(|it| !known.is_empty() && !known.contains(&it.as_str())) {
        Some(unknown) => Err(Error::invalid(9, format!("`{stage}` has no argument `{unknown}`"))),
        None => Ok(fields),
    }
}

/// Returns a string argument, `None` when it is not given.
fn text<'d>(stage: &str, fields: &'d Document, name: &str) -> Result<Option<&'d str>> {
    match fields.get(name) {
        None => Ok(None),
        Some(Bson::String(it)) => Ok(Some(it)),
        Some(_) => Err(Error::invalid(9, format!("`{name}` of `{stage}` must be a string"))),
    }
}

/// Returns a string argument that must be given.
fn required_text<'d>(stage: &str, fields: &'d Document, name: &str) -> Result<&'d str> {
    let missing = || Error::invalid(9, format!("`{stage}` needs the argument `{name}`"));
    text(stage, fields, name)?.ok_or_else(missing)
}
