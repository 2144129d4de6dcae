//! `cloudkit rules …`.

mod check;
mod get;
mod set;
mod test;

use crate::error::Result;
use crate::ops::rules::{Resource, Ruled};
use crate::term::{Page, Show};
use crate::text;

use super::context::Context;

/// Read, set, test and check who may read and write collections and files, and call functions
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Get(get::Args),
    Set(set::Args),
    Test(test::Args),
    Check(check::Args),
}

pub fn run(command: Command, context: &mut Context) -> Result<()> {
    match command {
        Command::Get(args) => get::run(args, context),
        Command::Set(args) => set::run(args, context),
        Command::Test(args) => test::run(args, context),
        Command::Check(args) => check::run(args, context),
    }
}

impl Show for Ruled {
    fn show(&self, page: &mut Page) {
        let permission = &self.permission;
        page.sentence(&match &self.resource {
            Resource::Collection(name) => {
                text! { en: "`{name}` is {permission}", zh: "`{name}` 的权限为 {permission}" }
            }
            Resource::Functions => {
                text! { en: "functions are {permission}", zh: "云函数的权限为 {permission}" }
            }
            Resource::Storage => text! { en: "files are {permission}", zh: "文件的权限为 {permission}" },
        });
        if let Some(rule) = &self.rule {
            page.line(format_args!("{rule:#}"));
        }
        if self.manifest_changed == Some(true) {
            page.done(&text! { en: "Wrote `cloudkit.toml`", zh: "已写入 `cloudkit.toml`" });
        }
    }
}
