//! `/auth/v1/…`: logging in as `@cloudbase/js-sdk` 2 and 3 do. See `docs/wire.md#oauth`.

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::target::query_value;
use super::web::send_code;
use super::{bearer, envelope, reply};
use crate::api::data::Failure;
use crate::emulator::environment::Environment;
use crate::emulator::identity::{
    ACCESS_LIFE, Account, Bearer, CODE_LIFE, Credential, Grant, Refusal, sealed,
};
use crate::emulator::principal::Login;
use crate::model::clock::Millis;

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
        self.environment.identity.sign_in(credential).map(|grant| granted(&grant))
    }

    fn amend(&self, amend: impl FnOnce(&mut Account)) -> Result<Value> {
        let Bearer { account, login, .. } = self.bearer()?;
        let account = self.environment.identity.amend(&account.uid, amend)?;
        Ok(self.described(&account, login))
    }

    /// Returns the phone number or the address that the request is about.
    fn contact(&self) -> Result<&str> {
        match self.text("phone_number") {
            "" => self.needed("email"),
            phone => Ok(phone),
        }
    }

    fn described(&self, account: &Account, login: Option<Login>) -> Value {
        let is_anonymous = login == Some(Login::Anonymous) && account.is_anonymous();
        let profile = &account.profile;
        let name = if is_anonymous { Some("anonymous".to_owned()) } else { profile.name.clone() };
        let providers = [("custom", &account.custom_id), ("wechat", &account.openid)].into_iter();
        let providers = providers
            .filter_map(|(id, user)| user.as_ref().map(|user| json!({ "id": id, "provider_user_id": user })));
        json!({
            "sub": account.uid,
            "name": name.or_else(|| account.username.clone()).unwrap_or_default(),
            "username": account.username,
            "email": account.email,
            "phone_number": account.phone,
            "picture": profile.picture.as_deref().unwrap_or_default(),
            "gender": profile.gender.as_deref().unwrap_or_default(),
            "locale": profile.locale.as_deref().unwrap_or_default(),
            "created_from": self.environment.config.env_id,
            "password": if account.has_password() { "SET" } else { "UNSET" },
            "status": "ACTIVE",
            "groups": if is_anonymous { json!([]) } else { json!([{ "id": "registered" }]) },
            "providers": providers.collect::<Vec<_>>(),
            "created_at": time(account.created),
            "updated_at": time(account.updated),
        })
    }
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
    let done = |_| json!({});
    Ok(Some(match (asked.parts.method.as_str(), path) {
        ("POST", "v1/signin/anonymously") => anonymous(asked)?,
        ("POST", "v1/signin") => sign_in(asked)?,
        ("POST", "v2/signin/publichkey") => {
            json!({ "public_key": sealed::PUBLIC_KEY, "public_key_thumbprint": sealed::THUMBPRINT })
        }
        ("POST", "v2/signin/username") => sign_in_sealed(asked)?,
        ("POST", "v1/token/clientCredential") => client_credential(asked)?,
        ("POST", "v1/signin/custom") => ticket(asked)?,
        ("POST", "v1/provider/token") => provider_token(asked)?,
        ("POST", "v1/signin/with/provider" | "v2/signin/with/provider") => with_provider(asked)?,
        ("POST", "v1/signup") => sign_up(asked)?,
        ("POST", "v1/verification") => verification(asked)?,
        ("POST", "v1/verification/verify") => verify(asked)?,
        ("POST", "v1/token" | "v2/token") => refresh(asked)?,
        ("POST", "v1/revoke") => asked.environment.identity.sign_out(asked.needed("token")?).map(done)?,
        ("POST", "v1/user/signout") => {
            asked.environment.identity.sign_out(token(&asked.parts.headers)).map(done)?
        }
        ("GET", "v1/user/me" | "v2/user/me") => {
            let Bearer { account, login, .. } = asked.bearer()?;
            asked.described(&account, login)
        }
        ("DELETE", "v1/user/me") => {
            let Bearer { account, login, .. } = asked.bearer()?;
            asked.environment.identity.remove(&account.uid)?;
            asked.described(&account, login)
        }
        ("PATCH", "v1/user/profile") => profile(asked)?,
        ("POST", "v1/user/basic/edit") => profile(asked).map(|_| json!({}))?,
        ("PATCH", "v1/user/contact") => contact(asked).map(|_| json!({}))?,
        ("POST", "v1/user/sudo") => sudo(asked)?,
        ("PATCH", "v1/user/password") => set_password(asked)?,
        ("POST", "v1/reset") => reset(asked)?,
        ("GET", "v1/user/provider") => providers(asked)?,
        ("GET", "v1/user/query") => query(asked)?,
        ("GET", "v1/checkUsername") => check_username(asked)?,
        ("GET", "v1/checkIfUserExist") => {
            let name = asked.query("username").unwrap_or_default();
            json!({ "exist": asked.environment.identity.named(&name).is_some() })
        }
        _ => return Ok(None),
    }))
}

