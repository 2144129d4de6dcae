//! The first and the last value, in the order of the input.

use bson::Bson;

use super::{Accumulate, Table};
use crate::docdb::Result;
use crate::docdb::aggregate::expression::Value;

pub(super) const TABLE: Table =
    &[("$first", || Box::new(First::default())), ("$last", || Box::new(Last::default()))];

#[derive(Default)]
struct First(Option<Value>);

impl Accumulate for First {
    fn add(&mut self, value: Value) -> Result<()> {
        self.0.get_or_insert(value);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Bson {
        self.0.flatten().unwrap_or(Bson::Null)
    }
}

#[derive(Default)]
struct Last(Value);

impl Accumulate for Last {
    fn add(&mut self, value: Value) -> Result<()> {
        self.0 = value;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Bson {
        self.0.unwrap_or(Bson::Null)
    }
}
