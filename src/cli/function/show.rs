//! `cloudkit fn show NAME`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::model::name::FunctionName;
use crate::ops::function::{self, Shown};
use crate::term::{Page, Show};
use crate::text;

/// Show a function: status, settings, triggers and the names of its variables
#[derive(Debug, clap::Args)]
pub struct Args {
    name: FunctionName,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let shown = context.wait(function::show(&target, &args.name))?;
    context.ui.show(&shown);
    Ok(())
}

impl Show for Shown {
    fn show(&self, page: &mut Page) {
        let mut fields = vec![
            (text! { en: "name", zh: "名称" }, self.name.clone()),
            (text! { en: "status", zh: "状态" }, self.status.clone()),
            (text! { en: "runtime", zh: "运行时" }, self.runtime.clone()),
            (text! { en: "handler", zh: "入口" }, self.handler.clone()),
            (text! { en: "timeout", zh: "超时" }, format!("{} s", self.timeout)),
            (text! { en: "memory", zh: "内存" }, format!("{} MB", self.memory)),
            (text! { en: "code", zh: "代码" }, format!("{} B", self.code_bytes)),
            (text! { en: "modified", zh: "修改时间" }, page.local_time(&self.modified, "%Y-%m-%d %H:%M:%S")),
        ];
        fields.extend(self.reasons.iter().map(|why| (text! { en: "reason", zh: "原因" }, why.clone())));
        if !self.variables.is_empty() {
            fields.push((text! { en: "variables", zh: "环境变量" }, self.variables.join(", ")));
        }
        let trigger = |it: &crate::ops::trigger::Trigger| format!("{}  {}", it.name, it.config);
        fields.extend(self.triggers.iter().map(|it| (text! { en: "trigger", zh: "触发器" }, trigger(it))));
        page.fields(fields);
    }
}
