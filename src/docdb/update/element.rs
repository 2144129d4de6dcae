//! Which elements of an array a step means: array filters and the position the query found.

use bson::{Bson, DateTime, Document};

use super::path::{Step, UpdatePath};
use crate::docdb::filter::Filter;
use crate::docdb::value::path::position;
use crate::docdb::{Error, Result};

/// The conditions that `$[name]` stands for.
#[derive(Debug)]
pub struct ArrayFilters(Vec<(String, Filter)>);

/// What a document's update knows about elements.
pub struct Elements<'a> {
    pub filters: &'a ArrayFilters,
    /// The position that the query found.
    pub position: Option<usize>,
}

impl ArrayFilters {
    /// Parses `arrayFilters`: each is a filter on one made-up field, the name.
    ///
    /// # Errors
    /// A filter without a name or with several (9), a name twice (9), a wrong filter.
    pub fn parse(filters: &[Document], now: DateTime) -> Result<Self> {
        let mut parsed: Vec<(String, Filter)> = Vec::new();
        for filter in filters {
            let mut names = Vec::new();
            collect_names(filter, &mut names);
            names.dedup();
            let [name] = names.as_slice() else {
                return Err(Error::invalid(9, "an array filter must name exactly one element"));
            };
            if !name.starts_with(|it: char| it.is_ascii_lowercase())
                || !name.chars().all(char::is_alphanumeric)
            {
                return Err(Error::invalid(2, format!("'{name}' is no name for an array filter")));
            }
            if parsed.iter().any(|(it, _)| it == name) {
                return Err(Error::invalid(9, format!("there are several array filters for '{name}'")));
            }
            parsed.push((name.clone(), Filter::parse(filter, now)?));
        }
        Ok(ArrayFilters(parsed))
    }

    /// Checks that paths use every filter, and only these.
    pub fn check_use<'p>(&self, paths: impl Iterator<Item = &'p UpdatePath> + Clone) -> Result<()> {
        for path in paths.clone() {
            if let Some(name) = path.filters().find(|name| self.get(name).is_none()) {
                return Err(Error::invalid(
                    2,
                    format!("no array filter found for '{name}' in path '{path}'"),
                ));
            }
        }
        let used = |name: &str| paths.clone().any(|path| path.filters().any(|it| it == name));
        match self.0.iter().find(|(name, _)| !used(name)) {
            Some((name, _)) => {
                Err(Error::invalid(9, format!("the array filter for '{name}' was not used in the update")))
            }
            None => Ok(()),
        }
    }

    fn get(&self, name: &str) -> Option<&Filter> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, filter)| filter)
    }
}

impl Elements<'_> {
    /// Returns the positions that a step means; nothing when it is a name without a position.
    ///
    /// # Errors
    /// `$` without an element that the query found (2).
    pub fn positions(&self, step: &Step, items: &[Bson]) -> Result<Option<Vec<usize>>> {
        match step {
            Step::Name(name) => Ok(position(name).map(|it| vec![it])),
            Step::Found => match self.position {
                Some(position) => Ok(Some(vec![position])),
                None => Err(Error::invalid(
                    2,
                    "the positional operator did not find the match needed from the query",
                )),
            },
            Step::All => Ok(Some((0..items.len()).collect())),
            Step::Filtered(name) => {
                let mut accepted = Vec::new();
                for (at, item) in items.iter().enumerate() {
                    let mut document = Document::new();
                    document.insert(name, item.clone());
                    if self.filters.get(name).map_or(Ok(false), |it| it.matches(&document))? {
                        accepted.push(at);
                    }
                }
                Ok(Some(accepted))
            }
        }
    }
}

/// The first steps of all fields of a filter.
fn collect_names(filter: &Document, names: &mut Vec<String>) {
    for (key, value) in filter {
        if !key.starts_with('$') {
            names.push(key.split('.').next().unwrap_or(key).to_owned());
        } else if let Bson::Array(branches) = value {
            branches.iter().filter_map(Bson::as_document).for_each(|it| collect_names(it, names));
        }
    }
}
