//! Arithmetic of decimal128: exact, then 34 digits with the last one rounded half to even, as IEEE 754 says.

use std::fmt;

use bson::{Bson, Decimal128};
use num_bigint::BigUint;

/// Digits that a result keeps.
const DIGITS: u64 = 34;
/// Exponents of the last digit.
const LEAST: i64 = -6176;
const MOST: i64 = 6111;

/// A decimal number taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decimal {
    NaN,
    Infinite {
        negative: bool,
    },
    /// `digits × 10^exponent`.
    Finite {
        negative: bool,
        digits: BigUint,
        exponent: i64,
    },
}

/// The parts of a number such as `-12.5E+3`.
pub(super) struct Written<'t> {
    pub negative: bool,
    /// The digits before the point, and behind it.
    pub whole: &'t str,
    pub fraction: &'t str,
    pub exponent: &'t str,
}

impl<'t> Written<'t> {
    pub fn read(text: &'t str) -> Self {
        let unsigned = text.trim_start_matches('-');
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        Written { negative: unsigned.len() < text.len(), whole, fraction, exponent }
    }
}

impl Decimal {
    /// Returns the number in a value, if it is one. A double counts with 15 digits, as in MongoDB.
    pub fn of(value: &Bson) -> Option<Self> {
        match value {
            Bson::Int32(it) => Some(Self::whole((*it).into())),
            Bson::Int64(it) => Some(Self::whole((*it).into())),
            Bson::Double(it) => Some(Self::double(*it)),
            Bson::Decimal128(it) => Some(Self::read(*it)),
            _ => None,
        }
    }

    pub fn whole(number: i128) -> Self {
        Decimal::Finite { negative: number < 0, digits: number.unsigned_abs().into(), exponent: 0 }
    }

    pub fn double(number: f64) -> Self {
        Self::parse(&if number.is_finite() { format!("{number:.14e}") } else { number.to_string() })
    }

    pub fn read(number: Decimal128) -> Self {
        Self::parse(&number.to_string())
    }

    /// Reads `-12.5E+3`, `NaN` or `-Infinity`.
    fn parse(text: &str) -> Self {
        let Written { negative, whole, fraction, exponent } = Written::read(text);
        match (format!("{whole}{fraction}").parse(), exponent.parse::<i64>()) {
            (Ok(digits), Ok(exponent)) => {
                Decimal::Finite { negative, digits, exponent: exponent - fraction.len() as i64 }
            }
            _ if whole.starts_with(['i', 'I']) => Decimal::Infinite { negative },
            _ => Decimal::NaN,
        }
    }

    /// Returns the number rounded to what decimal128 holds; infinite when it is too large.
    pub fn round(self) -> Decimal128 {
        let text = match self {
            Decimal::Finite { negative, digits, exponent } => match fit(digits, exponent) {
                Some((digits, exponent)) => format!("{}{digits}E{exponent}", sign(negative)),
                None => format!("{}Infinity", sign(negative)),
            },
            other => other.to_string(),
        };
        text.parse().unwrap_or(Decimal128::from_bytes([0; 16]))
    }

    /// Returns the number cut toward zero to 64 bits; nothing when it is too large.
    pub fn truncated(self) -> Option<i64> {
        let Decimal::Finite { negative, digits, exponent } = self.at_place(0, |_, _, _| false) else {
            return None;
        };
        if digits != BigUint::ZERO && exponent > 18 {
            return None;
        }
        let size = i128::try_from(digits * ten_to(exponent)).ok()?;
        i64::try_from(if negative { -size } else { size }).ok()
    }

    pub fn is_zero(&self) -> bool {
        matches!(self, Decimal::Finite { digits, .. } if *digits == BigUint::ZERO)
    }

    pub fn is_negative(&self) -> bool {
        matches!(self, Decimal::Infinite { negative: true } | Decimal::Finite { negative: true, .. })
    }

