//! Conversion between types.

use bson::oid::ObjectId;
use bson::{Bson, DateTime};

use super::date::{reading, text as date_text};
use super::number::{Number, integer_of};
use super::{Named, Operator, Table, type_name, wrong_type};
use crate::docdb::aggregate::expression::{Value, is_null};
use crate::docdb::value::decimal::Decimal;
use crate::docdb::{Error, Result};

pub(super) const TABLE: Table = &[
    ("$convert", Operator::Named(&["input", "to"], &["onError", "onNull"], convert)),
    ("$isNumber", Operator::Eager(1, 1, is_number)),
    ("$toBool", Operator::Eager(1, 1, |it| convert_one(it, Target::Bool))),
    ("$toDate", Operator::Eager(1, 1, |it| convert_one(it, Target::Date))),
    ("$toDecimal", Operator::Eager(1, 1, |it| convert_one(it, Target::Decimal))),
    ("$toDouble", Operator::Eager(1, 1, |it| convert_one(it, Target::Double))),
    ("$toInt", Operator::Eager(1, 1, |it| convert_one(it, Target::Int))),
    ("$toLong", Operator::Eager(1, 1, |it| convert_one(it, Target::Long))),
    ("$toObjectId", Operator::Eager(1, 1, |it| convert_one(it, Target::ObjectId))),
    ("$toString", Operator::Eager(1, 1, |it| convert_one(it, Target::String))),
];

const NULL: Value = Some(Bson::Null);

#[derive(Clone, Copy)]
enum Target {
    Double,
    String,
    ObjectId,
    Bool,
    Date,
    Int,
    Long,
    Decimal,
}

/// Reads `to`: a name, or BSON's number of the type.
fn target_of(value: &Value) -> Result<Target> {
    let unknown = || Error::invalid(2, "`to` of `$convert` names no type it can convert to");
    match value {
        Some(Bson::String(name)) => match name.as_str() {
            "double" => Ok(Target::Double),
            "string" => Ok(Target::String),
            "objectId" => Ok(Target::ObjectId),
            "bool" => Ok(Target::Bool),
            "date" => Ok(Target::Date),
            "int" => Ok(Target::Int),
            "long" => Ok(Target::Long),
            "decimal" => Ok(Target::Decimal),
            _ => Err(unknown()),
        },
        Some(number) => match integer_of(number) {
            Some(1) => Ok(Target::Double),
            Some(2) => Ok(Target::String),
            Some(7) => Ok(Target::ObjectId),
            Some(8) => Ok(Target::Bool),
            Some(9) => Ok(Target::Date),
            Some(16) => Ok(Target::Int),
            Some(18) => Ok(Target::Long),
            Some(19) => Ok(Target::Decimal),
            _ => Err(unknown()),
        },
        None => Err(wrong_type(9, "$convert", "a type's name as `to`", value)),
    }
}

fn convert(named: &Named) -> Result<Value> {
    let (input, to) = (named.value("input")?, named.value("to")?);
    if is_null(&input) {
        return Ok(named.given("onNull")?.unwrap_or(NULL));
    }
    if is_null(&to) {
        return Ok(NULL);
    }
    match convert_one(&[input], target_of(&to)?) {
        Ok(value) => Ok(value),
        Err(error) => named.given("onError")?.ok_or(error),
    }
}

fn convert_one(values: &[Value], target: Target) -> Result<Value> {
    let Some(Some(value)) = values.first().filter(|it| !is_null(it)) else { return Ok(NULL) };
    let converted = match target {
        Target::Double => double_of(value).map(Bson::Double),
        Target::String => text_of(value).map(Bson::String),
        Target::ObjectId => object_id_of(value),
        Target::Bool => Some(Bson::Boolean(bool_of(value))),
        Target::Date => date_of(value).map(Bson::DateTime),
        Target::Int => whole_of(value).and_then(|it| i32::try_from(it).ok()).map(Bson::Int32),
        Target::Long => long_of(value).map(Bson::Int64),
        Target::Decimal => decimal_of(value),
    };
    let found = type_name(&Some(value.clone()));
    let failed = || match value {
        Bson::String(text) => Error::invalid(241, format!("could not convert `{text}`")),
        _ => Error::invalid(241, format!("could not convert this {found}")),
    };
    converted.map(Some).ok_or_else(failed)
}

