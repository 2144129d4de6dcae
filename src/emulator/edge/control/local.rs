//! The emulator's own actions.

use std::time::Duration;

use bson::{DateTime, Document};

use super::Result;
use super::database::blocking;
use super::failure::Failure;
use super::function::known;
use super::invoke::{call, invoked};
use crate::api::control::function::Invoked;
use crate::api::ejson;
use crate::api::error::codes;
use crate::api::event::{Caller, Identity};
use crate::api::local::*;
use crate::docdb::index::Order;
use crate::docdb::query::Query;
use crate::emulator::database::{OWNER_INDEX, index_key};
use crate::emulator::environment::Shared;
use crate::emulator::timers;

pub(super) async fn invoke(environment: &Shared, asked: InvokeFunction) -> Result<Invoked> {
    known(environment, None, &asked.function_name).await?;
    let caller = match asked.open_id {
        Some(openid) => Caller::MiniProgram(Identity { openid, unionid: asked.union_id }),
        None => Caller::Console,
    };
    Ok(invoked(call(environment, &asked.function_name, asked.event, caller).await, None))
}

pub(super) async fn fire(environment: &Shared, asked: FireTrigger) -> Result<Invoked> {
    let FireTrigger { function_name, trigger_name: trigger, time } = asked;
    let function = known(environment, None, &function_name).await?;
    if !function.spec.triggers.iter().any(|known| known.name == trigger) {
        return Err(Failure::new(codes::TRIGGER_NOT_FOUND, format!("Trigger [{trigger}] not found.")));
    }
    let time = time.unwrap_or_else(|| environment.config.clock.now());
    jiff::Timestamp::from_millisecond(time)
        .map_err(|error| Failure::value(format!("`Time` is not a time: {error}.")))?;
    let outcome =
        timers::fire(&environment.functions, &environment.events, &function_name, &trigger, time).await;
    Ok(invoked(outcome, None))
}

pub(super) async fn explain(environment: &Shared, asked: ExplainQuery) -> Result<Explained> {
    let now = environment.database.now();
    let read = |text: Option<String>| match text {
        Some(text) => ejson::document(&text, now).map_err(|error| Failure::value(error.to_string())),
        None => Ok(Document::new()),
    };
    let query = Query {
        filter: read(asked.query)?,
        sort: read(asked.order)?,
        skip: asked.skip.unwrap_or(0),
        limit: asked.limit,
        projection: read(asked.projection)?,
        now: DateTime::from_millis(now),
    };
    let collection = asked.collection_name.clone();
    let explained =
        blocking(environment, move |environment| environment.database.store().explain(&collection, &query))
            .await?;
    let stats = explained.stats;
    let alternatives = explained.alternatives.into_iter().map(|it| Alternative {
        index: it.index,
        keys: it.keys,
        sorts: it.sorts,
        estimate: micros(it.estimate),
    });
    Ok(Explained {
        index: stats.index,
        bounds: explained.bounds,
        keys_examined: stats.keys_examined,
        documents_examined: stats.documents_examined,
        returned: stats.returned,
        sorted_in_memory: stats.sorted_in_memory,
        elapsed: micros(explained.elapsed),
        advice: stats.missed.map(|index| MissingIndex {
            collection_name: asked.collection_name,
            keys: written_keys(&index.keys),
            queries: 1,
            documents_examined: stats.documents_examined,
        }),
        alternatives: alternatives.collect(),
    })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

pub(super) async fn usage(environment: &Shared, _: DescribeUsage) -> Result<Usage> {
    let files = environment.storage.used();
    let files = files.map_err(|error| Failure::new(codes::INTERNAL_ERROR, error.to_string()))?;
    Ok(Usage { documents: environment.database.used()?, files })
}

pub(super) async fn advice(environment: &Shared, _: IndexAdvice) -> Result<MissingIndexes> {
    let store = environment.database.store();
    let unused = store.unused_indexes().into_iter().filter(|it| it.definition.name != OWNER_INDEX);
    let unused = unused.map(|it| UnusedIndex {
        collection_name: it.collection,
        index_name: it.definition.name,
        keys: written_keys(&it.definition.keys),
        queries: it.queries,
    });
    let advice = store.advice().into_iter();
    let indexes = advice.map(|advice| MissingIndex {
        collection_name: advice.collection,
        keys: written_keys(&advice.keys),
        queries: advice.queries,
        documents_examined: advice.documents_examined,
    });
    Ok(MissingIndexes { indexes: indexes.collect(), unused: unused.collect() })
}

/// Writes keys as a person does: `score:desc`.
fn written_keys(keys: &[(String, Order)]) -> Vec<String> {
    keys.iter().map(|it| index_key(it).to_string()).collect()
}
