//! Conditions on the elements of one array, as `$pull` and `arrayFilters` have them.

use bson::{Bson, Document};

use super::matching::Matching;
use super::{Node, Predicate, operators, parse};
use crate::docdb::Result;
use crate::docdb::value::view::View;

/// A condition on an element.
#[derive(Debug, Clone)]
pub enum ElementFilter {
    /// On the element itself.
    Value(Vec<Predicate>),
    /// On the fields of an element that is an object.
    Fields(Node),
}

impl ElementFilter {
    /// Parses the operand of `$pull`: a literal, operators, or a query on objects.
    ///
    /// # Errors
    /// As [`super::Filter::parse`].
    pub fn parse(operand: &Bson) -> Result<Self> {
        match operand {
            Bson::Document(query) if is_query(query) => Self::parse_query(query),
            _ => Ok(Self::Value(parse::predicates(operand)?)),
        }
    }

    /// Parses a query on objects.
    ///
    /// # Errors
    /// As [`super::Filter::parse`].
    pub fn parse_query(query: &Document) -> Result<Self> {
        Ok(Self::Fields(parse::document(query, None)?))
    }

    /// Returns whether an element satisfies the condition.
    ///
    /// # Errors
    /// A regular expression that backtracks without end.
    pub fn matches(&self, element: View<'_>) -> Result<bool> {
        let mut matching = Matching::default();
        let held = match (self, element) {
            (Self::Value(predicates), _) => matching.element(predicates, element),
            (Self::Fields(node), View::Document(fields)) => matching.node(node, fields),
            (Self::Fields(_), _) => false,
        };
        Ok(matching.finish(held)?.is_some())
    }
}

/// `$elemMatch` of a projection: finds one element of an array.
#[derive(Debug, Clone)]
pub struct Search(Predicate);

impl Search {
    /// Parses the operand of `$elemMatch`.
    ///
    /// # Errors
    /// As [`super::Filter::parse`].
    pub fn parse(operand: &Bson) -> Result<Self> {
        Ok(Self(operators::elem_match(operand)?))
    }

    /// Returns the position of the first element that satisfies the condition.
    ///
    /// # Errors
    /// A regular expression that backtracks without end.
    pub fn position(&self, array: View<'_>) -> Result<Option<usize>> {
        let mut matching = Matching::default();
        let held = matching.element(std::slice::from_ref(&self.0), array);
        Ok(matching.finish(held)?.flatten())
    }
}

fn is_query(operand: &Document) -> bool {
    operand
        .keys()
        .next()
        .is_none_or(|it| !it.starts_with('$') || matches!(it.as_str(), "$and" | "$or" | "$nor"))
}
