//! Query predicates: parsed once, then matched against raw documents.
//!
//! `Filter` is a tree that the planner reads too. Negations are exact complements over the whole document.

mod bits;
mod dialect;
mod element;
pub mod geo;
mod kinds;
mod matching;
mod operators;
mod parse;
mod pattern;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use bson::{Bson, DateTime, Document};

use super::Result;
use super::aggregate::expression::Expression;
use super::geometry::{Near, Region, Shape};
use super::value::path::FieldPath;
use super::value::view::Fields;
pub use bits::Bits;
pub use element::{ElementFilter, Search};
pub use kinds::{Kinds, type_number};
use matching::Matching;
pub use pattern::Pattern;

/// A parsed filter.
#[derive(Debug, Clone)]
pub struct Filter {
    root: Node,
}

/// A condition on a document.
#[derive(Debug, Clone)]
pub enum Node {
    /// All hold; an empty list always does.
    And(Vec<Node>),
    Or(Vec<Node>),
    Nor(Vec<Node>),
    Field {
        path: FieldPath,
        predicate: Predicate,
    },
    Expr(Condition),
}

/// A condition on what a path reaches.
#[derive(Debug, Clone)]
pub enum Predicate {
    Eq(Bson),
    Ne(Bson),
    Lt(Bson),
    Lte(Bson),
    Gt(Bson),
    Gte(Bson),
    In(Members),
    Nin(Members),
    /// Each is `Eq`, `Regex` or `ElemMatch` and is met somewhere; an empty list never holds.
    All(Vec<Predicate>),
    /// Some element is an object for which the condition holds.
    ElemMatch(Box<Node>),
    /// Some element satisfies all of these itself.
    ElemMatchValue(Vec<Predicate>),
    Size(u64),
    Exists(bool),
    Mod {
        divisor: i64,
        remainder: i64,
    },
    Regex(Pattern),
    Type(Kinds),
    Bits(Bits),
    /// A geometry that lies in a region.
    GeoWithin(Region),
    /// A geometry that has a point in common with a shape.
    GeoIntersects(Shape),
    /// Geometry at these distances; at most once in a filter, and never in a branch of it.
    Near(Near),
    /// Not all of these hold.
    Not(Vec<Predicate>),
}

/// The operands of `$in`.
#[derive(Debug, Clone, Default)]
pub struct Members {
    pub values: Vec<Bson>,
    pub patterns: Vec<Pattern>,
}

type Holds = dyn Fn(&Document) -> Result<bool> + Send + Sync;

/// A parsed `$expr`: whether it holds for a document.
#[derive(Clone)]
pub struct Condition(Arc<Holds>);

impl Condition {
    pub fn new(holds: impl Fn(&Document) -> Result<bool> + Send + Sync + 'static) -> Self {
        Self(Arc::new(holds))
    }
}

impl Node {
    /// Returns whether a test accepts the path of some condition.
    fn any_path(&self, accepts: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Node::And(nodes) | Node::Or(nodes) | Node::Nor(nodes) => {
                nodes.iter().any(|it| it.any_path(accepts))
            }
            Node::Field { path, .. } => accepts(path.as_str()),
            Node::Expr(_) => false,
        }
    }

    fn accepts_all(&self) -> bool {
        match self {
            Node::And(nodes) => nodes.iter().all(Node::accepts_all),
            Node::Or(nodes) => matches!(nodes.as_slice(), [only] if only.accepts_all()),
            Node::Nor(_) | Node::Field { .. } | Node::Expr(_) => false,
        }
    }

    /// Whether evaluating it can fail.
    fn can_fail(&self) -> bool {
        match self {
            Node::And(nodes) | Node::Or(nodes) | Node::Nor(nodes) => nodes.iter().any(Node::can_fail),
            Node::Field { predicate, .. } => predicate.can_fail(),
            Node::Expr(_) => true,
        }
    }
}

impl Predicate {
    fn can_fail(&self) -> bool {
        match self {
            Predicate::Regex(_) => true,
            Predicate::In(members) | Predicate::Nin(members) => !members.patterns.is_empty(),
            Predicate::All(parts) | Predicate::ElemMatchValue(parts) | Predicate::Not(parts) => {
                parts.iter().any(Predicate::can_fail)
            }
            Predicate::ElemMatch(node) => node.can_fail(),
            Predicate::Eq(_)
            | Predicate::Ne(_)
            | Predicate::Lt(_)
            | Predicate::Lte(_)
            | Predicate::Gt(_)
            | Predicate::Gte(_)
            | Predicate::Size(_)
            | Predicate::Exists(_)
            | Predicate::Mod { .. }
            | Predicate::Type(_)
            | Predicate::Bits(_)
            | Predicate::GeoWithin(_)
            | Predicate::GeoIntersects(_)
            | Predicate::Near(_) => false,
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condition")
    }
}

/// How the operand of `$expr` is parsed.
pub type ParseExpression<'a> = dyn Fn(&Bson) -> Result<Condition> + 'a;

impl Filter {
    /// Parses a filter; `now` is the present of its `$expr`.
    ///
    /// # Errors
    /// BadValue (2) for a wrong operand; an unknown operator.
    pub fn parse(filter: &Document, now: DateTime) -> Result<Self> {
        Self::parse_with(filter, &|source| parse_expression(source, now))
    }

    /// Parses a filter whose `$expr` may use more than a filter knows, such as the variables of a `$lookup`.
    ///
    /// # Errors
    /// As [`Filter::parse`].
    pub fn parse_with(filter: &Document, expression: &ParseExpression) -> Result<Self> {
        let root = parse::document(filter, Some(expression))?;
        geo::check_near(&root)?;
        Ok(Self { root })
    }

    /// Returns the condition as a tree.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Returns whether there are no conditions.
    pub fn accepts_all(&self) -> bool {
        self.root.accepts_all()
    }

    /// Returns the field by whose distance documents come, with the place.
    pub fn near(&self) -> Option<(&FieldPath, &Near)> {
        geo::near_of(&self.root)
    }

    /// Returns whether the filter has a condition on the field in which a path begins.
    pub fn mentions(&self, path: &str) -> bool {
        let field = path.split('.').next();
        self.root.any_path(&|it| it.split('.').next() == field)
    }

    /// Returns whether a document satisfies the filter.
    ///
    /// # Errors
    /// What `$expr` fails with; a regular expression that backtracks without end.
    pub fn matches<'a>(&self, document: impl Into<Fields<'a>>) -> Result<bool> {
        Ok(self.find(document.into())?.is_some())
    }

    /// Returns which element of an array satisfied the filter's condition on that array: the meaning of a positional `$`.
    ///
    /// # Errors
    /// As [`Filter::matches`].
    pub fn position<'a>(&self, document: impl Into<Fields<'a>>) -> Result<Option<usize>> {
        Ok(self.find(document.into())?.flatten())
    }

    fn find(&self, document: Fields<'_>) -> Result<Option<Option<usize>>> {
        let mut matching = Matching::default();
        let held = matching.node(&self.root, document);
        // In whatever order conditions stand, one fails only on documents that the others let through: the message may
        // tell of the document, and a permission is such another.
        if matching.has_failed() && !Matching::default().might(&self.root, document, true) {
            return Ok(None);
        }
        matching.finish(held)
    }
}

fn parse_expression(source: &Bson, now: DateTime) -> Result<Condition> {
    let expression = Expression::parse(source)?;
    Ok(Condition::new(move |document| expression.holds(document, now)))
}
