//! What each operator does to the value at a path.

use std::cmp::Ordering;

use bson::{Bson, DateTime, Document, Timestamp};

use super::arithmetic::{Bits, add, is_number, multiply, zero_like};
use super::array::{Push, Unwanted, add_to_set, pop, pull};
use super::path::UpdatePath;
use super::walk::{Change, DeadEnd, Walk};
use crate::docdb::value::compare;
use crate::docdb::value::show::Shown;
use crate::docdb::value::view::View;
use crate::docdb::{Error, Result};

/// A parsed operator with its operand.
#[derive(Debug)]
pub enum Operator {
    Set(Bson),
    SetOnInsert(Bson),
    Unset,
    Inc(Bson),
    Mul(Bson),
    /// The least or the greatest of both, by the order that makes it win.
    Extreme(Bson, Ordering),
    Rename(UpdatePath),
    Bit(Bits),
    Push(Push),
    AddToSet(Vec<Bson>),
    /// Whether the first element goes, not the last.
    Pop(bool),
    Pull(Unwanted),
}

impl Operator {
    /// Parses the operand of an operator.
    ///
    /// # Errors
    /// The operator is unknown; the operand does not fit it.
    pub fn parse(name: &str, path: &UpdatePath, operand: &Bson, now: DateTime) -> Result<Self> {
        let value = || operand.clone();
        Ok(match name {
            "$set" => Operator::Set(value()),
            "$setOnInsert" => Operator::SetOnInsert(value()),
            "$unset" => Operator::Unset,
            "$inc" | "$mul" if !is_number(operand) => {
                let shown = Shown(View::from(operand));
                return Err(Error::invalid(
                    14,
                    format!("cannot apply {name} with non-numeric argument: {{{path}: {shown}}}"),
                ));
            }
            "$inc" => Operator::Inc(value()),
            "$mul" => Operator::Mul(value()),
            "$min" => Operator::Extreme(value(), Ordering::Less),
            "$max" => Operator::Extreme(value(), Ordering::Greater),
            "$rename" => Operator::Rename(parse_target(path, operand)?),
            "$bit" => Operator::Bit(Bits::parse(operand)?),
            "$currentDate" => Operator::Set(current(operand, now)?),
            "$push" => Operator::Push(Push::parse(operand)?),
            "$addToSet" => Operator::AddToSet(parse_each(operand)?),
            "$pop" => Operator::Pop(parse_end(operand)?),
            "$pull" => Operator::Pull(Unwanted::parse(operand)?),
            "$pullAll" => Operator::Pull(Unwanted::parse_all(operand)?),
            _ => return Err(Error::UnknownOperator { name: name.to_owned() }),
        })
    }

    /// Refuses a name that is no operator's, where no operand would.
    pub fn check_name(name: &str) -> Result<()> {
        const NAMES: [&str; 15] = [
            "$set",
            "$setOnInsert",
            "$unset",
            "$inc",
            "$mul",
            "$min",
            "$max",
            "$rename",
            "$bit",
            "$currentDate",
            "$push",
            "$addToSet",
            "$pop",
            "$pull",
            "$pullAll",
        ];
        if NAMES.contains(&name) { Ok(()) } else { Err(Error::UnknownOperator { name: name.to_owned() }) }
    }

    /// Returns the second path that the operator writes.
    pub fn target(&self) -> Option<&UpdatePath> {
        match self {
            Operator::Rename(to) => Some(to),
            _ => None,
        }
    }

    /// Applies the operator to a place.
    pub fn apply(&self, document: &mut Document, place: &UpdatePath, inserting: bool) -> Result<()> {
        match self {
            Operator::Rename(to) => rename(document, place, to),
            Operator::SetOnInsert(_) if !inserting => Ok(()),
            _ => {
                let mut edit = |present: Option<&Bson>| self.edit(present, place);
                Walk { dead_end: self.dead_end(), edit: &mut edit }.go(document, place)
            }
        }
    }

    /// What it does where there is no value.
    pub fn dead_end(&self) -> DeadEnd {
        match self {
            Operator::Unset => DeadEnd::Ignored,
            Operator::Pop(_) | Operator::Pull(_) | Operator::Rename(_) => DeadEnd::Left,
            _ => DeadEnd::Made,
        }
    }