fn granted(Grant { uid, login, access_token, refresh_token }: &Grant) -> Value {
    // Literally `anonymous`: the client logs such a user in again when refreshing fails.
    let scope = if *login == Some(Login::Anonymous) { "anonymous" } else { "" };
    json!({
        "token_type": "Bearer",
        "access_token": access_token,
        "refresh_token": refresh_token,
        "expires_in": ACCESS_LIFE / 1000,
        "scope": scope,
        "sub": uid,
        "groups": [],
    })
}

fn anonymous(asked: &Asked<'_>) -> Result<Value> {
    let device = asked.parts.headers.get("x-device-id").and_then(|device| device.to_str().ok());
    let fresh = || asked.environment.config.ids.request();
    let device = device.filter(|it| !it.is_empty()).map_or_else(fresh, str::to_owned);
    asked.sign_in(&Credential::Anonymous { device: &device })
}

fn sign_in(asked: &Asked<'_>) -> Result<Value> {
    match asked.text("verification_token") {
        "" => {
            let credential =
                Credential::Password { name: asked.text("username"), password: asked.text("password") };
            asked.sign_in(&credential)
        }
        token => {
            let contact = asked.environment.identity.verified(token)?;
            asked.sign_in(&Credential::Contact { contact: &contact, may_join: false })
        }
    }
}

/// Opens what the page sealed (`is_encrypt`).
fn sign_in_sealed(asked: &Asked<'_>) -> Result<Value> {
    if asked.text("public_key_thumbprint").is_empty() {
        return sign_in(asked);
    }
    let opened = sealed::open(asked.text("params")).and_then(|text| serde_json::from_str(&text).ok());
    let body =
        opened.ok_or_else(|| Refusal::Argument("`params` was not sealed for this environment".into()))?;
    sign_in(&Asked { body, ..*asked })
}

/// Answers a token with the admin's rights to who signs with the environment's key.
fn client_credential(asked: &Asked<'_>) -> Result<Value> {
    if !bearer::is_signed(asked.environment, asked.parts, asked.bytes)? {
        return Err(Refusal::Forged("it is not signed with secret keys"));
    }
    let access_token = asked.environment.identity.admin_token();
    Ok(json!({ "token_type": "Bearer", "access_token": access_token, "expires_in": ACCESS_LIFE / 1000 }))
}

fn ticket(asked: &Asked<'_>) -> Result<Value> {
    let env = asked.query("client_id").unwrap_or_default();
    asked.sign_in(&Credential::Ticket { ticket: asked.needed("ticket")?, env: &env })
}

/// WeChat's own page is not here: the code that it would give is taken for the openid.
fn provider_token(asked: &Asked<'_>) -> Result<Value> {
    let (provider, code) = (asked.needed("provider_id")?, asked.needed("provider_code")?);
    Ok(json!({ "provider_token": format!("{provider}/{code}"), "expires_in": CODE_LIFE / 1000 }))
}

fn with_provider(asked: &Asked<'_>) -> Result<Value> {
    let named = asked.needed("provider_token")?.split_once('/');
    let (provider, openid) =
        named.ok_or_else(|| Refusal::Argument("`provider_token` was not given out here".into()))?;
    let login = if provider.contains("open") { Login::WechatOpen } else { Login::WechatPublic };
    asked.sign_in(&Credential::Wechat { openid, unionid: None, login: Some(login) })
}

fn sign_up(asked: &Asked<'_>) -> Result<Value> {
    let identity = &asked.environment.identity;
    let verified = identity.verified(asked.needed("verification_token")?)?;
    if verified != asked.contact()? {
        return Err(Refusal::Code);
    }
    if identity.named(&verified).is_some() {
        return Err(Refusal::Taken(verified));
    }
    let mut account = Account::reached_at(&verified);
    account.username = asked.optional("username");
    account.profile.name = asked.optional("name");
    account.profile.picture = asked.optional("picture");
    account.profile.gender = asked.optional("gender");
    account.profile.locale = asked.optional("locale");
    identity.add(account, asked.optional("password").as_deref())?;
    asked.sign_in(&Credential::Contact { contact: &verified, may_join: false })
}

fn verification(asked: &Asked<'_>) -> Result<Value> {
    let of_me = match asked.text("target") {
        "CUR_USER" => asked.bearer().map(|it| it.account.phone.or(it.account.email))?,
        _ => None,
    };
    let contact = match &of_me {
        Some(contact) => contact,
        None => asked.contact()?,
    };
    let is_user = asked.environment.identity.named(contact).is_some();
    let (id, _) = send_code(asked.environment, contact);
    Ok(json!({ "verification_id": id, "expires_in": CODE_LIFE / 1000, "is_user": is_user }))
}

