//! Writing as a client: what is created is the caller's, what is changed by id is decided on the document as it is.

use bson::Document;

use super::filter::is_of_one;
use super::judge::Asked;
use super::owner::{is_own, refuse_forged, stamp};
use super::{Documents, Result, paging};
use crate::api::data::Failure;
use crate::api::data::database::QueryType;
use crate::docdb::Updated;
use crate::docdb::query::Query;
use crate::emulator::database::failure::CONFLICT;
use crate::emulator::database::{Change, Selection, limits};
use crate::emulator::principal::User;
use crate::rules::Operation;
use crate::rules::payload::{OWNER, Payload};

/// How often a change is tried again when an admin's write comes between.
const TRIES: usize = 32;

impl Documents {
    /// Makes a new document the caller's, if the caller may create it.
    pub(super) fn claim(&self, user: Option<&User>, collection: &str, document: &mut Document) -> Result<()> {
        refuse_forged(document)?;
        refuse_large(user, document)?;
        stamp(user, document);
        let payload = Payload::of_document(document.clone());
        let asked = Asked { user, collection, operation: Operation::Create, payload: Some(&payload) };
        self.judge_new(&asked, document)
    }

    pub(super) fn update_as(
        &self,
        user: Option<&User>,
        mut selection: Selection,
        change: Change,
        by: QueryType,
    ) -> Result<Updated> {
        refuse_forged(&change.update)?;
        refuse_large(user, &change.update)?;
        self.fill(user, &mut selection.filter);
        let collection = selection.collection.clone();
        let payload = Payload::of_update(&change.update);
        let asked =
            Asked { user, collection: &collection, operation: Operation::Update, payload: Some(&payload) };
        if is_of_one(by, &selection.filter) {
            let mut updated =
                self.decided(&selection, |selection| self.update_one(&asked, selection, &change))?;
            self.hide(&asked, &mut updated);
            return Ok(updated);
        }
        if change.upsert || !change.merge {
            return Err(Failure::parameter("a document is set by its id"));
        }
        self.refuse_many(&asked, change.multi)?;
        selection.filter = self.within(&asked, selection.filter)?;
        let mut updated = self.database().update(&selection, change).map_err(|failure| {
            let read = Asked { operation: Operation::Read, payload: None, ..asked };
            hushed(
                failure,
                !self.has_rules(asked.collection) || self.bound(&read, &selection.filter).is_some(),
            )
        })?;
        self.hide(&asked, &mut updated);
        Ok(updated)
    }

    pub(super) fn remove_as(
        &self,
        user: Option<&User>,
        mut selection: Selection,
        multi: bool,
        by: QueryType,
    ) -> Result<u64> {
        self.fill(user, &mut selection.filter);
        let collection = selection.collection.clone();
        let asked = Asked { user, collection: &collection, operation: Operation::Delete, payload: None };
        if is_of_one(by, &selection.filter) && self.has_rules(&collection) {
            return self.decided(&selection, |selection| {
                let stored = self.stored(&asked, selection)?;
                self.judge_one(&asked, &selection.filter, stored.as_ref())?;
                self.database().remove(selection, false)
            });
        }
        self.refuse_many(&asked, multi && by == QueryType::Where)?;
        selection.filter = self.within(&asked, selection.filter)?;
        self.database().remove(&selection, multi)
    }

    /// Changes one document, or creates it, inside a transaction.
    fn update_one(&self, asked: &Asked<'_>, selection: &Selection, change: &Change) -> Result<Updated> {
        let stored = self.stored(asked, selection)?;
        let mut change = change.clone();
        match &stored {
            None if change.upsert => return self.create_one(asked, selection, change),
            Some(document) if !change.merge => {
                if let Some(owner) = document.get(OWNER) {
                    change.update.insert(OWNER, owner.clone());
                }
            }
            _ => {}
        }
        change.upsert = false;
        if self.has_rules(asked.collection) {
            self.judge_one(asked, &selection.filter, stored.as_ref())?;
            let updated = self.database().update(selection, change);
            return updated.map_err(|failure| {
                hushed(failure, stored.is_none_or(|document| self.is_readable(asked, &document)))
            });
        }
        // A preset that allows nothing says so; of somebody else's document it changes none.
        self.within(asked, selection.filter.clone())?;
        match stored {
            Some(document) if is_own(asked.user, &document) => self.database().update(selection, change),
            _ => Ok(Updated::default()),
        }
    }

