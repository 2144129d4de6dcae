//! Writing a new project: all of it or none, and never over a file of the user's.

use std::io::Write;
use std::path::Path;

use super::File;
use crate::error::{Error, Kind, Result};
use crate::text;

/// Writes files into a folder that is empty or not there yet; a `.git` in it is no matter.
///
/// Everything is written aside first, inside the folder, and moved to its place at the end.
///
/// # Errors
/// A folder with something in it, or one that cannot be written to: then nothing is left behind.
pub fn write(files: &[File], folder: &Path) -> Result<()> {
    let shown = folder.display();
    let failed = |error: &std::io::Error| {
        Error::new(Kind::Failed, text! { en: "could not write to `{shown}`", zh: "无法写入 `{shown}`" })
            .source(error)
    };
    let existed = folder.exists();
    if let Some(found) = occupant(folder).map_err(|error| failed(&error))? {
        return Err(Error::new(
            Kind::Usage,
            text! { en: "`{shown}` is not empty: it has `{found}`", zh: "`{shown}` 不是空目录，其中有 `{found}`" },
        )
        .hint(text! {
            en: "name a new folder, as in `cloudkit init NAME`, or add a manifest to this project with `cloudkit init --adopt`",
            zh: "请指定一个新目录，例如 `cloudkit init 名称`；若要为现有项目添加清单，请用 `cloudkit init --adopt`"
        }));
    }
    let written = write_aside(files, folder);
    if written.is_err() && !existed {
        // Whatever is here was made just now; what cannot be removed is reported by the error already.
        let _ = std::fs::remove_dir_all(folder);
    }
    written.map_err(|error| failed(&error))
}

/// Adds one file to a folder; a file of that name is never replaced.
pub fn add(file: &File, folder: &Path) -> Result<()> {
    let path = folder.join(&file.path);
    let add = || {
        let folder = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(folder)?;
        let mut aside = tempfile::NamedTempFile::new_in(folder)?;
        aside.write_all(&file.bytes)?;
        readable(aside.as_file())?;
        aside.persist_noclobber(&path)?;
        Ok(())
    };
    add().map_err(|error: std::io::Error| {
        let shown = path.display();
        Error::new(Kind::Failed, text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" })
            .source(&error)
    })
}

/// Gives a file that began as a private temporary one the usual mode.
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}

/// Returns the first name that makes a folder not empty.
fn occupant(folder: &Path) -> std::io::Result<Option<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names.into_iter().filter(|name| name != ".git").min())
}

fn write_aside(files: &[File], folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    // Removed with what is left in it when this function returns, in every way it can.
    let aside = tempfile::Builder::new().prefix(".cloudkit-init-").tempdir_in(folder)?;
    for file in files {
        let path = aside.path().join(&file.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, &file.bytes)?;
    }
    for entry in std::fs::read_dir(aside.path())? {
        let entry = entry?;
        std::fs::rename(entry.path(), folder.join(entry.file_name()))?;
    }
    Ok(())
}
