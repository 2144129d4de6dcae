//! The command after `--`: run against the emulator, and ended with it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::{Child, Command};

use crate::emulator::reaper::{Reaper, Victim};
use crate::error::{Error, Kind, Result};
use crate::text;

use super::super::context::Context;
use super::session::Session;
use super::stop::{Asked, Stop};

/// How long a command may take to end when it is asked to, and when it was asked before.
const PATIENCE: Duration = Duration::from_secs(5);
const LAST_PATIENCE: Duration = Duration::from_millis(500);
/// How long what a command left running may take to end when it is asked to.
const PATIENCE_WITH_THE_REST: Duration = Duration::from_secs(1);

/// Runs the command and returns the exit code to end with.
///
/// The code is the command's own, as with `cargo run` and `npm run`: who handles Ctrl-C decides what it means. A command
/// that a signal ended has 128 and the signal, and 130 when it was this program that was asked to stop.
///
/// A first Ctrl-C is handed to the command, and the emulator waits for it to end; a second one, SIGTERM or the end of
/// the terminal ends the command.
pub async fn run(
    program: &OsStr,
    arguments: &[OsString],
    session: &Session,
    mut stop: Stop,
    context: &Context,
) -> Result<u8> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&context.cwd).envs(session.child_variables());
    if let Some(cloudkit) = &context.program {
        // Tests that call this program find the one they run under, on the path or not.
        command.env("CLOUDKIT", cloudkit);
    }
    let mut run =
        Run::start(command, context.ui.has_keyboard()).map_err(|error| cannot_run(program, &error))?;
    let mut stopping = false;
    let ended = loop {
        tokio::select! {
            ended = run.child.wait() => break ended,
            asked = stop.next() => {
                if stopping || asked == Asked::Terminate {
                    let patience = if stopping { LAST_PATIENCE } else { PATIENCE };
                    stopping = true;
                    break run.end(patience, &mut stop).await;
                }
                stopping = true;
                run.interrupt();
                context.ui.say(&text! {
                    en: "waiting for the command to end; Ctrl-C again ends it",
                    zh: "正在等待命令结束；再按一次 Ctrl-C 将终止它"
                });
            }
            line = session.next_line(context) => context.ui.aside(&line),
        }
    };
    let ended = ended.map_err(|error| {
        Error::new(Kind::Failed, text! { en: "the command was lost", zh: "命令状态丢失" }).source(&error)
    })?;
    run.end_the_rest().await;
    session.drain(context).await;
    Ok(exit_code(ended, stopping))
}

fn cannot_run(program: &OsStr, error: &io::Error) -> Error {
    let shown = program.to_string_lossy();
    let kind = if error.kind() == io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failed };
    Error::new(kind, text! { en: "could not run `{shown}`", zh: "无法运行 `{shown}`" }).source(error).hint(
        text! {
            en: "the command after `--` is run as it is, without a shell; use `-- sh -c '…'` for one",
            zh: "`--` 之后的命令会直接执行，不经过 shell；需要时请用 `-- sh -c '…'`"
        },
    )
}

/// The running command, which dies with this program.
struct Run {
    child: Child,
    victim: Victim,
    reaper: Reaper,
}

impl Run {
    /// Starts the command in a group of its own, so that it ends with all it started.
    ///
    /// At a keyboard it stays in the group of this program: only the group in front may read the terminal, and Ctrl-C
    /// and Ctrl-Z reach it from there.
    fn start(mut command: Command, has_keyboard: bool) -> io::Result<Self> {
        if !has_keyboard {
            command.process_group(0);
        }
        let reaper = Reaper::ready();
        let child = command.kill_on_drop(true).spawn()?;
        let id = child.id().ok_or_else(|| io::Error::other("the command has ended already"))?;
        let victim = if has_keyboard { Victim::Process(id) } else { Victim::Group(id) };
        reaper.watch(victim);
        Ok(Run { child, victim, reaper })
    }

    /// Hands Ctrl-C on to a command that the terminal does not reach.
    fn interrupt(&self) {
        if let Victim::Group(_) = self.victim {
            self.victim.signal(Signal::INT);
        }
    }

    /// Asks the command to end, and makes it after a while or at the next signal.
    async fn end(&mut self, patience: Duration, stop: &mut Stop) -> io::Result<ExitStatus> {
        self.victim.signal(Signal::TERM);
        tokio::select! {
            ended = self.child.wait() => return ended,
            _ = tokio::time::sleep(patience) => {}
            _ = stop.next() => {}
        }
        self.victim.signal(Signal::KILL);
        self.child.wait().await
    }

    /// Ends what the command left running: asked first, since it may be about to clean up.
    async fn end_the_rest(&self) {
        if let Victim::Group(_) = self.victim {
            self.victim.signal(Signal::TERM);
            let gone = async {
                while self.victim.is_left() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            if tokio::time::timeout(PATIENCE_WITH_THE_REST, gone).await.is_err() {
                self.victim.signal(Signal::KILL);
            }
        }
        self.reaper.forget(self.victim);
    }
}

fn exit_code(status: ExitStatus, stopping: bool) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => u8::try_from(code).unwrap_or(1),
        (None, _) if stopping => Kind::Interrupted.exit_code(),
        (None, signal) => 128u8.wrapping_add(signal.and_then(|it| u8::try_from(it).ok()).unwrap_or_default()),
    }
}
