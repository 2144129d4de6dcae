//! How a line that was not imported is shown.

use std::fs::File;
use std::io::BufReader;

use super::Import;
use crate::api::documents::Fault;
use crate::error::Error;
use crate::model::text::Text;
use crate::text;

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
    let again = || File::open(import.file).ok().map(BufReader::new);
    match again().and_then(|input| fault.excerpt(input, import.name)) {
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
