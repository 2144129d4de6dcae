//! A file of a million documents brought in by `cloudkit db import` and taken out again: what it takes, and the memory of
//! the command and of the emulator. `cargo bench -- import 100k` takes another size.
//!
//! Where the time goes: of 22 µs of processor time a document at 200 000, the command takes 8 (the file is read twice,
//! checked before anything is sent) and the emulator 14; by batches of 500 it was 23.

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::database;
use super::process::{CLOUDKIT, Server, hello_root, status_megabytes};

const SIZE: usize = 1_000_000;
/// How often a command is asked for its memory.
const PAUSE: Duration = Duration::from_millis(20);

pub fn run(_: &Runtime) {
    let size = std::env::args().find_map(|it| database::parse_size(&it)).unwrap_or(SIZE);
    let root = hello_root();
    write(&root.path().join("players.jsonl"), size);
    let data = root.path().join(".cloudkit/data");
    let server = Server::emulator_on(root.path(), &data);
    while !root.path().join(".cloudkit/emulator.json").exists() {
        std::thread::sleep(PAUSE);
    }
    let commands: [&[&str]; 5] = [
        &["collection", "add", "players"],
        &["index", "add", "players", "score:1"],
        &["index", "add", "players", "level:1", "score:-1"],
        &["import", "players", "players.jsonl"],
        &["export", "players", "out.jsonl"],
    ];
    for arguments in commands {
        let (taken, peak) = command(root.path(), arguments);
        if matches!(arguments, ["import" | "export", ..]) {
            tell(arguments[0], size, taken, peak, Some(server.id()));
        }
    }
    drop(server);
    let (taken, peak) = command(root.path(), &["export", "players", "saved.jsonl", "--salvage"]);
    tell("export, stopped", size, taken, peak, None);
    let lines = |name: &str| std::fs::read_to_string(root.path().join(name)).expect("a file").lines().count();
    assert_eq!((lines("out.jsonl"), lines("saved.jsonl")), (size, size));
}

fn tell(what: &str, size: usize, taken: Duration, peak: f64, emulator: Option<u32>) {
    let rate = size as f64 / taken.as_secs_f64();
    let mut line = format!(
        "  {what:16} {size:9} documents  {:6.1} s  {rate:8.0} /s   command: peak {peak:.0} MB",
        taken.as_secs_f64()
    );
    let figure = |name| emulator.and_then(|id| status_megabytes(id, name));
    // Pages of the file that are mapped count as resident; the system takes them back when it needs them.
    if let (Some(own), Some(mapped)) = (figure("RssAnon"), figure("RssFile")) {
        let _ = write!(line, "   emulator: {own:.0} MB of its own, {mapped:.0} MB of files mapped");
    }
    println!("{line}");
}

/// Runs a command to its end; returns what it took and its largest memory in megabytes.
fn command(folder: &Path, arguments: &[&str]) -> (Duration, f64) {
    let start = Instant::now();
    let mut command = Command::new(CLOUDKIT);
    command
        .arg("db")
        .args(arguments)
        .arg("--quiet")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let mut child = command.spawn().expect("the command starts");
    let mut peak = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        peak = status_megabytes(child.id(), "VmHWM").unwrap_or(peak).max(peak);
        std::thread::sleep(PAUSE);
    };
    assert!(status.success(), "{arguments:?}");
    (start.elapsed(), peak)
}

fn write(path: &Path, size: usize) {
    let mut file = BufWriter::new(std::fs::File::create(path).expect("a file"));
    (0..size).for_each(|n| writeln!(file, "{}", database::document(n)).expect("written"));
    file.flush().expect("written");
}
