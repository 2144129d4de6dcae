//! The places that a path with `$`, `$[]` or `$[name]` means in a document, found before anything in it changes.

use bson::{Bson, Document};

use super::element::Elements;
use super::path::{Step, UpdatePath};
use super::walk::{DeadEnd, not_viable};
use crate::docdb::{Error, Result};

/// Returns the places as paths of names and positions.
///
/// # Errors
/// The way goes through a value that has no fields (28), or needs elements where there is no array (2).
pub fn places(
    document: &Document,
    path: &UpdatePath,
    elements: &Elements<'_>,
    dead_end: DeadEnd,
) -> Result<Vec<UpdatePath>> {
    let mut search = Search { elements, dead_end, way: Vec::new(), found: Vec::new() };
    search.document(document, path.steps())?;
    Ok(search.found)
}

struct Search<'a> {
    elements: &'a Elements<'a>,
    dead_end: DeadEnd,
    way: Vec<String>,
    found: Vec<UpdatePath>,
}

impl Search<'_> {
    fn document(&mut self, document: &Document, steps: &[Step]) -> Result<()> {
        let Some((step, rest)) = steps.split_first() else { return Ok(()) };
        let Step::Name(name) = step else {
            return Err(Error::invalid(2, format!("cannot apply '{step}' to an element that is no array")));
        };
        self.step(name.clone(), document.get(name), rest)
    }

    fn array(&mut self, name: &str, items: &[Bson], steps: &[Step]) -> Result<()> {
        let Some((step, rest)) = steps.split_first() else { return Ok(()) };
        match self.elements.positions(step, items)? {
            Some(positions) => {
                positions.into_iter().try_for_each(|it| self.step(it.to_string(), items.get(it), rest))
            }
            None if self.dead_end == DeadEnd::Ignored => Ok(()),
            None => Err(not_viable(step, name, &Bson::Array(items.to_vec()))),
        }
    }

    fn step(&mut self, name: String, present: Option<&Bson>, rest: &[Step]) -> Result<()> {
        self.way.push(name.clone());
        let went = self.place(&name, present, rest);
        self.way.pop();
        went
    }

    fn place(&mut self, name: &str, present: Option<&Bson>, steps: &[Step]) -> Result<()> {
        if steps.iter().all(|it| matches!(it, Step::Name(_))) {
            let rest = steps.iter().map(|it| it.text().into_owned());
            self.found.push(UpdatePath::of_names(self.way.iter().cloned().chain(rest)));
            return Ok(());
        }
        let Some((step, rest)) = steps.split_first() else { return Ok(()) };
        match (present, step) {
            (Some(Bson::Document(document)), _) => self.document(document, steps),
            (Some(Bson::Array(items)), _) => self.array(name, items, steps),
            (Some(value), _) if self.dead_end != DeadEnd::Ignored => Err(not_viable(step, name, value)),
            (None, Step::Found | Step::All | Step::Filtered(_)) => Err(Error::invalid(
                2,
                format!("the path '{name}' must exist in the document in order to apply '{step}'"),
            )),
            (None, Step::Name(name)) if self.dead_end == DeadEnd::Made => self.step(name.clone(), None, rest),
            _ => Ok(()),
        }
    }
}
