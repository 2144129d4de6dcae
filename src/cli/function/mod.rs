//! `cloudkit fn …`.

mod delete;
mod download;
pub(super) mod invoke;
mod list;
mod show;

use crate::error::Result;

use super::context::Context;

/// List, call and look after cloud functions
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    List(list::Args),
    Show(show::Args),
    Invoke(invoke::Args),
    Delete(delete::Args),
    Download(download::Args),
}

pub fn run(command: Command, context: &mut Context) -> Result<()> {
    match command {
        Command::List(args) => list::run(args, context),
        Command::Show(args) => show::run(args, context),
        Command::Invoke(args) => invoke::run(args, context),
        Command::Delete(args) => delete::run(args, context),
        Command::Download(args) => download::run(args, context),
    }
}
