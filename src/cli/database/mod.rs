//! `cloudkit db …`.

mod collection;
mod index;

mod explain;
mod export;
mod import;
mod insert;
mod query;
mod salvage;

use crate::error::Result;

use super::context::Context;

/// Work with documents, collections and indexes
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    #[command(subcommand)]
    Collection(collection::Command),
    #[command(subcommand)]
    Index(index::Command),
    Query(query::Args),
    Insert(insert::Args),
    Import(import::Args),
    Export(export::Args),
    Explain(explain::Args),
}

pub fn run(command: Command, context: &mut Context) -> Result<()> {
    match command {
        Command::Collection(command) => collection::run(command, context),
        Command::Index(command) => index::run(command, context),
        Command::Query(args) => query::run(args, context),
        Command::Insert(args) => insert::run(args, context),
        Command::Import(args) => import::run(args, context),
        Command::Export(args) => export::run(args, context),
        Command::Explain(args) => explain::run(args, context),
    }
}
