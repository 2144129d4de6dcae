//! `GET /?prefix=&delimiter=&marker=&max-keys=`: a page of the bucket, as COS lists it. See
//! `docs/wire.md#object-storage`.

use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::refused::Refused;
use super::xml::{document, element};
use super::{authenticate, moment, query};
use crate::api::sign::cos::encode;
use crate::emulator::environment::Environment;
use crate::emulator::storage::{Listing, Object, Page};

/// The most keys in a page.
const MAXIMUM_KEYS: usize = 1000;

pub(super) fn list(environment: &Environment, parts: &Parts) -> Result<Response, Refused> {
    authenticate(environment, parts, "")?;
    let given = |name| query(parts, name).unwrap_or_default();
    let listing = Listing {
        prefix: given("prefix"),
        delimiter: given("delimiter"),
        // The management SDK begins its first page with a lone slash.
        marker: Some(given("marker")).filter(|marker| marker != "/").unwrap_or_default(),
        limit: given("max-keys").parse().unwrap_or(MAXIMUM_KEYS).clamp(1, MAXIMUM_KEYS),
    };
    let encodes = given("encoding-type") == "url";
    let page = environment.storage.list(&listing)?;
    Ok(document(StatusCode::OK, &render(environment, &listing, &page, encodes)))
}

/// Draws a page; `encodes` has names percent-encoded, because XML cannot hold every character.
fn render(environment: &Environment, listing: &Listing, page: &Page, encodes: bool) -> String {
    let name = |text: &str| if encodes { encode(text) } else { text.to_owned() };
    let mut body = [
        element("Name", environment.storage.bucket()),
        element("Prefix", &name(&listing.prefix)),
        element("Marker", &name(&listing.marker)),
        element("Delimiter", &name(&listing.delimiter)),
        element("MaxKeys", &listing.limit.to_string()),
        element("IsTruncated", &page.next.is_some().to_string()),
    ]
    .concat();
    if encodes {
        body += &element("EncodingType", "url");
    }
    if let Some(next) = &page.next {
        body += &element("NextMarker", &name(next));
    }
    page.objects.iter().for_each(|object| body += &contents(object, &name(&object.key)));
    for prefix in &page.prefixes {
        body += &format!("<CommonPrefixes>{}</CommonPrefixes>", element("Prefix", &name(prefix)));
    }
    format!("<ListBucketResult>{body}</ListBucketResult>")
}

fn contents(object: &Object, name: &str) -> String {
    let fields = [
        element("Key", name),
        element("LastModified", &moment(object.modified)),
        element("ETag", &format!("\"{}\"", object.etag)),
        element("Size", &object.size.to_string()),
        element("StorageClass", "STANDARD"),
    ];
    format!("<Contents>{}</Contents>", fields.concat())
}
