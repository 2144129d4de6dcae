//! `cloudkit user …`.

use crate::error::Result;
use crate::ops::user::{self, User};
use crate::term::{Page, Show, Style, Table};
use crate::text;

use super::context::Context;

/// Test users: add people and list them (emulator only)
///
/// There is one directory: who is added here logs in to mini programs by `openid` and to web pages by name and password, and
/// whoever logs in anywhere is listed.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List everybody the environment knows
    List,
    /// Add a test user
    Add(Add),
}

#[derive(Debug, clap::Args)]
pub struct Add {
    /// The nickname, and the name for logging in on web pages
    name: String,
    /// WeChat's id of the person; one that follows from the name by default
    #[arg(long)]
    openid: Option<String>,
    /// The id across the apps of one owner
    #[arg(long)]
    unionid: Option<String>,
    /// A number with its country, such as `+86 13800138000`
    #[arg(long)]
    phone: Option<String>,
    #[arg(long)]
    /// A mail address
    email: Option<String>,
    /// The address of a picture
    #[arg(long, value_name = "URL")]
    avatar: Option<String>,
    /// For logging in on web pages
    #[arg(long)]
    password: Option<String>,
}

pub fn run(command: Command, context: &mut Context) -> Result<()> {
    match command {
        Command::List => {
            let target = context.target()?;
            let users = context.wait(user::list(&target))?;
            context.ui.show(&List(users));
        }
        Command::Add(Add { name, openid, unionid, phone, email, avatar, password }) => {
            let target = context.target_to_change()?;
            let added = user::New { name, openid, unionid, phone, email, avatar, password };
            let added = context.wait(user::add(&target, added))?;
            context.ui.show(&Added(added));
        }
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct List(Vec<User>);

impl Show for List {
    fn show(&self, page: &mut Page) {
        let mut table = Table::new([
            text! { en: "name", zh: "名称" },
            text! { en: "openid", zh: "openid" },
            text! { en: "phone", zh: "手机号" },
            text! { en: "uid", zh: "uid" },
        ]);
        for user in &self.0 {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            table.row([&text(&user.name), &text(&user.openid), &text(&user.phone), &user.uid]);
        }
        page.table(
            &table,
            &text! { en: "There is nobody; `cloudkit user add NAME` adds somebody.", zh: "还没有用户；可用 `cloudkit user add NAME` 添加。" },
        );
    }
}

#[derive(serde::Serialize)]
struct Added(User);

impl Show for Added {
    fn show(&self, page: &mut Page) {
        let name = self.0.name.as_deref().unwrap_or_default();
        let openid = self.0.openid.as_deref().unwrap_or_default();
        let added = text! { en: "Added `{name}`", zh: "已添加 `{name}`" };
        let added = page.paint(Style::Strong, page.words(&added));
        page.styled(format_args!("{added}  {openid}"));
    }
}
