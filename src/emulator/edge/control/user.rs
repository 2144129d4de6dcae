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
