//! The environment's bucket as object storage speaks it: XML, signed with `q-sign-algorithm=sha1`. See
//! `docs/wire.md#object-storage`.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, ETAG, HeaderMap};

use super::transfer::within;
use super::{Client, Error};
use crate::api::local::OBJECTS;
use crate::api::sign::cos;

/// How long a signature of ours is good for, in seconds.
const LIFE: i64 = 600;

/// A stored file, as a listing tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub key: String,
    pub size: u64,
    /// RFC 3339, UTC.
    pub modified: String,
    pub etag: String,
}

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub objects: Vec<Object>,
    /// What to pass as `marker` for the next page, when there is one.
    pub next: Option<String>,
}

/// A part of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub number: u32,
    pub size: u64,
    /// MD5 in hex.
    pub etag: String,
}

/// What is asked of the bucket, or of one of its objects when there is a key.
struct Asked<'a> {
    method: Method,
    bucket: &'a str,
    key: &'a str,
    parameters: &'a [(&'a str, &'a str)],
    headers: &'a [(&'a str, &'a str)],
    body: Bytes,
}

impl<'a> Asked<'a> {
    fn new(method: Method, bucket: &'a str, key: &'a str, parameters: &'a [(&'a str, &'a str)]) -> Self {
        Asked { method, bucket, key, parameters, headers: &[], body: Bytes::new() }
    }
}

impl Client {
    /// Lists the files whose keys begin with `prefix` and follow `marker`, at most 1000 of them.
    pub async fn list_objects(&self, bucket: &str, prefix: &str, marker: &str) -> Result<Page, Error> {
        let parameters = [("prefix", prefix), ("marker", marker), ("max-keys", "1000")];
        let (_, xml) = self.ask_bucket(Asked::new(Method::GET, bucket, "", &parameters)).await?;
        Ok(read(&xml))
    }

    /// Returns the id of the newest upload in parts of a key, if one is under way.
    pub async fn upload_under_way(&self, bucket: &str, key: &str) -> Result<Option<String>, Error> {
        let parameters = [("uploads", ""), ("prefix", key)];
        let (_, xml) = self.ask_bucket(Asked::new(Method::GET, bucket, "", &parameters)).await?;
        let uploads = xml.split("<Upload>").skip(1).filter(|it| element(it, "Key").as_deref() == Some(key));
        let newest = uploads.max_by_key(|upload| element(upload, "Initiated"));
        Ok(newest.and_then(|upload| element(upload, "UploadId")))
    }

    /// Begins an upload in parts and returns its id; `file_id` is what the service gave out for the key.
    pub async fn begin_parts(&self, bucket: &str, key: &str, file_id: &str) -> Result<String, Error> {
        let headers = [("x-cos-meta-fileid", file_id)];
        let asked = Asked { headers: &headers, ..Asked::new(Method::POST, bucket, key, &[("uploads", "")]) };
        let (_, xml) = self.ask_bucket(asked).await?;
        element(&xml, "UploadId").ok_or_else(|| Error::unreadable("POST ?uploads", &"it has no `UploadId`"))
    }

    /// Returns the parts that an upload has.
    pub async fn parts(&self, bucket: &str, key: &str, id: &str) -> Result<Vec<Part>, Error> {
        let (mut parts, mut marker) = (Vec::new(), "0".to_owned());
        loop {
            let parameters = [("uploadId", id), ("part-number-marker", marker.as_str())];
            let (_, xml) = self.ask_bucket(Asked::new(Method::GET, bucket, key, &parameters)).await?;
            parts.extend(xml.split("<Part>").skip(1).filter_map(|part| {
                Some(Part {
                    number: element(part, "PartNumber")?.parse().ok()?,
                    size: element(part, "Size")?.parse().ok()?,
                    etag: element(part, "ETag")?.trim_matches('"').to_owned(),
                })
            }));
            let truncated = element(&xml, "IsTruncated").as_deref() == Some("true");
            match element(&xml, "NextPartNumberMarker").filter(|next| truncated && *next != marker) {
                Some(next) => marker = next,
                None => return Ok(parts),
            }
        }
    }

