//! Clauses that compare a field with a value, and how two of them exclude each other.

use bson::{Bson, Document};

use crate::rules::blame::condition;
use crate::rules::compare::{compare, contains};
use crate::rules::expression::{Comparison, Kind, Node, Variable};
use crate::rules::query::{Branch, Query};
use crate::rules::value::Value;

/// A clause that compares a field with a value, or with the items of a list.
#[derive(Clone)]
pub(super) struct Atom<'n> {
    pub node: &'n Node,
    path: String,
    comparison: Option<Comparison>,
    value: Bson,
}

/// Returns what a clause compares; `None`: it is no such clause.
pub(super) fn atom(node: &Node) -> Option<Atom<'_>> {
    let (comparison, left, right) = match &node.kind {
        Kind::Compare(comparison, left, right) => (Some(*comparison), left, right),
        Kind::In(left, right) => (None, left, right),
        _ => return None,
    };
    let path = |node: &Node| {
        let (variable, mut names) = node.chain()?;
        let (first, _) = Variable::NAMES.iter().find(|(_, known)| *known == variable)?;
        names.insert(0, first);
        Some(names.join("."))
    };
    let (path, value, comparison) = match (path(left), path(right)) {
        (Some(path), None) => (path, right, comparison),
        (None, Some(path)) => (path, left, Some(comparison?.mirrored())),
        _ => return None,
    };
    let literal = |node: &Node| match &node.kind {
        Kind::Literal(value) => Some(value.clone()),
        _ => None,
    };
    let value = match (&value.kind, comparison) {
        (Kind::List(items), None) => Bson::Array(items.iter().map(literal).collect::<Option<_>>()?),
        (_, None) => return None,
        (_, Some(_)) => literal(value)?,
    };
    Some(Atom { node, path, comparison, value })
}

/// Returns what a clause that is true says for certain: itself, or that the id it compares with what is stored is there.
pub(super) fn implied(node: &Node) -> Option<Atom<'_>> {
    let needs_id = || {
        let (Kind::Compare(_, left, right) | Kind::In(left, right)) = &node.kind else { return None };
        let is_stored = |node: &Node| matches!(node.chain(), Some((Variable::Doc, _)));
        let id = match (is_stored(left), is_stored(right)) {
            (false, true) => left,
            (true, false) => right,
            _ => return None,
        };
        id.own_id()?;
        let (_, names) = id.chain()?;
        let path = format!("auth.{}", names.concat());
        Some(Atom { node, path, comparison: Some(Comparison::Unequal), value: Bson::Null })
    };
    atom(node).or_else(needs_id)
}

impl Atom<'_> {
    /// Whether another clause is false wherever this one is true.
    pub fn excludes(&self, other: &Atom<'_>) -> bool {
        let wanted = condition(self.comparison, self.value.clone());
        let Ok(query) = Query::of(&Document::from_iter([(self.path.clone(), wanted)])) else { return false };
        self.path == other.path && query.branches.iter().all(|branch| other.is_false_in(branch))
    }

    fn is_false_in(&self, branch: &Branch) -> bool {
        let known = branch.of(&self.path).and_then(|known| known.value.clone());
        let field = known.map_or_else(|| Value::Field(self.path.clone()), Value::Known);
        let value = Value::Known(self.value.clone());
        let verdict = match self.comparison {
            Some(comparison) => compare(comparison, &field, &value, branch),
            None => contains(&field, &value, branch),
        };
        verdict.truth() == Some(false)
    }

    /// Whether one of the two always holds.
    pub fn is_opposite(&self, other: &Atom<'_>) -> bool {
        let pair = (self.comparison, other.comparison);
        let is_pair = matches!(
            pair,
            (Some(Comparison::Equal), Some(Comparison::Unequal))
                | (Some(Comparison::Unequal), Some(Comparison::Equal))
        );
        is_pair && self.path == other.path && self.value == other.value
    }
}
