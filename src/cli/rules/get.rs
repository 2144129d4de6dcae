//! `cloudkit rules get COLLECTION`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::model::name::CollectionName;
use crate::ops::rules::{self, Resource};

/// Show the permission of a collection, or of files
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(required_unless_present = "storage", conflicts_with = "storage")]
    collection: Option<CollectionName>,
    /// Of stored files
    #[arg(long)]
    storage: bool,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let resource = args.collection.map_or(Resource::Storage, Resource::Collection);
    let target = context.target()?;
    let ruled = context.wait(rules::get(&target, &resource))?;
    context.ui.show(&ruled);
    Ok(())
}
