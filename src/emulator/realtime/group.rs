//! All listeners of one query: one view, evaluated once for each commit, and one journal.

use std::collections::HashSet;

use bson::DateTime;

use super::event::{self, Event};
use super::journal::Journal;
use super::view::{MOST, Trouble, View, Wanted};
use crate::api::data::Failure;
use crate::docdb::feed::{Change, Commit};
use crate::docdb::query::Query;
use crate::emulator::database::Database;

/// The listeners of one query.
#[derive(Debug)]
pub struct Group {
    pub wanted: Wanted,
    pub journal: Journal,
    /// By the ids of their queries.
    pub listeners: HashSet<String>,
    view: View,
    /// The number of the last commit that the view holds.
    seen: u64,
}

impl Group {
    /// Answers the query for the first time.
    pub fn open(database: &Database, wanted: Wanted) -> Result<Self, Failure> {
        let mut group = Group::new(database, wanted)?;
        group.fill(database)?;
        Ok(group)
    }

    /// Answers the query for a listener that had another one; the collection may have been dropped since.
    pub fn reopen(database: &Database, wanted: Wanted) -> Result<Self, Failure> {
        let mut group = Group::new(database, wanted)?;
        group.fill_again(database)?;
        Ok(group)
    }

    fn new(database: &Database, wanted: Wanted) -> Result<Self, Failure> {
        let view = View::new(&wanted, DateTime::from_millis(database.now()));
        Ok(Group {
            view: view.map_err(|error| database.failure(&error))?,
            wanted,
            journal: Journal::default(),
            listeners: HashSet::new(),
            seen: 0,
        })
    }

    /// Carries out a commit; returns whether there is news.
    ///
    /// # Errors
    /// Nothing comes any more.
    pub fn advance(&mut self, database: &Database, commit: &Commit) -> Result<bool, Failure> {
        if commit.number <= self.seen {
            return Ok(false);
        }
        self.seen = commit.number;
        let of_collection = commit.iter().filter(|it| it.collection == self.wanted.collection);
        let events = self.carry_out(database, &of_collection.collect::<Vec<_>>())?;
        let is_news = !events.is_empty();
        if is_news {
            self.journal.push(events);
        }
        Ok(is_news)
    }

    fn carry_out(&mut self, database: &Database, changes: &[&Change]) -> Result<Vec<Event>, Failure> {
        let changes = self.view.concerned(changes).map_err(|error| database.failure(&error))?;
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let before = self.view.shown_of(&changes);
        match self.view.apply(&changes) {
            Ok(()) => {}
            Err(Trouble::Short) => self.fill_again(database)?,
            Err(trouble) => return Err(failure(database, trouble)),
        }
        Ok(self.view.events(&before, &self.view.shown_of(&changes), &changes))
    }

    /// Fills the view of a query that is watched already.
    fn fill_again(&mut self, database: &Database) -> Result<(), Failure> {
        match self.fill(database) {
            // It was dropped, and is empty until it is there again.
            Err(Failure { code: "DATABASE_COLLECTION_NOT_EXIST", .. }) => {
                self.view.fill(Vec::new()).map_err(|trouble| failure(database, trouble))
            }
            filled => filled,
        }
    }

    /// Asks the store for what the view holds, as it is now.
    fn fill(&mut self, database: &Database) -> Result<(), Failure> {
        let query = Query {
            filter: self.wanted.filter.clone(),
            sort: self.wanted.sort.clone(),
            skip: 0,
            limit: Some(self.view.needs()),
            projection: bson::Document::new(),
            now: DateTime::from_millis(database.now()),
        };
        let (documents, seen) = database.find_latest(&self.wanted.collection, &query)?;
        self.seen = seen;
        self.view.fill(documents).map_err(|trouble| failure(database, trouble))
    }

    /// Returns an `init` event for each document that is shown.
    pub fn initial(&self) -> Vec<Event> {
        self.view.shown().iter().map(|(_, document)| event::initial(document)).collect()
    }

    /// Returns what changes for a listener that goes from this query to another.
    pub fn events_to(&self, other: &Group) -> Vec<Event> {
        self.view.events(&self.view.shown(), &other.view.shown(), &[])
    }
}

fn failure(database: &Database, trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Failed(error) => database.failure(&error),
        Trouble::TooMany => Failure::parameter(format_args!("more than {MOST} documents are watched")),
        Trouble::Short => Failure::new("SYS_ERR", "[InternalError] the watched documents are too many alike"),
    }
}
