//! What a watched query answers at the moment, and how commits change that. Neither sockets nor the clock come here.
//!
//! A view with a limit holds somewhat more than it shows: when a document leaves, the next one is at hand.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bson::raw::RawDocumentBuf;
use bson::{DateTime, Document};

use super::event::{self, Event};
use crate::docdb;
use crate::docdb::feed::{Change, Numbered};
use crate::docdb::filter::Filter;
use crate::docdb::key;
use crate::docdb::sort::Sort;

/// The most documents that one listener may see (`docs/wire.md#realtime`).
pub const MOST: usize = 5000;
/// How many documents beyond its limit a view holds, apart from as many as it shows.
const SPARE: usize = 16;

/// What is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    pub collection: String,
    pub filter: Document,
    /// Field path → 1 or -1.
    pub sort: Document,
    /// No limit when `None`.
    pub limit: Option<u64>,
    /// What a document must match, once it has left, for its new state to be told.
    pub bound: Document,
}

impl Wanted {
    /// Returns bytes that are the same for the same query.
    pub fn key(&self) -> Vec<u8> {
        let Wanted { collection: _, filter, sort, limit, bound } = self;
        let limit = limit.map_or(-1, |it| it as i64);
        let key = RawDocumentBuf::try_from(&bson::doc! { "f": filter, "s": sort, "l": limit, "b": bound });
        key.map(RawDocumentBuf::into_bytes).unwrap_or_default()
    }
}

/// Why a view cannot go on by itself.
#[derive(Debug)]
pub enum Trouble {
    /// It is to be filled again.
    Short,
    /// It has come to hold more than [`MOST`] documents.
    TooMany,
    Failed(docdb::Error),
}

impl From<docdb::Error> for Trouble {
    fn from(error: docdb::Error) -> Self {
        Trouble::Failed(error)
    }
}

/// The answer to a query.
#[derive(Debug)]
pub struct View {
    filter: Filter,
    bound: Filter,
    order: Sort,
    limit: Option<usize>,
    /// By place in the order. Invariant: every document that matches and has a place before the horizon.
    held: BTreeMap<Vec<u8>, Held>,
    /// Where knowledge ends; nowhere when all matching documents are held.
    horizon: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
struct Held {
    id: Vec<u8>,
    document: Arc<RawDocumentBuf>,
}

/// Documents that a listener sees, in order, by the key of their `_id`.
pub type Shown = Vec<(Vec<u8>, Arc<RawDocumentBuf>)>;

impl View {
    /// Reads a query; the view is to be filled.
    pub fn new(wanted: &Wanted, now: DateTime) -> docdb::Result<Self> {
        let filter = Filter::parse(&wanted.filter, now)?;
        if filter.near().is_some() {
            return Err(docdb::Error::invalid(2, "a search by distance cannot be watched"));
        }
        let limit = wanted.limit.and_then(|it| usize::try_from(it).ok()).filter(|it| (1..MOST).contains(it));
        Ok(View {
            filter,
            bound: Filter::parse(&wanted.bound, now)?,
            order: Sort::parse(&wanted.sort)?,
            limit,
            held: BTreeMap::new(),
            horizon: None,
        })
    }

    /// Returns how many documents of the query to fill the view with.
    pub fn needs(&self) -> u64 {
        self.limit.map_or(MOST + 1, |limit| limit * 2 + SPARE) as u64
    }

    /// Puts the first documents of the query, as many as [`View::needs`] told, in place of what is held.
    ///
    /// # Errors
    /// There are too many.
    pub fn fill(&mut self, documents: Vec<Numbered>) -> Result<(), Trouble> {
        let is_whole = (documents.len() as u64) < self.needs();
        self.held.clear();
        for document in documents {
            self.hold(document)?;
        }
        self.horizon = None;
        match self.limit {
            None if self.held.len() > MOST => Err(Trouble::TooMany),
            Some(_) if !is_whole => {
                self.horizon = self.held.last_key_value().map(|(place, _)| after(place));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn hold(&mut self, document: Numbered) -> docdb::Result<()> {
        let place = self.place(&document)?;
        let Numbered { document, .. } = document;
        self.held.insert(place, Held { id: id_key(&document), document: Arc::new(document) });
        Ok(())
    }

    /// Returns everything a listener sees, in the order of the query.
    pub fn shown(&self) -> Shown {
        let held = self.held.values().take(self.limit.unwrap_or(usize::MAX));
        held.map(|it| (it.id.clone(), Arc::clone(&it.document))).collect()
    }

    /// Returns those documents of `shown` that changes may concern, in an order of their own.
    pub fn shown_of(&self, changes: &[&Change]) -> Shown {
        if self.limit.is_some() {
            return self.shown();
        }
        let sides = changes.iter().flat_map(|it| [it.before.as_ref(), it.after.as_ref()]).flatten();
        let mut places: Vec<_> = sides.filter_map(|it| self.place(it).ok()).collect();
        places.sort_unstable();
        places.dedup();
        let held = places.iter().filter_map(|it| self.held.get(it));
        held.map(|it| (it.id.clone(), Arc::clone(&it.document))).collect()
    }

    /// Returns those changes of a commit that the view may show.
    pub fn concerned<'c>(&self, changes: &[&'c Change]) -> docdb::Result<Vec<&'c Change>> {
        let mut concerned = Vec::new();
        for change in changes {
            let was = change.before.as_ref().and_then(|it| self.place(it).ok());
            if was.is_some_and(|it| self.held.contains_key(&it)) || self.admits(change)?.is_some() {
                concerned.push(*change);
            }
        }
        Ok(concerned)
    }

