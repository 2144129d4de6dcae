//! What each method does.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Map, Value, json};

use super::content::{self, Checked};
use super::dimensions::dimensions;
use super::method::Work;
use super::person::{self, check_openid};
use super::picture::{self, Look};
use super::push::CHECK;
use super::refusal::{Refusal, Result, trace};
use super::ticket::Purpose;
use super::{Answer, Asked, WeChat, hosted, message, seal};
use crate::model::percent;
use crate::text;

/// The longest text of the second generation of checks, in characters; and of the first, in bytes.
const LONGEST_TEXT: usize = 2500;
const LARGEST_TEXT: usize = 500 * 1024;
/// The largest picture that is checked, in bytes.
const LARGEST_PICTURE: usize = 1024 * 1024;
/// The most that it measures, in pixels: its width and its height.
const MOST_PIXELS: (u32, u32) = (750, 1334);
/// The versions of a mini program, as codes name them and as messages do.
const VERSIONS: [&str; 3] = ["release", "trial", "develop"];
const STATES: [&str; 3] = ["formal", "trial", "developer"];
/// The longest `scene`, in characters, and what it may hold beside letters and digits.
const LONGEST_SCENE: usize = 32;
const SCENE: &str = "!#$&'()*+,/:;=?@-._~";
/// What a scene may not hold: WeChat adds it itself.
const RESERVED: &str = "scancode_time";
/// The longest path of each kind of code, in characters.
const LONGEST_PATH: usize = 1024;
const LONGEST_SMALL_PATH: usize = 128;
/// What a code begins with that stands for a person without having been made here: `mock:OPENID`.
const MOCK: &str = "mock:";
const DAY_SECONDS: i64 = 86_400;

impl Asked<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Returns a number, also one that stands in a query.
    fn number(&self, name: &str) -> Option<i64> {
        let value = self.fields.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    fn flag(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| matches!(value, Value::Bool(true)) || value == "true")
    }

    /// Checks a field that may be left out, and otherwise is one of some words.
    fn check_word(&self, name: &str, words: &[&str]) -> Result<()> {
        match self.fields.get(name).filter(|value| !value.is_null()) {
            Some(value) if !value.as_str().is_some_and(|it| it.is_empty() || words.contains(&it)) => {
                Err(Refusal::arguments().saying(name))
            }
            _ => Ok(()),
        }
    }

    fn openid(&self, name: &str) -> Result<&str> {
        check_openid(self.text(name).unwrap_or_default())
    }
}

fn fields(value: Value) -> Result<Answer> {
    Ok(Answer::Fields(value))
}

impl WeChat {
    /// Carries out a request whose form is right.
    pub(super) fn carry_out(&self, asked: &Asked<'_>) -> Result<Answer> {
        match asked.method.work {
            Work::Login => self.log_in(asked),
            Work::Token => self.token(asked),
            Work::StableToken => self.stable_token(asked),
            Work::CheckSession => self.check_session(asked, b"").and_then(|_| fields(json!({}))),
            Work::ResetSession => self.reset_session(asked),
            Work::SetHosted => self.change_hosted(asked, |pairs| {
                *pairs = hosted::set(pairs, asked.fields)?;
                Ok(())
            }),
            Work::RemoveHosted => self.change_hosted(asked, |pairs| hosted::remove(pairs, asked.fields)),
            Work::PhoneNumber => self.phone_number(asked),
            Work::PaidUnionId => {
                let account = person::known(asked.people, asked.openid("openid")?);
                fields(json!({ "unionid": account.unionid.ok_or_else(Refusal::unbound)? }))
            }
            Work::CheckText => self.check_text(asked),
            Work::CheckPicture => self.check_picture(asked),
            Work::CheckMedia => self.check_media(asked),
            Work::CodeOfPath => draw_path(asked, LONGEST_PATH),
            Work::SmallCode => draw_path(asked, LONGEST_SMALL_PATH),
            Work::CodeOfScene => draw_scene(asked),
            Work::Subscription => self.subscription(asked),
            Work::Custom => {
                asked.openid("touser")?;
                let kind = asked.text("msgtype").unwrap_or_default();
                message::check_custom(kind, asked.fields.get(kind))?;
                fields(json!({}))
            }
            Work::ToPerson => asked.openid("touser").and_then(|_| fields(json!({}))),
            Work::Templates => fields(json!({ "data": self.state().kept.templates })),
            Work::AddTemplate => self.add_template(asked),
            Work::DeleteTemplate => self.delete_template(asked),
            Work::Upload => {
                asked.media.ok_or_else(Refusal::no_media)?;
                let kind = asked.text("type").unwrap_or("image");
                fields(json!({ "type": kind, "media_id": self.made_up(48), "created_at": self.seconds() }))
            }
            Work::Scheme => {
                fields(json!({ "openlink": format!("weixin://dl/business/?t={}", self.made_up(12)) }))
            }
            Work::Link => {
                asked.check_word("env_version", &VERSIONS)?;
                fields(json!({ "url_link": format!("https://wxaurl.cn/{}", self.made_up(12)) }))
            }
            Work::ShortLink => fields(json!({ "link": format!("#小程序://cloudkit/{}", self.made_up(12)) })),
            Work::Activity => fields(json!({
                "activity_id": self.made_up(40), "expiration_time": self.seconds() + DAY_SECONDS,
            })),
            Work::Ticket => fields(json!({ "ticket": self.made_up(64), "expires_in": 7200 })),
            Work::Any => fields(json!({})),
        }
    }

