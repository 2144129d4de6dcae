//! Field paths, and what they reach in a document: MongoDB's traversal of arrays.

use std::fmt;

use super::limits::check_path;
use super::view::{Fields, Items, View};
use crate::docdb::{Error, Result};

/// A dotted path: never empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldPath {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Step {
    name: String,
    /// The position that the name is, when it is a number.
    position: Option<usize>,
}

/// What is done with an array at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaf {
    /// Its elements are tried one by one, then the array itself.
    Elements,
    /// The array alone is tried.
    Whole,
}

/// One thing a path reaches.
#[derive(Debug, Clone, Copy)]
pub struct Reached<'a> {
    /// `None` when the path ends nowhere.
    pub value: Option<View<'a>>,
    /// The position in the outermost array that was entered.
    pub position: Option<usize>,
}

impl FieldPath {
    /// Splits a path at its dots.
    pub fn new(text: &str) -> Self {
        let steps = text.split('.').map(Step::new).collect();
        Self { text: text.to_owned(), steps }
    }

    /// Splits a path that a user wrote.
    ///
    /// # Errors
    /// BadValue (2) for an empty path or an empty part; Overflow (15) for too many parts.
    pub fn parse(text: &str) -> Result<Self> {
        check_path(text)?;
        let path = Self::new(text);
        if path.steps.iter().any(|it| it.name.is_empty()) {
            return Err(Error::invalid(2, format!("field path `{text}` has an empty part")));
        }
        Ok(path)
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the names between the dots.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.steps.iter().map(|it| it.name.as_str())
    }

    /// Tells whether a name may be a position in an array.
    pub fn has_position(&self) -> bool {
        self.steps.iter().any(|it| it.position.is_some())
    }

    /// Offers what the path reaches to `accept`, in document order, until it returns true; returns whether it did.
    pub fn any<'a>(
        &self,
        document: Fields<'a>,
        leaf: Leaf,
        accept: &mut dyn FnMut(Reached<'a>) -> bool,
    ) -> bool {
        // Most paths are one name, and few values an array.
        if let [step] = self.steps.as_slice() {
            match document.get(&step.name) {
                Some(View::Array(_)) => {}
                value => return accept(Reached { value, position: None }),
            }
        }
        Walk { leaf, accept }.enter(View::Document(document), &self.steps, None)
    }

    /// Returns everything the path reaches; `None` stands for a place where it ends nowhere.
    pub fn values<'a>(&self, document: impl Into<Fields<'a>>) -> Vec<Option<View<'a>>> {
        let mut values = Vec::new();
        self.any(document.into(), Leaf::Elements, &mut |reached| {
            values.push(reached.value);
            false
        });
        values
    }

    /// Returns the values by which a document is sorted: elements instead of an array, null where the path ends nowhere, and
    /// undefined, which is below null, for an empty array at its end.
    pub fn sort_values<'a>(&self, document: impl Into<Fields<'a>>) -> SortValues<'a> {
        let (mut values, mut met) = (Vec::new(), false);
        self.any(document.into(), Leaf::Whole, &mut |reached| {
            met |= reached.position.is_some() || matches!(reached.value, Some(View::Array(_)));
            match reached.value {
                None => values.push(View::Null),
                Some(View::Array(items)) if items.is_empty() => values.push(View::Undefined),
                Some(View::Array(items)) => values.extend(items.iter()),
                Some(value) => values.push(value),
            }
            false
        });
        // Nothing is reached in an array without objects.
        SortValues { in_array: met || values.is_empty(), values }
    }
}

/// What a document is sorted by at one path.
pub struct SortValues<'a> {
    pub values: Vec<View<'a>>,
    /// The path has met an array.
    pub in_array: bool,
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Step {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), position: position(name) }
    }
}

/// Returns the array position that a name is: digits without a leading zero.
pub fn position(name: &str) -> Option<usize> {
    let plain = name == "0" || !name.starts_with(['0', '+']);
    name.parse().ok().filter(|_| plain)
}

struct Walk<'w, 'a> {
    leaf: Leaf,
    accept: &'w mut dyn FnMut(Reached<'a>) -> bool,
}

impl<'a> Walk<'_, 'a> {
    fn enter(&mut self, value: View<'a>, steps: &[Step], at: Option<usize>) -> bool {
        let Some((step, rest)) = steps.split_first() else {
            return self.end(value, at);
        };
        match value {
            View::Document(fields) => match fields.get(&step.name) {
                Some(value) => self.enter(value, rest, at),
                None => self.offer(None, at),
            },
            View::Array(items) => self.enter_items(items, step, steps, at),
            _ => self.offer(None, at),
        }
    }

    /// Goes on at the element that a numeric step names, and at every element that is an object with this step.
    fn enter_items(&mut self, items: Items<'a>, step: &Step, steps: &[Step], at: Option<usize>) -> bool {
        let rest = steps.get(1..).unwrap_or_default();
        let mut length = 0;
        for (here, item) in items.iter().enumerate() {
            length += 1;
            let at = at.or(Some(here));
            let in_field = matches!(item, View::Document(_)) && self.enter(item, steps, at);
            if in_field || (step.position == Some(here) && self.enter_element(item, rest, at)) {
                return true;
            }
        }
        // A position beyond the end is a place where the path ends nowhere.
        step.position.is_some_and(|it| it >= length) && self.offer(None, at)
    }

    /// Goes on at an element that a numeric step named: at the path's end its own elements are not tried.
    fn enter_element(&mut self, item: View<'a>, rest: &[Step], at: Option<usize>) -> bool {
        match item {
            _ if rest.is_empty() => self.offer(Some(item), at),
            View::Document(_) | View::Array(_) => self.enter(item, rest, at),
            _ => false,
        }
    }

    fn end(&mut self, value: View<'a>, at: Option<usize>) -> bool {
        if let (View::Array(items), Leaf::Elements) = (value, self.leaf)
            && items.iter().enumerate().any(|(here, item)| self.offer(Some(item), at.or(Some(here))))
        {
            return true;
        }
        self.offer(Some(value), at)
    }

    fn offer(&mut self, value: Option<View<'a>>, position: Option<usize>) -> bool {
        (self.accept)(Reached { value, position })
    }
}
