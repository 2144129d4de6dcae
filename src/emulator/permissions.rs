//! Who may read and write what: the presets and rules set by the manifest or a client, kept in the data folder.
//!
//! Server SDKs act with the admin's rights and are never asked; other doors are.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::kept;
use crate::error::{Error, Result};
use crate::model::permission::Permission;
use crate::text;

/// What a permission is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    Collection(String),
    /// All files of the environment.
    Storage,
    /// All functions of the environment.
    Functions,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resource::Collection(name) => write!(f, "collection:{name}"),
            Resource::Storage => f.write_str("storage"),
            Resource::Functions => f.write_str("functions"),
        }
    }
}

/// A permission as it lies in the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    tag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
}

/// Permissions set aside.
#[derive(Debug)]
pub struct Saved(BTreeMap<String, Entry>);

impl Saved {
    /// Reads the file; a missing file is an empty one.
    ///
    /// # Errors
    /// The file cannot be read or is not what this program writes.
    pub fn read(file: &Path) -> Result<Self> {
        read(file).map(Saved)
    }
}

/// The permissions of one environment.
#[derive(Debug)]
pub struct Permissions {
    file: PathBuf,
    entries: RwLock<BTreeMap<String, Entry>>,
    changes: watch::Sender<()>,
}

impl Permissions {
    /// Reads the file; a missing file is an empty one.
    ///
    /// # Errors
    /// The file cannot be read or is not what this program writes.
    pub fn open(file: PathBuf) -> Result<Self> {
        let entries = read(&file)?;
        Ok(Permissions { file, entries: RwLock::new(entries), changes: watch::Sender::default() })
    }

    /// Tells whenever something is set.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Writes all permissions to another file.
    pub fn save(&self, to: &Path) -> Result<()> {
        kept::write(to, &*self.entries.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts permissions that were set aside in place of the present ones, and takes that back when `then` fails.
    pub fn restore<E: From<Error>>(
        &self,
        Saved(saved): Saved,
        then: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        kept::write(&self.file, &saved)?;
        if let Err(error) = then() {
            kept::write(&self.file, &*entries)?;
            return Err(error);
        }
        *entries = saved;
        drop(entries);
        self.changes.send_replace(());
        Ok(())
    }

    /// Returns what was set for a resource, or what the platform starts with: a collection is its creator's, files are
    /// read by everybody, functions are called by whoever is logged in.
    pub fn of(&self, resource: &Resource) -> Permission {
        self.set_for(resource).unwrap_or_else(|| match resource {
            Resource::Collection(_) => Permission::Private,
            Resource::Storage => Permission::ReadOnly,
            Resource::Functions => Permission::Custom(r#"{"*":{"invoke":"auth != null"}}"#.into()),
        })
    }

    /// Returns what was set for a resource.
    pub fn set_for(&self, resource: &Resource) -> Option<Permission> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&resource.to_string())?;
        entry.rule.clone().map(Permission::Custom).or_else(|| Permission::preset(&entry.tag))
    }

    /// Sets a permission, or takes it away, and writes it down.
    pub fn set(&self, resource: &Resource, permission: Option<&Permission>) -> Result<()> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = entries.clone();
        match permission {
            Some(permission) => changed.insert(
                resource.to_string(),
                Entry { tag: permission.tag().to_owned(), rule: permission.rule().map(str::to_owned) },
            ),
            None => changed.remove(&resource.to_string()),
        };
        kept::write(&self.file, &changed)?;
        *entries = changed;
        drop(entries);
        self.changes.send_replace(());
        Ok(())
    }
}

/// Reads the file; a missing file is an empty one.
fn read(file: &Path) -> Result<BTreeMap<String, Entry>> {
    kept::read(
        file,
        text! {
            en: "the file holds only permissions; remove it and set them again",
            zh: "该文件只保存权限；可删除后重新设置"
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_outlives_the_process() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("permissions.json");
        let (todos, rule) =
            (Resource::Collection("todos".into()), Permission::Custom(r#"{"read":true}"#.into()));
        let permissions = Permissions::open(file.clone()).expect("an empty start");
        assert_eq!(permissions.of(&todos), Permission::Private);
        permissions.set(&todos, Some(&rule)).expect("written");
        permissions.set(&Resource::Storage, Some(&Permission::AdminOnly)).expect("written");
        permissions.set(&Resource::Storage, None).expect("written");

        let again = Permissions::open(file).expect("what was written reads back");
        assert_eq!(again.of(&todos), rule);
        assert_eq!(again.set_for(&Resource::Storage), None);
    }
}
