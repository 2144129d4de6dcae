//! Objects, literals and types.

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, doc};

use super::number::Number;
use super::{ANY, Operator, Table, type_name, wrong_type};
use crate::docdb::aggregate::expression::{Expression, Names, Value, is_null};
use crate::docdb::{Error, Result};

pub(super) const TABLE: Table = &[
    ("$binarySize", Operator::Eager(1, 1, binary_size)),
    ("$bsonSize", Operator::Eager(1, 1, document_size)),
    ("$getField", Operator::Form(parse_get_field)),
    ("$literal", Operator::Form(|operand, _| Ok(Expression::literal(operand.clone())))),
    (
        "$meta",
        Operator::Form(|_, _| {
            Err(Error::invalid(40218, "`$meta` tells of text searches, which the emulator does not do"))
        }),
    ),
    ("$mergeObjects", Operator::Eager(0, ANY, merge_objects)),
    ("$objectToArray", Operator::Eager(1, 1, object_to_array)),
    (
        "$setField",
        Operator::Named(&["field", "input", "value"], &[], |it| {
            set_field(it.value("field")?, it.value("input")?, it.value("value")?)
        }),
    ),
    (
        "$type",
        Operator::Eager(1, 1, |it| {
            let name = it.first().map_or("missing", type_name);
            Ok(Some(Bson::String(name.to_owned())))
        }),
    ),
    (
        "$unsetField",
        Operator::Named(&["field", "input"], &[], |it| {
            set_field(it.value("field")?, it.value("input")?, None)
        }),
    ),
];

/// Merges a value into an object; null and missing add nothing.
pub(in crate::docdb::aggregate) fn merge_into(target: &mut Document, value: Value) -> Result<()> {
    match value {
        Some(Bson::Document(document)) => target.extend(document),
        value if is_null(&value) => {}
        value => return Err(wrong_type(40400, "$mergeObjects", "objects", &value)),
    }
    Ok(())
}

fn merge_objects(values: &[Value]) -> Result<Value> {
    let mut merged = Document::new();
    let values = match values {
        // A single array argument is a list of objects.
        [Some(Bson::Array(items))] => items.iter().cloned().map(Some).collect(),
        _ => values.to_vec(),
    };
    values.into_iter().try_for_each(|it| merge_into(&mut merged, it))?;
    Ok(Some(Bson::Document(merged)))
}

fn object_to_array(values: &[Value]) -> Result<Value> {
    match values {
        [Some(Bson::Document(fields))] => {
            let pairs =
                fields.iter().map(|(key, value)| Bson::Document(doc! { "k": key, "v": value.clone() }));
            Ok(Some(Bson::Array(pairs.collect())))
        }
        [value] if !is_null(value) => Err(wrong_type(40390, "$objectToArray", "an object", value)),
        _ => Ok(Some(Bson::Null)),
    }
}

/// `{$getField: "name"}` or `{$getField: {field, input}}`: the name is literal, dots and dollars included.
fn parse_get_field(operand: &Bson, names: &Names) -> Result<Expression> {
    let (field, input) = match operand {
        Bson::Document(it) if it.contains_key("field") => {
            let parse = |it: &Bson| Expression::parse_in(it, names);
            (it.get("field").map(parse), it.get("input").map(parse))
        }
        other => (Some(Expression::parse_in(other, names)), None),
    };
    let current = || Expression::parse_in(&Bson::String("$$CURRENT".to_owned()), names);
    let (field, input) = (field.unwrap_or_else(current)?, input.unwrap_or_else(current)?);
    Ok(Expression::new(move |scope| {
        let field = field_name("$getField", field.value(scope)?)?;
        Ok(match input.value(scope)? {
            Some(Bson::Document(document)) => document.get(&field).cloned(),
            value if value.is_some() && is_null(&value) => Some(Bson::Null),
            _ => None,
        })
    }))
}

fn set_field(field: Value, input: Value, value: Value) -> Result<Value> {
    let field = field_name("$setField", field)?;
    match (input, value) {
        (Some(Bson::Document(mut document)), Some(value)) => {
            document.insert(field, value);
            Ok(Some(Bson::Document(document)))
        }
        (Some(Bson::Document(mut document)), None) => {
            document.remove(&field);
            Ok(Some(Bson::Document(document)))
        }
        (input, _) if is_null(&input) => Ok(Some(Bson::Null)),
        (input, _) => Err(wrong_type(4161105, "$setField", "an object as `input`", &input)),
    }
}

/// Returns the bytes of a string or of binary data.
fn binary_size(values: &[Value]) -> Result<Value> {
    let bytes = match values {
        [Some(Bson::String(it))] => it.len(),
        [Some(Bson::Binary(it))] => it.bytes.len(),
        [value] if !is_null(value) => {
            return Err(wrong_type(51276, "$binarySize", "a string or binary data", value));
        }
        _ => return Ok(Some(Bson::Null)),
    };
    Ok(Some(Number::integer(bytes as i128, false)))
}

/// Returns the bytes an object takes as BSON.
fn document_size(values: &[Value]) -> Result<Value> {
    let document = match values {
        [Some(Bson::Document(it))] => it,
        [value] if !is_null(value) => return Err(wrong_type(31393, "$bsonSize", "an object", value)),
        _ => return Ok(Some(Bson::Null)),
    };
    let raw = RawDocumentBuf::try_from(document).map_err(|error| Error::invalid(2, error.to_string()))?;
    Ok(Some(Number::integer(raw.as_bytes().len() as i128, false)))
}

fn field_name(operator: &str, value: Value) -> Result<String> {
    match value {
        Some(Bson::String(name)) => Ok(name),
        other => Err(Error::invalid(
            5654602,
            format!("`field` of `{operator}` must be a string, not {}", type_name(&other)),
        )),
    }
}
