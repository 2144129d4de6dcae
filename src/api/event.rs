//! What a function receives (`event`, `context`, variables) from each kind of caller. See
//! `docs/wire.md#callers`.

use std::borrow::Cow;

use serde_json::{Value, json};

/// In whose name a function runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    Wechat(Identity),
    Web(WebUser),
}

/// A person as WeChat knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub openid: String,
    pub unionid: Option<String>,
}

/// A person as the environment knows who logged in on a web page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUser {
    pub uid: String,
    /// The id in the project's own directory, from a custom ticket.
    pub custom_id: Option<String>,
    /// `ANONYMOUS`, `WECHAT-OPEN` and so on.
    pub login: String,
    /// For who logged in by WeChat.
    pub openid: Option<String>,
    pub unionid: Option<String>,
}

/// Who starts a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A mini program's user, through `wx.cloud.callFunction`.
    MiniProgram(Identity),
    /// A web page; nobody may be logged in there.
    Web(Option<WebUser>),
    /// Another function; `source` is the `x-tcb-source` it sent, `person` who began the chain of `depth` functions.
    Function { source: String, person: Option<Person>, depth: usize },
    /// A timer, by the trigger's name.
    Timer { trigger: String },
    /// An HTTP client through the gateway: no identity.
    Http,
    /// A console, a test or the command line: no identity.
    Console,
}

impl Caller {
    /// Returns the person in whose name the function runs.
    pub fn person(&self) -> Option<Person> {
        match self {
            Caller::MiniProgram(identity) => Some(Person::Wechat(identity.clone())),
            Caller::Web(user) => user.clone().map(Person::Web),
            Caller::Function { person, .. } => person.clone(),
            Caller::Timer { .. } | Caller::Http | Caller::Console => None,
        }
    }

    /// Returns who calls when a function that this caller started calls another, with the `x-tcb-source` it sent.
    pub fn through_function(&self, source: impl Into<String>) -> Caller {
        Caller::Function { source: source.into(), person: self.person(), depth: self.depth() + 1 }
    }

    /// Returns who calls when a program that is no function calls one by a server SDK: nobody waits for a process.
    pub fn program(source: impl Into<String>) -> Caller {
        Caller::Function { source: source.into(), person: None, depth: 0 }
    }

    /// Returns how many functions called one another for this call.
    pub fn depth(&self) -> usize {
        match self {
            Caller::Function { depth, .. } => *depth,
            Caller::MiniProgram(_)
            | Caller::Web(_)
            | Caller::Timer { .. }
            | Caller::Http
            | Caller::Console => 0,
        }
    }

    fn wechat(&self) -> Option<&Identity> {
        match self {
            Caller::MiniProgram(identity)
            | Caller::Function { person: Some(Person::Wechat(identity)), .. } => Some(identity),
            _ => None,
        }
    }

    fn web_user(&self) -> Option<&WebUser> {
        match self {
            Caller::Web(Some(user)) | Caller::Function { person: Some(Person::Web(user)), .. } => Some(user),
            _ => None,
        }
    }

    /// Returns `TRIGGER_SRC`.
    fn trigger_source(&self) -> &'static str {
        match self {
            Caller::Timer { .. } => "timer",
            Caller::MiniProgram(_)
            | Caller::Web(_)
            | Caller::Function { .. }
            | Caller::Http
            | Caller::Console => "tcb",
        }
    }

    /// Returns `TCB_SOURCE`; a console has none.
    fn source(&self) -> Option<&str> {
        match self {
            Caller::MiniProgram(_) => Some("wx_client"),
            Caller::Function { source, .. } => Some(source),
            Caller::Timer { .. } => Some("wx_trigger"),
            Caller::Web(_) | Caller::Http | Caller::Console => None,
        }
    }

    /// Returns the keys that the platform writes into an event, over the caller's own of the same name.
    pub fn event_keys(&self, app_id: &str) -> Option<Value> {
        match self {
            Caller::Timer { .. } => Some(json!({ "userInfo": { "appId": app_id } })),
            Caller::Http | Caller::Console => None,
            Caller::Web(_) => Some(json!({ "tcbContext": {} })),
            Caller::MiniProgram(_) | Caller::Function { .. } => self.wechat().map(|identity| {
                json!({ "userInfo": { "appId": app_id, "openId": identity.openid }, "tcbContext": {} })
            }),
        }
    }
}

/// What the variables of one call are made from.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub caller: &'a Caller,
    pub env_id: &'a str,
    pub app_id: &'a str,
    /// Comes back as `tcb_sessionToken` with everything an SDK asks during the call.
    pub token: &'a str,
}

