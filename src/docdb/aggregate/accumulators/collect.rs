//! Accumulators that keep what they are given.

use std::collections::BTreeSet;

use bson::raw::RawArrayBuf;
use bson::{Bson, Document, RawBson};

use super::{Accumulate, Table};
use crate::docdb::aggregate::expression::Value;
use crate::docdb::aggregate::expressions::merge_into;
use crate::docdb::aggregate::memory::{decoded, encoded};
use crate::docdb::aggregate::order::Ordered;
use crate::docdb::{Error, Result};

pub(super) const TABLE: Table = &[
    ("$addToSet", || Box::new(Set::default())),
    ("$mergeObjects", || Box::new(Merged::default())),
    ("$push", || Box::new(List::default())),
];

/// All values, missing ones left out. They are held as BSON: there may be very many.
#[derive(Default)]
struct List(RawArrayBuf);

impl Accumulate for List {
    fn add(&mut self, value: Value) -> Result<()> {
        if let Some(value) = value {
            let value = RawBson::try_from(value).map_err(|error| Error::invalid(2, error.to_string()))?;
            self.0.push(value);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Bson {
        Bson::Array(self.0.into_iter().filter_map(|it| Bson::try_from(it.ok()?).ok()).collect())
    }

    fn holds(&self, value: &Bson) -> usize {
        encoded(value)
    }
}

/// Distinct values, in their order.
#[derive(Default)]
struct Set(BTreeSet<Ordered>);

impl Accumulate for Set {
    fn add(&mut self, value: Value) -> Result<()> {
        self.0.extend(value.map(Ordered));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Bson {
        Bson::Array(self.0.into_iter().map(|it| it.0).collect())
    }

    fn holds(&self, value: &Bson) -> usize {
        decoded(value)
    }
}

#[derive(Default)]
struct Merged(Document);

impl Accumulate for Merged {
    fn add(&mut self, value: Value) -> Result<()> {
        merge_into(&mut self.0, value)
    }

    fn finish(self: Box<Self>) -> Bson {
        Bson::Document(self.0)
    }

    fn holds(&self, value: &Bson) -> usize {
        decoded(value)
    }
}
