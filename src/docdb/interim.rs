//! Updates in their simplest form, until their room is furnished.

use std::cmp::Ordering;

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Bson, DateTime, Document};

use super::filter::{ElementFilter, Filter, Node, Predicate};
use super::value::{compare, equals, place};
use super::{Error, Result};

pub struct Update(Document);

impl Update {
    pub fn parse(update: &Document, _array_filters: &[Document], _now: DateTime) -> Result<Self> {
        Ok(Update(update.clone()))
    }

    pub fn apply(&self, before: &RawDocument, _filter: &Filter) -> Result<Option<RawDocumentBuf>> {
        let before = decode(before)?;
        let after = self.applied(before.clone())?;
        if before == after { Ok(None) } else { encode(&after).map(Some) }
    }

    pub fn upsert(&self, filter: &Filter, id: &Bson) -> Result<RawDocumentBuf> {
        let mut start = Document::new();
        start.insert("_id", id.clone());
        let nodes = match filter.root() {
            Node::And(nodes) => nodes.as_slice(),
            node => std::slice::from_ref(node),
        };
        for node in nodes {
            if let Node::Field { path, predicate: Predicate::Eq(value) } = node {
                place::set_at(&mut start, path.as_str(), value.clone());
            }
        }
        encode(&self.applied(start)?)
    }

    fn applied(&self, mut document: Document) -> Result<Document> {
        if !self.0.keys().any(|it| it.starts_with('$')) {
            let mut replaced = Document::new();
            replaced.extend(document.remove("_id").map(|id| ("_id".to_owned(), id)));
            replaced.extend(self.0.clone());
            return Ok(replaced);
        }
        for (operator, operand) in &self.0 {
            for (path, value) in operand.as_document().into_iter().flatten() {
                let present = place::get_at(&document, path).cloned();
                match operator.as_str() {
                    "$set" => place::set_at(&mut document, path, value.clone()),
                    "$setOnInsert" | "$currentDate" => {}
                    "$mul" => {
                        let product = number(present.as_ref()) * number(Some(value));
                        place::set_at(&mut document, path, shortest(product));
                    }
                    "$min" | "$max" => {
                        let wanted = if operator == "$min" { Ordering::Less } else { Ordering::Greater };
                        if present.is_none_or(|it| compare(value, &it) == wanted) {
                            place::set_at(&mut document, path, value.clone());
                        }
                    }
                    "$rename" => {
                        if let (Some(it), Some(to)) = (place::remove_at(&mut document, path), value.as_str())
                        {
                            place::set_at(&mut document, to, it);
                        }
                    }
                    "$push" | "$addToSet" | "$pop" | "$pull" | "$pullAll" => {
                        let Some(changed) = listed(operator, present, value)? else { continue };
                        place::set_at(&mut document, path, Bson::Array(changed));
                    }
                    "$unset" => drop(place::remove_at(&mut document, path)),
                    "$inc" => {
                        let sum = number(place::get_at(&document, path)) + number(Some(value));
                        place::set_at(&mut document, path, shortest(sum));
                    }
                    name => return Err(Error::UnknownOperator { name: name.to_owned() }),
                }
            }
        }
        Ok(document)
    }
}

/// The array that an operator on arrays leaves; nothing when it leaves the field alone.
fn listed(operator: &str, present: Option<Bson>, operand: &Bson) -> Result<Option<Vec<Bson>>> {
    let mut items = match present {
        Some(Bson::Array(items)) => items,
        None if matches!(operator, "$push" | "$addToSet") => Vec::new(),
        None => return Ok(None),
        Some(_) => return Err(Error::invalid(2, format!("{operator} needs an array"))),
    };
    let modifiers = operand.as_document().filter(|it| it.contains_key("$each"));
    let each = match modifiers.and_then(|it| it.get_array("$each").ok()) {
        Some(each) => each.clone(),
        None => vec![operand.clone()],
    };
    match operator {
        "$push" => {
            let modifier =
                |name: &str| modifiers.and_then(|it| it.get(name)).map(|it| number(Some(it)) as i64);
            let at = modifier("$position").map_or(items.len(), |it| usize::try_from(it).unwrap_or(0));
            items.splice(at.min(items.len())..at.min(items.len()), each);
            match modifier("$slice") {
                Some(slice) if slice >= 0 => items.truncate(slice as usize),
                Some(slice) => drop(items.drain(..items.len().saturating_sub(slice.unsigned_abs() as usize))),
                None => {}
            }
        }
        "$addToSet" => {
            for it in each {
                if !items.iter().any(|item| equals(item, &it)) {
                    items.push(it);
                }
            }
        }
        "$pop" if number(Some(operand)) < 0.0 => drop(items.drain(..items.len().min(1))),
        "$pop" => drop(items.pop()),
        "$pullAll" => {
            let gone = operand.as_array().cloned().unwrap_or_default();
            items.retain(|item| !gone.iter().any(|it| equals(item, it)));
        }
        _ => {
            let gone = ElementFilter::parse(operand)?;
            let mut kept = Vec::new();
            for item in items {
                if !gone.matches((&item).into())? {
                    kept.push(item);
                }
            }
            items = kept;
        }
    }
    Ok(Some(items))
}

fn shortest(number: f64) -> Bson {
    if number.fract() == 0.0 && number.abs() < f64::from(i32::MAX) {
        Bson::Int32(number as i32)
    } else if number.fract() == 0.0 {
        Bson::Int64(number as i64)
    } else {
        Bson::Double(number)
    }
}

fn number(value: Option<&Bson>) -> f64 {
    match value {
        Some(Bson::Int32(it)) => f64::from(*it),
        Some(Bson::Int64(it)) => *it as f64,
        Some(Bson::Double(it)) => *it,
        _ => 0.0,
    }
}

fn decode(document: &RawDocument) -> Result<Document> {
    Document::try_from(document).map_err(|error| Error::invalid(22, error.to_string()))
}

fn encode(document: &Document) -> Result<RawDocumentBuf> {
    RawDocumentBuf::try_from(document).map_err(|error| Error::invalid(22, error.to_string()))
}
