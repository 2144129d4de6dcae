//! `cloudkit emulate`: the command it runs, the signals that end it, and what is left of it afterwards.

#![cfg(unix)]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};

use cloudkit::project::running::Running;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::cloudkit::Cloudkit;
use crate::support::http::Request;
use crate::support::patience::{Limit, PATIENCE, output};

const QUIET: [&str; 4] = ["emulate", "--port", "0", "--ephemeral"];

/// An emulator in a process of its own, and the ends of its streams.
struct Emulated {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    talk: BufReader<ChildStderr>,
    _limit: Limit,
}

impl Emulated {
    fn start(cloudkit: &Cloudkit, arguments: &[&str]) -> Self {
        Self::start_with(cloudkit, &[&QUIET, arguments].concat())
    }

    fn start_with(cloudkit: &Cloudkit, arguments: &[&str]) -> Self {
        let mut command = cloudkit.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("run");
        Emulated {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().expect("piped")),
            talk: BufReader::new(child.stderr.take().expect("piped")),
            _limit: Limit::of(&child),
            child,
        }
    }

    /// Starts it without a command and waits until it is ready.
    fn serve(cloudkit: &Cloudkit) -> Self {
        let mut running = Self::start(cloudkit, &[]);
        running.hear("ready in");
        running
    }

    /// Waits for a line of standard output.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }

    /// Waits until it says these words.
    fn hear(&mut self, words: &str) {
        let mut said = String::new();
        while self.talk.read_line(&mut said).expect("text") > 0 {
            if said.contains(words) {
                return;
            }
        }
        panic!("never said `{words}`:\n{said}");
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a process");
        kill_process(pid, signal).expect("sent");
    }

    /// Waits for the end and returns the exit code.
    fn code(mut self) -> Option<i32> {
        drop(self.input);
        self.child.wait().expect("ended").code()
    }
}

#[test]
fn what_is_saved_in_the_manifest_comes_into_force() {
    let manifest = "[database.posts]\npermission = 'READONLY'\n[users.alice]\nuid = 'u-alice'\n";
    let cloudkit = Cloudkit::alone(&[("cloudkit.toml", manifest)]);
    let mut emulated = Emulated::serve(&cloudkit);
    let permission = |of: &str| cloudkit.json(&["rules", "get", of])["permission"].clone();
    let save = |text: &str| std::fs::write(cloudkit.folder().join("cloudkit.toml"), text).expect("written");
    save(&manifest.replace("READONLY", "ADMINONLY").replace("'u-alice'", "'u-alice'\nnickname = 'A'"));
    emulated.hear("in force: database.posts  users.alice");
    assert_eq!(permission("posts"), "ADMINONLY");
    save("[functions]\ninvoke = false\n[database.notes]\nrule = { read = 'doc.' }\n");
    emulated.hear("cloudkit.toml:4: ");
    save("[functions]\ninvoke = false\n[database.notes]\nrule = { read = true }\n");
    emulated.hear("in force: database.notes  functions.*.invoke");
    assert_eq!(permission("notes"), "CUSTOM");
    assert_eq!(permission("--functions"), "CUSTOM");
    // What is not said any more stays as it is.
    assert_eq!(permission("posts"), "ADMINONLY");
    emulated.signal(Signal::INT);
    assert_eq!(emulated.code(), Some(130));
}

#[test]
fn the_exit_code_is_the_commands() {
    let cloudkit = Cloudkit::alone(&[]);
    for (script, code) in
        [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143), ("kill -INT $$", 130)]
    {
        let output = cloudkit.output(&[&QUIET[..], &["--", "sh", "-c", script]].concat());
        assert_eq!(output.status.code(), Some(code), "{script}");
    }
}