    fn log_in(&self, asked: &Asked<'_>) -> Result<Answer> {
        let appid = self.check_app(asked)?;
        if asked.text("grant_type").is_some_and(|kind| kind != "authorization_code") {
            return Err(Refusal::grant_type());
        }
        let code = asked.text("js_code").ok_or_else(Refusal::no_code)?;
        if self.is_foreign(appid) {
            self.warn(text! {
                en: "a code of this project's mini program is nothing to the app `{appid}`; the project's `appid` is another",
                zh: "本项目小程序的 code 对 appid `{appid}` 无效：项目配置的 `appid` 与之不同"
            });
            return Err(Refusal::code());
        }
        let openid = self.redeem(code, Purpose::Login)?;
        let mut state = self.state();
        let mut session = json!({ "session_key": self.session_key(&mut state, &openid)?, "openid": openid });
        if let Some(unionid) = person::known(asked.people, &openid).unionid {
            person::extend(&mut session, json!({ "unionid": unionid }));
        }
        fields(session)
    }

    /// Returns whom a code stands for, once.
    ///
    /// # Errors
    /// It was not made here, is over five minutes old, or was used before.
    pub fn redeem(&self, code: &str, purpose: Purpose) -> Result<String> {
        if let Some(openid) = code.strip_prefix(MOCK) {
            return check_openid(openid).map(str::to_owned).map_err(|_| Refusal::code());
        }
        let redeemed = self.state().tickets.redeem(code, purpose, self.clock.now());
        redeemed.inspect_err(|refusal| {
            if *refusal == Refusal::code() {
                self.warn(text! {
                    en: "a code that WeChat made, or that is over five minutes old, stands for nobody here; `cloudkit wechat code OPENID` makes one, and `mock:OPENID` is one",
                    zh: "微信签发的 code 或超过五分钟的 code 在本地无效；可用 `cloudkit wechat code OPENID` 生成，也可直接写 `mock:OPENID`"
                });
            }
        })
    }

    fn token(&self, asked: &Asked<'_>) -> Result<Answer> {
        let appid = self.check_grant(asked)?;
        let mut state = self.state();
        let granted = state.kept.tokens.plain(appid, &self.ids, self.clock.now());
        self.keep(&state)?;
        fields(json!({ "access_token": granted.token, "expires_in": granted.seconds }))
    }

    fn stable_token(&self, asked: &Asked<'_>) -> Result<Answer> {
        let appid = self.check_grant(asked)?;
        let force = asked.flag("force_refresh");
        let mut state = self.state();
        let granted = state.kept.tokens.stable(appid, force, &self.ids, self.clock.now())?;
        self.keep(&state)?;
        fields(json!({ "access_token": granted.token, "expires_in": granted.seconds }))
    }

    fn check_grant<'a>(&self, asked: &'a Asked<'_>) -> Result<&'a str> {
        if asked.text("grant_type") != Some("client_credential") {
            return Err(Refusal::grant_type());
        }
        self.check_app(asked)
    }

