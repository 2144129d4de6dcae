//! `cloudkit doctor`.

use serde::Serialize;

use crate::error::Result;
use crate::model::text::{Language, Text};
use crate::ops::doctor::{self, Check, Verdict};
use crate::term::{Page, Show, Style};

use super::context::Context;

/// Look for what may keep a project from working here, and say what to do about it
///
/// The exit code is 1 when something is wrong.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_args: Args, context: &mut Context) -> Result<()> {
    let project = context.project();
    let session = context.session();
    let checks = context
        .wait(async { Ok(doctor::examine(&project, &session, &context.clock, &context.ids).await) })?;
    let wrong = checks.iter().any(|check| check.verdict == Verdict::Bad);
    let language = context.ui.language();
    context.ui.show(&Report(checks.iter().map(|check| Line::new(check, language)).collect()));
    context.exit_with(u8::from(wrong));
    Ok(())
}

#[derive(Serialize)]
struct Report(Vec<Line>);

/// A check in the reader's language.
#[derive(Serialize)]
struct Line {
    name: &'static str,
    /// `ok`, `warning` or `failed`.
    status: &'static str,
    message: String,
    hints: Vec<String>,
}

impl Line {
    fn new(check: &Check, language: Language) -> Self {
        let words = |text: &Text| text.in_language(language).to_owned();
        Line {
            name: check.name,
            status: match check.verdict {
                Verdict::Good => "ok",
                Verdict::Odd => "warning",
                Verdict::Bad => "failed",
            },
            message: words(&check.found),
            hints: check.hints.iter().map(words).collect(),
        }
    }
}

impl Show for Report {
    fn show(&self, page: &mut Page) {
        for line in &self.0 {
            let mark = match line.status {
                "ok" => page.paint(Style::Good, "✔"),
                "warning" => page.paint(Style::Warning, "!"),
                _ => page.paint(Style::Bad, "✘"),
            };
            let name = page.paint(Style::Strong, format_args!("{:<12}", line.name));
            let message = page.visible(&line.message);
            page.styled(format_args!("{mark} {name}  {message}"));
            for hint in &line.hints {
                page.sentence(&Text::same(format!("                {hint}")));
            }
        }
    }
}
