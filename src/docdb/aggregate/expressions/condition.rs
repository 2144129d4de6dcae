//! Choosing between expressions: only the chosen one is evaluated.

use bson::{Bson, Document};

use super::{ANY, Operator, Table, named, positional};
use crate::docdb::aggregate::expression::{Expression, Names, Scope, Value, is_null, is_true};
use crate::docdb::{Error, Result};

pub(super) const TABLE: Table = &[
    ("$cond", Operator::Form(parse_cond)),
    ("$ifNull", Operator::Lazy(2, ANY, if_null)),
    ("$switch", Operator::Form(parse_switch)),
];

fn parse_cond(operand: &Bson, names: &Names) -> Result<Expression> {
    let parts = match operand {
        Bson::Document(_) => {
            let mut parts = named("$cond", operand, &["if", "then", "else"], &[], names)?;
            parts.sort_by_key(|(name, _)| ["if", "then", "else"].iter().position(|it| it == name));
            parts.into_iter().map(|(_, expression)| expression).collect()
        }
        _ => positional("$cond", operand, 3..=3, names)?,
    };
    Ok(Expression::new(move |scope| match parts.as_slice() {
        [condition, then, otherwise] => match is_true(&condition.value(scope)?) {
            true => then.value(scope),
            false => otherwise.value(scope),
        },
        _ => Ok(None),
    }))
}

/// The last argument is the replacement, whatever it is.
fn if_null(arguments: &[Expression], scope: &Scope) -> Result<Value> {
    let Some((replacement, candidates)) = arguments.split_last() else { return Ok(None) };
    for candidate in candidates {
        let value = candidate.value(scope)?;
        if !is_null(&value) {
            return Ok(value);
        }
    }
    replacement.value(scope)
}

fn parse_switch(operand: &Bson, names: &Names) -> Result<Expression> {
    let malformed = |message: &str| Error::invalid(40060, message);
    let Bson::Document(operand) = operand else {
        return Err(malformed("`$switch` takes an object with `branches` and `default`"));
    };
    if let Some(unknown) = operand.keys().find(|it| !matches!(it.as_str(), "branches" | "default")) {
        return Err(Error::invalid(40067, format!("`$switch` has no argument `{unknown}`")));
    }
    let Some(Bson::Array(branches)) = operand.get("branches") else {
        return Err(Error::invalid(40061, "`$switch` needs an array of `branches`"));
    };
    let default = operand.get("default").map(|it| Expression::parse_in(it, names)).transpose()?;
    if branches.is_empty() {
        return Err(Error::invalid(40068, "`$switch` needs at least one branch"));
    }
    let branches = branches.iter().map(|it| parse_branch(it, names)).collect::<Result<Vec<_>>>()?;
    Ok(Expression::new(move |scope| {
        for (case, then) in &branches {
            if is_true(&case.value(scope)?) {
                return then.value(scope);
            }
        }
        match &default {
            Some(default) => default.value(scope),
            None => Err(Error::invalid(40066, "`$switch` found no branch that holds, and has no `default`")),
        }
    }))
}

fn parse_branch(branch: &Bson, names: &Names) -> Result<(Expression, Expression)> {
    let empty = Document::new();
    let fields = branch.as_document().unwrap_or(&empty);
    match (fields.get("case"), fields.get("then"), fields.len()) {
        (Some(case), Some(then), 2) => {
            Ok((Expression::parse_in(case, names)?, Expression::parse_in(then, names)?))
        }
        _ => Err(Error::invalid(40062, "each branch of `$switch` is an object with `case` and `then`")),
    }
}
