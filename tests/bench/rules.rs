//! Permissions: what a decision costs, ten thousand rows of `rules test`, and a document read through the rules by each client.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bson::{Document, doc};
use cloudkit::ops::rules::test::Suite;
use cloudkit::project::{Options, Project};
use cloudkit::rules::decision::{Scope, Subject, decide};
use cloudkit::rules::expression::Expression;
use cloudkit::rules::query::Query;
use tokio::runtime::Runtime;

const DECISIONS: u32 = 100_000;
const ROWS: usize = 10_000;

const OWN: &str = "doc._openid == auth.openid";
const THREE: &str = "auth != null && doc._openid == auth.openid && doc.status in ['open', 'done']";

pub fn run(_: &Runtime) {
    let large: Document = (0..100).map(|n| (format!("field{n}"), "x".repeat(100).into())).collect();
    let mut stored = doc! { "_id": "a", "_openid": "alice", "status": "open" };
    stored.extend(large);
    let filter = doc! { "_openid": "alice", "status": { "$in": ["open"] }, "n": { "$gt": 1 } };
    for (name, rule) in [("one clause", OWN), ("three clauses", THREE)] {
        let rule = Expression::parse(rule).expect("a rule");
        let on_query = each(|| {
            let query = Query::of(&filter).expect("few branches");
            assert!(decided(&rule, Subject::Query(&query)));
        });
        let on_document = each(|| assert!(decided(&rule, Subject::Document(Some(&stored)))));
        println!(
            "  {name:<14} {:>6.2} µs on a query, {:>6.2} µs on a document of 10 KB",
            micros(on_query),
            micros(on_document)
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    let took = rows(folder.path());
    println!("  {ROWS} rows of `rules test`: {:.0} ms", took.as_secs_f64() * 1e3);
    round_trips();
}

/// Reads one document by unmodified SDKs: those of pages go through permissions, the server's does not.
fn round_trips() {
    let sdks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk");
    if !sdks.join("node_modules").is_dir() {
        println!("  no round trips: `npm ci` in tests/sdk installs the SDKs");
        return;
    }
    let emulate = ["emulate", "--ephemeral", "--port", "0", "--no-install", "--quiet", "--"];
    let output = Command::new(super::process::CLOUDKIT)
        .args(emulate)
        .args(["node", "permissions/round-trip.mjs"])
        .current_dir(sdks)
        .output()
        .expect("cloudkit runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let Ok(found) = serde_json::from_str::<BTreeMap<String, f64>>(last) else {
        return println!("  no round trips: {}", String::from_utf8_lossy(&output.stderr));
    };
    let server = found.get("node-sdk").copied().unwrap_or(f64::NAN);
    for (name, time) in found {
        println!("  get by {name:<11} {:>5.2} ms, {:.2} × node-sdk", time / 1e3, time / server);
    }
}

fn decided(rule: &Expression, subject: Subject<'_>) -> bool {
    let auth = doc! { "openid": "alice" };
    let scope = Scope { auth: Some(&auth), now: 0, doc: subject, data: None, resource: None };
    black_box(decide(rule, &scope, &mut |_, _| Ok(None)).allowed)
}

fn each(mut work: impl FnMut()) -> Duration {
    let begun = Instant::now();
    (0..DECISIONS).for_each(|_| work());
    begun.elapsed() / DECISIONS
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn rows(folder: &Path) -> Duration {
    let mut text = String::from(
        "[users]\nalice = { openid = \"alice\" }\n[data.posts]\np = { _openid = \"alice\", status = \"open\" }\n[rules]\n",
    );
    writeln!(text, "posts = {{ read = \"{THREE}\", write = \"{OWN}\" }}").expect("a text");
    for row in 0..ROWS {
        let (read, allow) = if row % 2 == 0 { ("\"p\"", true) } else { ("{ status = \"open\" }", false) };
        writeln!(text, "[[tests]]\nas = \"alice\"\ncollection = \"posts\"\nread = {read}\nallow = {allow}")
            .expect("a text");
    }
    let file = folder.join("rules.test.toml");
    std::fs::write(&file, text).expect("a file");
    let options = Options { directory: folder.to_owned(), ..Options::default() };
    let project = Project::load(&options).expect("a project");
    let begun = Instant::now();
    let outcome = Suite::new(&project).expect("a suite").run(&file, 0).expect("it runs");
    let took = begun.elapsed();
    assert!(outcome.tests.iter().all(|test| test.passed));
    took
}
