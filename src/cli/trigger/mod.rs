//! `cloudkit trigger …`.

mod fire;
mod list;

use crate::error::Result;

use super::context::Context;

/// List triggers, or fire one now
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    List(list::Args),
    Fire(fire::Args),
}

pub fn run(command: Command, context: &mut Context) -> Result<()> {
    match command {
        Command::List(args) => list::run(args, context),
        Command::Fire(args) => fire::run(args, context),
    }
}
