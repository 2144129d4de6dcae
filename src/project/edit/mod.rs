//! Changing `cloudkit.toml` without disturbing it: comments, order and habits of layout stay.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, InlineTable, Item, Key, Table, TableLike, Value};

use super::manifest::{Collection, FILE_NAME, Manifest};
use crate::error::{Error, Kind, Result};
use crate::model::index::IndexSpec;
use crate::model::name::{CollectionName, did_you_mean, suggestion};
use crate::model::permission::Permission;
use crate::text;

/// Changes the manifest of a project, which may not have one yet, and returns whether something is different now. It is
/// read, changed and written while no other `cloudkit` does so: two commands at once lose nothing.
///
/// # Errors
/// A manifest that is wrong already, the refusal of `change`, a file that cannot be written.
pub fn change(project: &Path, change: impl FnOnce(&mut Edit) -> Result<bool>) -> Result<bool> {
    let _alone = wait_for_others(project).map_err(|error| unwritable(&project.join(FILE_NAME), &error))?;
    let mut edit = Edit::open(project)?;
    let changed = change(&mut edit)?;
    if changed {
        edit.save()?;
    }
    Ok(changed)
}

/// Takes the lock that ends with the returned file. The manifest cannot be locked itself: saving replaces it.
fn wait_for_others(project: &Path) -> std::io::Result<File> {
    let path = super::state::make(project)?.join("manifest.lock");
    let lock = File::options().create(true).truncate(false).write(true).open(path)?;
    lock.lock()?;
    Ok(lock)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    let shown = path.display();
    Error::new(Kind::Failed, text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" })
        .source(error)
}

/// A manifest being changed, in memory.
#[derive(Debug, Clone)]
pub struct Edit {
    path: PathBuf,
    document: DocumentMut,
    /// The document as read, or after the last change.
    manifest: Manifest,
}

impl Edit {
    /// Opens the manifest of a project; a project without one begins with an empty one.
    ///
    /// # Errors
    /// A manifest that is wrong already.
    pub fn open(project: &Path) -> Result<Self> {
        let path = project.join(FILE_NAME);
        let text = super::read_text(&path)?.unwrap_or_default();
        Self::from_text(path, text)
    }

    fn from_text(path: PathBuf, text: String) -> Result<Self> {
        let manifest = Manifest::parse(path.clone(), text.clone())?;
        // The manifest parser has read the same text, and would have complained.
        let document = text.parse().unwrap_or_default();
        Ok(Edit { path, document, manifest })
    }

    /// Adds an index to a collection; `false` when it is there already.
    ///
    /// # Errors
    /// An index on the same keys, or of the same name, that is a different one.
    pub fn add_index(&mut self, collection: &CollectionName, index: &IndexSpec) -> Result<bool> {
        for known in self.collection(collection).map(|it| &it.indexes[..]).unwrap_or_default() {
            if known.keys == index.keys && known.unique == index.unique {
                return Ok(false);
            }
            if known.keys == index.keys || known.name == index.name {
                return Err(conflict(collection, known, index));
            }
        }
        let table = self.collection_table(collection);
        match table.entry("indexes").or_insert_with(|| Item::Value(Array::new().into())) {
            Item::ArrayOfTables(tables) => tables.push(index_table(index).into_iter().collect()),
            other => {
                if let Some(list) = other.as_array_mut() {
                    push(list, index_table(index).into());
                }
            }
        }
        self.check()?;
        Ok(true)
    }

    /// Removes an index by its name; `false` when the manifest has no such index.
    pub fn remove_index(&mut self, collection: &CollectionName, name: &str) -> Result<bool> {
        let known = self.collection(collection).map(|it| &it.indexes[..]).unwrap_or_default();
        let Some(at) = known.iter().position(|index| index.name == name) else { return Ok(false) };
        match self.collection_table(collection).get_mut("indexes") {
            Some(Item::ArrayOfTables(tables)) => drop(tables.remove(at)),
            Some(other) => other.as_array_mut().into_iter().for_each(|list| take(list, at)),
            None => {}
        }
        self.check()?;
        Ok(true)
    }

    /// Adds a collection; `false` when it is there already.
    pub fn add_collection(&mut self, name: &CollectionName) -> Result<bool> {
        if self.collection(name).is_some() {
            return Ok(false);
        }
        self.collection_table(name);
        self.check()?;
        Ok(true)
    }

    /// Removes a collection with all that is said about it; `false` when the manifest does not have it.
    pub fn remove_collection(&mut self, name: &CollectionName) -> Result<bool> {
        let database = self.document.get_mut("database").and_then(Item::as_table_like_mut);
        let removed = database.and_then(|database| database.remove(name.as_str())).is_some();
        self.check()?;
        Ok(removed)
    }

    /// Sets who may read and write a collection; `false` when that is what it says already.
    ///
    /// # Errors
    /// A rule that is not a JSON object.
    pub fn set_permission(&mut self, collection: &CollectionName, permission: &Permission) -> Result<bool> {
        if self.collection(collection).is_some_and(|known| known.permission.as_ref() == Some(permission)) {
            return Ok(false);
        }
        let value = match permission.rule() {
            Some(rule) => rule_value(rule)?,
            None => permission.tag().into(),
        };
        let (key, other) =
            if permission.rule().is_some() { ("rule", "permission") } else { ("permission", "rule") };
        let table = self.collection_table(collection);
        let old = if table.contains_key(key) { key } else { other };
        match table.contains_key(old) {
            true => replace(table, old, key, &value),
            false => drop(table.insert(key, Item::Value(value))),
        }
        self.check()?;
        Ok(true)
    }

    /// Makes an environment the one that commands speak to; `false` when it is already.
    pub fn set_default_env(&mut self, name: &str) -> Result<bool> {
        if self.manifest.default_env.as_deref() == Some(name) {
            return Ok(false);
        }
        let project = self.document.entry("project").or_insert_with(|| Item::Table(Table::new()));
        if let Some(project) = project.as_table_like_mut() {
            match project.get_mut("default-env").and_then(Item::as_value_mut) {
                Some(old) => {
                    let decor = old.decor().clone();
                    *old = name.into();
                    *old.decor_mut() = decor;
                }
                None => drop(project.insert("default-env", Item::Value(name.into()))),
            }
        }
        self.check()?;
        Ok(true)
    }

    /// Returns the manifest with the changes so far.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Writes the file, replacing the old one in one step.
    fn save(&self) -> Result<()> {
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(self.path.parent().unwrap_or(Path::new(".")))?;
            file.write_all(self.document.to_string().as_bytes())?;
            // A temporary file is private; the manifest keeps the mode it had.
            if let Ok(old) = std::fs::metadata(&self.path) {
                file.as_file().set_permissions(old.permissions())?;
            } else {
                public(file.as_file())?;
            }
            file.persist(&self.path)?;
            Ok(())
        };
        write().map_err(|error: std::io::Error| unwritable(&self.path, &error))
    }

    fn collection(&self, name: &CollectionName) -> Option<&Collection> {
        self.manifest.collections.get(name)
    }

    /// Returns `[database.NAME]`, made at the end of its kind when it is not there.
    fn collection_table(&mut self, name: &CollectionName) -> &mut dyn TableLike {
        let database = self.document.entry("database").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        let inline = database.is_inline_table();
        let database = database.as_table_like_mut().expect("the manifest parser saw a table");
        let made = || match inline {
            true => Item::Value(InlineTable::new().into()),
            false => Item::Table(Table::new()),
        };
        let entry = database.entry(name.as_str()).or_insert_with(made);
        entry.as_table_like_mut().expect("the manifest parser saw a table")
    }

    /// Reads the changed text as a manifest: an edit never leaves a file that does not read.
    fn check(&mut self) -> Result<()> {
        self.manifest = Manifest::parse(self.path.clone(), self.document.to_string())?;
        Ok(())
    }
}

