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

/// Puts a file in the place of another at once, so that nobody reads half of it. It is the user's alone (0600).
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut aside = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    io::Write::write_all(&mut aside, bytes)?;
    aside.persist(path)?;
    Ok(())
}

/// Removes the folder if nothing but the note to git is in it.
pub fn tidy(project: &Path) {
    let folder = project.join(FOLDER);
    let is_note = |entry: io::Result<std::fs::DirEntry>| entry.is_ok_and(|it| it.file_name() == ".gitignore");
    if std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.all(is_note)) {
        // What cannot be removed does no harm.
        let _ = std::fs::remove_dir_all(folder);
    }
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
        let data = project.path().join(FOLDER).join("data");
        std::fs::create_dir(&data).expect("a folder");
        tidy(project.path());
        assert_eq!(std::fs::read_to_string(&ignore).expect("there"), "data/\n");
        std::fs::remove_dir(data).expect("removed");
        tidy(project.path());
        assert!(!project.path().join(FOLDER).exists());
    }
}
