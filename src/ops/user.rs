//! People of the local environment.

use serde::Serialize;

use crate::api::local::{AddUser, ListUsers, UserDescription};
use crate::error::Result;
use crate::model::wall;

use super::target::Target;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub uid: String,
    pub name: Option<String>,
    pub openid: Option<String>,
    pub unionid: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub avatar: Option<String>,
    pub anonymous: bool,
    pub created: String,
}

/// A person to write down.
#[derive(Debug, Clone, Default)]
pub struct New {
    pub name: String,
    pub openid: Option<String>,
    pub unionid: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub avatar: Option<String>,
    pub password: Option<String>,
}

/// Writes a person down.
pub async fn add(target: &Target, user: New) -> Result<User> {
    let New { name, openid, unionid, phone, email, avatar, password } = user;
    let asked = AddUser { name, open_id: openid, union_id: unionid, phone, email, avatar, password };
    Ok(User::of(target.client().call(&asked).await?))
}

/// Returns everybody.
pub async fn list(target: &Target) -> Result<Vec<User>> {
    Ok(target.client().call(&ListUsers {}).await?.users.into_iter().map(User::of).collect())
}

impl User {
    fn of(it: UserDescription) -> Self {
        User {
            uid: it.uid,
            name: it.name,
            openid: it.open_id,
            unionid: it.union_id,
            phone: it.phone,
            email: it.email,
            avatar: it.avatar,
            anonymous: it.anonymous,
            created: wall::rfc3339_second(it.created),
        }
    }
}
