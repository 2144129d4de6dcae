//! Operators that bind variables: let, and the loops over arrays.

use bson::{Bson, Document};

use super::number::integer_of;
use super::{Operator, Table, wrong_type};
use crate::docdb::aggregate::expression::{
    Expression, Names, Scope, Value, check_variable, is_null, is_true,
};
use crate::docdb::aggregate::memory::{MEMORY_EXCEEDED, decoded};
use crate::docdb::value::limits::STAGE_MEMORY;
use crate::docdb::{Error, Result, bounds};

pub(super) const TABLE: Table = &[
    ("$filter", Operator::Form(parse_filter)),
    ("$let", Operator::Form(parse_let)),
    ("$map", Operator::Form(parse_map)),
    ("$reduce", Operator::Form(parse_reduce)),
];

/// The raw named arguments of one of these operators.
struct Source<'a> {
    operator: &'static str,
    fields: &'a Document,
}

impl<'a> Source<'a> {
    fn new(operator: &'static str, operand: &'a Bson, known: &[&str]) -> Result<Self> {
        let Bson::Document(fields) = operand else {
            return Err(Error::invalid(9, format!("`{operator}` takes an object of named arguments")));
        };
        match fields.keys().find(|it| !known.contains(&it.as_str())) {
            Some(unknown) => Err(Error::invalid(9, format!("`{operator}` has no argument `{unknown}`"))),
            None => Ok(Self { operator, fields }),
        }
    }

    fn parse(&self, name: &str, names: &Names) -> Result<Expression> {
        let Some(source) = self.fields.get(name) else {
            return Err(Error::invalid(9, format!("`{}` needs the argument `{name}`", self.operator)));
        };
        Expression::parse_in(source, names)
    }

    /// Returns the name of the loop's variable.
    fn variable(&self) -> Result<String> {
        match self.fields.get("as") {
            None => Ok("this".to_owned()),
            Some(Bson::String(name)) => check_variable(name).map(|()| name.clone()),
            Some(_) => Err(Error::invalid(16867, format!("`as` of `{}` must be a string", self.operator))),
        }
    }
}

fn parse_let(operand: &Bson, names: &Names) -> Result<Expression> {
    let source = Source::new("$let", operand, &["vars", "in"])?;
    let Some(Bson::Document(variables)) = source.fields.get("vars") else {
        return Err(Error::invalid(16876, "`$let` needs an object of `vars`"));
    };
    let mut bindings = Vec::with_capacity(variables.len());
    for (name, value) in variables {
        check_variable(name)?;
        bindings.push((name.clone(), Expression::parse_in(value, names)?));
    }
    let body = source.parse("in", &names.with(variables.keys().map(String::as_str)))?;
    Ok(Expression::new(move |scope| evaluate_let(&bindings, &body, scope, scope)))
}

/// Evaluates each binding in the outer scope and opens one frame for it.
fn evaluate_let(
    bindings: &[(String, Expression)],
    body: &Expression,
    outer: &Scope,
    inner: &Scope,
) -> Result<Value> {
    let Some(((name, expression), rest)) = bindings.split_first() else { return body.value(inner) };
    let value = expression.value(outer)?;
    let frame = inner.bind(name, &value);
    evaluate_let(rest, body, outer, &inner.inside(&frame))
}

fn parse_map(operand: &Bson, names: &Names) -> Result<Expression> {
    let source = Source::new("$map", operand, &["input", "as", "in"])?;
    let (input, variable) = (source.parse("input", names)?, source.variable()?);
    let body = source.parse("in", &names.with([variable.as_str()]))?;
    Ok(Expression::new(move |scope| {
        let Some(items) = items("$map", 16883, input.value(scope)?)? else { return Ok(Some(Bson::Null)) };
        let (mut mapped, mut size) = (Vec::with_capacity(items.len()), 0_usize);
        for item in items {
            bounds::step()?;
            let item = Some(item);
            let frame = scope.bind(&variable, &item);
            let value = body.value(&scope.inside(&frame))?.unwrap_or(Bson::Null);
            size = size.saturating_add(decoded(&value));
            if size > STAGE_MEMORY {
                return Err(grown("the array of `$map`"));
            }
            mapped.push(value);
        }
        Ok(Some(Bson::Array(mapped)))
    }))
}

fn grown(what: &str) -> Error {
    Error::invalid(MEMORY_EXCEEDED, format!("{what} grew over {STAGE_MEMORY} bytes"))
}

fn parse_filter(operand: &Bson, names: &Names) -> Result<Expression> {
    let source = Source::new("$filter", operand, &["input", "as", "cond", "limit"])?;
    let (input, variable) = (source.parse("input", names)?, source.variable()?);
    let condition = source.parse("cond", &names.with([variable.as_str()]))?;
    let limit = source.fields.contains_key("limit").then(|| source.parse("limit", names)).transpose()?;
    Ok(Expression::new(move |scope| {
        let Some(items) = items("$filter", 28651, input.value(scope)?)? else { return Ok(Some(Bson::Null)) };
        let limit = match &limit {
            Some(limit) => filter_limit(&limit.value(scope)?)?,
            None => usize::MAX,
        };
        let mut kept = Vec::new();
        for item in items {
            if kept.len() == limit {
                break;
            }
            bounds::step()?;
            let item = Some(item);
            let frame = scope.bind(&variable, &item);
            if is_true(&condition.value(&scope.inside(&frame))?) {
                kept.extend(item);
            }
        }
        Ok(Some(Bson::Array(kept)))
    }))
}

fn filter_limit(value: &Value) -> Result<usize> {
    if is_null(value) {
        return Ok(usize::MAX);
    }
    let limit = value.as_ref().and_then(integer_of).filter(|it| *it > 0);
    let limit = limit.ok_or_else(|| wrong_type(327391, "$filter", "a positive whole `limit`", value))?;
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

fn parse_reduce(operand: &Bson, names: &Names) -> Result<Expression> {
    let source = Source::new("$reduce", operand, &["input", "initialValue", "in"])?;
    let (input, initial) = (source.parse("input", names)?, source.parse("initialValue", names)?);
    let body = source.parse("in", &names.with(["value", "this"]))?;
    Ok(Expression::new(move |scope| {
        let Some(items) = items("$reduce", 40080, input.value(scope)?)? else { return Ok(Some(Bson::Null)) };
        let mut value = initial.value(scope)?;
        for item in items {
            bounds::step()?;
            let item = Some(item);
            let with_value = scope.bind("value", &value);
            let with_value = scope.inside(&with_value);
            let with_item = with_value.bind("this", &item);
            let next = body.value(&with_value.inside(&with_item))?;
            // Doubling in each step gets there soon.
            if next.as_ref().is_some_and(|it| decoded(it) > STAGE_MEMORY) {
                return Err(grown("the value of `$reduce`"));
            }
            value = next;
        }
        Ok(value)
    }))
}

/// Returns the array to loop over, `None` for null or missing.
fn items(operator: &str, code: i32, value: Value) -> Result<Option<Vec<Bson>>> {
    match value {
        Some(Bson::Array(items)) => Ok(Some(items)),
        value if is_null(&value) => Ok(None),
        value => Err(wrong_type(code, operator, "an array", &value)),
    }
}
