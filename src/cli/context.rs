//! The outside world, gathered once: arguments, variables, folders, clock, ids, terminal. Nothing else in the program
//! asks for them.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Kind, Result};
use crate::model::clock::{Clock, Ids};
use crate::term::{Settings, Ui};
use crate::text;

/// What the process was given, before any flag is known. Variables hold secrets, so there is no `Debug`.
pub struct Outside {
    variables: BTreeMap<String, String>,
}

impl Outside {
    /// Reads the environment. A variable that is not Unicode is left out: no name or value of ours can be one.
    pub fn gather() -> Self {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Outside { variables: std::env::vars_os().filter_map(unicode).collect() }
    }

    /// Returns a variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns what the environment says about the terminal (no-color.org, bixense.com/clicolors).
    pub fn settings(&self) -> Settings {
        Settings {
            no_color: self.variable("NO_COLOR").is_some(),
            force_color: self.variable("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            dumb: self.variable("TERM") == Some("dumb"),
            ..Settings::default()
        }
    }

    /// Goes to the folder to work in and joins everything a command needs.
    pub fn enter(
        self,
        ui: Ui,
        directory: Option<PathBuf>,
        env: Option<String>,
        yes: bool,
    ) -> Result<Context> {
        let cwd = working_folder(directory.as_deref())?;
        let env = env.or_else(|| self.variable("CLOUDKIT_ENV").map(str::to_owned));
        Ok(Context {
            ui,
            env,
            yes,
            cwd,
            program: std::env::current_exe().ok(),
            config_folder: etcetera::choose_base_strategy()
                .ok()
                .map(|base| base.config_dir().join("cloudkit")),
            variables: self.variables,
            clock: Clock::default(),
            ids: Ids::default(),
            exit_code: 0,
        })
    }
}

fn working_folder(directory: Option<&Path>) -> Result<PathBuf> {
    let here = std::env::current_dir().map_err(|error| {
        Error::new(Kind::Failed, text! { en: "the current folder cannot be read", zh: "无法读取当前目录" })
            .source(&error)
    })?;
    let Some(directory) = directory else { return Ok(here) };
    let there = here.join(directory);
    if there.is_dir() {
        return Ok(there);
    }
    let shown = directory.display();
    Err(Error::new(Kind::Usage, text! { en: "`{shown}` is not a folder", zh: "`{shown}` 不是目录" }))
}

/// Everything a command may know of the world. Variables hold secrets, so there is no `Debug`.
pub struct Context {
    pub ui: Ui,
    /// The target asked for by `--env` or `CLOUDKIT_ENV`.
    pub env: Option<String>,
    /// `--yes`: every question is answered.
    pub yes: bool,
    /// The folder to work in, absolute.
    pub cwd: PathBuf,
    /// The file of this program, for children that call it.
    pub program: Option<PathBuf>,
    /// Where the user's settings for this program live; `None` on a machine without a home.
    pub config_folder: Option<PathBuf>,
    pub variables: BTreeMap<String, String>,
    pub clock: Clock,
    pub ids: Ids,
    exit_code: u8,
}

impl Context {
    /// Returns a variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Sets the exit code of a command that has shown its result and yet did not succeed.
    pub fn exit_with(&mut self, code: u8) {
        self.exit_code = code;
    }

    pub(super) fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// Makes the runtime of a command that waits for things; a command that does not never pays for it.
    ///
    /// One worker: documents are read and written on threads of their own, and several workers would hand each call of
    /// a function from core to core. With two workers on two cores a call alone took 56 µs of processor time in place of
    /// 41, that of its process included, and 32 callers were served no faster.
    pub fn runtime(&self) -> Result<Runtime> {
        Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(|error| {
            Error::new(Kind::Failed, text! { en: "the runtime did not start", zh: "运行时未能启动" })
                .source(&error)
        })
    }

    /// Runs work that waits until it is done, or until Ctrl-C.
    pub fn wait<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let runtime = self.runtime()?;
        let done = runtime.block_on(async {
            tokio::select! {
                done = work => done,
                _ = tokio::signal::ctrl_c() => Err(Error::new(
                    Kind::Interrupted,
                    text! { en: "interrupted", zh: "已中断" },
                )),
            }
        });
        // A read of standard input that nobody will answer must not hold the program.
        runtime.shutdown_background();
        done
    }
}