#[test]
fn a_thousand_sockets_are_no_matter_of_the_shells_limit() {
    let cloudkit = Cloudkit::alone(&[]);
    let emulate = cloudkit.command(&[&QUIET[..], &["--", "sh", "-c", "ulimit -Sn; ulimit -Hn"]].concat());
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -Sn 64 && exec \"$@\"", "sh"])
        .arg(emulate.get_program())
        .args(emulate.get_args());
    limited.current_dir(cloudkit.folder()).env_clear();
    limited.envs(emulate.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let told = String::from_utf8(output(&mut limited).stdout).expect("text");
    let most: Vec<u64> = told.lines().map(|line| line.parse().unwrap_or(u64::MAX)).collect();
    let [soft, hard] = most[..] else { panic!("{told}") };
    assert_eq!(soft, hard.min(10_240));
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let cloudkit = Cloudkit::alone(&[]);
    insta::assert_snapshot!(cloudkit.run(&[&QUIET[..], &["--", "no-such-program"]].concat()), @r"
    exit 4
    --- stderr
    error: could not run `no-such-program`
      caused by: No such file or directory (os error 2)
    hint: the command after `--` is run as it is, without a shell; use `-- sh -c '…'` for one
    ");
}

#[test]
fn standard_output_is_the_commands_alone() {
    if !has_node() {
        return;
    }
    let cloudkit = Cloudkit::alone(&[("cloudfunctions/noisy/index.js", NOISY)]);
    let script = r#"printf 'a\000b'; "$CLOUDKIT" fn invoke noisy >/dev/null 2>&1; printf 'no line end'"#;
    for more in [&[][..], &["--json"]] {
        let arguments = [more, &QUIET, &["--", "sh", "-c", script]].concat();
        let output = cloudkit.output(&arguments);
        assert_eq!(output.stdout, b"a\0bno line end");
        assert!(String::from_utf8_lossy(&output.stderr).contains("said by a function"));
    }
}

const NOISY: &str = "exports.main = async () => { console.log('said by a function'); };\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_child_finds_the_emulator_in_its_environment() {
    let cloudkit = Cloudkit::alone(&[]);
    let ready = cloudkit.folder().join("ready.json");
    let script = "env | cut -d= -f1 | grep -E '^(CLOUDKIT|TENCENTCLOUD|TCB|NODE_OPTIONS)' | sort | tr '\\n' ' '; \
                  echo; echo $CLOUDKIT_ENV; read end; exit 0";
    let arguments =
        ["--ready-file", &ready.to_string_lossy(), "--env-id", "shop-1", "--", "sh", "-c", script];
    let mut running = Emulated::start(&cloudkit, &arguments);
    assert_eq!(
        running.line(),
        "CLOUDKIT CLOUDKIT_EMULATOR_URL CLOUDKIT_ENV CLOUDKIT_ENV_ID CLOUDKIT_KEYRING NODE_OPTIONS TCB_CONTEXT_CNFG \
         TENCENTCLOUD_REGION TENCENTCLOUD_SECRETID TENCENTCLOUD_SECRETKEY"
    );
    assert_eq!(running.line(), "local");
    let written: serde_json::Value = serde_json::from_str(&cloudkit.read("ready.json")).expect("JSON");
    let url = written["url"].as_str().expect("an address");
    assert_eq!(written["envId"], "shop-1");
    assert_eq!(written["variables"]["CLOUDKIT_ENV_ID"], "shop-1");
    assert_eq!(Request::new("GET", &format!("{url}/healthz")).send().await.status, 200);
    assert_eq!(Request::new("GET", &format!("{url}/__cloudkit/env")).send().await.json(), written);
    assert_eq!(running.code(), Some(0));
    assert!(!cloudkit.folder().join(".cloudkit").exists(), "an ephemeral run leaves nothing");
}

#[test]
fn offline_a_child_reaches_fixtures_and_this_machine_alone() {
    let fixture = "[[reply]]\nto = \"https://api.example.com/**\"\ntext = \"from a file\"\n";
    let cloudkit = Cloudkit::alone(&[("fixtures/http/a.toml", fixture)]);
    let script = "const say = (url) => fetch(url).then(
        async (answer) => console.log(await answer.text()), (error) => console.log(error.cause.code));
        say('https://api.example.com/x').then(() => say('https://other.example.com/'))
          .then(() => say(`${process.env.CLOUDKIT_EMULATOR_URL}/healthz`))";
    let arguments = [&QUIET[..], &["--offline", "--", "node", "-e", script]].concat();
    let output = cloudkit.output(&arguments);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "from a file\nECLOUDKIT_OFFLINE\nok\n\n");
}

#[test]
fn ten_run_side_by_side_in_one_project() {
    let cloudkit = Cloudkit::alone(&[]);
    let script = "echo $CLOUDKIT_EMULATOR_URL; read end; exit 0";
    let mut all: Vec<_> = (0..10).map(|_| Emulated::start(&cloudkit, &["--", "sh", "-c", script])).collect();
    let mut urls: Vec<String> = all.iter_mut().map(Emulated::line).collect();
    urls.sort();
    urls.dedup();
    assert_eq!(urls.len(), 10, "{urls:?}");
    assert!(all.into_iter().map(Emulated::code).all(|code| code == Some(0)));
}

