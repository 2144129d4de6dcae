//! One request and its answer, in both doors: management actions and `POST /admin`.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap};
use serde_json::{Map, Value, json};

use super::error::Refused;
use super::retry::{self, Trouble};
use super::{Client, Endpoint, Error};
use crate::api::control::lenient;
use crate::api::sign::{admin, tc3};
use crate::api::{Action, Service};

const JSON: &str = "application/json";
/// How long an answer may take once the request is sent.
const PATIENCE: Duration = Duration::from_secs(60);
/// The slowest line on which a request is not given up, in bytes a second.
const SLOWEST: usize = 8 * 1024;
/// How long a function may run (900 s on the platform), and a little.
const INVOCATION: Duration = Duration::from_secs(910);

/// A failed try and what it means for the next.
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) trouble: Trouble,
}

impl Client {
    /// Sends one signed management action. Retries what is safe to retry.
    ///
    /// # Errors
    /// [`Error::Refused`] with the service's code, or a failure on the way.
    pub async fn call<A: Action>(&self, action: &A) -> Result<A::Reply, Error> {
        if A::SERVICE == Service::Cloudkit && self.endpoint().emulator.is_none() {
            return Err(Error::NotInCloud { action: A::NAME });
        }
        let body = serde_json::to_vec(action).map_err(|error| Error::unreadable(A::NAME, &error))?;
        let reply = self.persist(A::REPEATABLE, || self.try_action::<A>(&body)).await?;
        lenient::read(reply).map_err(|error| Error::unreadable(A::NAME, &error))
    }

    /// Sends one SDK action through `POST /admin`: `name` such as `database.getDocument`, `fields` beside the common
    /// ones. Returns the whole answer: `data`, and what some actions put beside it.
    pub async fn admin(&self, name: &str, fields: Value) -> Result<Value, Error> {
        let mut body = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        body.insert("action".into(), name.into());
        body.insert("envName".into(), self.endpoint().env_id.clone().into());
        if let Some(token) = &self.0.credentials.token {
            body.insert("sessionToken".into(), token.clone().into());
        }
        // Only reads are known to be harmless twice.
        let repeatable = name.contains(".get") || name.contains(".query") || name.contains(".count");
        self.persist(repeatable, || self.try_admin(name, &body)).await
    }

