//! Stages that choose and order documents: sort, skip, limit, sample.

use bson::{Bson, Document};

use super::{Documents, Stage, object, whole};
use crate::docdb::aggregate::Context;
use crate::docdb::aggregate::expression::Names;
use crate::docdb::aggregate::memory::{Held, Memory, decode, encode};
use crate::docdb::aggregate::random::Random;
use crate::docdb::sort::Sort;
use crate::docdb::{Error, Result};

struct SortBy(Sort);

pub(super) fn parse_sort(specification: &Bson, _names: &Names) -> Result<Box<dyn Stage>> {
    let fields = object("$sort", 15973, specification, &[])?;
    // `{$meta: "textScore"}` has nothing to order by here: the emulator has no text search.
    let fields: Document =
        fields.iter().filter(|(_, it)| !is_meta(it)).map(|(k, v)| (k.clone(), v.clone())).collect();
    match specification.as_document().is_some_and(Document::is_empty) {
        true => Err(Error::invalid(15976, "`$sort` needs at least one field")),
        false => Ok(Box::new(SortBy(Sort::parse(&fields)?))),
    }
}

fn is_meta(direction: &Bson) -> bool {
    matches!(direction, Bson::Document(it) if it.contains_key("$meta"))
}

impl Stage for SortBy {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        let mut memory = Memory::new(ctx);
        let mut keyed = Vec::new();
        for document in input {
            let document = document?;
            let (key, document) = (self.0.key(&document)?, encode(&document)?);
            memory
                .hold(key.len() + document.as_bytes().len() + size_of_val(&key) + size_of_val(&document))?;
            keyed.push((key, document));
        }
        keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(Box::new(keyed.into_iter().map(|(_, document)| decode(&document))))
    }
}

struct Skip(usize);

pub(super) fn parse_skip(specification: &Bson, _names: &Names) -> Result<Box<dyn Stage>> {
    match whole(specification) {
        Some(count) => Ok(Box::new(Skip(usize::try_from(count).unwrap_or(usize::MAX)))),
        None => Err(Error::invalid(15956, "`$skip` takes a whole number that is not negative")),
    }
}

impl Stage for Skip {
    fn run<'a>(&'a self, input: Documents<'a>, _ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        // Not `Iterator::skip`: an error among what is passed over is still an error.
        let mut left = self.0;
        Ok(Box::new(input.filter(move |document| {
            let pass_over = left > 0 && document.is_ok();
            left -= usize::from(pass_over);
            !pass_over
        })))
    }
}

struct Limit(usize);

pub(super) fn parse_limit(specification: &Bson, _names: &Names) -> Result<Box<dyn Stage>> {
    match whole(specification).filter(|it| *it > 0) {
        Some(count) => Ok(Box::new(Limit(usize::try_from(count).unwrap_or(usize::MAX)))),
        None => Err(Error::invalid(15958, "`$limit` takes a positive whole number")),
    }
}

impl Stage for Limit {
    fn run<'a>(&'a self, input: Documents<'a>, _ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        Ok(Box::new(input.take(self.0)))
    }
}

struct Sample(usize);

pub(super) fn parse_sample(specification: &Bson, _names: &Names) -> Result<Box<dyn Stage>> {
    let fields = object("$sample", 28745, specification, &["size"])?;
    match fields.get("size").and_then(whole).filter(|it| *it > 0) {
        Some(size) => Ok(Box::new(Sample(usize::try_from(size).unwrap_or(usize::MAX)))),
        None => Err(Error::invalid(28747, "the `size` of `$sample` is a positive whole number")),
    }
}

impl Stage for Sample {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        let documents = Held::of(input, ctx)?;
        let mut places: Vec<usize> = (0..documents.len()).collect();
        let mut random = Random::new(ctx.seed);
        let size = self.0.min(places.len());
        for place in 0..size {
            let left = places.len() - place;
            places.swap(place, place + random.below(left));
        }
        places.truncate(size);
        Ok(Box::new(places.into_iter().filter_map(move |it| documents.get(it))))
    }
}
