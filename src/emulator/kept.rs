//! A value kept as a small JSON file of the data folder: read whole at the start, replaced whole with each change.

use std::io::ErrorKind;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Kind, Result};
use crate::model::text::Text;
use crate::project::state;
use crate::text;

/// Reads the file; a missing one is empty. `remedy` says what to do about one that cannot be read.
///
/// # Errors
/// The file cannot be read or is not what this program writes.
pub fn read<T: DeserializeOwned + Default>(file: &Path, remedy: Text) -> Result<T> {
    let unreadable = |error: &(dyn std::error::Error + 'static)| {
        let shown = file.display();
        Error::new(Kind::Failed, text! { en: "could not read `{shown}`", zh: "无法读取 `{shown}`" })
            .source(error)
    };
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| unreadable(&error).hint(remedy)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(unreadable(&error).hint(remedy)),
    }
}

/// Writes the file whole or not at all. Only the user may read it.
///
/// # Errors
/// The file cannot be written; the old one stays then.
pub fn write(file: &Path, value: &impl Serialize) -> Result<()> {
    let written = serde_json::to_vec_pretty(value).map_err(std::io::Error::from);
    written.and_then(|bytes| state::replace(file, &bytes)).map_err(|error| {
        let shown = file.display();
        Error::new(Kind::Failed, text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" })
            .source(&error)
    })
}
