//! Taking a collection out, page by page in order of `_id`: what is written meanwhile moves no page.

use bson::Document;
use serde::Serialize;
use serde_json::{Value, json};

use crate::api::documents::Columns;
pub use crate::api::documents::writing::{Format, Writing};
use crate::error::Result;
use crate::model::clock::Millis;
use crate::model::name::CollectionName;
use crate::ops::progress::{Progress, Step};
use crate::ops::target::Target;
use crate::text;

use super::query::{self, PAGE, Written};

/// What is to be taken out, and how it is written.
#[derive(Debug)]
pub struct Export<'a> {
    pub collection: &'a CollectionName,
    /// Extended JSON, either form.
    pub filter: Option<&'a str>,
    pub format: Format,
    /// Every number and date says its type.
    pub canonical: bool,
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
    export: &Export<'_>,
    now: Millis,
    progress: &dyn Progress,
    emit: &mut (dyn FnMut(&str) -> Result<()> + Send),
) -> Result<Exported> {
    let collection = export.collection;
    let filter = export.filter.map(|filter| super::canonical(filter, now)).transpose()?;
    let step = progress.step(text! { en: "exported from `{collection}`", zh: "已导出 `{collection}`" });
    let mut writing = Writing::new(export.format.clone(), export.canonical);
    if writing.wants_columns() {
        writing.set_columns(columns(target, collection, filter.clone(), step.as_ref()).await?);
    }
    emit(&writing.begin())?;
    let mut pages = Pages::new(target, collection, filter);
    while let Some(page) = pages.next().await? {
        let text: String = page.into_iter().map(|document| writing.value(document)).collect();
        emit(&text)?;
        let documents = writing.documents();
        step.say(text! { en: "{documents} documents", zh: "{documents} 个文档" });
    }
    emit(writing.end())?;
    Ok(Exported { collection: collection.to_string(), documents: writing.documents() })
}

/// Reads through the documents once for the field paths that occur.
async fn columns(
    target: &Target,
    collection: &CollectionName,
    filter: Option<String>,
    step: &dyn Step,
) -> Result<Columns> {
    let mut pages = Pages::new(target, collection, filter);
    let mut columns = Columns::default();
    step.say(text! { en: "looking for columns", zh: "正在收集列名" });
    while let Some(page) = pages.next().await? {
        page.iter().for_each(|document| columns.meet(&read(document)));
    }
    Ok(columns)
}

/// Reads a document of the wire. One that cannot be read there is none.
fn read(document: &Value) -> Document {
    crate::api::ejson::document(&document.to_string(), 0).unwrap_or_default()
}

/// The documents that match, page by page.
struct Pages<'a> {
    target: &'a Target,
    collection: &'a CollectionName,
    cursor: Option<Cursor>,
}

impl<'a> Pages<'a> {
    fn new(target: &'a Target, collection: &'a CollectionName, filter: Option<String>) -> Self {
        Pages { target, collection, cursor: Some(Cursor { filter, last: None, seen: Vec::new() }) }
    }

    /// Returns the next page; nothing after the last.
    async fn next(&mut self) -> Result<Option<Vec<Value>>> {
        let Some(mut cursor) = self.cursor.take() else { return Ok(None) };
        let written = Written::by_id(cursor.filter());
        let page = query::page(self.target, self.collection, &written, 0, PAGE).await?;
        self.cursor = cursor.advance(&page).then_some(cursor);
        Ok(Some(page))
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
