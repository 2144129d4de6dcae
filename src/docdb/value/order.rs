//! The total order of all values, and what counts as equal and as true.

use std::cmp::Ordering;

use super::number;
use super::view::{Fields, Items, View};

/// The classes of types, in their order (`docs/wire.md#document-semantics`). A comparison in a filter stays within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    MinKey = 0x05,
    /// Also the index key of an empty array, which lies below null.
    Undefined = 0x08,
    Null = 0x0a,
    Number = 0x14,
    String = 0x1e,
    Document = 0x28,
    Array = 0x32,
    Binary = 0x3c,
    ObjectId = 0x46,
    Boolean = 0x50,
    Date = 0x5a,
    Timestamp = 0x5f,
    Regex = 0x64,
    DbPointer = 0x69,
    Code = 0x6e,
    CodeWithScope = 0x73,
    MaxKey = 0x7f,
}

impl Class {
    /// Returns the class of a value.
    pub fn of<'a>(value: impl Into<View<'a>>) -> Self {
        match value.into() {
            View::MinKey => Class::MinKey,
            View::Undefined => Class::Undefined,
            View::Null => Class::Null,
            View::Int32(_) | View::Int64(_) | View::Double(_) | View::Decimal(_) => Class::Number,
            View::String(_) => Class::String,
            View::Document(_) => Class::Document,
            View::Array(_) => Class::Array,
            View::Binary { .. } => Class::Binary,
            View::ObjectId(_) => Class::ObjectId,
            View::Boolean(_) => Class::Boolean,
            View::Date(_) => Class::Date,
            View::Timestamp { .. } => Class::Timestamp,
            View::Regex { .. } => Class::Regex,
            View::DbPointer => Class::DbPointer,
            View::Code(_) => Class::Code,
            View::CodeWithScope { .. } => Class::CodeWithScope,
            View::MaxKey => Class::MaxKey,
        }
    }
}

/// Compares two values of any types.
pub fn compare<'a, 'b>(left: impl Into<View<'a>>, right: impl Into<View<'b>>) -> Ordering {
    compare_views(left.into(), right.into())
}

/// Returns whether two values are equal: `1` is `1.0`, and an object's fields have an order.
pub fn equals<'a, 'b>(left: impl Into<View<'a>>, right: impl Into<View<'b>>) -> bool {
    compare_views(left.into(), right.into()).is_eq()
}

/// Returns whether a value counts as true: everything but false, null and zero.
pub fn is_true<'a>(value: impl Into<View<'a>>) -> bool {
    match value.into() {
        View::Boolean(it) => it,
        View::Null | View::Undefined => false,
        view if view.is_number() => number::compare(view, View::Int32(0)).is_ne(),
        _ => true,
    }
}

fn compare_views(left: View<'_>, right: View<'_>) -> Ordering {
    match (left, right) {
        (View::String(left), View::String(right)) | (View::Code(left), View::Code(right)) => left.cmp(right),
        (View::Document(left), View::Document(right)) => compare_fields(left, right),
        (View::Array(left), View::Array(right)) => compare_items(left, right),
        (
            View::Binary { subtype: left_subtype, bytes: left },
            View::Binary { subtype: right_subtype, bytes: right },
        ) => (left.len(), left_subtype, left).cmp(&(right.len(), right_subtype, right)),
        (View::ObjectId(left), View::ObjectId(right)) => left.cmp(&right),
        (View::Boolean(left), View::Boolean(right)) => left.cmp(&right),
        (View::Date(left), View::Date(right)) => left.cmp(&right),
        (
            View::Timestamp { time: left_time, increment: left },
            View::Timestamp { time: right_time, increment: right },
        ) => (left_time, left).cmp(&(right_time, right)),
        (
            View::Regex { pattern: left, options: left_options },
            View::Regex { pattern: right, options: right_options },
        ) => (left, left_options).cmp(&(right, right_options)),
        (
            View::CodeWithScope { code: left, scope: left_scope },
            View::CodeWithScope { code: right, scope: right_scope },
        ) => left.cmp(right).then_with(|| compare_fields(left_scope, right_scope)),
        _ if left.is_number() && right.is_number() => number::compare(left, right),
        _ => Class::of(left).cmp(&Class::of(right)),
    }
}

/// Field by field: class of the value, then name, then value; a shorter prefix is smaller.
fn compare_fields(left: Fields<'_>, right: Fields<'_>) -> Ordering {
    let (mut left, mut right) = (left.iter(), right.iter());
    loop {
        let ((left_name, left), (right_name, right)) = match (left.next(), right.next()) {
            (Some(left), Some(right)) => (left, right),
            (left, right) => return left.is_some().cmp(&right.is_some()),
        };
        let order = Class::of(left)
            .cmp(&Class::of(right))
            .then_with(|| left_name.cmp(&right_name))
            .then_with(|| compare_views(left, right));
        if order.is_ne() {
            return order;
        }
    }
}

fn compare_items(left: Items<'_>, right: Items<'_>) -> Ordering {
    let (mut left, mut right) = (left.iter(), right.iter());
    loop {
        let order = match (left.next(), right.next()) {
            (Some(left), Some(right)) => compare_views(left, right),
            (left, right) => return left.is_some().cmp(&right.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}
