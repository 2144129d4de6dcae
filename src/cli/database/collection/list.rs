//! `cloudkit db collection list`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::database::collection::{self, Listed};
use crate::term::{Page, Show, Table};
use crate::text;

/// List collections with their sizes
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let collections = context.wait(collection::list(&target))?;
    context.ui.show(&collections);
    Ok(())
}

impl Show for Vec<Listed> {
    fn show(&self, page: &mut Page) {
        let mut table = Table::new([
            text! { en: "collection", zh: "集合" },
            text! { en: "documents", zh: "文档数" },
            text! { en: "bytes", zh: "字节数" },
            text! { en: "indexes", zh: "索引数" },
        ])
        .right(1)
        .right(2)
        .right(3);
        for it in self {
            let numbers = [it.documents, it.bytes, it.indexes].map(|number| number.to_string());
            table.row(std::iter::once(it.name.clone()).chain(numbers));
        }
        page.table(&table, &text! { en: "There are no collections.", zh: "没有集合。" });
    }
}