/// Returns the environment variables of one call: SDKs read those whose names the two `…_CONTEXT_KEYS` list
/// (`docs/wire.md#process-variables`).
pub fn variables<'a>(call: &Call<'a>) -> Vec<(&'static str, Cow<'a, str>)> {
    let Call { caller, env_id, app_id, token } = *call;
    let mut tcb = vec![("TCB_ENV", env_id), ("TCB_SEQID", token), ("TRIGGER_SRC", caller.trigger_source())];
    let mut wx = Vec::new();
    tcb.extend(caller.source().map(|source| ("TCB_SOURCE", source)));
    tcb.push(("TCB_SESSIONTOKEN", token));
    if let Caller::Http | Caller::Web(_) = caller {
        tcb.push(("TCB_SOURCE_IP", "127.0.0.1"));
    }
    if let Some(user) = caller.web_user() {
        let is_anonymous = if user.login == "ANONYMOUS" { "true" } else { "false" };
        tcb.extend([("TCB_UUID", user.uid.as_str()), ("TCB_ISANONYMOUS_USER", is_anonymous)]);
        tcb.extend(user.custom_id.as_deref().map(|id| ("TCB_CUSTOM_USER_ID", id)));
        tcb.push(("LOGINTYPE", &user.login));
        wx.extend(
            user.openid.as_deref().into_iter().flat_map(|id| [("WX_APPID", app_id), ("WX_OPENID", id)]),
        );
        wx.extend(user.unionid.as_deref().map(|unionid| ("WX_UNIONID", unionid)));
    }
    if let Some(identity) = caller.wechat() {
        wx.extend([("WX_CLIENTIP", "127.0.0.1"), ("WX_APPID", app_id), ("WX_OPENID", &identity.openid)]);
        wx.extend(identity.unionid.as_deref().map(|unionid| ("WX_UNIONID", unionid)));
        wx.push(("WX_API_TOKEN", token));
    } else if let Caller::Timer { .. } = caller {
        wx.extend([("WX_APPID", app_id), ("WX_TRIGGER_API_TOKEN_V0", token)]);
    }
    let listed = [("TCB_CONTEXT_KEYS", names(&tcb)), ("WX_CONTEXT_KEYS", names(&wx))];
    let listed = listed.into_iter().filter(|(_, names)| !names.is_empty());
    let set = tcb.into_iter().chain(wx).map(|(name, value)| (name, Cow::Borrowed(value)));
    set.chain(listed.map(|(name, names)| (name, Cow::Owned(names)))).collect()
}

