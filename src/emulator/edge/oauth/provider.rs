//! Logins by WeChat's word. WeChat's own page is not here; one of the emulator's asks who comes, and the code that it gives is
//! the openid.

use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Asked, Result, profile};
use crate::emulator::edge::reply;
use crate::emulator::edge::target::{encode, query_value};
use crate::emulator::environment::Environment;
use crate::emulator::identity::{Bearer, CODE_LIFE, Credential, Refusal};
use crate::emulator::principal::Login;
use crate::emulator::wechat::Purpose;

/// Where the page is.
pub(in crate::emulator::edge) const PAGE: &str = "/__cloudkit/provider";

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Answers where the login goes on.
pub(super) fn address(asked: &Asked<'_>) -> Result<Value> {
    let given = |name: &str| asked.query(name).unwrap_or_default();
    let (provider, state, to) = (given("provider_id"), given("state"), given("redirect_uri"));
    if provider.is_empty() || !is_page(&to) {
        return Err(Refusal::Argument(
            "`provider_id` and `redirect_uri`, an address of a page, are needed".into(),
        ));
    }
    let query = [("provider_id", provider), ("state", state), ("redirect_uri", to)];
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    Ok(json!({ "uri": format!("{}{PAGE}?{}", asked.environment.url, query.join("&")) }))
}

fn is_page(address: &str) -> bool {
    address.starts_with("http://") || address.starts_with("https://")
}

/// Returns the page: a button for each person that WeChat knows, which leads back with the openid as the code.
pub(in crate::emulator::edge) fn page(environment: &Environment, parts: &Parts) -> Response {
    let given = |name: &str| query_value(parts.uri.query().unwrap_or_default(), name).unwrap_or_default();
    let to = given("redirect_uri");
    if !is_page(&to) {
        return reply::plain(
            StatusCode::BAD_REQUEST,
            "`redirect_uri` must be the address of a page\n".into(),
        );
    }
    let people = environment.identity.accounts();
    let buttons = people.iter().filter_map(|account| {
        let openid = account.openid.as_deref()?;
        let name = account.profile.name.as_deref().or(account.username.as_deref()).unwrap_or_default();
        let (openid, name) = (escaped(openid), escaped(name));
        Some(format!("<p><button name=\"code\" value=\"{openid}\">{name} {openid}</button>"))
    });
    let form = format!(
        "<form action=\"{}\"><input type=\"hidden\" name=\"state\" value=\"{}\">",
        escaped(&to),
        escaped(&given("state"))
    );
    let html = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>cloudkit</title>\n\
         <h1>{provider}</h1><p>Who logs in? 以谁的身份登录？\n\
         {form}{buttons}</form>\n\
         {form}<p><input name=\"code\" required placeholder=\"openid\"> <button>OK</button></form>\n",
        provider = escaped(&given("provider_id")),
        buttons = buttons.collect::<String>(),
    );
    reply::typed(StatusCode::OK, HTML, html)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// Exchanges a code. Without `provider_params` it is the openid; in a mini program it is what `wx.login` gave, or the button
/// that asks for the phone number.
pub(super) fn token(asked: &Asked<'_>) -> Result<Value> {
    let provider = asked.needed("provider_id")?;
    let parameter = |name: &str| {
        asked
            .body
            .get("provider_params")
            .and_then(|it| it.get(name))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let exchanged = |code: &str, purpose| {
        let openid = asked.environment.wechat.redeem(code, purpose);
        openid.map_err(|refusal| Refusal::Argument(refusal.message))
    };
    let openid = match parameter("provider_code_type") {
        "" => asked.needed("provider_code")?.to_owned(),
        "open_id" | "union_id" => exchanged(asked.needed("provider_code")?, Purpose::Login)?,
        "phone" => exchanged(parameter("code"), Purpose::Phone)?,
        other => return Err(Refusal::Argument(format!("the code type `{other}` is not known"))),
    };
    Ok(json!({ "provider_token": format!("{provider}/{openid}"), "expires_in": CODE_LIFE / 1000 }))
}

/// Returns the provider and the openid of a token.
fn named<'a>(asked: &'a Asked<'_>) -> Result<(&'a str, &'a str)> {
    let named = asked.needed("provider_token")?.split_once('/');
    named.ok_or_else(|| Refusal::Argument("`provider_token` was not given out here".into()))
}

pub(super) fn sign_in(asked: &Asked<'_>) -> Result<Value> {
    let (provider, openid) = named(asked)?;
    let login = if provider.contains("open") { Login::WechatOpen } else { Login::WechatPublic };
    asked.sign_in(&Credential::Wechat { openid, unionid: None, login: Some(login) })
}

pub(super) fn bind(asked: &Asked<'_>) -> Result<Value> {
    let (_, openid) = named(asked)?;
    asked.amend(|account| account.openid = Some(openid.to_owned())).map(|_| json!({}))
}

pub(super) fn unbind(asked: &Asked<'_>, provider: &str) -> Result<Value> {
    let login = match provider {
        profile::CUSTOM => Login::Custom,
        // As listed, or as the console of WeChat names its providers: `wx_open`, an app id.
        profile::WECHAT => Login::WechatOpen,
        id if id.starts_with("wx") => Login::WechatOpen,
        other => return Err(Refusal::Argument(format!("the provider `{other}` is not known"))),
    };
    asked.environment.identity.unlink(&asked.bearer()?.account.uid, login).map(|_| json!({}))
}

pub(super) fn list(asked: &Asked<'_>) -> Result<Value> {
    let Bearer { account, login, .. } = asked.bearer()?;
    let listed = profile::described(asked, &account, login)["providers"].take();
    Ok(json!({ "total": listed.as_array().map_or(0, Vec::len), "data": listed }))
}
