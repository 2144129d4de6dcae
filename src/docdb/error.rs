//! Everything that can go wrong in the database, with MongoDB's error numbers.

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
    #[error("the store failed")]
    Store(#[from] rusqlite::Error),
    #[error("could not read or write the database's folder")]
    Io(#[from] std::io::Error),
}

impl Error {
    /// An `Invalid` with MongoDB's number.
    pub fn invalid(code: i32, message: impl Into<String>) -> Self {
        Error::Invalid { code, message: message.into() }
    }
}
