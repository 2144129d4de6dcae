//! `cloudkit storage url FILE`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::ops::storage::{self, Linked};
use crate::term::{Page, Show};

/// Print a link to a file
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A path, or an id that begins with `cloud://`
    file: String,
    /// How long the link lives; two hours by default
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    max_age: Option<u64>,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let linked = context.wait(storage::url(&target, &args.file, args.max_age))?;
    context.ui.show(&linked);
    Ok(())
}

impl Show for Linked {
    fn show(&self, page: &mut Page) {
        page.line(&self.url);
    }
}
