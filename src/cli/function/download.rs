//! `cloudkit fn download NAME`.

use std::path::PathBuf;

use crate::cli::context::Context;
use crate::error::Result;
use crate::model::name::FunctionName;
use crate::ops::function::download::{self, Downloaded};
use crate::term::{Page, Show};
use crate::text;

/// Fetch the code of a deployed function
#[derive(Debug, clap::Args)]
pub struct Args {
    name: FunctionName,
    /// An empty or new folder; `NAME` by default
    folder: Option<PathBuf>,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let folder = context.cwd.join(args.folder.unwrap_or_else(|| args.name.as_str().into()));
    let downloaded = context.wait(download::download(&target, &args.name, &folder))?;
    context.ui.show(&downloaded);
    Ok(())
}

impl Show for Downloaded {
    fn show(&self, page: &mut Page) {
        let (name, files, folder) = (&self.name, self.files, self.folder.display());
        page.done(&text! {
            en: "Fetched `{name}`: {files} files in {folder}",
            zh: "已下载 `{name}`：{files} 个文件，位于 {folder}"
        });
    }
}
