//! Test users.

use super::Result;
use super::failure::Failure;
use crate::api::local::*;
use crate::emulator::environment::Shared;
use crate::emulator::identity::{Account, Profile};
use crate::emulator::wechat::person;

pub(super) async fn add(environment: &Shared, asked: AddUser) -> Result<UserDescription> {
    let AddUser { name, open_id, union_id, phone, email, avatar, password } = asked;
    if name.is_empty() {
        return Err(Failure::value("A user needs a name.".into()));
    }
    let openid = open_id.unwrap_or_else(|| person::openid(&environment.config.app_id, &name));
    person::check_openid(&openid).map_err(|_| {
        Failure::value(format!("`{openid}` is no openid: letters, digits, `-` and `_`, a letter among them."))
    })?;
    check("phone number, such as `+86 13800138000`", phone.as_deref(), is_phone)?;
    check("mail address", email.as_deref(), is_email)?;
    check("address of a picture: `https://…`", avatar.as_deref(), is_picture)?;
    let mut account = Account::in_wechat(&openid);
    account.username = Some(name.clone());
    (account.unionid, account.phone, account.email) = (union_id, phone, email);
    account.profile = Profile { name: Some(name), picture: avatar, ..Profile::default() };
    let added = environment.identity.add(account, password.as_deref());
    added.map(described).map_err(|refusal| Failure::value(format!("{refusal}.")))
}

pub(super) async fn list(environment: &Shared, _: ListUsers) -> Result<UserList> {
    Ok(UserList { users: environment.identity.accounts().into_iter().map(described).collect() })
}

fn described(account: Account) -> UserDescription {
    UserDescription {
        anonymous: account.is_anonymous(),
        name: account.profile.name.or(account.username),
        uid: account.uid,
        open_id: account.openid,
        union_id: account.unionid,
        phone: account.phone,
        email: account.email,
        avatar: account.profile.picture,
        created: account.created,
    }
}

fn check(what: &str, given: Option<&str>, is_one: impl Fn(&str) -> bool) -> Result<()> {
    match given {
        Some(text) if !is_one(text) => Err(Failure::value(format!("`{text}` is no {what}."))),
        _ => Ok(()),
    }
}

/// A number, with its country or without.
fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let rest = text.strip_prefix('+').unwrap_or(text);
    (5..=18).contains(&digits) && rest.chars().all(|it| it.is_ascii_digit() || matches!(it, ' ' | '-'))
}

fn is_email(text: &str) -> bool {
    let (name, host) = text.split_once('@').unwrap_or_default();
    !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
}

fn is_picture(text: &str) -> bool {
    ["https://", "http://", "cloud://"].iter().any(|scheme| text.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_contact_is_told_apart() {
        for (text, is_one) in [
            ("+86 13800138000", true),
            ("13800138000", true),
            ("+1 555-0100", true),
            ("xyz", false),
            ("12", false),
            ("", false),
            ("1380013800x", false),
        ] {
            assert_eq!(is_phone(text), is_one, "{text}");
        }
        for (text, is_one) in [
            ("a@b", true),
            ("alice@example.com", true),
            ("zz", false),
            ("@b", false),
            ("a@", false),
            ("a@b@c", false),
            ("a b@c", false),
        ] {
            assert_eq!(is_email(text), is_one, "{text}");
        }
        for (text, is_one) in [("https://example.com/a.png", true), ("javascript:1", false), ("", false)] {
            assert_eq!(is_picture(text), is_one, "{text}");
        }
    }
}
