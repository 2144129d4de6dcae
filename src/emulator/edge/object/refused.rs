//! Why object storage refuses, in its codes. See `docs/wire.md#object-storage`.

use axum::http::StatusCode;
use axum::response::Response;

use super::xml;
use crate::api::sign::Refusal;
use crate::emulator::storage::Error;

/// A refusal as COS tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refused {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Refused { status, code, message: message.into() }
    }

    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Refused::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn denied(message: impl Into<String>) -> Self {
        Refused::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }

    /// Tells it of an object, or of the bucket without a key.
    pub(super) fn into_response(self, key: &str) -> Response {
        xml::error(self.status, self.code, &self.message, key)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let (status, code) = match &error {
            Error::NotFound { .. } => (StatusCode::NOT_FOUND, "NoSuchKey"),
            Error::NoUpload => (StatusCode::NOT_FOUND, "NoSuchUpload"),
            Error::Key { .. } => (StatusCode::BAD_REQUEST, "InvalidURI"),
            Error::Exists { .. } => (StatusCode::CONFLICT, "FileAlreadyExists"),
            Error::Interrupted => (StatusCode::BAD_REQUEST, "IncompleteBody"),
            Error::Digest => (StatusCode::BAD_REQUEST, "BadDigest"),
            Error::NoPart => (StatusCode::BAD_REQUEST, "InvalidPart"),
            Error::PartOrder => (StatusCode::BAD_REQUEST, "InvalidPartOrder"),
            Error::PartSize => (StatusCode::BAD_REQUEST, "EntityTooSmall"),
            Error::PartNumber => (StatusCode::BAD_REQUEST, "InvalidArgument"),
            Error::Full => (StatusCode::FORBIDDEN, "QuotaLimitExceeded"),
            Error::Io(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        };
        Refused::new(status, code, error.to_string())
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unreadable(_) => Refused::denied(refusal.to_string()),
            // The words of COS, by which clients know it.
            Refusal::Expired { .. } => Refused::denied("Request has expired"),
            Refusal::UnknownId(_) => {
                Refused::new(StatusCode::FORBIDDEN, "InvalidAccessKeyId", refusal.to_string())
            }
            Refusal::Mismatch => {
                Refused::new(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", refusal.to_string())
            }
        }
    }
}
