//! Integers bit by bit.

use bson::Bson;

use super::number::Number;
use super::{ANY, Operator, Table, wrong_type};
use crate::docdb::Result;
use crate::docdb::aggregate::expression::{Value, is_null};

pub(super) const TABLE: Table = &[
    ("$bitAnd", Operator::Eager(0, ANY, |it| fold("$bitAnd", it, -1, |a, b| a & b))),
    ("$bitNot", Operator::Eager(1, 1, |it| fold("$bitNot", it, -1, |_, b| !b))),
    ("$bitOr", Operator::Eager(0, ANY, |it| fold("$bitOr", it, 0, |a, b| a | b))),
    ("$bitXor", Operator::Eager(0, ANY, |it| fold("$bitXor", it, 0, |a, b| a ^ b))),
];

/// Null in, null out; the result is a long as soon as one operand is.
fn fold(operator: &str, values: &[Value], start: i64, combine: fn(i64, i64) -> i64) -> Result<Value> {
    if values.iter().any(is_null) {
        return Ok(Some(Bson::Null));
    }
    let (mut bits, mut wide) = (start, false);
    for value in values {
        let operand = match value {
            Some(Bson::Int32(it)) => i64::from(*it),
            Some(Bson::Int64(it)) => {
                wide = true;
                *it
            }
            other => return Err(wrong_type(14, operator, "ints and longs", other)),
        };
        bits = combine(bits, operand);
    }
    Ok(Some(Number::integer(bits.into(), wide)))
}
