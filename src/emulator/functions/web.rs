//! Web functions: a folder with `scf_bootstrap`, which starts a server of the user's own. Requests of HTTP access reach it
//! as they came (`docs/wire.md#web-functions`).
//!
//! In the cloud it listens on port 9000. Here each has a port of its own in `PORT`; one that listens on 9000 all the same
//! is found there, one at a time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::sync::{oneshot, watch};

use super::instance::{OUT_OF_MEMORY, read_lines};
use super::interpreter::Interpreters;
use super::pool::Function;
use super::process::{self, Process};
use super::registry::own_files;
use super::{Fault, FaultKind, Inner};
use crate::emulator::event::Event;
use crate::emulator::logs::report::{end_lines, start_line};
use crate::emulator::logs::{InvocationRecord, LogRecord, Logs};
use crate::model::clock::Clock;
use crate::model::level::Level;
use crate::project::functions::BOOTSTRAP;

/// The port of the platform.
const USUAL_PORT: u16 = 9000;
/// Ports that a system gives to nobody who does not ask for that very one.
const PORTS: Range<u16> = 30_000..32_768;
/// How long a server may take until it listens; the platform's default (`docs/wire.md#function-limits`).
const START_LIMIT: Duration = Duration::from_secs(65);
/// How often a server is looked for that is starting.
const LOOK: Duration = Duration::from_millis(20);

/// How long a server's end may take to be noticed after its connections are.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How often the memory of a running server is looked at.
const WEIGHED: Duration = Duration::from_millis(250);

/// Files that are looked at before each request; the watcher sees all.
const WATCHED: usize = 64;

/// The server of a web function, if somebody has asked for one.
#[derive(Default)]
pub(super) struct Web(Mutex<Option<Start>>);

/// A start, and how it ended: all who ask meanwhile share its outcome.
type Start = watch::Receiver<Option<Result<Arc<Server>, Fault>>>;

impl Web {
    fn last(&self) -> std::sync::MutexGuard<'_, Option<Start>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running server. Its process ends when this is dropped.
pub struct Server {
    pub address: SocketAddr,
    process: Option<u32>,
    teller: Arc<Teller>,
    ended: watch::Receiver<Option<String>>,
    _end: oneshot::Sender<()>,
}

impl Server {
    /// Tells whether it was ended because it took more memory than it may.
    pub fn has_outgrown(&self) -> bool {
        self.teller.outgrown.load(Ordering::Relaxed)
    }

    /// Returns how it ended, when it has just broken a connection off by that; `None` for one that runs.
    pub async fn ending(&self) -> Option<String> {
        let mut ended = self.ended.clone();
        let ended = tokio::time::timeout(LAST_WORDS, ended.wait_for(Option::is_some)).await;
        ended.ok()?.ok()?.clone()
    }

    /// Returns the bytes of memory that the server has, with what it started.
    pub fn memory(&self) -> u64 {
        self.process.map_or(0, process::whole_memory)
    }
}

/// Where the lines of a server go: under the newest request.
struct Teller {
    function: String,
    request_id: Mutex<String>,
    outgrown: AtomicBool,
    /// Whether it said that its port is taken.
    clashed: AtomicBool,
    logs: Logs,
    clock: Clock,
}

impl Teller {
    fn say(&self, level: Level, message: String) {
        let request_id = self.request_id.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (time, function) = (self.clock.now(), self.function.clone());
        self.logs.push(LogRecord { time, function, request_id, level, message, denial: None });
    }

