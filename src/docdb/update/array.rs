//! Operators on arrays.

use bson::{Bson, Document};

use crate::docdb::filter::ElementFilter;
use crate::docdb::sort::ElementSort;
use crate::docdb::value::equals;
use crate::docdb::value::number::whole;
use crate::docdb::value::view::View;
use crate::docdb::{Error, Result};

/// A parsed `$push`.
#[derive(Debug)]
pub struct Push {
    each: Vec<Bson>,
    /// Where they are inserted, counted from the end when negative.
    position: Option<i64>,
    sort: Option<ElementSort>,
    /// How many are kept, the last ones when negative.
    slice: Option<i64>,
}

impl Push {
    /// Parses a value, or `$each` with its modifiers.
    pub fn parse(operand: &Bson) -> Result<Self> {
        let Some(modifiers) = operand.as_document().filter(|it| it.keys().any(|it| it.starts_with('$')))
        else {
            return Ok(Push { each: vec![operand.clone()], position: None, sort: None, slice: None });
        };
        const KNOWN: [&str; 4] = ["$each", "$position", "$sort", "$slice"];
        if let Some(name) = modifiers.keys().find(|it| !KNOWN.contains(&it.as_str())) {
            return Err(Error::invalid(2, format!("unrecognized clause in $push: {name}")));
        }
        let Some(Bson::Array(each)) = modifiers.get("$each") else {
            return Err(Error::invalid(2, "the argument to $each in $push must be an array"));
        };
        Ok(Push {
            each: each.clone(),
            position: integer(modifiers, "$position")?,
            sort: modifiers.get("$sort").map(|it| ElementSort::parse("$push", it)).transpose()?,
            slice: integer(modifiers, "$slice")?,
        })
    }

    /// Inserts, then sorts, then slices.
    pub fn apply(&self, mut items: Vec<Bson>) -> Result<Vec<Bson>> {
        let length = items.len();
        let at = match self.position {
            None => length,
            Some(position) if position < 0 => length.saturating_sub(magnitude(position)),
            Some(position) => magnitude(position).min(length),
        };
        items.splice(at..at, self.each.iter().cloned());
        if let Some(sort) = &self.sort {
            sort.sort(&mut items);
        }
        match self.slice {
            None => {}
            Some(slice) if slice < 0 => drop(items.drain(..items.len().saturating_sub(magnitude(slice)))),
            Some(slice) => items.truncate(magnitude(slice)),
        }
        Ok(items)
    }
}

fn integer(modifiers: &Document, name: &str) -> Result<Option<i64>> {
    let Some(value) = modifiers.get(name) else { return Ok(None) };
    match whole(View::from(value)) {
        Some(integer) => Ok(Some(integer)),
        None => Err(Error::invalid(2, format!("the value for {name} must be an integer"))),
    }
}

fn magnitude(number: i64) -> usize {
    usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX)
}

/// Appends the values that are not there yet, each once.
pub fn add_to_set(mut items: Vec<Bson>, values: &[Bson]) -> Vec<Bson> {
    for value in values {
        if !items.iter().any(|it| equals(it, value)) {
            items.push(value.clone());
        }
    }
    items
}

/// Removes the first or the last element.
pub fn pop(mut items: Vec<Bson>, first: bool) -> Vec<Bson> {
    if first {
        items.drain(..items.len().min(1));
    } else {
        items.pop();
    }
    items
}

/// What `$pull` and `$pullAll` remove.
#[derive(Debug)]
pub enum Unwanted {
    Equal(Vec<Bson>),
    Matching(ElementFilter),
}

impl Unwanted {
    /// Parses a value, operators, or a query on objects.
    pub fn parse(operand: &Bson) -> Result<Self> {
        match operand {
            Bson::Document(_) | Bson::RegularExpression(_) => {
                Ok(Unwanted::Matching(ElementFilter::parse(operand)?))
            }
            value => Ok(Unwanted::Equal(vec![value.clone()])),
        }
    }

    /// Parses a list of values.
    pub fn parse_all(operand: &Bson) -> Result<Self> {
        match operand {
            Bson::Array(values) => Ok(Unwanted::Equal(values.clone())),
            _ => Err(Error::invalid(2, "$pullAll requires an array argument")),
        }
    }
}

/// Removes elements.
pub fn pull(items: Vec<Bson>, unwanted: &Unwanted) -> Result<Vec<Bson>> {
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        let goes = match unwanted {
            Unwanted::Equal(values) => values.iter().any(|it| equals(it, &item)),
            Unwanted::Matching(filter) => filter.matches(View::from(&item))?,
        };
        if !goes {
            kept.push(item);
        }
    }
    Ok(kept)
}
