//! Numbers of updates: types are kept as far as the result fits them.

use bson::Bson;

use crate::docdb::value::decimal::Decimal;
use crate::docdb::{Error, Result};

/// Whether `$inc` and `$mul` can work on a value.
pub fn is_number(value: &Bson) -> bool {
    matches!(value, Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_))
}

/// What `$mul` makes of a missing field.
pub fn zero_like(by: &Bson) -> Bson {
    match by {
        Bson::Int64(_) => Bson::Int64(0),
        Bson::Double(_) => Bson::Double(0.0),
        Bson::Decimal128(_) => Bson::Decimal128(Decimal::whole(0).round()),
        _ => Bson::Int32(0),
    }
}

pub fn add(left: &Bson, right: &Bson) -> Result<Bson> {
    compute(left, right, i64::checked_add, |left, right| left + right, Decimal::plus)
}

pub fn multiply(left: &Bson, right: &Bson) -> Result<Bson> {
    compute(left, right, i64::checked_mul, |left, right| left * right, Decimal::multiply)
}

/// Integers stay integers: 32 bits as long as both are and the result fits.
fn compute(
    left: &Bson,
    right: &Bson,
    whole: fn(i64, i64) -> Option<i64>,
    real: fn(f64, f64) -> f64,
    decimal: fn(Decimal, Decimal) -> Decimal,
) -> Result<Bson> {
    if matches!((left, right), (Bson::Decimal128(_), _) | (_, Bson::Decimal128(_))) {
        let [left, right] = [left, right].map(|it| Decimal::of(it).unwrap_or(Decimal::NaN));
        return Ok(Bson::Decimal128(decimal(left, right).round()));
    }
    let (Some(a), Some(b)) = (integer(left), integer(right)) else {
        return Ok(Bson::Double(real(double(left), double(right))));
    };
    let result = whole(a, b).ok_or_else(|| Error::invalid(2, "the result does not fit 64 bits"))?;
    let small = matches!((left, right), (Bson::Int32(_), Bson::Int32(_)));
    Ok(match i32::try_from(result) {
        Ok(result) if small => Bson::Int32(result),
        _ => Bson::Int64(result),
    })
}

fn integer(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(it) => Some(i64::from(*it)),
        Bson::Int64(it) => Some(*it),
        _ => None,
    }
}

fn double(value: &Bson) -> f64 {
    match value {
        Bson::Double(it) => *it,
        _ => integer(value).map_or(f64::NAN, |it| it as f64),
    }
}

/// The operations of `$bit`, in turn.
#[derive(Debug)]
pub struct Bits(Vec<(Bitwise, Bson)>);

#[derive(Debug, Clone, Copy)]
enum Bitwise {
    And,
    Or,
    Xor,
}

impl Bits {
    pub fn parse(operand: &Bson) -> Result<Self> {
        let refused = || Error::invalid(2, "$bit takes an object of 'and', 'or', 'xor' with integers");
        let operations = operand.as_document().filter(|it| !it.is_empty()).ok_or_else(refused)?;
        let parsed = operations.iter().map(|(name, mask)| {
            let operation = match name.as_str() {
                "and" => Bitwise::And,
                "or" => Bitwise::Or,
                "xor" => Bitwise::Xor,
                _ => return Err(refused()),
            };
            integer(mask).map(|_| (operation, mask.clone())).ok_or_else(refused)
        });
        Ok(Bits(parsed.collect::<Result<_>>()?))
    }

    /// Returns the outcome; a missing field counts as 0.
    pub fn apply(&self, present: Option<&Bson>) -> Result<Bson> {
        let mut value = present.cloned().unwrap_or(Bson::Int32(0));
        for (operation, mask) in &self.0 {
            let (Some(bits), Some(mask_bits)) = (integer(&value), integer(mask)) else {
                return Err(Error::invalid(2, "cannot apply $bit to a value that is no integer"));
            };
            let result = match operation {
                Bitwise::And => bits & mask_bits,
                Bitwise::Or => bits | mask_bits,
                Bitwise::Xor => bits ^ mask_bits,
            };
            value = match (&value, mask, i32::try_from(result)) {
                (Bson::Int32(_), Bson::Int32(_), Ok(small)) => Bson::Int32(small),
                _ => Bson::Int64(result),
            };
        }
        Ok(value)
    }
}