    /// Says a line of the server.
    fn hear(&self, level: Level, line: &[u8]) {
        let text = text_of(line);
        if text.contains("EADDRINUSE") || text.contains("already in use") {
            self.clashed.store(true, Ordering::Relaxed);
        }
        self.say(level, text);
    }
}

impl Inner {
    /// Returns the server of a web function, started if it does not run.
    pub(super) async fn serve(
        self: &Arc<Self>,
        function: &Arc<Function>,
        web: &Web,
        request_id: &str,
    ) -> Result<Arc<Server>, Fault> {
        self.keep(function.name(), request_id, [start_line(request_id)]);
        let mut start = self.start_of(function, web, request_id);
        let outcome = start.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        let broken_off = || Fault { kind: FaultKind::Exit, message: "the start was broken off".into() };
        let server = outcome.unwrap_or_else(|| Err(broken_off()))?;
        request_id.clone_into(&mut server.teller.request_id.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(server)
    }

    /// Returns the start that is under way or has led to the server that runs, or begins one.
    fn start_of(self: &Arc<Self>, function: &Arc<Function>, web: &Web, request_id: &str) -> Start {
        let mut last = web.last();
        let script = function.registered().folder.join(BOOTSTRAP);
        let is_good = |start: &&Start| match &*start.borrow() {
            None => start.has_changed().is_ok(),
            // A script that has lost its mode is refused at the start, and must not be served until then.
            Some(Ok(server)) => server.ended.borrow().is_none() && is_executable(&script),
            Some(Err(_)) => false,
        };
        if let Some(start) = last.as_ref().filter(is_good) {
            return start.clone();
        }
        let (tell, start) = watch::channel(None);
        *last = Some(start.clone());
        let (inner, function, request_id) = (self.clone(), function.clone(), request_id.to_owned());
        // It goes on when who asked for it has left: others may have come.
        tokio::spawn(async move {
            let started = SystemTime::now();
            let server = inner.start_server(&function, &request_id).await;
            if server.is_ok() {
                inner.tell_loaded(&function);
                let files = own_files(&function.registered().folder).take(WATCHED);
                let files: Vec<_> = files.map(|(path, _)| path.display().to_string()).collect();
                function.remember(&files, started);
            }
            tell.send_replace(Some(server.map(Arc::new)));
        });
        start
    }

    async fn start_server(&self, function: &Function, request_id: &str) -> Result<Server, Fault> {
        // One after the other: whoever comes to listen on the usual port is the one that was started last.
        let _turn = self.starting.lock().await;
        let folder = &function.registered().folder;
        let teller = Arc::new(Teller {
            function: function.name().to_owned(),
            request_id: Mutex::new(request_id.to_owned()),
            outgrown: AtomicBool::new(false),
            clashed: AtomicBool::new(false),
            logs: self.logs.clone(),
            clock: self.config.clock.clone(),
        });
        let failed = |message: String| {
            teller.say(Level::Error, message.clone());
            Fault { kind: FaultKind::Exit, message }
        };
        let mut command = command(folder, &self.interpreters).map_err(&failed)?;
        let port = free_port(u16::from_be_bytes(self.config.ids.bytes()))
            .ok_or_else(|| failed("no port is free".to_owned()))?;
        let is_taken = listening(USUAL_PORT).await.is_some();
        let environment = function.recipe.surroundings.environment(&function.wanted);
        command.env_clear().envs(environment).env("PORT", port.to_string()).current_dir(folder);
        command.stdin(std::process::Stdio::null());
        let crew = &function.recipe.crew;
        let (process, stdout, stderr) = Process::spawn(command, &crew.reaper)
            .map_err(|error| failed(format!("{BOOTSTRAP} could not be started: {error}")))?;
        let (out, err) = (teller.clone(), teller.clone());
        tokio::spawn(read_lines(stdout, move |line| out.hear(Level::Info, line)));
        tokio::spawn(read_lines(stderr, move |line| err.hear(Level::Error, line)));
        let (end, asked) = oneshot::channel();
        let (tell_end, mut ended) = watch::channel(None);
        let (group, memory) = (process.group(), function.registered().spec.memory);
        let outgrown = outgrown(group, memory, teller.clone());
        crew.attendants.spawn(attend(process, asked, crew.closing.clone(), outgrown, tell_end));

        let ports = [Some(port), (!is_taken).then_some(USUAL_PORT)];
        let address = tokio::select! {
            address = find(&ports) => Some(address),
            _ = ended.wait_for(Option::is_some) => None,
            () = tokio::time::sleep(START_LIMIT) => None,
        };
        let Some(address) = address else {
            let end = ended.borrow().clone();
            let clashed = teller.clashed.load(Ordering::Relaxed);
            let what = match &end {
                Some(how) => format!("the process ended before it listened ({how})"),
                None => format!("nothing listened after {} seconds", START_LIMIT.as_secs()),
            };
            let taken = if is_taken && (clashed || end.is_none()) {
                let holder = self
                    .holder()
                    .map_or_else(|| "another program".to_owned(), |it| format!("function `{it}`"));
                format!("; port {USUAL_PORT} is taken by {holder}: listen on the port in the variable PORT")
            } else {
                format!("; it must listen on port {USUAL_PORT} or on that of the variable PORT")
            };
            return Err(failed(format!("{what}{taken}")));
        };
        Ok(Server { address, process: group, teller, ended, _end: end })
    }

    /// Returns the web function that has the usual port.
    fn holder(&self) -> Option<String> {
        let has_it = |function: &Arc<Function>| {
            let start = function.web.as_ref()?.last().clone()?;
            let server = start.borrow().as_ref()?.as_ref().ok()?.clone();
            (server.address.port() == USUAL_PORT && server.ended.borrow().is_none())
                .then(|| function.name().to_owned())
        };
        self.registry.all().iter().find_map(has_it)
    }

    /// Keeps lines of the platform about a request.
    fn keep(&self, function: &str, request_id: &str, lines: impl IntoIterator<Item = String>) {
        let (time, level) = (self.config.clock.now(), Level::Info);
        self.logs.keep(lines.into_iter().map(|message| LogRecord {
            time,
            function: function.to_owned(),
            request_id: request_id.to_owned(),
            level,
            message,
            denial: None,
        }));
    }

    /// Records a request that a server has begun to answer, or failed to.
    pub(super) fn report_request(
        &self,
        function: &str,
        request_id: &str,
        line: String,
        failure: Option<&'static str>,
        duration: Duration,
        memory_bytes: u64,
    ) {
        let time = self.config.clock.now();
        let memory = self.registry.get(function).map_or(0, |it| it.registered().spec.memory);
        self.keep(function, request_id, end_lines(request_id, duration, memory, memory_bytes));
        self.logs.push_invocation(InvocationRecord {
            time,
            function: function.to_owned(),
            request_id: request_id.to_owned(),
            failure,
            duration,
            memory,
            memory_bytes,
            result: line.clone(),
            said: line + "\n",
        });
        self.tell(Event::Invoked {
            function: function.to_owned(),
            request_id: request_id.to_owned(),
            failure: failure.map(Into::into),
            time,
            duration,
            cold: None,
            memory_bytes,
        });
    }
}

/// Owns the process until it ends or is to end.
async fn attend(
    mut process: Process,
    asked: oneshot::Receiver<()>,
    closing: tokio_util::sync::CancellationToken,
    outgrown: impl Future<Output = ()>,
    ended: watch::Sender<Option<String>>,
) {
    let by_itself = tokio::select! {
        status = process.wait() => status.ok(),
        _ = asked => None,
        () = closing.cancelled() => None,
        () = outgrown => None,
    };
    process.kill();
    // It is dead; an error means that it was waited for already.
    let _ = process.wait().await;
    let how = by_itself.map_or_else(|| "it was ended".to_owned(), |status| status.to_string());
    ended.send_replace(Some(how));
}

/// Waits until the processes of a server take more memory than its megabytes, and says so.
async fn outgrown(group: Option<u32>, memory: u32, teller: Arc<Teller>) {
    loop {
        tokio::time::sleep(WEIGHED).await;
        let used = group.map_or(0, process::whole_memory);
        if used > u64::from(memory) << 20 {
            teller.outgrown.store(true, Ordering::Relaxed);
            let message = format!("{OUT_OF_MEMORY}: {} MB used, {memory} MB allowed", used >> 20);
            return teller.say(Level::Error, message);
        }
    }
}

/// Waits until one of the ports answers.
async fn find(ports: &[Option<u16>]) -> SocketAddr {
    loop {
        for port in ports.iter().flatten() {
            if let Some(address) = listening(*port).await {
                return address;
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Returns the address at which somebody listens: `localhost` may be either.
async fn listening(port: u16) -> Option<SocketAddr> {
    for ip in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let address = SocketAddr::new(ip, port);
        if TcpStream::connect(address).await.is_ok() {
            return Some(address);
        }
    }
    None
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|found| found.permissions().mode() & 0o111 != 0)
}

/// Returns a port that is free, and stays so until its server listens; two emulators begin to look at different ones.
fn free_port(first: u16) -> Option<u16> {
    let mut ports = PORTS.cycle().skip(usize::from(first) % PORTS.len()).take(PORTS.len());
    ports.find(|port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
}

fn text_of(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().to_owned()
}

/// Returns what starts the server: the script with the platform's paths and port replaced by those of this machine.
fn command(folder: &Path, interpreters: &Interpreters) -> Result<Command, String> {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.join(BOOTSTRAP);
    let shown = file.display();
    let found = std::fs::metadata(&file).and_then(|found| Ok((found, std::fs::read(&file)?)));
    let (found, bytes) = found.map_err(|error| format!("`{shown}` cannot be read: {error}"))?;
    if found.permissions().mode() & 0o111 == 0 {
        return Err(format!("`{shown}` is not executable, which the platform wants: run `chmod +x` on it"));
    }
    let Ok(text) = String::from_utf8(bytes) else { return Ok(Command::new(&file)) };
    let first = text.split('\n').next().unwrap_or_default();
    if first.ends_with('\r') {
        return Err(format!("`{shown}` has Windows line ends, which the platform refuses: save it with LF"));
    }
    let shell = first.strip_prefix("#!").map(str::trim).unwrap_or_default();
    if !matches!(shell, "/bin/bash" | "/bin/sh" | "/usr/bin/env bash" | "/usr/bin/env sh") {
        return Ok(Command::new(&file));
    }
    let mut words = shell.split(' ');
    let mut command = Command::new(words.next().unwrap_or("/bin/sh"));
    command.args(words).arg("-c").arg(localized(&text, folder, interpreters)).arg(&file);
    Ok(command)
}

/// Replaces `/var/lang/node18/bin/node` and its like, `/var/user`, and the platform's port where the script gives it to the
/// server in `PORT`.
fn localized(text: &str, folder: &Path, interpreters: &Interpreters) -> String {
    const LANGUAGES: &str = "/var/lang/";
    let text = with_own_port(&text.replace("/var/user", &folder.to_string_lossy()));
    let mut pieces = text.split(LANGUAGES);
    let mut local = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| c.is_whitespace() || "\"';)&|".contains(c)).unwrap_or(piece.len());
        let (path, rest) = piece.split_at(end);
        match path.split_once("/bin/") {
            Some((language, program)) => local.push_str(&tool(language, program, interpreters)),
            None => local.extend([LANGUAGES, path]),
        }
        local.push_str(rest);
    }
    local
}

/// Has `PORT=9000` leave the variable as it is: it names the server's own port.
fn with_own_port(text: &str) -> String {
    let usual = format!("PORT={USUAL_PORT}");
    let mut pieces = text.split(usual.as_str()).peekable();
    let mut own = String::new();
    while let Some(piece) = pieces.next() {
        own.push_str(piece);
        let Some(rest) = pieces.peek() else { break };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_whole = !own.ends_with(is_word) && !rest.starts_with(is_word);
        own.push_str(if is_whole { "PORT=$PORT" } else { &usual });
    }
    own
}

/// Returns this machine's program for one of a language's on the platform, such as `node18` and `npx`.
fn tool(language: &str, program: &str, interpreters: &Interpreters) -> String {
    let digits = language.find(|c: char| c.is_ascii_digit()).unwrap_or(language.len());
    let runtime = match language.split_at(digits) {
        ("node", version) => format!("Nodejs{version}"),
        // `python310` is 3.10.
        ("python", version) => match version.split_at_checked(1) {
            Some((major, "")) => format!("Python{major}"),
            Some((major, minor)) => format!("Python{major}.{minor}"),
            None => "Python3".into(),
        },
        _ => return program.to_owned(),
    };
    let interpreter = interpreters.of(&runtime);
    let own = interpreter.program();
    if program == "node" || program.starts_with("python") {
        return own.display().to_string();
    }
    let beside = own.with_file_name(program);
    if beside.is_file() { beside.display().to_string() } else { program.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_paths_lead_to_this_machines_programs() {
        let home = tempfile::tempdir().expect("a home");
        let bin = home.path().join(".nvm/versions/node/v18.20.4/bin");
        std::fs::create_dir_all(&bin).expect("a folder");
        ["node", "npx"].iter().for_each(|name| std::fs::write(bin.join(name), "").expect("a file"));
        let variables = [("HOME".to_owned(), home.path().display().to_string())];
        let interpreters = Interpreters::new(&variables, home.path());
        let bin = bin.display();
        for (script, expected) in [
            ("/var/lang/node18/bin/node app.js", format!("{bin}/node app.js")),
            ("exec \"/var/lang/node18/bin/npx\" next start", format!("exec \"{bin}/npx\" next start")),
            ("/var/lang/node18/bin/pnpm start; /var/lang/php80/bin/php a", "pnpm start; php a".into()),
            ("/var/lang/python310/bin/python3.10 /var/user/a.py", "python3 /f/a.py".into()),
            ("export PATH=/var/lang/x:$PATH", "export PATH=/var/lang/x:$PATH".into()),
            ("export PORT=9000\nnpm start", "export PORT=$PORT\nnpm start".into()),
            ("PORT=9000 DB_PORT=9000 PORT=90001 node a", "PORT=$PORT DB_PORT=9000 PORT=90001 node a".into()),
        ] {
            assert_eq!(localized(script, Path::new("/f"), &interpreters), expected);
        }
    }

    #[test]
    fn a_script_that_the_platform_would_refuse_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(BOOTSTRAP);
        let interpreters = Interpreters::new(&[], folder.path());
        for (text, mode, expected) in [
            ("#!/bin/bash\nnode a.js\n", 0o755, None),
            ("#!/bin/bash\nnode a.js\n", 0o644, Some("chmod +x")),
            ("#!/bin/bash\r\nnode a.js\r\n", 0o755, Some("LF")),
        ] {
            std::fs::write(&file, text).expect("a file");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("its mode");
            let refused = command(folder.path(), &interpreters).err();
            match expected {
                None => assert_eq!(refused, None),
                Some(word) => assert!(refused.as_ref().is_some_and(|it| it.contains(word)), "{refused:?}"),
            }
        }
    }
}
