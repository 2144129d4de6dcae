//! Steps on collections and files.

use crate::api::control::database::{CreateTable, DroppedIndex, UpdateTable};
use crate::api::control::permission::ModifyDatabaseACL;
use crate::api::control::permission::ModifySafeRule;
use crate::api::control::storage::ModifyStorageSafeRule;
use crate::error::Result;
use crate::model::index::IndexSpec;
use crate::model::permission::Permission;
use crate::ops::deploy::current::bucket;
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

pub(super) async fn add_index(collection: &str, index: &IndexSpec, target: &Target) -> Result<()> {
    let asked = UpdateTable { create_indexes: vec![index.into()], ..update(collection, target).await? };
    Ok(target.client().call(&asked).await.map(drop)?)
}

pub(super) async fn drop_index(collection: &str, name: &str, target: &Target) -> Result<()> {
    let drop_indexes = vec![DroppedIndex { index_name: name.into() }];
    let asked = UpdateTable { drop_indexes, ..update(collection, target).await? };
    Ok(target.client().call(&asked).await.map(drop)?)
}

async fn update(collection: &str, target: &Target) -> Result<UpdateTable> {
    Ok(UpdateTable {
        env_id: Some(target.env_id().into()),
        tag: target.database().await?,
        table_name: collection.into(),
        ..UpdateTable::default()
    })
}

pub(super) async fn permit(collection: &str, permission: &Permission, target: &Target) -> Result<()> {
    let env_id = Some(target.env_id().to_owned());
    let (collection_name, acl_tag) = (collection.to_owned(), permission.tag().to_owned());
    match permission.rule() {
        Some(rule) => {
            let asked = ModifySafeRule { env_id, collection_name, acl_tag, rule: Some(rule.into()) };
            target.client().call(&asked).await?;
        }
        None => drop(target.client().call(&ModifyDatabaseACL { env_id, collection_name, acl_tag }).await?),
    }
    Ok(())
}

pub(super) async fn permit_files(permission: &Permission, target: &Target) -> Result<()> {
    let asked = ModifyStorageSafeRule {
        env_id: Some(target.env_id().into()),
        bucket: bucket(target).await?,
        acl_tag: permission.tag().into(),
        rule: permission.rule().map(str::to_owned),
    };
    Ok(target.client().call(&asked).await.map(drop)?)
}
