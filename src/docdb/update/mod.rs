//! Update operators: parse, check, apply.
//!
//! An update is parsed once and applied to any number of documents. Where it would touch one place twice, it is refused
//! before any document is looked at, or before that document is changed when only its arrays tell.

mod arithmetic;
mod array;
mod element;
mod operator;
mod path;
mod places;
mod upsert;
mod walk;

#[cfg(test)]
mod tests;

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{DateTime, Document};

use super::filter::Filter;
use super::{Error, Result};
use element::ArrayFilters;
use operator::Operator;
use path::UpdatePath;
use places::places;

/// A parsed update.
#[derive(Debug)]
pub struct Update {
    kind: Kind,
    array_filters: ArrayFilters,
}

#[derive(Debug)]
enum Kind {
    /// The whole new document, perhaps without its `_id`.
    Replacement(Document),
    /// In the order of their paths, which is the order new fields are appended in.
    Modifications(Vec<Modification>),
}

/// One operator on one path.
#[derive(Debug)]
struct Modification {
    path: UpdatePath,
    operator: Operator,
}

impl Update {
    /// Parses update operators or, when no key begins with `$`, a replacement. `now` is the present of `$currentDate`.
    ///
    /// # Errors
    /// An unknown operator, a wrong operand (2, 9, 14), an empty path (56), two operators on one place (40).
    pub fn parse(update: &Document, array_filters: &[Document], now: DateTime) -> Result<Self> {
        let array_filters = ArrayFilters::parse(array_filters, now)?;
        if !update.keys().next().is_some_and(|it| it.starts_with('$')) {
            if let Some(name) = update.keys().find(|it| it.starts_with('$')) {
                return Err(Error::invalid(52, format!("a replacement cannot have the field '{name}'")));
            }
            return Ok(Update { kind: Kind::Replacement(update.clone()), array_filters });
        }
        let mut modifications = Vec::new();
        for (name, operand) in update {
            let Some(fields) = operand.as_document().filter(|_| name.starts_with('$')) else {
                return Err(Error::invalid(
                    9,
                    format!("'{name}' must be an operator with an object of fields"),
                ));
            };
            for (path, operand) in fields {
                let path = UpdatePath::parse(path)?;
                modifications
                    .push(Modification { operator: Operator::parse(name, &path, operand, now)?, path });
            }
            if fields.is_empty() {
                Operator::check_name(name)?;
            }
        }
        let targets = |it: &'_ Modification| [Some(it.path.clone()), it.operator.target().cloned()];
        check_conflicts(modifications.iter().flat_map(targets).flatten().collect())?;
        array_filters.check_use(modifications.iter().map(|it| &it.path))?;
        modifications.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Update { kind: Kind::Modifications(modifications), array_filters })
    }

    /// Whether this gives documents anew as a whole.
    pub fn is_whole(&self) -> bool {
        matches!(self.kind, Kind::Replacement(_))
    }

    /// Returns the document as it is after the update, or nothing when it stays what it is. `filter` is what found it:
    /// it gives `arr.$` its position.
    ///
    /// # Errors
    /// The document does not fit an operator (2, 14, 28); its `_id` would change (66).
    pub fn apply(&self, before: &RawDocument, filter: &Filter) -> Result<Option<RawDocumentBuf>> {
        let start = decode(before)?;
        let after = match &self.kind {
            Kind::Replacement(replacement) => replaced(&start, replacement),
            Kind::Modifications(modifications) => {
                let positional = modifications.iter().any(|it| it.path.is_positional());
                let position = if positional { filter.position(before)? } else { None };
                self.modified(start, modifications, position, false)?
            }
        };
        if !after.contains_key("_id") {
            return Err(Error::invalid(66, "the (immutable) field '_id' was found to have been removed"));
        }
        let after = encode(&after)?;
        Ok((after.as_bytes() != before.as_bytes()).then_some(after))
    }

    fn modified(
        &self,
        mut document: Document,
        modifications: &[Modification],
        position: Option<usize>,
        inserting: bool,
    ) -> Result<Document> {
        if !modifications.iter().any(|it| it.path.means_elements()) {
            for Modification { path, operator } in modifications {
                operator.apply(&mut document, path, inserting)?;
            }
            return Ok(document);
        }
        let elements = element::Elements { filters: &self.array_filters, position };
        let mut placed = Vec::new();
        for Modification { path, operator } in modifications {
            let places = places(&document, path, &elements, operator.dead_end())?;
            placed.extend(places.into_iter().map(|place| (place, operator)));
        }
        if modifications.len() > 1 {
            let targets = placed.iter().filter_map(|(_, operator)| operator.target());
            check_conflicts(placed.iter().map(|(place, _)| place).chain(targets).cloned().collect())?;
        }
        for (place, operator) in &placed {
            operator.apply(&mut document, place, inserting)?;
        }
        Ok(document)
    }
}

/// The replacement with the `_id` of what it replaces, unless it brings its own.
fn replaced(before: &Document, replacement: &Document) -> Document {
    let mut after = Document::new();
    if let Some(id) = replacement.get("_id").or_else(|| before.get("_id")) {
        after.insert("_id", id.clone());
    }
    after.extend(
        replacement.iter().filter(|(name, _)| *name != "_id").map(|(name, it)| (name.clone(), it.clone())),
    );
    after
}

fn check_conflicts(mut paths: Vec<UpdatePath>) -> Result<()> {
    paths.sort();
    // Sorted by steps, a path is followed at once by one that it begins.
    for pair in paths.windows(2) {
        if let [first, second] = pair
            && first.begins(second)
        {
            return Err(Error::invalid(
                40,
                format!("updating the path '{second}' would create a conflict at '{first}'"),
            ));
        }
    }
    Ok(())
}

fn decode(document: &RawDocument) -> Result<Document> {
    Document::try_from(document).map_err(|error| Error::invalid(22, error.to_string()))
}

fn encode(document: &Document) -> Result<RawDocumentBuf> {
    RawDocumentBuf::try_from(document).map_err(|error| Error::invalid(2, error.to_string()))
}
