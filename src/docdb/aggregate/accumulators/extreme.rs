//! The smallest and the largest, across types; null and missing do not count.

use std::cmp::Ordering;

use bson::Bson;

use super::{Accumulate, Table};
use crate::docdb::Result;
use crate::docdb::aggregate::expression::{Value, is_null};
use crate::docdb::value;

pub(super) const TABLE: Table = &[
    ("$max", || Box::new(Extreme { wanted: Ordering::Greater, found: None })),
    ("$min", || Box::new(Extreme { wanted: Ordering::Less, found: None })),
];

struct Extreme {
    wanted: Ordering,
    found: Option<Bson>,
}

impl Accumulate for Extreme {
    fn add(&mut self, value: Value) -> Result<()> {
        if is_null(&value) {
            return Ok(());
        }
        let Some(value) = value else { return Ok(()) };
        if self.found.as_ref().is_none_or(|found| value::compare(&value, found) == self.wanted) {
            self.found = Some(value);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Bson {
        self.found.unwrap_or(Bson::Null)
    }
}
