//! `cloudkit db index drop COLLECTION NAME`.

use crate::cli::context::Context;
use crate::cli::database::collection::remember;
use crate::error::Result;
use crate::model::name::CollectionName;
use crate::ops::database::index::{self, Change};
use crate::term::{Page, Show};
use crate::text;

/// Drop an index from cloudkit.toml and from the target
#[derive(Debug, clap::Args)]
pub struct Args {
    collection: CollectionName,
    /// As `db index list` shows it
    name: String,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let project = context.project()?;
    let target = context.target_to_change_of(&project)?;
    let change = context.wait(index::drop(&target, &project, &args.collection, &args.name))?;
    context.ui.show(&Dropped(change));
    Ok(())
}

#[derive(serde::Serialize)]
#[serde(transparent)]
struct Dropped(Change);

impl Show for Dropped {
    fn show(&self, page: &mut Page) {
        let Change { collection, index, changed, manifest_changed, .. } = &self.0;
        if *changed {
            page.done(&text! { en: "Dropped index `{index}` of `{collection}`", zh: "已删除 `{collection}` 的索引 `{index}`" });
        }
        remember(*manifest_changed, page);
    }
}
