//! Arithmetic: null in, null out; anything else that is not a number is an error.

use bson::{Bson, DateTime};

use super::number::{Number, Sum, integer_of};
use super::{ANY, Operator, Table, wrong_type};
use crate::docdb::aggregate::expression::{Value, is_null};
use crate::docdb::value::decimal::Decimal;
use crate::docdb::{Error, Result};

pub(super) const TABLE: Table = &[
    ("$abs", Operator::Eager(1, 1, |it| by_type("$abs", it, abs, f64::abs, Decimal::abs))),
    ("$add", Operator::Eager(0, ANY, add)),
    ("$ceil", Operator::Eager(1, 1, |it| by_type("$ceil", it, Ok, f64::ceil, ceiling))),
    ("$divide", Operator::Eager(2, 2, divide)),
    ("$exp", Operator::Eager(1, 1, |it| double("$exp", it, f64::exp))),
    ("$floor", Operator::Eager(1, 1, |it| by_type("$floor", it, Ok, f64::floor, floor))),
    ("$ln", Operator::Eager(1, 1, |it| in_range("$ln", it, 28766, |x| x > 0.0, f64::ln))),
    ("$log", Operator::Eager(2, 2, log)),
    ("$log10", Operator::Eager(1, 1, |it| in_range("$log10", it, 28761, |x| x > 0.0, f64::log10))),
    ("$mod", Operator::Eager(2, 2, modulo)),
    ("$multiply", Operator::Eager(0, ANY, multiply)),
    ("$pow", Operator::Eager(2, 2, pow)),
    (
        "$round",
        Operator::Eager(1, 2, |it| to_place("$round", it, round_integer, round_double, round_decimal)),
    ),
    ("$sqrt", Operator::Eager(1, 1, square_root)),
    ("$subtract", Operator::Eager(2, 2, subtract)),
    (
        "$trunc",
        Operator::Eager(1, 2, |it| {
            to_place("$trunc", it, truncate_integer, truncate_double, truncate_decimal)
        }),
    ),
    ("$acos", Operator::Eager(1, 1, |it| in_range("$acos", it, 50989, |x| x.abs() <= 1.0, f64::acos))),
    ("$acosh", Operator::Eager(1, 1, |it| in_range("$acosh", it, 50989, |x| x >= 1.0, f64::acosh))),
    ("$asin", Operator::Eager(1, 1, |it| in_range("$asin", it, 50989, |x| x.abs() <= 1.0, f64::asin))),
    ("$asinh", Operator::Eager(1, 1, |it| double("$asinh", it, f64::asinh))),
    ("$atan", Operator::Eager(1, 1, |it| double("$atan", it, f64::atan))),
    ("$atan2", Operator::Eager(2, 2, atan2)),
    ("$atanh", Operator::Eager(1, 1, |it| in_range("$atanh", it, 50989, |x| x.abs() <= 1.0, f64::atanh))),
    ("$cos", Operator::Eager(1, 1, |it| in_range("$cos", it, 50989, |x| !x.is_infinite(), f64::cos))),
    ("$cosh", Operator::Eager(1, 1, |it| double("$cosh", it, f64::cosh))),
    ("$degreesToRadians", Operator::Eager(1, 1, |it| double("$degreesToRadians", it, f64::to_radians))),
    ("$radiansToDegrees", Operator::Eager(1, 1, |it| double("$radiansToDegrees", it, f64::to_degrees))),
    ("$sin", Operator::Eager(1, 1, |it| in_range("$sin", it, 50989, |x| !x.is_infinite(), f64::sin))),
    ("$sinh", Operator::Eager(1, 1, |it| double("$sinh", it, f64::sinh))),
    ("$tan", Operator::Eager(1, 1, |it| in_range("$tan", it, 50989, |x| !x.is_infinite(), f64::tan))),
    ("$tanh", Operator::Eager(1, 1, |it| double("$tanh", it, f64::tanh))),
];

const NULL: Value = Some(Bson::Null);

