//! `cloudkit db collection …`.

mod add;
mod drop;
mod list;

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::database::collection::Change;
use crate::term::{Page, Show};
use crate::text;

/// List, add and drop collections
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    List(list::Args),
    Add(add::Args),
    Drop(drop::Args),
}

pub fn run(command: Command, context: &mut Context) -> Result<()> {
    match command {
        Command::List(args) => list::run(args, context),
        Command::Add(args) => add::run(args, context),
        Command::Drop(args) => drop::run(args, context),
    }
}

/// What became of a collection that was to be added.
#[derive(serde::Serialize)]
#[serde(transparent)]
struct Added(Change);

impl Show for Added {
    fn show(&self, page: &mut Page) {
        let name = &self.0.collection;
        page.done(&match self.0.changed {
            true => text! { en: "Added collection `{name}`", zh: "已创建集合 `{name}`" },
            false => text! { en: "Collection `{name}` is there already", zh: "集合 `{name}` 已存在" },
        });
        remember(self.0.manifest_changed, page);
    }
}

/// What became of a collection that was to be dropped.
#[derive(serde::Serialize)]
#[serde(transparent)]
struct Dropped(Change);

impl Show for Dropped {
    fn show(&self, page: &mut Page) {
        let name = &self.0.collection;
        page.done(&text! { en: "Dropped collection `{name}`", zh: "已删除集合 `{name}`" });
        remember(self.0.manifest_changed, page);
    }
}

/// Tells that the manifest was edited.
pub(super) fn remember(manifest_changed: bool, page: &mut Page) {
    if manifest_changed {
        page.done(&text! { en: "Wrote `cloudkit.toml`", zh: "已写入 `cloudkit.toml`" });
    }
}
