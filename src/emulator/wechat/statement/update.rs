//! Changes: what `update` sets, and what `_` does to a field.

use bson::{Bson, Document, doc};

use super::value::{Value, misplaced};
use super::{Result, wrong};

/// Returns a change in the engine's words.
pub(super) fn update(data: Value) -> Result<Document> {
    let Value::Object(fields) = data else { return Err(wrong("`data` is an object")) };
    let mut update = Document::new();
    for (name, value) in fields {
        change(&mut update, &name, value)?;
    }
    Ok(update)
}

/// Adds what happens to one field; the fields of an object are fields of their own.
fn change(update: &mut Document, field: &str, value: Value) -> Result<()> {
    let (operator, operand) = match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (inner, value) in fields {
                change(update, &format!("{field}.{inner}"), value)?;
            }
            return Ok(());
        }
        Value::Command(commands) => match <[_; 1]>::try_from(commands) {
            Ok([(name, operands)]) => operation(&name, operands)?,
            Err(_) => return Err(wrong("one command changes a field")),
        },
        other => ("$set", other.into_bson()?),
    };
    let operations = update.entry(operator.to_owned()).or_insert_with(|| Bson::Document(Document::new()));
    if let Bson::Document(operations) = operations {
        operations.insert(field, operand);
    }
    Ok(())
}

fn operation(name: &str, operands: Vec<Value>) -> Result<(&'static str, Bson)> {
    let mut operands = operands.into_iter().map(Value::into_bson).collect::<Result<Vec<_>>>()?;
    let all = |operands: Vec<Bson>| match operands.as_slice() {
        [Bson::Array(items)] => items.clone(),
        _ => operands,
    };
    Ok(match name {
        "remove" => ("$unset", Bson::String(String::new())),
        "pop" => ("$pop", Bson::Int32(1)),
        "shift" => ("$pop", Bson::Int32(-1)),
        "unshift" => ("$push", Bson::Document(doc! { "$each": all(operands), "$position": 0 })),
        "push" => match operands.as_slice() {
            // `_.push({ each: […], position, sort, slice })`
            [Bson::Document(options)] if options.contains_key("each") => {
                let options = options.iter().map(|(name, value)| (format!("${name}"), value.clone()));
                ("$push", Bson::Document(options.collect()))
            }
            _ => ("$push", Bson::Document(doc! { "$each": all(operands) })),
        },
        "addToSet" => match operands.as_slice() {
            [Bson::Document(options)] if options.contains_key("each") => {
                let each = options.get("each").cloned().unwrap_or(Bson::Null);
                ("$addToSet", Bson::Document(doc! { "$each": each }))
            }
            [Bson::Array(items)] => ("$addToSet", Bson::Document(doc! { "$each": items.clone() })),
            _ => ("$addToSet", single(name, operands)?),
        },
        "set" => ("$set", single(name, operands)?),
        "inc" => ("$inc", single(name, operands)?),
        "mul" => ("$mul", single(name, operands)?),
        "min" => ("$min", single(name, operands)?),
        "max" => ("$max", single(name, operands)?),
        "rename" => ("$rename", single(name, operands)?),
        "pull" => ("$pull", single(name, operands)?),
        "pullAll" => ("$pullAll", Bson::Array(all(std::mem::take(&mut operands)))),
        _ => return Err(misplaced(name)),
    })
}

fn single(name: &str, operands: Vec<Bson>) -> Result<Bson> {
    let mut operands = operands.into_iter();
    match (operands.next(), operands.next()) {
        (Some(operand), None) => Ok(operand),
        _ => Err(wrong(format_args!("`_.{name}` takes one operand"))),
    }
}