fn verify(asked: &Asked<'_>) -> Result<Value> {
    let id = asked.needed("verification_id")?;
    asked.environment.identity.verify_code(id, asked.text("verification_code"))?;
    Ok(json!({ "verification_token": id, "expires_in": CODE_LIFE / 1000 }))
}

fn refresh(asked: &Asked<'_>) -> Result<Value> {
    match asked.text("grant_type") {
        "refresh_token" => asked
            .environment
            .identity
            .refresh(asked.needed("refresh_token")?, true)
            .map(|grant| granted(&grant)),
        other => Err(Refusal::Argument(format!("the grant type `{other}` is not known"))),
    }
}

fn profile(asked: &Asked<'_>) -> Result<Value> {
    let first = |names: &[&str]| names.iter().find_map(|name| asked.optional(name));
    asked.amend(|account| {
        for (place, given) in [
            (&mut account.username, first(&["username"])),
            (&mut account.profile.name, first(&["name", "nickname"])),
            (&mut account.profile.picture, first(&["picture", "avatar_url"])),
            (&mut account.profile.gender, first(&["gender"])),
            (&mut account.profile.locale, first(&["locale"])),
        ] {
            if given.is_some() {
                *place = given;
            }
        }
    })
}

fn contact(asked: &Asked<'_>) -> Result<Value> {
    let identity = &asked.environment.identity;
    asked.bearer()?;
    let verified = identity.verified(asked.needed("verification_token")?)?;
    asked.amend(|account| match verified.contains('@') {
        true => account.email = Some(verified),
        false => account.phone = Some(verified),
    })
}

/// Answers a token that allows to change the password: to who knows it, has none, or holds a verified code.
fn sudo(asked: &Asked<'_>) -> Result<Value> {
    let identity = &asked.environment.identity;
    let Account { uid, email, phone, .. } = asked.bearer()?.account;
    let has_password = identity.account(&uid).is_some_and(|account| account.has_password());
    match asked.text("verification_token") {
        "" if has_password && !identity.knows_password(&uid, asked.text("password")) => {
            return Err(Refusal::Password);
        }
        "" => {}
        token => {
            let verified = Some(identity.verified(token)?);
            if verified != email && verified != phone {
                return Err(Refusal::Code);
            }
        }
    }
    let (id, code) = identity.send_code(&uid);
    identity.verify_code(&id, &code)?;
    Ok(json!({ "sudo_token": id, "expires_in": CODE_LIFE / 1000 }))
}

fn set_password(asked: &Asked<'_>) -> Result<Value> {
    let identity = &asked.environment.identity;
    let uid = asked.bearer()?.account.uid;
    if identity.verified(asked.needed("sudo_token")?)? != uid {
        return Err(Refusal::Code);
    }
    identity.set_password(&uid, asked.needed("new_password")?)?;
    Ok(json!({}))
}

fn reset(asked: &Asked<'_>) -> Result<Value> {
    let identity = &asked.environment.identity;
    let password = asked.needed("new_password")?;
    let verified = identity.verified(asked.needed("verification_token")?)?;
    let account = identity.named(&verified).ok_or(Refusal::NoUser)?;
    identity.set_password(&account.uid, password)?;
    Ok(json!({}))
}

fn providers(asked: &Asked<'_>) -> Result<Value> {
    let Bearer { account, login, .. } = asked.bearer()?;
    let listed = asked.described(&account, login)["providers"].take();
    Ok(json!({ "total": listed.as_array().map_or(0, Vec::len), "data": listed }))
}

fn query(asked: &Asked<'_>) -> Result<Value> {
    asked.bearer()?;
    let sought = |name: &str| asked.query(name).filter(|value| !value.is_empty());
    let (username, email, phone) = (sought("username"), sought("email"), sought("phone_number"));
    let id = sought("id");
    let found = asked.environment.identity.accounts().into_iter().filter(|account| {
        [(&username, &account.username), (&email, &account.email), (&phone, &account.phone)]
            .into_iter()
            .all(|(sought, is)| sought.is_none() || sought == is)
            && id.as_ref().is_none_or(|id| *id == account.uid)
    });
    let found: Vec<Value> = found.map(|account| asked.described(&account, None)).collect();
    Ok(json!({ "total": found.len(), "data": found }))
}

fn check_username(asked: &Asked<'_>) -> Result<Value> {
    let name = asked.query("username").unwrap_or_default();
    match asked.environment.identity.named(&name) {
        Some(_) => Err(Refusal::Taken(name)),
        None => Ok(json!({})),
    }
}

fn time(millis: Millis) -> String {
    jiff::Timestamp::from_millisecond(millis).unwrap_or_default().to_string()
}
