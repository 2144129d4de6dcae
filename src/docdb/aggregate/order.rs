//! The order across types, extended to missing values.

use std::cmp::Ordering;

use bson::Bson;

use super::expression::Value;
use crate::docdb::value;

/// Compares two values; missing is less than everything but `MinKey`.
pub(super) fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (None, None) => Ordering::Equal,
        (None, Some(Bson::MinKey)) => Ordering::Greater,
        (Some(Bson::MinKey), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(left), Some(right)) => value::compare(left, right),
    }
}

/// Returns whether two present values are equal: `1` is `1.0`, and an object's fields have an order.
pub(super) fn equal(left: &Bson, right: &Bson) -> bool {
    value::equals(left, right)
}

/// A value as a key of ordered sets and maps.
#[derive(Debug, Clone)]
pub(super) struct Ordered(pub Bson);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        value::compare(&self.0, &other.0)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ordered {}
