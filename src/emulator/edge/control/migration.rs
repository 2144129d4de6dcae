//! Jobs between collections and files.

use bson::{Bson, DateTime, Document};

use super::failure::Failure;
use super::{Result, this_environment};
use crate::api::control::migration::*;
use crate::api::documents::{reading, writing};
use crate::api::ejson;
use crate::api::error::codes;
use crate::docdb::query::Query;
use crate::emulator::edge::object;
use crate::emulator::environment::{Environment, Shared};
use crate::emulator::migrations::{Export, Import, Mode, Progress, Stage, Work};
use crate::emulator::storage::check_key;

/// How long the link to an exported file lives, in seconds.
const LINK_LIFE: u64 = 3600;

pub(super) async fn import(environment: &Shared, asked: DatabaseMigrateImport) -> Result<MigrationJob> {
    this_environment(environment, asked.env_id.as_deref())?;
    let DatabaseMigrateImport { collection_name, file_path, file_type, conflict_mode, stop_on_error, .. } =
        asked;
    environment.database.store().indexes(&collection_name)?;
    let key = environment.storage.key_of(&file_path);
    environment
        .storage
        .get(&key)
        .map_err(|error| Failure::new(codes::RESOURCE_NOT_FOUND, format!("{error}.")))?;
    let mode = match conflict_mode.as_deref().unwrap_or("insert") {
        "insert" => Mode::Insert,
        "upsert" => Mode::Upsert,
        other => return Err(Failure::value(format!("`ConflictMode` is insert or upsert, not `{other}`."))),
    };
    let format = match is_csv(file_type.as_deref(), &key)? {
        true => reading::Format::Csv,
        false => reading::Format::Json,
    };
    let stop_on_error = stop_on_error.unwrap_or(false);
    let work = Import { collection: collection_name, key, format, mode, stop_on_error };
    Ok(MigrationJob { job_id: environment.migrations.begin(environment, Work::Import(work)) })
}

pub(super) async fn export(environment: &Shared, asked: DatabaseMigrateExport) -> Result<MigrationJob> {
    this_environment(environment, asked.env_id.as_deref())?;
    environment.database.store().indexes(&asked.collection_name)?;
    let key = environment.storage.key_of(&asked.file_path);
    check_key(&key).map_err(|error| Failure::value(format!("{error}.")))?;
    let fields = fields(asked.fields.as_deref());
    let format = match is_csv(asked.file_type.as_deref(), &key)? {
        true if fields.is_empty() => {
            return Err(Failure::new(
                codes::MISSING_PARAMETER,
                "`Fields` names the columns of a CSV file.".into(),
            ));
        }
        true => writing::Format::Table(fields.clone()),
        false => writing::Format::Lines,
    };
    let now = environment.database.now();
    let query = Query {
        filter: document("Query", asked.query.as_deref(), now)?,
        sort: document("Sort", asked.sort.as_deref(), now)?,
        skip: asked.skip.unwrap_or(0),
        limit: asked.limit.filter(|limit| *limit > 0),
        projection: fields.into_iter().map(|field| (field, Bson::Int32(1))).collect(),
        now: DateTime::from_millis(now),
    };
    let work = Export { collection: asked.collection_name, key, format, query };
    Ok(MigrationJob { job_id: environment.migrations.begin(environment, Work::Export(Box::new(work))) })
}

pub(super) async fn describe(
    environment: &Shared,
    asked: DatabaseMigrateQueryInfo,
) -> Result<MigrationState> {
    this_environment(environment, asked.env_id.as_deref())?;
    let number = asked.job_id;
    match environment.migrations.progress(number) {
        Some(progress) => Ok(described(environment, progress)),
        None => Err(Failure::new(codes::RESOURCE_NOT_FOUND, format!("The job {number} does not exist."))),
    }
}

fn described(environment: &Environment, progress: Progress) -> MigrationState {
    let Progress { stage, done, failed, error, file } = progress;
    let status = match stage {
        Stage::Waiting => "waiting",
        Stage::Reading => "reading",
        Stage::Migrating => "migrating",
        Stage::Success => "success",
        Stage::Fail => "fail",
    };
    MigrationState {
        status: status.into(),
        record_success: done,
        record_fail: failed,
        error_msg: error,
        file_url: file
            .map_or_else(String::new, |key| object::encoded_download_url(environment, &key, LINK_LIFE)),
    }
}

/// Tells the two types of files apart, by the key's ending when the request does not say.
fn is_csv(file_type: Option<&str>, key: &str) -> Result<bool> {
    let ending = key.rsplit_once('.').map_or("", |(_, ending)| ending);
    match file_type.filter(|it| !it.is_empty()).unwrap_or(ending).to_ascii_lowercase().as_str() {
        "json" | "jsonl" => Ok(false),
        "csv" => Ok(true),
        other => Err(Failure::value(format!("`FileType` is json or csv, not `{other}`."))),
    }
}

fn fields(listed: Option<&str>) -> Vec<String> {
    let names = listed.unwrap_or_default().split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Reads a document that travels as text.
fn document(parameter: &str, text: Option<&str>, now: i64) -> Result<Document> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Document::new()) };
    ejson::document(text, now).map_err(|error| {
        Failure::new(codes::SYNTAX_ERROR, format!("`{parameter}` is not a JSON object: {error}."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_said_or_seen() {
        for (file_type, key, found) in [
            (Some("csv"), "a.json", Ok(true)),
            (None, "a/b.CSV", Ok(true)),
            (None, "a.jsonl", Ok(false)),
            (Some(""), "a.json", Ok(false)),
            (Some("xml"), "a.json", Err(codes::INVALID_PARAMETER_VALUE)),
            (None, "a", Err(codes::INVALID_PARAMETER_VALUE)),
        ] {
            assert_eq!(is_csv(file_type, key).map_err(|it| it.code), found, "{file_type:?} {key}");
        }
    }
}
