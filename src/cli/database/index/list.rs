//! `cloudkit db index list [COLLECTION]`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::model::name::CollectionName;
use crate::ops::database::index::{self, Listed};
use crate::term::{Page, Show, Table};
use crate::text;

/// List the indexes of a collection, or of all
#[derive(Debug, clap::Args)]
pub struct Args {
    collection: Option<CollectionName>,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let indexes = context.wait(async {
        match &args.collection {
            Some(collection) => index::list(&target, collection).await,
            None => index::list_all(&target).await,
        }
    })?;
    context.ui.show(&indexes);
    Ok(())
}

impl Show for Vec<Listed> {
    fn show(&self, page: &mut Page) {
        let mut table = Table::new([
            text! { en: "collection", zh: "集合" },
            text! { en: "index", zh: "索引" },
            text! { en: "keys", zh: "字段" },
            text! { en: "unique", zh: "唯一" },
            text! { en: "uses", zh: "使用次数" },
        ])
        .right(4);
        for it in self {
            let unique = if it.unique { "✔" } else { "" };
            table.row([&it.collection, &it.name, &it.keys.join(" "), unique, &it.uses.to_string()]);
        }
        page.table(&table, &text! { en: "There are no indexes.", zh: "没有索引。" });
    }
}
