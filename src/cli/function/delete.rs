//! `cloudkit fn delete NAME`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::model::name::FunctionName;
use crate::ops::function::{self, Deleted};
use crate::term::{Page, Show};
use crate::text;

/// Delete a function and its triggers from the target
#[derive(Debug, clap::Args)]
pub struct Args {
    name: FunctionName,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target_to_change()?;
    let name = &args.name;
    context
        .agree_to_lose(&target, &text! { en: "Delete function `{name}`?", zh: "删除云函数 `{name}`？" })?;
    let deleted = context.wait(function::delete(&target, name))?;
    context.ui.show(&deleted);
    Ok(())
}

impl Show for Deleted {
    fn show(&self, page: &mut Page) {
        let name = &self.deleted;
        page.done(&text! { en: "Deleted function `{name}`", zh: "已删除云函数 `{name}`" });
    }
}
