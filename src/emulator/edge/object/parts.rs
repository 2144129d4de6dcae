//! Uploads in parts: `POST KEY?uploads`, `PUT KEY?partNumber=&uploadId=`, `POST`, `DELETE` and `GET KEY?uploadId=`,
//! `GET /?uploads`. See `docs/wire.md#object-storage`.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use futures_util::StreamExt;

use super::headers::{attributes, digest, value};
use super::refused::Refused;
use super::write::{COPY_SOURCE, source, stored};
use super::xml::{self, document, element};
use super::{authenticate, moment, query, read_list, upload_url};
use crate::emulator::edge::target::query_values;
use crate::emulator::environment::Environment;
use crate::emulator::storage::{Error, PartTold};

/// The most parts or uploads in a page.
const PAGE: usize = 1000;

/// `POST KEY?uploads`.
pub(super) fn begin(environment: &Environment, parts: &Parts, key: &str) -> Result<Response, Refused> {
    authenticate(environment, parts, key)?;
    let id = environment.storage.begin_parts(key, attributes(&parts.headers, None)?)?;
    let told = [element("Bucket", environment.bucket()), element("Key", key), element("UploadId", &id)];
    Ok(result("InitiateMultipartUploadResult", &told.concat()))
}

/// `PUT KEY?partNumber=&uploadId=`: the body, or a stretch of another object.
pub(super) async fn put(
    environment: &Environment,
    parts: &Parts,
    key: &str,
    body: Body,
) -> Result<Response, Refused> {
    authenticate(environment, parts, key)?;
    let number = query(parts, "partNumber").unwrap_or_default().parse().unwrap_or_default();
    let mut upload = environment.storage.create_part(key, &id(parts), number)?;
    if parts.headers.contains_key(COPY_SOURCE) {
        let object = source(environment, &parts.headers)?;
        let mut reading = environment.storage.open(&object.key).await?;
        if let Some(range) = value(&parts.headers, "x-cos-copy-source-range") {
            let range = super::read::parse_range(range, object.size).and_then(Result::ok);
            let range =
                range.ok_or_else(|| Refused::bad("InvalidArgument", "the range is not in the file"))?;
            reading.narrow(range.start, range.end - range.start)?;
        }
        while let Some(bytes) = reading.next().await? {
            upload.write(bytes).await?;
        }
        let part = upload.finish().await?;
        return Ok(result("CopyPartResult", &[tag(&part), changed(&part)].concat()));
    }
    upload.expect(digest(&parts.headers)?);
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        upload.write(chunk.map_err(|_| Error::Interrupted)?).await?;
    }
    Ok(stored(&upload.finish().await?.etag))
}

/// `POST KEY?uploadId=` with the list of parts.
pub(super) async fn complete(
    environment: &Environment,
    parts: &Parts,
    key: &str,
    body: Body,
) -> Result<Response, Refused> {
    authenticate(environment, parts, key)?;
    let body = read_list(body).await?;
    let chosen = chosen(&String::from_utf8_lossy(&body))
        .ok_or_else(|| Refused::bad("MalformedXML", "the body is not a list of parts"))?;
    let object = environment.storage.complete_parts(key, &id(parts), &chosen).await?;
    let told = [
        element("Location", &upload_url(environment, key)),
        element("Bucket", environment.bucket()),
        element("Key", key),
        element("ETag", &format!("\"{}\"", object.etag)),
    ];
    Ok(result("CompleteMultipartUploadResult", &told.concat()))
}

/// Reads numbers and tags of parts.
fn chosen(xml: &str) -> Option<Vec<(u32, String)>> {
    let read = |part: &&str| {
        let etag = xml::word(part, "ETag")?.trim_matches('"').to_ascii_lowercase();
        Some((xml::word(part, "PartNumber")?.parse().ok()?, etag))
    };
    let parts = xml::inside(xml, "Part");
    let chosen: Vec<_> = parts.iter().map(read).collect::<Option<_>>()?;
    (xml.contains("</CompleteMultipartUpload>") && !chosen.is_empty()).then_some(chosen)
}

/// `DELETE KEY?uploadId=`.
pub(super) fn abort(environment: &Environment, parts: &Parts, key: &str) -> Result<Response, Refused> {
    authenticate(environment, parts, key)?;
    environment.storage.abort_parts(key, &id(parts))?;
    Ok(super::no_content())
}

