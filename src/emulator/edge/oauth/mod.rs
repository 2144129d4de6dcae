//! `/auth/v1/…`: logging in as `@cloudbase/js-sdk` 2 and 3 do. See `docs/wire.md#oauth`.

mod contact;
mod login;
mod password;
mod profile;
mod provider;

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::target::query_value;
use super::{envelope, reply};
use crate::api::data::Failure;
use crate::emulator::environment::Environment;
use crate::emulator::identity::{Account, Bearer, Credential, Refusal, sealed};

pub(super) use provider::{PAGE as PROVIDER, page as provider_page};

/// Above the names of providers a person may log in by.
const PROVIDERS: &str = "v1/user/provider/";

type Result<T> = std::result::Result<T, Refusal>;

/// Whether a path is one of these.
pub(super) fn is_meant(path: &str) -> bool {
    path.starts_with("/auth/v1/") || path.starts_with("/auth/v2/")
}

/// A request and what it says.
struct Asked<'a> {
    environment: &'a Environment,
    parts: &'a Parts,
    bytes: &'a [u8],
    body: Value,
}

impl Asked<'_> {
    fn text(&self, field: &str) -> &str {
        self.body.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    fn needed(&self, field: &str) -> Result<&str> {
        match self.text(field) {
            "" => Err(Refusal::Argument(format!("`{field}` is missing"))),
            text => Ok(text),
        }
    }

    fn optional(&self, field: &str) -> Option<String> {
        Some(self.text(field)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn query(&self, name: &str) -> Option<String> {
        query_value(self.parts.uri.query().unwrap_or_default(), name)
    }

    fn bearer(&self) -> Result<Bearer> {
        self.environment.identity.bearer(token(&self.parts.headers))
    }

    fn sign_in(&self, credential: &Credential<'_>) -> Result<Value> {
        self.environment.identity.sign_in(credential).map(|grant| login::granted(&grant))
    }

    fn amend(&self, amend: impl FnOnce(&mut Account)) -> Result<Value> {
        let Bearer { account, login, .. } = self.bearer()?;
        let account = self.environment.identity.amend(&account.uid, amend)?;
        Ok(profile::described(self, &account, login))
    }

    /// Returns what a page sealed.
    fn opened(&self, field: &str) -> Result<String> {
        sealed::open(self.text(field)).ok_or_else(|| not_sealed(field))
    }

    /// Checks the code of the request; returns its name, under which it vouches for the contact from now on.
    fn verified_code(&self) -> Result<&str> {
        let id = self.needed("verification_id")?;
        self.environment.identity.verify_code(id, self.text("verification_code"))?;
        Ok(id)
    }

    /// Returns the contact that a verified code vouches for. Some methods of js-sdk 3 send the code itself in its place,
    /// which vouches for the contact it went to (`docs/wire.md#oauth`).
    fn vouched(&self, contact: &str) -> Result<String> {
        let identity = &self.environment.identity;
        let code = match self.text("verification_token") {
            "" => self.needed("verification_code")?,
            token => token,
        };
        identity.verified(code).or_else(|_| identity.redeem_code(contact, code).map(|()| contact.to_owned()))
    }

    /// Returns the phone number or the address that the request is about.
    fn contact(&self) -> Result<&str> {
        match self.text("phone_number") {
            "" => self.needed("email"),
            phone => Ok(phone),
        }
    }
}

fn not_sealed(field: &str) -> Refusal {
    Refusal::Argument(format!("`{field}` was not sealed for this environment"))
}

/// Returns the access token of a request.
pub(super) fn token(headers: &HeaderMap) -> &str {
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    authorization
        .split_once(' ')
        .filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"))
        .map_or("", |(_, it)| it)
}

/// Answers one request.
pub(super) async fn answer(environment: &Environment, parts: &Parts, body: Body) -> Response {
    let answered = match envelope::open(body).await {
        // The type is `text/plain`, and a request without fields may have no body.
        Ok(bytes) if bytes.is_empty() => {
            carry_out(&Asked { environment, parts, bytes: &bytes, body: Value::Null })
        }
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(body) => carry_out(&Asked { environment, parts, bytes: &bytes, body }),
            Err(error) => Err(Refusal::Argument(format!("the body is not JSON: {error}"))),
        },
        Err(Failure { message, .. }) => Err(Refusal::Argument(message)),
    };
    match answered {
        Ok(Some(value)) => reply::json(&value),
        Ok(None) => {
            let description =
                format!("`{}` is not available in this version of the cloudkit emulator", parts.uri.path());
            refused(StatusCode::NOT_IMPLEMENTED, "unimplemented", 12, &description)
        }
        Err(refusal) => {
            let (error, code) = refusal.oauth();
            let status = match error {
                "unauthenticated" => StatusCode::UNAUTHORIZED,
                "internal" => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::BAD_REQUEST,
            };
            refused(status, error, code, &refusal.to_string())
        }
    }
}

fn refused(status: StatusCode, error: &str, code: u32, description: &str) -> Response {
    let mut response =
        reply::json(&json!({ "error": error, "error_code": code, "error_description": description }));
    *response.status_mut() = status;
    response
}

/// Returns the answer, or nothing where nothing is served.
fn carry_out(asked: &Asked<'_>) -> Result<Option<Value>> {
    let path = asked.parts.uri.path().strip_prefix("/auth/").unwrap_or_default();
    let identity = &asked.environment.identity;
    let done = |_| json!({});
    let answered = match (asked.parts.method.as_str(), path) {
        ("POST", "v1/signin/anonymously") => login::anonymous(asked),
        ("POST", "v1/signin") => login::sign_in(asked),
        ("POST", "v1/signin/custom") => login::ticket(asked),
        ("POST", "v1/signup") => login::sign_up(asked),
        ("POST", "v1/token" | "v2/token") => login::refresh(asked),
        ("POST", "v1/token/clientCredential") => login::client_credential(asked),
        ("POST", "v2/signin/publichkey") => {
            Ok(json!({ "public_key": sealed::PUBLIC_KEY, "public_key_thumbprint": sealed::THUMBPRINT }))
        }
        ("POST", "v2/signin/username") => login::sign_in_sealed(asked),
        ("POST", "v2/signin/verificationcode") => login::sign_in_by_code(asked),
        ("POST", "v1/revoke") => identity.sign_out(asked.needed("token")?).map(done),
        ("POST", "v1/user/signout") => identity.sign_out(token(&asked.parts.headers)).map(done),
        ("DELETE", "v1/user/revoke/all") => {
            identity.sign_out_everywhere(&asked.bearer()?.account.uid).map(done)
        }
        ("POST", "v1/verification") => contact::send(asked),
        ("POST", "v1/verification/verify") => contact::verify(asked),
        ("PATCH", "v1/user/contact") => contact::bind(asked),
        ("GET", "v1/user/me" | "v2/user/me") => profile::me(asked),
        ("DELETE", "v1/user/me" | "v2/user/me") => profile::remove(asked),
        ("PATCH", "v1/user/profile") => profile::patch(asked),
        ("POST", "v1/user/basic/edit") => profile::edit(asked),
        ("GET", "v1/user/query") => profile::query(asked),
        ("GET", "v1/checkUsername") => profile::check_username(asked),
        ("GET", "v1/checkIfUserExist") => Ok(profile::is_user(asked)),
        ("POST", "v1/user/sudo") => password::sudo(asked),
        ("PATCH", "v1/user/password") => password::set(asked),
        ("POST", "v1/reset") => password::reset(asked),
        ("POST", "v2/signin/password/update") => password::update_sealed(asked),
        ("GET", "v1/provider/uri") => provider::address(asked),
        ("POST", "v1/provider/token") => provider::token(asked),
        ("POST", "v1/signin/with/provider" | "v2/signin/with/provider") => provider::sign_in(asked),
        ("GET", "v1/user/provider") => provider::list(asked),
        ("POST", "v1/user/provider/bind") => provider::bind(asked),
        ("DELETE", path) if path.starts_with(PROVIDERS) => {
            provider::unbind(asked, path.strip_prefix(PROVIDERS).unwrap_or_default())
        }
        _ => return Ok(None),
    };
    answered.map(Some)
}
