//! How values that a query may leave open compare: true, false, or not known.

use bson::Bson;

use super::expression::Comparison;
use super::query::Branch;
use super::value::{Relation, Value, relation};

/// Compares two values; of a field counts what the branch says of it.
pub(super) fn compare(comparison: Comparison, left: &Value, right: &Value, branch: &Branch) -> Value {
    compare_as(holds, comparison, left, right, branch)
}

/// Compares with `now`, a number that also equals the time which the service writes for a client.
pub(super) fn compare_with_now(
    comparison: Comparison,
    left: &Value,
    right: &Value,
    branch: &Branch,
) -> Value {
    let holds = |comparison, relation| match relation {
        Relation::Level => holds(comparison, Relation::Equal),
        other => holds(comparison, other),
    };
    compare_as(holds, comparison, left, right, branch)
}

fn compare_as(
    holds: impl Fn(Comparison, Relation) -> bool,
    comparison: Comparison,
    left: &Value,
    right: &Value,
    branch: &Branch,
) -> Value {
    match (left, right) {
        (Value::Known(left), Value::Known(right)) => {
            relation(left, right).map_or(Value::Maybe, |relation| Value::boolean(holds(comparison, relation)))
        }
        (Value::Field(path), Value::Known(value)) => {
            compare_field(|relation| holds(comparison, relation), path, value, branch)
        }
        (Value::Known(value), Value::Field(path)) => {
            compare_field(|relation| holds(comparison.mirrored(), relation), path, value, branch)
        }
        _ => Value::Maybe,
    }
}

fn compare_field(holds: impl Fn(Relation) -> bool, path: &str, value: &Bson, branch: &Branch) -> Value {
    const ALL: [Relation; 5] =
        [Relation::Less, Relation::Equal, Relation::Level, Relation::Greater, Relation::Apart];
    let Some(known) = branch.of(path) else { return Value::Maybe };
    if matches!(value, Bson::Document(_) | Bson::Array(_)) {
        return Value::Maybe;
    }
    let mut verdicts = ALL.into_iter().filter(|relation| known.can_be(*relation, value)).map(holds);
    match verdicts.next() {
        Some(first) if verdicts.all(|other| other == first) => Value::boolean(first),
        _ => Value::Maybe,
    }
}

fn holds(comparison: Comparison, relation: Relation) -> bool {
    match comparison {
        Comparison::Equal => relation == Relation::Equal,
        Comparison::Unequal => relation != Relation::Equal,
        Comparison::Less => relation == Relation::Less,
        Comparison::LessOrEqual => {
            matches!(relation, Relation::Less | Relation::Equal | Relation::Level)
        }
        Comparison::Greater => relation == Relation::Greater,
        Comparison::GreaterOrEqual => {
            matches!(relation, Relation::Greater | Relation::Equal | Relation::Level)
        }
    }
}

/// Returns whether a list holds an item.
pub(super) fn contains(item: &Value, list: &Value, branch: &Branch) -> Value {
    match (item, list) {
        (Value::Known(item), Value::Known(Bson::Array(items))) => is_among(item, items),
        (Value::Field(path), Value::Known(Bson::Array(items)))
            if branch.of(path).is_some_and(|known| known.is_within(items)) =>
        {
            Value::boolean(true)
        }
        (_, Value::Known(Bson::Array(items))) => {
            let known = |it: &Bson| compare(Comparison::Equal, item, &Value::Known(it.clone()), branch);
            match items.iter().all(|it| known(it).truth() == Some(false)) {
                true => Value::boolean(false),
                false => Value::Maybe,
            }
        }
        // What is no list holds nothing.
        (_, Value::Known(_)) => Value::boolean(false),
        _ => Value::Maybe,
    }
}

pub(super) fn is_among(item: &Bson, items: &[Bson]) -> Value {
    Value::boolean(items.iter().any(|it| relation(item, it) == Some(Relation::Equal)))
}
