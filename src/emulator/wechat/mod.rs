//! WeChat itself, as far as a server asks it: logins, tokens, content checks, codes, messages. It opens no connection, keeps
//! what it was asked, and answers otherwise where somebody prepared that. It has never heard of HTTP.

mod content;
mod dimensions;
mod hosted;
mod inbox;
mod jpeg;
mod message;
pub mod method;
pub mod person;
mod picture;
pub mod push;
pub mod refusal;
mod seal;
pub mod statement;
mod subscription;
mod ticket;
mod token;
mod work;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::config::Config;
use super::event::{self, Event, Events};
use super::identity::Identity;
use super::kept;
use crate::error::Error;
use crate::model::clock::{Clock, Ids, Millis};
use crate::model::text::Text;
use crate::text;
use content::{Checked, Risky};
use inbox::Inbox;
use method::Method;
use person::Kind;
use refusal::{Refusal, Result};
use subscription::Subscriptions;
use ticket::Tickets;
use token::Tokens;

pub use inbox::{Prepared, Recorded};
pub use picture::Picture;
pub use ticket::Purpose;

/// Fields of a request that are nobody's business, not even the inbox's.
const SECRETS: [&str; 2] = ["secret", "access_token"];

/// What DevTools writes in place of an app id for a project that has none.
const TOURIST: &str = "touristappid";

/// WeChat, as one app's servers see it.
pub struct WeChat {
    file: PathBuf,
    app_id: String,
    /// The app that the project names.
    owner: Option<String>,
    /// The function that is told of events, by the manifest.
    listener: Option<String>,
    clock: Clock,
    ids: Ids,
    events: Events,
    state: Mutex<State>,
    pending: tokio::sync::Notify,
    /// Held while events are told, so that who waits for them waits for all.
    telling: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    kept: Kept,
    tickets: Tickets,
    inbox: Inbox,
    risky: Risky,
    /// Checks whose results are told at a time.
    checked: Vec<(Millis, Checked)>,
}

/// What outlives the emulator, because projects keep it too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Kept {
    tokens: Tokens,
    /// By openid, in base64.
    session_keys: BTreeMap<String, String>,
    /// By openid.
    hosted: BTreeMap<String, hosted::Pairs>,
    /// The templates of subscription messages, as they are listed.
    templates: Vec<Value>,
    subscriptions: Subscriptions,
}

/// A picture or the like that came with a request.
#[derive(Debug, Clone, Copy)]
pub struct Media<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
}

/// A request whose form was read.
pub struct Asked<'a> {
    pub method: &'a Method,
    pub fields: &'a Map<String, Value>,
    /// The body as it came, where a signature covers it; a function's own call is not signed.
    pub signed: Option<&'a [u8]>,
    pub media: Option<Media<'a>>,
    pub people: &'a Identity,
}

/// What a request is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Fields(Value),
    Picture(Picture),
}

/// What a mini program is told of its user, in all the forms in which it may pass it on.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenData {
    pub raw_data: String,
    pub signature: String,
    pub encrypted_data: String,
    pub iv: String,
    #[serde(rename = "cloudID")]
    pub cloud_id: String,
}

impl WeChat {
    /// Reads what was kept.
    ///
    /// # Errors
    /// The file cannot be read or is not what this program writes.
    pub fn open(file: PathBuf, config: &Config, events: Events) -> std::result::Result<Self, Error> {
        let kept = kept::read(
            &file,
            text! {
                en: "the file holds only tokens and session keys; remove it and log in again",
                zh: "该文件只保存令牌与会话密钥；可删除后重新登录"
            },
        )?;
        let settings = config.project.manifest.as_ref().map(|manifest| manifest.wechat.clone());
        let settings = settings.unwrap_or_default();
        let state = State { kept, risky: Risky::new(&settings.risky), ..State::default() };
        Ok(WeChat {
            file,
            app_id: config.app_id.clone(),
            owner: config.project.app_id().filter(|id| *id != TOURIST).map(str::to_owned),
            listener: settings.listener.map(|name| name.to_string()),
            clock: config.clock.clone(),
            ids: config.ids.clone(),
            events,
            state: Mutex::new(state),
            pending: tokio::sync::Notify::new(),
            telling: tokio::sync::Mutex::default(),
        })
    }

