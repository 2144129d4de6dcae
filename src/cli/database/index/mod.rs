//! `cloudkit db index …`.

mod add;
mod drop;
mod list;
pub(super) mod suggest;

use crate::cli::context::Context;
use crate::error::Result;

/// List, add and drop indexes, or learn which one is missing
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    List(list::Args),
    Add(add::Args),
    Drop(drop::Args),
    Suggest(suggest::Args),
}

pub fn run(command: Command, context: &mut Context) -> Result<()> {
    match command {
        Command::List(args) => list::run(args, context),
        Command::Add(args) => add::run(args, context),
        Command::Drop(args) => drop::run(args, context),
        Command::Suggest(args) => suggest::run(args, context),
    }
}
