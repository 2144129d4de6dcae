//! Named states of the local environment.

use serde::Serialize;

use crate::api::local::{DeleteSnapshot, ListSnapshots, RestoreSnapshot, SaveSnapshot, SnapshotDescription};
use crate::error::Result;
use crate::model::clock::Millis;
use crate::model::name::SnapshotName;
use crate::model::wall;
use crate::text;

use super::target::{Target, not_there};

/// A saved state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    pub name: String,
    /// UTC.
    pub created: String,
    pub documents: u64,
    pub files: u64,
    pub bytes: u64,
}

/// Saves the present state.
pub async fn save(target: &Target, name: &SnapshotName, replace: bool) -> Result<Snapshot> {
    let asked = SaveSnapshot { name: name.to_string(), replace };
    let saved = target.client().call(&asked).await;
    Ok(Snapshot::of(saved.map_err(|error| {
        let exists = error.is("ResourceUnavailable.ResourceExist");
        let error = crate::error::Error::from(error);
        match exists {
            true => error.hint(text! { en: "`--replace` saves over it", zh: "`--replace` 会覆盖它" }),
            false => error,
        }
    })?))
}

/// Returns the saved states by name.
pub async fn list(target: &Target) -> Result<Vec<Snapshot>> {
    let all = target.client().call(&ListSnapshots {}).await?.snapshots;
    Ok(all.into_iter().map(Snapshot::of).collect())
}

/// Brings a saved state back.
pub async fn restore(target: &Target, name: &SnapshotName) -> Result<Snapshot> {
    let restored = target.client().call(&RestoreSnapshot { name: name.to_string() }).await;
    match restored {
        Ok(restored) => Ok(Snapshot::of(restored)),
        Err(error) => Err(missing(target, name, error).await),
    }
}

pub async fn delete(target: &Target, name: &SnapshotName) -> Result<()> {
    match target.client().call(&DeleteSnapshot { name: name.to_string() }).await {
        Ok(_) => Ok(()),
        Err(error) => Err(missing(target, name, error).await),
    }
}

async fn missing(target: &Target, name: &SnapshotName, error: crate::cloud::Error) -> crate::error::Error {
    if !error.is("ResourceNotFound") {
        return error.into();
    }
    let known = list(target).await.unwrap_or_default();
    not_there(
        error,
        text! { en: "snapshot `{name}` does not exist", zh: "快照 `{name}` 不存在" },
        name.as_str(),
        known.iter().map(|it| it.name.as_str()),
        text! { en: "`cloudkit snapshot list` shows them", zh: "可用 `cloudkit snapshot list` 查看" },
    )
}

impl Snapshot {
    fn of(description: SnapshotDescription) -> Self {
        let SnapshotDescription { name, created, documents, files, bytes } = description;
        Snapshot::new(name, created, documents, files, bytes)
    }

    pub fn new(name: String, created: Millis, documents: u64, files: u64, bytes: u64) -> Self {
        let created = jiff::Timestamp::from_millisecond(created)
            .map_or_else(|_| wall::write(created), |it| it.to_string());
        Snapshot { name, created, documents, files, bytes }
    }
}