    /// Repeats `attempt` as long as it helps.
    pub(super) async fn persist<T, F>(&self, repeatable: bool, attempt: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut tried = 0;
        loop {
            let failure = match attempt().await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            tried += 1;
            let [random] = self.0.ids.bytes();
            match retry::wait(tried, failure.trouble, repeatable, random) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(failure.error),
            }
        }
    }

    async fn try_action<A: Action>(&self, body: &[u8]) -> Result<Value, Failure> {
        let (service, version) = (A::SERVICE.name(), A::SERVICE.version());
        let url = match &self.endpoint().emulator {
            Some(emulator) => format!("{emulator}/"),
            None => format!("https://{service}.tencentcloudapi.com/"),
        };
        let url = self.permit(&url).map_err(Failure::last)?;
        let timestamp = self.seconds();
        let host = host(&url);
        let signed = tc3::Request { service, host: &host, content_type: JSON, body, timestamp };
        let credentials = &self.0.credentials;
        let runs_functions = A::NAME.starts_with("Invoke") || matches!(A::NAME, "FireTrigger" | "MoveClock");
        let patience = if runs_functions { INVOCATION } else { PATIENCE };
        let mut request = self
            .0
            .http
            .post(url.clone())
            .timeout(patience + sending(body.len()))
            .header(CONTENT_TYPE, JSON)
            .header("x-tc-action", A::NAME)
            .header("x-tc-version", version)
            .header("x-tc-timestamp", timestamp)
            .header("x-tc-region", &self.endpoint().region)
            .header("authorization", signed.sign(&credentials.secret_id, &credentials.secret_key));
        if let Some(token) = &credentials.token {
            request = request.header("x-tc-token", token);
        }
        let (headers, mut answer) = self.send(request.body(body.to_vec()), &url).await?;
        let Some(reply) = answer.get_mut("Response").map(Value::take) else {
            return Err(Failure::last(Error::unreadable(A::NAME, &"there is no `Response` in it")));
        };
        match reply.get("Error") {
            None => Ok(reply),
            Some(error) => {
                let refused = Refused::new(A::NAME, [&error["Code"], &error["Message"], &reply["RequestId"]]);
                Err(Failure::refused(refused.with_skew(self.skew(&headers))))
            }
        }
    }

    async fn try_admin(&self, name: &str, fields: &Map<String, Value>) -> Result<Value, Failure> {
        let Endpoint { emulator, env_id, region } = self.endpoint();
        let query = format!("env={env_id}");
        let url = match emulator {
            Some(emulator) => format!("{emulator}/admin?{query}"),
            None => format!("https://{env_id}.{region}.tcb-api.tencentcloudapi.com/admin?{query}"),
        };
        let url = self.permit(&url).map_err(Failure::last)?;
        let (timestamp, host) = (self.seconds(), host(&url));
        let signed = admin::Request { host: &host, query: &query, content_type: JSON, fields, timestamp };
        let credentials = &self.0.credentials;
        let body = json!(fields).to_string();
        let request = self
            .0
            .http
            .post(url.clone())
            .timeout(PATIENCE + sending(body.len()))
            .header(CONTENT_TYPE, JSON)
            .header("x-sdk-version", concat!("cloudkit/", env!("CARGO_PKG_VERSION")))
            .header("x-tcb-region", region)
            .header("x-timestamp", timestamp)
            .header("x-signature-expires", 600)
            .header("authorization", signed.sign(&credentials.secret_id, &credentials.secret_key))
            .body(body);
        let (headers, answer) = self.send(request, &url).await?;
        match &answer["code"] {
            Value::Null => Ok(answer),
            Value::String(code) if code.is_empty() => Ok(answer),
            code => {
                let refused = Refused::new(name, [code, &answer["message"], &answer["requestId"]]);
                Err(Failure::refused(refused.with_skew(self.skew(&headers))))
            }
        }
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        url: &reqwest::Url,
    ) -> Result<(HeaderMap, Value), Failure> {
        let response = request.send().await.map_err(|error| self.unreached(url, error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(|error| self.unreached(url, error))?;
        if status.is_success() {
            let answer = serde_json::from_slice(&body)
                .map_err(|error| Failure::last(Error::unreadable(url.as_str(), &error)))?;
            return Ok((headers, answer));
        }
        let text = String::from_utf8_lossy(&body).trim().chars().take(200).collect();
        let trouble = if status.is_server_error() { Trouble::Unsure } else { Trouble::Final };
        Err(Failure { error: Error::Status { url: url.to_string(), status: status.as_u16(), text }, trouble })
    }

    fn unreached(&self, url: &reqwest::Url, error: reqwest::Error) -> Failure {
        let trouble = match (error.is_connect(), error.is_timeout()) {
            // Nobody listens where an emulator was: it has ended, and waiting will not bring it back.
            (true, _) if self.endpoint().emulator.is_some() => Trouble::Final,
            (true, _) => Trouble::NoConnection,
            (_, true) => Trouble::Final,
            _ => Trouble::Unsure,
        };
        Failure { error: self.unreachable(url, error), trouble }
    }

    pub(super) fn unreachable(&self, url: &reqwest::Url, error: reqwest::Error) -> Error {
        Error::Unreachable {
            url: url.origin().ascii_serialization(),
            emulator: self.endpoint().emulator.is_some(),
            // The address is told already, and may carry a signature.
            source: error.without_url(),
        }
    }

    fn seconds(&self) -> i64 {
        self.0.clock.now().div_euclid(1000)
    }

    /// Returns by how many seconds our clock is ahead of the server's, as its `Date` says.
    fn skew(&self, headers: &HeaderMap) -> Option<i64> {
        let date = headers.get(DATE)?.to_str().ok()?;
        let server = jiff::fmt::rfc2822::parse(date).ok()?;
        Some(self.seconds() - server.timestamp().as_second())
    }
}

impl Failure {
    fn last(error: Error) -> Self {
        Failure { error, trouble: Trouble::Final }
    }

    fn refused(refused: Refused) -> Self {
        let trouble = Trouble::of_code(&refused.code);
        Failure { error: Error::Refused(Box::new(refused)), trouble }
    }
}

/// Returns how long a body of some bytes may be on its way.
fn sending(bytes: usize) -> Duration {
    Duration::from_secs((bytes / SLOWEST) as u64)
}

/// Returns the host as the `Host` header has it.
fn host(url: &reqwest::Url) -> String {
    let name = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}