    fn edit(&self, present: Option<&Bson>, path: &UpdatePath) -> Result<Change> {
        let number = |present: &Bson| {
            if is_number(present) {
                return Ok(());
            }
            let shown = Shown(View::from(present));
            Err(Error::invalid(
                14,
                format!("cannot apply arithmetic to a value that is no number: {{{path}: {shown}}}"),
            ))
        };
        Ok(match (self, present) {
            (Operator::Set(value) | Operator::SetOnInsert(value), _) => Change::Put(value.clone()),
            (Operator::Unset | Operator::Rename(_), _) => Change::Remove,
            (Operator::Inc(by), None) => Change::Put(by.clone()),
            (Operator::Inc(by), Some(present)) => {
                number(present)?;
                Change::Put(add(present, by)?)
            }
            (Operator::Mul(by), None) => Change::Put(zero_like(by)),
            (Operator::Mul(by), Some(present)) => {
                number(present)?;
                Change::Put(multiply(present, by)?)
            }
            (Operator::Extreme(value, wins), Some(present)) if compare(value, present) != *wins => {
                Change::Keep
            }
            (Operator::Extreme(value, _), _) => Change::Put(value.clone()),
            (Operator::Bit(bits), _) => Change::Put(bits.apply(present)?),
            (Operator::Pop(_) | Operator::Pull(_), None) => Change::Keep,
            (Operator::Push(push), _) => Change::Put(Bson::Array(push.apply(items(present, path)?)?)),
            (Operator::AddToSet(values), _) => {
                Change::Put(Bson::Array(add_to_set(items(present, path)?, values)))
            }
            (Operator::Pop(first), _) => Change::Put(Bson::Array(pop(items(present, path)?, *first))),
            (Operator::Pull(unwanted), _) => Change::Put(Bson::Array(pull(items(present, path)?, unwanted)?)),
        })
    }
}

/// The elements of an array, none of a missing one.
fn items(present: Option<&Bson>, path: &UpdatePath) -> Result<Vec<Bson>> {
    match present {
        None => Ok(Vec::new()),
        Some(Bson::Array(items)) => Ok(items.clone()),
        Some(other) => {
            let shown = Shown(View::from(other));
            Err(Error::invalid(2, format!("the field '{path}' must be an array but is {shown}")))
        }
    }
}

fn rename(document: &mut Document, from: &UpdatePath, to: &UpdatePath) -> Result<()> {
    if passes_array(document, from) || passes_array(document, to) {
        return Err(Error::invalid(2, format!("cannot rename '{from}' to '{to}': an element of an array")));
    }
    let mut taken = None;
    let mut take = |present: Option<&Bson>| {
        taken = present.cloned();
        Ok(Change::Remove)
    };
    Walk { dead_end: DeadEnd::Left, edit: &mut take }.go(document, from)?;
    let Some(value) = taken else { return Ok(()) };
    let mut put = |_: Option<&Bson>| Ok(Change::Put(value.clone()));
    Walk { dead_end: DeadEnd::Made, edit: &mut put }.go(document, to)
}

/// Whether a path enters an array before its end.
fn passes_array(document: &Document, path: &UpdatePath) -> bool {
    let mut document = document;
    let Some((_, above)) = path.steps().split_last() else { return false };
    for step in above {
        match document.get(step.to_string()) {
            Some(Bson::Document(inner)) => document = inner,
            other => return matches!(other, Some(Bson::Array(_))),
        }
    }
    false
}

fn parse_target(from: &UpdatePath, operand: &Bson) -> Result<UpdatePath> {
    let Bson::String(to) = operand else {
        return Err(Error::invalid(2, "the 'to' field for $rename must be a string"));
    };
    let to = UpdatePath::parse(to)?;
    if to == *from {
        return Err(Error::invalid(
            2,
            format!("the source and target field for $rename must differ: '{to}'"),
        ));
    }
    match from.means_elements() || to.means_elements() {
        true => Err(Error::invalid(2, format!("cannot rename '{from}' to '{to}': an element of an array"))),
        false => Ok(to),
    }
}

fn current(operand: &Bson, now: DateTime) -> Result<Bson> {
    let kind = match operand {
        Bson::Boolean(_) => Some("date"),
        Bson::Document(it) if it.len() == 1 => it.get_str("$type").ok(),
        _ => None,
    };
    match kind {
        Some("date") => Ok(Bson::DateTime(now)),
        Some("timestamp") => {
            let time = u32::try_from(now.timestamp_millis() / 1000).unwrap_or_default();
            Ok(Bson::Timestamp(Timestamp { time, increment: 1 }))
        }
        _ => Err(Error::invalid(2, "$currentDate takes true, or a $type of 'date' or 'timestamp'")),
    }
}

fn parse_each(operand: &Bson) -> Result<Vec<Bson>> {
    let Some(modifiers) = operand.as_document().filter(|it| it.contains_key("$each")) else {
        return Ok(vec![operand.clone()]);
    };
    if let Some(name) = modifiers.keys().find(|it| *it != "$each") {
        return Err(Error::invalid(2, format!("found unexpected fields after $each in $addToSet: {name}")));
    }
    match modifiers.get("$each") {
        Some(Bson::Array(values)) => Ok(values.clone()),
        _ => Err(Error::invalid(14, "the argument to $each in $addToSet must be an array")),
    }
}

fn parse_end(operand: &Bson) -> Result<bool> {
    match crate::docdb::value::number::whole(View::from(operand)) {
        Some(1) => Ok(false),
        Some(-1) => Ok(true),
        _ => Err(Error::invalid(9, "$pop expects 1 or -1")),
    }
}
