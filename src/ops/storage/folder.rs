//! Folders: many files at a time, under one step of progress.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use super::{Deleted, Downloaded, Listed, Uploaded, fetch, id, list, send, unreadable};
use crate::api::data::storage::{BatchDeleteFile, MOST_FILES, SUCCESS};
use crate::cloud::parts::has_tag;
use crate::error::{Error, Kind, Result};
use crate::ops::progress::Progress;
use crate::ops::target::Target;
use crate::text;

/// Files that were moved, or were there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moved<T> {
    pub files: Vec<T>,
    pub bytes: u64,
    /// How many of them were there already with the same bytes.
    pub unchanged: usize,
}

/// A file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    file: PathBuf,
    /// Below the folder, with `/` between.
    name: String,
    bytes: u64,
}

/// Uploads what is in a folder, `concurrency` files at a time, but for what is there already.
///
/// # Errors
/// The first file that fails ends it; those before it are stored.
pub async fn upload(
    target: &Target,
    folder: &Path,
    path: &str,
    concurrency: usize,
    progress: &dyn Progress,
) -> Result<Moved<Uploaded>> {
    let found = walk(folder)?;
    let (count, bytes) = (found.len(), found.iter().map(|it| it.bytes).sum());
    let path = path.trim_matches('/');
    let step = progress.step(text! { en: "uploaded {count} files", zh: "已上传 {count} 个文件" });
    step.expect(bytes);
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let there = list(target, &prefix).await?;
    let there: BTreeMap<_, _> = there.iter().map(|listed| (listed.path.as_str(), listed)).collect();
    let moved = stream::iter(found)
        .map(|Found { file, name, bytes }| {
            let (key, step) = (format!("{prefix}{name}"), step.as_ref());
            let listed = there.get(key.as_str()).copied();
            async move {
                match listed {
                    Some(listed) if is_same(&file, listed).await => {
                        step.advance(bytes);
                        Ok((Uploaded { file_id: listed.file_id.clone(), path: key, bytes }, true))
                    }
                    _ => send(target, &file, &key, bytes, step).await.map(|uploaded| (uploaded, false)),
                }
            }
        })
        .buffered(concurrency.max(1))
        .try_collect()
        .await?;
    Ok(Moved::of(moved, bytes))
}

/// Downloads the files below a path into a folder, `concurrency` files at a time, but for what is there already.
///
/// # Errors
/// There are none, or the name of one would lead out of the folder; then nothing is downloaded.
pub async fn download(
    target: &Target,
    path: &str,
    into: &Path,
    concurrency: usize,
    progress: &dyn Progress,
) -> Result<Moved<Downloaded>> {
    let (prefix, found) = below(target, path).await?;
    let mut wanted = Vec::with_capacity(found.len());
    for listed in found {
        let name = listed.path.get(prefix.len()..).unwrap_or_default();
        // Tools mark an empty folder by an empty file whose name ends in a slash.
        if !(name.is_empty() || name.ends_with('/')) {
            wanted.push((into.join(inside(name).ok_or_else(|| leads_out(&listed.path))?), listed));
        }
    }
    let (count, bytes) = (wanted.len(), wanted.iter().map(|(_, listed)| listed.bytes).sum());
    let step = progress.step(text! { en: "downloaded {count} files", zh: "已下载 {count} 个文件" });
    step.expect(bytes);
    let bucket = target.bucket().await?;
    let moved = stream::iter(wanted)
        .map(|(file, listed)| {
            let (file_id, step) = (id(target, &bucket, &listed.path), step.as_ref());
            async move {
                if is_same(&file, &listed).await {
                    step.advance(listed.bytes);
                    return Ok((Downloaded { file, bytes: listed.bytes }, true));
                }
                fetch(target, &file_id, file, step).await.map(|downloaded| (downloaded, false))
            }
        })
        .buffered(concurrency.max(1))
        .try_collect()
        .await?;
    Ok(Moved::of(moved, bytes))
}

/// Deletes the files below a path.
pub async fn delete(target: &Target, path: &str) -> Result<Deleted> {
    let (_, found) = below(target, path).await?;
    let mut deleted = Vec::with_capacity(found.len());
    for some in found.chunks(MOST_FILES) {
        let fileid_list = some.iter().map(|listed| listed.file_id.clone()).collect();
        let reply = super::ask(target, &BatchDeleteFile { fileid_list }).await?;
        for (listed, item) in some.iter().zip(&reply.delete_list) {
            if item.code != SUCCESS {
                return Err(super::refused(&listed.path, &item.code));
            }
            deleted.push(listed.path.clone());
        }
    }
    Ok(Deleted { deleted })
}