    pub fn negate(self) -> Self {
        match self {
            Decimal::NaN => Decimal::NaN,
            Decimal::Infinite { negative } => Decimal::Infinite { negative: !negative },
            Decimal::Finite { negative, digits, exponent } => {
                Decimal::Finite { negative: !negative, digits, exponent }
            }
        }
    }

    pub fn abs(self) -> Self {
        if self.is_negative() { self.negate() } else { self }
    }

    pub fn plus(self, other: Self) -> Self {
        use Decimal::{Finite, Infinite, NaN};
        match (self, other) {
            (NaN, _) | (_, NaN) => NaN,
            (Infinite { negative }, Infinite { negative: other }) if negative != other => NaN,
            (it @ Infinite { .. }, _) | (_, it @ Infinite { .. }) => it,
            (
                Finite { negative, digits, exponent },
                Finite { negative: other_negative, digits: other, exponent: other_exponent },
            ) => {
                let least = exponent.min(other_exponent);
                let (one, two) = (digits * ten_to(exponent - least), other * ten_to(other_exponent - least));
                let (negative, digits) = match (negative == other_negative, one >= two) {
                    (true, _) => (negative, one + two),
                    // Numbers that cancel out make a positive zero.
                    (false, _) if one == two => (false, BigUint::ZERO),
                    (false, true) => (negative, one - two),
                    (false, false) => (other_negative, two - one),
                };
                Finite { negative, digits, exponent: least }
            }
        }
    }

    pub fn subtract(self, other: Self) -> Self {
        self.plus(other.negate())
    }

    pub fn multiply(self, other: Self) -> Self {
        use Decimal::{Finite, Infinite, NaN};
        let negative = self.is_negative() != other.is_negative();
        match (self, other) {
            (NaN, _) | (_, NaN) => NaN,
            (Finite { digits, exponent, .. }, Finite { digits: other, exponent: other_exponent, .. }) => {
                Finite { negative, digits: digits * other, exponent: exponent + other_exponent }
            }
            (one, other) if one.is_zero() || other.is_zero() => NaN,
            _ => Infinite { negative },
        }
    }

    /// Divides by what is not zero. The quotient has a digit more than a result keeps, so that it can be rounded.
    pub fn divide(self, by: Self) -> Self {
        use Decimal::{Finite, Infinite, NaN};
        let negative = self.is_negative() != by.is_negative();
        match (self, by) {
            (Finite { digits, exponent, .. }, Finite { digits: by, exponent: by_exponent, .. })
                if by != BigUint::ZERO =>
            {
                let ideal = exponent - by_exponent;
                let more = (DIGITS + 2 + length(&by)).saturating_sub(length(&digits)) as i64;
                let dividend = digits * ten_to(more);
                let (quotient, rest) = (&dividend / &by, dividend % &by);
                let (digits, exponent) = inexact(quotient, rest == BigUint::ZERO, ideal - more, ideal);
                Finite { negative, digits, exponent }
            }
            (Infinite { .. }, Finite { .. }) => Infinite { negative },
            (Finite { .. }, Infinite { .. }) => Finite { negative, digits: BigUint::ZERO, exponent: LEAST },
            _ => NaN,
        }
    }

    /// Returns what is left of a division by what is not zero; it has the dividend's sign.
    pub fn remainder(self, by: Self) -> Self {
        use Decimal::{Finite, Infinite, NaN};
        match (self, by) {
            (Finite { negative, digits, exponent }, Finite { digits: by, exponent: by_exponent, .. })
                if by != BigUint::ZERO =>
            {
                let least = exponent.min(by_exponent);
                let digits = (digits * ten_to(exponent - least)) % (by * ten_to(by_exponent - least));
                Finite { negative, digits, exponent: least }
            }
            (it @ Finite { .. }, Infinite { .. }) => it,
            _ => NaN,
        }
    }

    /// Returns the square root of what is not negative.
    pub fn square_root(self) -> Self {
        let Decimal::Finite { negative, digits, exponent } = self else { return self };
        let ideal = exponent.div_euclid(2);
        let more = 2 * (DIGITS + 2) as i64 + exponent.rem_euclid(2);
        let square = digits * ten_to(more);
        let root = square.sqrt();
        let exact = &root * &root == square;
        let (digits, exponent) = inexact(root, exact, (exponent - more) / 2, ideal);
        Decimal::Finite { negative, digits, exponent }
    }

