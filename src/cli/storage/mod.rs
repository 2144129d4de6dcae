//! `cloudkit storage …`.

mod delete;
mod download;
mod list;
mod upload;
mod url;

use crate::error::Result;

use super::context::Context;

/// List, upload, download and delete files
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    List(list::Args),
    Upload(upload::Args),
    Download(download::Args),
    Delete(delete::Args),
    Url(url::Args),
}

pub fn run(command: Command, context: &mut Context) -> Result<()> {
    match command {
        Command::List(args) => list::run(args, context),
        Command::Upload(args) => upload::run(args, context),
        Command::Download(args) => download::run(args, context),
        Command::Delete(args) => delete::run(args, context),
        Command::Url(args) => url::run(args, context),
    }
}
