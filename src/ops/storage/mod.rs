//! Stored files: list, upload, download, delete, links.

pub mod folder;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::api::data::SdkAction;
use crate::api::data::storage::{
    BatchDeleteFile, BatchGetDownloadUrl, DownloadItem, GetUploadMetadata, MOST_FILES, NO_SUCH_FILE, SUCCESS,
};
use crate::cloud::parts::{self, Place};
use crate::cloud::transfer::Source;
use crate::error::{Error, Kind, Result};
use crate::model::file_id::FileId;
use crate::text;

use super::progress::{Progress, Step};
use super::target::Target;

/// A stored file in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    pub path: String,
    pub bytes: u64,
    /// RFC 3339, UTC.
    pub modified: String,
    pub file_id: String,
    #[serde(skip)]
    etag: String,
}

/// Returns the files whose paths begin with a prefix, by path.
pub async fn list(target: &Target, prefix: &str) -> Result<Vec<Listed>> {
    let bucket = target.bucket().await?;
    let (mut files, mut marker) = (Vec::new(), String::new());
    loop {
        let page = target.client().list_objects(&bucket, prefix, &marker).await?;
        files.extend(page.objects.into_iter().map(|object| Listed {
            file_id: id(target, &bucket, &object.key).to_string(),
            path: object.key,
            bytes: object.size,
            modified: object.modified,
            etag: object.etag,
        }));
        match page.next {
            Some(next) => marker = next,
            None => return Ok(files),
        }
    }
}

/// A file that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Uploaded {
    pub file_id: String,
    pub path: String,
    pub bytes: u64,
}

/// Uploads a file; a path that ends in `/` keeps the file's own name.
pub async fn upload(target: &Target, file: &Path, path: &str, progress: &dyn Progress) -> Result<Uploaded> {
    let bytes = match std::fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        Ok(metadata) => {
            let shown = file.display();
            let message = text! { en: "`{shown}` is not a file", zh: "`{shown}` 不是文件" };
            let error = Error::new(Kind::Usage, message);
            return Err(match metadata.is_dir() {
                true => error.hint(text! { en: "`--recursive` uploads what is in a folder", zh: "加上 `--recursive` 可上传整个目录" }),
                false => error,
            });
        }
        Err(error) => return Err(unreadable(file, &error)),
    };
    let path = destination(file, path);
    let step = progress.step(text! { en: "uploaded `{path}`", zh: "已上传 `{path}`" });
    step.expect(bytes);
    send(target, file, &path, bytes, step.as_ref()).await
}

fn unreadable(file: &Path, error: &(dyn std::error::Error + 'static)) -> Error {
    let shown = file.display();
    let message = text! { en: "could not read `{shown}`", zh: "无法读取 `{shown}`" };
    Error::new(Kind::NotFound, message).source(error)
}

/// Sends a file to its path, a large one in parts.
async fn send(target: &Target, file: &Path, path: &str, bytes: u64, step: &dyn Step) -> Result<Uploaded> {
    let asked = GetUploadMetadata { path: path.to_owned(), method: Some("put".into()) };
    let place = ask(target, &asked).await?;
    let mut heard = counting(step);
    if bytes >= parts::FROM {
        let bucket = target.bucket().await?;
        let there = Place { bucket: &bucket, key: path, file_id: &place.cos_file_id };
        target.client().upload_in_parts(there, file, bytes, &mut heard).await?;
    } else {
        let headers = [
            ("authorization", place.authorization.as_str()),
            ("signature", &place.authorization),
            ("x-cos-security-token", &place.token),
            ("x-cos-meta-fileid", &place.cos_file_id),
        ];
        target.client().upload(&place.url, &headers, Source::File(file), &mut heard).await?;
    }
    Ok(Uploaded { file_id: place.file_id, path: path.to_owned(), bytes })
}

/// Returns what tells a step how far a transfer is, from the bytes that have moved in all.
fn counting(step: &dyn Step) -> impl FnMut(u64) + Send {
    let mut told = 0;
    move |moved: u64| {
        step.advance(moved.saturating_sub(told));
        told = told.max(moved);
    }
}

fn destination(file: &Path, path: &str) -> String {
    let path = path.trim_start_matches('/');
    let own = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if path.is_empty() || path.ends_with('/') { format!("{path}{own}") } else { path.to_owned() }
}

/// A file that was downloaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Downloaded {
    pub file: PathBuf,
    pub bytes: u64,
}

/// Downloads a file, named by its path or its id; in a folder, which may be new if its name ends with `/`, it keeps its own
/// name.
pub async fn download(
    target: &Target,
    name: &str,
    into: &Path,
    progress: &dyn Progress,
) -> Result<Downloaded> {
    let file_id = resolve(target, name).await?;
    let is_folder =
        into.is_dir() || into.as_os_str().to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR]);
    let file = match is_folder {
        true => {
            let own = file_id.path.rsplit('/').next().unwrap_or_default();
            into.join(folder::inside(own).ok_or_else(|| folder::leads_out(&file_id.path))?)
        }
        false => into.to_owned(),
    };
    let step = progress.step(text! { en: "downloaded `{name}`", zh: "已下载 `{name}`" });
    fetch(target, &file_id, file, step.as_ref()).await
}

