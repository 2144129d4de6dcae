//! `cloudkit db index suggest`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::database::index::{self, Advice};
use crate::term::{Page, Show};
use crate::text;

/// Tell which indexes queries have missed since the emulator started
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let advice = context.wait(index::suggest(&target))?;
    context.ui.show(&advice);
    Ok(())
}

impl Show for Vec<Advice> {
    fn show(&self, page: &mut Page) {
        if self.is_empty() {
            page.sentence(&text! { en: "No query has missed an index.", zh: "没有查询缺少索引。" });
        }
        for it in self {
            tell(it, page);
        }
    }
}

/// Tells of a missing index, and how to add it.
pub(in crate::cli::database) fn tell(it: &Advice, page: &mut Page) {
    let Advice { collection, queries, examined, fix, .. } = it;
    page.sentence(&text! {
        en: "`{collection}`  queries without an index: {queries}, documents examined: up to {examined}",
        zh: "`{collection}`  未用索引的查询：{queries} 次，检查的文档：最多 {examined} 个"
    });
    page.sentence(&text! { en: "  fix: `{fix}`", zh: "  解决：`{fix}`" });
}
