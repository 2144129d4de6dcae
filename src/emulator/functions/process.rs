//! Starting a Node process with a channel to it, and ending it with everything it started.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// How a function's processes are started.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub program: OsString,
    pub arguments: Vec<OsString>,
    pub environment: BTreeMap<String, String>,
    pub folder: PathBuf,
}

/// A process that leads a group of its own. Dropping it ends the whole group at once.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    watchman: Watchman,
}

/// A process with the streams to it.
pub(super) struct Started {
    pub process: Process,
    /// The process has the other end as file descriptor 0, so that its standard output stays its own.
    pub channel: UnixStream,
    pub stdout: ChildStdout,
    pub stderr: ChildStderr,
}

impl Launch {
    /// Starts a process that finds the first frame in its channel.
    pub fn start(&self, first: &[u8], inspector: Option<u16>, watchman: &Watchman) -> io::Result<Started> {
        let (mut ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        // A fresh channel takes more than any settings have.
        ours.set_nonblocking(true)?;
        ours.write_all(first)?;
        let mut command = Command::new(&self.program);
        command.arg(match inspector {
            Some(port) => format!("--inspect=127.0.0.1:{port}"),
            // Where an inspector listens that is started by a signal: any port.
            None => "--inspect-port=127.0.0.1:0".to_owned(),
        });
        let mut child = command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(&self.folder)
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let process = Process { child, watchman: watchman.clone() };
        if let Some(group) = process.group() {
            process.watchman.tell('+', group);
        }
        let missing = || io::Error::other("the process has no standard output");
        Ok(Started {
            process,
            channel: UnixStream::from_std(ours)?,
            stdout: stdout.ok_or_else(missing)?,
            stderr: stderr.ok_or_else(missing)?,
        })
    }
}

impl Process {
    /// Returns the id of the process and of its group, until the process was waited for.
    pub fn group(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends the process and all it started.
    pub fn kill(&self) {
        if let Some(group) = self.group() {
            kill_group(group);
        }
    }

    /// Waits until the process has ended, and ends what it started.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let group = self.group();
        let status = self.child.wait().await;
        if let Some(group) = group {
            kill_group(group);
            self.watchman.tell('-', group);
        }
        status
    }
}

/// Has a Node process start its inspector, which works in an endless loop too.
pub(super) fn start_inspector(process: u32) {
    if let Some(pid) = pid(process) {
        // An error means that it is gone.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::USR1);
    }
}

fn kill_group(group: u32) {
    if let Some(pid) = pid(group) {
        // An error means that they are gone already.
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

fn pid(id: u32) -> Option<rustix::process::Pid> {
    i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw)
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if let Some(group) = self.group() {
            self.watchman.tell('-', group);
        }
    }
}

/// A shell that outlives the emulator by an instant: it reads which process groups there are, and when the emulator is
/// gone, however it ended, it ends those that are left. A Node process sees the end of its channel by itself, but not
/// in an endless loop, and not what it started.
///
/// Started with the first process. Without a shell there is no watch, and everything else works.
#[derive(Debug, Clone, Default)]
pub(super) struct Watchman(Arc<Mutex<Watch>>);

#[derive(Debug, Default)]
enum Watch {
    #[default]
    NotStarted,
    Started(std::process::Child),
    Unavailable,
}

/// Reads `+ ID` and `- ID` lines; at the end of its input it ends the groups that are left.
const WATCH: &str = r#"
trap '' INT TERM HUP
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) case $groups in *" $group "*) groups="${groups%% $group *} ${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -9 "-$group" 2>/dev/null; done
"#;

impl Watchman {
    fn tell(&self, sign: char, group: u32) {
        let mut watch = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Watch::NotStarted = *watch {
            *watch = start_watch().map_or(Watch::Unavailable, Watch::Started);
        }
        if let Watch::Started(shell) = &mut *watch
            && let Some(input) = &mut shell.stdin
            && writeln!(input, "{sign} {group}").is_err()
        {
            *watch = Watch::Unavailable;
        }
    }
}

fn start_watch() -> io::Result<std::process::Child> {
    use std::os::unix::process::CommandExt;
    std::process::Command::new("/bin/sh")
        .args(["-c", WATCH])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Watch::Started(shell) = self {
            drop(shell.stdin.take());
            // It ends at the end of its input; an error means that it is gone.
            let _ = shell.wait();
        }
    }
}
