//! Accumulators that keep what they are given.

use std::collections::BTreeSet;

use bson::{Bson, Document};

use super::{Accumulate, Table};
use crate::docdb::Result;
use crate::docdb::aggregate::expression::Value;
use crate::docdb::aggregate::expressions::merge_into;
use crate::docdb::aggregate::order::Ordered;

pub(super) const TABLE: Table = &[
    ("$addToSet", || Box::new(Set::default())),
    ("$mergeObjects", || Box::new(Merged::default())),
    ("$push", || Box::new(List::default())),
];

/// All values, missing ones left out.
#[derive(Default)]
struct List(Vec<Bson>);

impl Accumulate for List {
    fn add(&mut self, value: Value) -> Result<()> {
        self.0.extend(value);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Bson {
        Bson::Array(self.0)
    }

    fn keeps(&self) -> bool {
        true
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

    fn keeps(&self) -> bool {
        true
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

    fn keeps(&self) -> bool {
        true
    }
}
