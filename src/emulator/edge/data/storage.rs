//! Files: what the SDKs ask before and after the bytes travel.

use super::{Answer, Call, Result};
use crate::api::data::storage::{
    AuthorityItem, BatchCopyFile, BatchDeleteFile, BatchGetDownloadUrl, CopiedFile, CopyItem, CopyList,
    DeleteList, DeletedFile, DownloadItem, DownloadLink, DownloadList, FileAuthority, GetFileAuthority,
    GetUploadMetadata, MOST_FILES, NO_SUCH_FILE, SUCCESS, UploadFile, UploadMetadata, UploadedFile,
};
use crate::api::data::{Failure, SdkAction};
use crate::emulator::access::files::{self, Use};
use crate::emulator::edge::object;
use crate::emulator::environment::Environment;
use crate::emulator::principal::{Principal, User};
use crate::emulator::storage::{Attributes, Error, Purpose, check_key};

/// How long a link lives when nobody says, in seconds.
const LINK_LIFE: u64 = 7200;
/// How long an upload may take to begin, in seconds.
const UPLOAD_LIFE: i64 = 900;

/// Answers an action about files, or nothing if it is none.
pub(super) async fn answer(environment: &Environment, call: &Call<'_>) -> Option<Result<Answer>> {
    Some(match call.action {
        GetUploadMetadata::NAME => {
            call.read().and_then(|it| Answer::data(&upload(environment, call.principal, it)?))
        }
        BatchGetDownloadUrl::NAME => {
            call.read().and_then(|it| Answer::data(&links(environment, call.principal, it)?))
        }
        GetFileAuthority::NAME => {
            call.read().and_then(|it| Answer::data(&authority(environment, call.principal, it)))
        }
        UploadFile::NAME => match call.read() {
            Ok(it) => {
                store(environment, call.principal, it, call.file).await.and_then(|it| Answer::data(&it))
            }
            Err(failure) => Err(failure),
        },
        BatchDeleteFile::NAME => match call.read() {
            Ok(it) => delete(environment, call.principal, it).await.and_then(|it| Answer::data(&it)),
            Err(failure) => Err(failure),
        },
        BatchCopyFile::NAME => match call.read() {
            Ok(it) => Answer::data(&copy(environment, call.principal, it).await),
            Err(failure) => Err(failure),
        },
        _ => return None,
    })
}

fn upload(environment: &Environment, principal: &Principal, it: GetUploadMetadata) -> Result<UploadMetadata> {
    let (storage, key) = (&environment.storage, it.path.as_str());
    check_key(key).map_err(Failure::parameter)?;
    files::check(environment, principal, Use::Write, key)?;
    let (until, owner) = (storage.seconds() + UPLOAD_LIFE, principal.owner());
    Ok(UploadMetadata {
        url: object::upload_url(environment, key),
        token: "local".into(),
        authorization: object::authorization(until, owner, &storage.sign(Purpose::Write(owner), key, until)),
        file_id: storage.file_id(key),
        cos_file_id: object::encoded(&storage.file_id(key)),
        download_url: object::download_url(environment, key, LINK_LIFE),
    })
}

async fn store(
    environment: &Environment,
    principal: &Principal,
    it: UploadFile,
    bytes: &[u8],
) -> Result<UploadedFile> {
    let key = it.path.as_str();
    check_key(key).map_err(Failure::parameter)?;
    files::check(environment, principal, Use::Write, key)?;
    let attributes = Attributes { owner: principal.owner().map(str::to_owned), ..Attributes::default() };
    let stored = async {
        let mut upload = environment.storage.create(key, attributes).await?;
        upload.write(bytes::Bytes::copy_from_slice(bytes)).await?;
        upload.finish().await
    };
    let object = stored.await.map_err(|error| Failure::new(code_of(&error), error.to_string()))?;
    Ok(UploadedFile { file_id: environment.storage.file_id(&object.key) })
}

fn links(environment: &Environment, principal: &Principal, it: BatchGetDownloadUrl) -> Result<DownloadList> {
    check_count(it.file_list.len())?;
    Ok(DownloadList {
        download_list: it.file_list.into_iter().map(|item| link(environment, principal, item)).collect(),
    })
}

/// Refuses more files than one request may name, in the platform's words (`docs/wire.md#files`).
fn check_count(count: usize) -> Result<()> {
    match count > MOST_FILES {
        true => Err(Failure::new("INVALID_PARAM", "Invalid request param")),
        false => Ok(()),
    }
}