/// `GET KEY?uploadId=`: the parts there are.
pub(super) fn list(environment: &Environment, parts: &Parts, key: &str) -> Result<Response, Refused> {
    authenticate(environment, parts, key)?;
    let upload = environment.storage.parts(key, &id(parts))?;
    let marker: u32 = query(parts, "part-number-marker").and_then(|it| it.parse().ok()).unwrap_or_default();
    let limit = query(parts, "max-parts").and_then(|it| it.parse().ok()).unwrap_or(PAGE).clamp(1, PAGE);
    let rest: Vec<_> = upload.parts.iter().filter(|part| part.number > marker).collect();
    let page = rest.get(..limit).unwrap_or(&rest);
    let mut body = [
        element("Bucket", environment.bucket()),
        element("Key", key),
        element("UploadId", &upload.id),
        element("PartNumberMarker", &marker.to_string()),
        element("MaxParts", &limit.to_string()),
        element("IsTruncated", &(page.len() < rest.len()).to_string()),
    ]
    .concat();
    if let Some(last) = page.last().filter(|_| page.len() < rest.len()) {
        body += &element("NextPartNumberMarker", &last.number.to_string());
    }
    for part in page {
        let number = element("PartNumber", &part.number.to_string());
        let size = element("Size", &part.size.to_string());
        body += &format!("<Part>{number}{}{}{size}</Part>", changed(part), tag(part));
    }
    Ok(result("ListPartsResult", &body))
}

/// `GET /?uploads`: the uploads under way.
pub(super) fn list_uploads(environment: &Environment, parts: &Parts) -> Result<Response, Refused> {
    authenticate(environment, parts, "")?;
    let given = |name| query(parts, name).unwrap_or_default();
    let (prefix, after) = (given("prefix"), (given("key-marker"), given("upload-id-marker")));
    let limit = given("max-uploads").parse().unwrap_or(PAGE).clamp(1, PAGE);
    let mut uploads = environment.storage.parted();
    uploads.retain(|upload| upload.key.starts_with(&prefix));
    uploads.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));
    let is_after = |key: &str, id: &str| match after.1.is_empty() {
        true => *key > *after.0,
        false => (key, id) > (after.0.as_str(), after.1.as_str()),
    };
    uploads.retain(|upload| is_after(&upload.key, &upload.id));
    let is_truncated = uploads.len() > limit;
    uploads.truncate(limit);
    let mut body = [
        element("Bucket", environment.bucket()),
        element("Prefix", &prefix),
        element("KeyMarker", &after.0),
        element("UploadIdMarker", &after.1),
        element("MaxUploads", &limit.to_string()),
        element("IsTruncated", &is_truncated.to_string()),
    ]
    .concat();
    if let Some(last) = uploads.last().filter(|_| is_truncated) {
        body += &element("NextKeyMarker", &last.key);
        body += &element("NextUploadIdMarker", &last.id);
    }
    for upload in &uploads {
        let told = [
            element("Key", &upload.key),
            element("UploadId", &upload.id),
            element("StorageClass", "STANDARD"),
            element("Initiated", &moment(upload.started)),
        ];
        body += &format!("<Upload>{}</Upload>", told.concat());
    }
    Ok(result("ListMultipartUploadsResult", &body))
}

fn id(parts: &Parts) -> String {
    query_values(parts.uri.query().unwrap_or_default())
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("uploadId"))
        .map_or_else(String::new, |(_, id)| id)
}

fn tag(part: &PartTold) -> String {
    element("ETag", &format!("\"{}\"", part.etag))
}

fn changed(part: &PartTold) -> String {
    element("LastModified", &moment(part.modified))
}

fn result(name: &str, body: &str) -> Response {
    document(StatusCode::OK, &format!("<{name}>{body}</{name}>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_parts_is_read_or_refused() {
        let list = |parts: &str| format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        let one = "<Part><PartNumber>1</PartNumber><ETag>\"AB\"</ETag></Part>";
        let two = "<Part><ETag>&quot;cd&quot;</ETag>\n<PartNumber> 2 </PartNumber></Part>";
        assert_eq!(
            chosen(&list(&format!("{one}\n{two}"))),
            Some(vec![(1, "ab".to_owned()), (2, "cd".to_owned())])
        );
        for nonsense in [
            String::new(),
            list(""),
            one.to_owned(),
            list("<Part><PartNumber>1</PartNumber></Part>"),
            list("<Part><PartNumber>x</PartNumber><ETag>ab</ETag></Part>"),
            list(one).replace("</CompleteMultipartUpload>", ""),
        ] {
            assert_eq!(chosen(&nonsense), None, "{nonsense}");
        }
    }
}
