//! Collections and indexes.

use super::failure::Failure;
use super::{Result, page, permission, this_environment};
use crate::api::control::Done;
use crate::api::control::database::*;
use crate::api::error::codes;
use crate::docdb;
use crate::docdb::index::{IndexDefinition, IndexStatus};
use crate::emulator::database::{index_definition, index_key};
use crate::emulator::environment::Shared;
use crate::emulator::permissions::Resource;
use crate::model::index::{Direction, IndexKey, IndexSpec, field_path};
use crate::model::name::CollectionName;
use crate::model::wall;

/// The index of `_id`, which cannot be dropped.
const ID_INDEX: &str = "_id_";

pub(super) async fn create(environment: &Shared, asked: CreateTable) -> Result<Done> {
    this_environment(environment, asked.env_id.as_deref())?;
    let name: CollectionName =
        asked.table_name.parse().map_err(|error| Failure::of(codes::INVALID_PARAMETER_VALUE, &error))?;
    blocking(environment, move |environment| environment.database.create_collection(name.as_str())).await?;
    if let Some(TablePermission { acl_tag, rule, .. }) = asked.permission_info {
        permission::set(environment, &Resource::Collection(asked.table_name), &acl_tag, rule)?;
    }
    Ok(Done {})
}

pub(super) async fn delete(environment: &Shared, asked: DeleteTable) -> Result<Done> {
    this_environment(environment, asked.env_id.as_deref())?;
    let name = asked.table_name.clone();
    blocking(environment, move |environment| environment.database.store().drop_collection(&name)).await?;
    // A collection of the same name starts anew.
    let forgotten = environment.permissions.set(&Resource::Collection(asked.table_name), None);
    forgotten.map_err(|error| Failure::of(codes::INTERNAL_ERROR, &error))?;
    Ok(Done {})
}

pub(super) async fn describe(environment: &Shared, asked: DescribeTable) -> Result<TableDescription> {
    this_environment(environment, asked.env_id.as_deref())?;
    let since = wall::write(environment.started);
    let indexes = environment.database.store().indexes(&asked.table_name)?;
    let indexes: Vec<_> = indexes.into_iter().map(|index| described(index, &since)).collect();
    Ok(TableDescription { index_num: indexes.len() as u64, indexes })
}

fn described(index: IndexStatus, since: &str) -> IndexDescription {
    let IndexStatus { definition, size, uses } = index;
    let field = |key: IndexKey| IndexField { name: key.path, direction: key.direction.wire().into() };
    let keys = definition.keys.iter().map(index_key).map(field).collect();
    IndexDescription {
        // MongoDB's index of `_id` is unique without saying so; clients expect it that way.
        unique: definition.unique || definition.name == ID_INDEX,
        name: definition.name,
        size,
        sparse: definition.sparse.then_some(true),
        keys,
        accesses: Accesses { ops: uses, since: since.to_owned() },
    }
}

pub(super) async fn list(environment: &Shared, asked: ListTables) -> Result<TablePage> {
    this_environment(environment, asked.env_id.as_deref())?;
    let wanted = asked.search_value.unwrap_or_default();
    tables(environment, |name| name.contains(&wanted), asked.mgo_offset, asked.mgo_limit)
}

pub(super) async fn describe_many(environment: &Shared, asked: DescribeTables) -> Result<TablePage> {
    this_environment(environment, asked.env_id.as_deref())?;
    let wanted = asked.table_names;
    let matches = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    tables(environment, matches, asked.mgo_offset, asked.mgo_limit)
}

fn tables(
    environment: &Shared,
    matches: impl Fn(&str) -> bool,
    offset: Option<u64>,
    limit: Option<u64>,
) -> Result<TablePage> {
    let mut all = environment.database.store().collections()?;
    all.retain(|collection| matches(&collection.name));
    let limit = limit.unwrap_or(100).min(1000);
    let pager = Pager { offset: offset.unwrap_or(0), limit, total: all.len() as u64 };
    let tables: Vec<_> = page(all, offset, Some(limit), limit)
        .into_iter()
        .map(|it| TableLine {
            table_name: it.name,
            count: it.documents,
            size: it.size,
            index_count: it.indexes,
            index_size: it.index_size,
        })
        .collect();
    Ok(TablePage { tables: (!tables.is_empty()).then_some(tables), pager })
}

pub(super) async fn distribution(
    environment: &Shared,
    asked: DescribeDbDistribution,
) -> Result<DbDistribution> {
    this_environment(environment, asked.env_id.as_deref())?;
    let collections: Vec<_> = environment
        .database
        .store()
        .collections()?
        .into_iter()
        .map(|it| CollectionCount { collection_name: it.name, doc_count: it.documents })
        .collect();
    Ok(DbDistribution { collections: CollectionCounts { count: collections.len() as u64, collections } })
}

