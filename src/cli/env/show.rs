//! `cloudkit env show`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::env::{self, Shown};
use crate::term::{Page, Show};
use crate::text;

/// Show the target: id, region, status, bucket, database
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Like `--env NAME`
    name: Option<String>,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    if args.name.is_some() {
        context.env = args.name;
    }
    let target = context.target()?;
    let shown = context.wait(env::show(&target))?;
    context.ui.show(&shown);
    Ok(())
}

impl Show for Shown {
    fn show(&self, page: &mut Page) {
        let optional = |label, value: &Option<String>| value.clone().map(|value| (label, value));
        let mut fields = vec![
            (text! { en: "name", zh: "名称" }, self.name.clone()),
            (text! { en: "id", zh: "环境 ID" }, self.id.clone()),
            (text! { en: "region", zh: "地域" }, self.region.clone()),
            (text! { en: "status", zh: "状态" }, self.status.clone()),
        ];
        fields.extend(optional(text! { en: "address", zh: "地址" }, &self.url));
        fields.extend(optional(text! { en: "bucket", zh: "存储桶" }, &self.bucket));
        fields.extend(optional(text! { en: "database", zh: "数据库" }, &self.database));
        if self.protected {
            let yes = text! { en: "yes", zh: "是" };
            fields.push((text! { en: "protected", zh: "受保护" }, page.words(&yes).to_owned()));
        }
        page.fields(fields);
    }
}
