//! What must not outlive this program: process groups, ended even when the program is killed.

use std::fmt;
use std::io::{self, Write};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal};

/// What can be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    Process(u32),
    /// A process that leads a group, and everything in the group.
    Group(u32),
}

impl Victim {
    /// Sends a signal. Nothing happens when the process or the group is gone.
    pub fn signal(self, signal: Signal) {
        let _ = match (self, self.leader()) {
            (Victim::Process(_), Some(pid)) => rustix::process::kill_process(pid, signal),
            (Victim::Group(_), Some(pid)) => rustix::process::kill_process_group(pid, signal),
            (_, None) => return,
        };
    }

    /// Returns whether anything of it is left.
    pub fn is_left(self) -> bool {
        self.leader().is_some_and(|pid| match self {
            Victim::Process(_) => rustix::process::test_kill_process(pid).is_ok(),
            Victim::Group(_) => rustix::process::test_kill_process_group(pid).is_ok(),
        })
    }

    fn leader(self) -> Option<Pid> {
        let (Victim::Process(id) | Victim::Group(id)) = self;
        i32::try_from(id).ok().and_then(Pid::from_raw)
    }
}

/// As `kill` takes it.
impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Victim::Process(id) => write!(f, "{id}"),
            Victim::Group(id) => write!(f, "-{id}"),
        }
    }
}

/// A shell that outlives this program by an instant: it reads what there is to end, and when the program is gone,
/// however it ended, it ends what is left. A Node process sees the end of its channel by itself, but not in an endless
/// loop, and not what it started.
///
/// Started with the first victim. Without a shell there is no watch, and everything else works.
#[derive(Debug, Clone, Default)]
pub struct Reaper(Arc<Mutex<Watch>>);

#[derive(Debug, Default)]
enum Watch {
    #[default]
    NotStarted,
    Started(Child),
    Unavailable,
}

/// Reads `+ VICTIM` and `- VICTIM` lines; at the end of its input it ends those that are left.
const WATCH: &str = r#"
trap '' INT TERM HUP
victims=' '
while read -r sign victim; do
  case $sign in
    +) victims="$victims$victim " ;;
    -) case $victims in *" $victim "*) victims="${victims%% $victim *} ${victims#* $victim }" ;; esac ;;
  esac
done
for victim in $victims; do kill -9 "$victim" 2>/dev/null; done
"#;

impl Reaper {
    /// Returns one whose shell runs already: between the start of a victim and word of it there is then next to no time.
    pub fn ready() -> Self {
        Reaper(Arc::new(Mutex::new(start_watch().map_or(Watch::Unavailable, Watch::Started))))
    }

    /// Has this ended when the program dies.
    pub fn watch(&self, victim: Victim) {
        self.tell('+', victim);
    }

    /// Lets this be: it has ended, and its number may soon be another's.
    pub fn forget(&self, victim: Victim) {
        self.tell('-', victim);
    }

    fn tell(&self, sign: char, victim: Victim) {
        let mut watch = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Watch::NotStarted = *watch {
            *watch = start_watch().map_or(Watch::Unavailable, Watch::Started);
        }
        if let Watch::Started(shell) = &mut *watch
            && let Some(input) = &mut shell.stdin
            && writeln!(input, "{sign} {victim}").is_err()
        {
            *watch = Watch::Unavailable;
        }
    }
}

fn start_watch() -> io::Result<Child> {
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
