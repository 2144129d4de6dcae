//! Finding the project a folder belongs to, and the folder its functions live in.

use std::path::{Path, PathBuf};

use super::cloudbaserc::{self, Cloudbaserc};
use super::devtools::{self, DevTools};
use super::manifest::{self, Manifest};

/// Where functions live when no file says so, in order of trust.
const USUAL_ROOTS: [&str; 3] = ["cloudfunctions", "functions", "cloud/functions"];

/// Returns the project's root: the nearest folder upward with a `cloudkit.toml`, else with a file of the incumbent
/// tools or a usual functions folder, else the folder itself.
pub fn root(directory: &Path) -> PathBuf {
    let has = |name: &'static str| move |folder: &&Path| folder.join(name).exists();
    let upward = || directory.ancestors();
    let marked = |folder: &&Path| {
        [devtools::FILE_NAME, cloudbaserc::FILE_NAME].iter().any(|name| folder.join(name).is_file())
            || folder.join("cloudfunctions").is_dir()
    };
    let found = upward().find(has(manifest::FILE_NAME)).or_else(|| upward().find(marked));
    found.unwrap_or(directory).to_owned()
}

/// Returns the folder of function folders: what a file names, whether or not it exists, else a usual one that exists.
pub fn functions_root(
    root: &Path,
    manifest: Option<&Manifest>,
    devtools: Option<&DevTools>,
    cloudbaserc: Option<&Cloudbaserc>,
) -> Option<PathBuf> {
    let named = manifest
        .and_then(|manifest| manifest.functions_root.as_deref())
        .or(devtools.and_then(|devtools| devtools.functions_root.as_deref()))
        .or(cloudbaserc.and_then(|cloudbaserc| cloudbaserc.functions_root.as_deref()));
    let usual = || USUAL_ROOTS.iter().map(|name| root.join(name)).find(|folder| folder.is_dir());
    named.map(|named| join(root, named)).or_else(usual)
}

/// Joins a path from a file written on any system: `./cloudfunctions/` is `cloudfunctions`.
pub(super) fn join(root: &Path, path: &str) -> PathBuf {
    let path = path.replace('\\', "/");
    path.split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .fold(root.to_owned(), |folder, part| folder.join(part))
}
