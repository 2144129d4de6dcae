//! Accumulators used as expressions: over their arguments, or over the one array they are given.

use bson::Bson;

use super::{ANY, Operator, Table};
use crate::docdb::Result;
use crate::docdb::aggregate::accumulators;
use crate::docdb::aggregate::expression::Value;

pub(super) const TABLE: Table = &[
    ("$avg", Operator::Eager(0, ANY, |it| fold("$avg", it))),
    ("$max", Operator::Eager(0, ANY, |it| fold("$max", it))),
    ("$min", Operator::Eager(0, ANY, |it| fold("$min", it))),
    ("$stdDevPop", Operator::Eager(0, ANY, |it| fold("$stdDevPop", it))),
    ("$stdDevSamp", Operator::Eager(0, ANY, |it| fold("$stdDevSamp", it))),
    ("$sum", Operator::Eager(0, ANY, |it| fold("$sum", it))),
];

fn fold(name: &str, values: &[Value]) -> Result<Value> {
    let mut accumulator = accumulators::find(name)?();
    match values {
        [Some(Bson::Array(items))] => items.iter().cloned().try_for_each(|it| accumulator.add(Some(it)))?,
        _ => values.iter().cloned().try_for_each(|it| accumulator.add(it))?,
    }
    Ok(Some(accumulator.finish()))
}
