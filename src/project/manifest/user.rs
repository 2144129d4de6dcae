//! `[users.NAME]`: people who are there to test with.

use std::collections::BTreeMap;

use super::reader::Section;
use crate::error::{Error, Kind, Result};
use crate::text;

/// A person whom every emulator of the project knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestUser {
    /// The CloudBase user id; made at random when it is not given.
    pub uid: Option<String>,
    pub password: Option<String>,
    pub openid: Option<String>,
    pub unionid: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// What custom tickets call the person.
    pub custom_id: Option<String>,
    /// What the person is called.
    pub nickname: Option<String>,
}

pub(super) fn read(mut section: Section<'_>) -> Result<BTreeMap<String, TestUser>> {
    let mut users = BTreeMap::new();
    for (name, _, mut entry) in section.named() {
        let mut id = |key| entry.checked(key, id);
        let (uid, openid, unionid, custom_id) = (id("uid")?, id("openid")?, id("unionid")?, id("custom-id")?);
        let user = TestUser {
            uid,
            openid,
            unionid,
            custom_id,
            password: entry.string("password")?,
            email: entry.string("email")?,
            phone: entry.string("phone")?,
            nickname: entry.string("nickname")?,
        };
        entry.finish()?;
        users.insert(name.to_owned(), user);
    }
    section.finish()?;
    Ok(users)
}

/// Checks an id; WeChat's have 28 characters, the platform's 32.
fn id(text: &str) -> Result<String> {
    match (1..=64).contains(&text.len()) && !text.contains(char::is_whitespace) {
        true => Ok(text.to_owned()),
        false => Err(Error::new(
            Kind::Usage,
            text! { en: "`{text}` is not an id: 1 to 64 bytes without spaces", zh: "`{text}` 不是合法的 ID：1 到 64 字节，不含空格" },
        )),
    }
}
