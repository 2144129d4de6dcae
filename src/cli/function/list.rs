//! `cloudkit fn list`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::function::{self, Listed};
use crate::term::{Page, Show, Table};
use crate::text;

/// List the functions of the target
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let functions = context.wait(function::list(&target))?;
    context.ui.show(&functions);
    Ok(())
}

impl Show for Vec<Listed> {
    fn show(&self, page: &mut Page) {
        let mut table = Table::new([
            text! { en: "name", zh: "名称" },
            text! { en: "runtime", zh: "运行时" },
            text! { en: "status", zh: "状态" },
            text! { en: "modified", zh: "修改时间" },
        ]);
        for it in self {
            let modified = page.local_time(&it.modified, "%Y-%m-%d %H:%M:%S");
            table.row([&it.name, &it.runtime, &it.status, &modified].map(String::as_str));
        }
        page.table(&table, &text! { en: "There are no functions.", zh: "没有云函数。" });
    }
}
