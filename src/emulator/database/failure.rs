//! The engine's failures in the platform's codes and words. See
//! `docs/wire.md#sdk-error-codes`.

use super::watchman::command;
use crate::api::data::Failure;
use crate::docdb::Error;

/// The code of a transaction that lost to another writer; the SDKs try again.
pub const CONFLICT: &str = "DATABASE_TRANSACTION_CONFLICT";

/// Ends the sentences of the real service.
const CHECK: &str = "Please check your request, but if the problem cannot be solved, contact us.";

/// Returns what a client reads.
pub fn of(error: &Error, env_id: &str) -> Failure {
    match error {
        Error::CollectionNotFound { name } => Failure::new(
            "DATABASE_COLLECTION_NOT_EXIST",
            format!("[ResourceNotFound] Db or Table not exist: {name}. {CHECK}"),
        ),
        Error::CollectionExists { .. } => Failure::new(
            "DATABASE_COLLECTION_ALREADY_EXIST",
            format!("[ResourceUnavailable.ResourceExist] Table exist. {CHECK}"),
        ),
        Error::DuplicateKey { collection, index, key } => request_failed(format_args!(
            "multiple write errors: [{{write errors: [{{E11000 duplicate key error collection: \
             {env_id}.{collection} index: {index} dup key: {key}}}]}}, {{<nil>}}]"
        )),
        Error::Invalid { code, message } => request_failed(format_args!("({}) {message}", name_of(*code))),
        Error::Unindexed { collection, index, .. } => {
            let fix = command(collection, index);
            request_failed(format_args!("{error} by `cloudkit emulate --strict`. Add the index: {fix}"))
        }
        Error::UnknownOperator { name } => Failure::new(
            "DATABASE_INVALID_OPERRATOR",
            format!("[InvalidParameter] unknown operator: {name}. {CHECK}"),
        ),
        Error::TransactionConflict => Failure::new(
            CONFLICT,
            "[ResourceUnavailable.TransactionConflict] Transaction is conflict, maybe resource operated by \
             others. Please check your request, but if the problem persists, contact us.",
        ),
        Error::NoSuchTransaction { id } => Failure::new(
            "DATABASE_TRANSACTION_FAIL",
            format!(
                "[ResourceNotFound.TransactionNotExist] Transaction {id} does not exist or has ended. {CHECK}"
            ),
        ),
        Error::IndexNotFound { .. } | Error::IndexOptionsConflict { .. } => {
            request_failed(format_args!("{error}"))
        }
        Error::Locked
        | Error::Damaged { .. }
        | Error::OtherFormat { .. }
        | Error::Store(_)
        | Error::Io(_) => Failure::new("SYS_ERR", format!("[InternalError] {}", words(error))),
    }
}

pub fn request_failed(what: std::fmt::Arguments<'_>) -> Failure {
    Failure::new("DATABASE_REQUEST_FAILED", format!("[FailedOperation] {what}"))
}

/// Returns MongoDB's name for its error number.
fn name_of(code: i32) -> String {
    let name = match code {
        2 => "BadValue",
        9 => "FailedToParse",
        14 => "TypeMismatch",
        15 => "Overflow",
        28 => "PathNotViable",
        40 => "ConflictingUpdateOperators",
        50 => "MaxTimeMSExpired",
        52 => "DollarPrefixedFieldName",
        54 => "NotSingleValueField",
        56 => "EmptyFieldName",
        66 => "ImmutableField",
        67 => "CannotCreateIndex",
        292 => "QueryExceededMemoryLimitNoDiskUseAllowed",
        11601 => "Interrupted",
        other => return format!("Location{other}"),
    };
    name.to_owned()
}

/// Returns the error with what lies below it, and what helps against damage.
pub fn words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut below = std::error::Error::source(error);
    while let Some(cause) = below {
        text = format!("{text}: {cause}");
        below = cause.source();
    }
    if matches!(error, Error::Damaged { .. }) {
        text.push_str("; stop the emulator and run `cloudkit db export --salvage` to save what is whole");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docdb::index::{IndexDefinition, Order};

    #[track_caller]
    fn check(error: Error, code: &str, message: &str) {
        let failure = of(&error, "local");
        assert_eq!((failure.code, failure.message.as_str()), (code, message));
    }

    #[test]
    fn projects_that_match_on_the_words_find_them() {
        check(
            Error::CollectionNotFound { name: "todos".into() },
            "DATABASE_COLLECTION_NOT_EXIST",
            "[ResourceNotFound] Db or Table not exist: todos. Please check your request, but if the problem \
             cannot be solved, contact us.",
        );
        check(
            Error::DuplicateKey {
                collection: "players".into(),
                index: "_openid_1".into(),
                key: r#"{ _openid: "o" }"#.into(),
            },
            "DATABASE_REQUEST_FAILED",
            "[FailedOperation] multiple write errors: [{write errors: [{E11000 duplicate key error collection: \
             local.players index: _openid_1 dup key: { _openid: \"o\" }}]}, {<nil>}]",
        );
        check(
            Error::Unindexed {
                collection: "players".into(),
                documents: 5_000,
                most: 1_000,
                index: IndexDefinition {
                    name: "score_-1".into(),
                    keys: vec![("score".into(), Order::Descending)],
                    unique: false,
                    sparse: false,
                },
            },
            "DATABASE_REQUEST_FAILED",
            "[FailedOperation] a query without an index would examine the 5000 documents of `players`; 1000 are \
             allowed by `cloudkit emulate --strict`. Add the index: cloudkit db index add players score:desc",
        );
        check(
            Error::invalid(14, "Cannot increment with non-numeric argument"),
            "DATABASE_REQUEST_FAILED",
            "[FailedOperation] (TypeMismatch) Cannot increment with non-numeric argument",
        );
    }

    #[test]
    fn the_code_the_sdk_retries_on_is_exact() {
        assert_eq!(of(&Error::TransactionConflict, "local").code, "DATABASE_TRANSACTION_CONFLICT");
    }
}