/// Puts a key and its value in the place of another one, between the same comments.
fn replace(table: &mut dyn TableLike, old: &str, new: &str, value: &Value) {
    let keys: Vec<Key> =
        table.iter().filter_map(|(name, _)| Some(table.get_key_value(name)?.0.clone())).collect();
    // A table grows at its end: everything goes in again, in order.
    for key in keys {
        let Some(item) = table.remove(key.get()) else { continue };
        if key.get() != old {
            table.entry_format(&key).or_insert(item);
            continue;
        }
        let (mut value, mut new) = (value.clone(), Key::new(new));
        // A table of its own has no place in a line.
        if let Some(item) = item.as_value() {
            *value.decor_mut() = item.decor().clone();
            *new.leaf_decor_mut() = key.leaf_decor().clone();
        }
        table.entry_format(&new).or_insert(Item::Value(value));
    }
}

fn conflict(collection: &CollectionName, known: &IndexSpec, wanted: &IndexSpec) -> Error {
    let name = &known.name;
    let error = Error::new(
        Kind::Usage,
        text! {
            en: "collection `{collection}` has another index `{name}` already",
            zh: "集合 `{collection}` 已有另一个索引 `{name}`"
        },
    );
    match known.keys == wanted.keys {
        true => error.cause(match known.unique {
            true => text! { en: "it has the same fields and is unique", zh: "字段相同，且它是唯一索引" },
            false => {
                text! { en: "it has the same fields and is not unique", zh: "字段相同，且它不是唯一索引" }
            }
        }),
        false => error.cause(text! { en: "it has the same name and other fields", zh: "名称相同，字段不同" }),
    }
    .hint(text! {
        en: "drop it first with `cloudkit db index drop {collection} {name}`",
        zh: "请先用 `cloudkit db index drop {collection} {name}` 删除它"
    })
}

