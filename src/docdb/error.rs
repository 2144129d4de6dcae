//! Everything that can go wrong in the database, with MongoDB's error numbers.

use super::index::IndexDefinition;

/// A failure of the database. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("collection `{name}` does not exist")]
    CollectionNotFound { name: String },
    #[error("collection `{name}` exists")]
    CollectionExists { name: String },
    #[error("index `{name}` does not exist on `{collection}`")]
    IndexNotFound { collection: String, name: String },
    #[error("index `{name}` exists on `{collection}` with other options")]
    IndexOptionsConflict { collection: String, name: String },
    /// `key` is the offending key as MongoDB prints it: `{ f: "v" }`.
    #[error("E11000 duplicate key error collection: {collection} index: {index} dup key: {key}")]
    DuplicateKey { collection: String, index: String, key: String },
    /// A request the engine cannot carry out; `code` is MongoDB's number (2 BadValue, 9 FailedToParse, 14 TypeMismatch, …).
    #[error("{message}")]
    Invalid { code: i32, message: String },
    /// A scan of a collection of so many documents, where at most `most` may be scanned and an index would serve.
    #[error(
        "a query without an index would examine the {documents} documents of `{collection}`; {most} are allowed"
    )]
    Unindexed { collection: String, documents: u64, most: u64, index: IndexDefinition },
    #[error("unknown operator: {name}")]
    UnknownOperator { name: String },
    #[error("write conflict with another transaction")]
    TransactionConflict,
    #[error("transaction `{id}` does not exist or has ended")]
    NoSuchTransaction { id: String },
    #[error("the database is in use by another process")]
    Locked,
    #[error("the database file is damaged: {detail}")]
    Damaged { detail: String },
    #[error("the database file has format {found}; this version reads {known}")]
    OtherFormat { found: i32, known: i32 },
    #[error("the store failed")]
    Store(#[source] rusqlite::Error),
    #[error("could not read or write the database's folder")]
    Io(#[from] std::io::Error),
}

impl Error {
    /// An `Invalid` with MongoDB's number.
    pub fn invalid(code: i32, message: impl Into<String>) -> Self {
        Error::Invalid { code, message: message.into() }
    }

    /// Whether the request was refused, rather than the store having failed.
    pub(super) fn is_refusal(&self) -> bool {
        !matches!(self, Error::Store(_) | Error::Io(_) | Error::Damaged { .. })
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Error::Damaged { detail: error.to_string() },
            _ => Error::Store(error),
        }
    }
}
