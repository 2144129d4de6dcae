//! From a filter document to a tree of conditions.

use bson::{Bson, Document};

use super::operators;
use super::{Node, ParseExpression, Pattern, Predicate};
use crate::docdb::value::limits::check_path;
use crate::docdb::value::path::FieldPath;
use crate::docdb::{Error, Result};

/// Parses a conjunction of conditions. Without `expression`, `$expr` has no place here.
pub(super) fn document(filter: &Document, expression: Option<&ParseExpression>) -> Result<Node> {
    let mut nodes = Vec::with_capacity(filter.len());
    for (name, operand) in filter {
        match name.as_str() {
            "$and" => nodes.push(Node::And(branches(name, operand, expression)?)),
            "$or" => nodes.push(Node::Or(branches(name, operand, expression)?)),
            "$nor" => nodes.push(Node::Nor(branches(name, operand, expression)?)),
            "$expr" => nodes.push(condition(operand, expression)?),
            "$comment" => {}
            _ if name.starts_with('$') => return Err(Error::UnknownOperator { name: name.clone() }),
            _ => {
                check_path(name)?;
                let path = FieldPath::new(name);
                let fields = predicates(operand)?.into_iter();
                nodes.extend(fields.map(|predicate| Node::Field { path: path.clone(), predicate }));
            }
        }
    }
    match nodes.len() {
        1 => Ok(nodes.remove(0)),
        _ => Ok(Node::And(nodes)),
    }
}

/// Parses what stands beside a field: a literal, a pattern, or operators that all apply.
pub(super) fn predicates(operand: &Bson) -> Result<Vec<Predicate>> {
    match operand {
        Bson::Document(document) if has_operators(document) => operators::all(document),
        Bson::RegularExpression(regex) => Ok(vec![Predicate::Regex(Pattern::literal(regex)?)]),
        literal => Ok(vec![Predicate::Eq(literal.clone())]),
    }
}

/// Returns whether a condition consists of operators rather than being a literal object.
pub(super) fn has_operators(condition: &Document) -> bool {
    condition.keys().any(|key| key.starts_with('$'))
}

fn condition(operand: &Bson, expression: Option<&ParseExpression>) -> Result<Node> {
    match expression {
        Some(parse) => Ok(Node::Expr(parse(operand)?)),
        None => Err(Error::invalid(224, "$expr can only be applied to the top-level document")),
    }
}

fn branches(name: &str, operand: &Bson, expression: Option<&ParseExpression>) -> Result<Vec<Node>> {
    let branch = |it: &Bson| match it {
        Bson::Document(it) => document(it, expression),
        _ => Err(Error::invalid(2, format!("{name} entries need to be full objects"))),
    };
    match operand {
        Bson::Array(items) if !items.is_empty() => items.iter().map(branch).collect(),
        _ => Err(Error::invalid(2, format!("{name} must be a nonempty array"))),
    }
}
