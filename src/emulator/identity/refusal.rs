//! Why somebody is not who they say, in the words of each generation of SDKs (`docs/wire.md#people`).

use super::token::Forged;
use crate::error::Error;

/// Why a person is not let in, or not changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("no access token was sent")]
    NoToken,
    #[error("the access token is not this environment's: {0}")]
    Forged(&'static str),
    #[error("the access token has expired")]
    Expired,
    #[error("the access token's login has ended")]
    Ended,
    #[error("the refresh token is not this environment's, or was used before")]
    Refresh,
    #[error("the refresh token has expired")]
    RefreshExpired,
    #[error("the custom ticket is refused: {0}")]
    Ticket(String),
    #[error("username or password is incorrect")]
    Password,
    #[error("no such user")]
    NoUser,
    #[error("`{0}` belongs to another user")]
    Taken(String),
    #[error("the verification code is wrong or has expired")]
    Code,
    #[error("{0}")]
    Argument(String),
    #[error("the directory of users could not be written: {0}")]
    Unwritable(Error),
}

impl From<Forged> for Refusal {
    fn from(forged: Forged) -> Self {
        Refusal::Forged(match forged {
            Forged::Form => "it is no JSON web token",
            Forged::Algorithm => "its algorithm is not HS256",
            Forged::Signature => "its signature is wrong",
        })
    }
}

impl Refusal {
    /// Returns the code of `/web` and `/v1`.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NoToken | Refusal::Forged(_) => "INVALID_ACCESS_TOKEN",
            Refusal::Expired => "ACCESS_TOKEN_EXPIRED",
            Refusal::Ended => "ACCESS_TOKEN_DISABLED",
            Refusal::Refresh => "INVALID_REFRESH_TOKEN",
            Refusal::RefreshExpired => "REFRESH_TOKEN_EXPIRED",
            Refusal::Ticket(_) => "AUTH_INVALID_CUSTOM_LOGIN_TICKET",
            Refusal::Password | Refusal::NoUser => "AUTH_LOGIN_FAILED",
            Refusal::Code => "PHONE_CODE_NOT_MATCHED",
            Refusal::Taken(_) | Refusal::Argument(_) => "INVALID_PARAM",
            Refusal::Unwritable(_) => "SYS_ERR",
        }
    }

    /// Returns the `error` and `error_code` of `/auth/v1`.
    pub fn oauth(&self) -> (&'static str, u32) {
        match self {
            Refusal::NoToken | Refusal::Forged(_) | Refusal::Expired | Refusal::Ended => {
                ("unauthenticated", 16)
            }
            Refusal::Refresh | Refusal::RefreshExpired => ("invalid_grant", 16),
            Refusal::Ticket(_) | Refusal::Argument(_) => ("invalid_argument", 3),
            Refusal::Password => ("invalid_username_or_password", 16),
            Refusal::NoUser => ("not_found", 5),
            Refusal::Taken(_) => ("already_exists", 6),
            Refusal::Code => ("invalid_verification_code", 3),
            Refusal::Unwritable(_) => ("internal", 13),
        }
    }
}
