//! `cloudkit rules test [FILE…]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use serde::Serialize;
use tokio::sync::mpsc::unbounded_channel;

use crate::cli::context::Context;
use crate::error::{Error, Kind, Result};
use crate::ops::rules::test::coverage::Coverage;
use crate::ops::rules::test::html::html;
use crate::ops::rules::test::junit::junit;
use crate::ops::rules::test::lcov::lcov;
use crate::ops::rules::test::{DEFAULT, Outcome, Suite};
use crate::term::{Page, Show, Style, Table};
use crate::text;

/// How long files must be quiet: an editor saves in several steps.
const QUIET: Duration = Duration::from_millis(30);

/// Run a table of who may do what against the rules of cloudkit.toml, without an emulator
///
/// A file, TOML or JSON, has `users`, stored `data` and `files`, and `tests`. A test reads, updates or deletes by an id or a
/// query, or creates a document; an update has its `data` beside it. Or it has the path of a file to `download` or `upload`,
/// or the name of a function to `call`. `rules`, `storage` and `functions` are permissions in place of the project's. `now`, of
/// the file or of a test, is what time it is.
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
    /// Run again when a test file or cloudkit.toml is saved, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Show which clauses were true and which were not
    #[arg(long)]
    coverage: bool,
    /// Fail when fewer of the clauses' outcomes were seen, in percent
    #[arg(long, value_name = "PCT", value_parser = clap::value_parser!(u8).range(0..=100))]
    fail_under: Option<u8>,
    /// Write the coverage as LCOV
    #[arg(long, value_name = "FILE")]
    lcov: Option<PathBuf>,
    /// Write the coverage as one HTML page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    if args.watch {
        return context.wait(watch(&args, context));
    }
    let report = tested(&args, context)?;
    context.ui.show(&report);
    report.covers(&args)?;
    context.exit_with(u8::from(report.failed() > 0));
    Ok(())
}

fn tested(args: &Args, context: &Context) -> Result<Report> {
    let project = context.project()?;
    let mut suite = Suite::new(&project)?;
    let now = context.clock.now();
    let files = files(args, &project.root, context);
    let outcomes = files.iter().map(|file| suite.run(file, now)).collect::<Result<Vec<_>>>()?;
    let coverage = suite.coverage();
    let page = || html(&coverage, &outcomes, context.ui.language());
    write(context, args.lcov.as_deref(), || lcov(&coverage))?;
    write(context, args.html.as_deref(), page)?;
    write(context, args.junit.as_deref(), || junit(&outcomes))?;
    let shows_coverage = args.coverage || args.fail_under.is_some();
    Ok(Report { files: outcomes, coverage, shows_coverage })
}

fn files(args: &Args, root: &Path, context: &Context) -> Vec<PathBuf> {
    match args.files.is_empty() {
        true => vec![root.join(DEFAULT)],
        false => args.files.iter().map(|file| context.cwd.join(file)).collect(),
    }
}

fn write(context: &Context, path: Option<&Path>, text: impl FnOnce() -> String) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    std::fs::write(context.cwd.join(path), text()).map_err(|error| {
        let shown = path.display();
        Error::new(Kind::Failed, text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" })
            .source(&error)
    })
}

/// Runs the tests now and whenever a file of them is saved.
async fn watch(args: &Args, context: &Context) -> Result<()> {
    let root = crate::project::discover::root(&context.cwd);
    let mut watched = files(args, &root, context);
    watched.push(root.join(crate::project::manifest::FILE_NAME));
    let (send, mut saved) = unbounded_channel();
    let names: Vec<_> = watched.iter().filter_map(|path| path.file_name().map(ToOwned::to_owned)).collect();
    let failed = |error: notify::Error| {
        Error::new(Kind::Failed, text! { en: "files cannot be watched here", zh: "无法监视文件" })
            .source(&error)
    };
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let is_meant =
            |path: &PathBuf| path.file_name().is_some_and(|name| names.iter().any(|it| it == name));
        if !event.kind.is_access() && event.paths.iter().any(is_meant) {
            // An error means that nobody waits any more.
            let _ = send.send(());
        }
    })
    .map_err(failed)?;
    // Folders rather than files: an editor may replace a file by another.
    let mut folders: Vec<&Path> = watched.iter().filter_map(|path| path.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    for folder in folders {
        watcher.watch(folder, RecursiveMode::NonRecursive).map_err(failed)?;
    }
    loop {
        match tested(args, context).and_then(|report| {
            context.ui.event(&report);
            report.covers(args)
        }) {
            Ok(()) => {}
            // What is wrong may be mended with the next save.
            Err(error) => context.ui.report(&error),
        }
        context.ui.say(&text! { en: "waiting for a change", zh: "等待文件变更" });
        if saved.recv().await.is_none() || context.ui.is_closed() {
            return Ok(());
        }
        while tokio::time::timeout(QUIET, saved.recv()).await.is_ok_and(|event| event.is_some()) {}
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    files: Vec<Outcome>,
    coverage: Coverage,
    #[serde(skip)]
    shows_coverage: bool,
}

impl Report {
    fn failed(&self) -> usize {
        self.files.iter().flat_map(|it| &it.tests).filter(|test| !test.passed).count()
    }

    /// Checks that enough was covered.
    fn covers(&self, args: &Args) -> Result<()> {
        let percent = self.coverage.percent;
        let Some(least) = args.fail_under.filter(|least| percent < f64::from(*least)) else { return Ok(()) };
        let message = text! {
            en: "{percent:.0} % of the clauses' outcomes were seen, not {least} %",
            zh: "规则子句的结果覆盖了 {percent:.0}%，未达到 {least}%"
        };
        Err(Error::new(Kind::Failed, message))
    }
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
        let failed = self.failed();
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
        let files = page.words(&text! { en: "(files)", zh: "（文件）" }).to_owned();
        for it in &self.clauses {
            table.row([
                it.collection.as_ref().unwrap_or(&files),
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
