//! `GET /?prefix=&delimiter=&marker=&max-keys=`: a page of the bucket, as COS lists it. See
//! `docs/wire.md#bucket`.

use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::authenticate;
use super::xml::{document, element, error};
use crate::emulator::edge::target::query_value;
use crate::emulator::environment::Environment;
use crate::emulator::storage::{Listing, Object};

/// The most keys in a page.
const MAXIMUM_KEYS: usize = 1000;

pub(super) fn list(environment: &Environment, parts: &Parts) -> Response {
    if let Err(refusal) = authenticate(environment, parts, "/") {
        return error(StatusCode::FORBIDDEN, "AccessDenied", &refusal.to_string());
    }
    let query = parts.uri.query().unwrap_or_default();
    let value = |name| query_value(query, name).unwrap_or_default();
    let listing = Listing {
        prefix: value("prefix"),
        delimiter: value("delimiter"),
        // The management SDK begins its first page with a lone slash.
        marker: Some(value("marker")).filter(|marker| marker != "/").unwrap_or_default(),
        limit: value("max-keys").parse().unwrap_or(MAXIMUM_KEYS).clamp(1, MAXIMUM_KEYS),
    };
    document(StatusCode::OK, &render(environment, &listing))
}

fn render(environment: &Environment, listing: &Listing) -> String {
    let page = environment.storage.list(listing);
    let mut body = [
        element("Name", environment.storage.bucket()),
        element("Prefix", &listing.prefix),
        element("Marker", &listing.marker),
        element("Delimiter", &listing.delimiter),
        element("MaxKeys", &listing.limit.to_string()),
        element("IsTruncated", &page.next.is_some().to_string()),
    ]
    .concat();
    if let Some(next) = &page.next {
        body += &element("NextMarker", next);
    }
    page.objects.iter().for_each(|object| body += &contents(object));
    for prefix in &page.prefixes {
        body += &format!("<CommonPrefixes>{}</CommonPrefixes>", element("Prefix", prefix));
    }
    format!("<ListBucketResult>{body}</ListBucketResult>")
}

fn contents(object: &Object) -> String {
    let modified = jiff::Timestamp::from_millisecond(object.modified).unwrap_or_default();
    let fields = [
        element("Key", &object.key),
        element("LastModified", &format!("{modified:.3}")),
        element("ETag", &format!("\"{}\"", object.etag)),
        element("Size", &object.size.to_string()),
        element("StorageClass", "STANDARD"),
    ];
    format!("<Contents>{}</Contents>", fields.concat())
}