    /// Cuts the number off at a decimal place, behind the point when positive, and goes as `up` decides: it is told
    /// whether the number is negative, whether its last digit is odd, and how what is cut off compares to a half; nothing
    /// when that is nothing.
    pub fn at_place(self, place: i64, up: fn(bool, bool, std::cmp::Ordering) -> bool) -> Self {
        match self {
            Decimal::Finite { negative, digits, exponent } if exponent < -place => {
                let unit = ten_to(-place - exponent);
                let (kept, rest) = (&digits / &unit, digits % &unit);
                let is_up = rest != BigUint::ZERO && up(negative, kept.bit(0), (rest * 2_u8).cmp(&unit));
                Decimal::Finite { negative, digits: kept + u8::from(is_up), exponent: -place }
            }
            other => other,
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decimal::NaN => f.write_str("NaN"),
            Decimal::Infinite { negative } => write!(f, "{}Infinity", sign(*negative)),
            Decimal::Finite { negative, digits, exponent } => {
                write!(f, "{}{digits}E{exponent}", sign(*negative))
            }
        }
    }
}

fn sign(negative: bool) -> &'static str {
    if negative { "-" } else { "" }
}

fn ten_to(exponent: i64) -> BigUint {
    BigUint::from(10_u8).pow(exponent.try_into().unwrap_or(0))
}

/// How many decimal digits a number has.
fn length(number: &BigUint) -> u64 {
    number.to_string().len() as u64
}

/// Returns a result with a digit for what was left over; of an exact one, without the zeros that lead away from the
/// exponent it would have by itself.
fn inexact(mut digits: BigUint, exact: bool, mut exponent: i64, ideal: i64) -> (BigUint, i64) {
    if !exact {
        return (digits * 10_u8 + 1_u8, exponent - 1);
    }
    while exponent < ideal && &digits % 10_u8 == BigUint::ZERO {
        if digits == BigUint::ZERO {
            return (digits, ideal);
        }
        digits /= 10_u8;
        exponent += 1;
    }
    (digits, exponent)
}

/// Rounds to what decimal128 holds; nothing when it is too large.
fn fit(digits: BigUint, exponent: i64) -> Option<(BigUint, i64)> {
    let excess = (length(&digits) as i64 - DIGITS as i64).max(LEAST - exponent);
    if excess > 0 {
        let half_even = |_: bool, odd: bool, half: std::cmp::Ordering| half.is_gt() || (half.is_eq() && odd);
        let rounded =
            Decimal::Finite { negative: false, digits, exponent }.at_place(-(exponent + excess), half_even);
        let Decimal::Finite { digits, exponent, .. } = rounded else { return None };
        // A row of nines has become one digit longer.
        return if length(&digits) > DIGITS { fit(digits, exponent) } else { bounded(digits, exponent) };
    }
    bounded(digits, exponent)
}

