//! What went wrong, in the codes of the wire.

use crate::api::control::lenient::Unreadable;
use crate::api::data;
use crate::api::error::codes;
use crate::api::sign::Refusal;
use crate::docdb;
use crate::emulator::database::failure::words;

/// A refusal: a code of Tencent Cloud API 3.0 and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub code: &'static str,
    pub message: String,
}

impl Failure {
    pub fn new(code: &'static str, message: String) -> Self {
        Failure { code, message }
    }

    /// A parameter that is there and wrong.
    pub fn value(message: String) -> Self {
        Failure::new(codes::INVALID_PARAMETER_VALUE, message)
    }

    pub fn no_function(name: &str) -> Self {
        Failure::new(codes::FUNCTION_NOT_FOUND, format!("Function [{name}] not found."))
    }

    pub fn no_collection(name: &str) -> Self {
        Failure::new(codes::TABLE_NOT_FOUND, format!("Db or Table not exist: {name}."))
    }

    /// A failure of one of our own rooms, with the code that the operation has for it.
    pub fn of(code: &'static str, error: &crate::error::Error) -> Self {
        Failure::new(code, error.to_string())
    }
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        let code = match error {
            Unreadable::Missing(_) => codes::MISSING_PARAMETER,
            Unreadable::WrongType(_) => codes::INVALID_PARAMETER,
        };
        Failure::new(code, error.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::new(refusal.code(), refusal.to_string())
    }
}

impl From<data::Failure> for Failure {
    /// Maps what SDKs are told to what tools are told.
    fn from(failure: data::Failure) -> Self {
        let code = match failure.code {
            codes::DATABASE_COLLECTION_ALREADY_EXIST => codes::RESOURCE_EXISTS,
            codes::DATABASE_COLLECTION_NOT_EXIST => codes::TABLE_NOT_FOUND,
            codes::INVALID_PARAM => codes::INVALID_PARAMETER_VALUE,
            codes::SYS_ERR => codes::INTERNAL_ERROR,
            _ => codes::FAILED_OPERATION,
        };
        Failure::new(code, failure.message)
    }
}

impl From<docdb::Error> for Failure {
    /// Maps the engine's failures to tcb's codes (`docs/wire.md#cloud-api-envelope`).
    fn from(error: docdb::Error) -> Self {
        use docdb::Error as E;
        let code = match &error {
            E::CollectionNotFound { name } => return Failure::no_collection(name),
            E::CollectionExists { .. } => codes::RESOURCE_EXISTS,
            E::IndexNotFound { .. } => codes::INDEX_NOT_FOUND,
            E::IndexOptionsConflict { .. } => codes::INDEX_CONFLICT,
            E::DuplicateKey { .. } => codes::DUPLICATED_DATA,
            E::Invalid { .. } => codes::INVALID_PARAMETER_VALUE,
            E::UnknownOperator { .. } => codes::SYNTAX_ERROR,
            E::TransactionConflict | E::NoSuchTransaction { .. } | E::Unindexed { .. } => {
                codes::FAILED_OPERATION
            }
            E::Locked | E::Damaged { .. } | E::OtherFormat { .. } | E::Store(_) | E::Io(_) => {
                codes::INTERNAL_ERROR
            }
        };
        Failure::new(code, words(&error))
    }
}
