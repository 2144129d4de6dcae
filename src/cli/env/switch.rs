//! `cloudkit env use NAME`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::env::{self, Chosen};
use crate::term::{Page, Show};
use crate::text;

/// Choose the environment that commands speak to: `default-env` of cloudkit.toml
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An environment of cloudkit.toml, or `local`
    name: String,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let project = context.project()?;
    let chosen = env::choose(&project, &args.name)?;
    context.ui.show(&chosen);
    Ok(())
}

impl Show for Chosen {
    fn show(&self, page: &mut Page) {
        let name = &self.default;
        page.done(&match self.manifest_changed {
            true => text! { en: "Commands now speak to `{name}`", zh: "当前环境已切换为 `{name}`" },
            false => text! { en: "Commands speak to `{name}` already", zh: "当前环境已是 `{name}`" },
        });
    }
}
