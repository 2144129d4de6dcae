//! Writing documents: a document, its `_id`, its keys and the change told to the feed are one store transaction.

use std::borrow::Cow;

use bson::raw::{RawBsonRef, RawDocument, RawDocumentBuf};
use bson::{Bson, RawBson};

use super::feed::{Change, Feed, Numbered};
use super::index::{self, DocumentKeys, IndexDefinition, keys_of};
use super::store::{Collection, KeyTable, View, Write};
use super::transaction::Locks;
use super::value::limits;
use super::{Error, Result, key};

/// An open write of documents. Dropped without `commit`, it never was.
pub struct DocumentWrite<'a> {
    store: Write<'a>,
    feed: &'a Feed,
    /// Gathered only when somebody listens.
    changes: Option<Vec<Change>>,
    /// The documents that running transactions have written; `None` when a transaction itself writes.
    locks: Option<&'a Locks>,
    /// Whether documents are given anew as a whole from now on; the feed tells it.
    pub whole: bool,
}

impl<'a> DocumentWrite<'a> {
    pub fn new(store: Write<'a>, feed: &'a Feed, locks: Option<&'a Locks>) -> Self {
        DocumentWrite { store, feed, changes: feed.is_watched().then(Vec::new), locks, whole: false }
    }

    pub fn view(&self) -> View<'_> {
        self.store.view()
    }

    pub fn store(&mut self) -> &mut Write<'a> {
        &mut self.store
    }

    /// Commits, then tells the feed, then lets the next writer in.
    pub fn commit(self) -> Result<()> {
        let DocumentWrite { store, feed, changes, .. } = self;
        store.commit(|| feed.publish(changes.unwrap_or_default()))
    }

    /// Stores new documents in their order.
    ///
    /// # Errors
    /// The first that is refused, as by `insert`. Those before it are stored.
    pub fn insert_all(&mut self, collection: &Collection, documents: &[RawDocumentBuf]) -> Result<()> {
        let mut rest = documents;
        loop {
            let stored = if rest.len() > 1 { self.insert_front(collection, rest)? } else { 0 };
            let Some((refused, after)) = rest.get(stored..).and_then(<[_]>::split_first) else {
                return Ok(());
            };
            self.insert(collection, refused)?;
            rest = after;
        }
    }

    /// Stores the documents before the first that is refused; returns how many they are. Ids and keys are looked for and
    /// stored in their own order, so that each page is met once however many documents there are.
    fn insert_front(&mut self, collection: &Collection, documents: &[RawDocumentBuf]) -> Result<usize> {
        let mut new = Vec::with_capacity(documents.len());
        new.extend(documents.iter().map_while(|it| self.prepare(collection, it).ok()));
        let ids = sorted(new.iter().map(|it| it.id.as_slice()));
        let mut accepted = first_taken(self.view(), &collection.ids, &ids)?.unwrap_or(new.len());
        let mut entries = Vec::with_capacity(collection.indexes.len());
        for (at, index) in collection.indexes.iter().enumerate() {
            let keys = new.iter().enumerate().flat_map(|(place, it)| {
                let keys = it.keys.get(at).map_or(&[][..], |it| &it.keys);
                keys.iter().map(move |key| (key.as_slice(), place))
            });
            let mut keys: Vec<_> = keys.collect();
            keys.sort_unstable();
            if index.definition.unique {
                accepted = first_taken(self.view(), &index.keys, &keys)?.unwrap_or(accepted).min(accepted);
            }
            entries.push(keys);
        }
        let mut numbers = Vec::with_capacity(accepted);
        let stored = new.iter().take(accepted).map(|it| &*it.document);
        self.store.insert_all(collection, stored, |number| numbers.push(number))?;
        for (it, number) in new.iter().zip(&numbers) {
            for (index, _) in collection.indexes.iter().zip(&it.keys).filter(|(_, keys)| keys.multikey) {
                self.store.set_multikey(index)?;
            }
            self.note(collection, *number, None, Some(&it.document));
        }
        let tables = collection.indexes.iter().map(|it| &it.keys).zip(&entries);
        for (table, entries) in tables.chain([(&collection.ids, &ids)]) {
            let numbered = entries.iter().filter_map(|(key, place)| Some((*key, *numbers.get(*place)?)));
            self.store.insert_keys(table, numbered)?;
        }
        Ok(accepted)
    }

    /// Checks a new document by itself, and makes its keys.
    fn prepare<'d>(&self, collection: &Collection, document: &'d RawDocument) -> Result<New<'d>> {
        let document = check(document)?;
        let id = self.unlocked(collection, &document)?;
        let keys = keys_of_all(collection, &document)?;
        Ok(New { document, id, keys })
    }

    /// Stores a new document.
    ///
    /// # Errors
    /// The document is refused, or another one has its `_id` or a key of a unique index. Nothing is changed then.
    pub fn insert(&mut self, collection: &Collection, document: &RawDocument) -> Result<()> {
        let document = check(document)?;
        let id = self.unlocked(collection, &document)?;
        if self.view().find(&collection.ids, &id)?.is_some() {
            return Err(index::duplicate(collection, &IndexDefinition::of_id(), &document, &id));
        }
        let keys = keys_of_all(collection, &document)?;
        for (index, keys) in collection.indexes.iter().zip(&keys) {
            index::check_unique(self.view(), collection, index, &document, &keys.keys)?;
        }
        let number = self.store.insert(collection, &document)?;
        self.store.insert_key(&collection.ids, &id, number)?;
        for (index, keys) in collection.indexes.iter().zip(keys) {
            if keys.multikey {
                self.store.set_multikey(index)?;
            }
            for key in keys.keys {
                self.store.insert_key(&index.keys, &key, number)?;
            }
        }
        self.note(collection, number, None, Some(&document));
        Ok(())
    }

    /// Stores another state of a document; its `_id` is the same.
    ///
    /// # Errors
    /// As for `insert`.
    pub fn replace(
        &mut self,
        collection: &Collection,
        number: i64,
        before: &RawDocument,
        after: &RawDocument,
    ) -> Result<()> {
        let after = check(after)?;
        self.unlocked(collection, before)?;
        check_same_id(before, &after)?;
        let old = keys_of_all(collection, before)?;
        let new = keys_of_all(collection, &after)?;
        for (index, (old, new)) in collection.indexes.iter().zip(old.iter().zip(&new)) {
            let added = new.keys.iter().filter(|it| !holds(old, it));
            index::check_unique(self.view(), collection, index, &after, added)?;
        }
        self.store.replace(collection, number, before, &after)?;
        for (index, (old, new)) in collection.indexes.iter().zip(old.iter().zip(&new)) {
            if new.multikey {
                self.store.set_multikey(index)?;
            }
            for key in old.keys.iter().filter(|it| !holds(new, it)) {
                self.store.delete_key(&index.keys, key, number)?;
            }
            for key in new.keys.iter().filter(|it| !holds(old, it)) {
                self.store.insert_key(&index.keys, key, number)?;
            }
        }
        self.note(collection, number, Some(before), Some(&after));
        Ok(())
    }

    pub fn remove(&mut self, collection: &Collection, number: i64, before: &RawDocument) -> Result<()> {
        let id = self.unlocked(collection, before)?;
        self.store.delete(collection, number, before)?;
        self.store.delete_key(&collection.ids, &id, number)?;
        for index in &collection.indexes {
            for key in keys_of(&index.definition, before)?.keys {
                self.store.delete_key(&index.keys, &key, number)?;
            }
        }
        self.note(collection, number, Some(before), None);
        Ok(())
    }

    /// Returns the document's id key, unless a running transaction has written the document.
    fn unlocked(&self, collection: &Collection, document: &RawDocument) -> Result<Vec<u8>> {
        let id = id_key(document)?;
        match self.locks {
            Some(locks) if locks.hold(collection, &id) => Err(Error::TransactionConflict),
            _ => Ok(id),
        }
    }

    fn note(
        &mut self,
        collection: &Collection,
        number: i64,
        before: Option<&RawDocument>,
        after: Option<&RawDocument>,
    ) {
        if let Some(changes) = &mut self.changes {
            let collection = collection.name.clone();
            let numbered = |it: &RawDocument| Numbered { number, document: it.to_owned() };
            changes.push(Change {
                collection,
                before: before.map(numbered),
                after: after.map(numbered),
                whole: self.whole,
            });
        }
    }
}

