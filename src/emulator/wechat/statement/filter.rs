//! Conditions: `where`, `match`, and what `_` says of a field.

use bson::{Bson, Document, doc};

use super::value::{Value, document, misplaced};
use super::{Result, wrong};

/// Returns a condition in the engine's words.
pub(super) fn filter(condition: Value) -> Result<Document> {
    match condition {
        Value::Object(fields) => {
            let mut clauses = Vec::new();
            for (name, value) in fields {
                clauses.extend(field(&name, value)?);
            }
            Ok(joined(clauses))
        }
        Value::Command(commands) => of_all(commands),
        Value::Plain(Bson::Document(document)) => Ok(document),
        _ => Err(wrong("a condition is an object or a command")),
    }
}

/// Joins clauses that may be about the same field.
fn joined(clauses: Vec<Document>) -> Document {
    let mut names: Vec<&str> = clauses.iter().flat_map(|clause| clause.keys().map(String::as_str)).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    match names.len() == count {
        true => clauses.into_iter().flatten().collect(),
        false => doc! { "$and": clauses },
    }
}

/// Returns what a condition says of one field; the fields of an object are fields of their own.
fn field(name: &str, value: Value) -> Result<Vec<Document>> {
    match value {
        Value::Command(commands) => of_field(name, commands).map(|clause| vec![clause]),
        Value::Object(fields) if !fields.is_empty() && !name.starts_with('$') => {
            if fields.iter().any(|(inner, _)| inner.starts_with('$')) {
                return Ok(vec![doc! { name: document(fields)? }]);
            }
            let mut clauses = Vec::new();
            for (inner, value) in fields {
                clauses.extend(field(&format!("{name}.{inner}"), value)?);
            }
            Ok(clauses)
        }
        other => Ok(vec![doc! { name: other.into_bson()? }]),
    }
}

/// Returns operands: those of one array, or each by itself.
fn spread(operands: Vec<Value>) -> Vec<Value> {
    match <[Value; 1]>::try_from(operands) {
        Ok([Value::Array(items)]) => items,
        Ok([other]) => vec![other],
        Err(operands) => operands,
    }
}

/// Returns commands about whole documents: `_.or({…}, {…})`.
fn of_all(commands: Vec<(String, Vec<Value>)>) -> Result<Document> {
    let mut condition: Option<Document> = None;
    for (name, mut operands) in commands {
        if name == "expr" && operands.len() == 1 && condition.is_none() {
            condition = Some(doc! { "$expr": operands.remove(0).into_bson()? });
            continue;
        }
        let parts = spread(operands).into_iter().map(filter).collect::<Result<Vec<_>>>()?;
        let parts = condition.take().into_iter().chain(parts).map(Bson::Document).collect();
        condition = Some(logic(&name, parts)?);
    }
    condition.ok_or_else(|| wrong("a condition is empty"))
}

fn logic(name: &str, parts: Vec<Bson>) -> Result<Document> {
    match name {
        "and" | "or" | "nor" => Ok(doc! { format!("${name}"): parts }),
        _ => Err(misplaced(name)),
    }
}

/// Returns commands about one field: `_.gt(1).and(_.lt(5))`.
fn of_field(field: &str, commands: Vec<(String, Vec<Value>)>) -> Result<Document> {
    let mut condition: Option<Document> = None;
    for (name, operands) in commands {
        let next = match name.as_str() {
            "and" | "or" | "nor" => {
                let parts = spread(operands).into_iter().map(|part| self::field(field, part).map(joined));
                let parts = parts.collect::<Result<Vec<_>>>()?;
                let parts = condition.take().into_iter().chain(parts).map(Bson::Document).collect();
                logic(&name, parts)?
            }
            "not" => {
                let operand = operands.into_iter().next().ok_or_else(|| misplaced("not"))?;
                let inner = joined(self::field(field, operand)?);
                let said = inner.get(field).cloned().ok_or_else(|| misplaced("not"))?;
                doc! { field: { "$not": said } }
            }
            _ => doc! { field: operator(&name, operands)? },
        };
        condition = Some(match condition {
            // `_.gt(1).lt(5)` means both.
            Some(before) => doc! { "$and": [before, next] },
            None => next,
        });
    }
    condition.ok_or_else(|| wrong("a condition is empty"))
}

fn operator(name: &str, operands: Vec<Value>) -> Result<Document> {
    let mut operands = operands.into_iter();
    let first = operands.next().ok_or_else(|| wrong(format_args!("`_.{name}` needs an operand")))?;
    let bson = |value: Value| value.into_bson();
    Ok(match name {
        "eq" | "gt" | "gte" | "lt" | "lte" | "exists" | "size" => doc! { format!("${name}"): bson(first)? },
        "neq" => doc! { "$ne": bson(first)? },
        "in" | "nin" | "all" => match bson(first)? {
            Bson::Array(items) => doc! { format!("${name}"): items },
            _ => return Err(wrong(format_args!("`_.{name}` takes an array"))),
        },
        "mod" => match (bson(first)?, operands.next()) {
            (Bson::Array(pair), None) => doc! { "$mod": pair },
            (divisor, Some(remainder)) => doc! { "$mod": [divisor, bson(remainder)?] },
            (_, None) => return Err(wrong("`_.mod` takes a divisor and a remainder")),
        },
        "elemMatch" => doc! { "$elemMatch": element(first)? },
        "geoNear" => {
            let options = first.into_document()?;
            let mut near = Document::new();
            for (from, to) in
                [("geometry", "$geometry"), ("maxDistance", "$maxDistance"), ("minDistance", "$minDistance")]
            {
                if let Some(value) = options.get(from) {
                    near.insert(to, value.clone());
                }
            }
            doc! { "$nearSphere": near }
        }
        "geoWithin" => {
            let options = first.into_document()?;
            match (options.get("geometry"), options.get_array("centerSphere")) {
                (Some(geometry), _) => doc! { "$geoWithin": { "$geometry": geometry.clone() } },
                (None, Ok(circle)) => doc! { "$geoWithin": { "$centerSphere": circle_of(circle) } },
                (None, Err(_)) => return Err(wrong("`_.geoWithin` takes a geometry or a centerSphere")),
            }
        }
        "geoIntersects" => {
            let options = first.into_document()?;
            let geometry = options.get("geometry").cloned();
            let geometry = geometry.ok_or_else(|| wrong("`_.geoIntersects` takes a geometry"))?;
            doc! { "$geoIntersects": { "$geometry": geometry } }
        }
        _ => return Err(wrong(format_args!("`_.{name}` is not known"))),
    })
}

/// Returns what an element must be: a condition on its fields, or on itself.
fn element(value: Value) -> Result<Document> {
    const ITSELF: &str = "itself";
    match value {
        Value::Command(commands) => {
            let said = of_field(ITSELF, commands)?;
            let said = said.get_document(ITSELF).map_err(|_| misplaced("elemMatch"))?;
            Ok(said.clone())
        }
        fields => filter(fields),
    }
}

fn circle_of(circle: &[Bson]) -> Vec<Bson> {
    let plain = |part: &Bson| match part {
        Bson::Document(point) => point.get("coordinates").cloned().unwrap_or(Bson::Null),
        other => other.clone(),
    };
    circle.iter().map(plain).collect()
}
