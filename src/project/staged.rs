//! Projects made of files, for tests.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Options, Project};

/// Writes `(path, text)` files below a folder.
pub fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

/// Makes a folder of such files.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), files);
    folder
}

/// Makes a project of such files, and reads it.
pub fn project(files: &[(&str, &str)]) -> (TempDir, Project) {
    let folder = folder(files);
    let options = Options { directory: folder.path().to_owned(), ..Options::default() };
    let project = Project::load(&options).expect("a project");
    (folder, project)
}
