//! `cloudkit db index add COLLECTION FIELD[:asc|desc|2dsphere]…`.

use crate::cli::context::Context;
use crate::cli::database::collection::remember;
use crate::error::Result;
use crate::model::index::{IndexKey, IndexSpec};
use crate::model::name::CollectionName;
use crate::ops::database::index::{self, Change};
use crate::term::{Page, Show};
use crate::text;

/// Add an index to cloudkit.toml and to the target
///
/// An index that is there already stays as it is: the command may be run again.
///
/// Examples:
///   cloudkit db index add players score:desc
///   cloudkit db index add players _openid --unique
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    collection: CollectionName,
    /// A field path and its direction: `score:desc`, `stats.best`, `place:2dsphere`
    #[arg(required = true, value_name = "FIELD[:asc|desc|2dsphere]")]
    keys: Vec<IndexKey>,
    /// Refuse two documents with the same values
    #[arg(long)]
    unique: bool,
    /// Made from the fields by default: `score_-1`
    #[arg(long)]
    name: Option<String>,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let spec = IndexSpec::new(args.keys, args.unique, args.name)?;
    let project = context.project()?;
    let target = context.target_to_change_of(&project)?;
    let change = context.wait(index::add(&target, &project, &args.collection, &spec))?;
    context.ui.show(&Added(change));
    Ok(())
}

#[derive(serde::Serialize)]
#[serde(transparent)]
struct Added(Change);

impl Show for Added {
    fn show(&self, page: &mut Page) {
        let Change { collection, index, changed, manifest_changed, .. } = &self.0;
        page.done(&match changed {
            true => text! { en: "Added index `{index}` to `{collection}`", zh: "已为 `{collection}` 添加索引 `{index}`" },
            false => text! { en: "`{collection}` has index `{index}` already", zh: "`{collection}` 已有索引 `{index}`" },
        });
        remember(*manifest_changed, page);
    }
}