    /// Carries out changes. After an error what is held is of no use until the view is filled again.
    pub fn apply(&mut self, changes: &[&Change]) -> Result<(), Trouble> {
        for change in changes {
            if let Some(before) = change.before.as_ref().and_then(|it| self.place(it).ok()) {
                self.held.remove(&before);
            }
            if let Some(document) = self.admits(change)? {
                self.hold(document.clone())?;
            }
        }
        if self.is_short() {
            return Err(Trouble::Short);
        }
        match self.limit {
            None if self.held.len() > MOST => Err(Trouble::TooMany),
            None => Ok(()),
            Some(limit) => {
                self.forget_beyond(limit * 2 + SPARE);
                Ok(())
            }
        }
    }

    /// Returns the document that a change leaves, when it belongs to what is held.
    fn admits<'c>(&self, change: &'c Change) -> docdb::Result<Option<&'c Numbered>> {
        let Some(document) = &change.after else { return Ok(None) };
        let is_beyond = |horizon: &Vec<u8>| self.place(document).is_ok_and(|it| it >= *horizon);
        let is_near = !self.horizon.as_ref().is_some_and(is_beyond);
        Ok((is_near && self.filter.matches(&*document.document)?).then_some(document))
    }

    /// Returns a document's place in the order: equal ones come by number, as the query has them. A number may pass to
    /// another document in one commit, so the id ends the place.
    fn place(&self, document: &Numbered) -> docdb::Result<Vec<u8>> {
        let mut place = self.order.key(&*document.document)?;
        place.extend(document.number.to_be_bytes());
        place.extend(id_key(&document.document));
        Ok(place)
    }

    /// Whether documents beyond the horizon should be seen.
    fn is_short(&self) -> bool {
        self.horizon.is_some() && self.limit.is_some_and(|limit| self.held.len() < limit)
    }

    fn forget_beyond(&mut self, count: usize) {
        if self.held.len() <= count * 2 {
            return;
        }
        if let Some(horizon) = self.held.keys().nth(count).cloned() {
            self.held.split_off(&horizon);
            self.horizon = Some(horizon);
        }
    }

    /// Returns the events that lead from what was shown to what is shown. Changes tell how; a document that none of them is
    /// about moved over the limit, or changed in a way nobody knows.
    pub fn events(&self, before: &Shown, after: &Shown, changes: &[&Change]) -> Vec<Event> {
        let changes: HashMap<_, _> = changes.iter().filter_map(|it| Some((id_of(it)?, *it))).collect();
        let is: HashMap<_, _> = after.iter().map(|(id, document)| (id.as_slice(), document)).collect();
        let was: HashMap<_, _> = before.iter().map(|(id, document)| (id.as_slice(), document)).collect();
        let gone = before.iter().filter(|(id, _)| !is.contains_key(id.as_slice()));
        let gone = gone.map(|(id, document)| self.dequeued(document, changes.get(id).copied()));
        let present = after.iter().filter_map(|(id, document)| {
            let change = changes.get(id).copied();
            match was.get(id.as_slice()) {
                None => Some(event::enqueued(document, change)),
                Some(old) if old.as_bytes() == document.as_bytes() => None,
                Some(old) => Some(event::updated(old, document, change)),
            }
        });
        gone.chain(present).collect()
    }

    /// Returns the event of a document that leaves; what it has become is told only within the bound.
    fn dequeued(&self, known: &RawDocumentBuf, change: Option<&Change>) -> Event {
        let after = change.and_then(|it| it.after.as_ref()).map(|it| &it.document);
        let seen = after.filter(|it| self.bound.matches(&***it).unwrap_or(false));
        event::dequeued(known, change, seen.unwrap_or(known))
    }
}

/// Returns the least bytes above some.
fn after(place: &[u8]) -> Vec<u8> {
    [place, &[0]].concat()
}

fn id_key(document: &RawDocumentBuf) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(Some(id)) = document.get("_id") {
        key::encode(id, false, &mut bytes);
    }
    bytes
}

fn id_of(change: &Change) -> Option<Vec<u8>> {
    change.after.as_ref().or(change.before.as_ref()).map(|it| id_key(&it.document))
}