/// A document about to be stored.
struct New<'d> {
    document: Cow<'d, RawDocument>,
    id: Vec<u8>,
    keys: Vec<DocumentKeys>,
}

/// Keys in their order, each with the place of its document.
fn sorted<'k>(keys: impl Iterator<Item = &'k [u8]>) -> Vec<(&'k [u8], usize)> {
    let mut keys: Vec<_> = keys.enumerate().map(|(place, key)| (key, place)).collect();
    keys.sort_unstable();
    keys
}

/// Returns the place of the first document one of whose sorted keys is stored already, or belongs to one before it.
fn first_taken(view: View<'_>, table: &KeyTable, keys: &[(&[u8], usize)]) -> Result<Option<usize>> {
    let mut finder = view.finder(table)?;
    let mut first: Option<usize> = None;
    let mut previous = None;
    for (key, place) in keys {
        if previous == Some(key) || finder.find(key)?.is_some() {
            first = Some(first.map_or(*place, |it| it.min(*place)));
        }
        previous = Some(key);
    }
    Ok(first)
}

fn holds(keys: &DocumentKeys, key: &Vec<u8>) -> bool {
    keys.keys.binary_search(key).is_ok()
}

fn keys_of_all(collection: &Collection, document: &RawDocument) -> Result<Vec<DocumentKeys>> {
    collection.indexes.iter().map(|it| keys_of(&it.definition, document)).collect()
}

