//! `cloudkit db query COLLECTION`.

use crate::cli::context::Context;
use crate::cli::input;
use crate::error::Result;
use crate::model::index::field_path;
use crate::model::name::CollectionName;
use crate::ops::database::query::{self, Documents, Query, SortKey};
use crate::term::{Page, Show};
use crate::text;

/// Print the documents that match, one a line
///
/// Examples:
///   cloudkit db query players --sort score:desc --limit 10
///   cloudkit db query players --where '{"score": {"$gte": 100}}' --field name --field score
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    which: Which,
}

/// Which documents: shared with `db explain`.
#[derive(Debug, clap::Args)]
pub struct Which {
    collection: CollectionName,
    /// A filter as Extended JSON, `@FILE`, or `-` for standard input
    #[arg(long = "where", value_name = "EJSON")]
    filter: Option<String>,
    /// May be repeated; the first counts most
    #[arg(long, value_name = "FIELD[:asc|desc]")]
    sort: Vec<SortKey>,
    /// At most this many documents
    #[arg(long, default_value_t = 20, value_parser = input::count, allow_negative_numbers = true)]
    limit: u64,
    /// Leave out the first documents
    #[arg(
        long,
        default_value_t = 0,
        hide_default_value = true,
        value_name = "N",
        value_parser = input::count,
        allow_negative_numbers = true
    )]
    skip: u64,
    /// Only this field; may be repeated
    #[arg(long, value_name = "FIELD", value_parser = field_path)]
    field: Vec<String>,
}

impl Which {
    /// Returns what is asked of the collection.
    pub fn query(self, context: &Context) -> Result<Query> {
        Ok(Query {
            collection: self.collection,
            filter: self.filter.map(|given| context.argument(&given)).transpose()?,
            sort: self.sort,
            limit: self.limit,
            skip: self.skip,
            fields: self.field,
        })
    }
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let asked = args.which.query(context)?;
    let target = context.target()?;
    let found = context.wait(query::query(&target, &asked, context.clock.now()))?;
    context.ui.show(&found);
    if found.more {
        let (count, limit) = (found.documents.len(), asked.limit.saturating_mul(10).max(10));
        context.ui.hint(&text! {
            en: "these are the first {count}; `--limit {limit}` shows more",
            zh: "仅显示前 {count} 个；用 `--limit {limit}` 查看更多"
        });
    }
    Ok(())
}

impl Show for Documents {
    fn show(&self, page: &mut Page) {
        for document in &self.documents {
            page.line(document);
        }
    }
}
