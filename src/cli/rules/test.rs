//! `cloudkit rules test [FILE…]`.

use std::path::PathBuf;

use serde::Serialize;

use crate::cli::context::Context;
use crate::error::{Error, Kind, Result};
use crate::ops::rules::test::{Coverage, DEFAULT, Outcome, Suite};
use crate::term::{Page, Show, Style, Table};
use crate::text;

/// Run a table of who may do what against the rules of cloudkit.toml, without an emulator
///
/// A file, TOML or JSON, has `users`, stored `data` and `tests`. A test reads, updates or deletes by an id or a query, or
/// creates a document; an update has its `data` beside it.
///
/// The exit code is 1 when a test fails or the coverage is too low.
///
/// Examples:
///   [users]
///   alice = { openid = "o-alice" }
///   [data.posts]
///   p1 = { _openid = "o-alice", pub = false }
///   [[tests]]
///   as = "alice"
///   collection = "posts"
///   read = "p1"
///   allow = true
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Files of tests; `rules.test.toml` when none is named
    files: Vec<PathBuf>,
    /// Show which clauses were true and which were not
    #[arg(long)]
    coverage: bool,
    /// Fail when fewer of the clauses' outcomes were seen, in percent
    #[arg(long, value_name = "PCT", value_parser = clap::value_parser!(u8).range(0..=100))]
    fail_under: Option<u8>,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let project = context.project()?;
    let mut suite = Suite::new(&project)?;
    let files = match args.files.is_empty() {
        true => vec![project.root.join(DEFAULT)],
        false => args.files.iter().map(|file| context.cwd.join(file)).collect(),
    };
    let now = context.clock.now();
    let outcomes = files.iter().map(|file| suite.run(file, now)).collect::<Result<Vec<_>>>()?;
    let coverage = suite.coverage();
    let failed = outcomes.iter().flat_map(|it| &it.tests).filter(|test| !test.passed).count();
    let percent = coverage.percent;
    let report =
        Report { files: outcomes, coverage, shows_coverage: args.coverage || args.fail_under.is_some() };
    context.ui.show(&report);
    if let Some(least) = args.fail_under.filter(|least| percent < f64::from(*least)) {
        let message = text! {
            en: "{percent:.0} % of the clauses' outcomes were seen, not {least} %",
            zh: "规则子句的结果覆盖了 {percent:.0}%，未达到 {least}%"
        };
        return Err(Error::new(Kind::Failed, message));
    }
    context.exit_with(u8::from(failed > 0));
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    files: Vec<Outcome>,
    coverage: Coverage,
    #[serde(skip)]
    shows_coverage: bool,
}

impl Show for Report {
    fn show(&self, page: &mut Page) {
        let tests: Vec<_> = self.files.iter().flat_map(|file| &file.tests).collect();
        for test in tests.iter().filter(|test| !test.passed) {
            let mark = page.paint(Style::Bad, "✘");
            let name = page.paint(Style::Strong, &test.name);
            let was = page
                .words(&match test.allowed {
                    true => text! { en: "is allowed and should not be", zh: "被允许，但不应允许" },
                    false => text! { en: "is denied and should not be", zh: "被拒绝，但不应拒绝" },
                })
                .to_owned();
            page.styled(format_args!("{mark} {name}  {was}"));
            for reason in &test.denied_by {
                page.line(format_args!("    {reason}"));
            }
            if let Some(missing) = &test.missing {
                page.sentence(&text! { en: "    a query with `{missing}` would be allowed", zh: "    带有 `{missing}` 的查询会被允许" });
            }
        }
        if self.shows_coverage {
            self.coverage.show(page);
        }
        let failed = tests.iter().filter(|test| !test.passed).count();
        let passed = tests.len() - failed;
        match failed {
            0 => page.done(&text! { en: "{passed} passed", zh: "{passed} 项通过" }),
            _ => page.sentence(
                &text! { en: "{passed} passed, {failed} failed", zh: "{passed} 项通过，{failed} 项失败" },
            ),
        }
    }
}

impl Coverage {
    fn show(&self, page: &mut Page) {
        let mut table = Table::new([
            text! { en: "collection", zh: "集合" },
            text! { en: "rule", zh: "规则" },
            text! { en: "true", zh: "为真" },
            text! { en: "not", zh: "不为真" },
            text! { en: "clause", zh: "子句" },
        ]);
        for it in &self.clauses {
            table.row([
                &it.collection,
                &it.rule,
                &it.is_true.to_string(),
                &it.is_not.to_string(),
                &it.clause,
            ]);
        }
        page.table(&table, &text! { en: "There are no rules but presets.", zh: "除预设外没有规则。" });
        let percent = self.percent;
        page.sentence(&text! { en: "coverage {percent:.0} %", zh: "覆盖率 {percent:.0}%" });
    }
}
