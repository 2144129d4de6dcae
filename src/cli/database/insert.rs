//! `cloudkit db insert COLLECTION DOCUMENT`.

use crate::cli::context::Context;
use crate::error::Result;
use crate::model::name::CollectionName;
use crate::ops::database::write::{self, Inserted};
use crate::term::{Page, Show};

/// Add a document, or each document of an array
///
/// Examples:
///   cloudkit db insert players '{"name": "Li", "score": 7}'
///   cloudkit db insert players @seed.json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    collection: CollectionName,
    /// Extended JSON, `@FILE`, or `-` for standard input
    #[arg(value_name = "EJSON|@FILE|-")]
    document: String,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let document = context.json_argument(&args.document)?;
    let target = context.target_to_change()?;
    let inserted = context.wait(write::insert(&target, &args.collection, &document, context.clock.now()))?;
    context.ui.show(&inserted);
    Ok(())
}

impl Show for Inserted {
    fn show(&self, page: &mut Page) {
        for id in &self.inserted_ids {
            match id.as_str() {
                Some(id) => page.line(id),
                None => page.line(id),
            }
        }
    }
}
