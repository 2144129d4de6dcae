//! What is whole of the documents a stopped emulator has left, for when their file is damaged.

use std::path::Path;

use super::data_dir::DataDir;
use super::database::unusable;
use crate::api::ejson::{self, Form};
use crate::docdb;
pub use crate::docdb::{Lost, Salvaged};
use crate::error::{Error, Kind, Result};
use crate::text;

/// The documents of a data folder, read without trust. Nothing is written to them.
pub struct Salvage {
    store: docdb::Salvage,
    data: DataDir,
}

impl Salvage {
    /// Opens the documents of a data folder.
    ///
    /// # Errors
    /// There are none, an emulator serves them, or not even the beginning of the file can be read.
    pub fn open(data: &Path) -> Result<Self> {
        if !data.is_dir() {
            let shown = data.display();
            return Err(Error::new(
                Kind::NotFound,
                text! { en: "there is no data folder `{shown}`", zh: "数据目录 `{shown}` 不存在" },
            )
            .hint(text! { en: "name it with `--data DIR`", zh: "可用 `--data 目录` 指定" }));
        }
        let data = DataDir::open(data)?;
        let path = data.documents();
        let store = docdb::Salvage::open(&path).map_err(|error| unusable(&path, &error))?;
        Ok(Salvage { store, data })
    }

    /// Returns the names of the collections; one whose name is lost is called by its number.
    pub fn collections(&self) -> Result<Vec<String>> {
        self.store.collections().map_err(|error| unusable(&self.data.documents(), &error))
    }

    /// Hands each whole document of a collection to `each` as canonical Extended JSON, in the order of insertion.
    ///
    /// # Errors
    /// There is no such collection, or `each` failed.
    pub fn documents(&self, collection: &str, each: &mut dyn FnMut(&str) -> Result<()>) -> Result<Salvaged> {
        let mut outcome = Ok(());
        let salvaged = self.store.documents(collection, &mut |document| {
            if outcome.is_ok() {
                outcome = each(&ejson::to_text(document, Form::Canonical));
            }
        });
        outcome?;
        salvaged.map_err(|error| match error {
            docdb::Error::CollectionNotFound { name } => Error::new(
                Kind::NotFound,
                text! { en: "collection `{name}` does not exist", zh: "集合 `{name}` 不存在" },
            ),
            error => unusable(&self.data.documents(), &error),
        })
    }
}
