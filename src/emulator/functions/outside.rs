//! What becomes of calls to hosts outside: the project's fixture files, which of them answers, and what `outside.cjs` is
//! told of it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use fancy_regex::Regex;
use serde_json::json;

use super::recording::{self, Exchange};
use super::stamp::{Stamp, stamp};
use crate::emulator::config::{Config, Outward};
use crate::error::{Error, Kind, Result};
use crate::model::text::Text;
use crate::project::fixtures::{self, Fixture};
use crate::text;

/// The fixtures of one project.
pub struct Outside {
    folder: PathBuf,
    /// The file that `outside.cjs` reads.
    rules: PathBuf,
    outward: Outward,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The files that were read, as they were then.
    seen: Vec<(PathBuf, Stamp)>,
    entries: Vec<Entry>,
    /// When the files were last looked at.
    looked: Option<Instant>,
}

struct Entry {
    fixture: Fixture,
    url: Regex,
    query: Vec<(String, Regex)>,
    /// How often it answered.
    used: u32,
}

/// A request for a host outside.
#[derive(Debug)]
pub struct Request<'a> {
    pub method: &'a str,
    /// Scheme, host and path.
    pub url: String,
    pub query: Vec<(String, String)>,
    pub body: &'a [u8],
}

impl Outside {
    /// Reads the fixtures, and writes the rules into `runtime/` of the data folder.
    ///
    /// # Errors
    /// A fixture file is wrong, or the rules cannot be written.
    pub(super) fn open(config: &Config) -> Result<Self> {
        let outside = Outside {
            folder: config.project.root.join(fixtures::FOLDER),
            rules: config.data.join("runtime/outside.json"),
            outward: config.outward,
            state: Mutex::default(),
        };
        outside.refresh(Instant::now())?;
        outside.write_rules(&outside.state())?;
        Ok(outside)
    }

    /// Reads the files again if one was saved before `asked`, or since. One look serves all who asked before it.
    ///
    /// # Errors
    /// A file is wrong, which is told once; the fixtures from before stay.
    pub(super) fn refresh(&self, asked: Instant) -> Result<()> {
        let mut state = self.state();
        if state.looked.is_some_and(|looked| looked >= asked) {
            return Ok(());
        }
        state.looked = Some(Instant::now());
        let seen = look(&self.folder);
        if state.seen == seen {
            return Ok(());
        }
        state.seen = seen;
        let mut entries = Vec::new();
        for (path, _) in &state.seen {
            for fixture in fixtures::read(path)? {
                entries.push(Entry::new(fixture)?);
            }
        }
        state.entries = entries;
        self.write_rules(&state)
    }

    /// Returns the fixture that answers a request, the first whose `times` are not used up.
    pub fn answer(&self, request: &Request<'_>) -> Option<Fixture> {
        let mut state = self.state();
        let entry = state.entries.iter_mut().find(|entry| !entry.is_used_up() && entry.answers(request))?;
        entry.used += 1;
        Some(entry.fixture.clone())
    }

    /// Writes an answer of the real host into its fixture file. Returns whether that was news.
    ///
    /// # Errors
    /// Nothing is to be recorded, or the file cannot be written.
    pub fn record(&self, exchange: &Exchange) -> Result<bool> {
        if self.outward != Outward::Recorded {
            return Err(Error::new(
                Kind::Usage,
                text! { en: "the emulator does not record; start it with `--record`", zh: "模拟器没有在录制；请加 `--record` 启动" },
            ));
        }
        let written = {
            let _one_at_a_time = self.state();
            recording::write(&self.folder, exchange)?
        };
        self.refresh(Instant::now())?;
        Ok(written)
    }

    /// The folders to watch for files that are saved.
    pub(super) fn folders(&self) -> impl Iterator<Item = PathBuf> {
        let above = self.folder.parent().map(Path::to_owned);
        above.into_iter().chain([self.folder.clone()]).filter(|folder| folder.is_dir())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_rules(&self, state: &State) -> Result<()> {
        let fixtures = state.entries.iter().map(|entry| {
            let Fixture { method, url, query, with, .. } = &entry.fixture;
            json!({ "method": method, "url": url, "query": query, "with": with.is_some() })
        });
        let fixtures: Vec<_> = fixtures.collect();
        let rules = json!({ "record": self.outward == Outward::Recorded, "fixtures": fixtures });
        replace(&self.rules, &rules.to_string()).map_err(|error| {
            let shown = self.rules.display();
            let message = text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" };
            Error::new(Kind::Failed, message).source(&error)
        })
    }
}

impl Entry {
    fn new(fixture: Fixture) -> Result<Self> {
        let compiled = |source: &str| {
            Regex::new(source).map_err(|error| {
                let message = text! { en: "the pattern `{source}` is too large", zh: "模式 `{source}` 过大" };
                Error::new(Kind::Usage, message).source(&error)
            })
        };
        let query = fixture.query.iter().map(|(name, value)| Ok((name.clone(), compiled(value)?)));
        Ok(Entry { url: compiled(&fixture.url)?, query: query.collect::<Result<_>>()?, fixture, used: 0 })
    }

    fn is_used_up(&self) -> bool {
        self.fixture.times.is_some_and(|times| self.used >= times)
    }

    fn answers(&self, request: &Request<'_>) -> bool {
        let is = |regex: &Regex, text: &str| regex.is_match(text).unwrap_or(false);
        self.fixture.method.as_ref().is_none_or(|method| method == request.method)
            && is(&self.url, &request.url)
            && self.query.iter().all(|(name, wanted)| {
                request.query.iter().any(|(given, value)| given == name && is(wanted, value))
            })
            && self.fixture.with.as_ref().is_none_or(|with| with.is_in(request.body))
    }
}

fn look(folder: &Path) -> Vec<(PathBuf, Stamp)> {
    fixtures::files(folder).into_iter().map(|path| (path.clone(), stamp(&path))).collect()
}

/// Puts a file in the place of another at once: a process may be reading.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(path))?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

/// Says in one text what is wrong with a fixture file, and where.
pub(super) fn complaint(error: &Error) -> Text {
    let Text { en, zh } = error.message().clone();
    let Some(excerpt) = error.shown_excerpt() else {
        return text! { en: "fixture files were not read: {en}", zh: "未能读取 fixture 文件：{zh}" };
    };
    let before = excerpt.source.get(..excerpt.span.start).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let number = excerpt.first_line + before.matches('\n').count();
    let column = before.get(start..).unwrap_or_default().chars().count();
    let line = excerpt.source.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let file = format!("{}:{number}:{}", excerpt.path.display(), column + 1);
    let place = format!("{line}\n{:column$}^", "");
    let (label_en, label_zh) = (&excerpt.label.en, &excerpt.label.zh);
    text! {
        en: "{en}; the fixtures from before stay\n{file}\n{place} {label_en}",
        zh: "{zh}；此前的 fixture 继续生效\n{file}\n{place} {label_zh}"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_shows_line_column_and_a_caret() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.toml");
        std::fs::write(&path, "[[reply]]\nto = \"http://a/\"\nstaus = 200\n").expect("a file");
        let error = fixtures::read(&path).expect_err("a mistake");
        let told = complaint(&error).en;
        let lines: Vec<&str> = told.lines().collect();
        let file = format!("{}:3:1", path.display());
        assert_eq!(lines.get(1..3), Some(&[file.as_str(), "staus = 200"][..]), "{told}");
        assert!(lines.get(3).is_some_and(|line| line.starts_with('^')), "{told}");
    }
}
