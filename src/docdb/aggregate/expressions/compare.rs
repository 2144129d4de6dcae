//! Comparison across all types, and the truth of things.

use std::cmp::Ordering;

use bson::Bson;

use super::{ANY, Operator, Table};
use crate::docdb::Result;
use crate::docdb::aggregate::expression::{Expression, Scope, Value, is_true};
use crate::docdb::aggregate::order;

pub(super) const TABLE: Table = &[
    ("$cmp", Operator::Eager(2, 2, |it| Ok(Some(Bson::Int32(ordering(it) as i32))))),
    ("$eq", Operator::Eager(2, 2, |it| answer(ordering(it).is_eq()))),
    ("$gt", Operator::Eager(2, 2, |it| answer(ordering(it).is_gt()))),
    ("$gte", Operator::Eager(2, 2, |it| answer(ordering(it).is_ge()))),
    ("$lt", Operator::Eager(2, 2, |it| answer(ordering(it).is_lt()))),
    ("$lte", Operator::Eager(2, 2, |it| answer(ordering(it).is_le()))),
    ("$ne", Operator::Eager(2, 2, |it| answer(ordering(it).is_ne()))),
    ("$and", Operator::Lazy(0, ANY, |it, scope| answer(all(it, scope)?))),
    ("$not", Operator::Eager(1, 1, |it| answer(!it.iter().any(is_true)))),
    ("$or", Operator::Lazy(0, ANY, |it, scope| answer(any(it, scope)?))),
];

fn ordering(values: &[Value]) -> Ordering {
    match values {
        [left, right] => order::compare(left, right),
        _ => Ordering::Equal,
    }
}

fn answer(it: bool) -> Result<Value> {
    Ok(Some(Bson::Boolean(it)))
}

fn all(arguments: &[Expression], scope: &Scope) -> Result<bool> {
    for argument in arguments {
        if !is_true(&argument.value(scope)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn any(arguments: &[Expression], scope: &Scope) -> Result<bool> {
    for argument in arguments {
        if is_true(&argument.value(scope)?) {
            return Ok(true);
        }
    }
    Ok(false)
}
