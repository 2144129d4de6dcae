//! Fetching the code of a function.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::api::control::function::GetFunctionAddress;
use crate::cloud;
use crate::error::{Error, Kind, Result};
use crate::model::name::FunctionName;
use crate::ops::target::Target;
use crate::text;

/// A function's code on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Downloaded {
    pub name: String,
    pub folder: PathBuf,
    pub files: usize,
    pub bytes: u64,
}

/// Fetches a function's package and unpacks it into a folder, which must be empty or new.
///
/// # Errors
/// There is something in the folder already, besides what can happen to a call.
pub async fn download(target: &Target, name: &FunctionName, folder: &Path) -> Result<Downloaded> {
    refuse_occupied(folder)?;
    let asked = GetFunctionAddress {
        function_name: name.to_string(),
        namespace: Some(target.env_id().to_owned()),
        qualifier: None,
    };
    let address = match target.client().call(&asked).await {
        Ok(address) => address,
        Err(error) => return Err(super::missing(target, name, error).await),
    };
    let package = target.client().fetch(&address.url).await.map_err(|error| match error {
        cloud::Error::Status { text, .. } if !text.is_empty() => Error::new(
            Kind::Refused,
            text! { en: "there is no package of `{name}` to fetch", zh: "云函数 `{name}` 没有可下载的代码包" },
        )
        .cause(text.trim().into()),
        error => error.into(),
    })?;
    let bytes = package.len() as u64;
    let files = unpack(package, folder).map_err(|error| {
        Error::new(
            Kind::Failed,
            text! { en: "could not unpack the package of `{name}`", zh: "无法解压 `{name}` 的代码包" },
        )
        .source(&error)
    })?;
    Ok(Downloaded { name: name.to_string(), folder: folder.to_owned(), files, bytes })
}

fn refuse_occupied(folder: &Path) -> Result<()> {
    let occupied = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    let shown = folder.display();
    match occupied {
        false => Ok(()),
        true => Err(Error::new(Kind::Usage, text! { en: "`{shown}` is not empty", zh: "`{shown}` 不是空目录" })
            .hint(text! { en: "name another folder; nothing is overwritten", zh: "请指定其他目录；不会覆盖任何文件" })),
    }
}

/// Unpacks a zip; entries that would leave the folder are refused by the library.
fn unpack(package: Vec<u8>, folder: &Path) -> std::io::Result<usize> {
    let mut archive = zip::ZipArchive::new(Cursor::new(package))?;
    std::fs::create_dir_all(folder)?;
    archive.extract(folder)?;
    Ok(archive.file_names().flatten().filter(|name| !name.ends_with('/')).count())
}
