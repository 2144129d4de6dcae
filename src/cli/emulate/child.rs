//! The command after `--`: run against the emulator, and ended with it.

use std::ffi::{OsStr, OsString};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::error::{Error, Kind, Result};
use crate::text;

use super::super::context::Context;
use super::session::{Session, Stop};

/// How long a command may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the command and returns the exit code to end with: its own, or 128 and the signal that ended it.
///
/// A first Ctrl-C reaches the command from the terminal by itself, and the emulator waits for it to end; a second one, or
/// SIGTERM, ends the command.
pub async fn run(
    program: &OsStr,
    arguments: &[OsString],
    session: &Session,
    mut stop: Stop,
    context: &Context,
) -> Result<u8> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&context.cwd).envs(session.child_variables()).kill_on_drop(true);
    if let Some(cloudkit) = &context.program {
        // Tests that call this program find the one they run under, on the path or not.
        command.env("CLOUDKIT", cloudkit);
    }
    let mut child = command.spawn().map_err(|error| {
        let shown = program.to_string_lossy();
        let failed = Error::new(
            if error.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failed },
            text! { en: "could not run `{shown}`", zh: "无法运行 `{shown}`" },
        );
        failed.source(&error).hint(text! {
            en: "the command after `--` is run as it is, without a shell; use `-- sh -c '…'` for one",
            zh: "`--` 之后的命令会直接执行，不经过 shell；需要时请用 `-- sh -c '…'`"
        })
    })?;
    let _guard = child.id().and_then(guard);
    let mut interrupted = false;
    loop {
        tokio::select! {
            ended = child.wait() => {
                let ended = ended.map_err(|error| {
                    Error::new(Kind::Failed, text! { en: "the command was lost", zh: "命令状态丢失" }).source(&error)
                })?;
                session.drain(context).await;
                return Ok(if interrupted { Kind::Interrupted.exit_code() } else { exit_code(ended) });
            }
            signal = stop.next() => {
                if signal.is_terminate() || interrupted {
                    end(&mut child, &mut stop).await;
                    return Ok(Kind::Interrupted.exit_code());
                }
                interrupted = true;
                context.ui.say(&text! {
                    en: "waiting for the command to end; Ctrl-C again ends it",
                    zh: "正在等待命令结束；再按一次 Ctrl-C 将终止它"
                });
            }
            line = session.next_line(context) => context.ui.aside(&line),
        }
    }
}

/// Starts a small shell that ends the command when this program dies without having done so (`kill -9`): its standard
/// input closes then. It is dropped, and gone, once the command has ended.
fn guard(pid: u32) -> Option<Child> {
    if cfg!(not(unix)) {
        return None;
    }
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' INT TERM HUP; read _; kill -TERM $0; sleep 2; kill -KILL $0", &pid.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    // Of a group of its own: Ctrl-C at the terminal is not for it.
    #[cfg(unix)]
    command.process_group(0);
    // Without a shell there is no such comfort.
    command.spawn().ok()
}

/// Asks the command to end, and makes it after a while or at the next signal.
async fn end(child: &mut Child, stop: &mut Stop) {
    #[cfg(unix)]
    if let Some(pid) = child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
        // It may have ended in this very moment.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        tokio::select! {
            _ = child.wait() => return,
            _ = tokio::time::sleep(PATIENCE) => {}
            _ = stop.next() => {}
        }
    }
    // An error means that it has ended.
    let _ = child.kill().await;
}

fn exit_code(status: std::process::ExitStatus) -> u8 {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return 128u8.wrapping_add(u8::try_from(signal).unwrap_or_default());
        }
    }
    // Codes above 255 exist on Windows only; any failure must stay one.
    status.code().map_or(1, |code| u8::try_from(code).unwrap_or(1))
}