    /// Answers a request, or refuses it for the flaw that its form has, and writes it down.
    pub fn answer(&self, asked: &Asked<'_>, flaw: Result<()>) -> Answer {
        let outcome = match self.prepared(asked.method) {
            Some(Prepared::Failure(refusal)) => Err(refusal),
            Some(Prepared::Answer(fields)) => over(flaw.and_then(|()| self.carry_out(asked)), fields),
            None => flaw.and_then(|()| self.carry_out(asked)),
        };
        let mut body = asked.fields.clone();
        if let Some(Media { name, bytes }) = asked.media {
            body.insert("media".into(), json!({ "name": name, "bytes": bytes.len() }));
        }
        self.finish(asked.method, body, outcome)
    }

    /// Returns what was prepared for a call of a method, which uses it up.
    pub fn prepared(&self, method: &Method) -> Option<Prepared> {
        self.state().inbox.take(method)
    }

    /// Puts an answer into WeChat's form, and writes the call down.
    pub fn finish(&self, method: &Method, mut body: Map<String, Value>, outcome: Result<Answer>) -> Answer {
        SECRETS.iter().for_each(|secret| drop(body.shift_remove(*secret)));
        let now = self.clock.now();
        let answer = match outcome {
            Ok(Answer::Fields(fields)) if method.is_open() => Answer::Fields(fields),
            Ok(Answer::Fields(fields)) => {
                let mut answer = json!({ "errcode": 0, "errmsg": "ok" });
                person::extend(&mut answer, fields);
                Answer::Fields(answer)
            }
            Ok(picture) => picture,
            Err(refusal) => Answer::Fields(self.refusal(&refusal)),
        };
        let errcode = match &answer {
            Answer::Fields(fields) => fields.get("errcode").and_then(Value::as_i64).unwrap_or(0),
            Answer::Picture(_) => 0,
        };
        let call = Recorded { method: method.name.clone(), body: Value::Object(body), time: now, errcode };
        self.state().inbox.record(call);
        answer
    }

    /// Returns a refusal as WeChat writes it.
    pub fn refusal(&self, refusal: &Refusal) -> Value {
        let message = refusal::with_rid(&refusal.message, &self.ids, self.clock.now());
        json!({ "errcode": refusal.code, "errmsg": message })
    }

    /// Checks the access token of a request.
    pub fn check_token(&self, token: Option<&str>) -> Result<()> {
        self.state().kept.tokens.check(token, self.clock.now()).map(drop)
    }

    /// Checks the access token of a request for the environment, which is the project's app's alone.
    pub fn check_own_token(&self, token: Option<&str>) -> Result<()> {
        let state = self.state();
        let appid = state.kept.tokens.check(token, self.clock.now())?;
        if !appid.is_empty() && self.is_foreign(appid) { Err(Refusal::environment()) } else { Ok(()) }
    }

    /// Whether an app is another than the one that the project names.
    fn is_foreign(&self, appid: &str) -> bool {
        self.owner.as_deref().is_some_and(|own| own != appid)
    }

    /// Makes a code that a person's mini program would be handed.
    ///
    /// # Errors
    /// That is no openid.
    pub fn code(&self, openid: &str, purpose: Purpose) -> Result<String> {
        let openid = person::check_openid(openid)?;
        Ok(self.state().tickets.code(openid, purpose, &self.ids, self.clock.now()))
    }