    /// Uploads one part and returns its tag.
    pub async fn put_part(
        &self,
        bucket: &str,
        key: &str,
        (id, number): (&str, u32),
        bytes: Bytes,
    ) -> Result<String, Error> {
        let number = number.to_string();
        let parameters = [("partNumber", number.as_str()), ("uploadId", id)];
        let asked = Asked { body: bytes, ..Asked::new(Method::PUT, bucket, key, &parameters) };
        let (headers, _) = self.ask_bucket(asked).await?;
        let etag = headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        let etag = etag.ok_or_else(|| Error::unreadable("PUT ?partNumber", &"it has no `ETag`"))?;
        Ok(etag.trim_matches('"').to_owned())
    }

    /// Puts parts together to the object.
    pub async fn complete_parts(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        tags: &[String],
    ) -> Result<(), Error> {
        let parts: String = (1..)
            .zip(tags)
            .map(|(number, etag)| {
                format!("<Part><PartNumber>{number}</PartNumber><ETag>\"{etag}\"</ETag></Part>")
            })
            .collect();
        let list = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        let parameters = [("uploadId", id)];
        let asked = Asked { body: list.into(), ..Asked::new(Method::POST, bucket, key, &parameters) };
        self.ask_bucket(asked).await.map(drop)
    }

    /// Asks the bucket and returns the answer's headers and text.
    async fn ask_bucket(&self, asked: Asked<'_>) -> Result<(HeaderMap, String), Error> {
        let Asked { method, bucket, key, parameters, headers, body } = asked;
        let endpoint = self.endpoint();
        let base = match &endpoint.emulator {
            Some(emulator) => format!("{emulator}{OBJECTS}"),
            None => format!("https://{bucket}.cos.{}.myqcloud.com", endpoint.region),
        };
        let base = format!("{base}/{}", cos::encode(key).replace("%2F", "/"));
        let query: Vec<_> =
            parameters.iter().map(|(name, value)| format!("{name}={}", cos::encode(value))).collect();
        let url = self.permit(&format!("{base}?{}", query.join("&")))?;
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let signed: Vec<_> = parameters.iter().map(owned).collect();
        let (lower, path) = (method.as_str().to_lowercase(), format!("/{key}"));
        let now = self.0.clock.now().div_euclid(1000);
        let credentials = &self.0.credentials;
        let authorization = cos::Request { method: &lower, path: &path, parameters: &signed, headers: &[] }
            .sign(&credentials.secret_id, &credentials.secret_key, now - 60, now + LIFE);
        let mut request =
            self.0.http.request(method, url.clone()).header(AUTHORIZATION, authorization).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &credentials.token {
            request = request.header("x-cos-security-token", token);
        }
        let lost = |error| self.unreachable(&url, error);
        let response = within(&url, request.send()).await?.map_err(lost)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = within(&url, response.text()).await?.map_err(lost)?;
        // Putting parts together may fail after the status was sent.
        if status.is_success() && !text.contains("<Error>") {
            return Ok((headers, text));
        }
        let text = element(&text, "Message").unwrap_or(text);
        Err(Error::Status { url: base, status: status.as_u16(), text })
    }
}

fn read(xml: &str) -> Page {
    let objects = xml.split("<Contents>").skip(1).filter_map(|contents| {
        Some(Object {
            key: element(contents, "Key")?,
            size: element(contents, "Size")?.parse().ok()?,
            modified: element(contents, "LastModified")?,
            etag: element(contents, "ETag")?.trim_matches('"').to_owned(),
        })
    });
    let truncated = element(xml, "IsTruncated").as_deref() == Some("true");
    Page { objects: objects.collect(), next: element(xml, "NextMarker").filter(|_| truncated) }
}

/// Returns the text of the first element of that name. The answer of object storage is flat XML without attributes.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    Some(text.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_with_its_names_as_they_are() {
        let page = read(
            "<ListBucketResult><Name>b</Name><IsTruncated>true</IsTruncated><NextMarker>a&amp;b</NextMarker>\
             <Contents><Key>a&amp;b 云.txt</Key><LastModified>2023-11-14T22:13:20.000Z</LastModified>\
             <ETag>\"0cc1\"</ETag><Size>5</Size></Contents></ListBucketResult>",
        );
        let object = Object {
            key: "a&b 云.txt".into(),
            size: 5,
            modified: "2023-11-14T22:13:20.000Z".into(),
            etag: "0cc1".into(),
        };
        assert_eq!(page, Page { objects: vec![object], next: Some("a&b".into()) });
        assert_eq!(read("<ListBucketResult></ListBucketResult>"), Page::default());
    }
}
