//! `cloudkit rules get COLLECTION`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::model::name::CollectionName;
use crate::ops::rules::{self, Resource};

/// Show the permission of a collection, of files or of functions
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(required_unless_present_any = ["storage", "functions"], conflicts_with_all = ["storage", "functions"])]
    collection: Option<CollectionName>,
    /// Of stored files
    #[arg(long, conflicts_with = "functions")]
    storage: bool,
    /// Of functions
    #[arg(long)]
    functions: bool,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let of_all = if args.functions { Resource::Functions } else { Resource::Storage };
    let resource = args.collection.map_or(of_all, Resource::Collection);
    let target = context.target()?;
    let ruled = context.wait(rules::get(&target, &resource))?;
    context.ui.show(&ruled);
    Ok(())
}
