//! What functions said: a stretch of time, or on and on.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use crate::api::control::log::{FunctionLine, LogLine, SearchClsLog};
use crate::error::Result;
use crate::model::clock::{Clock, Millis};
use crate::model::denial::Denial;
use crate::model::level::Level;
use crate::model::name::FunctionName;
use crate::model::wall;

use super::function::{self, invoke};
use super::target::Target;

/// The most lines of one answer.
const PAGE: u64 = 100;

/// The year 9999.
const END_OF_TIME: Millis = 253_370_764_800_000;

/// How often a followed log is asked for news. An emulator answers at once; the cloud is some seconds behind anyway.
const PAUSE_LOCAL: Duration = Duration::from_millis(400);
const PAUSE_CLOUD: Duration = Duration::from_secs(3);

/// How far behind a log may be: news is searched for from so long before the last line.
const LAG: Millis = 30_000;

/// Which lines are wanted.
#[derive(Debug, Clone)]
pub struct Filter {
    /// All functions when empty.
    pub functions: Vec<FunctionName>,
    /// The beginning of the stretch.
    pub since: Millis,
    /// The least serious wanted.
    pub level: Option<Level>,
    pub request_id: Option<String>,
    /// Text that a line contains.
    pub grep: Option<String>,
}

/// A line of a function's log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// In milliseconds, for order.
    #[serde(skip)]
    pub millis: Millis,
    /// RFC 3339 in UTC+8.
    pub time: String,
    pub function: String,
    pub request_id: String,
    pub level: Level,
    pub message: String,
    /// How long a call took: in the platform's report of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The most memory it had: in the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Why a client was denied something, where the line tells of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denial: Option<Box<Denial>>,
}

/// What a log hands over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    Line(Line),
    /// How far the cloud's log is behind what happens; told when it is first seen and when it has changed much.
    Behind(Duration),
}

/// Hands over lines in order, at once as they come; with `follow` it goes on until `emit` says that nobody listens.
pub async fn read(
    target: &Target,
    filter: &Filter,
    follow: bool,
    clock: &Clock,
    emit: &mut (dyn FnMut(News) -> bool + Send),
) -> Result<()> {
    let silent = match target.emulator() {
        Some(_) => from_emulator(target, filter, follow, emit).await?,
        None => from_cloud(target, filter, follow, clock, emit).await?,
    };
    if silent { all_known(target, &filter.functions).await } else { Ok(()) }
}

/// Reads an emulator's log, which is complete and in order: each page begins where the one before ended. Returns whether
/// there was nothing.
async fn from_emulator(
    target: &Target,
    filter: &Filter,
    follow: bool,
    emit: &mut (dyn FnMut(News) -> bool + Send),
) -> Result<bool> {
    let (mut silent, mut since, mut context) = (true, filter.since, None);
    loop {
        // Its clock may have been ahead: nothing there is too new.
        let page = page(target, filter, (since, END_OF_TIME), context).await?;
        for line in page.lines {
            silent = false;
            if !emit(News::Line(line)) {
                return Ok(false);
            }
        }
        if page.last {
            if !follow {
                return Ok(silent);
            }
            // What comes is news whatever the clock, which can be set back, says.
            since = 0;
            tokio::time::sleep(PAUSE_LOCAL).await;
        }
        context = Some(page.context);
    }
}

/// Reads the cloud's log, where lines arrive late and in any order. Returns whether there was nothing.
async fn from_cloud(
    target: &Target,
    filter: &Filter,
    follow: bool,
    clock: &Clock,
    emit: &mut (dyn FnMut(News) -> bool + Send),
) -> Result<bool> {
    let (mut seen, mut since, mut silent) = (Seen::default(), filter.since, true);
    let (mut is_first, mut told) = (true, None);
    loop {
        let mut lines = stretch(target, filter, since, clock.now()).await?;
        lines.sort_by_key(|line| line.millis);
        let lines = seen.only_new(lines);
        // What is there at first may have been there for long.
        let newest = lines.last().filter(|_| !is_first).map(|line| line.millis);
        if let Some(behind) = newest.and_then(|newest| worth_telling(told, clock.now() - newest)) {
            told = Some(behind);
            emit(News::Behind(Duration::from_millis(behind.unsigned_abs())));
        }
        for line in lines {
            since = since.max(line.millis - LAG);
            silent = false;
            if !emit(News::Line(line)) {
                return Ok(false);
            }
        }
        if !follow {
            return Ok(silent);
        }
        is_first = false;
        seen.forget_before(since);
        tokio::time::sleep(PAUSE_CLOUD).await;
    }
}

