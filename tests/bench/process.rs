//! Starting what is measured, and ending it.

use std::collections::HashSet;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The binary that cargo built for this run.
pub const CLOUDKIT: &str = env!("CARGO_BIN_EXE_cloudkit");

/// A server that ends when it is dropped.
pub struct Server {
    child: Child,
    pub port: u16,
    _data: Option<tempfile::TempDir>,
}

impl Server {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the processor time used so far, by the server itself and by the processes it started, and those they
    /// started; zero where there is no `/proc`.
    pub fn processor_time(&self) -> (Duration, Duration) {
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // The name, in brackets, may hold anything.
            let Some((head, rest)) = stat.rsplit_once(')') else { continue };
            let fields: Vec<u64> = rest.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
            // proc(5): the parent; user and system time in hundredths of a second, its own and of children that ended.
            let [_, parent, _, _, _, _, _, _, _, _, _, user, system, ended_user, ended_system, ..] =
                fields[..]
            else {
                continue;
            };
            let id: u64 = head.split(' ').next().unwrap_or_default().parse().unwrap_or_default();
            found.push((id, parent, user + system, ended_user + ended_system));
        }
        let own = u64::from(self.child.id());
        let mut family = HashSet::from([own]);
        loop {
            let children =
                found.iter().filter(|(id, parent, ..)| family.contains(parent) && !family.contains(id));
            let children: Vec<u64> = children.map(|(id, ..)| *id).collect();
            if children.is_empty() {
                break;
            }
            family.extend(children);
        }
        let (mut by_itself, mut by_others) = (0, 0);
        for (id, _, used, ended) in found.into_iter().filter(|(id, ..)| family.contains(id)) {
            by_others += ended;
            if id == own { by_itself += used } else { by_others += used }
        }
        let time = |hundredths: u64| Duration::from_millis(10 * hundredths);
        (time(by_itself), time(by_others))
    }

    /// Returns the Node processes it started; none where there is no `/proc`.
    pub fn processes(&self) -> Vec<u32> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let status = std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            let field = |name| status.lines().find_map(|line: &str| line.strip_prefix(name)).map(str::trim);
            let is_ours = field("PPid:").is_some_and(|parent| parent == self.id().to_string());
            if is_ours && field("Name:") == Some("node") {
                found.extend(field("Pid:").and_then(|id| id.parse::<u32>().ok()));
            }
        }
        found
    }

    /// Starts a command that listens on the port it finds in `PORT`, and waits until it accepts.
    pub fn start(command: &mut Command, port: u16) -> Self {
        Server::attempt(command, port).expect("a server")
    }

    /// Does so, or says why there is none.
    pub fn attempt(command: &mut Command, port: u16) -> Result<Self, String> {
        let start = Instant::now();
        let child = command
            .env("PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut server = Server { child, port, _data: None };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Ok(Some(status)) = server.child.try_wait() {
                return Err(format!("it ended with {status}"));
            }
            if start.elapsed() > Duration::from_secs(60) {
                return Err(format!("nothing listens on port {port}"));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(server)
    }

    /// Has a folder removed with the server.
    pub fn keep(mut self, data: tempfile::TempDir) -> Self {
        self._data = Some(data);
        self
    }

    /// Starts `cloudkit emulate` on a folder of functions, with its data in a folder of its own.
    pub fn emulator(functions_root: &Path) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        Server::emulator_on(functions_root, data.path()).keep(data)
    }

    /// Starts `cloudkit emulate` on data that are there already.
    pub fn emulator_on(functions_root: &Path, data: &Path) -> Self {
        let port = free_port();
        let mut command = Command::new(CLOUDKIT);
        command
            .args(["emulate", "--no-install", "--quiet", "--port", &port.to_string(), "--data"])
            .arg(data)
            .arg("--functions-root")
            .arg(functions_root)
            .current_dir(functions_root);
        Server::start(&mut command, port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // SIGTERM, so that it ends its own children.
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
            let _ = self.child.wait();
        }
    }
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

pub fn bench_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench")
}

/// A folder that holds the benchmarks' one function, `hello`.
pub fn hello_root() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    let hello = root.path().join("hello");
    std::fs::create_dir(&hello).expect("a folder");
    std::fs::copy(bench_folder().join("hello/index.js"), hello.join("index.js")).expect("a copy");
    root
}

/// Returns the folder of the peers.
pub fn peers() -> Option<PathBuf> {
    installed("peers")
}

/// Returns a folder of packages, which are installed from their lock file once; says why they cannot be.
pub fn installed(name: &str) -> Option<PathBuf> {
    let folder = bench_folder().join(name);
    if folder.join("node_modules").is_dir() {
        return Some(folder);
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--loglevel=error"]).current_dir(&folder);
    let why = match npm.output() {
        Ok(done) if done.status.success() => return Some(folder),
        Ok(done) => String::from_utf8_lossy(&done.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    println!("  (rows are left out: the packages of {} could not be installed: {why})", folder.display());
    None
}

/// Runs something so many times and returns the median of what it says.
pub fn median(times: usize, mut run: impl FnMut() -> Duration) -> Duration {
    let mut taken: Vec<_> = (0..times).map(|_| run()).collect();
    taken.sort_unstable();
    taken[times / 2]
}

/// Reads a figure of a process in megabytes, where there is `/proc`.
pub fn status_megabytes(process: u32, name: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}

pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
