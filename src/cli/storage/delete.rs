//! `cloudkit storage delete FILE…`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::storage::{self, Deleted, folder};
use crate::term::{Page, Show};
use crate::text;

/// Delete files
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Paths, or ids that begin with `cloud://`
    #[arg(required = true)]
    files: Vec<String>,
    /// Delete all files below the paths
    #[arg(long, short)]
    recursive: bool,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target_to_change()?;
    let names = args.files.join("`, `");
    context.agree_to_lose(&target, &text! { en: "Delete `{names}`?", zh: "删除 `{names}`？" })?;
    let deleted = if args.recursive {
        let mut all = Deleted { deleted: Vec::new() };
        for path in &args.files {
            all.deleted.extend(context.wait(folder::delete(&target, path))?.deleted);
        }
        all
    } else {
        context.wait(storage::delete(&target, &args.files))?
    };
    context.ui.show(&deleted);
    Ok(())
}

impl Show for Deleted {
    fn show(&self, page: &mut Page) {
        for name in &self.deleted {
            page.done(&text! { en: "Deleted `{name}`", zh: "已删除 `{name}`" });
        }
    }
}
