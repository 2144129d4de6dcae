//! Documents, collections and indexes of an environment.

pub mod collection;
pub mod index;

pub mod query;
pub mod write;

pub mod export;
pub mod import;

use crate::cloud;
use crate::error::{Error, Kind, Result};
use crate::model::clock::Millis;
use crate::model::name::CollectionName;
use crate::text;

use super::target::{Target, not_there};

/// Makes the error of a call that named a collection; where there is no such collection, a near name is offered, or
/// the command that adds it.
pub(super) async fn missing(target: &Target, name: &CollectionName, error: cloud::Error) -> Error {
    if !(error.is("ResourceNotFound") || error.is(crate::api::error::codes::DATABASE_COLLECTION_NOT_EXIST)) {
        return error.into();
    }
    let known: Vec<String> = match collection::list(target).await {
        Ok(all) => all.into_iter().map(|it| it.name).collect(),
        Err(_) => Vec::new(),
    };
    not_there(
        error,
        text! { en: "collection `{name}` does not exist", zh: "集合 `{name}` 不存在" },
        name.as_str(),
        known.iter().map(String::as_str),
        text! { en: "`cloudkit db collection add {name}` adds it", zh: "可用 `cloudkit db collection add {name}` 创建" },
    )
}

/// Reads a document or a value that a person wrote as Extended JSON, and returns it in the form of the wire.
fn canonical(text: &str, now: Millis) -> Result<String> {
    let value = crate::api::ejson::value(text, now).map_err(|error| {
        Error::new(Kind::Usage, text! { en: "this is not Extended JSON: `{text}`", zh: "不是合法的扩展 JSON：`{text}`" })
            .cause(error.why())
            .hint(text! { en: "write for example `{{\"score\": {{\"$gt\": 10}}}}`", zh: "例如写成 `{{\"score\": {{\"$gt\": 10}}}}`" })
    })?;
    Ok(crate::api::ejson::value_to_text(&value, crate::api::ejson::Form::Canonical))
}
