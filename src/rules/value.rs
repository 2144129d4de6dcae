//! Values of expressions: known ones, compared as JavaScript does but without coercion, and those a query leaves open.

use std::cmp::Ordering;

use bson::Bson;

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

    /// Returns whether it counts as true, if that is known.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Value::Known(value) => Some(is_truthy(value)),
            Value::Field(_) | Value::Maybe | Value::Unknown => None,
        }
    }
}

fn is_truthy(value: &Bson) -> bool {
    match value {
        Bson::Null | Bson::Undefined => false,
        Bson::Boolean(flag) => *flag,
        Bson::String(text) => !text.is_empty(),
        other => number(other).is_none_or(|number| number != 0.0 && !number.is_nan()),
    }
}

/// How one value stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Less,
    Equal,
    Greater,
    /// Neither: their types differ, or have no order.
    Apart,
}

/// Compares two values; `null` equals `undefined`, numbers equal across types, times compare as milliseconds. `None`:
/// objects and arrays are not compared.
pub(super) fn relation(left: &Bson, right: &Bson) -> Option<Relation> {
    let ordered = |ordering: Option<Ordering>| match ordering {
        Some(Ordering::Less) => Relation::Less,
        Some(Ordering::Equal) => Relation::Equal,
        Some(Ordering::Greater) => Relation::Greater,
        None => Relation::Apart,
    };
    Some(match (left, right) {
        (Bson::Document(_) | Bson::Array(_), Bson::Document(_) | Bson::Array(_)) => return None,
        (Bson::Null | Bson::Undefined, Bson::Null | Bson::Undefined) => Relation::Equal,
        (Bson::String(left), Bson::String(right)) => ordered(Some(left.cmp(right))),
        (Bson::Boolean(left), Bson::Boolean(right)) => ordered(Some(left.cmp(right))),
        (left, right) => match (number(left), number(right)) {
            (Some(left), Some(right)) => ordered(left.partial_cmp(&right)),
            _ if left == right => Relation::Equal,
            _ => Relation::Apart,
        },
    })
}

/// Returns a number, or a time as milliseconds.
fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Int32(number) => Some(f64::from(*number)),
        // Above 2^53 JavaScript has no exact numbers either.
        Bson::Int64(number) => Some(*number as f64),
        Bson::Double(number) => Some(*number),
        Bson::DateTime(time) => Some(time.timestamp_millis() as f64),
        _ => None,
    }
}

/// Joins two values as `+` does; `None` where that makes no sense in a rule.
pub(super) fn sum(left: &Bson, right: &Bson) -> Option<Bson> {
    match (left, right, number(left), number(right)) {
        (_, _, Some(left), Some(right)) => Some(Bson::Double(left + right)),
        (Bson::String(_), ..) | (_, Bson::String(_), ..) => {
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
        Bson::String(text) => Some(text.clone()),
        Bson::Boolean(flag) => Some(flag.to_string()),
        Bson::ObjectId(id) => Some(id.to_hex()),
        Bson::DateTime(_) => None,
        other => number(other).map(|number| number.to_string()),
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
