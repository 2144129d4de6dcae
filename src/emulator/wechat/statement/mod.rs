//! Statements of the database as the `tcb/*` methods take them: JavaScript text that begins with `db.`. It is read, not run:
//! data, `db`, `_` and `$` are all there is. See `docs/wire.md#wechat-cloud-methods`.

mod filter;
mod read;
mod stages;
mod update;
mod value;

use bson::{Bson, Document, doc};

use crate::model::clock::Millis;
use read::{Chain, Expression, Step};
use value::{Value, all, evaluate};

/// Why a text is no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

type Result<T> = std::result::Result<T, Malformed>;

fn wrong(what: impl std::fmt::Display) -> Malformed {
    Malformed(what.to_string())
}

/// What is asked of a collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub collection: String,
    pub operation: Operation,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    Add(Vec<Document>),
    Get(Search),
    Count(Document),
    Update {
        filter: Document,
        update: Document,
        multi: bool,
    },
    /// Puts a whole document in the place of another, or there.
    Set {
        id: Bson,
        document: Document,
    },
    Remove {
        filter: Document,
        multi: bool,
    },
    Aggregate(Vec<Document>),
}

/// Which documents, and which of their parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Search {
    pub filter: Document,
    pub sort: Document,
    pub skip: u64,
    pub limit: Option<u64>,
    pub projection: Document,
}

/// Reads a statement.
///
/// # Errors
/// It is not JavaScript, or says something that is not known here.
pub fn parse(text: &str, now: Millis) -> Result<Statement> {
    let Expression::Chain(Chain { root, steps }) = read::read(text)? else {
        return Err(wrong("a statement begins with `db.`"));
    };
    let mut steps = steps.into_iter();
    let collection = match (root.as_str(), steps.next()) {
        ("db", Some(Step { name, arguments: Some(arguments) })) if name == "collection" => {
            match all(arguments, now)?.into_iter().next() {
                Some(Value::Plain(Bson::String(collection))) => collection,
                _ => return Err(wrong("`collection` takes a name")),
            }
        }
        _ => return Err(wrong("a statement begins with `db.collection(…)`")),
    };
    Ok(Statement { collection, operation: operation(steps.collect(), now)? })
}

fn operation(mut steps: Vec<Step>, now: Millis) -> Result<Operation> {
    if steps.first().is_some_and(|step| step.name == "aggregate") {
        return Ok(Operation::Aggregate(stages::pipeline(steps.split_off(1), "end", now)?));
    }
    let Some(Step { name, arguments: Some(arguments) }) = steps.pop() else {
        return Err(wrong("a statement ends in a call, such as `.get()`"));
    };
    let (mut search, mut id) = (Search::default(), None);
    for step in steps {
        refine(&mut search, &mut id, step, now)?;
    }
    let mut arguments = arguments.into_iter().map(|it| evaluate(it, now));
    let mut data = || -> Result<Value> {
        let argument = arguments.next().ok_or_else(|| wrong("`data` is missing"))??;
        match argument {
            Value::Object(fields) => match fields.into_iter().find(|(name, _)| name == "data") {
                Some((_, data)) => Ok(data),
                None => Err(wrong("`data` is missing")),
            },
            _ => Err(wrong("`data` is missing")),
        }
    };
    let multi = id.is_none();
    Ok(match name.as_str() {
        "get" => Operation::Get(search),
        "count" => Operation::Count(search.filter),
        "remove" => Operation::Remove { filter: search.filter, multi },
        "add" => Operation::Add(match data()? {
            Value::Array(items) => items.into_iter().map(Value::into_document).collect::<Result<_>>()?,
            one => vec![one.into_document()?],
        }),
        "update" => Operation::Update { filter: search.filter, update: update::update(data()?)?, multi },
        "set" => Operation::Set {
            id: id.ok_or_else(|| wrong("`set` follows `doc(…)`"))?,
            document: data()?.into_document()?,
        },
        other => return Err(wrong(format_args!("a statement cannot end in `{other}`"))),
    })
}

fn refine(search: &mut Search, id: &mut Option<Bson>, step: Step, now: Millis) -> Result<()> {
    let Step { name, arguments } = step;
    let arguments = arguments.ok_or_else(|| wrong(format_args!("`{name}` is not called")))?;
    let mut arguments = all(arguments, now)?.into_iter();
    let first = arguments.next().ok_or_else(|| wrong(format_args!("`{name}` needs an argument")))?;
    match name.as_str() {
        "where" => search.filter = filter::filter(first)?,
        "doc" => {
            let named = first.into_bson()?;
            search.filter = doc! { "_id": named.clone() };
            *id = Some(named);
        }
        "orderBy" => {
            let Value::Plain(Bson::String(field)) = first else {
                return Err(wrong("`orderBy` takes a field"));
            };
            let direction = match arguments.next() {
                Some(Value::Plain(Bson::String(direction))) if direction == "desc" => -1,
                Some(Value::Plain(Bson::String(direction))) if direction == "asc" => 1,
                _ => return Err(wrong("`orderBy` takes `asc` or `desc`")),
            };
            search.sort.insert(field, direction);
        }
        "skip" => search.skip = count(&name, &first)?,
        "limit" => search.limit = Some(count(&name, &first)?),
        "field" => search.projection = first.into_document()?,
        _ => return Err(wrong(format_args!("`{name}` is not known"))),
    }
    Ok(())
}

fn count(name: &str, value: &Value) -> Result<u64> {
    match value {
        Value::Plain(Bson::Int32(count)) => u64::try_from(*count).ok(),
        _ => None,
    }
    .ok_or_else(|| wrong(format_args!("`{name}` takes a whole number from 0")))
}

#[cfg(test)]
mod tests;