/// Returns the operands as numbers, `None` when one is null or missing.
fn numbers<const N: usize>(operator: &str, code: i32, values: &[Value]) -> Result<Option<[Number; N]>> {
    let mut found = [Number::Int(0); N];
    if values.iter().any(is_null) {
        return Ok(None);
    }
    for (slot, value) in found.iter_mut().zip(values) {
        let number = value.as_ref().and_then(Number::of);
        *slot = number.ok_or_else(|| wrong_type(code, operator, "numbers", value))?;
    }
    Ok(Some(found))
}

fn double(operator: &str, values: &[Value], run: fn(f64) -> f64) -> Result<Value> {
    in_range(operator, values, 28765, |_| true, run)
}

fn in_range(
    operator: &str,
    values: &[Value],
    code: i32,
    accepts: fn(f64) -> bool,
    run: fn(f64) -> f64,
) -> Result<Value> {
    let Some([number]) = numbers(operator, 28765, values)? else { return Ok(NULL) };
    let number = number.as_f64();
    if !number.is_nan() && !accepts(number) {
        return Err(Error::invalid(code, format!("`{operator}` is not defined for {number}")));
    }
    Ok(Some(Bson::Double(run(number))))
}

fn square_root(values: &[Value]) -> Result<Value> {
    match values {
        [Some(Bson::Decimal128(it))] if !Decimal::read(*it).is_negative() => {
            Ok(Some(Bson::Decimal128(Decimal::read(*it).square_root().round())))
        }
        _ => in_range("$sqrt", values, 28714, |x| x >= 0.0, f64::sqrt),
    }
}

fn by_type(
    operator: &str,
    values: &[Value],
    whole: fn(i128) -> Result<i128>,
    double: fn(f64) -> f64,
    decimal: fn(Decimal) -> Decimal,
) -> Result<Value> {
    let Some([number]) = numbers(operator, 28765, values)? else { return Ok(NULL) };
    Ok(Some(match number {
        Number::Int(it) => Number::integer(whole(it.into())?, false),
        Number::Long(it) => Number::integer(whole(it.into())?, true),
        Number::Double(it) => Bson::Double(double(it)),
        Number::Decimal(it) => Bson::Decimal128(decimal(Decimal::read(it)).round()),
    }))
}

fn ceiling(number: Decimal) -> Decimal {
    number.at_place(0, |negative, _, _| !negative)
}

fn floor(number: Decimal) -> Decimal {
    number.at_place(0, |negative, _, _| negative)
}

fn round_decimal(number: Decimal, place: i32) -> Decimal {
    number.at_place(place.into(), |_, odd, half| half.is_gt() || (half.is_eq() && odd))
}

fn truncate_decimal(number: Decimal, place: i32) -> Decimal {
    number.at_place(place.into(), |_, _, _| false)
}

fn abs(number: i128) -> Result<i128> {
    match number == i64::MIN.into() {
        true => Err(Error::invalid(28680, "`$abs` of the least 64 bit integer has no 64 bit result")),
        false => Ok(number.abs()),
    }
}

fn add(values: &[Value]) -> Result<Value> {
    if values.iter().any(is_null) {
        return Ok(NULL);
    }
    let mut sum = Sum::default();
    let mut date = None;
    for value in values {
        match value {
            Some(Bson::DateTime(_)) if date.is_some() => {
                return Err(Error::invalid(16612, "only one date may be among the operands of `$add`"));
            }
            Some(Bson::DateTime(it)) => date = Some(*it),
            Some(it) if Number::of(it).is_some() => Number::of(it).into_iter().for_each(|it| sum.add(it)),
            other => return Err(wrong_type(16554, "$add", "numbers and one date", other)),
        }
    }
    match date {
        None => Ok(Some(sum.total())),
        Some(date) => shift("$add", date, &sum.total(), 1),
    }
}

