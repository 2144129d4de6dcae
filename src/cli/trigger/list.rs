//! `cloudkit trigger list`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::clock;
use crate::ops::trigger::{self, Trigger};
use crate::term::{Page, Show, Table};
use crate::text;

/// List the triggers of the target and when each fires next
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let now = context.wait(clock::present(&target, context.clock.now()))?;
    let triggers = context.wait(trigger::list(&target, now))?;
    context.ui.show(&triggers);
    Ok(())
}

impl Show for Vec<Trigger> {
    fn show(&self, page: &mut Page) {
        let mut table = Table::new([
            text! { en: "function", zh: "云函数" },
            text! { en: "trigger", zh: "触发器" },
            text! { en: "type", zh: "类型" },
            text! { en: "config", zh: "配置" },
            text! { en: "in words (UTC+8)", zh: "含义（UTC+8）" },
            text! { en: "next", zh: "下次触发" },
        ]);
        let never = page.words(&text! { en: "never", zh: "不再触发" }).to_owned();
        let never = never.as_str();
        for it in self {
            let next = it.next.as_deref().unwrap_or(if it.is_spent { never } else { "-" });
            let words = it.words.as_ref().map_or("-", |words| page.words(words));
            table.row([&it.function, &it.name, &it.r#type, &it.config, words, next]);
        }
        page.table(&table, &text! { en: "There are no triggers.", zh: "没有触发器。" });
    }
}
