//! `cloudkit emulate [DIR] [-- CMD …]`.

mod child;
mod descriptors;
pub mod line;
mod screen;
pub mod session;
pub mod stop;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::emulator::config::{Durability, Outward};
use crate::error::{Error, Kind, Result};
use crate::model::name::EnvId;
use crate::text;

use super::context::Context;

/// Run the whole backend on this machine
///
/// Finds the project's functions, serves them with a document database, files and timers on one loopback port, and goes
/// on until Ctrl-C. With a command after `--`, it waits until everything is ready, runs the command with the variables
/// that lead SDKs here, and ends with the command's exit code.
///
/// Standard output is the command's alone, with --json too. Ctrl-C and SIGTERM are handed to the command, whose answer
/// decides the exit code; it is 130 when they end it. A second Ctrl-C, or five seconds after SIGTERM, ends it in any
/// case, and with it what it left running.
///
/// Examples:
///   cloudkit emulate
///   cloudkit emulate --port 0 --ephemeral -- npm test
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The project; by default the one this folder belongs to
    dir: Option<PathBuf>,
    /// The port to listen on, 0 for any free one [default: 7400 when free]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Keep nothing: documents and files go when the emulator ends
    #[arg(long, conflicts_with = "data")]
    ephemeral: bool,
    /// Refuse queries that search a collection of more than N documents without an index [default N: 1000]; `[emulate] strict` of the manifest says so for good
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1000")]
    strict: Option<u64>,
    /// Refuse documents beyond 1 GB and files beyond 5 GB, which a new environment has without paying
    #[arg(long)]
    enforce_quota: bool,
    /// Where documents and files are kept [default: .cloudkit/data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// What an acknowledged write survives: the end of the process, or a power cut too (slower)
    #[arg(long, value_enum, default_value = "normal", conflicts_with = "ephemeral")]
    durability: Promise,
    /// The id the environment answers to [default: local]
    #[arg(long, value_name = "ID")]
    env_id: Option<EnvId>,
    /// The folder of function folders, when it is not where it usually is
    #[arg(long, value_name = "PATH")]
    functions_root: Option<PathBuf>,
    /// Documents to begin with: a folder of COLLECTION.jsonl or .json files, or one such file
    #[arg(long, value_name = "PATH")]
    seed: Option<PathBuf>,
    /// Refuse calls to hosts outside that no file in fixtures/http answers; nothing is dialled
    #[arg(long, conflicts_with = "record")]
    offline: bool,
    /// Write the answers of hosts outside into fixtures/http, a file for each host
    #[arg(long)]
    record: bool,
    /// Be a proxy too, which answers for the platform's hosts over TLS and refuses all others
    #[arg(long)]
    intercept: bool,
    /// Speak TLS on the port too, with a certificate of this machine's own authority; `[emulate] https` of the manifest says so for good
    #[arg(long)]
    https: bool,
    /// Have each call that needs a new process wait as in the cloud, by MS milliseconds [default MS: 300]
    #[arg(long, value_name = "MS", num_args = 0..=1, require_equals = true, default_missing_value = "300")]
    simulate_cold_start: Option<u32>,
    /// Let debuggers attach: the first function listens at this port, the next ones at those after it [default PORT: 9229]
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "9229")]
    inspect: Option<u16>,
    /// Write how VS Code attaches to each function into .vscode/launch.json
    #[arg(long, requires = "inspect")]
    vscode: bool,
    /// Install missing function dependencies without asking
    #[arg(long, conflicts_with = "no_install")]
    install: bool,
    /// Leave missing function dependencies as they are
    #[arg(long)]
    no_install: bool,
    /// Write the addresses to this file when everything is ready, as JSON
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// A command to run against the emulator, and to end with
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Promise {
    Normal,
    Full,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let wanted = args.wanted(&context.cwd)?;
    let ready_file = args.ready_file.map(|file| context.cwd.join(file));
    descriptors::ask_for_more();
    let runtime = context.runtime()?;
    let code = runtime.block_on(async {
        let session = session::Session::start(wanted, context).await?;
        // Before anything is left behind that only an orderly end takes away.
        let stop = stop::Stop::listen()?;
        if args.vscode {
            session.write_launch_file(context);
        }
        if let Some(file) = &ready_file {
            session.write_ready_file(file)?;
        }
        let ended = match args.command.split_first() {
            None => {
                session.leave_note(context)?;
                context.ui.aside(&session.screen()?);
                session.examine();
                session.serve(stop, context).await.map(|()| Kind::Interrupted.exit_code())
            }
            Some((program, arguments)) => {
                session.examine();
                child::run(program, arguments, &session, stop, context).await
            }
        };
        session.stop().await;
        ended
    });
    runtime.shutdown_background();
    let code = code?;
    context.exit_with(code);
    Ok(())
}

impl Args {
    /// Returns what a session is asked for; paths begin at the current folder.
    fn wanted(&self, cwd: &Path) -> Result<session::Wanted> {
        Ok(session::Wanted {
            project: match &self.dir {
                Some(dir) => folder(cwd.join(dir))?,
                None => cwd.to_owned(),
            },
            port: self.port.or((!self.command.is_empty()).then_some(0)),
            durability: match (self.ephemeral, self.durability) {
                (true, _) => Durability::Ephemeral,
                (false, Promise::Normal) => Durability::Normal,
                (false, Promise::Full) => Durability::Full,
            },
            strict: self.strict,
            enforce_quota: self.enforce_quota,
            data: self.data.as_ref().map(|data| cwd.join(data)),
            env_id: self.env_id.clone(),
            functions_root: self.functions_root.as_ref().map(|root| cwd.join(root)),
            seed: self.seed.as_ref().map(|seed| cwd.join(seed)),
            outward: match (self.offline, self.record) {
                (true, _) => Outward::Refused,
                (_, true) => Outward::Recorded,
                _ => Outward::Open,
            },
            intercept: self.intercept,
            https: self.https,
            cold_start: self.simulate_cold_start.map(|millis| Duration::from_millis(millis.into())),
            inspect: self.inspect,
            install: match (self.install, self.no_install) {
                (true, _) => session::Install::Yes,
                (_, true) => session::Install::No,
                _ => session::Install::Ask,
            },
        })
    }
}

/// Refuses a project that is not there: an empty backend would look like a good one.
fn folder(path: PathBuf) -> Result<PathBuf> {
    if path.is_dir() {
        return Ok(path);
    }
    let shown = path.display();
    Err(Error::new(Kind::NotFound, text! { en: "`{shown}` is not a folder", zh: "`{shown}` 不是目录" }))
}

/// A failure to write a file the user named.
fn cannot_write(file: &std::path::Path, error: &std::io::Error) -> Error {
    let shown = file.display();
    Error::new(Kind::Failed, text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" })
        .source(error)
}
