//! TLS on the emulator's port, beside plain HTTP.

use cloudkit::emulator::Emulator;
use cloudkit::model::clock::Clock;

use crate::support::emulator::{NOW, config};
use crate::support::http::Request;

const MANIFEST: &str = "[gateway]\nroutes = [{ path = '/hello', function = 'hello' }]\n";
const HELLO: &str = "exports.main = async (event) => event.body";

/// Returns a client that trusts the authority of a certificate file, or nobody; names below `localhost` lead to `port`.
fn client(certificate: Option<&str>, port: u16) -> reqwest::Client {
    // An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let trusted = certificate.map(|file| {
        let text = std::fs::read(file).expect("a certificate");
        reqwest::Certificate::from_pem(&text).expect("in its form")
    });
    let here = ([127, 0, 0, 1], port).into();
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only(trusted);
    builder.resolve("localhost", here).resolve("gateway.localhost", here).build().expect("a client")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_speaks_tls_to_who_trusts_the_authority_and_http_to_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let function = folder.path().join("cloudfunctions/hello");
    std::fs::create_dir_all(&function).expect("a folder");
    std::fs::write(folder.path().join("cloudkit.toml"), MANIFEST).expect("a file");
    std::fs::write(function.join("index.js"), HELLO).expect("a file");
    let mut config = config(folder.path(), &Clock::frozen(NOW));
    config.https = Some(folder.path().join("authority"));
    let emulator = Emulator::start(config).await.expect("it starts");

    let told = Request::new("GET", &format!("{}/__cloudkit/env", emulator.url())).send().await.json();
    let port: u16 = emulator.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    assert_eq!(told["httpsUrl"], format!("https://127.0.0.1:{port}"));
    assert_eq!(told["variables"]["CLOUDKIT_HTTPS_URL"], told["httpsUrl"]);
    let certificate = told["certificate"].as_str().expect("a file");
    let node = certificate.replace("authority.pem", "trusted-beside-node.pem");
    assert_eq!(told["variables"]["NODE_EXTRA_CA_CERTS"], node);
    // It is no proxy.
    assert_eq!(told["variables"].get("https_proxy"), None);

    let trusting = client(Some(certificate), port);
    for host in ["127.0.0.1", "localhost", "gateway.localhost"] {
        let url = format!("https://{host}:{port}/hello");
        let answer = trusting.post(&url).body("over TLS").send().await.expect(host);
        assert_eq!((answer.status().as_u16(), answer.text().await.expect("text")), (200, "over TLS".into()));
    }
    let url = format!("https://127.0.0.1:{port}/hello");
    assert!(client(None, port).post(&url).send().await.is_err(), "nobody vouches for it");
    // A connection that says nothing, or nonsense, holds up no other.
    let silent = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    let mut garbled = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    tokio::io::AsyncWriteExt::write_all(&mut garbled, &[22, 3, 1, 0, 2, 9, 9]).await.expect("sent");
    let plain = Request::new("POST", &format!("{}/hello", emulator.url())).body("plain").send().await;
    assert_eq!((plain.status, plain.body.as_slice()), (200, &b"plain"[..]));
    emulator.stop().await;
    drop((silent, garbled));
}
