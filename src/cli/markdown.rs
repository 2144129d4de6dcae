//! `docs/cli.md`, written from the tree of commands. A test compares the two; `cloudkit markdown > docs/cli.md` mends it.

use std::fmt::Write;

use clap::builder::StyledStr;
use clap::{Arg, Command};

use crate::error::Result;

use super::context::Context;

/// Print the reference of all commands as Markdown
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct Args {}

pub fn run(_args: Args, context: &mut Context) -> Result<()> {
    let tree = super::tree(context.ui.language());
    context.ui.data(reference(tree).as_bytes());
    Ok(())
}

/// Returns the page.
fn reference(mut tree: Command) -> String {
    tree.build();
    let mut page = String::from("# Commands\n\n<!-- Written by `cloudkit markdown`. -->\n\n");
    page += "`cloudkit COMMAND --help` shows the same, in Chinese with `--lang zh`.\n\n";
    let _ = writeln!(page, "{}\n\n## Everywhere\n", paragraphs(tree.get_after_help()));
    arguments(&mut page, tree.get_arguments().filter(|arg| arg.get_id() != "version"));
    for command in tree.get_subcommands().filter(|command| !command.is_hide_set()) {
        section(&mut page, command, "cloudkit");
    }
    page
}

fn section(page: &mut String, command: &Command, parent: &str) {
    let name = format!("{parent} {}", command.get_name());
    let level = if parent == "cloudkit" { "##" } else { "###" };
    let _ = writeln!(page, "\n{level} `{name}`\n");
    let about = command.get_long_about().or(command.get_about());
    let _ = writeln!(page, "{}", paragraphs(about));
    if command.has_subcommands() {
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            section(page, below, &name);
        }
        return;
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let _ = writeln!(page, "\n```text\n{usage}\n```");
    if let Some(after) = command.get_after_help() {
        let _ = writeln!(page, "\n{}", paragraphs(Some(after)));
    }
    let own: Vec<&Arg> =
        command.get_arguments().filter(|arg| !arg.is_global_set() && arg.get_id() != "help").collect();
    if own.iter().any(|arg| arg.get_help().is_some()) {
        page.push('\n');
        arguments(page, own);
    }
}

/// Writes a table of arguments and what they mean.
fn arguments<'a>(page: &mut String, arguments: impl IntoIterator<Item = &'a Arg>) {
    page.push_str("| argument | meaning |\n|---|---|\n");
    for arg in arguments {
        let Some(help) = arg.get_long_help().or(arg.get_help()) else { continue };
        let mut help = help.to_string().replace('\n', " ").replace('|', "\\|");
        let values: Vec<String> =
            arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
        if arg.get_action().takes_values() && !values.is_empty() {
            help = format!("{help}: {}", values.join(", "));
        }
        let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        if !default.is_empty() && !arg.is_hide_default_value_set() && arg.get_action().takes_values() {
            help = format!("{help} (default `{}`)", default.join(" "));
        }
        let _ = writeln!(page, "| `{}` | {help} |", shown(arg).replace('|', "\\|"));
    }
}

/// Writes an argument as one types it: `-f, --follow`, `--since <AGE>`, `<NAME>`.
fn shown(arg: &Arg) -> String {
    if arg.is_positional() {
        return arg.to_string();
    }
    let value = match arg.get_action().takes_values() {
        true => arg.get_value_names().unwrap_or_default().iter().map(|name| format!(" <{name}>")).collect(),
        false => String::new(),
    };
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    format!("{}{value}", names.join(", "))
}

/// Writes a text with the commands in it as blocks of code.
fn paragraphs(text: Option<&StyledStr>) -> String {
    let text = text.map(StyledStr::to_string).unwrap_or_default();
    let paragraph = |paragraph: &str| match paragraph.strip_prefix("Examples:\n") {
        Some(commands) => {
            let commands: Vec<&str> = commands.lines().map(str::trim_start).collect();
            format!("```text\n{}\n```", commands.join("\n"))
        }
        // Columns are kept as they are.
        None if paragraph.contains("   ") => format!("```text\n{paragraph}\n```"),
        None => paragraph.to_owned(),
    };
    text.trim_end().split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n\n")
}