    /// Has a person accept so many messages of a template; none is a refusal.
    ///
    /// # Errors
    /// That is no openid or no template, or the answer cannot be kept.
    pub fn grant(&self, openid: &str, template: &str, times: u64) -> Result<()> {
        let openid = person::check_openid(openid)?;
        if template.is_empty() {
            return Err(Refusal::template());
        }
        let mut state = self.state();
        state.kept.subscriptions.grant(template, openid, times);
        self.keep(&state)
    }

    /// Returns what a person's mini program would be told of them.
    ///
    /// # Errors
    /// That is no openid, or the session key cannot be kept.
    pub fn open_data(&self, people: &Identity, openid: &str, kind: Kind) -> Result<OpenData> {
        let account = person::known(people, person::check_openid(openid)?);
        let now = self.clock.now();
        let data = person::open_data(&account, kind, &self.app_id, now);
        let raw_data =
            if kind == Kind::UserInfo { person::user_info(&account).to_string() } else { String::new() };
        let mut state = self.state();
        let session_key = self.session_key(&mut state, openid)?;
        let iv = self.ids.bytes::<{ seal::BLOCK }>();
        let key = key_of(&session_key)?;
        Ok(OpenData {
            signature: seal::sign(&raw_data, &session_key),
            raw_data,
            encrypted_data: seal::seal(data.to_string().as_bytes(), &key, &iv),
            iv: BASE64_STANDARD.encode(iv),
            cloud_id: state.tickets.cloud_id(data, &self.ids, now),
        })
    }

    /// Returns what a function gets for a cloud id: the data, or why there is none.
    pub fn opened(&self, cloud_id: &str) -> Value {
        match self.state().tickets.open(cloud_id, self.clock.now()) {
            Some(data) => json!({ "cloudID": cloud_id, "data": data }),
            None => json!({
                "cloudID": cloud_id,
                "errCode": -601_002,
                "errMsg": "the emulator knows no open data for this cloudID: it was not made here, or is over 5 minutes old",
            }),
        }
    }

    /// Returns the calls of a method, or all, the oldest first.
    pub fn calls(&self, method: Option<&str>) -> Vec<Recorded> {
        self.state().inbox.calls(method)
    }

    /// Forgets all calls and all prepared answers.
    pub fn clear(&self) {
        self.state().inbox.clear();
    }

    /// Has the next calls of a method answered so.
    pub fn prepare(&self, method: &str, prepared: Prepared, times: u64) {
        self.state().inbox.prepare(method, prepared, times);
    }

    /// Counts a text as risky from now on, until the emulator ends.
    pub fn distrust(&self, text: String) {
        self.state().risky.add(text);
    }

    /// Returns a person's session key, which stays until it is reset.
    fn session_key(&self, state: &mut State, openid: &str) -> Result<String> {
        if let Some(key) = state.kept.session_keys.get(openid) {
            return Ok(key.clone());
        }
        let key = BASE64_STANDARD.encode(self.ids.bytes::<{ seal::BLOCK }>());
        state.kept.session_keys.insert(openid.to_owned(), key.clone());
        self.keep(state)?;
        Ok(key)
    }

    fn keep(&self, state: &State) -> Result<()> {
        kept::write(&self.file, &state.kept).map_err(|error| {
            event::tell(&self.events, Event::Warning(error.sentence()));
            Refusal::numbered(-1)
        })
    }

    fn warn(&self, sentence: Text) {
        event::tell(&self.events, Event::Warning(sentence));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns prepared fields over those of an answer.
pub fn over(outcome: Result<Answer>, fields: Value) -> Result<Answer> {
    let mut answer = match outcome {
        Ok(Answer::Fields(answer)) => answer,
        Ok(Answer::Picture(_)) | Err(_) => json!({}),
    };
    person::extend(&mut answer, fields);
    Ok(Answer::Fields(answer))
}

fn key_of(session_key: &str) -> Result<[u8; seal::BLOCK]> {
    let key = BASE64_STANDARD.decode(session_key).ok().and_then(|bytes| bytes.try_into().ok());
    key.ok_or_else(|| Refusal::numbered(-1))
}

#[cfg(test)]
mod tests;
