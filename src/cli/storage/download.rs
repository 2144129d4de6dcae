//! `cloudkit storage download FILE [LOCAL]`.

use std::path::PathBuf;

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::storage::{self, Downloaded};
use crate::term::{Page, Show};
use crate::text;

/// Download a file
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A path, or an id that begins with `cloud://`
    file: String,
    /// A file or a folder; the current folder by default
    local: Option<PathBuf>,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let into = args.local.map_or_else(|| context.cwd.clone(), |local| context.cwd.join(local));
    let downloaded = context.wait(storage::download(&target, &args.file, &into, &context.ui))?;
    context.ui.show(&downloaded);
    Ok(())
}

impl Show for Downloaded {
    fn show(&self, page: &mut Page) {
        let (file, bytes) = (self.file.display(), self.bytes);
        page.done(&text! { en: "Downloaded {bytes} bytes to {file}", zh: "已下载 {bytes} 字节到 {file}" });
    }
}
