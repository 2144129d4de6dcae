//! The port: bind, accept, and close every connection in the end.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use axum::http::{Method, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::tls;
use crate::emulator::config::Config;
use crate::emulator::environment::Shared;
use crate::error::{Error, Kind};
use crate::text;

/// How long a request that runs when the emulator stops may take to finish.
const GRACE: Duration = Duration::from_secs(2);
/// How long a client may take for its first byte, and to shake hands.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait when the system has no file descriptor left for one more connection.
const BREATH: Duration = Duration::from_millis(20);

/// Binds the address of the configuration; port 0 takes a free one.
///
/// # Errors
/// The port is taken, or the address is not this machine's.
pub(in crate::emulator) async fn bind(config: &Config) -> crate::error::Result<TcpListener> {
    let (address, port) = (config.address, config.port);
    TcpListener::bind((address, port)).await.map_err(|error| {
        let message = match error.kind() {
            ErrorKind::AddrInUse => text! { en: "port {port} is taken", zh: "端口 {port} 已被占用" },
            _ => text! { en: "could not listen on {address}:{port}", zh: "无法监听 {address}:{port}" },
        };
        Error::new(Kind::Failed, message).source(&error).hint(text! {
            en: "choose another with `--port N`, or `--port 0` for a free one",
            zh: "请用 `--port N` 换一个端口，或用 `--port 0` 自动选择空闲端口"
        })
    })
}

/// Returns where a client on this machine reaches the listener.
pub(in crate::emulator) fn url(listener: &TcpListener) -> crate::error::Result<String> {
    let address = listener.local_addr().map_err(|error| {
        Error::new(Kind::Failed, text! { en: "the port cannot be read", zh: "无法读取端口" }).source(&error)
    })?;
    let port = address.port();
    Ok(match address.ip() {
        // Who listens everywhere is reached at home too.
        ip if ip.is_unspecified() => format!("http://127.0.0.1:{port}"),
        IpAddr::V6(ip) => format!("http://[{ip}]:{port}"),
        IpAddr::V4(ip) => format!("http://{ip}:{port}"),
    })
}

/// The task that accepts connections.
pub(in crate::emulator) struct Server {
    stopping: CancellationToken,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Begins to serve.
    pub(in crate::emulator) fn start(listener: TcpListener, environment: Shared) -> Self {
        let stopping = CancellationToken::new();
        let accepting = tokio::spawn(accept(listener, environment, stopping.clone()));
        Server { stopping, accepting }
    }

    /// Takes no more connections, lets running requests finish for a moment, and closes all.
    pub(in crate::emulator) async fn stop(mut self) {
        self.stopping.cancel();
        // A panic in the accept loop has closed the port already.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// Where connections come in.
#[derive(Clone)]
pub(super) struct Reception {
    pub environment: Shared,
    pub stopping: CancellationToken,
    pub connections: TaskTracker,
}

impl Reception {
    /// Waits for what a client is to send; `None`: it takes too long, or the emulator stops.
    pub(super) async fn hear<T>(&self, coming: impl Future<Output = T>) -> Option<T> {
        self.stopping.run_until_cancelled(tokio::time::timeout(PATIENCE, coming)).await?.ok()
    }
}

async fn accept(listener: TcpListener, environment: Shared, stopping: CancellationToken) {
    let reception = Reception { environment, stopping, connections: TaskTracker::new() };
    while let Some(accepted) = reception.stopping.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                reception.connections.spawn(receive(stream, reception.clone()));
            }
            Err(_) => tokio::time::sleep(BREATH).await,
        }
    }
    drop(listener);
    reception.connections.close();
    reception.connections.wait().await;
}

async fn receive(stream: TcpStream, reception: Reception) {
    // Small answers must not wait for an acknowledgement; a socket that refuses the option still works.
    let _ = stream.set_nodelay(true);
    match reception.hear(tls::is_wanted(&stream)).await {
        Some(true) if reception.environment.authority.is_some() => {
            return tls::receive(&reception, stream).await;
        }
        Some(_) => {}
        None => return,
    }
    let stopping = reception.stopping.clone();
    converse(stream, &stopping, move |request| {
        let reception = reception.clone();
        async move {
            match *request.method() {
                Method::CONNECT => Ok(tls::tunnel(&reception, request)),
                _ => super::answer(reception.environment, request).await,
            }
        }
    })
    .await;
}

/// Answers the requests of one connection until it ends or the emulator does.
pub(super) async fn converse<I, A>(
    io: I,
    stopping: &CancellationToken,
    answer: impl Fn(Request<Incoming>) -> A,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Future<Output = Result<Response, Infallible>>,
{
    let connection =
        http1::Builder::new().serve_connection(TokioIo::new(io), service_fn(answer)).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    // A connection that fails is the client's business: it is gone.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(GRACE, connection).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::emulator::Emulator;
    use crate::emulator::access::tests::config;

    /// The clock leaps as soon as nothing else is to be done.
    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = Config { https: Some(folder.path().join("authority")), ..config(folder.path()) };
        let emulator = Emulator::start(config).await.expect("an emulator");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("a port");
        // The beginning of a handshake is none.
        for begun in [&b""[..], &[22, 3, 1, 2]] {
            let mut client = TcpStream::connect(address).await.expect("a connection");
            client.write_all(begun).await.expect("sent");
            let (stream, _) = listener.accept().await.expect("a connection");
            let environment = emulator.environment().clone();
            let reception = Reception {
                environment,
                stopping: CancellationToken::new(),
                connections: TaskTracker::new(),
            };
            let received = tokio::time::timeout(3 * PATIENCE, receive(stream, reception)).await;
            assert!(received.is_ok(), "{begun:?}");
        }
    }
}
