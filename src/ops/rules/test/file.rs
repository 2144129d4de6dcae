//! A file of rule tests, TOML or JSON: people, what is stored, permissions of its own, and the table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bson::Document;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{Error, Kind, Result};
use crate::model::name::{did_you_mean, suggestion};
use crate::model::text::Text;
use crate::project::manifest;
use crate::text;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// People by the names that tests use: `{ openid, uid, loginType }`.
    #[serde(default)]
    pub users: BTreeMap<String, Map<String, Value>>,
    /// Stored documents: collection, id, fields.
    #[serde(default)]
    pub data: BTreeMap<String, BTreeMap<String, Map<String, Value>>>,
    /// Stored files: path, and the name of whose it is.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Permissions of collections in place of the manifest's: a preset or a rule.
    #[serde(default)]
    pub rules: BTreeMap<String, Value>,
    /// The permission of files in place of the manifest's.
    pub storage: Option<Value>,
    /// The rules of functions: `{ "*" = { invoke = … } }`.
    pub functions: Option<Value>,
    #[serde(default)]
    pub tests: Vec<Row>,
}

/// A line of the table: exactly one of the operations.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub name: Option<String>,
    /// Who asks; nobody when absent.
    pub r#as: Option<String>,
    /// Of `read`, `create`, `update` and `delete`.
    pub collection: Option<String>,
    /// An id or a query.
    pub read: Option<Value>,
    /// A document.
    pub create: Option<Map<String, Value>>,
    /// An id or a query; `data` is what is set.
    pub update: Option<Value>,
    pub data: Option<Map<String, Value>>,
    /// An id or a query.
    pub delete: Option<Value>,
    /// The path of a file that is read.
    pub download: Option<String>,
    /// The path of a file that is stored, replaced or removed.
    pub upload: Option<String>,
    /// The name of a function.
    pub call: Option<String>,
    pub allow: bool,
}

impl File {
    /// Reads a text of tests.
    pub fn parse(path: &Path, source: &str) -> Result<Self> {
        let value: Value = if path.extension().is_some_and(|ending| ending == "json") {
            serde_json::from_str(source).map_err(|error| wrong(path, Text::same(error.to_string())))?
        } else {
            manifest::toml_as_json(path.into(), source.to_owned())?
        };
        serde_json::from_value(value).map_err(|error| wrong(path, Text::same(error.to_string())))
    }

    /// Returns `auth` of a person.
    pub fn user(&self, name: &str) -> Result<Document> {
        let found = self.users.get(name).ok_or_else(|| {
            unknown(
                name,
                self.users.keys().map(String::as_str),
                text! { en: "there is no user `{name}` in `users`", zh: "`users` 中没有用户 `{name}`" },
            )
        })?;
        document(found)
    }

    /// Returns a stored document.
    pub fn stored(&self, collection: &str, id: &str) -> Option<Document> {
        let mut found = document(self.data.get(collection)?.get(id)?).ok()?;
        if !found.contains_key("_id") {
            found.insert("_id", id);
        }
        Some(found)
    }
}

/// Returns the text of a file of tests.
pub(super) fn text_of(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        let shown = path.display();
        let kind = if error.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failed };
        Error::new(kind, text! { en: "could not read `{shown}`", zh: "无法读取 `{shown}`" }).source(&error)
    })
}

/// Reads Extended JSON.
pub(super) fn document(fields: &Map<String, Value>) -> Result<Document> {
    Document::try_from(fields.clone()).map_err(|error| {
        Error::new(Kind::Usage, text! { en: "this is no document", zh: "不是合法的文档" }).source(&error)
    })
}

pub(super) fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>, message: Text) -> Error {
    let error = Error::new(Kind::Usage, message);
    match did_you_mean(name, known.collect::<BTreeSet<_>>()) {
        Some(near) => error.hint(suggestion(near)),
        None => error,
    }
}

pub(super) fn wrong(path: &Path, cause: Text) -> Error {
    let shown = path.display();
    Error::new(
        Kind::Usage,
        text! { en: "`{shown}` is not a file of rule tests", zh: "`{shown}` 不是规则测试文件" },
    )
    .cause(cause)
}
