//! Documents as a collection grows, side by side with what a person would have otherwise: SQLite's JSON with the same
//! indexes, nedb in Node, PostgreSQL's JSONB where a server answers `psql`; our engine in process and over HTTP.
//!
//! `cargo bench -- database 10k 100k` measures these sizes only. A figure is the median of single operations, which a
//! busy machine disturbs least; `×` is against our engine in process, `flat` against the same at the smallest size.
//!
//! Where the time goes at a million documents:
//! - Bulk load: pages of indexes. Random keys touch most pages of an index with each commit, so the size of the commit
//!   decides: 16 µs of processor time a document by 5 000, 12 by 10 000, 9.5 by 20 000.
//! - Range of 100: a hundred pages of the file that no cache of the processor holds, about 1 µs each. SQLite's own JSON pays
//!   the same, and is no flatter.
//! - Unindexed filter: 0.18 µs a document and thread, half of it SQLite's steps from row to row with the copy of a document,
//!   a tenth its checksum. All processors take part after the first 10 000 documents.
//! - Lookup: the join itself is a matter of making values of stored documents and back. A `$match` with a `$limit` and no
//!   `$sort` costs more (0.2 ms): natural order asks for all 2 000 keys of the level, where an index order would ask for 20.

mod engine;
mod http;
mod nedb;
mod postgres;
mod readers;
mod sqlite;

use std::ops::Range;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
/// Documents a commit while filling: what an import inside the emulator stores at once.
const BATCH: usize = 20_000;
/// How long an operation is repeated before it is measured.
const WARM_UP: Duration = Duration::from_millis(300);
/// Levels of the documents: one in so many has a given one.
const LEVELS: usize = 500;
/// Scores lie below this; the multiplier spreads them.
const SCORES: usize = 1 << 24;
const SPREAD: usize = 2_654_435_761;

/// What is measured. Fields: `_id`, `owner`, `name`, `score`, `level`, `note`; indexes: `score`, and `level` with `score`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Work {
    Insert,
    Get,
    /// The 20 best of a level, by the compound index.
    Best20,
    /// The next 100 from a score on.
    Range100,
    /// About a thousand documents counted by index.
    Count,
    Update,
    /// 20 documents after nine tenths of all, by index.
    Skip,
    /// A field without an index.
    Filter,
    /// The average score by level over the first 100 000 documents.
    Group,
    /// The 20 best of a level, each with its owner.
    Lookup,
}

impl Work {
    const ALL: [Work; 10] = [
        Work::Insert,
        Work::Get,
        Work::Best20,
        Work::Range100,
        Work::Count,
        Work::Update,
        Work::Skip,
        Work::Filter,
        Work::Group,
        Work::Lookup,
    ];

    fn name(self) -> &'static str {
        match self {
            Work::Insert => "insert one",
            Work::Get => "get by id",
            Work::Best20 => "indexed 20",
            Work::Range100 => "range of 100",
            Work::Count => "count by index",
            Work::Update => "update by id",
            Work::Skip => "deep skip",
            Work::Filter => "unindexed filter",
            Work::Group => "group 100 k",
            Work::Lookup => "lookup of 20",
        }
    }

    fn times(self) -> usize {
        match self {
            Work::Insert | Work::Get | Work::Update => 2_000,
            Work::Best20 | Work::Range100 | Work::Lookup => 500,
            Work::Count => 200,
            Work::Skip | Work::Filter | Work::Group => 3,
        }
    }

    /// What the product has set itself for a million documents, in microseconds.
    fn goal(self) -> Option<f64> {
        match self {
            Work::Get => Some(10.0),
            Work::Best20 => Some(40.0),
            Work::Filter => Some(249_000.0),
            _ => None,
        }
    }
}

/// The parameter of one operation: which document, level or score it is about.
fn pick(turn: usize, size: usize) -> usize {
    (turn * 7_919 + 13) % size
}

fn score(n: usize) -> usize {
    n * SPREAD % SCORES
}

/// The least documents that a page of 20 of one level has.
fn page(size: usize) -> usize {
    20.min(size / LEVELS)
}

/// The scores in which about a thousand of so many documents lie.
fn thousand(turn: usize, size: usize) -> Range<usize> {
    let width = SCORES / (size / 1_000).max(1);
    let low = pick(turn, SCORES - width + 1);
    low..low + width
}

