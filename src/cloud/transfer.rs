//! Objects on their way: PUT and GET as streams, with a word now and then about how far they are.
//!
//! A transfer ends when nothing moves for a while, however long it takes in all.

use std::io;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::stream;
use reqwest::header::{ETAG, HeaderValue, IF_MATCH, RANGE};
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::watch;

use super::parts::trouble;
use super::retry::{self, Trouble};
use super::{Client, Error};
use crate::api::control::function::{Code, GetTempCosInfo};

/// Without progress for this long, a transfer is over.
const IDLE: Duration = Duration::from_secs(60);
const CHUNK: usize = 512 * 1024;
/// The largest package that travels inside a request; the official tools use the same limit.
const INLINE: usize = 1024 * 1024 * 3 / 2;

/// Hears how many bytes have moved.
pub type Heard<'a> = &'a mut (dyn FnMut(u64) + Send);

/// What came of an object before it broke off.
#[derive(Debug, Default)]
struct SoFar {
    received: u64,
    /// Its tag, by which the rest is known to be of the same object.
    version: Option<HeaderValue>,
}

/// What is uploaded.
pub enum Source<'a> {
    Bytes(Bytes),
    File(&'a Path),
}

impl Client {
    /// PUTs an object to an address that the service gave out.
    pub async fn upload(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        source: Source<'_>,
        heard: Heard<'_>,
    ) -> Result<(), Error> {
        let url = self.permit(url)?;
        let (sent, mut progress) = watch::channel(0);
        let (length, body) = source.open(sent).await?;
        let mut request = self.0.http.put(url.clone()).header("content-length", length).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut sending = std::pin::pin!(request.send());
        let response = loop {
            tokio::select! {
                response = &mut sending => break response.map_err(|error| self.unreachable(&url, error))?,
                Ok(()) = progress.changed() => heard(*progress.borrow_and_update()),
                () = tokio::time::sleep(IDLE) => return Err(stalled(&url)),
            }
        };
        heard(length);
        let (status, text) = (response.status(), response.text().await.unwrap_or_default());
        // The file service reports failures in XML, with any status (`docs/wire.md#files`).
        if status.is_success() && !text.contains("<Error>") {
            return Ok(());
        }
        Err(Error::Status { url: shown(&url), status: status.as_u16(), text: beginning(&text) })
    }

    /// GETs an object into a file, which appears only when it is complete. What breaks off is gone on with.
    pub async fn download(&self, url: &str, path: &Path, heard: Heard<'_>) -> Result<u64, Error> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let mut partial = path.to_owned();
        partial.as_mut_os_string().push(".part");
        let mut file = File::create(&partial).await.map_err(failed)?;
        // Removed when this fails or is given up.
        let partial = TempPath::try_from_path(partial).map_err(failed)?;
        let received = self.receive_all(url, &mut file, path, heard).await?;
        partial.persist(path).map_err(|error| failed(error.error))?;
        Ok(received)
    }

