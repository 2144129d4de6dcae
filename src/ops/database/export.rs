//! Taking a collection out, page by page in order of `_id`: what is written meanwhile moves no page.

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};
use crate::model::clock::Millis;
use crate::model::name::CollectionName;
use crate::ops::target::Target;
use crate::text;

use super::query::{self, PAGE, Written};
use super::relaxed::relax;

/// How documents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A document a line.
    Lines,
    /// One JSON array.
    Array,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    pub collection: String,
    pub documents: u64,
}

/// Takes the documents that match out of a collection; `emit` is handed the text bit by bit.
pub async fn export(
    target: &Target,
    collection: &CollectionName,
    filter: Option<&str>,
    format: Format,
    now: Millis,
    emit: &mut (dyn FnMut(&str) -> Result<()> + Send),
) -> Result<Exported> {
    let filter = filter.map(|filter| super::canonical(filter, now)).transpose()?;
    let mut cursor = Cursor { filter, last: None, seen: Vec::new() };
    let mut writing = Writing::new(format);
    loop {
        let page = query::page(target, collection, &Written::by_id(cursor.filter()), 0, PAGE).await?;
        let text: String = page.iter().map(|document| writing.value(document.clone())).collect();
        emit(&text)?;
        if !cursor.advance(&page) {
            break;
        }
    }
    emit(writing.end())?;
    Ok(Exported { collection: collection.to_string(), documents: writing.documents })
}

/// Documents on their way into a text.
pub struct Writing {
    format: Format,
    documents: u64,
}

impl Writing {
    pub fn new(format: Format) -> Self {
        Writing { format, documents: 0 }
    }

    /// Returns what is written for one more document, given as canonical Extended JSON.
    pub fn document(&mut self, canonical: &str) -> Result<String> {
        let value = serde_json::from_str(canonical).map_err(|error| {
            Error::new(
                Kind::Failed,
                text! { en: "a document is not Extended JSON", zh: "文档不是合法的扩展 JSON" },
            )
            .source(&error)
        })?;
        Ok(self.value(value))
    }

    fn value(&mut self, document: Value) -> String {
        let before = match (self.format, self.documents) {
            (Format::Lines, _) => "",
            (Format::Array, 0) => "[\n",
            (Format::Array, _) => ",\n",
        };
        self.documents += 1;
        let after = if self.format == Format::Lines { "\n" } else { "" };
        format!("{before}{}{after}", relax(document))
    }

    /// Returns what ends the text.
    pub fn end(&self) -> &'static str {
        match (self.format, self.documents) {
            (Format::Lines, _) => "",
            (Format::Array, 0) => "[]\n",
            (Format::Array, _) => "\n]\n",
        }
    }
}

/// Where the next page begins. A comparison finds values of one type only, so types are visited one after another.
struct Cursor {
    filter: Option<String>,
    /// The last `_id` of the type under way.
    last: Option<Value>,
    /// Types that are done.
    seen: Vec<&'static str>,
}

impl Cursor {
    /// Returns the filter of the next page.
    fn filter(&self) -> Option<String> {
        let mut all: Vec<String> = self.filter.iter().cloned().collect();
        if let Some(last) = &self.last {
            all.push(json!({ "_id": { "$gt": last } }).to_string());
        } else if !self.seen.is_empty() {
            let seen: Vec<Value> = self.seen.iter().map(|name| json!({ "_id": { "$type": name } })).collect();
            all.push(json!({ "$nor": seen }).to_string());
        }
        match all.len() {
            0 | 1 => all.pop(),
            _ => Some(format!("{{\"$and\":[{}]}}", all.join(","))),
        }
    }

    /// Moves behind a page; returns whether there may be another.
    fn advance(&mut self, page: &[Value]) -> bool {
        let ids = || page.iter().filter_map(|document| document.get("_id"));
        match ids().next_back() {
            Some(last) if page.len() as u64 == PAGE => {
                // Types come one after another: all but the last of this page are done.
                let under_way = type_of(last);
                for name in ids().map(type_of).filter(|name| *name != under_way) {
                    if !self.seen.contains(&name) {
                        self.seen.push(name);
                    }
                }
                self.last = Some(last.clone());
                true
            }
            _ => match self.last.take() {
                Some(last) => {
                    self.seen.push(type_of(&last));
                    true
                }
                // Nothing was left out of this page, and it was not full.
                None => false,
            },
        }
    }
}

/// Returns the name that `$type` knows the type of a canonical value by.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(fields) => match fields.keys().next().map(String::as_str) {
            Some("$numberInt" | "$numberLong" | "$numberDouble" | "$numberDecimal") => "number",
            Some("$oid") => "objectId",
            Some("$date") => "date",
            Some("$binary") => "binData",
            Some("$timestamp") => "timestamp",
            Some("$regularExpression") => "regex",
            _ => "object",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_of_id_is_visited_to_its_end() {
        let mut cursor = Cursor { filter: Some(r#"{"a":1}"#.into()), last: None, seen: vec![] };
        assert_eq!(cursor.filter().as_deref(), Some(r#"{"a":1}"#));
        let full: Vec<Value> = (0..PAGE).map(|n| json!({ "_id": { "$numberInt": n.to_string() } })).collect();
        assert!(cursor.advance(&full));
        assert_eq!(
            cursor.filter().as_deref(),
            Some(r#"{"$and":[{"a":1},{"_id":{"$gt":{"$numberInt":"999"}}}]}"#)
        );
        assert!(cursor.advance(&[]));
        assert_eq!(
            cursor.filter().as_deref(),
            Some(r#"{"$and":[{"a":1},{"$nor":[{"_id":{"$type":"number"}}]}]}"#)
        );
        assert!(!cursor.advance(&[json!({ "_id": "x" })]));
    }

    #[test]
    fn a_page_of_two_types_ends_the_first() {
        let mut cursor = Cursor { filter: None, last: None, seen: vec![] };
        let mut page = vec![json!({ "_id": { "$numberInt": "1" } })];
        page.extend((1..PAGE).map(|n| json!({ "_id": n.to_string() })));
        assert!(cursor.advance(&page));
        assert!(cursor.advance(&[]));
        assert_eq!(cursor.seen, ["number", "string"]);
    }
}
