//! The names of headers with the capitals that COS writes. HTTP does not tell `etag` from `ETag`; the Python SDK of object
//! storage does. See `docs/wire.md#object-storage`.

use axum::http::{Extensions, Request};
use axum::response::Response;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::OnceCell;

/// An answer as COS writes it.
const SAMPLE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Type: x\r\nETag: x\r\nLast-Modified: x\r\n\
    Accept-Ranges: x\r\nContent-Range: x\r\nCache-Control: x\r\nContent-Disposition: x\r\nContent-Encoding: x\r\n\
    Content-Language: x\r\nExpires: x\r\nDate: x\r\nConnection: x\r\n\r\n";

/// Has the names of an answer's headers written as in [`SAMPLE`], others in lower case.
pub(super) async fn capitalize(response: &mut Response) {
    static CAPITALS: OnceCell<Extensions> = OnceCell::const_new();
    // hyper keeps the spelling of names among the extensions of what it reads, and writes by it.
    let learnt = CAPITALS.get_or_init(|| async { learn().await.unwrap_or_default() }).await;
    response.extensions_mut().extend(learnt.clone());
}

/// Reads the sample.
async fn learn() -> hyper::Result<Extensions> {
    let (near, mut far) = tokio::io::duplex(SAMPLE.len() + 1024);
    let (mut sender, connection) =
        http1::Builder::new().preserve_header_case(true).handshake(TokioIo::new(near)).await?;
    let connection = tokio::spawn(connection);
    let asking = sender.send_request(Request::new(axum::body::Body::empty()));
    let answering = async {
        // An answer that comes before the question is refused. Neither step can fail: there is room for both.
        let _ = far.read(&mut [0; 1024]).await;
        let _ = far.write_all(SAMPLE).await;
    };
    let (answer, ()) = tokio::join!(asking, answering);
    connection.abort();
    Ok(std::mem::take(answer?.extensions_mut()))
}