    async fn receive_all(
        &self,
        url: &str,
        file: &mut File,
        path: &Path,
        heard: Heard<'_>,
    ) -> Result<u64, Error> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let (mut so_far, mut tried) = (SoFar::default(), 0);
        loop {
            let before = so_far.received;
            let Err(error) = self.receive(url, file, path, &mut so_far, heard).await else {
                return Ok(so_far.received);
            };
            tried = if so_far.received > before { 1 } else { tried + 1 };
            let [random] = self.0.ids.bytes();
            // The object is another by now: it is begun anew.
            let is_other = so_far.received > 0 && matches!(error, Error::Status { status: 412, .. });
            if is_other {
                so_far.version = None;
            }
            let trouble = if is_other { Trouble::Unsure } else { trouble(&error) };
            let wait = retry::wait(tried, trouble, true, random).ok_or(error)?;
            tokio::time::sleep(wait).await;
            if so_far.version.is_none() {
                // Nothing tells whether the rest would be of the same object.
                so_far = SoFar::default();
            }
            file.set_len(so_far.received).await.map_err(failed)?;
            file.seek(io::SeekFrom::Start(so_far.received)).await.map_err(failed)?;
        }
    }

    /// GETs an object into memory.
    pub async fn fetch(&self, url: &str) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.receive(url, &mut bytes, Path::new("memory"), &mut SoFar::default(), &mut |_| ()).await?;
        Ok(bytes)
    }

    /// GETs what is missing of an object.
    async fn receive(
        &self,
        url: &str,
        into: &mut (impl tokio::io::AsyncWrite + Unpin),
        path: &Path,
        so_far: &mut SoFar,
        heard: Heard<'_>,
    ) -> Result<(), Error> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let url = self.permit(url)?;
        let mut request = self.0.http.get(url.clone());
        if let Some(version) = so_far.version.as_ref().filter(|_| so_far.received > 0) {
            request = request.header(RANGE, format!("bytes={}-", so_far.received)).header(IF_MATCH, version);
        }
        let mut response =
            within(&url, request.send()).await?.map_err(|error| self.unreachable(&url, error))?;
        let status = response.status().as_u16();
        let is_rest = status == 206;
        if !response.status().is_success() || is_rest != (so_far.received > 0) {
            let text = within(&url, response.text()).await?.unwrap_or_default();
            return Err(Error::Status { url: shown(&url), status, text: beginning(&text) });
        }
        so_far.version = response.headers().get(ETAG).cloned();
        while let Some(chunk) =
            within(&url, response.chunk()).await?.map_err(|error| self.unreachable(&url, error))?
        {
            into.write_all(&chunk).await.map_err(failed)?;
            so_far.received += chunk.len() as u64;
            heard(so_far.received);
        }
        into.flush().await.map_err(failed)
    }

    /// Brings a function's package to where `CreateFunction` and `UpdateFunctionCode` find it: inside the request when
    /// it is small, else in temporary storage.
    pub async fn upload_package(
        &self,
        function: &str,
        account: u64,
        package: Vec<u8>,
        heard: Heard<'_>,
    ) -> Result<Code, Error> {
        if package.len() <= INLINE {
            let size = package.len() as u64;
            heard(size);
            return Ok(Code { zip_file: Some(BASE64_STANDARD.encode(package)), ..Code::default() });
        }
        let endpoint = self.endpoint();
        let object_path = format!("{account}/{}/{function}.zip", endpoint.env_id);
        let place = self.call(&GetTempCosInfo { object_path: object_path.clone() }).await?;
        let key = format!("/{}/{object_path}", place.date);
        let store = match &endpoint.emulator {
            Some(emulator) => format!("{emulator}{}", crate::api::local::PACKAGES),
            None => temporary_store(&endpoint.region),
        };
        let headers = [("authorization", place.sign.as_str())];
        self.upload(&format!("{store}{key}"), &headers, Source::Bytes(package.into()), heard).await?;
        Ok(Code {
            cos_bucket_region: Some(endpoint.region.clone()),
            temp_cos_object_name: Some(key),
            ..Code::default()
        })
    }
}

/// Returns the platform's store for packages on their way to a function (`docs/wire.md#cloud-api-services`).
fn temporary_store(region: &str) -> String {
    let prefix = match region {
        "ap-guangzhou" => "gz",
        "ap-beijing" => "bj",
        "ap-singapore" => "sg",
        _ => "sh",
    };
    format!("https://{prefix}tempcos-1253665819.cos.{region}.myqcloud.com")
}

impl Source<'_> {
    /// Returns the length and the bytes, which report themselves as they are taken.
    async fn open(self, sent: watch::Sender<u64>) -> Result<(u64, reqwest::Body), Error> {
        match self {
            Source::Bytes(bytes) => {
                let length = bytes.len() as u64;
                let chunks = stream::unfold((bytes, sent), async |(mut rest, sent)| {
                    if rest.is_empty() {
                        return None;
                    }
                    let chunk = rest.split_to(rest.len().min(CHUNK));
                    sent.send_modify(|count| *count += chunk.len() as u64);
                    Some((io::Result::Ok(chunk), (rest, sent)))
                });
                Ok((length, reqwest::Body::wrap_stream(chunks)))
            }
            Source::File(path) => {
                let failed = |source| Error::File { path: path.to_owned(), source };
                let file = File::open(path).await.map_err(failed)?;
                let length = file.metadata().await.map_err(failed)?.len();
                // A file that grows meanwhile is sent as long as it was.
                let chunks = stream::unfold((file.take(length), sent), async |(mut file, sent)| {
                    let mut chunk = Vec::with_capacity(CHUNK);
                    match (&mut file).take(CHUNK as u64).read_to_end(&mut chunk).await {
                        Ok(0) => None,
                        Ok(count) => {
                            sent.send_modify(|so_far| *so_far += count as u64);
                            Some((Ok(Bytes::from(chunk)), (file, sent)))
                        }
                        Err(error) => Some((Err(error), (file, sent))),
                    }
                });
                Ok((length, reqwest::Body::wrap_stream(chunks)))
            }
        }
    }
}

/// Returns as much of a refusal as a person reads.
fn beginning(text: &str) -> String {
    text.trim().chars().take(300).collect()
}

/// Waits for a step of a transfer as long as a silent service is believed to be there.
pub(super) async fn within<T>(url: &reqwest::Url, step: impl Future<Output = T>) -> Result<T, Error> {
    tokio::time::timeout(IDLE, step).await.map_err(|_| stalled(url))
}

fn stalled(url: &reqwest::Url) -> Error {
    Error::Stalled { url: shown(url), seconds: IDLE.as_secs() }
}

/// Returns an address without its query, which may hold a signature.
fn shown(url: &reqwest::Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.into()
}
