//! `cloudkit rules check`.

use serde::Serialize;

use crate::cli::context::Context;
use crate::error::Result;
use crate::model::text::{Language, Text};
use crate::ops::rules::check::{self, Checked, Found};
use crate::term::{Page, Show, Style};
use crate::text;

/// Look through the rules of cloudkit.toml, and for queries of the client side that they refuse
///
/// Finds clauses that are never true or always true, data that everybody may change, rules that stand for nothing. Reads the
/// mini program and `src/` for `db.collection('…').where({…})` and names those that are refused whoever asks. What cannot be
/// told for certain is not reported.
///
/// The exit code is 1 when there are errors, and with `--strict` when there are warnings.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let project = context.project()?;
    let report = Report::new(&check::check(&project)?, context.ui.language());
    let fails = report.errors > 0 || args.strict && report.warnings > 0;
    context.ui.show(&report);
    context.exit_with(u8::from(fails));
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    findings: Vec<Line>,
    errors: usize,
    warnings: usize,
    permissions: usize,
    sources: usize,
    /// Sources that are no JavaScript or TypeScript, and files and folders that cannot be read.
    unreadable: Vec<String>,
}

/// A finding in the reader's language.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    code: &'static str,
    severity: &'static str,
    path: String,
    line: usize,
    column: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    collection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clauses: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

impl Report {
    fn new(checked: &Checked, language: Language) -> Self {
        let findings: Vec<Line> = checked.found.iter().map(|found| Line::new(found, language)).collect();
        let count = |severity: &str| findings.iter().filter(|it| it.severity == severity).count();
        Report {
            errors: count("error"),
            warnings: count("warning"),
            permissions: checked.permissions,
            sources: checked.sources,
            unreadable: checked.unreadable.iter().map(|path| path.display().to_string()).collect(),
            findings,
        }
    }
}

impl Line {
    fn new(found: &Found, language: Language) -> Self {
        Line {
            code: found.code.name(),
            severity: found.code.severity().name(),
            path: found.path.display().to_string(),
            line: found.line,
            column: found.column,
            collection: found.collection.clone(),
            rule: found.rule.clone(),
            message: found.why.in_language(language).to_owned(),
            clauses: found.clauses.clone(),
            missing: found.missing.clone(),
        }
    }

    fn show(&self, page: &mut Page) {
        let Line { path, line, column, code, .. } = self;
        let (style, severity) = match self.severity {
            "error" => (Style::Bad, text! { en: "error", zh: "错误" }),
            "warning" => (Style::Warning, text! { en: "warning", zh: "警告" }),
            _ => (Style::Faint, text! { en: "note", zh: "说明" }),
        };
        let label = format!("{}[{code}]", page.words(&severity));
        let label = page.paint(style, label);
        let place = page.paint(Style::Strong, format_args!("{path}:{line}:{column}"));
        page.styled(format_args!("{label} {place}"));
        let of = match (&self.collection, &self.rule) {
            (Some(collection), Some(rule)) => Text::same(format!("`{collection}` {rule}: ")),
            (Some(collection), None) => Text::same(format!("`{collection}`: ")),
            (None, rule) => {
                let rule = rule.as_deref().unwrap_or_default();
                text! { en: "files {rule}: ", zh: "文件 {rule}：" }
            }
        };
        let message = &self.message;
        page.sentence(&text! { en: ("    {}{message}", of.en), zh: ("    {}{message}", of.zh) });
        for clause in &self.clauses {
            page.sentence(&text! { en: "    `{clause}` cannot be true of all that it finds", zh: "    `{clause}` 无法对全部结果成立" });
        }
        if let Some(missing) = &self.missing {
            page.sentence(
                &text! { en: "    add `{missing}` to the condition", zh: "    请在查询条件中加上 `{missing}`" },
            );
        }
    }
}

impl Show for Report {
    fn show(&self, page: &mut Page) {
        self.findings.iter().for_each(|line| line.show(page));
        for path in &self.unreadable {
            page.sentence(
                &text! { en: "`{path}` could not be read and is left out", zh: "无法读取 `{path}`，已跳过" },
            );
        }
        let Report { errors, warnings, permissions, sources, .. } = self;
        let of = text! {
            en: "{permissions} permissions and {sources} files of the client side",
            zh: "{permissions} 项权限和 {sources} 个客户端文件"
        };
        match (errors, warnings) {
            (0, 0) if self.unreadable.is_empty() => {
                page.done(&text! { en: ("nothing wrong in {}", of.en), zh: ("{}没有问题", of.zh) })
            }
            _ => page.sentence(&text! {
                en: ("{errors} errors, {warnings} warnings in {}", of.en),
                zh: ("{}中有 {errors} 个错误、{warnings} 个警告", of.zh)
            }),
        }
    }
}
