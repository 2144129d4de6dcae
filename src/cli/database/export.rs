//! `cloudkit db export COLLECTION [FILE]`.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use tempfile::NamedTempFile;

use crate::cli::context::Context;
use crate::error::{Error, Kind, Result};
use crate::model::name::CollectionName;
use crate::ops::database::export::{self, Exported, Format};
use crate::term::{Page, Show};
use crate::text;

/// Write the documents of a collection to a file or to standard output, in order of `_id`
#[derive(Debug, clap::Args)]
pub struct Args {
    collection: CollectionName,
    /// Standard output by default, and for `-`
    file: Option<PathBuf>,
    /// A filter as Extended JSON, `@FILE`, or `-` for standard input
    #[arg(long = "where", value_name = "EJSON")]
    filter: Option<String>,
    /// A document a line, or one array; by the file's ending by default (`.json` is an array)
    #[arg(long)]
    format: Option<Shape>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shape {
    Jsonl,
    Json,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let to = args.file.filter(|file| file != Path::new("-"));
    let filter = args.filter.as_deref().map(|given| context.argument(given)).transpose()?;
    let is_json = to.as_ref().is_some_and(|file| file.extension().is_some_and(|ending| ending == "json"));
    let format = match args.format {
        Some(Shape::Jsonl) => Format::Lines,
        Some(Shape::Json) => Format::Array,
        None if is_json || (context.ui.is_json() && to.is_none()) => Format::Array,
        None => Format::Lines,
    };
    let target = context.target()?;
    let now = context.clock.now();
    let take = |emit: &mut (dyn FnMut(&str) -> Result<()> + Send)| {
        context.wait(export::export(&target, &args.collection, filter.as_deref(), format, now, emit))
    };
    let Some(file) = to else {
        take(&mut |text| {
            context.ui.data(text.as_bytes());
            Ok(())
        })?;
        return Ok(());
    };
    let path = context.cwd.join(&file);
    let failed = |error: &dyn std::error::Error| {
        let shown = file.display();
        Error::new(Kind::Failed, text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" })
            .source(error)
    };
    // The file appears when it is whole.
    let beside =
        NamedTempFile::new_in(path.parent().unwrap_or(Path::new("."))).map_err(|error| failed(&error))?;
    let mut writer = BufWriter::new(beside);
    let exported = take(&mut |text| writer.write_all(text.as_bytes()).map_err(|error| failed(&error)))?;
    let beside = writer.into_inner().map_err(|error| failed(error.error()))?;
    beside.persist(&path).map_err(|error| failed(&error.error))?;
    context.ui.show(&exported);
    Ok(())
}

impl Show for Exported {
    fn show(&self, page: &mut Page) {
        let Exported { collection, documents } = self;
        page.done(&text! { en: "Exported from `{collection}`: {documents}", zh: "已导出 `{collection}` 的 {documents} 个文档" });
    }
}
