//! The client: an endpoint (Tencent Cloud or an emulator), signed calls, retry, credentials, object transfer.

pub mod credentials;
pub mod error;

pub mod bucket;
mod call;
pub mod parts;
mod retry;
pub mod transfer;

use std::sync::Arc;
use std::time::Duration;

use crate::model::clock::{Clock, Ids};
use credentials::Credentials;

pub use error::Error;

/// How long a peer may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Where requests go. The cloud and an emulator differ by this value and by credentials, by nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `None` is the real cloud (`https://SERVICE.tencentcloudapi.com`), else an emulator's `http://127.0.0.1:PORT`.
    pub emulator: Option<String>,
    pub env_id: String,
    pub region: String,
}

/// Speaks to one environment. Clones share connections.
///
/// Invariant: with an emulator for an endpoint, nothing is sent to any other origin.
#[derive(Clone)]
pub struct Client(Arc<Parts>);

struct Parts {
    endpoint: Endpoint,
    credentials: Credentials,
    http: reqwest::Client,
    clock: Clock,
    /// Spreads retries out.
    ids: Ids,
}

impl Client {
    /// Makes a client. Nothing is sent.
    ///
    /// # Errors
    /// The machine's certificates cannot be read.
    pub fn new(endpoint: Endpoint, credentials: Credentials, clock: Clock, ids: Ids) -> Result<Self, Error> {
        let http = connections(&endpoint).map_err(Error::Setup)?;
        Ok(Client(Arc::new(Parts { endpoint, credentials, http, clock, ids })))
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// Refuses an address that this client must not touch.
    fn permit(&self, url: &str) -> Result<reqwest::Url, Error> {
        // A query may hold a signature: it is not told.
        let shown = url.split_once('?').map_or(url, |(address, _)| address);
        let foreign = || Error::ForeignAddress { url: shown.to_owned() };
        let parsed = reqwest::Url::parse(url).map_err(|_| foreign())?;
        let allowed = match &self.0.endpoint.emulator {
            Some(emulator) => {
                reqwest::Url::parse(emulator).is_ok_and(|emulator| emulator.origin() == parsed.origin())
            }
            None => parsed.scheme() == "https",
        };
        if allowed { Ok(parsed) } else { Err(foreign()) }
    }
}

fn connections(endpoint: &Endpoint) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("cloudkit/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .redirect(reqwest::redirect::Policy::none())
        .http1_only();
    if endpoint.emulator.is_some() {
        // No proxy stands before a loopback address, and no certificate is trusted: there is nobody to show one.
        return builder.no_proxy().tls_backend_preconfigured(trusting_nobody()).build();
    }
    // An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder.build()
}

fn trusting_nobody() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks the default versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn client(emulator: Option<&str>) -> Client {
        let endpoint = Endpoint {
            emulator: emulator.map(str::to_owned),
            env_id: "local".into(),
            region: "ap-shanghai".into(),
        };
        let credentials = Credentials { secret_id: "id".into(), secret_key: "key".into(), token: None };
        Client::new(endpoint, credentials, Clock::default(), Ids::counting(1)).expect("a client")
    }

    #[test]
    fn a_client_of_an_emulator_touches_nothing_else() {
        let client = client(Some("http://127.0.0.1:7400"));
        for (url, allowed) in [
            ("http://127.0.0.1:7400/admin?x=1", true),
            ("http://127.0.0.1:7401/admin", false),
            ("http://localhost:7400/", false),
            ("https://127.0.0.1:7400/", false),
            ("https://tcb.tencentcloudapi.com/", false),
            ("http://127.0.0.1:7400@example.com/", false),
            ("not a url", false),
        ] {
            assert_eq!(client.permit(url).is_ok(), allowed, "{url}");
        }
    }
}
