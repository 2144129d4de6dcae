//! TLS: at the port itself, for programs that speak nothing else, and at the end of a tunnel (`CONNECT`), for a program whose
//! proxy this emulator is and that speaks with what it takes for the platform.
//!
//! The tunnel ends here, whatever host it was meant for: nothing is dialled.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use super::listen::{Reception, converse};
use super::{door, reply};

/// The port of a tunnel without TLS.
const HTTP: u16 = 80;

/// How a handshake begins (RFC 8446, 5.1); no request of HTTP does.
const HANDSHAKE: u8 = 22;

/// Tells whether a client wants to speak TLS, by the first byte that it sends.
pub(super) async fn is_wanted(stream: &TcpStream) -> bool {
    let mut first = [0];
    stream.peek(&mut first).await.is_ok() && first == [HANDSHAKE]
}

/// Answers the requests of a connection that begins with a handshake.
pub(super) async fn receive(reception: &Reception, stream: TcpStream) {
    let shaken = reception.hear(shake_hands(reception, stream)).await;
    if let Some(Some(stream)) = shaken {
        let answer = |request| super::answer(Arc::clone(&reception.environment), request);
        converse(stream, &reception.stopping, answer).await;
    }
}

/// Shows a certificate of the name that is asked for, or of the address. A client that does not trust it is gone.
async fn shake_hands(reception: &Reception, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    let address = stream.local_addr().ok()?.ip().to_string();
    let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await.ok()?;
    let hello = begun.client_hello();
    let name = hello.server_name().filter(|name| door::is_loopback(name) || door::is_mapped(name));
    let config = reception.environment.authority.as_ref()?.server_config(name.unwrap_or(&address)).ok()?;
    begun.into_stream(config).await.ok()
}

/// Agrees to be the end of a tunnel, if it is meant for the platform.
pub(super) fn tunnel(reception: &Reception, request: Request<Incoming>) -> Response {
    let host = request.uri().host().unwrap_or_default().to_ascii_lowercase();
    let port = request.uri().port_u16().unwrap_or_default();
    let refuse = |sentence: String| reply::plain(StatusCode::FORBIDDEN, sentence);
    let environment = &reception.environment;
    let Some(authority) = environment.authority.as_ref().filter(|_| environment.config.intercept.is_some())
    else {
        return refuse("this emulator is no proxy: start it with `cloudkit emulate --intercept`\n".into());
    };
    // Some programs pay no heed to `no_proxy`, and ask for a tunnel to the emulator itself.
    let is_own = door::is_loopback(&host) && environment.url.ends_with(&format!(":{port}"));
    if !(is_own || door::is_mapped(&host)) {
        return refuse(format!("`{host}:{port}` is no host of the platform, and nothing else is dialled\n"));
    }
    let acceptor = match port {
        _ if is_own => None,
        HTTP => None,
        _ => match authority.server_config(&host) {
            Ok(config) => Some(TlsAcceptor::from(config)),
            Err(error) => return refuse(format!("no certificate for `{host}`: {error}\n")),
        },
    };
    let speaking = speak(reception.clone(), hyper::upgrade::on(request), acceptor);
    reception.connections.spawn(speaking);
    Response::new(Body::empty())
}

/// Answers what comes through a tunnel. One that breaks is its client's business.
async fn speak(reception: Reception, upgrade: OnUpgrade, acceptor: Option<TlsAcceptor>) {
    let Ok(upgraded) = upgrade.await else { return };
    let io: TokioIo<Upgraded> = TokioIo::new(upgraded);
    let answer = |request| super::answer(Arc::clone(&reception.environment), request);
    match acceptor {
        None => converse(io, &reception.stopping, answer).await,
        Some(acceptor) => {
            if let Some(Ok(io)) = reception.hear(acceptor.accept(io)).await {
                converse(io, &reception.stopping, answer).await;
            }
        }
    }
}
