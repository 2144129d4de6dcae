//! Storing by a form: fields first, then `file` (node-sdk 2, tcb-admin-node, web SDKs 1.x).

use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart};
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use axum::response::Response;

use super::refused::Refused;
use super::write::{allowed, outdated, stored};
use super::{upload_url, xml};
use crate::emulator::environment::Environment;
use crate::emulator::storage::{Attributes, Error, Object};

/// The most that the fields before the file may hold together, in bytes.
const LARGEST_FIELDS: usize = 64 * 1024;

/// What the fields before the file say.
#[derive(Debug, Default)]
struct Fields {
    /// Bytes read so far.
    size: usize,
    key: String,
    signature: String,
    success: Option<StatusCode>,
    attributes: Attributes,
}

/// `POST` of a form.
pub(super) async fn post(environment: &Environment, parts: Parts, body: Body) -> Result<Response, Refused> {
    let mut request = Request::from_parts(parts, body);
    // The bytes go to disk as they come; their size is the user's business.
    DefaultBodyLimit::disable().apply(&mut request);
    let Ok(mut form) = Multipart::from_request(request, &()).await else {
        return Err(Refused::bad("MalformedPOSTRequest", "the request is not a form"));
    };
    let mut fields = Fields::default();
    while let Some(field) = form.next_field().await.map_err(|_| Error::Interrupted)? {
        if field.name() == Some("file") {
            let key = fields.key.trim_start_matches('/').to_owned();
            let owner = allowed(environment, &key, &fields.signature).ok_or_else(outdated)?;
            let attributes = Attributes { owner, ..fields.attributes };
            let object = store(environment, &key, attributes, field).await?;
            return Ok(answer(environment, &object, fields.success));
        }
        fields.read(field).await?;
    }
    Err(Refused::bad("MalformedPOSTRequest", "the form has no `file`"))
}

impl Fields {
    async fn read(&mut self, mut field: Field<'_>) -> Result<(), Refused> {
        let name = field.name().unwrap_or_default().to_ascii_lowercase();
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(|_| Error::Interrupted)? {
            self.size += chunk.len();
            if self.size > LARGEST_FIELDS {
                return Err(Refused::bad("MaxPostPreDataLengthExceeded", "the fields are larger than 64 KB"));
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match name.as_str() {
            "key" => self.key = text,
            "signature" => self.signature = text,
            "success_action_status" => {
                self.success = match text.as_str() {
                    "200" => Some(StatusCode::OK),
                    "201" => Some(StatusCode::CREATED),
                    "204" => Some(StatusCode::NO_CONTENT),
                    _ => None,
                }
            }
            "content-type" => self.attributes.content_type = Some(text).filter(|text| !text.is_empty()),
            "cache-control" | "content-disposition" | "content-encoding" | "expires" => {
                self.attributes.headers.insert(name, text);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Stores the file of a form; one that breaks off before the boundary stores nothing.
async fn store(
    environment: &Environment,
    key: &str,
    attributes: Attributes,
    mut field: Field<'_>,
) -> Result<Object, Error> {
    let mut upload = environment.storage.create(key, attributes).await?;
    while let Some(chunk) = field.chunk().await.map_err(|_| Error::Interrupted)? {
        upload.write(chunk).await?;
    }
    upload.finish().await
}

/// Web SDKs take no other status than the 201 they ask for; COS describes the file then. The others want an empty body, and
/// `wx.cloud.uploadFile` passes the status on.
fn answer(environment: &Environment, object: &Object, success: Option<StatusCode>) -> Response {
    if success != Some(StatusCode::CREATED) {
        let mut response = stored(&object.etag);
        *response.status_mut() = success.unwrap_or(StatusCode::NO_CONTENT);
        return response;
    }
    let described = [
        xml::element("Location", &upload_url(environment, &object.key)),
        xml::element("Bucket", environment.bucket()),
        xml::element("Key", &object.key),
        xml::element("ETag", &format!("\"{}\"", object.etag)),
    ];
    xml::document(StatusCode::CREATED, &format!("<PostResponse>{}</PostResponse>", described.concat()))
}
