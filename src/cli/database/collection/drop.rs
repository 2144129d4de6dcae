//! `cloudkit db collection drop NAME`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::model::name::CollectionName;
use crate::ops::database::collection;
use crate::text;

use super::Dropped;

/// Drop a collection with its documents and indexes
#[derive(Debug, clap::Args)]
pub struct Args {
    name: CollectionName,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let project = context.project()?;
    let target = context.target_to_change_of(&project)?;
    let name = &args.name;
    let question = text! { en: "Drop `{name}` with all its documents?", zh: "删除 `{name}` 及其全部文档？" };
    context.agree_to_lose(&target, &question)?;
    let change = context.wait(collection::drop(&target, &project, name))?;
    context.ui.show(&Dropped(change));
    Ok(())
}