fn subtract(values: &[Value]) -> Result<Value> {
    match values {
        [left, right] if is_null(left) || is_null(right) => Ok(NULL),
        [Some(Bson::DateTime(left)), Some(Bson::DateTime(right))] => {
            let difference = i128::from(left.timestamp_millis()) - i128::from(right.timestamp_millis());
            Ok(Some(Number::integer(difference, true)))
        }
        [Some(Bson::DateTime(date)), Some(by)] if Number::of(by).is_some() => {
            shift("$subtract", *date, by, -1)
        }
        _ => {
            let Some([left, right]) = numbers("$subtract", 16556, values)? else { return Ok(NULL) };
            Ok(Some(combine(left, right, |a, b| Some(a - b), |a, b| a - b, Decimal::subtract)))
        }
    }
}

/// Moves a date by a number of milliseconds.
fn shift(operator: &str, date: DateTime, by: &Bson, sign: i64) -> Result<Value> {
    let by = Number::of(by).map_or(f64::NAN, Number::as_f64).round();
    let by = Number::Double(by).as_i64().and_then(|it| it.checked_mul(sign));
    let moved = by.and_then(|it| date.timestamp_millis().checked_add(it));
    let moved = moved.ok_or_else(|| Error::invalid(15, format!("`{operator}` leaves the range of dates")))?;
    Ok(Some(Bson::DateTime(DateTime::from_millis(moved))))
}

/// Combines two numbers; integers stay integers while `whole` has an answer.
fn combine(
    left: Number,
    right: Number,
    whole: fn(i128, i128) -> Option<i128>,
    double: fn(f64, f64) -> f64,
    decimal: fn(Decimal, Decimal) -> Decimal,
) -> Bson {
    if matches!((left, right), (Number::Decimal(_), _) | (_, Number::Decimal(_))) {
        return Bson::Decimal128(decimal(left.to_decimal(), right.to_decimal()).round());
    }
    let wide = matches!((left, right), (Number::Long(_), _) | (_, Number::Long(_)));
    let integers = match (left, right) {
        (Number::Double(_), _) | (_, Number::Double(_)) => None,
        _ => left.as_i64().zip(right.as_i64()),
    };
    match integers.and_then(|(a, b)| whole(a.into(), b.into())) {
        Some(it) => Number::integer(it, wide),
        None => Bson::Double(double(left.as_f64(), right.as_f64())),
    }
}

fn multiply(values: &[Value]) -> Result<Value> {
    if values.iter().any(is_null) {
        return Ok(NULL);
    }
    let mut product = Number::Int(1);
    for value in values {
        let Some(factor) = value.as_ref().and_then(Number::of) else {
            return Err(wrong_type(16555, "$multiply", "numbers", value));
        };
        let next = combine(product, factor, |a, b| a.checked_mul(b), |a, b| a * b, Decimal::multiply);
        product = Number::of(&next).unwrap_or(Number::Double(f64::NAN));
    }
    Ok(Some(product.into()))
}

fn divide(values: &[Value]) -> Result<Value> {
    let Some([left, right]) = numbers("$divide", 16609, values)? else { return Ok(NULL) };
    match right.is_zero() {
        true => Err(Error::invalid(2, "`$divide` by zero")),
        false => Ok(Some(combine(left, right, |_, _| None, |a, b| a / b, Decimal::divide))),
    }
}

fn modulo(values: &[Value]) -> Result<Value> {
    let Some([left, right]) = numbers("$mod", 16611, values)? else { return Ok(NULL) };
    match right.is_zero() {
        true => Err(Error::invalid(16610, "`$mod` by zero")),
        false => Ok(Some(combine(left, right, |a, b| Some(a % b), |a, b| a % b, Decimal::remainder))),
    }
}

fn log(values: &[Value]) -> Result<Value> {
    let Some([number, base]) = numbers("$log", 28756, values)? else { return Ok(NULL) };
    let (number, base) = (number.as_f64(), base.as_f64());
    if number <= 0.0 {
        return Err(Error::invalid(28758, format!("`$log` is not defined for {number}")));
    }
    if base <= 0.0 || base == 1.0 {
        return Err(Error::invalid(
            28759,
            format!("the base of `$log` must be positive and not 1, not {base}"),
        ));
    }
    Ok(Some(Bson::Double(number.ln() / base.ln())))
}

