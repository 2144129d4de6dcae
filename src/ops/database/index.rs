//! Indexes: list, add, drop, suggest.

use serde::Serialize;

use crate::api::control::database::{DescribeTable, DroppedIndex, IndexDescription, IndexField, UpdateTable};
use crate::api::local::{IndexAdvice, MissingIndex, UnusedIndex};
use crate::error::{Error, Kind, Result};
use crate::model::index::{Direction, IndexKey, IndexSpec};
use crate::model::name::{CollectionName, did_you_mean, suggestion};
use crate::model::shell;
use crate::ops::target::Target;
use crate::project::Project;
use crate::project::edit::{self, Edit};
use crate::text;

/// The index of `_id`, which every collection has.
const ID_INDEX: &str = "_id_";

/// An index of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    pub collection: String,
    pub name: String,
    /// As a person writes them: `score:desc`.
    pub keys: Vec<String>,
    pub unique: bool,
    pub bytes: u64,
    /// How often queries used it.
    pub uses: u64,
}

/// Returns the indexes of a collection.
pub async fn list(target: &Target, collection: &CollectionName) -> Result<Vec<Listed>> {
    let known = describe(target, collection).await?;
    Ok(known.iter().map(|index| Listed::of(collection, index)).collect())
}

/// Returns the indexes of all collections.
pub async fn list_all(target: &Target) -> Result<Vec<Listed>> {
    let mut indexes = Vec::new();
    for collection in super::collection::list(target).await? {
        // A name that this program would not give is the platform's own business.
        if let Ok(name) = collection.name.parse() {
            indexes.extend(list(target, &name).await?);
        }
    }
    Ok(indexes)
}

impl Listed {
    fn of(collection: &CollectionName, index: &IndexDescription) -> Self {
        Listed {
            collection: collection.to_string(),
            name: index.name.clone(),
            keys: index.keys.iter().map(written).collect(),
            unique: index.unique,
            bytes: index.size,
            uses: index.accesses.ops,
        }
    }
}

async fn describe(target: &Target, collection: &CollectionName) -> Result<Vec<IndexDescription>> {
    let asked = DescribeTable {
        env_id: Some(target.env_id().to_owned()),
        tag: target.database().await?,
        table_name: collection.to_string(),
        ..DescribeTable::default()
    };
    match target.client().call(&asked).await {
        Ok(found) => Ok(found.indexes),
        Err(error) => Err(super::missing(target, collection, error).await),
    }
}

/// Writes a field of an index as a person does; a direction this program does not know is kept as it is.
fn written(field: &IndexField) -> String {
    match Direction::from_wire(&field.direction) {
        Some(direction) => IndexKey { path: field.name.clone(), direction }.to_string(),
        None => format!("{}:{}", field.name, field.direction),
    }
}

/// What became of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub collection: String,
    pub index: String,
    pub keys: Vec<String>,
    pub unique: bool,
    /// Whether the target was changed.
    pub changed: bool,
    /// Whether `cloudkit.toml` was changed.
    pub manifest_changed: bool,
}

/// Adds an index to the manifest and to the target. What is there already stays as it is.
///
/// # Errors
/// Another index of the same name or the same keys, documents that a unique index forbids, no such collection. The
/// manifest is then as it was.
pub async fn add(
    target: &Target,
    project: &Project,
    collection: &CollectionName,
    spec: &IndexSpec,
) -> Result<Change> {
    let remember = |edit: &mut Edit, spec: &IndexSpec| edit.add_index(collection, spec);
    remember(&mut Edit::open(&project.root)?, spec)?;
    let known = describe(target, collection).await?;
    let (spec, changed) = match known.iter().find(|index| is_near(index, spec)) {
        None => {
            create(target, collection, spec).await?;
            (spec.clone(), true)
        }
        // It may have another name, which it keeps.
        Some(same) if keys(same) == spec.keys && same.unique == spec.unique => {
            (IndexSpec { name: same.name.clone(), ..spec.clone() }, false)
        }
        Some(other) => return Err(conflict(collection, other, spec)),
    };
    let manifest_changed = edit::change(&project.root, |edit| remember(edit, &spec))?;
    Ok(Change::new(collection, &spec, changed, manifest_changed))
}

/// Returns whether two indexes cannot both exist: they share a name or their keys.
fn is_near(index: &IndexDescription, spec: &IndexSpec) -> bool {
    index.name == spec.name || keys(index) == spec.keys
}

fn keys(index: &IndexDescription) -> Vec<IndexKey> {
    let key = |field: &IndexField| {
        Some(IndexKey { path: field.name.clone(), direction: Direction::from_wire(&field.direction)? })
    };
    index.keys.iter().filter_map(key).collect()
}

pub(in crate::ops) async fn create(
    target: &Target,
    collection: &CollectionName,
    spec: &IndexSpec,
) -> Result<()> {
    let asked = UpdateTable {
        env_id: Some(target.env_id().to_owned()),
        tag: target.database().await?,
        table_name: collection.to_string(),
        create_indexes: vec![spec.into()],
        ..UpdateTable::default()
    };
    target.client().call(&asked).await?;
    Ok(())
}

