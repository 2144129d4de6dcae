//! `cloudkit db import COLLECTION FILE`.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::context::Context;
use crate::error::Result;
use crate::model::name::CollectionName;
use crate::ops::database::import::{self, Format, Import, Imported};
use crate::term::{Page, Show};
use crate::text;

/// Bring a file of documents into a collection: JSON Lines, a JSON array, or CSV
///
/// A CSV file begins with a header of field paths; numbers, booleans and JSON are read as such, an empty cell is absent.
#[derive(Debug, clap::Args)]
pub struct Args {
    collection: CollectionName,
    file: PathBuf,
    /// What to do with a document whose `_id` is taken: stop, or replace the one that is there
    #[arg(long, default_value = "insert")]
    mode: Mode,
    /// By the file's ending by default
    #[arg(long)]
    format: Option<Type>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    Insert,
    Upsert,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Type {
    Json,
    Csv,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let is_csv = args.file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    let file = context.cwd.join(&args.file);
    let asked = Import {
        collection: &args.collection,
        file: &file,
        name: &args.file,
        format: match args.format {
            Some(Type::Json) => Format::Json,
            Some(Type::Csv) => Format::Csv,
            None if is_csv => Format::Csv,
            None => Format::Json,
        },
        mode: match args.mode {
            Mode::Insert => import::Mode::Insert,
            Mode::Upsert => import::Mode::Upsert,
        },
    };
    let target = context.target_to_change()?;
    let imported =
        context.wait(import::import(&target, &asked, &context.clock, &context.ids, &context.ui))?;
    context.ui.show(&imported);
    Ok(())
}

impl Show for Imported {
    fn show(&self, page: &mut Page) {
        let Imported { collection, documents, inserted, replaced } = self;
        page.done(&match replaced {
            0 => text! { en: "Imported into `{collection}`: {documents}", zh: "已向 `{collection}` 导入 {documents} 个文档" },
            _ => text! {
                en: "Imported into `{collection}`: {documents}, of them {inserted} new and {replaced} replaced",
                zh: "已向 `{collection}` 导入 {documents} 个文档：新增 {inserted}，替换 {replaced}"
            },
        });
    }
}
