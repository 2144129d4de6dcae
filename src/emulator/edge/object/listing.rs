//! `GET /?prefix=&delimiter=&marker=&max-keys=`: a page of the bucket, as COS lists it. See
//! `docs/wire.md#bucket`.

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::xml::{document, element, error};
use crate::api::sign::{Refusal, cos};
use crate::emulator::edge::target::{header_values, query_value, query_values};
use crate::emulator::environment::Environment;
use crate::emulator::storage::{Listing, Object};
use crate::model::clock::machine_time;

/// The most keys in a page.
const MAXIMUM_KEYS: usize = 1000;

pub(super) fn list(environment: &Environment, parts: &Parts) -> Response {
    if let Err(refusal) = authenticate(environment, parts) {
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

/// Checks the signature of object storage, made with the emulator's own key.
fn authenticate(environment: &Environment, parts: &Parts) -> Result<(), Refusal> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = header_values(&parts.headers);
    let parameters = query_values(parts.uri.query().unwrap_or_default());
    let request = cos::Request { method: "get", path: "/", parameters: &parameters, headers: &headers };
    let authorization = parts.headers.get(AUTHORIZATION).map(text).unwrap_or_default();
    let config = &environment.config;
    // Clients sign by their machine's clock, wherever ours was moved.
    let verify = |now| request.verify(&authorization, &config.secret_id, &config.secret_key, now);
    verify(environment.storage.seconds()).or_else(|_| verify(machine_time().div_euclid(1000)))
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
