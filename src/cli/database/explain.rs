//! `cloudkit db explain COLLECTION`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::database::query::{self, Explanation};
use crate::term::{Page, Show, Table};
use crate::text;

use super::index::suggest::tell;
use super::query::Which;

/// Tell how a query is carried out: the index it uses, what it examines (emulator only)
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Which,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let asked = args.which.query(context)?;
    let target = context.target()?;
    let explanation = context.wait(query::explain(&target, &asked, context.clock.now()))?;
    context.ui.show(&explanation);
    Ok(())
}

impl Show for Explanation {
    fn show(&self, page: &mut Page) {
        let none = text! { en: "none: every document is examined", zh: "无：检查了所有文档" };
        let index = self.index.clone().unwrap_or_else(|| page.words(&none).to_owned());
        let order = match (self.sorted_in_memory, &self.index) {
            (true, _) => text! { en: "sorted in memory", zh: "在内存中排序" },
            (false, None) => text! { en: "as the documents were added", zh: "按写入顺序" },
            (false, Some(_)) => text! { en: "as the index has it", zh: "与索引一致" },
        };
        let mut fields = vec![
            (text! { en: "index", zh: "索引" }, index),
            (text! { en: "order", zh: "排序" }, page.words(&order).to_owned()),
            (text! { en: "keys examined", zh: "检查的键" }, self.keys_examined.to_string()),
            (text! { en: "documents examined", zh: "检查的文档" }, self.documents_examined.to_string()),
            (text! { en: "returned", zh: "返回" }, self.returned.to_string()),
            (text! { en: "took", zh: "耗时" }, format!("{:.2} ms", self.elapsed_ms)),
        ];
        fields.extend(self.bounds.iter().map(|bound| (text! { en: "bounds", zh: "范围" }, bound.clone())));
        page.fields(fields);
        let mut table = Table::new([
            text! { en: "considered", zh: "候选方案" },
            text! { en: "keys", zh: "键" },
            text! { en: "order", zh: "排序" },
            text! { en: "estimate", zh: "估计耗时" },
        ])
        .right(1)
        .right(3);
        let scan = text! { en: "every document", zh: "检查所有文档" };
        let sorted = text! { en: "sorted in memory", zh: "在内存中排序" };
        for it in &self.alternatives {
            let index = it.index.as_deref().unwrap_or_else(|| page.words(&scan));
            let order = if it.sorts_in_memory { page.words(&sorted) } else { "" };
            table.row([index, &it.keys.to_string(), order, &format!("{:.2} ms", it.estimated_ms)]);
        }
        page.blank();
        page.table(&table, &text! { en: "Nothing was considered.", zh: "没有候选方案。" });
        if let Some(advice) = &self.advice {
            tell(advice, page);
        }
    }
}
