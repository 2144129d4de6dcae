//! `cloudkit env …`.

mod list;
mod show;
mod switch;

use crate::error::Result;

use super::context::Context;

/// List environments, choose one, show one
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    List(list::Args),
    Use(switch::Args),
    Show(show::Args),
}

pub fn run(command: Command, context: &mut Context) -> Result<()> {
    match command {
        Command::List(args) => list::run(args, context),
        Command::Use(args) => switch::run(args, context),
        Command::Show(args) => show::run(args, context),
    }
}
