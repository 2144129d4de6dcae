//! `cloudkit storage upload LOCAL CLOUDPATH`.

use std::path::PathBuf;

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::storage::{self, Uploaded, folder};
use crate::term::{Page, Show};
use crate::text;

/// Upload a file and print its id, or what is in a folder
///
/// Files from 32 MB on go in parts. When such an upload breaks off, the same command goes on with it.
#[derive(Debug, clap::Args)]
pub struct Args {
    local: PathBuf,
    /// Where it goes; a path that ends in `/` keeps the file's name
    cloud_path: String,
    /// Upload the files of a folder and of those in it, but for what is there already with the same bytes
    #[arg(long, short)]
    recursive: bool,
    /// How many files of a folder to move at a time
    #[arg(long, default_value_t = 8, value_name = "N")]
    concurrency: usize,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target_to_change()?;
    let file = context.cwd.join(&args.local);
    if args.recursive && file.is_dir() {
        let uploading = folder::upload(&target, &file, &args.cloud_path, args.concurrency, &context.ui);
        let uploaded = context.wait(uploading)?;
        context.ui.show(&uploaded);
        return Ok(());
    }
    let uploaded = context.wait(storage::upload(&target, &file, &args.cloud_path, &context.ui))?;
    context.ui.show(&uploaded);
    Ok(())
}

impl Show for Uploaded {
    fn show(&self, page: &mut Page) {
        page.line(&self.file_id);
    }
}

impl Show for folder::Moved<Uploaded> {
    fn show(&self, page: &mut Page) {
        let (count, bytes) = (self.files.len(), self.bytes);
        page.done(&text! { en: "Uploaded {count} files, {bytes} bytes", zh: "已上传 {count} 个文件，共 {bytes} 字节" });
        if self.unchanged > 0 {
            let unchanged = self.unchanged;
            page.sentence(&text! { en: "{unchanged} of them were there already", zh: "其中 {unchanged} 个已存在且内容相同" });
        }
    }
}
