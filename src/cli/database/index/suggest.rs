//! `cloudkit db index suggest`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::database::index::{self, Advice, Suggestions, Unused};
use crate::term::{Page, Show};
use crate::text;

/// Tell which indexes queries have missed since the emulator started, and which none used
///
/// Each line can be pasted. One index is named for all queries that it serves: the fields they compare for equality
/// first, then those they sort by, then a range.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let suggestions = context.wait(index::suggest(&target))?;
    context.ui.show(&suggestions);
    Ok(())
}

impl Show for Suggestions {
    fn show(&self, page: &mut Page) {
        if self.missing.is_empty() {
            page.sentence(&text! { en: "No query has missed an index.", zh: "没有查询缺少索引。" });
        }
        for it in &self.missing {
            tell(it, page);
        }
        for it in &self.unused {
            let Unused { collection, index, queries, fix, .. } = it;
            page.sentence(&text! {
                en: "`{collection}`  index `{index}` is used by none of {queries} queries",
                zh: "`{collection}`  {queries} 次查询均未使用索引 `{index}`"
            });
            page.sentence(&text! { en: "  if it is not needed: `{fix}`", zh: "  如不需要：`{fix}`" });
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
