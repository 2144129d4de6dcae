//! `cloudkit storage list [PREFIX]`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::storage::{self, Listed};
use crate::term::{Page, Show, Table};
use crate::text;

/// List the files whose paths begin with a prefix
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(default_value = "", hide_default_value = true)]
    prefix: String,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let files = context.wait(storage::list(&target, args.prefix.trim_start_matches('/')))?;
    context.ui.show(&files);
    Ok(())
}

impl Show for Vec<Listed> {
    fn show(&self, page: &mut Page) {
        let mut table = Table::new([
            text! { en: "path", zh: "路径" },
            text! { en: "bytes", zh: "字节数" },
            text! { en: "modified", zh: "修改时间" },
        ])
        .right(1);
        for it in self {
            table.row([&it.path, &it.bytes.to_string(), &it.modified]);
        }
        page.table(&table, &text! { en: "There are no files.", zh: "没有文件。" });
    }
}
