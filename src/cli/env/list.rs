//! `cloudkit env list`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::env::{self, Listed};
use crate::ops::target::REGION;
use crate::term::{Page, Show, Table};
use crate::text;

/// List the environments of cloudkit.toml, the local one and, when logged in, those of the account
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask nobody: only what is written here
    #[arg(long)]
    offline: bool,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let project = context.project()?;
    // The keys of an emulator's child mean nothing to the cloud.
    let alone = args.offline || context.variable("CLOUDKIT_EMULATOR_URL").is_some();
    let credentials = context.session().credentials().ok().filter(|_| !alone);
    let account = match credentials {
        Some(credentials) => context.wait(env::account(credentials, REGION, &context.clock, &context.ids))?,
        None => Vec::new(),
    };
    context.ui.show(&env::list(&project, &account));
    Ok(())
}

impl Show for Vec<Listed> {
    fn show(&self, page: &mut Page) {
        let mut table = Table::new([
            text! { en: "name", zh: "名称" },
            text! { en: "id", zh: "环境 ID" },
            text! { en: "region", zh: "地域" },
            text! { en: "status", zh: "状态" },
            text! { en: "notes", zh: "备注" },
        ]);
        let (default, protected) =
            (text! { en: "default", zh: "默认" }, text! { en: "protected", zh: "受保护" });
        for it in self {
            let notes = [(it.default, &default), (it.protected, &protected)];
            let notes: Vec<&str> =
                notes.iter().filter(|(is, _)| *is).map(|(_, note)| page.words(note)).collect();
            let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
            table.row([
                it.name.clone(),
                or_dash(&it.id),
                or_dash(&it.region),
                or_dash(&it.status),
                notes.join(", "),
            ]);
        }
        page.table(&table, &text! { en: "There are no environments.", zh: "没有环境。" });
    }
}