fn pow(values: &[Value]) -> Result<Value> {
    let Some([base, exponent]) = numbers("$pow", 28762, values)? else { return Ok(NULL) };
    if base.as_f64() == 0.0 && exponent.as_f64() < 0.0 {
        return Err(Error::invalid(28764, "`$pow` of zero takes no negative exponent"));
    }
    let whole = |base: i128, exponent: i128| base.checked_pow(u32::try_from(exponent).ok()?);
    // Powers of decimals are those of the nearest doubles, as logarithms and angles are.
    let nearest = |it| if let Number::Decimal(_) = it { Number::Double(it.as_f64()) } else { it };
    let decimal = |_: Decimal, _: Decimal| Decimal::NaN;
    Ok(Some(combine(nearest(base), nearest(exponent), whole, f64::powf, decimal)))
}

fn atan2(values: &[Value]) -> Result<Value> {
    let Some([y, x]) = numbers("$atan2", 51044, values)? else { return Ok(NULL) };
    Ok(Some(Bson::Double(y.as_f64().atan2(x.as_f64()))))
}

/// Rounds to decimal places: positive behind the point, negative before it.
fn to_place(
    operator: &str,
    values: &[Value],
    whole: fn(i128, u32) -> i128,
    double: fn(f64, i32) -> f64,
    decimal: fn(Decimal, i32) -> Decimal,
) -> Result<Value> {
    let place = match values.get(1) {
        None => 0,
        Some(value) if is_null(value) => return Ok(NULL),
        Some(value) => {
            let place = value.as_ref().and_then(integer_of);
            let place =
                place.ok_or_else(|| wrong_type(51082, operator, "a whole number of places", value))?;
            let in_range = i32::try_from(place).ok().filter(|it| (-20..=100).contains(it));
            in_range.ok_or_else(|| Error::invalid(51083, format!("`{operator}` takes -20 to 100 places")))?
        }
    };
    let Some([number]) = numbers(operator, 51081, values.get(..1).unwrap_or_default())? else {
        return Ok(NULL);
    };
    let digits = place.min(0).unsigned_abs();
    Ok(Some(match number {
        Number::Int(it) => Number::integer(whole(it.into(), digits), false),
        Number::Long(it) => {
            let rounded = i64::try_from(whole(it.into(), digits));
            let too_large = |_| Error::invalid(51080, format!("`{operator}` of {it} has no 64 bit result"));
            Bson::Int64(rounded.map_err(too_large)?)
        }
        Number::Double(it) if !it.is_finite() => Bson::Double(it),
        Number::Double(it) => Bson::Double(double(it, place)),
        Number::Decimal(it) => Bson::Decimal128(decimal(Decimal::read(it), place).round()),
    }))
}

fn truncate_integer(number: i128, digits: u32) -> i128 {
    let unit = 10_i128.pow(digits);
    number / unit * unit
}

/// Rounds half to even.
fn round_integer(number: i128, digits: u32) -> i128 {
    let unit = 10_i128.pow(digits);
    let (quotient, rest) = (number.div_euclid(unit), number.rem_euclid(unit));
    let up = match (rest * 2).cmp(&unit) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient % 2 != 0,
        std::cmp::Ordering::Greater => true,
    };
    (quotient + i128::from(up)) * unit
}

fn round_double(number: f64, place: i32) -> f64 {
    match usize::try_from(place) {
        // Formatting works on the exact decimal value: 2.675 is below the middle and rounds down.
        Ok(place) => format!("{number:.place$}").parse().unwrap_or(number),
        Err(_) => {
            let unit = 10_f64.powi(-place);
            (number / unit).round_ties_even() * unit
        }
    }
}

fn truncate_double(number: f64, place: i32) -> f64 {
    match usize::try_from(place) {
        Ok(0) => number.trunc(),
        Ok(place) => {
            // Enough digits beyond the place that rounding there cannot carry up to it.
            let text = format!("{number:.0$}", place + 30);
            text.get(..text.len() - 30).and_then(|it| it.parse().ok()).unwrap_or(number)
        }
        Err(_) => {
            let unit = 10_f64.powi(-place);
            (number / unit).trunc() * unit
        }
    }
}
