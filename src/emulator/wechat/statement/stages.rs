//! Pipelines: the stages of `aggregate()` and the operators of `$`.

use bson::{Bson, Document, doc};

use super::filter::filter;
use super::read::Step;
use super::value::{Value, all};
use super::{Result, wrong};
use crate::model::clock::Millis;

/// Returns the stages up to `end()`.
pub(super) fn pipeline(steps: Vec<Step>, last: &str, now: Millis) -> Result<Vec<Document>> {
    let mut steps = steps;
    match steps.pop() {
        Some(Step { name, arguments: Some(arguments) }) if name == last && arguments.is_empty() => {}
        _ => return Err(wrong(format_args!("a pipeline ends in `{last}()`"))),
    }
    steps.into_iter().map(|step| stage(step, now)).collect()
}

fn stage(step: Step, now: Millis) -> Result<Document> {
    let Step { name, arguments } = step;
    let arguments = arguments.ok_or_else(|| wrong(format_args!("the stage `{name}` is not called")))?;
    let mut arguments = all(arguments, now)?.into_iter();
    let argument = arguments.next().ok_or_else(|| wrong(format_args!("the stage `{name}` says nothing")))?;
    let operand = match name.as_str() {
        "match" => Bson::Document(filter(argument)?),
        _ => argument.into_bson()?,
    };
    Ok(doc! { format!("${name}"): operand })
}

/// Reads what follows `$`: `$.sum("$score")`, or a pipeline of its own that ends in `done()`.
pub(super) fn operator(steps: Vec<Step>, now: Millis) -> Result<Value> {
    let mut steps = steps.into_iter();
    let first = steps.next().ok_or_else(|| wrong("`$` alone is no operator"))?;
    let Step { name, arguments } = first;
    let arguments = arguments.ok_or_else(|| wrong(format_args!("`$.{name}` is not called")))?;
    if name == "pipeline" {
        let stages = pipeline(steps.collect(), "done", now)?;
        return Ok(Value::Plain(Bson::Array(stages.into_iter().map(Bson::Document).collect())));
    }
    if steps.next().is_some() {
        return Err(wrong(format_args!("nothing can be asked of `$.{name}()`")));
    }
    let mut arguments = all(arguments, now)?;
    let operand = match arguments.len() {
        0 => Value::Object(Vec::new()),
        1 => arguments.remove(0),
        _ => Value::Array(arguments),
    };
    Ok(Value::Plain(Bson::Document(doc! { format!("${name}"): operand.into_bson()? })))
}
