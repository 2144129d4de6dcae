//! Values of expressions: known ones, compared as JavaScript does but without coercion, and those a query leaves open.

use std::cmp::Ordering;

use bson::Bson;

use crate::docdb::value::view::View;
use crate::docdb::value::{Class, compare};

/// What a part of an expression is worth.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Known(Bson),
    /// A field of the documents that a query finds, by its path. The document itself has the empty path.
    Field(String),
    /// Either true or false.
    Maybe,
    /// Anything.
    Unknown,
}

impl Value {
    pub const UNDEFINED: Value = Value::Known(Bson::Undefined);

    pub fn boolean(flag: bool) -> Self {
        Value::Known(Bson::Boolean(flag))
    }

    pub fn is_true(&self) -> bool {
        *self == Value::boolean(true)
    }

    /// Returns what comes of it where something else may come instead that is true or does not count as true.
    pub fn perhaps(self) -> Self {
        let is_verdict = self == Value::Maybe || self.is_true() || self.truth() == Some(false);
        if is_verdict { Value::Maybe } else { Value::Unknown }
    }

    /// Returns whether it counts as true, if that is known.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Value::Known(value) => Some(is_truthy(value)),
            Value::Field(_) | Value::Maybe | Value::Unknown => None,
        }
    }
}

fn is_truthy(value: &Bson) -> bool {
    match View::from(value) {
        View::Null | View::Undefined => false,
        View::Boolean(flag) => flag,
        View::String(text) => !text.is_empty(),
        view if view.is_number() => number(value).is_some_and(|number| number != 0.0 && !number.is_nan()),
        _ => true,
    }
}

/// How one value stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Less,
    Equal,
    /// A time and as many milliseconds: neither is less, and they are not the same.
    Level,
    Greater,
    /// Neither: their types differ, or have no order.
    Apart,
}

/// Compares two values; `null` equals `undefined`, and a time has its place among numbers by its milliseconds. `None`:
/// objects and arrays are not compared.
///
/// Invariant: two values are `Equal` when and only when a filter finds the one by the other. What a condition says of a
/// field (`super::query`) would otherwise not hold for all that it finds.
pub(super) fn relation(left: &Bson, right: &Bson) -> Option<Relation> {
    let (left_class, right_class) = (Class::of(left), Class::of(right));
    if [left, right].into_iter().any(is_nan) {
        return Some(Relation::Apart);
    }
    let order = match (left_class, right_class) {
        (Class::Document | Class::Array, Class::Document | Class::Array) => return None,
        (Class::Null | Class::Undefined, Class::Null | Class::Undefined) => Ordering::Equal,
        (Class::Date, Class::Number) | (Class::Number, Class::Date) => {
            return Some(match compare(&without_time(left), &without_time(right)) {
                Ordering::Less => Relation::Less,
                Ordering::Equal => Relation::Level,
                Ordering::Greater => Relation::Greater,
            });
        }
        _ if left_class != right_class => return Some(Relation::Apart),
        _ => compare(left, right),
    };
    Some(match order {
        Ordering::Less => Relation::Less,
        Ordering::Equal => Relation::Equal,
        Ordering::Greater => Relation::Greater,
    })
}

fn is_nan(value: &Bson) -> bool {
    Class::of(value) == Class::Number && number(value).is_some_and(f64::is_nan)
}

/// Returns a time as its milliseconds.
fn without_time(value: &Bson) -> Bson {
    match value {
        Bson::DateTime(time) => Bson::Int64(time.timestamp_millis()),
        other => other.clone(),
    }
}

/// Returns the double nearest to a number, or to a time's milliseconds.
fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Int32(number) => Some(f64::from(*number)),
        // Above 2^53 JavaScript has no exact numbers either.
        Bson::Int64(number) => Some(*number as f64),
        Bson::Double(number) => Some(*number),
        Bson::Decimal128(number) => number.to_string().parse().ok(),
        Bson::DateTime(time) => Some(time.timestamp_millis() as f64),
        _ => None,
    }
}

/// Joins two values as `+` does; `None` where that makes no sense in a rule.
pub(super) fn sum(left: &Bson, right: &Bson) -> Option<Bson> {
    match (left, right, number(left), number(right)) {
        (_, _, Some(left), Some(right)) => Some(Bson::Double(left + right)),
        (Bson::String(_) | Bson::Symbol(_), ..) | (_, Bson::String(_) | Bson::Symbol(_), ..) => {
            Some(Bson::String(format!("{}{}", text(left)?, text(right)?)))
        }
        _ => None,
    }
}

/// Returns a number as it is written: a whole one without a fraction.
pub(super) fn literal(number: f64) -> Bson {
    let whole = number as i32;
    match f64::from(whole).to_bits() == number.to_bits() {
        true => Bson::Int32(whole),
        false => Bson::Double(number),
    }
}

/// Returns a value as a template shows it.
pub(super) fn text(value: &Bson) -> Option<String> {
    match value {
        Bson::String(text) | Bson::Symbol(text) => Some(text.clone()),
        Bson::Boolean(flag) => Some(flag.to_string()),
        Bson::ObjectId(id) => Some(id.to_hex()),
        Bson::DateTime(_) => None,
        // Zero has no sign in a text.
        other => number(other).map(|number| (number + 0.0).to_string()),
    }
}

/// Returns a value as an explanation shows it.
pub(super) fn shown(value: &Bson) -> String {
    match value {
        Bson::Undefined => "undefined".to_owned(),
        Bson::Double(number) => number.to_string(),
        other => other.clone().into_relaxed_extjson().to_string(),
    }
}
