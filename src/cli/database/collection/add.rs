//! `cloudkit db collection add NAME`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::model::name::CollectionName;
use crate::ops::database::collection;

use super::Added;

/// Add a collection; a project with a cloudkit.toml remembers it
#[derive(Debug, clap::Args)]
pub struct Args {
    name: CollectionName,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let project = context.project()?;
    let target = context.target_to_change_of(&project)?;
    let change = context.wait(collection::add(&target, &project, &args.name))?;
    context.ui.show(&Added(change));
    Ok(())
}
