//! Named states of the environment.

use super::Result;
use super::database::blocking;
use super::failure::Failure;
use crate::api::control::Done;
use crate::api::error::codes;
use crate::api::local::*;
use crate::emulator::environment::Shared;
use crate::emulator::snapshots::{Description, Error};
use crate::model::name::SnapshotName;

pub(super) async fn save(environment: &Shared, asked: SaveSnapshot) -> Result<SnapshotDescription> {
    let name = named(&asked.name)?;
    let saved = blocking(environment, move |environment| {
        environment.snapshots.save(&environment.state(), &name, asked.replace)
    });
    saved.await.map(|it| described(&asked.name, it))
}

pub(super) async fn list(environment: &Shared, _: ListSnapshots) -> Result<SnapshotList> {
    let all = environment.snapshots.list();
    Ok(SnapshotList { snapshots: all.into_iter().map(|(name, it)| described(name.as_str(), it)).collect() })
}

pub(super) async fn restore(environment: &Shared, asked: RestoreSnapshot) -> Result<SnapshotDescription> {
    let name = named(&asked.name)?;
    let restored =
        blocking(environment, move |environment| environment.snapshots.restore(&environment.state(), &name));
    restored.await.map(|it| described(&asked.name, it))
}

pub(super) async fn delete(environment: &Shared, asked: DeleteSnapshot) -> Result<Done> {
    let name = named(&asked.name)?;
    blocking(environment, move |environment| environment.snapshots.delete(&name)).await?;
    Ok(Done {})
}

fn named(name: &str) -> Result<SnapshotName> {
    name.parse().map_err(|error| Failure::of(codes::INVALID_PARAMETER_VALUE, &error))
}

fn described(name: &str, description: Description) -> SnapshotDescription {
    let Description { created, documents, files, bytes } = description;
    SnapshotDescription { name: name.to_owned(), created, documents, files, bytes }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Failure::new(codes::RESOURCE_NOT_FOUND, error.to_string()),
            Error::Exists(_) => Failure::new(codes::RESOURCE_EXISTS, error.to_string()),
            Error::Documents(error) => error.into(),
            Error::Io(ref io) => Failure::new(codes::INTERNAL_ERROR, format!("{error}: {io}")),
            Error::Permissions(error) => Failure::of(codes::INTERNAL_ERROR, &error),
        }
    }
}
