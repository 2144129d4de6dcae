//! Starting a process with a channel to it, and ending it with everything it started.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::Signal;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use super::super::reaper::{Reaper, Victim};
use super::interpreter::Interpreter;
use crate::model::function::Language;

/// How a function's processes are started.
pub(super) struct Launch {
    pub interpreter: Arc<Interpreter>,
    pub arguments: Vec<OsString>,
    pub environment: BTreeMap<String, String>,
    pub folder: PathBuf,
}

/// A process that leads a group of its own. Dropping it ends the whole group at once.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    reaper: Reaper,
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
    pub fn start(&self, first: &[u8], inspector: Option<u16>, reaper: &Reaper) -> io::Result<Started> {
        let (mut ours, theirs) = UnixStream::pair()?;
        // A fresh channel takes more than any settings have.
        ours.set_nonblocking(true)?;
        ours.write_all(first)?;
        let mut command = Command::new(self.interpreter.program());
        if self.interpreter.language == Language::Node {
            // Where the inspector listens; without a port of its own it is started by a signal alone, at any port.
            command.arg(format!("--inspect-port=127.0.0.1:{}", inspector.unwrap_or_default()));
        }
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(&self.folder)
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)));
        let (process, stdout, stderr) = Process::spawn(command, reaper)?;
        Ok(Started { process, channel: ours, stdout, stderr })
    }
}

impl Process {
    /// Starts a command as the leader of a group of its own.
    pub fn spawn(mut command: Command, reaper: &Reaper) -> io::Result<(Self, ChildStdout, ChildStderr)> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let mut child = command.spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let process = Process { child, reaper: reaper.clone() };
        if let Some(group) = process.group() {
            process.reaper.watch(Victim::Group(group));
        }
        let missing = || io::Error::other("the process has no standard output");
        Ok((process, stdout.ok_or_else(missing)?, stderr.ok_or_else(missing)?))
    }

    /// Returns the id of the process and of its group, until the process was waited for.
    pub fn group(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends the process and all it started.
    pub fn kill(&self) {
        if let Some(group) = self.group() {
            Victim::Group(group).signal(Signal::KILL);
        }
    }

    /// Waits until the process has ended, and ends what it started.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let group = self.group();
        let status = self.child.wait().await;
        if let Some(group) = group {
            Victim::Group(group).signal(Signal::KILL);
            self.reaper.forget(Victim::Group(group));
        }
        status
    }
}

/// Returns the bytes of memory that a process has; `None` where the system does not tell.
pub(super) fn resident_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(resident.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// Returns the bytes of memory that a process has, and those that it started; 0 where the system does not tell.
pub(super) fn whole_memory(process: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let children = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let children =
        children.map(|ids| ids.split(' ').filter_map(|id| id.parse().ok()).map(whole_memory).sum::<u64>());
    resident_memory(process).unwrap_or_default() + children.sum::<u64>()
}

/// Has a Node process start its inspector, which works in an endless loop too; a Python process says where it is.
pub(super) fn signal_user(process: u32) {
    Victim::Process(process).signal(Signal::USR1);
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if let Some(group) = self.group() {
            self.reaper.forget(Victim::Group(group));
        }
    }
}
