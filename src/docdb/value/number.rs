//! Numbers of four types, compared by value and without rounding.

use std::cmp::Ordering;

use bson::Decimal128;

use super::decimal::{Decimal, Written};
use super::view::View;

/// A number as its nearest double, and exactly where the double is not the number.
///
/// Rounding keeps order, so the doubles decide first; numbers that share one are told apart by their digits.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Never -0.
    pub nearest: f64,
    /// How the number lies to `nearest`.
    pub side: Ordering,
    /// The exact number, when `side` is not `Equal`.
    pub exact: Option<Digits>,
}

/// A decimal number: `0.d₁d₂d₃… × 10^exponent`, with its sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digits {
    pub negative: bool,
    pub exponent: i32,
    /// ASCII, without zeros at either end.
    pub digits: String,
}

impl Number {
    /// Returns the number in a view, if it is one.
    pub fn of(view: View<'_>) -> Option<Self> {
        match view {
            View::Int32(it) => Some(Self::double(it.into())),
            View::Int64(it) => Some(Self::long(it)),
            View::Double(it) => Some(Self::double(it)),
            View::Decimal(it) => Some(Self::decimal(it)),
            _ => None,
        }
    }

    fn double(it: f64) -> Self {
        // `+ 0.0` turns -0 into 0.
        Self { nearest: it + 0.0, side: Ordering::Equal, exact: None }
    }

    fn long(it: i64) -> Self {
        let nearest = it as f64;
        let side = i128::from(it).cmp(&(nearest as i128));
        let exact = side.is_ne().then(|| Digits::parse(&it.to_string()));
        Self { nearest, side, exact }
    }

    fn decimal(it: Decimal128) -> Self {
        let text = it.to_string();
        let nearest = text.parse::<f64>().unwrap_or(f64::NAN) + 0.0;
        if !text.contains(|c: char| c.is_ascii_digit()) {
            return Self::double(nearest);
        }
        let digits = Digits::parse(&text);
        let side = digits.cmp_double(nearest);
        Self { nearest, side, exact: side.is_ne().then_some(digits) }
    }
}

impl Digits {
    /// Reads `-12.5E+3`.
    fn parse(text: &str) -> Self {
        let Written { negative, whole, fraction, exponent } = Written::read(text);
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        let dropped = (all.len() - significant.len()) as i32;
        let exponent = exponent.parse::<i32>().unwrap_or(0) + whole.len() as i32 - dropped;
        let digits = significant.trim_end_matches('0').to_owned();
        Self { negative, exponent: if digits.is_empty() { 0 } else { exponent }, digits }
    }

    fn cmp_double(&self, double: f64) -> Ordering {
        if double.is_infinite() {
            return if double > 0.0 { Ordering::Less } else { Ordering::Greater };
        }
        // 767 significant digits write any double exactly.
        self.cmp(&Self::parse(&format!("{double:.766e}")))
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

impl Ord for Digits {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = || self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits));
        match self.sign().cmp(&other.sign()) {
            Ordering::Equal if self.negative => magnitude().reverse(),
            Ordering::Equal => magnitude(),
            unequal => unequal,
        }
    }
}

impl PartialOrd for Digits {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares two numbers by value; NaN equals itself and is below every other number.
pub fn compare(left: View<'_>, right: View<'_>) -> Ordering {
    match (left, right) {
        (View::Int32(left), View::Int32(right)) => left.cmp(&right),
        (View::Int64(left), View::Int64(right)) => left.cmp(&right),
        (View::Int32(left), View::Int64(right)) => i64::from(left).cmp(&right),
        (View::Int64(left), View::Int32(right)) => left.cmp(&right.into()),
        (View::Double(left), View::Double(right)) => compare_doubles(left, right),
        (View::Double(left), View::Int32(right)) => compare_doubles(left, right.into()),
        (View::Int32(left), View::Double(right)) => compare_doubles(left.into(), right),
        _ => match (Number::of(left), Number::of(right)) {
            (Some(left), Some(right)) => compare_numbers(&left, &right),
            (left, right) => left.is_some().cmp(&right.is_some()),
        },
    }
}

fn compare_doubles(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| right.is_nan().cmp(&left.is_nan()))
}

fn compare_numbers(left: &Number, right: &Number) -> Ordering {
    compare_doubles(left.nearest, right.nearest)
        .then_with(|| left.side.cmp(&right.side))
        .then_with(|| left.exact.cmp(&right.exact))
}

/// Returns the integer that a number is exactly.
pub fn whole(view: View<'_>) -> Option<i64> {
    let integer = truncated(view)?;
    compare(view, View::Int64(integer)).is_eq().then_some(integer)
}

/// Returns a number cut toward zero to 64 bits; nothing for NaN, infinity, what is too large, and what is no number.
pub fn truncated(view: View<'_>) -> Option<i64> {
    match view {
        View::Int32(it) => Some(it.into()),
        View::Int64(it) => Some(it),
        View::Double(it) => cut(it),
        View::Decimal(it) => Decimal::read(it).truncated(),
        _ => None,
    }
}

fn cut(double: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (-LIMIT..LIMIT).contains(&double).then_some(double as i64)
}