fn names(variables: &[(&'static str, &str)]) -> String {
    variables.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",")
}

/// Returns the event of a timer as JSON text; `time` is RFC 3339 in UTC with whole seconds.
pub fn timer(trigger: &str, time: &str) -> String {
    json!({ "Type": "Timer", "TriggerName": trigger, "Time": time, "Message": "" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the variables of a call, as `NAME=value` lines.
    #[track_caller]
    fn check(caller: Caller, expected: &[&str]) {
        let call = Call { caller: &caller, env_id: "garden", app_id: "wx1", token: "t" };
        let found: Vec<String> =
            variables(&call).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(found, expected);
    }

    fn alice(unionid: Option<&str>) -> Identity {
        Identity { openid: "o-alice".into(), unionid: unionid.map(Into::into) }
    }

    fn carol(openid: Option<&str>) -> WebUser {
        WebUser {
            uid: "u-carol".into(),
            custom_id: Some("c-carol".into()),
            login: if openid.is_some() { "WECHAT-OPEN" } else { "CUSTOM" }.into(),
            openid: openid.map(Into::into),
            unionid: None,
        }
    }

    #[test]
    fn the_listed_keys_are_the_variables_that_are_set() {
        let callers = [
            Caller::Console,
            Caller::Http,
            Caller::Timer { trigger: "daily".into() },
            Caller::MiniProgram(alice(None)),
            Caller::MiniProgram(alice(Some("u"))),
            Caller::Web(None),
            Caller::Web(Some(carol(None))),
            Caller::Web(Some(carol(Some("o-carol")))),
            Caller::Function { source: "wx_client,scf".into(), person: None, depth: 1 },
        ];
        for caller in callers {
            let call = Call { caller: &caller, env_id: "e", app_id: "a", token: "t" };
            let variables = variables(&call);
            let (keys, set): (Vec<_>, Vec<_>) =
                variables.iter().partition(|(name, _)| name.ends_with("_CONTEXT_KEYS"));
            let listed: Vec<&str> = keys.iter().flat_map(|(_, names)| names.split(',')).collect();
            let set: Vec<&str> = set.into_iter().map(|(name, _)| *name).collect();
            assert_eq!(listed, set, "{caller:?}");
        }
    }

    #[test]
    fn a_console_lends_no_identity() {
        check(
            Caller::Console,
            &[
                "TCB_ENV=garden",
                "TCB_SEQID=t",
                "TRIGGER_SRC=tcb",
                "TCB_SESSIONTOKEN=t",
                "TCB_CONTEXT_KEYS=TCB_ENV,TCB_SEQID,TRIGGER_SRC,TCB_SESSIONTOKEN",
            ],
        );
    }

    #[test]
    fn each_caller_lends_its_own_variables() {
        let tail = "TCB_CONTEXT_KEYS=TCB_ENV,TCB_SEQID,TRIGGER_SRC,TCB_SOURCE,TCB_SESSIONTOKEN";
        check(
            Caller::MiniProgram(alice(Some("u"))),
            &[
                "TCB_ENV=garden",
                "TCB_SEQID=t",
                "TRIGGER_SRC=tcb",
                "TCB_SOURCE=wx_client",
                "TCB_SESSIONTOKEN=t",
                "WX_CLIENTIP=127.0.0.1",
                "WX_APPID=wx1",
                "WX_OPENID=o-alice",
                "WX_UNIONID=u",
                "WX_API_TOKEN=t",
                tail,
                "WX_CONTEXT_KEYS=WX_CLIENTIP,WX_APPID,WX_OPENID,WX_UNIONID,WX_API_TOKEN",
            ],
        );
        check(
            Caller::Function { source: "wx_trigger,scf".into(), person: None, depth: 1 },
            &[
                "TCB_ENV=garden",
                "TCB_SEQID=t",
                "TRIGGER_SRC=tcb",
                "TCB_SOURCE=wx_trigger,scf",
                "TCB_SESSIONTOKEN=t",
                tail,
            ],
        );
        check(
            Caller::Timer { trigger: "daily".into() },
            &[
                "TCB_ENV=garden",
                "TCB_SEQID=t",
                "TRIGGER_SRC=timer",
                "TCB_SOURCE=wx_trigger",
                "TCB_SESSIONTOKEN=t",
                "WX_APPID=wx1",
                "WX_TRIGGER_API_TOKEN_V0=t",
                tail,
                "WX_CONTEXT_KEYS=WX_APPID,WX_TRIGGER_API_TOKEN_V0",
            ],
        );
        check(
            Caller::Http,
            &[
                "TCB_ENV=garden",
                "TCB_SEQID=t",
                "TRIGGER_SRC=tcb",
                "TCB_SESSIONTOKEN=t",
                "TCB_SOURCE_IP=127.0.0.1",
                "TCB_CONTEXT_KEYS=TCB_ENV,TCB_SEQID,TRIGGER_SRC,TCB_SESSIONTOKEN,TCB_SOURCE_IP",
            ],
        );
    }

    #[test]
    fn the_first_callers_identity_goes_through_a_chain_of_functions() {
        let first = Caller::MiniProgram(alice(None));
        let last = first.through_function("wx_client,scf").through_function("wx_client,scf,scf");
        assert_eq!(last.person(), Some(Person::Wechat(alice(None))));
        assert_eq!((last.depth(), Caller::program("not_scf").depth()), (2, 0));
        let keys = last.event_keys("wx1").expect("there is a person");
        assert_eq!(keys.to_string(), r#"{"userInfo":{"appId":"wx1","openId":"o-alice"},"tcbContext":{}}"#);
    }

    #[test]
    fn a_web_user_is_told_by_uid_and_how_they_logged_in() {
        let head = ["TCB_ENV=garden", "TCB_SEQID=t", "TRIGGER_SRC=tcb", "TCB_SESSIONTOKEN=t"];
        let web = ["TCB_SOURCE_IP=127.0.0.1", "TCB_UUID=u-carol", "TCB_ISANONYMOUS_USER=false"];
        let keys = "TCB_CONTEXT_KEYS=TCB_ENV,TCB_SEQID,TRIGGER_SRC,TCB_SESSIONTOKEN,TCB_SOURCE_IP,TCB_UUID,\
                    TCB_ISANONYMOUS_USER,TCB_CUSTOM_USER_ID,LOGINTYPE";
        let custom = ["TCB_CUSTOM_USER_ID=c-carol", "LOGINTYPE=CUSTOM", keys];
        check(Caller::Web(Some(carol(None))), &[&head[..], &web, &custom].concat());
        let wechat = ["TCB_CUSTOM_USER_ID=c-carol", "LOGINTYPE=WECHAT-OPEN", "WX_APPID=wx1"];
        let wx = ["WX_OPENID=o-carol", keys, "WX_CONTEXT_KEYS=WX_APPID,WX_OPENID"];
        check(Caller::Web(Some(carol(Some("o-carol")))), &[&head[..], &web, &wechat, &wx].concat());

        let nested = Caller::Web(Some(carol(None))).through_function("scf");
        assert_eq!(nested.person(), Some(Person::Web(carol(None))));
        assert_eq!(nested.event_keys("wx1"), None);
    }
}
