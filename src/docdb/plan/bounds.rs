//! Bounds on the encoded keys of one field.

use std::collections::HashSet;
use std::fmt;

use crate::docdb::geometry::Cell;
use crate::docdb::key;
use crate::docdb::store::successor;
use crate::docdb::value::Class;
use crate::docdb::value::show::Shown;
use crate::docdb::value::view::View;

/// A place between keys: before, or after, all that begin with these bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cut {
    bytes: Vec<u8>,
    after: bool,
}

impl Cut {
    fn before(bytes: Vec<u8>) -> Self {
        Cut { bytes, after: false }
    }

    fn after(bytes: Vec<u8>) -> Self {
        Cut { bytes, after: true }
    }

    /// The least key above the place.
    fn position(&self) -> Vec<u8> {
        if self.after { successor(self.bytes.clone()) } else { self.bytes.clone() }
    }

    /// The same place among inverted keys.
    fn inverted(&self) -> Self {
        Cut { bytes: self.bytes.iter().map(|byte| !byte).collect(), after: !self.after }
    }
}

/// The keys between two places, with the texts that explain them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    low: Cut,
    high: Cut,
    /// `[1` or `(1`.
    low_text: String,
    /// `2]` or `2)`.
    high_text: String,
    /// Whether it is the keys of one value.
    point: bool,
}

impl Interval {
    /// The one value.
    pub fn point(value: View<'_>) -> Self {
        let bytes = key::encoded(value);
        let text = Shown(value).to_string();
        Interval {
            low: Cut::before(bytes.clone()),
            high: Cut::after(bytes),
            low_text: format!("[{text}"),
            high_text: format!("{text}]"),
            point: true,
        }
    }

    /// Null and what is kept below it, an empty array.
    pub fn null() -> Self {
        Interval {
            low: Cut::before(vec![Class::Undefined as u8]),
            high: Cut::after(vec![Class::Null as u8]),
            low_text: "[null".into(),
            high_text: "null]".into(),
            point: false,
        }
    }

    /// The values of the operand's class above it.
    pub fn above(value: View<'_>, included: bool) -> Self {
        let bytes = key::encoded(value);
        let bracket = if included { '[' } else { '(' };
        Interval {
            low: Cut { bytes, after: !included },
            high: Cut::after(vec![Class::of(value) as u8]),
            low_text: format!("{bracket}{}", Shown(value)),
            high_text: "max)".into(),
            point: false,
        }
    }

    /// The values of the operand's class below it. NaN is below no number.
    pub fn below(value: View<'_>, included: bool) -> Self {
        let class = Class::of(value);
        let low = match class {
            Class::Number => Cut::after(key::encoded(View::Double(f64::NAN))),
            _ => Cut::before(vec![class as u8]),
        };
        let bracket = if included { ']' } else { ')' };
        Interval {
            low,
            high: Cut { bytes: key::encoded(value), after: included },
            low_text: "(min".into(),
            high_text: format!("{}{bracket}", Shown(value)),
            point: false,
        }
    }

    /// The texts that begin with one.
    pub fn texts(prefix: &str) -> Self {
        let mut bytes = key::encoded(View::String(prefix));
        // Without its end mark.
        bytes.truncate(bytes.len() - 2);
        Interval {
            low: Cut::before(bytes.clone()),
            high: Cut::after(bytes),
            low_text: format!("[{prefix:?}"),
            high_text: format!("{prefix:?}…]"),
            point: false,
        }
    }

    /// All values of a class.
    pub fn class(class: Class) -> Self {
        let bytes = vec![class as u8];
        Interval {
            low: Cut::before(bytes.clone()),
            high: Cut::after(bytes),
            low_text: format!("[{class:?} min"),
            high_text: format!("{class:?} max]"),
            point: false,
        }
    }

    fn intersection(&self, other: &Self) -> Option<Self> {
        let lower = if self.low.position() >= other.low.position() { self } else { other };
        let upper = if self.high.position() <= other.high.position() { self } else { other };
        let both = Interval {
            low: lower.low.clone(),
            high: upper.high.clone(),
            low_text: lower.low_text.clone(),
            high_text: upper.high_text.clone(),
            point: self.point || other.point,
        };
        (both.low.position() < both.high.position()).then_some(both)
    }

    /// Where the interval begins and ends in an index, `end` itself left out.
    pub fn span(&self, descending: bool) -> (Vec<u8>, Vec<u8>) {
        if descending {
            (self.high.inverted().position(), self.low.inverted().position())
        } else {
            (self.low.position(), self.high.position())
        }
    }

    /// The bytes of a single value's keys.
    pub fn prefix(&self, descending: bool) -> Vec<u8> {
        if descending { self.low.inverted().bytes } else { self.low.bytes.clone() }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.low_text, self.high_text)
    }
}

/// What a field's conditions leave of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// In key order, apart from each other. None at all: nothing can match.
    pub intervals: Vec<Interval>,
    /// Whether every key inside belongs to a match.
    pub exact: bool,
}

impl Bounds {
    pub fn new(mut intervals: Vec<Interval>, exact: bool) -> Self {
        intervals.sort_by_key(|it| it.low.position());
        let mut apart: Vec<Interval> = Vec::new();
        for interval in intervals {
            match apart.last_mut() {
                Some(last) if last.high.position() >= interval.high.position() => {}
                Some(last) if last.high.position() > interval.low.position() => {
                    last.high = interval.high;
                    last.high_text = interval.high_text;
                    last.point = false;
                }
                _ => apart.push(interval),
            }
        }
        Bounds { intervals: apart, exact }
    }

    /// The keys of geometry in some cells: those of cells inside them, and those of cells around them.
    pub fn cells(cells: &[Cell]) -> Self {
        let inside = cells.iter().map(|it| Interval::texts(&it.name()));
        let around: HashSet<_> = cells.iter().flat_map(|it| it.parents()).collect();
        let around = around.into_iter().map(|it| Interval::point(View::String(&it.name())));
        Bounds::new(inside.chain(around).collect(), false)
    }

    /// What two conditions on the same single value leave.
    pub fn intersection(&self, other: &Self) -> Self {
        let pairs =
            self.intervals.iter().flat_map(|a| other.intervals.iter().filter_map(|b| a.intersection(b)));
        Bounds::new(pairs.collect(), self.exact && other.exact)
    }

    pub fn is_points(&self) -> bool {
        self.intervals.iter().all(|it| it.point)
    }

    /// Whether one value is left.
    pub fn is_constant(&self) -> bool {
        self.intervals.len() == 1 && self.is_points()
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.intervals.is_empty() {
            return f.write_str("nothing");
        }
        for (at, interval) in self.intervals.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{interval}")?;
        }
        Ok(())
    }
}