#[test]
fn who_is_asked_to_stop_asks_the_command_and_ends_with_its_code() {
    let cloudkit = Cloudkit::alone(&[]);
    for (signal, trap, code) in [
        // Whoever handles the signal decides what it means.
        (Signal::INT, "trap 'exit 9' INT", 9),
        (Signal::INT, "trap 'exit 0' INT", 0),
        (Signal::TERM, "trap 'exit 9' TERM", 9),
        (Signal::HUP, "trap 'exit 9' TERM", 9),
        // Nobody does.
        (Signal::INT, "", 130),
        (Signal::TERM, "", 130),
        (Signal::HUP, "", 130),
    ] {
        let script = format!("{trap}\necho up; read end; exit 1");
        let mut running = Emulated::start(&cloudkit, &["--", "sh", "-c", &script]);
        assert_eq!(running.line(), "up");
        running.signal(signal);
        assert_eq!(running.child.wait().expect("ended").code(), Some(code), "{trap} {signal:?}");
    }
}

#[test]
fn the_first_ctrl_c_waits_for_the_command() {
    let cloudkit = Cloudkit::alone(&[]);
    let script = "trap '' INT; echo up; read end; echo down; exit 3";
    let mut running = Emulated::start(&cloudkit, &["--", "sh", "-c", script]);
    assert_eq!(running.line(), "up");
    running.signal(Signal::INT);
    running.hear("waiting for the command to end");
    writeln!(running.input.as_ref().expect("piped"), "end").expect("a reader");
    assert_eq!(running.line(), "down");
    assert_eq!(running.code(), Some(3));
}

#[test]
fn a_command_and_what_it_started_end_with_the_emulator() {
    let cloudkit = Cloudkit::alone(&[]);
    let stubborn = "trap '' INT TERM HUP; while :; do sleep 1; done";
    for (script, signal, code) in [
        // What a command leaves behind.
        ("sleep 1000 & echo up".to_owned(), None, Some(0)),
        (format!("({stubborn}) & echo up"), None, Some(0)),
        (format!("({stubborn}) & echo up; read end"), Some(Signal::INT), Some(130)),
        // The emulator has no say in this one.
        (format!("({stubborn}) & echo up; {stubborn}"), Some(Signal::KILL), None),
    ] {
        let mut running = Emulated::start(&cloudkit, &["--", "sh", "-c", &script]);
        assert_eq!(running.line(), "up");
        if signal == Some(Signal::KILL) {
            // Who is killed right after it started the command has had no time to have it watched.
            running.signal(Signal::INT);
            running.hear("waiting for the command to end");
        }
        if let Some(signal) = signal {
            running.signal(signal);
        }
        assert_eq!(running.child.wait().expect("ended").code(), code, "{script}");
        // All of them hold its other end.
        let output = running.output.get_ref();
        assert!(poll_one(output, PollFlags::empty()), "somebody is left of `{script}`");
    }
}

#[test]
fn a_command_that_will_not_end_is_ended() {
    let cloudkit = Cloudkit::alone(&[]);
    let script = "trap 'echo asked' TERM; trap '' INT; echo up; while :; do read end; done";
    let start = || {
        let mut running = Emulated::start(&cloudkit, &["--", "sh", "-c", script]);
        assert_eq!(running.line(), "up");
        running
    };
    let mut interrupted = start();
    interrupted.signal(Signal::INT);
    interrupted.hear("waiting for the command to end");
    let mut terminated = start();
    for (running, signal) in [(&mut interrupted, Signal::INT), (&mut terminated, Signal::TERM)] {
        running.signal(signal);
        assert_eq!(running.line(), "asked");
        running.signal(signal);
    }
    assert_eq!((interrupted.code(), terminated.code()), (Some(130), Some(130)));
}

