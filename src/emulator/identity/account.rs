//! One person in the directory.

use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::emulator::principal::{Login, User};
use crate::model::clock::Millis;

/// A person, by every name the environment knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Account {
    pub uid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Salted and hashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<String>,
    /// The device an anonymous user comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The id in the project's own directory, from a custom ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unionid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// With the country's code: `+86 13800000000`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    pub profile: Profile,
    pub created: Millis,
    pub updated: Millis,
}

/// What people say about themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
}

impl Account {
    /// Returns somebody of whom only the uid is known.
    pub fn of(uid: &str) -> Self {
        Account { uid: uid.to_owned(), ..Account::default() }
    }

    /// Returns somebody of whom only an address or a number is known.
    pub fn reached_at(contact: &str) -> Self {
        let contact = Some(contact.to_owned());
        match contact.as_ref().is_some_and(|contact| contact.contains('@')) {
            true => Account { email: contact, ..Account::default() },
            false => Account { phone: contact, ..Account::default() },
        }
    }

    /// Returns somebody of whom only WeChat's name is known.
    pub fn in_wechat(openid: &str) -> Self {
        Account { openid: Some(openid.to_owned()), ..Account::default() }
    }

    /// Whether the person never gave a name: nothing but a device tells them from others.
    pub fn is_anonymous(&self) -> bool {
        let names = [&self.username, &self.custom_id, &self.openid, &self.email, &self.phone];
        names.into_iter().all(Option::is_none)
    }

    /// Takes over what another description says.
    pub(super) fn learn(&mut self, other: Account) {
        let profile = (&mut self.profile.name, other.profile.name);
        for (place, said) in [
            (&mut self.username, other.username),
            (&mut self.custom_id, other.custom_id),
            (&mut self.openid, other.openid),
            (&mut self.unionid, other.unionid),
            (&mut self.email, other.email),
            (&mut self.phone, other.phone),
            profile,
        ] {
            if said.is_some() {
                *place = said;
            }
        }
    }

    /// Forgets a name; the last one stays, for nobody could log in without.
    pub(super) fn forget(&mut self, login: Login) -> Result<(), Refusal> {
        let name = match login {
            Login::Custom => &mut self.custom_id,
            Login::Email => &mut self.email,
            Login::Phone => &mut self.phone,
            Login::Username => &mut self.username,
            Login::WechatPublic | Login::WechatOpen => &mut self.openid,
            Login::Anonymous => return Err(Refusal::Argument("a device is no name".into())),
        };
        if name.take().is_none() {
            return Err(Refusal::Argument(format!("the user has no login by `{}`", login.name())));
        }
        match self.is_anonymous() {
            true => Err(Refusal::Argument("the last login of a user cannot be unlinked".into())),
            false => Ok(()),
        }
    }

    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// Whether this is a name the person logs in by.
    pub(super) fn answers_to(&self, name: &str) -> bool {
        let phone = |phone: &String| number(phone).is_some_and(|is| Some(is) == number(name));
        self.username.as_deref() == Some(name)
            || self.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(name))
            || self.phone.as_ref().is_some_and(phone)
    }

    /// Returns the person as the one who asks; a mini program's user (no `login`) has no uid.
    pub(super) fn user(&self, login: Option<Login>) -> User {
        User {
            uid: login.map(|_| self.uid.clone()),
            openid: self.openid.clone(),
            unionid: self.unionid.clone(),
            login,
        }
    }
}

/// Returns a phone number without country code and spaces: SDKs write `+86 138…`, people `138…`.
pub(super) fn number(phone: &str) -> Option<String> {
    let number: String = phone.strip_prefix("+86").unwrap_or(phone).split(' ').collect();
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_answers_to_each_name() {
        let person = Account {
            username: Some("alice".into()),
            email: Some("A@b.cn".into()),
            phone: Some("+86 13800000000".into()),
            ..Account::default()
        };
        for (name, expected) in [
            ("alice", true),
            ("Alice", false),
            ("a@B.cn", true),
            ("13800000000", true),
            ("+8613800000000", true),
            ("13800000001", false),
            ("alice13800000000", false),
            ("", false),
        ] {
            assert_eq!(person.answers_to(name), expected, "{name}");
        }
    }
}
