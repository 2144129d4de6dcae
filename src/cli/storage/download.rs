//! `cloudkit storage download FILE [LOCAL]`.

use std::path::PathBuf;

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::storage::{self, Downloaded, folder};
use crate::term::{Page, Show};
use crate::text;

/// Download a file, or what is below a path
///
/// A download that breaks off is gone on with where it was.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A path, or an id that begins with `cloud://`
    file: String,
    /// A file or a folder; the current folder by default
    local: Option<PathBuf>,
    /// Download all files below the path, but for what is here already with the same bytes
    #[arg(long, short)]
    recursive: bool,
    /// How many files to move at a time with `--recursive`
    #[arg(long, default_value_t = 8, value_name = "N")]
    concurrency: usize,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let into = args.local.map_or_else(|| context.cwd.clone(), |local| context.cwd.join(local));
    if args.recursive {
        let downloading = folder::download(&target, &args.file, &into, args.concurrency, &context.ui);
        let downloaded = context.wait(downloading)?;
        context.ui.show(&downloaded);
        return Ok(());
    }
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

impl Show for folder::Moved<Downloaded> {
    fn show(&self, page: &mut Page) {
        let (count, bytes) = (self.files.len(), self.bytes);
        page.done(&text! { en: "Downloaded {count} files, {bytes} bytes", zh: "已下载 {count} 个文件，共 {bytes} 字节" });
        if self.unchanged > 0 {
            let unchanged = self.unchanged;
            page.sentence(&text! { en: "{unchanged} of them were there already", zh: "其中 {unchanged} 个已存在且内容相同" });
        }
    }
}