pub(super) async fn update(environment: &Shared, asked: UpdateTable) -> Result<Done> {
    this_environment(environment, asked.env_id.as_deref())?;
    let UpdateTable { table_name, create_indexes, drop_indexes, .. } = asked;
    // Everything is checked before anything is changed.
    let created = create_indexes.into_iter().map(definition).collect::<Result<Vec<_>>>()?;
    if drop_indexes.iter().any(|it| it.index_name == ID_INDEX) {
        return Err(Failure::value(format!("The index `{ID_INDEX}` cannot be dropped.")));
    }
    blocking(environment, move |environment| {
        let store = environment.database.store();
        let before = store.indexes(&table_name)?;
        let changed = drop_indexes
            .iter()
            .try_for_each(|it| store.drop_index(&table_name, &it.index_name))
            .and_then(|()| created.iter().try_for_each(|index| store.create_index(&table_name, index)));
        changed.inspect_err(|_| restore(store, &table_name, &before))
    })
    .await?;
    Ok(Done {})
}

/// Brings a collection's indexes back to what they were: a request is carried out as a whole or not at all.
fn restore(store: &docdb::Database, collection: &str, before: &[IndexStatus]) {
    let known = |name: &str, among: &[IndexStatus]| among.iter().any(|it| it.definition.name == name);
    let now = store.indexes(collection).unwrap_or_default();
    // The failure that led here is the one to report, not a second one on the way back.
    for new in now.iter().filter(|it| !known(&it.definition.name, before)) {
        let _ = store.drop_index(collection, &new.definition.name);
    }
    for old in before.iter().filter(|it| !known(&it.definition.name, &now)) {
        let _ = store.create_index(collection, &old.definition);
    }
}

/// Reads an index to add, with the checks of the command line.
fn definition(index: NewIndex) -> Result<IndexDefinition> {
    let NewIndex { index_name, mgo_key_schema } = index;
    let KeySchema { mgo_index_keys, mgo_is_unique: unique, mgo_is_sparse } = mgo_key_schema;
    let invalid = |error: crate::error::Error| Failure::of(codes::INVALID_PARAMETER_VALUE, &error);
    let key = |field: IndexField| {
        let direction = Direction::from_wire(&field.direction).ok_or_else(|| {
            let direction = &field.direction;
            Failure::value(format!("The direction `{direction}` is not 1, -1 or 2dsphere."))
        })?;
        let path = field_path(&field.name).map_err(invalid)?;
        Ok(IndexKey { path, direction })
    };
    let keys = mgo_index_keys.into_iter().map(key).collect::<Result<Vec<_>>>()?;
    let name = Some(index_name).filter(|name| !name.is_empty());
    let spec = IndexSpec::new(keys, unique, name).map_err(invalid)?;
    Ok(index_definition(&IndexSpec { sparse: mgo_is_sparse.unwrap_or(false), ..spec }))
}

/// Does the engine's longer work where it holds nobody up.
pub(super) async fn blocking<T: Send + 'static, E: Send + 'static>(
    environment: &Shared,
    work: impl FnOnce(&Shared) -> std::result::Result<T, E> + Send + 'static,
) -> Result<T>
where
    Failure: From<E>,
{
    let environment = environment.clone();
    let done = tokio::task::spawn_blocking(move || work(&environment)).await;
    Ok(done.map_err(|error| Failure::new(codes::INTERNAL_ERROR, error.to_string()))??)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(keys: &[(&str, &str)], unique: bool) -> NewIndex {
        let field = |(name, direction): &(&str, &str)| IndexField {
            name: (*name).into(),
            direction: (*direction).into(),
        };
        NewIndex {
            index_name: String::new(),
            mgo_key_schema: KeySchema {
                mgo_index_keys: keys.iter().map(field).collect(),
                mgo_is_unique: unique,
                mgo_is_sparse: None,
            },
        }
    }

    #[test]
    fn an_index_is_checked_before_it_is_built() {
        let found = definition(index(&[("score", "-1"), ("at", "1")], true)).expect("a good index");
        assert_eq!((found.name.as_str(), found.unique), ("score_-1_at_1", true));
        for bad in [
            index(&[], false),
            index(&[("a", "up")], false),
            index(&[("a", "1"), ("a", "-1")], false),
            index(&[("a..b", "1")], false),
            index(&[("loc", "2dsphere")], true),
        ] {
            assert_eq!(definition(bad).map_err(|it| it.code), Err(codes::INVALID_PARAMETER_VALUE));
        }
    }
}