fn bounded(digits: BigUint, exponent: i64) -> Option<(BigUint, i64)> {
    if digits == BigUint::ZERO {
        return Some((digits, exponent.clamp(LEAST, MOST)));
    }
    let beyond = (exponent - MOST).max(0);
    if beyond > DIGITS as i64 {
        return None;
    }
    let digits = digits * ten_to(beyond);
    (length(&digits) <= DIGITS).then_some((digits, exponent - beyond))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(operation: fn(Decimal, Decimal) -> Decimal, cases: &[(&str, &str, &str)]) {
        for (left, right, expected) in cases {
            let found = operation(Decimal::parse(left), Decimal::parse(right)).round();
            assert_eq!(found.to_string(), *expected, "{left} and {right}");
        }
    }

    const NINES: &str = "9999999999999999999999999999999999";

    #[test]
    fn sums_are_exact_until_they_are_rounded() {
        check(
            Decimal::plus,
            &[
                ("0.1", "0.2", "0.3"),
                ("1.10", "2.2", "3.30"),
                ("-5", "5", "0"),
                (NINES, "1", "1.000000000000000000000000000000000E+34"),
                // Half to even: the last digit stays, then goes up.
                ("1000000000000000000000000000000000", "0.5", "1000000000000000000000000000000000"),
                ("1000000000000000000000000000000001", "0.5", "1000000000000000000000000000000002"),
                ("1E+6000", "1E-6000", "1.000000000000000000000000000000000E+6000"),
                ("9.999999999999999999999999999999999E+6144", "1E+6144", "Infinity"),
                ("Infinity", "-Infinity", "NaN"),
                ("-Infinity", "1", "-Infinity"),
                ("NaN", "1", "NaN"),
            ],
        );
    }

    #[test]
    fn products_and_quotients_keep_34_digits() {
        check(
            Decimal::multiply,
            &[
                ("1.1", "1.1", "1.21"),
                ("-3", "0.10", "-0.30"),
                (NINES, NINES, "9.999999999999999999999999999999998E+67"),
                ("1E-6000", "1E-6000", "0E-6176"),
                ("1E+6000", "1E+6000", "Infinity"),
                ("Infinity", "0", "NaN"),
                ("Infinity", "-2", "-Infinity"),
            ],
        );
        check(
            Decimal::divide,
            &[
                ("1", "4", "0.25"),
                ("1", "3", "0.3333333333333333333333333333333333"),
                ("2", "3", "0.6666666666666666666666666666666667"),
                ("10", "5", "2"),
                ("-1.20", "0.3", "-4.0"),
                ("1", "Infinity", "0E-6176"),
                ("Infinity", "Infinity", "NaN"),
            ],
        );
        check(
            Decimal::remainder,
            &[("7", "2.5", "2.0"), ("-7", "3", "-1"), ("1E+30", "7", "1"), ("5", "Infinity", "5")],
        );
    }

    #[test]
    fn roots_and_places_are_exact() {
        check(
            |it, _| it.square_root(),
            &[
                ("4", "", "2"),
                ("2", "", "1.414213562373095048801688724209698"),
                ("0.01", "", "0.1"),
                ("1000", "", "31.62277660168379331998893544432719"),
                ("0", "", "0"),
            ],
        );
        check(
            |it, _| it.at_place(0, |negative, _, _| negative),
            &[("-1.5", "", "-2"), ("1.5", "", "1"), ("7", "", "7")],
        );
        check(
            |it, _| it.at_place(1, |_, odd, half| half.is_gt() || half.is_eq() && odd),
            &[("1.25", "", "1.2"), ("1.35", "", "1.4"), ("-1.251", "", "-1.3"), ("1E+3", "", "1E+3")],
        );
    }

    #[test]
    fn doubles_count_with_15_digits() {
        let round = |it: f64| Decimal::double(it).round().to_string();
        assert_eq!(round(0.1), "0.100000000000000");
        assert_eq!(round(-5.5), "-5.50000000000000");
        assert_eq!([round(f64::NAN), round(f64::NEG_INFINITY)], ["NaN", "-Infinity"]);
    }

    #[test]
    fn integers_are_reckoned_with_as_integers_are() {
        proptest!(|(a in any::<i64>(), b in any::<i64>())| {
            let [x, y] = [a, b].map(|it| Decimal::whole(it.into()));
            let text = |it: Decimal| it.round().to_string();
            prop_assert_eq!(text(x.clone().plus(y.clone())), (i128::from(a) + i128::from(b)).to_string());
            prop_assert_eq!(text(x.clone().subtract(y.clone())), (i128::from(a) - i128::from(b)).to_string());
            if b != 0 {
                let rest = Decimal::whole(i128::from(a) % i128::from(b));
                prop_assert!(x.clone().remainder(y.clone()).subtract(rest).is_zero());
                prop_assert!(x.clone().multiply(y.clone()).divide(y).subtract(x).is_zero());
            }
        });
    }
}
