//! Steps on collections and indexes that nothing but a deployment takes.

use crate::api::control::database::{CreateTable, DroppedIndex, UpdateTable};
use crate::error::Result;
use crate::ops::target::Target;

pub(super) async fn create(name: &str, target: &Target) -> Result<()> {
    let asked = CreateTable {
        env_id: Some(target.env_id().into()),
        tag: target.database().await?,
        table_name: name.into(),
        ..CreateTable::default()
    };
    match target.client().call(&asked).await {
        // Somebody made it since we asked.
        Err(error) if error.is("ResourceUnavailable.ResourceExist") => Ok(()),
        answer => Ok(answer.map(drop)?),
    }
}

pub(super) async fn drop_index(collection: &str, name: &str, target: &Target) -> Result<()> {
    let asked = UpdateTable {
        env_id: Some(target.env_id().into()),
        tag: target.database().await?,
        table_name: collection.into(),
        drop_indexes: vec![DroppedIndex { index_name: name.into() }],
        ..UpdateTable::default()
    };
    Ok(target.client().call(&asked).await.map(drop)?)
}
