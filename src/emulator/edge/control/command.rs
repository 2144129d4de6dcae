//! Database commands as MongoDB names them, in Extended JSON: `{"find":"todos","filter":{…},"limit":1}`.

use bson::{Bson, DateTime, Document, doc};

use super::database::blocking;
use super::failure::Failure;
use super::statement::{Statement, malformed};
use super::{Result, this_environment};
use crate::api::control::database::{CommandResults, MongoCommand, RunCommands};
use crate::api::ejson;
use crate::api::error::codes;
use crate::docdb::UpdateRequest;
use crate::docdb::bounds::{self, Asker};
use crate::docdb::query::{Found, Query};
use crate::docdb::value::limits::OPERATION_TIME;
use crate::emulator::environment::{Environment, Shared};

pub(super) async fn run(environment: &Shared, asked: RunCommands) -> Result<CommandResults> {
    this_environment(environment, asked.env_id.as_deref())?;
    // In order, and no further than the first that fails.
    let asker = Asker::default();
    let _presence = asker.presence();
    let data = blocking(environment, move |environment| {
        let answer = |command| bounds::within(OPERATION_TIME, &asker, || answer(environment, command));
        asked.mgo_commands.iter().map(answer).collect::<Result<Vec<_>>>()
    });
    Ok(CommandResults { data: data.await? })
}

/// Carries one command out, and returns its answer as JSON text.
fn answer(environment: &Environment, command: &MongoCommand) -> Result<String> {
    let now = environment.database.now();
    let fields = ejson::document(&command.command, now).map_err(|error| malformed(error.to_string()))?;
    let Some((name, collection)) = fields.iter().next() else {
        return Err(malformed("The command is empty.".into()));
    };
    let Bson::String(collection) = collection else {
        return Err(malformed(format!("`{name}` takes the name of a collection.")));
    };
    let command = Command { environment, collection, fields: &fields, now: DateTime::from_millis(now) };
    let answer = match name.as_str() {
        "find" => command.find(),
        "count" => command.count(),
        "aggregate" => command.aggregate(),
        "insert" => command.insert(),
        "update" => command.update(),
        "delete" => command.delete(),
        _ => Err(malformed(format!(
            "The command `{name}` is not find, count, aggregate, insert, update or delete."
        ))),
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
        let known = ["find", "filter", "sort", "projection", "skip", "limit"];
        let asked = Statement::new("find", self.fields, &known)?;
        let query = Query {
            filter: asked.document("filter")?,
            sort: asked.document("sort")?,
            skip: asked.number("skip")?.unwrap_or(0),
            limit: asked.number("limit")?.filter(|limit| *limit > 0),
            projection: asked.document("projection")?,
            now: self.now,
        };
        listed(self.environment.database.store().find(None, self.collection, &query)?)
    }

    fn count(&self) -> Result<Bson> {
        let filter = Statement::new("count", self.fields, &["count", "query"])?.document("query")?;
        let (count, _) = self.environment.database.store().count(self.collection, &filter, self.now)?;
        Ok(done(count, None))
    }

    fn aggregate(&self) -> Result<Bson> {
        // Drivers must send `cursor`; all documents are in the first batch.
        let asked = Statement::new("aggregate", self.fields, &["aggregate", "pipeline", "cursor"])?;
        asked.document("cursor")?;
        let pipeline = asked.needed_documents("pipeline")?;
        listed(self.environment.database.store().aggregate(self.collection, &pipeline, self.now)?)
    }

    fn insert(&self) -> Result<Bson> {
        let asked = Statement::new("insert", self.fields, &["insert", "documents"])?;
        let documents = asked.needed_documents("documents")?;
        let inserted = self.environment.database.insert(self.collection, None, documents)?;
        Ok(done(inserted.len() as u64, None))
    }

    fn update(&self) -> Result<Bson> {
        let asked =
            Statement::new("update", self.fields, &["update", "updates"])?.needed_documents("updates")?;
        // All are read before any is carried out.
        let requests = asked.iter().map(|it| self.change(it)).collect::<Result<Vec<_>>>()?;
        let (mut matched, mut modified) = (0, 0);
        for request in requests {
            let updated = self.environment.database.store().update(None, self.collection, &request)?;
            matched += updated.matched + u64::from(updated.upserted_id.is_some());
            modified += updated.modified;
        }
        Ok(done(matched, Some(modified)))
    }

    fn change(&self, change: &Document) -> Result<UpdateRequest> {
        let asked = Statement::new("updates", change, &["q", "u", "multi", "upsert", "arrayFilters"])?;
        let id = || Bson::String(self.environment.config.ids.document(self.now.timestamp_millis()));
        Ok(UpdateRequest {
            filter: asked.needed_document("q")?,
            update: asked.needed_document("u")?,
            multi: asked.flag("multi")?,
            upsert: asked.flag("upsert")?.then(id),
            array_filters: asked.documents("arrayFilters")?,
            now: self.now,
        })
    }

    fn delete(&self) -> Result<Bson> {
        let asked =
            Statement::new("delete", self.fields, &["delete", "deletes"])?.needed_documents("deletes")?;
        let read = |change: &Document| {
            let asked = Statement::new("deletes", change, &["q", "limit"])?;
            Ok((asked.needed_document("q")?, asked.needed_limit("limit")? == 0))
        };
        let requests = asked.iter().map(read).collect::<Result<Vec<_>>>()?;
        let mut removed = 0;
        for (filter, multi) in requests {
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