/// Returns a document's `_id`.
pub fn id_of(document: &RawDocument) -> Result<RawBsonRef<'_>> {
    match document.get("_id") {
        Ok(Some(id)) => Ok(id),
        _ => Err(Error::invalid(53, "the document has no '_id'")),
    }
}

/// Refuses another state of a document that has another `_id`.
pub fn check_same_id(before: &RawDocument, after: &RawDocument) -> Result<()> {
    match id_key(before)? == id_key(after)? {
        true => Ok(()),
        false => Err(Error::invalid(66, "the (immutable) field '_id' was found to have been altered")),
    }
}

/// The key under which a document's `_id` is stored.
pub fn id_key(document: &RawDocument) -> Result<Vec<u8>> {
    Ok(id_key_of(id_of(document)?))
}

/// The key of an `_id`.
pub fn id_key_of(id: RawBsonRef<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(40);
    key::encode(id, false, &mut bytes);
    bytes
}

/// Refuses what MongoDB does not store; puts `_id` first.
pub fn check(document: &RawDocument) -> Result<Cow<'_, RawDocument>> {
    limits::check_size(document.as_bytes().len())?;
    limits::check_depth(document)?;
    let kind = match id_of(document)? {
        RawBsonRef::Array(_) => Some("array"),
        RawBsonRef::RegularExpression(_) => Some("regex"),
        RawBsonRef::Undefined => Some("undefined"),
        _ => None,
    };
    if let Some(kind) = kind {
        return Err(Error::invalid(53, format!("the '_id' value cannot be of type {kind}")));
    }
    for field in document.iter() {
        let (name, _) = field.map_err(malformed)?;
        if name.as_str().starts_with('$') {
            return Err(Error::invalid(52, format!("the field name '{name}' must not begin with '$'")));
        }
    }
    let first = document.iter().next().and_then(|it| it.ok());
    if first.is_some_and(|(name, _)| name.as_str() == "_id") {
        Ok(Cow::Borrowed(document))
    } else {
        Ok(Cow::Owned(id_first(document)?))
    }
}

fn id_first(document: &RawDocument) -> Result<RawDocumentBuf> {
    let mut ordered = RawDocumentBuf::new();
    ordered.append(bson::cstr!("_id"), id_of(document)?);
    for field in document.iter() {
        let (name, value) = field.map_err(malformed)?;
        if name.as_str() != "_id" {
            ordered.append(name, value);
        }
    }
    Ok(ordered)
}

fn malformed(error: bson::error::Error) -> Error {
    Error::invalid(22, format!("malformed BSON: {error}"))
}

/// A document's `_id` as a value.
pub fn id_value(document: &RawDocument) -> Result<Bson> {
    let id: RawBson = id_of(document)?.into();
    Bson::try_from(id).map_err(malformed)
}
