//! The environment's bucket, listed as object storage lists it: XML, signed with `q-sign-algorithm=sha1`.

use reqwest::header::AUTHORIZATION;

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

impl Client {
    /// Lists the files whose keys begin with `prefix` and follow `marker`, at most 1000 of them.
    pub async fn list_objects(&self, bucket: &str, prefix: &str, marker: &str) -> Result<Page, Error> {
        let endpoint = self.endpoint();
        let base = match &endpoint.emulator {
            Some(emulator) => format!("{emulator}{OBJECTS}/"),
            None => format!("https://{bucket}.cos.{}.myqcloud.com/", endpoint.region),
        };
        let parameters = [("prefix", prefix), ("marker", marker), ("max-keys", "1000")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let query: Vec<_> =
            parameters.iter().map(|(name, value)| format!("{name}={}", cos::encode(value))).collect();
        let url = self.permit(&format!("{base}?{}", query.join("&")))?;
        let now = self.0.clock.now().div_euclid(1000);
        let credentials = &self.0.credentials;
        let authorization = cos::Request { method: "get", path: "/", parameters: &parameters, headers: &[] }
            .sign(&credentials.secret_id, &credentials.secret_key, now - 60, now + LIFE);
        let mut request = self.0.http.get(url.clone()).header(AUTHORIZATION, authorization);
        if let Some(token) = &credentials.token {
            request = request.header("x-cos-security-token", token);
        }
        let response = within(&url, request.send()).await?.map_err(|error| self.unreachable(&url, error))?;
        let status = response.status();
        let text = within(&url, response.text()).await?.map_err(|error| self.unreachable(&url, error))?;
        if status.is_success() {
            return Ok(read(&text));
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
