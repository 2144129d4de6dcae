//! `cloudkit db export --salvage`: what is whole of a damaged data folder.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::context::Context;
use crate::emulator::salvage::{Salvage, Salvaged};
use crate::error::{Error, Kind, Result};
use crate::ops::database::export::{Format, Writing};
use crate::term::{Page, Show};
use crate::text;

use super::export::Destination;

/// The folder of a salvage of all collections.
const FOLDER: &str = "salvaged";

/// What is asked for.
pub struct Wanted {
    /// All collections when `None`.
    pub collection: Option<String>,
    /// Standard output when `None`.
    pub file: Option<PathBuf>,
    pub format: Format,
    pub canonical: bool,
    /// The project's data when `None`.
    pub data: Option<PathBuf>,
}

/// What was saved.
#[derive(Serialize)]
#[serde(transparent)]
struct Report(Vec<Entry>);

#[derive(Serialize)]
struct Entry {
    collection: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    saved: u64,
    lost: u64,
    documents: Vec<Lost>,
}

/// A document that was not saved.
#[derive(Serialize)]
struct Lost {
    number: i64,
    id: Option<String>,
    why: &'static str,
}

pub fn run(wanted: Wanted, context: &mut Context) -> Result<()> {
    let data = match wanted.data {
        Some(data) => context.cwd.join(data),
        None => context.project()?.state_folder().join("data"),
    };
    let salvage = Salvage::open(&data)?;
    let mut entries = Vec::new();
    match wanted.collection {
        Some(collection) => {
            entries.push(take(
                &salvage,
                collection,
                wanted.file,
                Writing::new(wanted.format, wanted.canonical),
                context,
            )?);
        }
        None => {
            let folder = context.cwd.join(FOLDER);
            std::fs::create_dir_all(&folder).map_err(|error| {
                let shown = folder.display();
                Error::new(Kind::Failed, text! { en: "could not make `{shown}`", zh: "无法创建 `{shown}`" })
                    .source(&error)
            })?;
            for collection in salvage.collections()? {
                let file = Path::new(FOLDER).join(format!("{collection}.jsonl"));
                entries.push(take(
                    &salvage,
                    collection,
                    Some(file),
                    Writing::new(Format::Lines, wanted.canonical),
                    context,
                )?);
            }
        }
    }
    let lost: u64 = entries.iter().map(|entry| entry.lost).sum();
    let to_output = entries.iter().any(|entry| entry.file.is_none());
    let report = Report(entries);
    match to_output {
        true => context.ui.aside(&report),
        false => context.ui.show(&report),
    }
    context.exit_with(u8::from(lost > 0));
    Ok(())
}

/// Saves one collection and tells of each document that is lost.
fn take(
    salvage: &Salvage,
    collection: String,
    file: Option<PathBuf>,
    mut writing: Writing,
    context: &Context,
) -> Result<Entry> {
    let mut destination = Destination::open(file.as_deref(), context)?;
    let salvaged = salvage
        .documents(&collection, &mut |canonical| destination.write(&writing.document(canonical)?, context))?;
    destination.write(writing.end(), context)?;
    destination.finish()?;
    let Salvaged { saved, lost, nameless } = salvaged;
    let documents: Vec<Lost> =
        lost.into_iter().map(|it| Lost { number: it.number, id: it.id, why: it.why }).collect();
    for Lost { number, id, why } in &documents {
        let id = id.as_ref().map(|id| format!(" (_id {id})")).unwrap_or_default();
        context.ui.warn(&text! {
            en: "document {number} of `{collection}`{id} {why}",
            zh: "`{collection}` 的第 {number} 个文档{id}已损坏：{why}"
        });
    }
    Ok(Entry { collection, file, saved, lost: documents.len() as u64 + nameless, documents })
}

impl Show for Report {
    fn show(&self, page: &mut Page) {
        for Entry { collection, file, saved, lost, .. } in &self.0 {
            let place = file.as_ref().map(|file| format!(" → {}", file.display())).unwrap_or_default();
            page.done(&text! {
                en: "Saved from `{collection}`: {saved}, lost: {lost}{place}",
                zh: "`{collection}`：救回 {saved} 个文档，丢失 {lost} 个{place}"
            });
        }
    }
}