/// Returns `{ keys = ["score:desc"], unique = true }`, leaving out what is the default.
fn index_table(index: &IndexSpec) -> InlineTable {
    let mut table = InlineTable::new();
    let keys: Array = index.keys.iter().map(|key| key.to_string()).collect();
    table.insert("keys", keys.into());
    if index.unique {
        table.insert("unique", true.into());
    }
    if index.sparse {
        table.insert("sparse", true.into());
    }
    if index.name != IndexSpec::default_name(&index.keys) {
        table.insert("name", index.name.as_str().into());
    }
    table
}

/// Appends to a list in the layout it has: one line, or one entry a line.
fn push(list: &mut Array, mut value: Value) {
    let before = list.iter().last().and_then(|last| last.decor().prefix()).and_then(|prefix| prefix.as_str());
    let Some(indent) =
        before.and_then(|prefix| prefix.rsplit_once('\n')).map(|(_, indent)| indent.to_owned())
    else {
        return list.push(value);
    };
    // What stands after the last entry is its comment, and stays on its line.
    let suffix = list.iter_mut().last().map(|last| {
        let suffix = last.decor().suffix().and_then(|suffix| suffix.as_str()).unwrap_or_default().to_owned();
        last.decor_mut().set_suffix("");
        suffix
    });
    let after = suffix.unwrap_or_default() + list.trailing().as_str().unwrap_or_default();
    let (comment, rest) = after.split_once('\n').unwrap_or((&after, ""));
    value.decor_mut().set_prefix(format!("{comment}\n{indent}"));
    list.push_formatted(value);
    list.set_trailing(format!("\n{rest}"));
    list.set_trailing_comma(true);
}

/// Removes an entry; the next one takes its place, blanks before it included.
fn take(list: &mut Array, at: usize) {
    let removed = list.remove(at);
    if let (Some(next), Some(prefix)) = (list.get_mut(at), removed.decor().prefix()) {
        next.decor_mut().set_prefix(prefix.clone());
    }
}

fn rule_value(rule: &str) -> Result<Value> {
    fn of_json(value: &serde_json::Value) -> Value {
        match value {
            serde_json::Value::Bool(flag) => (*flag).into(),
            serde_json::Value::String(text) => text.as_str().into(),
            serde_json::Value::Number(number) => {
                number.as_i64().map_or_else(|| number.as_f64().unwrap_or_default().into(), Value::from)
            }
            serde_json::Value::Array(list) => list.iter().map(of_json).collect::<Array>().into(),
            serde_json::Value::Object(entries) => entries
                .iter()
                .map(|(key, value)| (key.as_str(), of_json(value)))
                .collect::<InlineTable>()
                .into(),
            // TOML has no null; a rule has no use for one.
            serde_json::Value::Null => "".into(),
        }
    }
    match serde_json::from_str(rule) {
        Ok(value @ serde_json::Value::Object(_)) => Ok(of_json(&value)),
        _ => Err(Error::new(
            Kind::Usage,
            text! { en: "a rule must be a JSON object", zh: "规则必须是 JSON 对象" },
        )
        .hint(text! { en: "such as `{{\"read\": true, \"write\": \"doc._openid == auth.openid\"}}`", zh: "例如 `{{\"read\": true, \"write\": \"doc._openid == auth.openid\"}}`" })),
    }
}

/// Gives a new file the mode a file made by an editor has.
fn public(file: &std::fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}

/// Explains that a name is not among a collection's indexes.
pub fn unknown_index(collection: &CollectionName, name: &str, known: &[IndexSpec]) -> Error {
    let names: Vec<&str> = known.iter().map(|index| index.name.as_str()).collect();
    let error = Error::new(
        Kind::NotFound,
        text! { en: "collection `{collection}` has no index `{name}`", zh: "集合 `{collection}` 没有索引 `{name}`" },
    );
    let listed = names.join("`, `");
    match did_you_mean(name, names) {
        Some(meant) => error.hint(suggestion(meant)),
        None if listed.is_empty() => error,
        None => error.hint(text! { en: "its indexes are `{listed}`", zh: "它的索引有 `{listed}`" }),
    }
}
