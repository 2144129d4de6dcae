//! Paths of updates: names, positions, and the three ways to mean elements of an array.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use crate::docdb::value::limits::check_path;
use crate::docdb::value::path::position;
use crate::docdb::{Error, Result};

/// A path that an operator works on: never empty, and its first step is a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpdatePath {
    steps: Vec<Step>,
}

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A field, or a position in an array when it is a number.
    Name(String),
    /// `$`: the element that the query found.
    Found,
    /// `$[]`: every element.
    All,
    /// `$[name]`: the elements that an array filter accepts.
    Filtered(String),
}

impl UpdatePath {
    /// Parses a path.
    ///
    /// # Errors
    /// It or a part of it is empty (56); it begins with `$` (52), or a part does without meaning (2); it has several
    /// `$` (2); it has too many parts (15).
    pub fn parse(text: &str) -> Result<Self> {
        check_path(text)?;
        let steps: Vec<_> = text.split('.').map(|step| Step::parse(step, text)).collect::<Result<_>>()?;
        if steps.iter().filter(|it| **it == Step::Found).count() > 1 {
            let message = format!("Too many positional (i.e. '$') elements found in path '{text}'");
            return Err(Error::invalid(2, message));
        }
        match steps.first() {
            Some(Step::Name(_)) => Ok(UpdatePath { steps }),
            _ => Err(Error::invalid(2, format!("the path '{text}' cannot begin with elements of an array"))),
        }
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns a path through fields and positions alone.
    pub fn of_names(names: impl IntoIterator<Item = String>) -> Self {
        UpdatePath { steps: names.into_iter().map(Step::Name).collect() }
    }

    /// Whether which elements it means depends on the document.
    pub fn means_elements(&self) -> bool {
        !self.steps.iter().all(|it| matches!(it, Step::Name(_)))
    }

    /// Whether it needs the position that the query found.
    pub fn is_positional(&self) -> bool {
        self.steps.contains(&Step::Found)
    }

    /// Returns the names of the array filters it uses.
    pub fn filters(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|it| match it {
            Step::Filtered(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether the other path is this one or lies below it.
    pub fn begins(&self, other: &Self) -> bool {
        other.steps.starts_with(&self.steps)
    }
}

impl fmt::Display for UpdatePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(f, "{dot}{step}")?;
        }
        Ok(())
    }
}

impl Step {
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Step::Name(name) => Cow::Borrowed(name),
            Step::Found => Cow::Borrowed("$"),
            Step::All => Cow::Borrowed("$[]"),
            Step::Filtered(name) => Cow::Owned(format!("$[{name}]")),
        }
    }

    fn parse(text: &str, path: &str) -> Result<Self> {
        match text {
            "" => Err(Error::invalid(56, format!("the update path '{path}' contains an empty field name"))),
            "$" => Ok(Step::Found),
            "$[]" => Ok(Step::All),
            _ => match text.strip_prefix("$[").and_then(|it| it.strip_suffix(']')) {
                Some(name) => Ok(Step::Filtered(name.to_owned())),
                None if text.starts_with('$') => Err(Error::invalid(
                    52,
                    format!("the dollar ($) prefixed field '{text}' in '{path}' is not allowed"),
                )),
                None => Ok(Step::Name(text.to_owned())),
            },
        }
    }
}

/// Positions first and by number, other steps by their text.
impl Ord for Step {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (self.text(), other.text());
        match (position(&left), position(&right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            (left, right) => right.is_some().cmp(&left.is_some()),
        }
        .then_with(|| left.cmp(&right))
    }
}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
