//! Indexed reads and single inserts over HTTP as the collection grows: the figures should stay flat.

use std::time::Duration;

use super::load::{self, Connection, post};
use super::process::{Server, hello_root, millis};

const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];
/// Documents a request while filling: about 1 MB.
const BATCH: usize = 5_000;

pub fn run(runtime: &tokio::runtime::Runtime) {
    let root = hello_root();
    let server = Server::emulator(root.path());
    let mut filled = 0;
    let mut first: Option<[f64; 3]> = None;
    runtime.block_on(async {
        let mut connection = Connection::open(server.port).await.expect("it listens");
        ask(&mut connection, server.port, r#"{"action":"database.addCollection","collectionName":"players"}"#.into()).await;
        // `_openid` is indexed in every collection; it stands for any secondary index.
        for size in SIZES {
            while filled < size {
                let end = (filled + BATCH).min(size);
                let documents: Vec<String> = (filled..end).map(document).collect();
                let body = serde_json::json!({"action": "database.insertDocument", "collectionName": "players", "data": documents});
                ask(&mut connection, server.port, body.to_string()).await;
                filled = end;
            }
            let by_id = query(&format!(r#"{{"_id":"p{}"}}"#, size / 2));
            let by_index = query(&format!(r#"{{"_openid":"o{}"}}"#, size / 2));
            let insert = r#"{"action":"database.insertDocument","collectionName":"players","data":["{\"n\":1,\"score\":7}"]}"#;
            let mut rates = [0.0; 3];
            for (at, (name, body)) in [("get by id", by_id.as_str()), ("get by index", &by_index), ("insert one", insert)].into_iter().enumerate() {
                let request = post("/admin", server.port, body);
                let measured = load::run(server.port, 1, &request, Duration::from_secs(2)).await;
                rates[at] = measured.requests_per_second;
                let ratio = first.map_or(1.0, |it| rates[at] / it[at]);
                println!(
                    "  {size:9} documents  {name:12}  {:7.0} /s   median {:.3} ms   p99 {:.3} ms   {ratio:.2} × the smallest",
                    rates[at],
                    millis(measured.median),
                    millis(measured.p99)
                );
            }
            first = first.or(Some(rates));
        }
    });
}

fn document(n: usize) -> String {
    format!(
        r#"{{"_id":"p{n}","_openid":"o{n}","name":"player {n}","score":{},"level":{},"note":"{}"}}"#,
        n * 7919 % 100_003,
        n % 60,
        "x".repeat(120)
    )
}

fn query(filter: &str) -> String {
    serde_json::json!({"action": "database.getDocument", "collectionName": "players", "queryType": "WHERE", "query": filter, "limit": 100}).to_string()
}

async fn ask(connection: &mut Connection, port: u16, body: String) {
    connection.ask(&post("/admin", port, &body)).await.expect("an answer");
}
