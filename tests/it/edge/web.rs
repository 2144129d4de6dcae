//! Web functions: servers of the user's own behind HTTP access.

use std::os::unix::fs::PermissionsExt;

use cloudkit::api::control::function::{GetFunction, Invoke};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::control::client;
use crate::support::emulator::Sandbox;
use crate::support::http::Request;
use crate::support::patience::within;

const MANIFEST: (&str, &str) = (
    "cloudkit.toml",
    "[gateway]\nroutes = [{ path = '/site', function = 'site' }, { path = '/broken', function = 'broken' }]\n[functions.site]\ntimeout = 20\n",
);
const SERVER: &str = r#"
const http = require('http');
const server = http.createServer((request, answer) => {
  if (request.url === '/crash') process.exit(7);
  if (request.url === '/hop') return answer.writeHead(200, { connection: 'close' }).end(String(request.headers.connection));
  if (request.url === '/events') {
    answer.writeHead(200, { 'content-type': 'text/event-stream' });
    answer.write('data: 1\n\n');
    return setTimeout(() => answer.end('data: 2\n\n'), 20);
  }
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    console.log('asked for ' + request.url);
    answer.writeHead(201, { 'x-own': ['1', '2'] });
    const { host, 'x-token': token } = request.headers;
    answer.end(JSON.stringify([VERSION, request.method, request.url, token, host.split(':')[0], Buffer.concat(parts).toString('hex')]));
  });
});
server.on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  socket.on('data', (data) => socket.write(data)).on('error', () => {});
});
server.listen(process.env.PORT);
"#;

/// Starts an emulator with the function `site`, whose server is of that version, and the function `broken`.
async fn sandbox() -> Sandbox {
    sandbox_of(
        "#!/bin/bash\nexec /var/lang/node18/bin/node /var/user/app.js\n",
        "#!/bin/bash\necho no >&2\nexit 3\n",
    )
    .await
}

/// The same with other scripts.
async fn sandbox_of(site: &str, broken: &str) -> Sandbox {
    let sandbox = Sandbox::with_files(&[
        MANIFEST,
        ("cloudfunctions/site/scf_bootstrap", site),
        ("cloudfunctions/site/app.js", &SERVER.replace("VERSION", "1")),
        ("cloudfunctions/broken/scf_bootstrap", broken),
    ])
    .await;
    for name in ["site", "broken"] {
        let file = sandbox.folder.path().join("cloudfunctions").join(name).join("scf_bootstrap");
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    }
    sandbox
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_reaches_the_server_as_it_came() {
    let sandbox = sandbox().await;
    let request =
        Request::new("PUT", &sandbox.url("/site/a%20b?x=1&x=2")).header("X-Token", "t").body([0, 255]);
    let response = request.send().await;
    assert_eq!((response.status, response.header("x-own")), (201, Some("1")));
    assert_eq!(response.json().to_string(), r#"[1,"PUT","/a%20b?x=1&x=2","t","127.0.0.1","00ff"]"#);
    let hop = sandbox.get("/site/hop").await;
    assert_ne!(String::from_utf8_lossy(&hop.body), "close");
    let crashed = sandbox.get("/site/crash").await;
    assert_eq!(crashed.json()["message"], "the server ended in the request: exit status: 7");
    let events = sandbox.get("/site/events").await;
    assert_eq!(events.header("content-type"), Some("text/event-stream"));
    let text = String::from_utf8_lossy(&events.body).into_owned();
    assert!(text.contains("data: 1\n\n") && text.contains("data: 2\n\n"), "{text}");

    let served = sandbox.folder.path().join("cloudfunctions/site/app.js");
    std::fs::write(served, SERVER.replace("VERSION", "'saved'")).expect("saved");
    let response = sandbox.get("/site").await;
    assert_eq!(response.json()[0], "saved", "the saved code is served at once");
    let script = sandbox.folder.path().join("cloudfunctions/site/scf_bootstrap");
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o644)).expect("its mode");
    let refused = sandbox.get("/site").await.json();
    assert!(refused["message"].as_str().is_some_and(|it| it.contains("chmod +x")), "{refused}");
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_socket_goes_through() {
    let sandbox = sandbox().await;
    let address = sandbox.emulator.url().strip_prefix("http://").expect("plain HTTP").to_owned();
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    let head = format!(
        "GET /site/socket HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(within("an answer", stream.read_u8()).await.expect("an answer"));
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
    stream.write_all(b"ping").await.expect("sent");
    let mut echo = [0; 4];
    within("an echo", stream.read_exact(&mut echo)).await.expect("an echo");
    assert_eq!(&echo, b"ping");
    drop(stream);
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_come_while_a_server_starts_share_its_start() {
    let script = |end: &str| format!("#!/bin/bash\necho start >> ../../.starts\nsleep 0.3\n{end}\n");
    let sandbox = sandbox_of(&script("exec node app.js"), &script("exit 3")).await;
    for (name, status) in [("site", 201), ("broken", 405)] {
        let url = format!("/{name}");
        let answers = futures_util::future::join_all((0..8).map(|_| sandbox.get(&url))).await;
        assert!(answers.iter().all(|answer| answer.status == status), "{name}");
        let starts = sandbox.folder.path().join(".starts");
        assert_eq!(std::fs::read_to_string(&starts).expect("somebody started"), "start\n", "{name}");
        std::fs::remove_file(&starts).expect("it is there");
    }
    sandbox.emulator.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_more_memory_than_it_may_is_ended_and_the_next_request_starts_another() {
    let sandbox = sandbox().await;
    let app = "const kept = []; require('http').createServer((request, answer) => { if (request.url !== '/fill') \
               return answer.end('well'); setInterval(() => kept.push(Buffer.alloc(8 << 20, 1)), 5) }).listen(process.env.PORT)";
    // The shell stays: what it started counts.
    let script = "#!/bin/bash\nnode app.js\nexit $?\n";
    let folder = sandbox.folder.path().join("cloudfunctions/site");
    std::fs::write(folder.join("app.js"), app).expect("written");
    std::fs::write(folder.join("scf_bootstrap"), script).expect("written");
    let response = sandbox.get("/site/fill").await;
    assert_eq!((response.status, &response.json()["code"]), (500, &"FUNCTION_MEMORY_LIMIT_EXCEEDED".into()));
    assert_eq!(sandbox.get("/site").await.status, 200);
    sandbox.emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_is_told_with_the_platforms_code_and_calls_are_refused() {
    let sandbox = sandbox().await;
    let response = sandbox.get("/broken").await;
    let told = response.json();
    assert_eq!((response.status, told["code"].as_str()), (405, Some("ContainerStateExited")));
    let message = told["message"].as_str().expect("a text");
    assert!(message.starts_with("the process ended before it listened (exit status: 3)"), "{message}");

    let client = client(&sandbox);
    let described = GetFunction { function_name: "site".into(), ..Default::default() };
    assert_eq!(client.call(&described).await.expect("it is there").r#type, "HTTP");
    let call = Invoke { function_name: "site".into(), ..Default::default() };
    let result = client.call(&call).await.expect("an answer").result;
    assert!(result.err_msg.contains("is a web function"), "{}", result.err_msg);
    sandbox.emulator.stop().await;
}
