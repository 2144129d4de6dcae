//! Which dependencies of a function are not installed.

use std::path::Path;

use super::json;
use crate::error::Result;

/// Returns the names in `dependencies` of `package.json` that Node would not find from this folder.
///
/// # Errors
/// A `package.json` that cannot be read or is not JSON.
pub fn missing_dependencies(folder: &Path) -> Result<Vec<String>> {
    let Some(package) = json::read(&folder.join("package.json"))? else { return Ok(Vec::new()) };
    let names = package.get("dependencies").and_then(|names| names.as_object());
    let names = names.into_iter().flat_map(|names| names.keys());
    Ok(names.filter(|name| !is_installed(folder, name)).cloned().collect())
}

/// Tells whether a function's entry file imports a package, by `require('…')` or `from '…'`.
pub fn imports(folder: &Path, handler: &str, package: &str) -> bool {
    let entry = super::functions::entry_file(folder, handler);
    let source = entry.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    ['\'', '"', '`'].iter().any(|quote| source.contains(&format!("{quote}{package}{quote}")))
}

/// Looks upward through `node_modules`, as Node does.
pub fn is_installed(folder: &Path, name: &str) -> bool {
    folder.ancestors().any(|folder| folder.join("node_modules").join(name).join("package.json").is_file())
}
