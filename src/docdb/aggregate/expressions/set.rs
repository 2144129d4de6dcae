//! Arrays as sets. Results come in the order of the values.

use std::collections::BTreeSet;

use bson::Bson;

use super::{ANY, Operator, Table, wrong_type};
use crate::docdb::Result;
use crate::docdb::aggregate::expression::{Value, is_null, is_true};
use crate::docdb::aggregate::order::Ordered;

pub(super) const TABLE: Table = &[
    ("$allElementsTrue", Operator::Eager(1, 1, all_elements_true)),
    ("$anyElementTrue", Operator::Eager(1, 1, any_element_true)),
    ("$setDifference", Operator::Eager(2, 2, difference)),
    ("$setEquals", Operator::Eager(2, ANY, equals)),
    ("$setIntersection", Operator::Eager(0, ANY, intersection)),
    ("$setIsSubset", Operator::Eager(2, 2, is_subset)),
    ("$setUnion", Operator::Eager(0, ANY, union)),
];

type Set = BTreeSet<Ordered>;

fn items<'a>(operator: &str, code: i32, value: &'a Value) -> Result<&'a [Bson]> {
    match value {
        Some(Bson::Array(items)) => Ok(items),
        other => Err(wrong_type(code, operator, "arrays", other)),
    }
}

fn set(operator: &str, code: i32, value: &Value) -> Result<Set> {
    Ok(items(operator, code, value)?.iter().cloned().map(Ordered).collect())
}

/// Returns the operands as sets, `None` when one is null or missing.
fn sets(operator: &str, code: i32, values: &[Value]) -> Result<Option<Vec<Set>>> {
    if values.iter().any(is_null) {
        return Ok(None);
    }
    values.iter().map(|it| set(operator, code, it)).collect::<Result<_>>().map(Some)
}

fn array(set: impl IntoIterator<Item = Ordered>) -> Value {
    Some(Bson::Array(set.into_iter().map(|it| it.0).collect()))
}

fn union(values: &[Value]) -> Result<Value> {
    let Some(sets) = sets("$setUnion", 17043, values)? else { return Ok(Some(Bson::Null)) };
    Ok(array(sets.into_iter().flatten().collect::<Set>()))
}

fn intersection(values: &[Value]) -> Result<Value> {
    let Some(sets) = sets("$setIntersection", 17047, values)? else { return Ok(Some(Bson::Null)) };
    let common = sets.into_iter().reduce(|mut common, next| {
        common.retain(|it| next.contains(it));
        common
    });
    Ok(array(common.unwrap_or_default()))
}

/// Keeps the order of the first operand.
fn difference(values: &[Value]) -> Result<Value> {
    let [left, right] = values else { return Ok(None) };
    if is_null(left) || is_null(right) {
        return Ok(Some(Bson::Null));
    }
    let (left, mut seen) = (items("$setDifference", 17048, left)?, set("$setDifference", 17049, right)?);
    let kept = left.iter().cloned().map(Ordered).filter(|it| seen.insert(it.clone()));
    Ok(array(kept.collect::<Vec<_>>()))
}

fn equals(values: &[Value]) -> Result<Value> {
    let sets = values.iter().map(|it| set("$setEquals", 17044, it)).collect::<Result<Vec<_>>>()?;
    Ok(Some(Bson::Boolean(sets.windows(2).all(|pair| pair.first() == pair.last()))))
}

fn is_subset(values: &[Value]) -> Result<Value> {
    let [left, right] = values else { return Ok(None) };
    let (left, right) = (set("$setIsSubset", 17046, left)?, set("$setIsSubset", 17042, right)?);
    Ok(Some(Bson::Boolean(left.is_subset(&right))))
}

fn all_elements_true(values: &[Value]) -> Result<Value> {
    let [value] = values else { return Ok(None) };
    let items = items("$allElementsTrue", 17040, value)?;
    Ok(Some(Bson::Boolean(items.iter().all(|it| is_true(&Some(it.clone()))))))
}

fn any_element_true(values: &[Value]) -> Result<Value> {
    let [value] = values else { return Ok(None) };
    let items = items("$anyElementTrue", 17041, value)?;
    Ok(Some(Bson::Boolean(items.iter().any(|it| is_true(&Some(it.clone()))))))
}
