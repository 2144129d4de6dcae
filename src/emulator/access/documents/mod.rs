//! Documents in somebody's name: the operations of [`Database`], each decided before it is carried out.
//!
//! A query is executed with what its permission adds to it: the owner for a preset, the guards of the decision for a rule.
//! What is asked for by id is decided on the document itself, and the document that was decided on is the one that is
//! returned or changed.

mod filter;
mod judge;
mod owner;
mod pipeline;
mod write;

use std::sync::Arc;

use bson::{Bson, Document};

use self::filter::is_of_one;
use crate::api::data::Failure;
use crate::api::data::database::QueryType;
use crate::docdb;
use crate::docdb::Updated;
use crate::docdb::filter::Filter;
use crate::docdb::project::Projection;
use crate::docdb::query::{Found, Query};
use crate::docdb::transaction::TransactionId;
use crate::emulator::database::limits::{self, Paging};
use crate::emulator::database::{Change, Database, Selection};
use crate::emulator::environment::Shared;
use crate::emulator::principal::{Principal, User};
use crate::model::clock::Millis;
use crate::rules::Operation;
use judge::Asked;

type Result<T> = std::result::Result<T, Failure>;

/// The documents of an environment as one principal may use them.
#[derive(Clone)]
pub struct Documents {
    environment: Shared,
    principal: Principal,
}

impl Documents {
    pub fn new(environment: &Shared, principal: &Principal) -> Self {
        Documents { environment: Arc::clone(environment), principal: principal.clone() }
    }

    /// Whether a program on the user's side asks.
    pub fn is_for_client(&self) -> bool {
        self.principal != Principal::Admin
    }

    /// Returns the present: read once for each request.
    pub fn now(&self) -> Millis {
        self.database().now()
    }

    /// Creates a collection; clients may not.
    pub fn create_collection(&self, name: &str) -> Result<()> {
        match &self.principal {
            Principal::Admin => self.database().create_collection(name),
            Principal::Client(user) => Err(self.deny_plainly(
                user.as_ref(),
                name,
                Operation::Create,
                "only an admin creates collections",
            )),
        }
    }

    /// Inserts documents in order and stops at the first that fails; what a client inserts is the caller's.
    pub fn insert(
        &self,
        collection: &str,
        transaction: Option<&TransactionId>,
        mut documents: Vec<Document>,
    ) -> Result<Vec<Bson>> {
        if let Principal::Client(user) = &self.principal {
            for document in &mut documents {
                self.claim(user.as_ref(), collection, document)?;
            }
        }
        self.database().insert(collection, transaction, documents)
    }

    /// Reads documents.
    pub fn find(
        &self,
        collection: &str,
        transaction: Option<&TransactionId>,
        mut query: Query,
        by: QueryType,
    ) -> Result<Found> {
        let Principal::Client(user) = &self.principal else {
            return self.database().find(collection, transaction, query, limits::SERVER);
        };
        let user = user.as_ref();
        let paging = paging(user);
        let asked = Asked { user, collection, operation: Operation::Read, payload: None };
        self.fill(user, &mut query.filter);
        if is_of_one(by, &query.filter) && self.has_rules(collection) {
            return self.find_one(&asked, transaction, query, paging);
        }
        query.filter = self.within(&asked, query.filter)?;
        self.database().find(collection, transaction, query, paging)
    }

    /// Reads one document whole, decides on it, and returns the parts that were asked for.
    fn find_one(
        &self,
        asked: &Asked<'_>,
        transaction: Option<&TransactionId>,
        mut query: Query,
        paging: Paging,
    ) -> Result<Found> {
        let projection = std::mem::take(&mut query.projection);
        let (filter, now) = (query.filter.clone(), query.now);
        let mut found = self.database().find(asked.collection, transaction, query, paging)?;
        let Some(raw) = found.documents.first() else {
            self.judge_one(asked, &filter, None)?;
            return Ok(found);
        };
        let document = Document::try_from(raw.as_ref()).map_err(Failure::parameter)?;
        self.judge_one(asked, &filter, Some(&document))?;
        let refuse = |error: docdb::Error| self.database().failure(&error);
        let matcher = Filter::parse(&filter, now).map_err(refuse)?;
        let projection = Projection::parse(&projection, &matcher, now).map_err(refuse)?;
        found.documents = vec![projection.apply(raw, &matcher).map_err(refuse)?];
        Ok(found)
    }

    /// Returns the filter under which documents may be watched, and the one that a document must match which no longer
    /// matches the first, for its new state to be told.
    pub fn watchable(&self, collection: &str, mut filter: Document) -> Result<(Document, Document)> {
        let Principal::Client(user) = &self.principal else { return Ok((filter, Document::new())) };
        self.fill(user.as_ref(), &mut filter);
        let asked = Asked { user: user.as_ref(), collection, operation: Operation::Read, payload: None };
        let allowed = self.within(&asked, filter.clone())?;
        let bound = self.bound(&asked, &filter).unwrap_or_else(|| allowed.clone());
        Ok((allowed, bound))
    }

    /// Returns the filter under which documents may be counted: the caller's, with what its permission adds.
    fn readable(&self, collection: &str, mut filter: Document) -> Result<Document> {
        let Principal::Client(user) = &self.principal else { return Ok(filter) };
        self.fill(user.as_ref(), &mut filter);
        let asked = Asked { user: user.as_ref(), collection, operation: Operation::Read, payload: None };
        self.within(&asked, filter)
    }

    /// Counts the documents a filter finds.
    pub fn count(&self, collection: &str, filter: Document) -> Result<u64> {
        self.database().count(collection, &self.readable(collection, filter)?)
    }

    /// Runs a pipeline.
    pub fn aggregate(&self, collection: &str, mut pipeline: Vec<Document>) -> Result<Found> {
        if let Principal::Client(user) = &self.principal {
            self.confine(user.as_ref(), collection, &mut pipeline)?;
        }
        self.database().aggregate(collection, &pipeline)
    }

    /// Changes the documents a selection finds.
    pub fn update(&self, selection: Selection, change: Change, by: QueryType) -> Result<Updated> {
        match &self.principal {
            Principal::Admin => self.database().update(&selection, change),
            Principal::Client(user) => self.update_as(user.as_ref(), selection, change, by),
        }
    }

    /// Removes the first document a selection finds, or all; returns how many went.
    pub fn remove(&self, selection: Selection, multi: bool, by: QueryType) -> Result<u64> {
        match &self.principal {
            Principal::Admin => self.database().remove(&selection, multi),
            Principal::Client(user) => self.remove_as(user.as_ref(), selection, multi, by),
        }
    }

    /// Starts a transaction and returns its id.
    pub fn begin(&self) -> Result<TransactionId> {
        self.database().begin()
    }

    pub fn commit(&self, id: &TransactionId) -> Result<()> {
        self.database().commit(id)
    }

    pub fn abort(&self, id: &TransactionId) -> Result<()> {
        self.database().abort(id)
    }

    fn database(&self) -> &Database {
        &self.environment.database
    }
}

/// A mini program's user has smaller pages than everybody else.
fn paging(user: Option<&User>) -> Paging {
    if user.is_some_and(User::is_in_mini_program) { limits::MINI_PROGRAM } else { limits::SERVER }
}
