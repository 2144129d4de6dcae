//! A file per command: arguments, one call into `ops`, and how the result is shown.
//!
//! A command is `Args` (its doc comments are the help text) and `run(args, &mut Context) -> Result<()>`. To add one: its
//! `mod` line, its variant in [`Command`], its line in [`run`].

mod chinese;
mod context;
mod input;
mod language;
mod markdown;
mod progress;
mod target;
mod usage;

mod deploy;
mod init;

mod clock;
mod completions;
mod database;
mod demo;
mod doctor;
mod emulate;
mod env;
mod explain;
mod function;
mod login;
mod logs;
mod rules;
mod snapshot;
mod storage;
mod trigger;
mod user;
mod wechat;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::error::{Error, Kind, Result};
use crate::model::text::Language;
use crate::term::{ColorChoice, Settings, Ui};
use context::{Context, Outside};

/// The whole WeChat / Tencent CloudBase backend on your laptop, and the same commands for the real one
#[derive(Debug, Parser)]
#[command(name = "cloudkit", version, propagate_version = false, disable_help_subcommand = true)]
#[command(disable_help_flag = true, disable_version_flag = true)]
#[command(subcommand_required = true, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    /// Show the version
    #[arg(long, short = 'V', action = clap::ArgAction::Version)]
    version: Option<bool>,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done · 1 failed · 2 wrong usage or manifest · 3 not logged in or not allowed · \
                          4 not found · 5 the cloud refused · 130 interrupted";

/// What every command understands.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Everywhere")]
struct Global {
    /// Target: an environment of cloudkit.toml, an environment id, or `local` (the running emulator)
    #[arg(long, global = true, value_name = "NAME")]
    env: Option<String>,
    /// Print one JSON document (a line per event for streams) and nothing else on standard output
    #[arg(long, global = true)]
    json: bool,
    /// Answer yes to every question
    #[arg(long, short = 'y', global = true)]
    yes: bool,
    /// Say nothing but results, warnings and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more about what happens
    #[arg(long, short, global = true)]
    verbose: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_default_value = true)]
    color: When,
    /// The language to speak
    #[arg(long, global = true, value_name = "LANGUAGE")]
    lang: Option<language::Choice>,
    /// Run as if started in this folder
    #[arg(short = 'C', global = true, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Show help; `--help` tells more than `-h`
    #[arg(long, short, global = true, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Deploy(deploy::Args),
    Diff(deploy::diff::Args),
    Emulate(emulate::Args),
    Demo(demo::Args),
    #[command(subcommand, name = "fn", visible_alias = "function")]
    Function(function::Command),
    #[command(subcommand)]
    Trigger(trigger::Command),
    #[command(subcommand)]
    Clock(clock::Command),
    #[command(subcommand, name = "db")]
    Database(database::Command),
    #[command(subcommand)]
    Rules(rules::Command),
    #[command(subcommand)]
    Snapshot(snapshot::Command),
    #[command(subcommand)]
    Storage(storage::Command),
    #[command(subcommand)]
    User(user::Command),
    #[command(subcommand)]
    Wechat(wechat::Command),
    Logs(logs::Args),
    #[command(subcommand)]
    Env(env::Command),
    Login(login::Login),
    Logout(login::Logout),
    Whoami(login::Whoami),
    Doctor(doctor::Args),
    Explain(explain::Args),
    Completions(completions::Args),
    Markdown(markdown::Args),
}

fn run(command: Command, context: &mut Context) -> Result<()> {
    match command {
        Command::Init(args) => init::run(args, context),
        Command::Deploy(args) => deploy::run(args, context),
        Command::Diff(args) => deploy::diff::run(args, context),
        Command::Emulate(args) => emulate::run(args, context),
        Command::Demo(args) => demo::run(args, context),
        Command::Function(command) => function::run(command, context),
        Command::Trigger(command) => trigger::run(command, context),
        Command::Clock(command) => clock::run(command, context),
        Command::Database(command) => database::run(command, context),
        Command::Rules(command) => rules::run(command, context),
        Command::Snapshot(command) => snapshot::run(command, context),
        Command::Storage(command) => storage::run(command, context),
        Command::User(command) => user::run(command, context),
        Command::Wechat(command) => wechat::run(command, context),
        Command::Logs(args) => logs::run(args, context),
        Command::Env(command) => env::run(command, context),
        Command::Login(args) => login::login(args, context),
        Command::Logout(args) => login::logout(args, context),
        Command::Whoami(args) => login::whoami(args, context),
        Command::Doctor(args) => doctor::run(args, context),
        Command::Explain(args) => explain::run(args, context),
        Command::Completions(args) => completions::run(args, context),
        Command::Markdown(args) => markdown::run(args, context),
    }
}

/// Runs the program and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let outside = Outside::gather();
    let early = Settings {
        json: usage::asks_for_json(&arguments),
        language: language::of(usage::lang(&arguments), &outside),
        ..outside.settings()
    };
    let parsed = tree(early.language)
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => ExitCode::from(execute(cli, outside)),
        Err(error) => ExitCode::from(usage::answer(&error, &Ui::new(early))),
    }
}

/// Returns the tree of commands, with its help in the reader's language.
fn tree(language: Language) -> clap::Command {
    match language {
        Language::English => flowing(Cli::command()),
        Language::Chinese => chinese::translate(Cli::command()),
    }
}

/// Joins the lines of each paragraph, which the sources break for their own width, so that help breaks at the
/// terminal's. Commands to type stay as they are.
fn flowing(mut command: clap::Command) -> clap::Command {
    if let Some(about) = command.get_long_about().map(ToString::to_string) {
        let flow = |paragraph: &str| match paragraph.contains("\n  ") {
            true => paragraph.to_owned(),
            false => paragraph.replace('\n', " "),
        };
        command = command.long_about(about.split("\n\n").map(flow).collect::<Vec<_>>().join("\n\n"));
    }
    command.mut_subcommands(flowing)
}

fn execute(cli: Cli, outside: Outside) -> u8 {
    let Global { env, json, yes, quiet, verbose, color, lang, directory, help: _ } = cli.global;
    let color = match color {
        When::Auto => ColorChoice::Auto,
        When::Always => ColorChoice::Always,
        When::Never => ColorChoice::Never,
    };
    let language = language::of(lang, &outside);
    let ui = Ui::new(Settings { json, quiet, verbose, color, language, ..outside.settings() });
    let done = outside.enter(ui.clone(), directory, env, yes).and_then(|mut context| {
        run(cli.command, &mut context)?;
        Ok(context.exit_code())
    });
    match done.and_then(|code| ui.finish().map(|()| code)) {
        Ok(code) => code,
        Err(error) => fail(&error, &ui),
    }
}

fn fail(error: &Error, ui: &Ui) -> u8 {
    // Whoever pressed Ctrl-C knows it.
    if error.kind() != Kind::Interrupted {
        ui.report(error);
    }
    error.kind().exit_code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_of_commands_is_sound() {
        Cli::command().debug_assert();
    }
}
