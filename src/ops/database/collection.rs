//! Collections: list, add, drop.

use serde::Serialize;

use crate::api::control::database::{CreateTable, DeleteTable, ListTables};
use crate::error::Result;
use crate::model::name::CollectionName;
use crate::ops::target::Target;
use crate::project::Project;
use crate::project::edit::{self, Edit};

/// The most collections one answer lists.
const PAGE: u64 = 100;

/// A collection in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    pub name: String,
    pub documents: u64,
    pub bytes: u64,
    pub indexes: u64,
}

/// Returns all collections, by name.
pub async fn list(target: &Target) -> Result<Vec<Listed>> {
    let tag = target.database().await?;
    let mut found: Vec<Listed> = Vec::new();
    loop {
        let asked = ListTables {
            env_id: Some(target.env_id().to_owned()),
            tag: tag.clone(),
            mgo_limit: Some(PAGE),
            mgo_offset: Some(found.len() as u64),
            ..ListTables::default()
        };
        let page = target.client().call(&asked).await?;
        let tables = page.tables.unwrap_or_default();
        let last = tables.is_empty();
        found.extend(tables.into_iter().map(|table| Listed {
            name: table.table_name,
            documents: table.count,
            bytes: table.size,
            indexes: table.index_count,
        }));
        if last || found.len() as u64 >= page.pager.total {
            found.sort_by(|a, b| a.name.cmp(&b.name));
            return Ok(found);
        }
    }
}

/// What became of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub collection: String,
    /// Whether the target was changed.
    pub changed: bool,
    /// Whether `cloudkit.toml` was changed.
    pub manifest_changed: bool,
}

/// Adds a collection; one that is there already stays as it is. A project with a manifest remembers it.
pub async fn add(target: &Target, project: &Project, name: &CollectionName) -> Result<Change> {
    let change = |edit: &mut Edit| edit.add_collection(name);
    would_change(project, change)?;
    let asked = CreateTable {
        env_id: Some(target.env_id().to_owned()),
        tag: target.database().await?,
        table_name: name.to_string(),
        ..CreateTable::default()
    };
    // Codes vary: ResourceUnavailable.ResourceExist, ResourceInUse (`docs/wire.md#cloud-api-envelope`).
    let changed = match target.client().call(&asked).await {
        Ok(_) => true,
        Err(error) if error.is("ResourceUnavailable.ResourceExist") || error.is("ResourceInUse") => false,
        Err(error) => return Err(error.into()),
    };
    let manifest_changed = remember(project, change)?;
    Ok(Change { collection: name.to_string(), changed, manifest_changed })
}

/// Drops a collection with its documents and indexes.
pub async fn drop(target: &Target, project: &Project, name: &CollectionName) -> Result<Change> {
    let change = |edit: &mut Edit| edit.remove_collection(name);
    would_change(project, change)?;
    let asked = DeleteTable {
        env_id: Some(target.env_id().to_owned()),
        tag: target.database().await?,
        table_name: name.to_string(),
        ..DeleteTable::default()
    };
    if let Err(error) = target.client().call(&asked).await {
        return Err(super::missing(target, name, error).await);
    }
    let manifest_changed = remember(project, change)?;
    Ok(Change { collection: name.to_string(), changed: true, manifest_changed })
}

/// Returns whether a change of the manifest would change it; a nonsensical one is refused before the target hears of it.
pub(in crate::ops) fn would_change(
    project: &Project,
    change: impl FnOnce(&mut Edit) -> Result<bool>,
) -> Result<bool> {
    if project.manifest.is_none() { Ok(false) } else { change(&mut Edit::open(&project.root)?) }
}

/// Changes the manifest of a project that has one.
pub(in crate::ops) fn remember(
    project: &Project,
    change: impl FnOnce(&mut Edit) -> Result<bool>,
) -> Result<bool> {
    if project.manifest.is_none() { Ok(false) } else { edit::change(&project.root, change) }
}
