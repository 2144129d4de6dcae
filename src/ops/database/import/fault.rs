//! How a line that was not imported is shown.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::Import;
use crate::api::documents::Fault;
use crate::error::{Error, Excerpt};
use crate::model::text::Text;
use crate::text;

/// The longest line that is shown, in bytes.
const SHOWN: usize = 400;

/// How many broken lines are named besides the first.
const LISTED: usize = 20;

/// Makes the user's error: the line first, then why.
pub(super) fn told(fault: Fault, import: &Import<'_>) -> Error {
    let (file, line) = (import.name.display(), fault.line);
    let mut told = Error::new(
        fault.error.kind(),
        text! { en: "{file}, line {line}: not imported", zh: "{file} 第 {line} 行：未导入" },
    );
    if fault.error.wire_code() != fault.error.kind().code() {
        told = told.code(fault.error.wire_code());
    }
    match fault.column.and_then(|column| excerpt(import, line, column, &fault.error)) {
        Some(excerpt) => told = told.excerpt(excerpt),
        None => told = told.cause(fault.error.message().clone()),
    }
    told = fault.error.causes().iter().fold(told, |told, cause| told.cause(cause.clone()));
    fault.error.hints().iter().fold(told, |told, hint| told.hint(hint.clone()))
}

/// Adds the other broken lines, each in a few words.
pub(super) fn with_others(told: Error, others: impl Iterator<Item = Fault>) -> Error {
    let others: Vec<_> = others.collect();
    let rest = others.len().saturating_sub(LISTED);
    let told = others.iter().take(LISTED).fold(told, |told, fault| {
        let (line, why) = (fault.line, fault.error.message());
        let Text { en, zh } = why;
        told.hint(Text {
            en: format!("line {line}, too: {en}"), zh: format!("第 {line} 行也有问题：{zh}")
        })
    });
    match rest {
        0 => told,
        _ => told.hint(text! { en: "and {rest} more lines", zh: "另有 {rest} 行有问题" }),
    }
}

/// Reads the line again to show it; one that is too long is not shown.
fn excerpt(import: &Import<'_>, line: u64, column: u64, error: &Error) -> Option<Excerpt> {
    let source = nth(import.file, line)?;
    let end = source.len();
    let mut start = usize::try_from(column.saturating_sub(1)).ok()?.min(end);
    while !source.is_char_boundary(start) {
        start -= 1;
    }
    let width = source.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let path = import.name.to_owned();
    let first_line = usize::try_from(line).ok()?;
    Some(Excerpt { path, source, first_line, span: start..start + width, label: error.message().clone() })
}

fn nth(file: &Path, line: u64) -> Option<String> {
    let mut input = BufReader::new(File::open(file).ok()?);
    for _ in 1..line {
        input.skip_until(b'\n').ok()?;
    }
    let mut text = Vec::new();
    input.take(SHOWN as u64 + 1).read_until(b'\n', &mut text).ok()?;
    let text = String::from_utf8(text).ok()?;
    let text = text.trim_end_matches(['\r', '\n']);
    (text.len() <= SHOWN).then(|| text.to_owned())
}