fn conflict(collection: &CollectionName, known: &IndexDescription, spec: &IndexSpec) -> Error {
    let (name, new) = (&known.name, &spec.name);
    let fields = known.keys.iter().map(written).collect::<Vec<_>>().join(" ");
    let unique = if known.unique { " --unique" } else { "" };
    let error = Error::new(
        Kind::Usage,
        text! { en: "`{collection}` has an index in the way of `{new}`", zh: "`{collection}` 已有与 `{new}` 冲突的索引" },
    )
    .cause(text! { en: "`{name}` is on `{fields}{unique}`", zh: "`{name}` 的字段为 `{fields}{unique}`" });
    error.hint(match name.as_str() {
        ID_INDEX => text! {
            en: "every collection has this index, which stays: there is nothing to add",
            zh: "每个集合都自带该索引，且不能删除：无需添加"
        },
        _ => text! { en: "drop it first: `cloudkit db index drop {collection} {name}`", zh: "请先删除：`cloudkit db index drop {collection} {name}`" },
    })
}

/// Drops an index from the manifest and from the target.
pub async fn drop(
    target: &Target,
    project: &Project,
    collection: &CollectionName,
    name: &str,
) -> Result<Change> {
    let change = |edit: &mut Edit| edit.remove_index(collection, name);
    let remembered = super::collection::would_change(project, change)?;
    let known = describe(target, collection).await?;
    let index = match known.iter().find(|index| index.name == name) {
        Some(index) => Some(index),
        None if remembered => None,
        None => return Err(unknown(collection, name, &known)),
    };
    if index.is_some() {
        let asked = UpdateTable {
            env_id: Some(target.env_id().to_owned()),
            tag: target.database().await?,
            table_name: collection.to_string(),
            drop_indexes: vec![DroppedIndex { index_name: name.to_owned() }],
            ..UpdateTable::default()
        };
        target.client().call(&asked).await?;
    }
    let manifest_changed = super::collection::remember(project, change)?;
    Ok(Change {
        collection: collection.to_string(),
        index: name.to_owned(),
        keys: index.map(|index| index.keys.iter().map(written).collect()).unwrap_or_default(),
        unique: index.is_some_and(|index| index.unique),
        changed: index.is_some(),
        manifest_changed,
    })
}

fn unknown(collection: &CollectionName, name: &str, known: &[IndexDescription]) -> Error {
    let error = Error::new(
        Kind::NotFound,
        text! { en: "`{collection}` has no index `{name}`", zh: "`{collection}` 没有索引 `{name}`" },
    );
    let names: Vec<&str> = known.iter().map(|index| index.name.as_str()).collect();
    let list = names.join("`, `");
    error.hint(match did_you_mean(name, names) {
        Some(near) => suggestion(near),
        None => text! { en: "it has `{list}`", zh: "它有 `{list}`" },
    })
}

impl Change {
    fn new(collection: &CollectionName, spec: &IndexSpec, changed: bool, manifest_changed: bool) -> Self {
        Change {
            collection: collection.to_string(),
            index: spec.name.clone(),
            keys: spec.keys.iter().map(IndexKey::to_string).collect(),
            unique: spec.unique,
            changed,
            manifest_changed,
        }
    }
}

/// An index that queries missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    pub collection: String,
    pub keys: Vec<String>,
    /// Queries that would have used it.
    pub queries: u64,
    /// The most documents one of them examined.
    pub examined: u64,
    /// The command that adds it.
    pub fix: String,
}

impl From<MissingIndex> for Advice {
    fn from(it: MissingIndex) -> Self {
        let names = [&it.collection_name].into_iter().chain(&it.keys).map(String::as_str);
        let fix = shell::line("cloudkit db index add", &names.collect::<Vec<_>>());
        Advice {
            collection: it.collection_name,
            keys: it.keys,
            queries: it.queries,
            examined: it.documents_examined,
            fix,
        }
    }
}

/// An index that no query used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unused {
    pub collection: String,
    pub index: String,
    pub keys: Vec<String>,
    /// Queries that its collection has seen.
    pub queries: u64,
    /// The command that drops it.
    pub fix: String,
}

impl From<UnusedIndex> for Unused {
    fn from(it: UnusedIndex) -> Self {
        let fix = shell::line("cloudkit db index drop", &[&it.collection_name, &it.index_name]);
        Unused {
            collection: it.collection_name,
            index: it.index_name,
            keys: it.keys,
            queries: it.queries,
            fix,
        }
    }
}

/// What the queries so far say about indexes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestions {
    pub missing: Vec<Advice>,
    pub unused: Vec<Unused>,
}

/// Returns the indexes that queries missed since the emulator started, and those that none used.
pub async fn suggest(target: &Target) -> Result<Suggestions> {
    let found = target.client().call(&IndexAdvice {}).await?;
    Ok(Suggestions {
        missing: found.indexes.into_iter().map(Advice::from).collect(),
        unused: found.unused.into_iter().map(Unused::from).collect(),
    })
}