fn is_number(values: &[Value]) -> Result<Value> {
    let number = values.first().and_then(Option::as_ref).and_then(Number::of);
    Ok(Some(Bson::Boolean(number.is_some())))
}

fn double_of(value: &Bson) -> Option<f64> {
    match value {
        Bson::Boolean(it) => Some(f64::from(u8::from(*it))),
        Bson::String(it) => it.parse().ok(),
        Bson::DateTime(it) => Some(it.timestamp_millis() as f64),
        other => Number::of(other).map(Number::as_f64),
    }
}

/// Returns a number truncated toward zero.
fn whole_of(value: &Bson) -> Option<i64> {
    match value {
        Bson::Boolean(it) => Some(i64::from(*it)),
        Bson::String(it) => it.parse().ok(),
        other => match Number::of(other)? {
            Number::Double(it) => Number::Double(it.trunc()).as_i64(),
            Number::Decimal(it) => Decimal::read(it).truncated(),
            whole => whole.as_i64(),
        },
    }
}

fn long_of(value: &Bson) -> Option<i64> {
    match value {
        Bson::DateTime(it) => Some(it.timestamp_millis()),
        other => whole_of(other),
    }
}

fn decimal_of(value: &Bson) -> Option<Bson> {
    let text = match value {
        Bson::Decimal128(_) => return Some(value.clone()),
        Bson::Boolean(it) => u8::from(*it).to_string(),
        Bson::DateTime(it) => it.timestamp_millis().to_string(),
        Bson::String(it) => it.clone(),
        other => return Decimal::of(other).map(|it| Bson::Decimal128(it.round())),
    };
    text.parse().ok().map(Bson::Decimal128)
}

/// Anything but zero and false is true, also the empty string.
fn bool_of(value: &Bson) -> bool {
    match value {
        Bson::Boolean(it) => *it,
        other => Number::of(other).is_none_or(|it| !it.is_zero()),
    }
}

fn object_id_of(value: &Bson) -> Option<Bson> {
    match value {
        Bson::ObjectId(_) => Some(value.clone()),
        Bson::String(it) => ObjectId::parse_str(it).ok().map(Bson::ObjectId),
        _ => None,
    }
}

fn date_of(value: &Bson) -> Option<DateTime> {
    match value {
        Bson::DateTime(it) => Some(*it),
        Bson::String(it) => reading::parse(it, None).ok(),
        Bson::ObjectId(it) => Some(it.timestamp()),
        Bson::Timestamp(it) => Some(DateTime::from_millis(i64::from(it.time) * 1000)),
        // An int is too small to be meant as a date; MongoDB refuses it.
        Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => whole_of(value).map(DateTime::from_millis),
        _ => None,
    }
}

/// Returns the text of a scalar.
pub(super) fn text_of(value: &Bson) -> Option<String> {
    match value {
        Bson::String(it) => Some(it.clone()),
        Bson::Boolean(it) => Some(it.to_string()),
        Bson::Int32(it) => Some(it.to_string()),
        Bson::Int64(it) => Some(it.to_string()),
        Bson::Double(it) => Some(double_text(*it)),
        Bson::Decimal128(it) => Some(it.to_string()),
        Bson::ObjectId(it) => Some(it.to_hex()),
        Bson::DateTime(it) => date_text::iso_text(*it).ok(),
        _ => None,
    }
}

/// Writes a double as briefly as it can be read back; very large and very small ones with an exponent.
fn double_text(number: f64) -> String {
    let size = number.abs();
    if !number.is_finite() {
        return if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        return if text.contains("e-") { text } else { text.replace('e', "e+") };
    }
    number.to_string()
}
