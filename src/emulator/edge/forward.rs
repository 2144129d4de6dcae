//! A request handed on to the server of a web function, and its answer back: bodies as they flow, web sockets too.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONNECTION, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, StatusCode, Uri, Version};
use axum::response::Response;
use hyper::client::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The time was over before the answer began.
    TooLate,
    Broken(String),
}

/// Sends a request on, with its path replaced; the answer must begin within `limit`.
pub(super) async fn forward(
    address: SocketAddr,
    parts: &Parts,
    path: &str,
    body: Body,
    limit: Duration,
) -> Result<Response, Failure> {
    let answer = async {
        let broken = |error: &dyn std::error::Error| Failure::Broken(error.to_string());
        let stream = TcpStream::connect(address).await.map_err(|error| broken(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        // It ends with the answer; what goes wrong in it shows there.
        tokio::spawn(connection.with_upgrades());
        sender.send_request(request(parts, path, body)?).await.map_err(|error| broken(&error))
    };
    let mut answer = tokio::time::timeout(limit, answer).await.map_err(|_| Failure::TooLate)??;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(ours) = parts.extensions.get::<OnUpgrade>().cloned()
    {
        let theirs = hyper::upgrade::on(&mut answer);
        tokio::spawn(async move {
            if let (Ok(ours), Ok(theirs)) = tokio::join!(ours, theirs) {
                // Either side may end it at any time.
                let _ =
                    tokio::io::copy_bidirectional(&mut TokioIo::new(ours), &mut TokioIo::new(theirs)).await;
            }
        });
    }
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        strip(answer.headers_mut());
    }
    // The version is that of one connection, and the asker's is another.
    *answer.version_mut() = Version::HTTP_11;
    Ok(answer.map(Body::new))
}

/// Removes the headers that speak of one connection (RFC 9110, 7.6.1); each side of this one has its own.
fn strip(headers: &mut HeaderMap) {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<String> =
        named.flat_map(|value| value.split(',')).map(|name| name.trim().to_owned()).collect();
    let fixed = ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];
    for name in named.iter().map(String::as_str).chain(fixed) {
        headers.remove(name);
    }
}

fn request(parts: &Parts, path: &str, body: Body) -> Result<Request<Body>, Failure> {
    let target = match parts.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut request = Request::new(body);
    *request.uri_mut() = target.parse::<Uri>().map_err(|error| Failure::Broken(error.to_string()))?;
    *request.method_mut() = parts.method.clone();
    *request.headers_mut() = parts.headers.clone();
    if !parts.headers.contains_key(UPGRADE) {
        strip(request.headers_mut());
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_speaks_of_one_connection_stays_there() {
        let headers = [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("content-type", "text/plain"),
            ("trailer", "x-end"),
        ];
        let mut headers: HeaderMap = headers
            .into_iter()
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect();
        strip(&mut headers);
        let left: Vec<&str> = headers.keys().map(axum::http::HeaderName::as_str).collect();
        assert_eq!(left, ["content-type", "trailer"]);
    }
}
