//! Watches queries go by and tells what their author will want to know: once for each shape of query.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use bson::Document;

use super::index_key;
use super::limits::Paging;
use crate::docdb;
use crate::docdb::filter::Filter;
use crate::docdb::index::{IndexDefinition, Order};
use crate::docdb::query::{Query, Stats};
use crate::emulator::event::{self, Event, Events};
use crate::model::name::did_you_mean;
use crate::model::shell;
use crate::text;

/// How many different things are told at most: field names made from ids give every query a shape of its own.
const MEMORY: usize = 4096;

/// MongoDB's code for a search by distance without an index.
const NO_NEAR_INDEX: i32 = 291;

/// Remembers what was told.
pub(super) struct Watchman {
    events: Events,
    told: Mutex<HashSet<u64>>,
}

impl Watchman {
    pub(super) fn new(events: Events) -> Self {
        Watchman { events, told: Mutex::default() }
    }

    /// Tells of a query that read documents one by one, or sorted them in memory, for want of an index.
    pub(super) fn saw(&self, collection: &str, stats: &Stats) {
        let Some(index) = stats.missed.as_ref().filter(|_| stats.documents_examined > 0) else { return };
        let fix = command(collection, index);
        if self.is_news(("fix", &fix)) {
            self.tell(Event::Scanned {
                collection: collection.to_owned(),
                examined: stats.documents_examined,
                returned: stats.returned,
                fix,
            });
        }
    }

    /// Tells of a query that was refused for want of an index.
    pub(super) fn refused(&self, collection: &str, documents: u64, index: &IndexDefinition) {
        let fix = command(collection, index);
        if self.is_news(("refused", &fix)) {
            self.tell(Event::Warning(text! {
                en: "{collection}: refused to read {documents} documents for want of an index; fix: {fix}",
                zh: "{collection}：没有可用索引，已拒绝读取 {documents} 个文档；修复：{fix}"
            }));
        }
    }

    /// Tells of a search by distance that no index can answer.
    pub(super) fn looked_near(&self, collection: &str, query: &Query, error: &docdb::Error) {
        if !matches!(error, docdb::Error::Invalid { code: NO_NEAR_INDEX, .. }) {
            return;
        }
        let Ok(filter) = Filter::parse(&query.filter, query.now) else { return };
        let Some((path, _)) = filter.near() else { return };
        let index = IndexDefinition {
            name: String::new(),
            keys: vec![(path.as_str().to_owned(), Order::Sphere)],
            unique: false,
            sparse: false,
        };
        let (path, fix) = (path.as_str(), command(collection, &index));
        if self.is_news(("near", &fix)) {
            self.tell(Event::Warning(text! {
                en: "{collection}: a search by distance needs a 2dsphere index on {path}; fix: {fix}",
                zh: "{collection}：按距离查询需要 {path} 上的 2dsphere 索引；修复：{fix}"
            }));
        }
    }

    /// Tells of an answer that stopped at the platform's limit while more documents match.
    pub(super) fn counted(
        &self,
        store: &docdb::Database,
        collection: &str,
        query: &Query,
        returned: u64,
        paging: Paging,
    ) {
        if query.limit != Some(returned) || !self.is_news(("cut", collection, shape(&query.filter))) {
            return;
        }
        let Ok((total, _)) = store.count(collection, &query.filter, query.now) else { return };
        if total > query.skip + returned {
            self.tell(Event::Truncated {
                collection: collection.to_owned(),
                returned,
                total,
                default: paging.default,
                most: paging.most,
            });
        }
    }

    /// Tells of a collection that does not exist, and of the one that was meant.
    pub(super) fn missed(&self, store: &docdb::Database, collection: &str) {
        let known = store.names().unwrap_or_default();
        let suggestion = did_you_mean(collection, known.iter().map(String::as_str));
        self.tell(Event::CollectionMissing {
            collection: collection.to_owned(),
            suggestion: suggestion.map(str::to_owned),
        });
    }

    fn tell(&self, event: Event) {
        event::tell(&self.events, event);
    }

    /// Whether this comes by for the first time. Once too much was told, nothing is news any more.
    fn is_news(&self, what: impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < MEMORY && told.insert(hasher.finish())
    }
}

/// Returns the names in a document, at every depth, without the values: two queries that differ in values have one shape.
fn shape(document: &Document) -> String {
    document.iter().fold(String::new(), |mut text, (key, value)| {
        text.push_str(key);
        match value {
            bson::Bson::Document(inner) => text.push_str(&format!("({})", shape(inner))),
            bson::Bson::Array(values) if key.starts_with('$') => values
                .iter()
                .filter_map(|value| value.as_document())
                .for_each(|inner| text.push_str(&format!("[{}]", shape(inner)))),
            _ => {}
        }
        text.push(',');
        text
    })
}

/// Returns the line to paste.
pub(super) fn command(collection: &str, index: &IndexDefinition) -> String {
    let keys: Vec<String> = index.keys.iter().map(|it| index_key(it).to_string()).collect();
    let arguments: Vec<&str> = [collection].into_iter().chain(keys.iter().map(String::as_str)).collect();
    shell::line("cloudkit db index add", &arguments)
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn values_do_not_change_a_shape() {
        assert_eq!(shape(&doc! { "a": { "$gt": 1 } }), shape(&doc! { "a": { "$gt": 7 } }));
        assert_ne!(shape(&doc! { "a": { "$gt": 1 } }), shape(&doc! { "b": { "$gt": 1 } }));
        assert_ne!(shape(&doc! { "$or": [{ "a": 1 }] }), shape(&doc! { "$or": [{ "b": 1 }] }));
    }

    #[test]
    fn advice_is_a_line_to_paste() {
        let index = IndexDefinition {
            name: "board".into(),
            keys: vec![("level".into(), Order::Ascending), ("score".into(), Order::Descending)],
            unique: false,
            sparse: false,
        };
        assert_eq!(command("players", &index), "cloudkit db index add players level score:desc");
    }
}
