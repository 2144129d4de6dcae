//! A file of rule tests, TOML or JSON: people, what is stored, permissions of its own, and the table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bson::{Bson, Document};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

use crate::api::ejson;
use crate::error::{Error, Kind, Result};
use crate::model::clock::Millis;
use crate::model::name::{did_you_mean, suggestion};
use crate::model::text::Text;
use crate::model::wall;
use crate::project::manifest;
use crate::text;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// What time it is: Extended JSON, milliseconds, or a text; the machine's when absent.
    now: Option<Value>,
    /// People by the names that tests use.
    #[serde(default, deserialize_with = "people")]
    pub users: BTreeMap<String, Person>,
    /// Stored documents: collection, id, fields.
    #[serde(default)]
    data: BTreeMap<String, BTreeMap<String, Map<String, Value>>>,
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
    #[serde(deserialize_with = "rows")]
    pub tests: Vec<Row>,
}

/// What rules may ask of somebody: the fields of `auth`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Person {
    openid: Option<String>,
    uid: Option<String>,
    login_type: Option<String>,
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
    /// What time it is in this test.
    pub now: Option<Value>,
    pub allow: bool,
}

impl File {
    /// Reads a text of tests.
    pub fn parse(path: &Path, source: &str) -> Result<Self> {
        let value: Value = if path.extension().is_some_and(|ending| ending == "json") {
            serde_json::from_str(source).map_err(|error| wrong(path, Text::same(error.to_string())))?
        } else {
            manifest::toml_as_extended_json(path.into(), source.to_owned())?
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
        Ok(found.auth())
    }

    /// Returns a stored document.
    pub fn stored(&self, collection: &str, id: &str, now: Millis) -> Result<Option<Document>> {
        let fields = self.data.get(collection).and_then(|documents| documents.get(id));
        let Some(fields) = fields else { return Ok(None) };
        let mut found = document(fields, now).map_err(|error| {
            error.cause(text! { en: "in `data.{collection}.{id}`", zh: "在 `data.{collection}.{id}` 中" })
        })?;
        if !found.contains_key("_id") {
            found.insert("_id", id);
        }
        Ok(Some(found))
    }

    /// Returns the ids of a collection's stored documents.
    pub fn ids(&self, collection: &str) -> impl Iterator<Item = &str> {
        self.data.get(collection).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
    }

    /// Returns what time it is in a test: its own, the file's, or the machine's.
    pub fn now(&self, row: &Row, machine: Millis) -> Result<Millis> {
        let given = row.now.as_ref().or(self.now.as_ref());
        given.map_or(Ok(machine), |given| moment(given, machine))
    }
}

impl Person {
    fn auth(&self) -> Document {
        let fields = [("openid", &self.openid), ("uid", &self.uid), ("loginType", &self.login_type)];
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value.as_ref()?.into())))
            .collect()
    }
}

/// Reads people; an error names whose entry is wrong.
fn people<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<BTreeMap<String, Person>, D::Error> {
    let people = BTreeMap::<String, Value>::deserialize(from)?;
    let read = |(name, person): (String, Value)| match Person::deserialize(person) {
        Ok(person) => Ok((name, person)),
        Err(error) => Err(D::Error::custom(format_args!("`users.{name}`: {error}"))),
    };
    people.into_iter().map(read).collect()
}

/// Reads the table; an error names the number of its line.
fn rows<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Vec<Row>, D::Error> {
    let rows = Vec::<Value>::deserialize(from)?;
    let read = |(number, row)| {
        Row::deserialize(row).map_err(|error| D::Error::custom(format_args!("test {number}: {error}")))
    };
    (1..).zip(rows).map(read).collect()
}

/// Returns the text of a file of tests.
pub(super) fn text_of(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        let shown = path.display();
        let kind = if error.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failed };
        Error::new(kind, text! { en: "could not read `{shown}`", zh: "无法读取 `{shown}`" }).source(&error)
    })
}

/// Reads Extended JSON in every form that clients write; a server date is the present.
pub(super) fn document(fields: &Map<String, Value>, now: Millis) -> Result<Document> {
    // A map is shown as the JSON it is.
    let text = Value::Object(fields.clone()).to_string();
    ejson::document(&text, now).map_err(|error| {
        Error::new(Kind::Usage, text! { en: "this is no document", zh: "不是合法的文档" }).cause(error.why())
    })
}

/// Reads a time.
fn moment(given: &Value, machine: Millis) -> Result<Millis> {
    let read = match given {
        Value::String(text) => wall::parse(text),
        other => match ejson::value(&other.to_string(), machine) {
            Ok(Bson::DateTime(time)) => Some(time.timestamp_millis()),
            Ok(Bson::Int32(millis)) => Some(millis.into()),
            Ok(Bson::Int64(millis)) => Some(millis),
            _ => None,
        },
    };
    read.ok_or_else(|| {
        Error::new(Kind::Usage, text! { en: "`now` is no time: {given}", zh: "`now` 不是时间：{given}" })
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
