//! Files: what the SDKs ask before and after the bytes travel.

use super::{Answer, Call, Result};
use crate::api::data::storage::{
    BatchCopyFile, BatchDeleteFile, BatchGetDownloadUrl, CopiedFile, CopyItem, CopyList, DeleteList,
    DeletedFile, DownloadItem, DownloadLink, DownloadList, FileAuthority, GetFileAuthority,
    GetUploadMetadata, NO_SUCH_FILE, SUCCESS, UploadFile, UploadMetadata, UploadedFile,
};
use crate::api::data::{Failure, SdkAction};
use crate::emulator::edge::object;
use crate::emulator::environment::Environment;
use crate::emulator::storage::{Error, Purpose, check_key};

/// How long a link lives when nobody says, in seconds.
const LINK_LIFE: u64 = 7200;
/// How long an upload may take to begin, in seconds.
const UPLOAD_LIFE: i64 = 900;

/// Answers an action about files, or nothing if it is none.
pub(super) async fn answer(environment: &Environment, call: &Call<'_>) -> Option<Result<Answer>> {
    Some(match call.action {
        GetUploadMetadata::NAME => call.read().and_then(|it| Answer::data(&upload(environment, it)?)),
        BatchGetDownloadUrl::NAME => call.read().and_then(|it| Answer::data(&links(environment, it))),
        GetFileAuthority::NAME => call.read().and_then(|it| Answer::data(&authority(it))),
        UploadFile::NAME => match call.read() {
            Ok(it) => store(environment, it, call.file).await.and_then(|it| Answer::data(&it)),
            Err(failure) => Err(failure),
        },
        BatchDeleteFile::NAME => match call.read() {
            Ok(it) => Answer::data(&delete(environment, it).await),
            Err(failure) => Err(failure),
        },
        BatchCopyFile::NAME => match call.read() {
            Ok(it) => Answer::data(&copy(environment, it).await),
            Err(failure) => Err(failure),
        },
        _ => return None,
    })
}

fn upload(environment: &Environment, it: GetUploadMetadata) -> Result<UploadMetadata> {
    let storage = &environment.storage;
    let key = it.path.trim_start_matches('/');
    check_key(key).map_err(Failure::parameter)?;
    let until = storage.seconds() + UPLOAD_LIFE;
    Ok(UploadMetadata {
        url: object::upload_url(environment, key),
        token: "local".into(),
        authorization: object::authorization(until, &storage.sign(Purpose::Write, key, until)),
        file_id: storage.file_id(key),
        cos_file_id: object::encoded(&storage.file_id(key)),
        download_url: object::download_url(environment, key, LINK_LIFE),
    })
}

async fn store(environment: &Environment, it: UploadFile, bytes: &[u8]) -> Result<UploadedFile> {
    let key = it.path.trim_start_matches('/');
    let stored = async {
        let mut upload = environment.storage.create(key, None).await?;
        upload.write(bytes).await?;
        upload.finish().await
    };
    let object = stored.await.map_err(|error| Failure::new(code_of(&error), error.to_string()))?;
    Ok(UploadedFile { file_id: environment.storage.file_id(&object.key) })
}

fn links(environment: &Environment, it: BatchGetDownloadUrl) -> DownloadList {
    DownloadList { download_list: it.file_list.into_iter().map(|item| link(environment, item)).collect() }
}

fn link(environment: &Environment, item: DownloadItem) -> DownloadLink {
    let key = environment.storage.key_of(&item.fileid);
    let max_age = item.max_age.filter(|age| *age > 0).unwrap_or(LINK_LIFE);
    let (code, url) = match environment.storage.get(&key) {
        Ok(_) if item.url_type.as_deref() == Some("COS_URL") => {
            (SUCCESS, object::encoded_download_url(environment, &key, max_age))
        }
        Ok(_) => (SUCCESS, object::download_url(environment, &key, max_age)),
        Err(_) => (NO_SUCH_FILE, String::new()),
    };
    DownloadLink {
        message: url.is_empty().then(|| "storage file not exists".to_owned()),
        code: code.into(),
        file_id: item.fileid,
        temp_file_url: url.clone(),
        download_url: url,
        max_age,
    }
}

async fn delete(environment: &Environment, it: BatchDeleteFile) -> DeleteList {
    let mut delete_list = Vec::with_capacity(it.fileid_list.len());
    for file_id in it.fileid_list {
        let key = environment.storage.key_of(&file_id);
        let code = environment.storage.remove(&key).await.map_or_else(|error| code_of(&error), |()| SUCCESS);
        delete_list.push(DeletedFile { code: code.into(), file_id });
    }
    DeleteList { delete_list }
}

async fn copy(environment: &Environment, it: BatchCopyFile) -> CopyList {
    let mut copy_list = Vec::with_capacity(it.file_list.len());
    for item in it.file_list {
        copy_list.push(match copy_one(environment, &item).await {
            Ok(file_id) => CopiedFile { code: SUCCESS.into(), file_id, message: None },
            Err(error) => CopiedFile {
                code: code_of(&error).into(),
                file_id: String::new(),
                message: Some(error.to_string()),
            },
        });
    }
    CopyList { copy_list }
}

async fn copy_one(environment: &Environment, item: &CopyItem) -> std::result::Result<String, Error> {
    let storage = &environment.storage;
    let (from, to) = (storage.key_of(&item.src_path), storage.key_of(&item.dst_path));
    storage.copy(&from, &to, item.overwrite.unwrap_or(true)).await?;
    if item.remove_original == Some(true) && from != to {
        storage.remove(&from).await?;
    }
    Ok(storage.file_id(&to))
}

fn authority(it: GetFileAuthority) -> FileAuthority {
    FileAuthority { allowed: true, file_list: it.file_list }
}

fn code_of(error: &Error) -> &'static str {
    match error {
        Error::NotFound { .. } => NO_SUCH_FILE,
        Error::Exists { .. } | Error::Key { .. } => "INVALID_PARAM",
        Error::Interrupted | Error::Io(_) => "STORAGE_REQUEST_FAIL",
    }
}