    /// Creates the document that was to be set and is not there.
    fn create_one(&self, asked: &Asked<'_>, selection: &Selection, change: Change) -> Result<Updated> {
        let is_open = asked.payload.is_some_and(Payload::is_open);
        let known = asked.payload.map(|payload| payload.known().clone()).unwrap_or_default();
        if is_open {
            return Err(Failure::parameter("an update that computes does not create a document"));
        }
        let mut document = known;
        let id = selection.filter.get("_id").map(|id| match id {
            bson::Bson::Document(condition) => condition.get("$eq").unwrap_or(id),
            id => id,
        });
        if let Some(id) = id {
            document.insert("_id", id.clone());
        }
        self.claim(asked.user, asked.collection, &mut document)?;
        let change = Change { update: document, merge: false, upsert: true, ..change };
        self.database().update(selection, change)
    }

    /// Returns the one document of a selection.
    fn stored(&self, asked: &Asked<'_>, selection: &Selection) -> Result<Option<Document>> {
        let query = Query {
            filter: selection.filter.clone(),
            sort: Document::new(),
            skip: 0,
            limit: Some(1),
            projection: Document::new(),
            now: bson::DateTime::from_millis(self.now()),
        };
        let transaction = selection.transaction.as_ref();
        let found = self.database().find(asked.collection, transaction, query, paging(asked.user))?;
        let document = found.documents.first().map(|raw| Document::try_from(raw.as_ref()));
        document.transpose().map_err(Failure::parameter)
    }

    /// Runs work that reads, decides and writes in one transaction: the client's, or one of its own, again when somebody
    /// else's write came between.
    fn decided<T>(&self, selection: &Selection, work: impl Fn(&Selection) -> Result<T>) -> Result<T> {
        if selection.transaction.is_some() {
            return work(selection);
        }
        let _alone = self.environment.access.decide_alone();
        let mut tries = 0;
        loop {
            tries += 1;
            let id = self.database().begin()?;
            let done = work(&Selection { transaction: Some(id.clone()), ..selection.clone() });
            let done = match done {
                Ok(done) => self.database().commit(&id).map(|()| done),
                Err(failure) => {
                    // Where the transaction has ended already there is nothing to end.
                    let _ = self.database().abort(&id);
                    Err(failure)
                }
            };
            match done {
                Err(failure) if failure.code == CONFLICT && tries < TRIES => {}
                done => return done,
            }
        }
    }

    /// Takes the changed document out of an answer where the caller may not read it.
    fn hide(&self, asked: &Asked<'_>, updated: &mut Updated) {
        let Some(raw) = &updated.document else { return };
        let document = Document::try_from(raw.as_ref());
        if !document.is_ok_and(|document| self.is_readable(asked, &document)) {
            updated.document = None;
        }
    }

    /// Under a preset a mini program changes one document at a time.
    fn refuse_many(&self, asked: &Asked<'_>, multi: bool) -> Result<()> {
        let is_meant = asked.user.is_some_and(User::is_in_mini_program);
        if multi && is_meant && !self.has_rules(asked.collection) {
            let why = "a mini program changes many documents at once only under a rule";
            return Err(self.deny_plainly(asked.user, asked.collection, asked.operation, why));
        }
        Ok(())
    }
}

/// Says of a change that failed no more than that, where the caller may not read what it was about.
fn hushed(failure: Failure, is_readable: bool) -> Failure {
    match is_readable {
        true => failure,
        false => Failure::new(failure.code, "[FailedOperation] the documents cannot be changed so"),
    }
}

/// A mini program sends less at once than other clients.
fn refuse_large(user: Option<&User>, document: &Document) -> Result<()> {
    match user.is_some_and(User::is_in_mini_program) {
        true => limits::check_sent(document),
        false => Ok(()),
    }
}