fn link(environment: &Environment, principal: &Principal, item: DownloadItem) -> DownloadLink {
    let key = environment.storage.key_of(&item.fileid);
    let max_age = item.max_age.filter(|age| *age > 0).unwrap_or(LINK_LIFE);
    let (code, url) = match environment.storage.get(&key) {
        _ if files::check(environment, principal, Use::Read, &key).is_err() => (files::DENIED, String::new()),
        Ok(_) if item.url_type.as_deref() == Some("COS_URL") => {
            (SUCCESS, object::encoded_download_url(environment, &key, max_age))
        }
        Ok(_) => (SUCCESS, object::download_url(environment, &key, max_age)),
        Err(_) => (NO_SUCH_FILE, String::new()),
    };
    DownloadLink {
        message: match code {
            SUCCESS => None,
            files::DENIED => Some("storage permission denied".to_owned()),
            _ => Some("storage file not exists".to_owned()),
        },
        code: code.into(),
        file_id: item.fileid,
        temp_file_url: url.clone(),
        download_url: url,
        max_age,
    }
}

async fn delete(environment: &Environment, principal: &Principal, it: BatchDeleteFile) -> Result<DeleteList> {
    check_count(it.fileid_list.len())?;
    let mut delete_list = Vec::with_capacity(it.fileid_list.len());
    for file_id in it.fileid_list {
        let key = environment.storage.key_of(&file_id);
        let code = match files::check(environment, principal, Use::Write, &key) {
            Ok(()) => {
                environment.storage.remove(&key).await.map_or_else(|error| code_of(&error), |()| SUCCESS)
            }
            Err(denied) => denied.code,
        };
        delete_list.push(DeletedFile { code: code.into(), file_id });
    }
    Ok(DeleteList { delete_list })
}

async fn copy(environment: &Environment, principal: &Principal, it: BatchCopyFile) -> CopyList {
    let mut copy_list = Vec::with_capacity(it.file_list.len());
    for item in it.file_list {
        copy_list.push(match copy_one(environment, principal, &item).await {
            Ok(file_id) => CopiedFile { code: SUCCESS.into(), file_id, message: None },
            Err(Failure { code, message }) => {
                CopiedFile { code: code.into(), file_id: String::new(), message: Some(message) }
            }
        });
    }
    CopyList { copy_list }
}

async fn copy_one(environment: &Environment, principal: &Principal, item: &CopyItem) -> Result<String> {
    let storage = &environment.storage;
    let (from, to) = (storage.key_of(&item.src_path), storage.key_of(&item.dst_path));
    let removes = item.remove_original == Some(true) && from != to;
    files::check(environment, principal, Use::Read, &from)?;
    files::check(environment, principal, Use::Write, &to)?;
    if removes {
        files::check(environment, principal, Use::Write, &from)?;
    }
    let failed = |error: Error| Failure::new(code_of(&error), error.to_string());
    storage
        .copy(&from, &to, item.overwrite.unwrap_or(true), None, principal.owner())
        .await
        .map_err(failed)?;
    if removes {
        storage.remove(&from).await.map_err(failed)?;
    }
    Ok(storage.file_id(&to))
}

fn authority(environment: &Environment, principal: &Principal, it: GetFileAuthority) -> FileAuthority {
    let GetFileAuthority { file_list, open_id, uid } = it;
    let person = |id: Option<String>| id.filter(|id| !id.is_empty());
    let principal = match (principal, person(open_id), person(uid)) {
        (Principal::Client(_), ..) | (Principal::Admin, None, None) => principal.clone(),
        (Principal::Admin, openid, uid) => {
            Principal::Client(Some(User { uid, openid, unionid: None, login: None }))
        }
    };
    let may = |how, item: &AuthorityItem| {
        files::check(environment, &principal, how, &environment.storage.key_of(&item.path)).is_ok()
    };
    let allowed = file_list.iter().all(|item| match item.kind.as_str() {
        "READ" => may(Use::Read, item),
        "WRITE" => may(Use::Write, item),
        _ => may(Use::Read, item) && may(Use::Write, item),
    });
    FileAuthority { allowed, file_list }
}

fn code_of(error: &Error) -> &'static str {
    match error {
        Error::NotFound { .. } => NO_SUCH_FILE,
        Error::Exists { .. } | Error::Key { .. } => "INVALID_PARAM",
        _ => "STORAGE_REQUEST_FAIL",
    }
}