impl<T> Moved<T> {
    /// Puts files together that were moved or, where it says so, were there.
    fn of(moved: Vec<(T, bool)>, bytes: u64) -> Self {
        let unchanged = moved.iter().filter(|(_, was_there)| *was_there).count();
        Moved { files: moved.into_iter().map(|(file, _)| file).collect(), bytes, unchanged }
    }
}

/// Whether a file of this machine has the bytes of a stored one.
async fn is_same(file: &Path, listed: &Listed) -> bool {
    std::fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.len() == listed.bytes)
        && has_tag(file.to_owned(), listed.bytes, listed.etag.clone()).await
}

/// Lists what is below a path, and returns how their names begin.
async fn below(target: &Target, path: &str) -> Result<(String, Vec<Listed>)> {
    let path = path.trim_matches('/');
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let found = list(target, &prefix).await?;
    if found.is_empty() {
        let message = text! { en: "there are no files below `{path}`", zh: "`{path}` 下没有文件" };
        return Err(Error::new(Kind::NotFound, message)
            .hint(text! { en: "`cloudkit storage list` shows what is there", zh: "可用 `cloudkit storage list` 查看" }));
    }
    Ok((prefix, found))
}

/// Returns the files of a folder, those of its folders too, in the order of their names.
fn walk(folder: &Path) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    let walk = ignore::WalkBuilder::new(folder).standard_filters(false).follow_links(true).build();
    for entry in walk {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let metadata = entry.metadata().map_err(|error| unreadable(entry.path(), &error))?;
        let name = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let parts: Option<Vec<_>> = name.components().map(|part| part.as_os_str().to_str()).collect();
        let Some(parts) = parts else {
            let shown = entry.path().display();
            let message =
                text! { en: "the name of `{shown}` is not Unicode", zh: "`{shown}` 的文件名不是 Unicode" };
            return Err(Error::new(Kind::Usage, message));
        };
        found.push(Found { name: parts.join("/"), bytes: metadata.len(), file: entry.into_path() });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// Returns the path of a stored file inside a folder, or nothing if it would lead out.
pub(super) fn inside(name: &str) -> Option<&Path> {
    let path = Path::new(name);
    let stays = !name.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)));
    // A backslash means something on Windows only, where the file may be carried to. Colons stand in times, and elsewhere
    // are letters like others.
    let is_odd = name.contains(['\\', '\0']) || cfg!(windows) && name.split('/').any(is_reserved);
    (stays && !is_odd).then_some(path)
}

/// Whether Windows takes a name for a device, or for another name.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_port =
        |of: &str| stem.strip_prefix(of).is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'9']));
    let is_device = ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) || is_port("COM") || is_port("LPT");
    is_device || name.contains(':') || name.ends_with(['.', ' '])
}

pub(super) fn leads_out(path: &str) -> Error {
    let message =
        text! { en: "`{path}` cannot be a file of this machine", zh: "`{path}` 不能作为本机文件名" };
    Error::new(Kind::Refused, message)
        .hint(text! { en: "download it alone, under another name", zh: "请单独下载并另取文件名" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_the_folder() {
        for name in ["a", "a/b.txt", "云/😀", ".hidden", "a..b"] {
            assert_eq!(inside(name), Some(Path::new(name)));
        }
        for name in ["", "..", "../a", "a/../../b", "/etc/passwd", "a\\..\\b", "C:\\x"] {
            assert_eq!(inside(name), None, "{name}");
        }
    }

    #[test]
    fn windows_keeps_some_names_to_itself() {
        for (name, is) in [
            ("CON", true),
            ("con.txt", true),
            ("nul .tar.gz", true),
            ("com1", true),
            ("LPT9.log", true),
            ("c:x", true),
            ("10:30.png", true),
            ("a.", true),
            ("a ", true),
            ("console", false),
            ("com10", false),
            ("COM", false),
            ("a.con", false),
            (".hidden", false),
            ("云", false),
        ] {
            assert_eq!(is_reserved(name), is, "{name}");
        }
    }

    #[test]
    fn a_folder_is_walked_with_what_is_hidden_in_the_order_of_names() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b", "a/2", "a/1", ".git/x", "云"] {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            std::fs::write(file, name).expect("written");
        }
        let names: Vec<_> = walk(folder.path()).expect("read").into_iter().map(|it| it.name).collect();
        assert_eq!(names, [".git/x", "a/1", "a/2", "b", "云"]);
        assert!(walk(&folder.path().join("none")).is_err());
    }
}
