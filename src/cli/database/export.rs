//! `cloudkit db export COLLECTION [FILE]`.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use tempfile::NamedTempFile;

use crate::cli::context::Context;
use crate::error::{Error, Kind, Result};
use crate::model::index::field_path;
use crate::model::name::CollectionName;
use crate::ops::database::export::{self, Export, Exported, Format};
use crate::term::{Page, Show};
use crate::text;

use super::salvage;

/// Write the documents of a collection to a file or to standard output, in order of `_id`
///
/// With `--salvage` it reads the data folder of a stopped emulator whose file is damaged: documents that are whole are
/// written in order of insertion, those that are not are listed, and the exit code is 1 when there are any. Without a
/// collection, all of them go to files in `salvaged`, which `cloudkit emulate --seed salvaged` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(required_unless_present = "salvage")]
    collection: Option<CollectionName>,
    /// Standard output by default, and for `-`
    file: Option<PathBuf>,
    /// A filter as Extended JSON, `@FILE`, or `-` for standard input
    #[arg(long = "where", value_name = "EJSON", conflicts_with = "salvage")]
    filter: Option<String>,
    /// A document a line, one array, or CSV; by the file's ending by default (`.json` is an array)
    #[arg(long)]
    format: Option<Shape>,
    /// Extended JSON in its canonical form: every number and date says its type
    #[arg(long)]
    canonical: bool,
    /// A column of a CSV file: a field path such as `stats.best` [default: every path that occurs]
    #[arg(long = "field", value_name = "F", value_parser = field_path, conflicts_with = "salvage")]
    fields: Vec<String>,
    /// Save what is whole of a damaged data folder, with no emulator running
    #[arg(long)]
    salvage: bool,
    /// The data folder to salvage [default: .cloudkit/data]
    #[arg(long, value_name = "DIR", requires = "salvage")]
    data: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shape {
    Jsonl,
    Json,
    Csv,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let to = args.file.filter(|file| file != Path::new("-"));
    let ending = to.as_ref().and_then(|file| file.extension()).map(|it| it.to_ascii_lowercase());
    let format = match (args.format, ending.as_ref().and_then(|ending| ending.to_str())) {
        (Some(Shape::Jsonl), _) => Format::Lines,
        (Some(Shape::Json), _) | (None, Some("json")) => Format::Array,
        (Some(Shape::Csv), _) | (None, Some("csv")) => Format::Table(args.fields.clone()),
        (None, None) if context.ui.is_json() && to.is_none() => Format::Array,
        (None, None | Some("jsonl" | "ndjson" | "txt" | "log")) => Format::Lines,
        (None, Some(ending)) => return Err(unknown_ending(ending)),
    };
    match (&format, args.salvage) {
        (Format::Table(_), true) => return Err(only_json()),
        (Format::Lines | Format::Array, _) if !args.fields.is_empty() => return Err(only_columns()),
        _ => {}
    }
    let Some(collection) = args.collection.as_ref().filter(|_| !args.salvage) else {
        let collection = args.collection.map(|it| it.to_string());
        return salvage::run(
            salvage::Wanted { collection, file: to, format, canonical: args.canonical, data: args.data },
            context,
        );
    };
    let filter = args.filter.as_deref().map(|given| context.argument(given)).transpose()?;
    let target = context.target()?;
    let now = context.clock.now();
    let mut destination = Destination::open(to.as_deref(), context)?;
    let mut emit = |text: &str| destination.write(text, context);
    let asked = Export { collection, filter: filter.as_deref(), format, canonical: args.canonical };
    let exported = context.wait(export::export(&target, &asked, now, &context.ui, &mut emit))?;
    destination.finish()?;
    if to.is_some() {
        context.ui.show(&exported);
    }
    Ok(())
}

fn unknown_ending(ending: &str) -> Error {
    Error::new(
        Kind::Usage,
        text! { en: "the ending `.{ending}` names no format that is written here", zh: "不支持导出为 `.{ending}` 格式" },
    )
    .hint(text! { en: "choose one with `--format jsonl`, `json` or `csv`", zh: "可用 `--format jsonl`、`json` 或 `csv` 指定格式" })
}

fn only_columns() -> Error {
    let message =
        text! { en: "`--field` names the columns of a CSV file", zh: "`--field` 用于指定 CSV 文件的列" };
    Error::new(Kind::Usage, message).hint(text! { en: "add `--format csv`", zh: "请加上 `--format csv`" })
}

fn only_json() -> Error {
    let message = text! { en: "`--salvage` writes no CSV", zh: "`--salvage` 不支持写出 CSV" };
    Error::new(Kind::Usage, message).hint(text! { en: "add `--format jsonl`", zh: "请加上 `--format jsonl`" })
}

/// Where documents are written.
pub(super) enum Destination {
    Output,
    /// The file appears when it is whole.
    File {
        path: PathBuf,
        beside: BufWriter<NamedTempFile>,
    },
}

impl Destination {
    /// Opens a file, or standard output when there is none.
    pub fn open(file: Option<&Path>, context: &Context) -> Result<Self> {
        let Some(file) = file else { return Ok(Destination::Output) };
        let path = context.cwd.join(file);
        let beside = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))
            .map_err(|error| unwritable(&path, &error))?;
        Ok(Destination::File { path, beside: BufWriter::new(beside) })
    }

    pub fn write(&mut self, text: &str, context: &Context) -> Result<()> {
        match self {
            Destination::Output => context.ui.data(text.as_bytes()),
            Destination::File { path, beside } => {
                beside.write_all(text.as_bytes()).map_err(|error| unwritable(path, &error))?;
            }
        }
        Ok(())
    }

    pub fn finish(self) -> Result<()> {
        let Destination::File { path, beside } = self else { return Ok(()) };
        let beside = beside.into_inner().map_err(|error| unwritable(&path, error.error()))?;
        beside.persist(&path).map_err(|error| unwritable(&path, &error.error))?;
        Ok(())
    }
}

fn unwritable(path: &Path, error: &(dyn std::error::Error + 'static)) -> Error {
    let shown = path.display();
    Error::new(Kind::Failed, text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" })
        .source(error)
}

impl Show for Exported {
    fn show(&self, page: &mut Page) {
        let Exported { collection, documents } = self;
        page.done(&text! { en: "Exported from `{collection}`: {documents}", zh: "已导出 `{collection}` 的 {documents} 个文档" });
    }
}