/// Returns a lag when nothing near it was told before.
fn worth_telling(told: Option<Millis>, behind: Millis) -> Option<Millis> {
    let behind = behind.max(0);
    told.is_none_or(|told| behind > 2 * told || 2 * behind < told).then_some(behind)
}

/// Tells of a function that said nothing because it does not exist.
async fn all_known(target: &Target, names: &[FunctionName]) -> Result<()> {
    for name in names {
        function::show(target, name).await?;
    }
    Ok(())
}

/// Returns the wanted lines of a stretch of time.
async fn stretch(target: &Target, filter: &Filter, since: Millis, until: Millis) -> Result<Vec<Line>> {
    let (mut lines, mut context) = (Vec::new(), None);
    loop {
        let page = page(target, filter, (since, until), context).await?;
        lines.extend(page.lines);
        if page.last || page.context.is_empty() {
            return Ok(lines);
        }
        context = Some(page.context);
    }
}

/// A part of an answer.
struct Found {
    lines: Vec<Line>,
    /// Where the next page begins.
    context: String,
    last: bool,
}

async fn page(
    target: &Target,
    filter: &Filter,
    (since, until): (Millis, Millis),
    context: Option<String>,
) -> Result<Found> {
    let asked = SearchClsLog {
        env_id: Some(target.env_id().to_owned()),
        start_time: wall::write(since),
        end_time: wall::write(until),
        query_string: filter.query(),
        limit: Some(PAGE),
        context,
        sort: Some("asc".into()),
        use_lucene: None,
        tenant_model: Some("public".into()),
    };
    let page = target.client().call(&asked).await?.log_results;
    let last = page.list_over || page.results.is_empty();
    let lines = page.results.into_iter().map(Line::read).filter(|line| filter.wants(line, since));
    Ok(Found { lines: lines.collect(), context: page.context, last })
}

impl Filter {
    /// Writes the part of the filter that the service understands everywhere; the rest is done here.
    fn query(&self) -> String {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let functions: Vec<String> =
            self.functions.iter().map(|name| format!("function_name:\"{name}\"")).collect();
        let functions = match functions.len() {
            0 | 1 => functions.join(""),
            _ => format!("({})", functions.join(" OR ")),
        };
        let request = self.request_id.as_deref().map(|id| format!("request_id:\"{}\"", quoted(id)));
        let terms: Vec<String> = [functions].into_iter().filter(|it| !it.is_empty()).chain(request).collect();
        if terms.is_empty() { "*".into() } else { terms.join(" AND ") }
    }

    fn wants(&self, line: &Line, since: Millis) -> bool {
        line.millis >= since
            && self.level.is_none_or(|level| line.level >= level)
            && self.grep.as_deref().is_none_or(|text| line.message.contains(text))
    }
}

impl Line {
    fn read(found: LogLine) -> Self {
        let line: FunctionLine = serde_json::from_str(&found.content)
            .unwrap_or_else(|_| FunctionLine { log: found.content, ..FunctionLine::default() });
        let millis = if line.timestamp > 0 {
            line.timestamp
        } else {
            wall::read(&found.timestamp).unwrap_or_default()
        };
        Line {
            millis,
            time: wall::rfc3339(millis),
            function: line.function_name,
            request_id: line.request_id,
            level: Level::read(&line.level).unwrap_or(Level::Info),
            duration_ms: reported(&line.log, "Duration:", "ms").map(|time| time.round() as u64),
            memory_bytes: reported(&line.log, "MemUsage:", "MB").map(|memory| (memory * 1_048_576.0) as u64),
            message: line.log,
            denial: line.denial,
        }
    }

    /// Tells whether the platform says it of a call, and not the function: START, END and REPORT.
    pub fn is_platforms(&self) -> bool {
        invoke::is_bracket(&self.message)
    }
}

