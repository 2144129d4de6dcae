//! Deleting: `DELETE KEY`, or many by `POST /?delete`.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use md5::{Digest, Md5};

use super::headers::digest;
use super::refused::Refused;
use super::xml::{self, document, element};
use super::{authenticate, no_content, read_list};
use crate::emulator::environment::Environment;
use crate::emulator::storage::Error;

/// The most files of one request (COS).
const MOST: usize = 1000;

/// `DELETE KEY`: a file that is not there is gone, too.
pub(super) async fn one(environment: &Environment, parts: &Parts, key: &str) -> Result<Response, Refused> {
    authenticate(environment, parts, key)?;
    match environment.storage.remove(key).await {
        Ok(()) | Err(Error::NotFound { .. }) => Ok(no_content()),
        Err(error) => Err(error.into()),
    }
}

/// `POST /?delete`.
pub(super) async fn many(environment: &Environment, parts: &Parts, body: Body) -> Result<Response, Refused> {
    authenticate(environment, parts, "")?;
    let body = read_list(body).await?;
    if digest(&parts.headers)?.is_some_and(|expected| <[u8; 16]>::from(Md5::digest(&body)) != expected) {
        return Err(Error::Digest.into());
    }
    let list = String::from_utf8_lossy(&body);
    let keys: Option<Vec<_>> =
        xml::inside(&list, "Object").iter().map(|object| xml::text(object, "Key")).collect();
    let keys = keys.filter(|keys| !keys.is_empty() && keys.len() <= MOST && list.contains("</Delete>"));
    let keys =
        keys.ok_or_else(|| Refused::bad("MalformedXML", "the body is not a list of 1 to 1000 files"))?;
    let is_quiet = xml::word(&list, "Quiet").is_some_and(|quiet| quiet == "true");
    let mut told = String::new();
    for key in keys {
        match environment.storage.remove(&key).await {
            Ok(()) | Err(Error::NotFound { .. }) if is_quiet => {}
            Ok(()) | Err(Error::NotFound { .. }) => {
                told += &format!("<Deleted>{}</Deleted>", element("Key", &key));
            }
            Err(error) => {
                let why = [element("Code", "InternalError"), element("Message", &error.to_string())];
                told += &format!("<Error>{}{}</Error>", element("Key", &key), why.concat());
            }
        }
    }
    Ok(document(StatusCode::OK, &format!("<DeleteResult>{told}</DeleteResult>")))
}
