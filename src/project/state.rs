//! `.cloudkit/`: what the program itself keeps in a project.

use std::io;
use std::path::{Path, PathBuf};

/// The folder inside a project that holds what the program writes.
pub const FOLDER: &str = ".cloudkit";

/// Makes the folder and returns it. It holds keys, data and notes of one machine, so git is told to pass it over.
pub fn make(project: &Path) -> io::Result<PathBuf> {
    let folder = project.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        std::fs::write(ignore, "*\n")?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_passes_the_folder_over_unless_told_otherwise() {
        let project = tempfile::tempdir().expect("a folder");
        let ignore = make(project.path()).expect("made").join(".gitignore");
        assert_eq!(std::fs::read_to_string(&ignore).expect("there"), "*\n");
        std::fs::write(&ignore, "data/\n").expect("the user's own");
        make(project.path()).expect("there already");
        assert_eq!(std::fs::read_to_string(&ignore).expect("there"), "data/\n");
    }
}
