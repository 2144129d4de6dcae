//! Conversion between types.

use bson::oid::ObjectId;
use bson::{Bson, DateTime};

use super::date::{reading, text as date_text};
use super::number::Number;
use super::{Named, Operator, Table, type_name};
use crate::docdb::aggregate::expression::{Value, is_null};
use crate::docdb::filter::type_number;
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

/// Reads `to`: a type's name or number. `None` is a type that nothing is converted to.
fn target_of(to: &Bson) -> Result<Option<Target>> {
    Ok(match type_number(to)? {
        1 => Some(Target::Double),
        2 => Some(Target::String),
        7 => Some(Target::ObjectId),
        8 => Some(Target::Bool),
        9 => Some(Target::Date),
        16 => Some(Target::Int),
        18 => Some(Target::Long),
        19 => Some(Target::Decimal),
        _ => None,
    })
}

fn convert(named: &Named) -> Result<Value> {
    let (input, to) = (named.value("input")?, named.value("to")?);
    let target = match &to {
        Some(it) if !is_null(&to) => Some(target_of(it)?),
        _ => None,
    };
    if is_null(&input) {
        return Ok(named.given("onNull")?.unwrap_or(NULL));
    }
    let Some(target) = target else { return Ok(NULL) };
    let unsupported = || Error::invalid(241, "`$convert` converts nothing to the type that `to` names");
    match target.ok_or_else(unsupported).and_then(|it| convert_one(&[input], it)) {
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
        Bson::String(it) => it.parse().ok().filter(|number| fits_double(it, *number)),
        Bson::DateTime(it) => Some(it.timestamp_millis() as f64),
        Bson::Decimal128(it) => {
            let text = it.to_string();
            text.parse().ok().filter(|number| fits_double(&text, *number))
        }
        other => Number::of(other).map(Number::as_f64),
    }
}

/// Whether a double is what was written, and neither infinite nor zero for want of range.
fn fits_double(text: &str, number: f64) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    match number {
        0.0 => !mantissa.contains(|it: char| matches!(it, '1'..='9')),
        it => !it.is_infinite() || !mantissa.contains(|it: char| it.is_ascii_digit()),
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

/// Writes a double with up to 16 digits, very large and very small ones with an exponent: C's `%.16g`, as in MongoDB.
fn double_text(number: f64) -> String {
    if !number.is_finite() {
        let text = if number.is_nan() { "NaN" } else { "Infinity" };
        return if number < 0.0 { format!("-{text}") } else { text.to_owned() };
    }
    let scientific = format!("{number:.15e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent = exponent.parse::<i32>().unwrap_or_default();
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", without_zeros(digits), exponent.abs());
    }
    let places = usize::try_from(15 - exponent).unwrap_or_default();
    without_zeros(&format!("{number:.places$}")).to_owned()
}

/// Drops the zeros at the end of a fraction.
fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}
