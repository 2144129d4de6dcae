//! `$bitsAllSet`, `$bitsAllClear`, `$bitsAnySet`, `$bitsAnyClear`.

use bson::Bson;

use crate::docdb::value::number::{self, truncated, whole};
use crate::docdb::value::view::View;
use crate::docdb::{Error, Result};

/// A condition on some bits of an integer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits {
    positions: Vec<u32>,
    all: bool,
    set: bool,
}

impl Bits {
    /// Parses a mask, or a list of positions.
    ///
    /// # Errors
    /// BadValue (2): the mask is negative or no integer.
    pub fn parse(name: &str, operand: &Bson) -> Result<Self> {
        let refuse = || Error::invalid(2, format!("{name} takes a bit mask or a list of bit positions"));
        let positions = match operand {
            Bson::Array(items) => items.iter().map(position).collect::<Option<_>>(),
            Bson::Binary(binary) => Some(positions_in(&binary.bytes)),
            _ => whole(operand.into()).filter(|it| *it >= 0).map(|it| positions_in(&it.to_le_bytes())),
        };
        let positions = positions.ok_or_else(refuse)?;
        Ok(Self { positions, all: name.contains("All"), set: name.ends_with("Set") })
    }

    /// Returns whether a value is an integer (or bytes) whose bits are so.
    pub fn accept(&self, value: View<'_>) -> bool {
        let is_set: Box<dyn Fn(u32) -> bool> = match value {
            View::Binary { bytes, .. } => {
                Box::new(|at| bytes.get(at as usize / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1))
            }
            _ => match truncated(value) {
                // Bits beyond the integer repeat its sign.
                Some(integer) if number::compare(value, View::Int64(integer)).is_eq() => {
                    Box::new(move |at| integer >> at.min(63) & 1 == 1)
                }
                _ => return false,
            },
        };
        let mut hits = self.positions.iter().map(|at| is_set(*at) == self.set);
        if self.all { hits.all(|hit| hit) } else { hits.any(|hit| hit) }
    }
}

fn position(operand: &Bson) -> Option<u32> {
    u32::try_from(whole(operand.into())?).ok()
}

fn positions_in(bytes: &[u8]) -> Vec<u32> {
    let bits = bytes
        .iter()
        .zip(0u32..)
        .flat_map(|(byte, at)| (0..8).map(move |bit| (byte >> bit & 1, at * 8 + bit)));
    bits.filter(|(bit, _)| *bit == 1).map(|(_, position)| position).collect()
}
