//! In whose name something is asked of the environment.

use bson::Document;
use serde::{Deserialize, Serialize};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A server SDK or a tool that holds the environment's key: nothing is refused.
    Admin,
    /// A program on the user's side, logged in or not: permissions decide.
    Client(Option<User>),
}

/// A person who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The CloudBase user id; a mini program's user has none.
    pub uid: Option<String>,
    /// What WeChat calls the person; others have none.
    pub openid: Option<String>,
    pub unionid: Option<String>,
    pub login: Option<Login>,
}

/// How a person logged in: `auth.loginType` of a rule. A mini program's user has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Login {
    Anonymous,
    Custom,
    Email,
    Phone,
    Username,
    WechatPublic,
    WechatOpen,
}

impl Principal {
    /// Returns whose what is made in this name is; an admin's things are nobody's.
    pub fn owner(&self) -> Option<&str> {
        match self {
            Principal::Client(Some(user)) => Some(user.owner()).filter(|owner| !owner.is_empty()),
            Principal::Admin | Principal::Client(None) => None,
        }
    }
}

impl User {
    /// Returns what is stamped as `_openid` on what the person makes: the openid, else the uid.
    pub fn owner(&self) -> &str {
        self.openid.as_deref().or(self.uid.as_deref()).unwrap_or_default()
    }

    /// Whether the person uses a mini program: known by WeChat, and logged in in no other way.
    pub fn is_in_mini_program(&self) -> bool {
        self.openid.is_some() && self.login.is_none()
    }

    /// Returns `auth` as a rule sees it.
    pub fn auth(&self) -> Document {
        let mut auth = Document::new();
        let login = self.login.map(Login::name);
        for (name, value) in
            [("openid", self.openid.as_deref()), ("uid", self.uid.as_deref()), ("loginType", login)]
        {
            if let Some(value) = value {
                auth.insert(name, value);
            }
        }
        auth
    }
}

impl Login {
    pub fn name(self) -> &'static str {
        match self {
            Login::Anonymous => "ANONYMOUS",
            Login::Custom => "CUSTOM",
            Login::Email => "EMAIL",
            Login::Phone => "PHONE",
            Login::Username => "USERNAME",
            Login::WechatPublic => "WECHAT_PUBLIC",
            Login::WechatOpen => "WECHAT_OPEN",
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn rules_know_each_way_to_log_in() {
        use Login::*;
        let names = [Anonymous, Custom, Email, Phone, Username, WechatPublic, WechatOpen].map(Login::name);
        assert_eq!(names, crate::rules::LOGIN_TYPES);
    }

    #[test]
    fn a_rule_sees_only_what_is_known_of_a_person() {
        let guest =
            User { uid: Some("u1".into()), openid: None, unionid: None, login: Some(Login::Anonymous) };
        assert_eq!((guest.auth(), guest.owner()), (doc! { "uid": "u1", "loginType": "ANONYMOUS" }, "u1"));
        let player = User { uid: None, openid: Some("o-1".into()), unionid: None, login: None };
        assert_eq!((player.auth(), player.owner()), (doc! { "openid": "o-1" }, "o-1"));
    }
}