/// A document of about 300 bytes, as JSON.
pub fn document(n: usize) -> String {
    format!(
        r#"{{"_id":"p{:08}","owner":"o{:04}","name":"player {n}","score":{},"level":{},"note":"{}"}}"#,
        n * 7_919 % 100_000_007,
        n / LEVELS % 1_000,
        score(n),
        n % LEVELS,
        "x".repeat(150)
    )
}

fn id(n: usize) -> String {
    format!("p{:08}", n * 7_919 % 100_000_007)
}

/// Somebody who keeps documents.
trait Subject {
    fn name(&self) -> &'static str;
    /// Adds documents to those before; returns how long that took.
    fn fill(&mut self, documents: Range<usize>) -> Duration;
    /// Returns the median of single operations, or nothing for what it cannot do.
    fn measure(&mut self, work: Work, size: usize) -> Option<Duration>;
}

fn median_of(work: Work, mut operation: impl FnMut(usize)) -> Duration {
    // Some in advance: statements are prepared, pages are in memory.
    let (start, mut warm) = (Instant::now(), 0);
    while start.elapsed() < WARM_UP || warm < 2 {
        operation(warm);
        warm += 1;
    }
    let mut taken: Vec<_> = (warm..warm + work.times())
        .map(|turn| {
            let start = Instant::now();
            operation(turn);
            start.elapsed()
        })
        .collect();
    taken.sort_unstable();
    taken[taken.len() / 2]
}

pub fn run(runtime: &Runtime) {
    let sizes = wanted_sizes();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut table = Table::default();
    let mut ours = engine::Engine::new(folder.path());
    let mut peers: Vec<Box<dyn Subject>> = vec![Box::new(sqlite::Sqlite::new(folder.path()))];
    peers.extend(nedb::Nedb::start().map(|it| Box::new(it) as _));
    peers.extend(postgres::Postgres::connect().map(|it| Box::new(it) as _));
    let mut filled = 0;
    for &size in &sizes {
        println!("\n  {size} documents");
        table.row(&mut ours, filled..size, size);
        for peer in &mut peers {
            table.row(&mut **peer, filled..size, size);
        }
        filled = size;
        ours.close();
        let mut over_http = http::Http::start(runtime, folder.path());
        table.row(&mut over_http, size..size, size);
        over_http.report();
        drop(over_http);
        ours.reopen();
    }
    readers::run(&ours);
}

/// The sizes named on the command line, `10k` or `1m`; all when there are none.
fn wanted_sizes() -> Vec<usize> {
    let named: Vec<_> = std::env::args().filter_map(|it| parse_size(&it)).collect();
    if named.is_empty() { SIZES.to_vec() } else { named }
}

pub fn parse_size(text: &str) -> Option<usize> {
    let (digits, unit) = match text.strip_suffix('k') {
        Some(digits) => (digits, 1_000),
        None => (text.strip_suffix('m')?, 1_000_000),
    };
    Some(digits.parse::<usize>().ok()? * unit)
}

/// Everything measured so far, to set figures in relation.
#[derive(Default)]
struct Table {
    figures: Vec<(&'static str, Work, f64)>,
    ours: Vec<(Work, f64)>,
}

impl Table {
    fn row(&mut self, subject: &mut dyn Subject, documents: Range<usize>, size: usize) {
        let name = subject.name();
        let first = self.ours.is_empty() || name == engine::NAME;
        if first {
            self.ours.clear();
        }
        let count = documents.len();
        let taken = subject.fill(documents);
        if count > 0 {
            println!("  {name:22} {:18} {:9.0} /s", "bulk load", count as f64 / taken.as_secs_f64());
        }
        for work in Work::ALL {
            let Some(taken) = subject.measure(work, size) else { continue };
            let micros = taken.as_secs_f64() * 1e6;
            let smallest = self.figures.iter().find(|it| (it.0, it.1) == (name, work)).map(|it| it.2);
            self.figures.push((name, work, micros));
            if first {
                self.ours.push((work, micros));
            }
            let ours = self.ours.iter().find(|it| it.0 == work).map_or(f64::NAN, |it| it.1);
            let relation = if first { String::new() } else { format!("  {:7.2} ×", micros / ours) };
            let flat = smallest.map_or(String::new(), |it| format!("  flat {:.2}", micros / it));
            let goal = match work.goal() {
                Some(goal) if first => format!("  (goal {goal:.0})"),
                _ => String::new(),
            };
            println!("  {name:22} {:18} {micros:11.1} µs{relation}{flat}{goal}", work.name());
        }
    }
}
