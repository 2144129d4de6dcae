//! `cloudkit env show`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::model::text::Text;
use crate::ops::env::{self, Shown};
use crate::term::{Page, Show};
use crate::text;

/// Show the target: id, region, status, bucket, database, and what an emulator's documents and files take
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
        if let Some(used) = &self.usage {
            let documents = share(used.document_bytes, used.free_document_bytes);
            let files = share(used.file_bytes, used.free_file_bytes);
            fields.push((text! { en: "documents", zh: "文档占用" }, page.words(&documents).to_owned()));
            fields.push((text! { en: "files", zh: "文件占用" }, page.words(&files).to_owned()));
        }
        if self.protected {
            let yes = text! { en: "yes", zh: "是" };
            fields.push((text! { en: "protected", zh: "受保护" }, page.words(&yes).to_owned()));
        }
        page.fields(fields);
    }
}

/// Says how much of the free room is taken.
fn share(bytes: u64, free: u64) -> Text {
    const MEGABYTE: f64 = 1024.0 * 1024.0;
    let (taken, free) = (bytes as f64 / MEGABYTE, free >> 30);
    text! { en: "{taken:.1} MB of the {free} GB that are free of charge", zh: "{taken:.1} MB，免费额度 {free} GB" }
}
