//! `cloudkit db import COLLECTION FILE`.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::context::Context;
use crate::error::{Kind, Result};
use crate::model::name::CollectionName;
use crate::model::text::Text;
use crate::ops::database::import::{self, Format, Import, Imported, Refused};
use crate::term::{Page, Show};
use crate::text;

/// Bring a file of documents into a collection: JSON Lines, a JSON array, or CSV
///
/// A CSV file begins with a header of field paths; numbers, booleans and JSON are read as such, an empty cell is absent.
/// The whole file is checked first: when lines of it are broken, they are listed and nothing is imported.
#[derive(Debug, clap::Args)]
pub struct Args {
    collection: CollectionName,
    /// `-` for standard input
    file: PathBuf,
    /// What to do with a document whose `_id` is taken: refuse it, or replace the one that is there
    #[arg(long, default_value = "insert")]
    mode: Mode,
    /// By the file's ending by default
    #[arg(long)]
    format: Option<Type>,
    /// Go on past lines that hold no document and documents that the service refuses, and list them at the end (exit code 5)
    #[arg(long)]
    keep_going: bool,
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
    let file = context.to_reread(&args.file)?;
    let asked = Import {
        collection: &args.collection,
        file: &file.path,
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
        keep_going: args.keep_going,
    };
    let target = context.target_to_change()?;
    let imported =
        context.wait(import::import(&target, &asked, &context.clock, &context.ids, &context.ui))?;
    context.ui.show(&imported);
    if imported.documents == 0 && imported.failed == 0 {
        let file = args.file.display();
        context.ui.warn(&text! { en: "`{file}` holds no document", zh: "`{file}` 中没有文档" });
    }
    if imported.failed > 0 {
        context.exit_with(Kind::Refused.exit_code());
    }
    Ok(())
}

impl Show for Imported {
    fn show(&self, page: &mut Page) {
        let Imported { collection, documents, inserted, replaced, failed, failures } = self;
        page.done(&match replaced {
            0 => text! { en: "Imported into `{collection}`: {documents}", zh: "已向 `{collection}` 导入 {documents} 个文档" },
            _ => text! {
                en: "Imported into `{collection}`: {documents}, of them {inserted} new and {replaced} replaced",
                zh: "已向 `{collection}` 导入 {documents} 个文档：新增 {inserted}，替换 {replaced}"
            },
        });
        if *failed > 0 {
            page.sentence(&text! { en: "Refused: {failed}", zh: "被拒绝：{failed} 个文档" });
        }
        for Refused { line, message, .. } in failures {
            let Text { en, zh } = message;
            page.sentence(&Text {
                en: format!("  line {line}: {en}"), zh: format!("  第 {line} 行：{zh}")
            });
        }
    }
}