#[test]
fn nothing_is_left_however_it_ends() {
    if !has_node() {
        return;
    }
    let door = TcpListener::bind("127.0.0.1:0").expect("a port");
    let variables = format!("DOOR={}\n", door.local_addr().expect("bound").port());
    let cloudkit = Cloudkit::alone(&[&LINGERERS[..], &[(".env", &variables)]].concat());
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let running = Emulated::serve(&cloudkit);
        let mut calls = Vec::new();
        let alive: Vec<TcpStream> = LINGERERS
            .iter()
            .filter_map(|(path, _)| path.split('/').nth(1))
            .map(|function| {
                let mut call = cloudkit.command(&["fn", "invoke", function]);
                let call = call.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("run");
                let (knocked, call) = wait_for_a_knock(&door, call);
                calls.push(call);
                knocked
            })
            .collect();
        running.signal(signal);
        alive.into_iter().for_each(wait_for_the_end);
        assert_eq!(running.code(), (signal != Signal::KILL).then_some(130));
        for mut call in calls {
            call.wait().expect("ended");
        }
        assert_eq!(Running::find(cloudkit.folder()).is_some(), signal == Signal::KILL, "the note");
    }
}

/// Functions that do not end by themselves. Each holds a connection to the test, which the system closes when the
/// process is gone.
const LINGERERS: [(&str, &str); 4] = [
    (
        "cloudfunctions/waiting/index.js",
        "const { connect } = require('net');\n\
         exports.main = () => new Promise(() => connect(process.env.DOOR, '127.0.0.1'));\n",
    ),
    (
        "cloudfunctions/timers/index.js",
        "const { connect } = require('net');\n\
         setInterval(() => {}, 1000);\n\
         exports.main = async () => { connect(process.env.DOOR, '127.0.0.1'); };\n",
    ),
    (
        "cloudfunctions/looping/index.js",
        "const { connect } = require('net');\n\
         exports.main = () => new Promise(() => connect(process.env.DOOR, '127.0.0.1', () => { for (;;); }));\n",
    ),
    (
        "cloudfunctions/spawning/index.js",
        "const { spawn } = require('child_process');\n\
         const code = `process.on('SIGTERM', () => {}); require('net').connect(process.env.DOOR, '127.0.0.1')`;\n\
         exports.main = () => new Promise(() => spawn(process.execPath, ['-e', code]));\n",
    ),
];

/// Waits until the process that a call starts has connected.
fn wait_for_a_knock(door: &TcpListener, mut call: Child) -> (TcpStream, Child) {
    if !poll_one(door, PollFlags::IN) {
        call.kill().expect("ours");
        panic!("nobody knocked: {:?}", call.wait_with_output());
    }
    (door.accept().expect("somebody is there").0, call)
}

/// Waits until one of these happens, or the other end is closed; returns whether it did in time.
fn poll_one(file: &impl AsFd, events: PollFlags) -> bool {
    let limit = Timespec { tv_sec: PATIENCE.as_secs().cast_signed(), tv_nsec: 0 };
    let wait = || poll(&mut [PollFd::new(file, events)], Some(&limit));
    rustix::io::retry_on_intr(wait).expect("a file to wait for") > 0
}

/// Waits until the process at the other end is gone.
fn wait_for_the_end(mut alive: TcpStream) {
    alive.set_read_timeout(Some(PATIENCE)).expect("a limit");
    match alive.read_to_end(&mut Vec::new()) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("a process is left: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_emulators_note_leads_nowhere() {
    let cloudkit = Cloudkit::alone(&[]);
    let running = Emulated::serve(&cloudkit);
    running.signal(Signal::KILL);
    assert_eq!(running.code(), None);
    let note = Running::find(cloudkit.folder()).expect("left behind");
    let other = Cloudkit::serving(&[]).await;
    let others = Running::find(other.folder()).expect("it runs").url;
    for url in [note.url.clone(), stranger(), others] {
        Running { url, ..note.clone() }.leave(cloudkit.folder()).expect("written");
        insta::allow_duplicates! {
            insta::assert_snapshot!(cloudkit.run(&["fn", "list", "--env", "local"]), @r"
            exit 4
            --- stderr
            error: no emulator is running here
            hint: start it with `cloudkit emulate`, or name another environment with `--env`
            ");
        }
    }
}

#[test]
fn a_second_emulator_leaves_people_with_the_first() {
    let cloudkit = Cloudkit::alone(&[]);
    let first = Emulated::serve(&cloudkit);
    let note = || Running::find(cloudkit.folder()).map(|it| it.pid);
    assert_eq!(note(), Some(first.child.id()));
    let mut second = Emulated::start(&cloudkit, &[]);
    second.hear("`--env local` stays with the emulator of this project at");
    second.hear("ready in");
    assert_eq!(note(), Some(first.child.id()));
    second.signal(Signal::TERM);
    assert_eq!(second.code(), Some(130));
    assert_eq!(note(), Some(first.child.id()));
    first.signal(Signal::TERM);
    assert_eq!(first.code(), Some(130));
    assert_eq!(note(), None);
}

/// Starts a server that is no emulator and returns its address.
fn stranger() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut request = BufReader::new(&stream);
            while request.read_line(&mut String::new()).is_ok_and(|length| length > 2) {}
            let _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"hello\":1}");
        }
    });
    format!("http://{address}")
}

