//! The dependencies of a function: which are not installed, and which the cloud could not install.

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

/// Returns the dependencies that are folders or links on this machine, which the cloud cannot install.
pub fn local_dependencies(folder: &Path) -> Result<Vec<String>> {
    let Some(package) = json::read(&folder.join("package.json"))? else { return Ok(Vec::new()) };
    let dependencies = package.get("dependencies").and_then(|names| names.as_object());
    let is_local =
        |version: &str| ["file:", "link:", "workspace:"].iter().any(|kind| version.starts_with(kind));
    let local =
        dependencies.into_iter().flatten().filter(|(_, version)| version.as_str().is_some_and(is_local));
    Ok(local.map(|(name, _)| name.clone()).collect())
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
