//! Packages of a workspace that functions depend on and that are TypeScript as they are written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::json;

/// Returns the folders of the TypeScript packages that a function depends on, itself or by another: its `node_modules` have
/// links to them.
pub fn packages(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    follow(folder, &mut found);
    found
}

fn follow(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    let package = json::read(&folder.join("package.json")).ok().flatten().unwrap_or_default();
    let names = ["dependencies", "devDependencies"].iter().filter_map(|key| package.get(key)?.as_object());
    for name in names.flat_map(|names| names.keys()) {
        let places = folder.ancestors().map(|above| above.join("node_modules").join(name));
        let Some(place) = places.filter_map(|place| place.canonicalize().ok()).next() else { continue };
        let is_installed = place.components().any(|part| part.as_os_str() == "node_modules");
        if !is_installed && is_typescript(&place) && found.insert(place.clone()) {
            follow(&place, found);
        }
    }
}

/// Tells whether a package is loaded from TypeScript files.
fn is_typescript(folder: &Path) -> bool {
    let package = json::read(&folder.join("package.json")).ok().flatten().unwrap_or_default();
    let entries: Vec<String> =
        ["main", "module", "exports"].iter().filter_map(|key| Some(package.get(key)?.to_string())).collect();
    let named = entries.concat().replace(".d.ts", "");
    [".ts\"", ".mts\"", ".cts\""].iter().any(|end| named.contains(end))
        || (entries.is_empty() && folder.join("index.ts").is_file())
}