#[test]
fn a_taken_port_and_a_folder_in_use_are_named() {
    let cloudkit = Cloudkit::alone(&[]);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let told = cloudkit.run(&["emulate", "--ephemeral", "--port", &port, "--", "true"]);
    insta::assert_snapshot!(told.replace(&port, "[port]"), @r"
    exit 1
    --- stderr
    error: port [port] is taken
      caused by: Address already in use (os error 98)
    hint: choose another with `--port N`, or `--port 0` for a free one
    ");
    let mut holder = Emulated::start_with(
        &cloudkit,
        &["emulate", "--data", "data", "--", "sh", "-c", "echo $CLOUDKIT_EMULATOR_URL; read end"],
    );
    let (url, pid) = (holder.line(), holder.child.id().to_string());
    let told = cloudkit.run(&["emulate", "--data", "data", "--", "true"]);
    insta::assert_snapshot!(told.replace(&url, "[url]").replace(&pid, "[pid]"), @r"
    exit 1
    --- stderr
    error: the data folder `[project]/data` is in use by the emulator at [url] (process [pid])
    hint: stop that one, or start this one with `--data DIR` or `--ephemeral`
    ");
}

#[test]
fn damaged_documents_stay_as_they_are() {
    let cloudkit = Cloudkit::alone(&[]);
    let file = cloudkit.folder().join("data/documents.sqlite");
    std::fs::create_dir(cloudkit.folder().join("data")).expect("a folder");
    for (content, why) in [("", "it is empty"), ("{}", "it does not begin as a database does")] {
        std::fs::write(&file, content).expect("written");
        let told = cloudkit.run(&["emulate", "--data", "data", "--", "true"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(told.replace(why, "[why]"), @r"
            exit 1
            --- stderr
            error: could not open the documents in `[project]/data/documents.sqlite`
              caused by: the database file is damaged: [why]
            hint: `cloudkit db export --salvage` saves what is whole; move the file away to start empty
            ");
        }
        assert_eq!(std::fs::read_to_string(&file).expect("still there"), content);
    }
}

/// Serves what lies in the project's data folder; `change` is made, and the process ends by a kill.
fn killed(cloudkit: &Cloudkit, change: impl FnOnce()) {
    let mut running = Emulated::start_with(cloudkit, &SERVE);
    running.hear("ready in");
    change();
    running.signal(Signal::KILL);
    assert_eq!(running.code(), None);
}

const SERVE: [&str; 3] = ["emulate", "--port", "0"];

#[test]
fn commits_that_a_damaged_log_has_lost_are_told_and_in_the_log() {
    let cloudkit = Cloudkit::alone(&[]);
    killed(&cloudkit, || {
        assert!(cloudkit.run(&["db", "collection", "add", "things"]).starts_with("exit 0"));
        for id in 0..6 {
            let document = format!("{{\"_id\":{id}}}");
            let told = cloudkit.run(&["db", "insert", "things", &document]);
            assert!(told.starts_with("exit 0"), "{told}");
        }
    });
    let log = cloudkit.folder().join(".cloudkit/data/documents.sqlite-wal");
    let mut bytes = std::fs::read(&log).expect("a log");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&log, bytes).expect("written");

    let mut running = Emulated::start_with(&cloudkit, &SERVE);
    running.hear("warning: the log of the last run was damaged: its newest writes (");
    running.hear("ready in");
    let told = cloudkit.run(&["logs", "--level", "warn"]);
    assert!(told.contains("the log of the last run was damaged"), "{told}");
    let left = cloudkit.json(&["db", "query", "things"]);
    assert!(left.as_array().is_some_and(|it| it.len() < 6), "{left}");
    running.signal(Signal::TERM);
    running.code();
    // It is over with.
    let mut running = Emulated::start_with(&cloudkit, &SERVE);
    let mut told = String::new();
    while !told.contains("ready in") {
        assert!(running.talk.read_line(&mut told).expect("text") > 0, "{told}");
    }
    assert!(!told.contains("was damaged"), "{told}");
    running.signal(Signal::TERM);
    running.code();
}

#[test]
fn damage_that_is_found_while_serving_is_told_and_ends_the_serving() {
    let documents: String =
        (0..1500).map(|it| format!("{{\"_id\":\"p{it}\",\"text\":\"{}\"}}\n", "x".repeat(3000))).collect();
    let cloudkit = Cloudkit::alone(&[("things.jsonl", &documents)]);
    let told = cloudkit.run(&[&SERVE[..], &["--seed", "things.jsonl", "--", "true"]].concat());
    assert!(told.starts_with("exit 0"), "{told}");
    killed(&cloudkit, || {
        let told = cloudkit.run(&["db", "insert", "things", "{\"_id\":\"last\"}"]);
        assert!(told.starts_with("exit 0"), "{told}");
    });
    let file = cloudkit.folder().join(".cloudkit/data/documents.sqlite");
    let mut bytes = std::fs::read(&file).expect("the data");
    // Full leaves of ids and of the index: what is needed to open the file, and the documents, are whole.
    for page in bytes.chunks_mut(4096).filter(|it| it[0] == 10 && u16::from_be_bytes([it[3], it[4]]) > 20) {
        page[4000] ^= 0x55;
    }
    std::fs::write(&file, bytes).expect("written");

    let mut running = Emulated::start_with(&cloudkit, &SERVE);
    running.hear("No document is served from now on");
    let told = cloudkit.run(&["db", "query", "things"]);
    assert!(told.starts_with("exit 5") && told.contains("the database file is damaged"), "{told}");
    let told = cloudkit.run(&["logs", "--level", "error"]);
    assert!(told.contains("No document is served from now on"), "{told}");
    running.signal(Signal::TERM);
    running.code();
}

#[test]
fn one_broken_function_does_not_keep_the_others_from_being_served() {
    let cloudkit = Cloudkit::alone(&[
        ("cloudfunctions/good/index.js", NOISY),
        ("cloudfunctions/bad/index.js", NOISY),
        ("cloudfunctions/bad/package.json", "{\n  \"name\": bad\n}\n"),
        ("cloudfunctions/late/index.js", NOISY),
        (
            "cloudfunctions/late/config.json",
            r#"{"triggers":[{"name":"t","type":"timer","config":"0 0 * * *"}]}"#,
        ),
    ]);
    insta::assert_snapshot!(cloudkit.run(&[&QUIET[..], &["--", "true"]].concat()), @r#"
    exit 0
    --- stderr
    warning: `[project]/cloudfunctions/bad/package.json` is not valid JSON
    --> [project]/cloudfunctions/bad/package.json:2:11
      |
    2 |   "name": bad
      |           ^ expected value
    warning: the cron `0 0 * * *` has 5 fields instead of seven
      caused by: in the settings of function `late`
    hint: the seven fields are `second minute hour day month weekday year`, in UTC+8
    hint: write `0 0 0 * * * *` for: every day at 00:00
    "#);
}

/// Returns whether functions can run here; a test that needs them says when it is skipped.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn has_node() -> bool {
    let found = Command::new("node").arg("--version").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "CI needs Node.js for these tests");
    if !found {
        eprintln!("skipped: this test needs Node.js");
    }
    found
}

#[test]
fn over_tls_a_child_of_node_trusts_the_emulator() {
    if !has_node() {
        return;
    }
    let script = "require('https').get(process.env.CLOUDKIT_HTTPS_URL + '/healthz', (answer) => {
        console.log(answer.statusCode, answer.socket.encrypted); answer.resume() })
        .on('error', (error) => console.log(error.code))";
    let manifest = [("cloudkit.toml", "[emulate]\nhttps = true\n")];
    for (files, flags) in [(&[][..], &["--https"][..]), (&manifest[..], &[])] {
        let cloudkit = Cloudkit::alone(files);
        let output = cloudkit.output(&[&QUIET[..], flags, &["--", "node", "-e", script]].concat());
        assert_eq!(String::from_utf8_lossy(&output.stdout), "200 true\n", "{flags:?}");
    }
    let cloudkit = Cloudkit::alone(&manifest);
    let mut running = Emulated::start(&cloudkit, &[]);
    running.hear("https://127.0.0.1:");
    running.signal(Signal::INT);
    assert_eq!(running.code(), Some(130));
}
