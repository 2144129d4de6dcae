//! Database commands as MongoDB names them, in Extended JSON: `{"find":"todos","filter":{…},"limit":1}`.

use bson::{Bson, DateTime, Document, doc};

use super::database::blocking;
use super::failure::Failure;
use super::{Result, this_environment};
use crate::api::control::database::{CommandResults, MongoCommand, RunCommands};
use crate::api::ejson;
use crate::api::error::codes;
use crate::docdb::UpdateRequest;
use crate::docdb::query::{Found, Query};
use crate::emulator::environment::{Environment, Shared};

pub(super) async fn run(environment: &Shared, asked: RunCommands) -> Result<CommandResults> {
    this_environment(environment, asked.env_id.as_deref())?;
    // In order, and no further than the first that fails.
    let data = blocking(environment, move |environment| {
        asked.mgo_commands.iter().map(|command| answer(environment, command)).collect::<Result<Vec<_>>>()
    });
    Ok(CommandResults { data: data.await? })
}

/// Carries one command out, and returns its answer as JSON text.
fn answer(environment: &Environment, command: &MongoCommand) -> Result<String> {
    let now = environment.database.now();
    let unreadable = |error: ejson::Malformed| Failure::new(codes::SYNTAX_ERROR, error.to_string());
    let fields = ejson::document(&command.command, now).map_err(unreadable)?;
    let Some((name, collection)) = fields.iter().next() else {
        return Err(Failure::new(codes::SYNTAX_ERROR, "The command is empty.".into()));
    };
    let collection = collection.as_str().unwrap_or(&command.table_name);
    let command = Command { environment, collection, fields: &fields, now: DateTime::from_millis(now) };
    let answer = match name.as_str() {
        "find" => command.find(),
        "count" => command.count(),
        "aggregate" => command.aggregate(),
        "insert" => command.insert(),
        "update" => command.update(),
        "delete" => command.delete(),
        _ => Err(Failure::new(
            codes::SYNTAX_ERROR,
            format!("The command `{name}` is not find, count, aggregate, insert, update or delete."),
        )),
    };
    Ok(answer?.into_relaxed_extjson().to_string())
}

/// A command that was read.
struct Command<'a> {
    environment: &'a Environment,
    collection: &'a str,
    fields: &'a Document,
    now: DateTime,
}

impl Command<'_> {
    fn find(&self) -> Result<Bson> {
        let query = Query {
            filter: document(self.fields, "filter"),
            sort: document(self.fields, "sort"),
            skip: number(self.fields, "skip").unwrap_or(0),
            limit: number(self.fields, "limit").filter(|limit| *limit > 0),
            projection: document(self.fields, "projection"),
            now: self.now,
        };
        listed(self.environment.database.store().find(None, self.collection, &query)?)
    }

    fn count(&self) -> Result<Bson> {
        let filter = document(self.fields, "query");
        let (count, _) = self.environment.database.store().count(self.collection, &filter, self.now)?;
        Ok(done(count, None))
    }

    fn aggregate(&self) -> Result<Bson> {
        let pipeline = documents(self.fields, "pipeline")?;
        listed(self.environment.database.store().aggregate(self.collection, &pipeline, self.now)?)
    }

    fn insert(&self) -> Result<Bson> {
        let documents = documents(self.fields, "documents")?;
        let inserted = self.environment.database.insert(self.collection, None, documents)?;
        Ok(done(inserted.len() as u64, None))
    }

    fn update(&self) -> Result<Bson> {
        let (mut matched, mut modified) = (0, 0);
        for change in documents(self.fields, "updates")? {
            let request = UpdateRequest {
                filter: document(&change, "q"),
                update: document(&change, "u"),
                multi: flag(&change, "multi"),
                upsert: flag(&change, "upsert")
                    .then(|| Bson::String(self.environment.config.ids.document(self.now.timestamp_millis()))),
                array_filters: documents(&change, "arrayFilters")?,
                now: self.now,
            };
            let updated = self.environment.database.store().update(None, self.collection, &request)?;
            matched += updated.matched + u64::from(updated.upserted_id.is_some());
            modified += updated.modified;
        }
        Ok(done(matched, Some(modified)))
    }

    fn delete(&self) -> Result<Bson> {
        let mut removed = 0;
        for change in documents(self.fields, "deletes")? {
            let (filter, multi) = (document(&change, "q"), number(&change, "limit") != Some(1));
            let store = self.environment.database.store();
            removed += store.remove(None, self.collection, &filter, multi, self.now)?.0;
        }
        Ok(done(removed, None))
    }
}

fn listed(found: Found) -> Result<Bson> {
    let documents = found.documents.iter().map(|raw| {
        let document = Document::try_from(raw.as_ref());
        document.map(Bson::Document).map_err(|error| Failure::new(codes::INTERNAL_ERROR, error.to_string()))
    });
    Ok(Bson::Array(documents.collect::<Result<_>>()?))
}

fn done(count: u64, modified: Option<u64>) -> Bson {
    let mut answer = doc! { "ok": 1, "n": count as i64 };
    if let Some(modified) = modified {
        answer.insert("nModified", modified as i64);
    }
    Bson::Document(answer)
}

fn document(fields: &Document, name: &str) -> Document {
    fields.get_document(name).cloned().unwrap_or_default()
}

/// Returns a list of documents; an absent one is empty.
fn documents(fields: &Document, name: &str) -> Result<Vec<Document>> {
    let items = fields.get_array(name).map(Vec::as_slice).unwrap_or_default();
    let documents = items.iter().map(|item| item.as_document().cloned());
    documents.collect::<Option<_>>().ok_or_else(|| {
        Failure::new(codes::SYNTAX_ERROR, format!("`{name}` holds something that is not a document."))
    })
}

fn number(fields: &Document, name: &str) -> Option<u64> {
    match fields.get(name)? {
        Bson::Int32(number) => u64::try_from(*number).ok(),
        Bson::Int64(number) => u64::try_from(*number).ok(),
        Bson::Double(number) => Some(*number as u64),
        _ => None,
    }
}

fn flag(fields: &Document, name: &str) -> bool {
    fields.get_bool(name).unwrap_or(false)
}