    /// Takes any app that could be one, with any secret.
    fn check_app<'a>(&self, asked: &'a Asked<'_>) -> Result<&'a str> {
        let appid = asked.text("appid").ok_or_else(Refusal::no_appid)?;
        let is_one = appid.strip_prefix("wx").is_some_and(|rest| {
            (8..=32).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if !is_one && appid != self.app_id {
            return Err(Refusal::appid());
        }
        asked.text("secret").ok_or_else(Refusal::no_secret)?;
        Ok(appid)
    }

    /// Checks a signature that shows the session key; returns whose it is.
    fn check_session<'a>(&self, asked: &'a Asked<'_>, message: &[u8]) -> Result<&'a str> {
        let openid = asked.openid("openid")?;
        let known = self.state().kept.session_keys.get(openid).cloned().ok_or_else(Refusal::openid)?;
        let key = BASE64_STANDARD.decode(&known).unwrap_or_default();
        let signature = asked.text("signature").unwrap_or_default();
        // Some sign with the text of the key, as `rawData` is signed.
        let is_signed =
            [key.as_slice(), known.as_bytes()].iter().any(|it| seal::is_signed(message, it, signature));
        if is_signed { Ok(openid) } else { Err(Refusal::signature()) }
    }

    fn reset_session(&self, asked: &Asked<'_>) -> Result<Answer> {
        let openid = self.check_session(asked, b"")?;
        let mut state = self.state();
        state.kept.session_keys.remove(openid);
        let session_key = self.session_key(&mut state, openid)?;
        fields(json!({ "openid": openid, "session_key": session_key }))
    }

    fn change_hosted(
        &self,
        asked: &Asked<'_>,
        change: impl FnOnce(&mut hosted::Pairs) -> Result<()>,
    ) -> Result<Answer> {
        let openid = match asked.signed {
            Some(body) => self.check_session(asked, body)?,
            None => asked.openid("openid")?,
        };
        let mut state = self.state();
        change(state.kept.hosted.entry(openid.to_owned()).or_default())?;
        self.keep(&state)?;
        fields(json!({}))
    }

    fn phone_number(&self, asked: &Asked<'_>) -> Result<Answer> {
        let openid = self.redeem(asked.text("code").ok_or_else(Refusal::no_code)?, Purpose::Phone)?;
        let mut phone = person::phone(&person::known(asked.people, &openid));
        person::extend(
            &mut phone,
            json!({ "watermark": { "timestamp": self.seconds(), "appid": self.app_id } }),
        );
        fields(json!({ "phone_info": phone }))
    }

    fn check_text(&self, asked: &Asked<'_>) -> Result<Answer> {
        let content = asked.fields.get("content").and_then(Value::as_str).ok_or_else(Refusal::not_json)?;
        if content.is_empty() {
            return Err(Refusal::empty());
        }
        let is_second = asked.number("version") == Some(2);
        if is_second {
            asked.openid("openid")?;
            check_scene(asked)?;
        }
        let is_long =
            if is_second { content.chars().count() > LONGEST_TEXT } else { content.len() > LARGEST_TEXT };
        if is_long {
            return Err(Refusal::too_long());
        }
        let now = self.clock.now();
        let state = self.state();
        let beside = ["title", "nickname", "signature"].into_iter().filter_map(|name| asked.text(name));
        let keyword = [content].into_iter().chain(beside).find_map(|text| state.risky.find(text.as_bytes()));
        match (is_second, keyword) {
            (false, Some(_)) => Err(Refusal::risky()),
            (false, None) => fields(json!({})),
            (true, keyword) => {
                let (result, detail) = content::verdict(keyword);
                fields(json!({ "result": result, "detail": detail, "trace_id": trace(&self.ids, now) }))
            }
        }
    }

    fn check_picture(&self, asked: &Asked<'_>) -> Result<Answer> {
        let media = asked.media.filter(|media| !media.bytes.is_empty()).ok_or_else(Refusal::no_media)?;
        if media.bytes.len() > LARGEST_PICTURE {
            return Err(Refusal::file_size());
        }
        let (width, height) = dimensions(media.bytes).ok_or_else(Refusal::file_type)?;
        if width > MOST_PIXELS.0 || height > MOST_PIXELS.1 {
            return Err(Refusal::file_size());
        }
        let state = self.state();
        match [media.bytes, media.name.as_bytes()].into_iter().find_map(|bytes| state.risky.find(bytes)) {
            Some(_) => Err(Refusal::risky()),
            None => fields(json!({})),
        }
    }

    /// Takes the order; the result is told later.
    fn check_media(&self, asked: &Asked<'_>) -> Result<Answer> {
        let url = asked.text("media_url").ok_or_else(Refusal::not_json)?;
        if !matches!(asked.number("media_type"), Some(1 | 2)) {
            return Err(Refusal::not_json());
        }
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err(Refusal::url());
        }
        let version = asked.number("version").unwrap_or(1);
        if version == 2 {
            asked.openid("openid")?;
            check_scene(asked)?;
        }
        let now = self.clock.now();
        let trace_id = trace(&self.ids, now);
        let openid = asked.text("openid").map(str::to_owned);
        let mut state = self.state();
        let is_risky = state.risky.find(url.as_bytes()).is_some();
        state.checked.push((now + CHECK, Checked { trace_id: trace_id.clone(), version, is_risky, openid }));
        self.pending.notify_one();
        fields(json!({ "trace_id": trace_id }))
    }

    fn subscription(&self, asked: &Asked<'_>) -> Result<Answer> {
        let openid = asked.openid("touser")?;
        let template = asked.text("template_id").ok_or_else(Refusal::template)?;
        asked.check_word("miniprogram_state", &STATES)?;
        message::check_fields(asked.fields.get("data"))?;
        self.use_up(template, openid)?;
        fields(json!({ "msgid": i64::from(u32::from_be_bytes(self.ids.bytes::<4>())) }))
    }

    fn use_up(&self, template: &str, openid: &str) -> Result<()> {
        let mut state = self.state();
        let used = state.kept.subscriptions.use_up(template, openid).inspect_err(|_| {
            self.warn(text! {
                en: "`{openid}` has accepted no more messages of the template `{template}`; `cloudkit wechat grant {openid} {template}` accepts one",
                zh: "`{openid}` 已没有模板 `{template}` 的订阅次数；`cloudkit wechat grant {openid} {template}` 可增加一次"
            });
        })?;
        if used { self.keep(&state) } else { Ok(()) }
    }

    fn add_template(&self, asked: &Asked<'_>) -> Result<Answer> {
        let id = self.made_up(43);
        let title = asked.text("tid").ok_or_else(Refusal::template)?;
        let template = json!({ "priTmplId": id, "title": title, "content": "", "example": "", "type": 2 });
        let mut state = self.state();
        state.kept.templates.push(template);
        self.keep(&state)?;
        fields(json!({ "priTmplId": id }))
    }

    fn delete_template(&self, asked: &Asked<'_>) -> Result<Answer> {
        let id = asked.text("priTmplId").ok_or_else(Refusal::template)?;
        let mut state = self.state();
        let before = state.kept.templates.len();
        state.kept.templates.retain(|template| template.get("priTmplId").and_then(Value::as_str) != Some(id));
        if state.kept.templates.len() == before {
            return Err(Refusal::template());
        }
        self.keep(&state)?;
        fields(json!({}))
    }

    fn seconds(&self) -> i64 {
        self.clock.now().div_euclid(1000)
    }

    /// Returns letters and digits that nobody has seen before.
    fn made_up(&self, length: usize) -> String {
        let text = BASE64_URL_SAFE_NO_PAD.encode(self.ids.bytes::<48>());
        text.get(..length).unwrap_or(&text).to_owned()
    }
}

fn check_scene(asked: &Asked<'_>) -> Result<()> {
    match asked.number("scene") {
        Some(1..=4) => Ok(()),
        _ => Err(Refusal::scene_type()),
    }
}

fn draw_path(asked: &Asked<'_>, longest: usize) -> Result<Answer> {
    asked.check_word("env_version", &VERSIONS)?;
    let path = asked.text("path").filter(|path| path.chars().count() <= longest).ok_or_else(Refusal::path)?;
    draw(path, &look(asked.fields)?)
}

fn draw_scene(asked: &Asked<'_>) -> Result<Answer> {
    asked.check_word("env_version", &VERSIONS)?;
    let is_legal = |it: char| it.is_ascii_alphanumeric() || SCENE.contains(it);
    let scene =
        asked.text("scene").filter(|scene| scene.len() <= LONGEST_SCENE && scene.chars().all(is_legal));
    let scene = scene.ok_or_else(Refusal::scene)?;
    if scene.contains(RESERVED) {
        return Err(Refusal::reserved());
    }
    let page = asked.text("page").unwrap_or_default();
    if page.starts_with('/') || page.contains(['?', '#']) {
        return Err(Refusal::page());
    }
    draw(&format!("{page}?scene={}", percent::component(scene)), &look(asked.fields)?)
}

fn draw(text: &str, look: &Look) -> Result<Answer> {
    picture::draw(text, look).map(Answer::Picture).ok_or_else(Refusal::path)
}

fn look(fields: &Map<String, Value>) -> Result<Look> {
    let number = |value: &Value| {
        let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
        number.map(|it: f64| it as u64)
    };
    let is_set = |name: &str| fields.get(name).is_some_and(|value| *value == json!(true) || value == "true");
    let mut look = Look { is_transparent: is_set("is_hyaline"), ..Look::default() };
    if let Some(width) = fields.get("width").filter(|width| !width.is_null()) {
        look = look.with_width(number(width).ok_or_else(Refusal::not_json)?);
    }
    let colour = fields.get("line_color").filter(|_| !is_set("auto_color"));
    if let Some(colour) = colour.filter(|colour| !colour.is_null()) {
        if !colour.is_object() {
            return Err(Refusal::not_json());
        }
        let part = |name| colour.get(name).and_then(number).map_or(0, |it| it.min(255) as u8);
        look.colour = [part("r"), part("g"), part("b")];
    }
    Ok(look)
}