/// Brings a stored file to a place, whose folder is made if it is not there.
async fn fetch(target: &Target, file_id: &FileId, file: PathBuf, step: &dyn Step) -> Result<Downloaded> {
    let link = link(target, file_id, None).await?;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            let shown = folder.display();
            Error::new(
                Kind::Failed,
                text! { en: "could not make the folder `{shown}`", zh: "无法创建目录 `{shown}`" },
            )
            .source(&error)
        })?;
    }
    let bytes = target.client().download(&link, &file, &mut counting(step)).await?;
    Ok(Downloaded { file, bytes })
}

/// Files that are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    pub deleted: Vec<String>,
}

/// Deletes files, named by their paths or their ids.
///
/// # Errors
/// One of them is not there: the others are deleted.
pub async fn delete(target: &Target, names: &[String]) -> Result<Deleted> {
    let mut file_ids = Vec::new();
    for name in names {
        file_ids.push(resolve(target, name).await?.to_string());
    }
    let mut deleted = Vec::with_capacity(names.len());
    for some in file_ids.chunks(MOST_FILES) {
        deleted.extend(ask(target, &BatchDeleteFile { fileid_list: some.to_vec() }).await?.delete_list);
    }
    for (name, item) in names.iter().zip(&deleted) {
        if item.code != SUCCESS {
            return Err(refused(name, &item.code));
        }
    }
    Ok(Deleted { deleted: names.to_vec() })
}

/// A link to a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Linked {
    pub url: String,
    pub file_id: String,
}

/// Makes a link that lives for some seconds, two hours when nothing is said.
pub async fn url(target: &Target, name: &str, seconds: Option<u64>) -> Result<Linked> {
    let file_id = resolve(target, name).await?;
    Ok(Linked { url: link(target, &file_id, seconds).await?, file_id: file_id.to_string() })
}

async fn link(target: &Target, file_id: &FileId, seconds: Option<u64>) -> Result<String> {
    let item =
        DownloadItem { fileid: file_id.to_string(), max_age: seconds, url_type: Some("COS_URL".into()) };
    let reply = ask(target, &BatchGetDownloadUrl { file_list: vec![item] }).await?;
    let found = reply.download_list.into_iter().next();
    let (code, url) = found.map_or_else(Default::default, |it| {
        (it.code, if it.temp_file_url.is_empty() { it.download_url } else { it.temp_file_url })
    });
    if url.is_empty() { Err(refused(&file_id.path, &code)) } else { Ok(url) }
}

fn refused(name: &str, code: &str) -> Error {
    match code {
        NO_SUCH_FILE | "" => {
            Error::new(Kind::NotFound, text! { en: "there is no file `{name}`", zh: "文件 `{name}` 不存在" })
                .code(NO_SUCH_FILE)
                .hint(text! { en: "`cloudkit storage list` shows what is there", zh: "可用 `cloudkit storage list` 查看" })
        }
        code => Error::new(Kind::Refused, text! { en: "`{name}` was refused", zh: "`{name}` 被拒绝" }).code(code),
    }
}

/// Reads the name of a stored file: an id, or a path in the target's bucket.
async fn resolve(target: &Target, name: &str) -> Result<FileId> {
    if name.starts_with("cloud://") {
        return name.parse();
    }
    Ok(id(target, &target.bucket().await?, name.trim_start_matches('/')))
}

fn id(target: &Target, bucket: &str, path: &str) -> FileId {
    FileId { env: target.env_id().to_owned(), bucket: bucket.to_owned(), path: path.to_owned() }
}

/// Sends an SDK action and reads its answer.
async fn ask<A: SdkAction>(target: &Target, action: &A) -> Result<A::Reply> {
    let unreadable = |error: serde_json::Error| {
        let name = A::NAME;
        let message =
            text! { en: "the answer of `{name}` cannot be understood", zh: "无法理解 `{name}` 的响应" };
        Error::new(Kind::Failed, message).source(&error)
    };
    let fields = serde_json::to_value(action).map_err(unreadable)?;
    let mut reply = target.client().admin(A::NAME, fields).await?;
    let data = reply.get_mut("data").map(serde_json::Value::take).unwrap_or_default();
    serde_json::from_value(data).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    struct Counted(AtomicU64);

    impl Step for Counted {
        fn expect(&self, _bytes: u64) {}
        fn advance(&self, bytes: u64) {
            self.0.fetch_add(bytes, Ordering::Relaxed);
        }
        fn say(&self, _state: crate::model::text::Text) {}
        fn finish(self: Box<Self>) {}
    }

    #[test]
    fn progress_counts_each_byte_once_though_a_transfer_begins_anew() {
        let step = Counted(AtomicU64::new(0));
        let mut heard = counting(&step);
        for (moved, counted) in [(0, 0), (10, 10), (30, 30), (5, 30), (20, 30), (40, 40), (40, 40)] {
            heard(moved);
            assert_eq!(step.0.load(Ordering::Relaxed), counted, "{moved}");
        }
    }

    #[test]
    fn a_folder_keeps_the_files_own_name() {
        for (path, expected) in
            [("a/b.txt", "a/b.txt"), ("/a/", "a/cat.png"), ("", "cat.png"), ("/", "cat.png")]
        {
            assert_eq!(destination(Path::new("pictures/cat.png"), path), expected, "{path}");
        }
    }
}
