//! Numbers as expressions see them: 32 and 64 bit integers widen when they overflow, to doubles at last; what a decimal128
//! takes part in is one.

use bson::{Bson, Decimal128};

use crate::docdb::value::decimal::Decimal;
use crate::docdb::value::number;
use crate::docdb::value::view::View;

/// A number taken out of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::docdb::aggregate) enum Number {
    Int(i32),
    Long(i64),
    Double(f64),
    Decimal(Decimal128),
}

impl Number {
    pub(in crate::docdb::aggregate) fn of(value: &Bson) -> Option<Self> {
        match value {
            Bson::Int32(it) => Some(Number::Int(*it)),
            Bson::Int64(it) => Some(Number::Long(*it)),
            Bson::Double(it) => Some(Number::Double(*it)),
            Bson::Decimal128(it) => Some(Number::Decimal(*it)),
            _ => None,
        }
    }

    pub(in crate::docdb::aggregate) fn as_f64(self) -> f64 {
        match self {
            Number::Int(it) => it.into(),
            Number::Long(it) => it as f64,
            Number::Double(it) => it,
            Number::Decimal(it) => it.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    pub(in crate::docdb::aggregate) fn to_decimal(self) -> Decimal {
        match self {
            Number::Int(it) => Decimal::whole(it.into()),
            Number::Long(it) => Decimal::whole(it.into()),
            Number::Double(it) => Decimal::double(it),
            Number::Decimal(it) => Decimal::read(it),
        }
    }

    pub(in crate::docdb::aggregate) fn is_zero(self) -> bool {
        match self {
            Number::Decimal(it) => Decimal::read(it).is_zero(),
            other => other.as_f64() == 0.0,
        }
    }

    /// Returns the number as an integer if it is one.
    pub(in crate::docdb::aggregate) fn as_i64(self) -> Option<i64> {
        match self {
            Number::Int(it) => Some(it.into()),
            Number::Long(it) => Some(it),
            Number::Double(it) => {
                // 2^63 itself is a double, but not an i64.
                let limit = 2_f64.powi(63);
                let fits = it.fract() == 0.0 && (-limit..limit).contains(&it);
                fits.then_some(it as i64)
            }
            Number::Decimal(it) => number::whole(View::Decimal(it)),
        }
    }

    /// Returns the result of integer arithmetic: as wide as its operands, wider if it must be.
    pub(in crate::docdb::aggregate) fn integer(value: i128, wide: bool) -> Bson {
        match (i32::try_from(value), i64::try_from(value)) {
            (Ok(it), _) if !wide => Bson::Int32(it),
            (_, Ok(it)) => Bson::Int64(it),
            _ => Bson::Double(value as f64),
        }
    }
}

impl From<Number> for Bson {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(it) => Bson::Int32(it),
            Number::Long(it) => Bson::Int64(it),
            Number::Double(it) => Bson::Double(it),
            Number::Decimal(it) => Bson::Decimal128(it),
        }
    }
}

/// Returns the value as an integer if it is an integral number of any type.
pub(in crate::docdb::aggregate) fn integer_of(value: &Bson) -> Option<i64> {
    Number::of(value)?.as_i64()
}

/// A running sum: integers and decimals exactly, doubles with the lost low bits kept (Neumaier).
#[derive(Debug, Clone, Default)]
pub(in crate::docdb::aggregate) struct Sum {
    whole: i128,
    wide: bool,
    double: f64,
    lost: f64,
    has_double: bool,
    decimal: Option<Decimal>,
    count: u64,
}

impl Sum {
    pub(in crate::docdb::aggregate) fn add(&mut self, number: Number) {
        self.count += 1;
        match number {
            Number::Int(it) => self.whole += i128::from(it),
            Number::Long(it) => {
                self.wide = true;
                self.whole += i128::from(it);
            }
            Number::Double(it) => {
                self.has_double = true;
                self.add_double(it);
            }
            Number::Decimal(it) => {
                let sum = self.decimal.take().unwrap_or(Decimal::whole(0)).plus(Decimal::read(it));
                // Rounded as it goes, or it would grow without end.
                self.decimal = Some(Decimal::read(sum.round()));
            }
        }
    }

    fn add_double(&mut self, number: f64) {
        let sum = self.double + number;
        if sum.is_finite() {
            self.lost += if self.double.abs() >= number.abs() {
                (self.double - sum) + number
            } else {
                (number - sum) + self.double
            };
        }
        self.double = sum;
    }

    pub(in crate::docdb::aggregate) fn total(&self) -> Bson {
        match (self.to_decimal(), self.has_double) {
            (Some(total), _) => Bson::Decimal128(total.round()),
            (None, true) => Bson::Double(self.as_f64()),
            (None, false) => Number::integer(self.whole, self.wide),
        }
    }

    /// Returns the mean, `None` of nothing.
    pub(in crate::docdb::aggregate) fn mean(&self) -> Option<Bson> {
        let mean = |total: Decimal| Bson::Decimal128(total.divide(Decimal::whole(self.count.into())).round());
        let of_doubles = || Bson::Double(self.as_f64() / self.count as f64);
        (self.count > 0).then(|| self.to_decimal().map_or_else(of_doubles, mean))
    }

    /// Returns the sum when a decimal is part of it.
    fn to_decimal(&self) -> Option<Decimal> {
        let sum = self.decimal.clone()?.plus(Decimal::whole(self.whole));
        Some(if self.has_double { sum.plus(Decimal::double(self.double + self.lost)) } else { sum })
    }

    fn as_f64(&self) -> f64 {
        let mut all = self.clone();
        all.add_double(self.whole as f64);
        match all.double.is_finite() {
            true => all.double + all.lost,
            false => all.double,
        }
    }
}
