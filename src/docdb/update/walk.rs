//! Going to a place in a document, by names and positions, and changing what is there.

use bson::{Bson, Document};

use super::path::{Step, UpdatePath};
use crate::docdb::value::path::position;
use crate::docdb::value::show::Shown;
use crate::docdb::{Error, Result};

/// How far beyond its end an array may be extended, as in MongoDB.
const MOST_PADDING: usize = 1_500_000;

/// What becomes of a place.
pub enum Change {
    Keep,
    Put(Bson),
    /// A field goes, an element becomes null.
    Remove,
}

/// What becomes of a way that leads nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum DeadEnd {
    /// What is missing is made; a value that cannot have it is an error.
    Made,
    /// What is missing stays so; a value that cannot have it is an error.
    Left,
    /// Neither is an error.
    Ignored,
}

/// A way through a document.
pub struct Walk<'a> {
    pub dead_end: DeadEnd,
    /// Decides by what is there.
    pub edit: &'a mut dyn FnMut(Option<&Bson>) -> Result<Change>,
}

impl Walk<'_> {
    /// Changes the place.
    ///
    /// # Errors
    /// The way goes through a value that has no fields (28); the edit fails.
    pub fn go(&mut self, document: &mut Document, path: &UpdatePath) -> Result<()> {
        self.document(document, path.steps())
    }

    fn document(&mut self, document: &mut Document, steps: &[Step]) -> Result<()> {
        let Some((step, rest)) = steps.split_first() else { return Ok(()) };
        let name = step.text();
        match self.place(&name, document.get_mut(&*name), rest)? {
            Change::Keep => {}
            Change::Put(value) => drop(document.insert(name, value)),
            Change::Remove => drop(document.remove(&*name)),
        }
        Ok(())
    }

    fn array(&mut self, name: &str, items: &mut Vec<Bson>, steps: &[Step]) -> Result<()> {
        let Some((step, rest)) = steps.split_first() else { return Ok(()) };
        let Some(position) = position(&step.text()) else {
            return match self.dead_end {
                DeadEnd::Ignored => Ok(()),
                _ => Err(not_viable(step, name, &Bson::Array(items.clone()))),
            };
        };
        match (self.place(&step.text(), items.get_mut(position), rest)?, items.get_mut(position)) {
            (Change::Keep, _) | (Change::Remove, None) => {}
            (Change::Put(value), Some(item)) => *item = value,
            (Change::Remove, Some(item)) => *item = Bson::Null,
            (Change::Put(value), None) => {
                if position - items.len() > MOST_PADDING {
                    return Err(Error::invalid(2, "cannot extend an array by so many elements"));
                }
                items.resize(position, Bson::Null);
                items.push(value);
            }
        }
        Ok(())
    }

    /// Returns what becomes of a place; what lies below it is changed on the spot.
    fn place(&mut self, name: &str, present: Option<&mut Bson>, steps: &[Step]) -> Result<Change> {
        let Some((step, rest)) = steps.split_first() else { return (self.edit)(present.as_deref()) };
        match present {
            Some(Bson::Document(document)) => self.document(document, steps).map(|()| Change::Keep),
            Some(Bson::Array(items)) => self.array(name, items, steps).map(|()| Change::Keep),
            Some(value) if self.dead_end != DeadEnd::Ignored => Err(not_viable(step, name, value)),
            None if self.dead_end == DeadEnd::Made => match self.place(&step.text(), None, rest)? {
                Change::Put(value) => {
                    let mut made = Document::new();
                    made.insert(step.to_string(), value);
                    Ok(Change::Put(Bson::Document(made)))
                }
                change => Ok(change),
            },
            Some(_) | None => Ok(Change::Keep),
        }
    }
}

/// A way through a value that has no such field.
pub fn not_viable(step: &Step, name: &str, value: &Bson) -> Error {
    Error::invalid(28, format!("cannot create field '{step}' in element {{{name}: {}}}", Shown(value.into())))
}
