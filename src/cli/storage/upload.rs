//! `cloudkit storage upload LOCAL CLOUDPATH`.

use std::path::PathBuf;

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::storage::{self, Uploaded};
use crate::term::{Page, Show};

/// Upload a file and print its id
#[derive(Debug, clap::Args)]
pub struct Args {
    local: PathBuf,
    /// Where it goes; a path that ends in `/` keeps the file's name
    cloud_path: String,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target_to_change()?;
    let file = context.cwd.join(&args.local);
    let uploaded = context.wait(storage::upload(&target, &file, &args.cloud_path, &context.ui))?;
    context.ui.show(&uploaded);
    Ok(())
}

impl Show for Uploaded {
    fn show(&self, page: &mut Page) {
        page.line(&self.file_id);
    }
}