/// Reads a figure of the platform's report of a call (`docs/wire.md#logs`).
fn reported(line: &str, name: &str, unit: &str) -> Option<f64> {
    let figures = line.strip_prefix("REPORT RequestId:").or(line.strip_prefix("Report RequestId:"))?;
    let (_, figure) = figures.split_once(name)?;
    let (number, _) = figure.split_once(unit)?;
    number.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// Lines that were handed over already: stretches overlap. The same line twice in a millisecond counts twice.
#[derive(Default)]
struct Seen(BTreeSet<(Line, usize)>);

impl Seen {
    fn only_new(&mut self, lines: Vec<Line>) -> Vec<Line> {
        let mut times: std::collections::BTreeMap<Line, usize> = std::collections::BTreeMap::new();
        let mut new = Vec::new();
        for line in lines {
            let nth = times.entry(line.clone()).or_default();
            *nth += 1;
            if self.0.insert((line.clone(), *nth)) {
                new.push(line);
            }
        }
        new
    }

    fn forget_before(&mut self, since: Millis) {
        self.0.retain(|(line, _)| line.millis >= since);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(millis: Millis, message: &str) -> Line {
        let content = serde_json::json!({
            "function_name": "login", "request_id": "r", "level": "warn", "log": message, "timestamp": millis,
        });
        Line::read(LogLine { content: content.to_string(), ..LogLine::default() })
    }

    #[test]
    fn a_line_is_read_in_both_forms() {
        let known = line(1_700_000_000_123, "hello");
        assert_eq!(known.time, "2023-11-15T06:13:20.123+08:00");
        assert_eq!((known.level, known.function.as_str()), (Level::Warn, "login"));
        let bare = Line::read(LogLine {
            content: "not json".into(),
            timestamp: "2023-11-15 06:13:20".into(),
            ..LogLine::default()
        });
        assert_eq!((bare.millis, bare.message.as_str()), (1_700_000_000_000, "not json"));
        assert_eq!(wall::write(bare.millis), "2023-11-15 06:13:20");
    }

    #[test]
    fn the_platforms_report_tells_duration_and_memory_and_no_other_line_does() {
        let report = "Report RequestId: 0f2c Duration:12ms Memory:256MB MemUsage:33.50MB";
        for (message, expected) in [
            (report, (Some(12), Some(35_127_296))),
            (&report.replace("Report", "REPORT"), (Some(12), Some(35_127_296))),
            ("REPORT RequestId: r Duration:soon", (None, None)),
            ("my Duration:12ms MemUsage:1MB", (None, None)),
        ] {
            let line = line(1, message);
            assert_eq!((line.duration_ms, line.memory_bytes), expected, "{message}");
        }
        assert!(line(1, "START RequestId: r").is_platforms() && !line(1, "START").is_platforms());
    }

    #[test]
    fn overlapping_stretches_hand_each_line_over_once() {
        let mut seen = Seen::default();
        let (a, b) = (line(1, "a"), line(2, "b"));
        assert_eq!(seen.only_new(vec![a.clone(), a.clone()]), [a.clone(), a.clone()]);
        let again = seen.only_new(vec![a.clone(), a.clone(), b.clone()]);
        assert_eq!(again, std::slice::from_ref(&b));
        seen.forget_before(2);
        assert_eq!(seen.only_new(vec![b]), []);
    }

    #[test]
    fn a_lag_is_told_once_until_it_changes_much() {
        let told: Vec<Millis> = [4_000, 5_000, 7_000, 9_000, 12_000, 4_000]
            .into_iter()
            .scan(None, |told, behind| {
                let new = worth_telling(*told, behind);
                *told = new.or(*told);
                Some(new)
            })
            .flatten()
            .collect();
        assert_eq!(told, [4_000, 9_000, 4_000]);
        assert_eq!(worth_telling(None, -5), Some(0), "clocks differ");
    }

    #[test]
    fn the_query_names_functions_and_request() {
        let name = |text: &str| text.parse::<FunctionName>().expect("a name");
        let mut filter = Filter { functions: vec![], since: 0, level: None, request_id: None, grep: None };
        assert_eq!(filter.query(), "*");
        filter.functions = vec![name("a"), name("b")];
        filter.request_id = Some("r\"1".into());
        assert_eq!(filter.query(), r#"(function_name:"a" OR function_name:"b") AND request_id:"r\"1""#);
    }
}
