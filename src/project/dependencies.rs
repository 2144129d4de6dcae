//! The dependencies of a function: which are not installed, and which the cloud could not install.

use std::path::Path;

use super::json;
use crate::error::Result;
use crate::model::function::Language;

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

/// Returns the names in `requirements.txt` that are not installed in this folder, as `pip install --target` does it. What
/// is wanted under a condition, or from an address, is not looked at.
pub fn missing_requirements(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("requirements.txt")).unwrap_or_default();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let plain = lines.filter(|line| !line.starts_with('-') && !line.contains([';', '@', '/']));
    let names = plain.map(|line| {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        line.split(|c| !is_name(c)).next().unwrap_or_default()
    });
    let installed: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let folder = entry.file_name();
            let (name, _version) = folder.to_str()?.strip_suffix(".dist-info")?.rsplit_once('-')?;
            Some(normalized(name))
        })
        .collect();
    let missing = names.filter(|name| !name.is_empty() && !installed.contains(&normalized(name)));
    missing.map(str::to_owned).collect()
}

/// Returns a package's name as indexes compare it: letter case and the kind of separator do not count.
fn normalized(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
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

/// Returns those packages that a function's entry file imports, by `require('…')` or `from '…'`.
pub fn imported<'a>(folder: &Path, handler: &str, packages: &[&'a str]) -> Vec<&'a str> {
    let entry = super::functions::entry_file(folder, handler, Language::Node);
    let source = entry.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let is_named = |package: &&&str| {
        ['\'', '"', '`'].iter().any(|quote| source.contains(&format!("{quote}{package}{quote}")))
    };
    packages.iter().filter(is_named).copied().collect()
}

/// Looks upward through `node_modules`, as Node does.
pub fn is_installed(folder: &Path, name: &str) -> bool {
    folder.ancestors().any(|folder| folder.join("node_modules").join(name).join("package.json").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_that_are_not_in_the_folder_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let requirements = "# tools\nRequests>=2\nflask[async] == 3.0 # web\ntyping_extensions\n-r more.txt\n\n\
                            pywin32; sys_platform == 'win32'\nmine @ file:///x\n";
        std::fs::write(folder.path().join("requirements.txt"), requirements).expect("a file");
        for installed in ["requests-2.31.0.dist-info", "typing.extensions-4.0.dist-info"] {
            std::fs::create_dir(folder.path().join(installed)).expect("a folder");
        }
        assert_eq!(missing_requirements(folder.path()), ["flask"]);
    }
}
