//! What a `$lookup` can ask of the other collection because its pipeline begins with a `$match`.

use bson::{Bson, DateTime, Document, doc};

use super::Context;
use super::expression::{Expression, Names, Scope, Value};
use crate::docdb::Result;

/// Returns a condition that every document has which the filter accepts, in words an index understands.
///
/// The `$match` runs all the same, so that it is enough to be no stricter than the filter.
pub(super) fn foreign_filter(filter: &Document, ctx: &Context) -> Result<Document> {
    let plain = filter.iter().filter(|(name, value)| !has_expr(name, value));
    let plain: Document = plain.map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut conditions = Vec::new();
    if let Some(expression) = filter.get("$expr") {
        equalities(expression, ctx, &mut conditions)?;
    }
    if conditions.is_empty() {
        return Ok(plain);
    }
    if !plain.is_empty() {
        conditions.push(plain);
    }
    Ok(doc! { "$and": conditions })
}

fn has_expr(name: &str, value: &Bson) -> bool {
    name == "$expr"
        || match value {
            Bson::Document(inner) => inner.iter().any(|(name, value)| has_expr(name, value)),
            Bson::Array(items) => items.iter().any(|it| has_expr("", it)),
            _ => false,
        }
}

/// Finds `{$eq: ["$field", "$$variable"]}`, also under `$and`.
fn equalities(expression: &Bson, ctx: &Context, conditions: &mut Vec<Document>) -> Result<()> {
    let Bson::Document(expression) = expression else { return Ok(()) };
    if let Some(Bson::Array(parts)) = expression.get("$and") {
        return parts.iter().try_for_each(|it| equalities(it, ctx, conditions));
    }
    let Some(Bson::Array(sides)) = expression.get("$eq") else { return Ok(()) };
    let [Bson::String(left), Bson::String(right)] = sides.as_slice() else { return Ok(()) };
    for (field, variable) in [(left, right), (right, left)] {
        let Some(path) = field.strip_prefix('$').filter(|it| !it.starts_with('$')) else { continue };
        // An array equals as a whole here, but a filter would look for it elsewhere; a pattern would match.
        if let Some(value) = variable_value(variable, ctx)?
            && !matches!(value, Bson::Array(_) | Bson::RegularExpression(_) | Bson::Undefined)
        {
            conditions.push(doc! { path: { "$eq": value } });
        }
    }
    Ok(())
}

fn variable_value(source: &str, ctx: &Context) -> Result<Value> {
    let name = source.strip_prefix("$$").map(|it| it.split('.').next().unwrap_or_default());
    if !ctx.variables.iter().any(|(known, _)| Some(known.as_str()) == name) {
        return Ok(None);
    }
    let names = Names::default().with(ctx.variables.iter().map(|(name, _)| name.as_str()));
    let expression = Expression::parse_in(&Bson::String(source.to_owned()), &names)?;
    expression.value(&Scope::new(&Document::new(), DateTime::from_millis(0), &ctx.variables))
}
