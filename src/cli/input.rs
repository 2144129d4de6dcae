//! Arguments: text, a file or standard input; lengths and points of time.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{NamedTempFile, TempPath};

use crate::error::{Error, Excerpt, Kind, Result};
use crate::model::clock::Millis;
use crate::model::foreign;
use crate::model::wall;
use crate::text;

use super::context::Context;

/// Reads a number of documents.
pub fn count(given: &str) -> Result<u64> {
    given.parse().map_err(|_| {
        Error::new(Kind::Usage, text! { en: "it is a whole number from 0 on", zh: "应为不小于 0 的整数" })
    })
}

impl Context {
    /// Returns what an argument stands for: itself, the content of `@FILE`, or standard input for `-`.
    pub fn argument(&self, given: &str) -> Result<String> {
        Ok(self.read_argument(given)?.1)
    }

    /// Returns an argument that must be JSON; what is wrong with it is shown with its place.
    pub fn json_argument(&self, given: &str) -> Result<String> {
        let (path, text) = self.read_argument(given)?;
        match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            Ok(_) => Ok(text),
            Err(error) => Err(not_json(path, text, &error)),
        }
    }

    /// Returns the text and the name to show it under.
    fn read_argument(&self, given: &str) -> Result<(PathBuf, String)> {
        match (given, given.strip_prefix('@')) {
            ("-", _) => Ok((Path::new("-").into(), standard_input()?)),
            (_, Some(file)) => Ok((file.into(), self.read_file(Path::new(file))?)),
            (text, None) => Ok((Path::new("argument").into(), text.to_owned())),
        }
    }

    /// Reads a text file named on the command line.
    pub fn read_file(&self, path: &Path) -> Result<String> {
        std::fs::read_to_string(self.cwd.join(path)).map_err(|error| {
            let shown = path.display();
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => Kind::NotFound,
                _ => Kind::Failed,
            };
            Error::new(kind, text! { en: "could not read `{shown}`", zh: "无法读取 `{shown}`" })
                .source(&error)
        })
    }
    /// Returns a file to be read more than once. What can be read once only, standard input (`-`) or a pipe, is copied
    /// to its end first.
    pub fn to_reread(&self, given: &Path) -> Result<Reread> {
        let path = self.cwd.join(given);
        let flows = std::fs::metadata(&path).is_ok_and(|it| !it.is_file() && !it.is_dir());
        let copied = match given.to_str() {
            Some("-") => copy(&mut std::io::stdin().lock()).map_err(|error| no_standard_input(&error))?,
            _ if flows => File::open(&path).and_then(|mut file| copy(&mut file)).map_err(|error| {
                let shown = given.display();
                Error::new(Kind::Failed, text! { en: "could not read `{shown}`", zh: "无法读取 `{shown}`" })
                    .source(&error)
            })?,
            _ => return Ok(Reread { path, _copy: None }),
        };
        Ok(Reread { path: copied.to_path_buf(), _copy: Some(copied) })
    }
}

/// A file that can be read more than once.
pub struct Reread {
    pub path: PathBuf,
    /// The copy of what flowed out of a pipe; it goes with the value.
    _copy: Option<TempPath>,
}

fn copy(from: &mut dyn Read) -> std::io::Result<TempPath> {
    let mut to = NamedTempFile::new()?;
    std::io::copy(from, &mut to)?;
    Ok(to.into_temp_path())
}

fn standard_input() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| no_standard_input(&error))?;
    Ok(text)
}

fn no_standard_input(error: &std::io::Error) -> Error {
    Error::new(Kind::Failed, text! { en: "could not read standard input", zh: "无法读取标准输入" })
        .source(error)
}

fn not_json(path: PathBuf, source: String, error: &serde_json::Error) -> Error {
    let at = offset(&source, error.line(), error.column());
    let described = error.to_string();
    let why = described.split(" at line ").next().unwrap_or_default();
    Error::new(Kind::Usage, text! { en: "this is not JSON", zh: "不是合法的 JSON" }).excerpt(Excerpt {
        path,
        first_line: 1,
        span: at..at,
        label: foreign::said(why),
        source,
    })
}

/// Reads a length of time: a number and its unit.
pub fn duration(text: &str) -> Result<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    match (number.parse::<u64>(), seconds) {
        (Ok(number), Some(seconds)) => Ok(Duration::from_secs(number.saturating_mul(seconds))),
        _ => Err(Error::new(
            Kind::Usage,
            text! { en: "a length of time is a number and its unit", zh: "时长由数字和单位组成" },
        )
        .hint(text! { en: "write `30s`, `10m`, `2h` or `1d`", zh: "请写 `30s`、`10m`、`2h` 或 `1d`" })),
    }
}

/// Reads a point of time: with its offset from UTC, or as the platform writes it, in UTC+8.
pub fn time(text: &str) -> Result<Millis> {
    wall::parse(text).ok_or_else(|| {
        Error::new(Kind::Usage, text! { en: "`{text}` is no time", zh: "`{text}` 不是时间" }).hint(text! {
            en: "write `2026-11-21T13:00:00+08:00`, or `2026-11-21 13:00:00` for UTC+8",
            zh: "请写 `2026-11-21T13:00:00+08:00`，或以 `2026-11-21 13:00:00` 表示 UTC+8"
        })
    })
}

/// Returns the byte before which the parser stopped; lines and columns count from 1, columns in bytes.
fn offset(source: &str, line: usize, column: usize) -> usize {
    let start: usize = source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let at = (start + column.saturating_sub(1)).min(source.len());
    (0..=at).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_a_unit() {
        for (text, seconds) in [("30s", 30), ("10m", 600), ("2h", 7_200), ("1d", 86_400)] {
            assert_eq!(duration(text).ok(), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "10", "m", "1w", "-1m"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_has_an_offset_or_is_the_platforms() {
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-15T06:13:20+08:00",
            "2023-11-15T06:13:20",
            "2023-11-15 06:13:20",
        ] {
            assert_eq!(time(text).ok(), Some(1_700_000_000_000), "{text}");
        }
        for bad in ["", "soon", "2023-11-15"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn wrong_json_is_shown_where_it_is_wrong() {
        let source = "{\n  \"a\": 1,\n  \"b\": 云\n}";
        let error = serde_json::from_str::<serde_json::Value>(source).expect_err("wrong");
        let told = not_json("x.json".into(), source.into(), &error);
        let excerpt = told.shown_excerpt().expect("a place");
        assert!(source[excerpt.span.start..].starts_with('云'), "{:?}", excerpt.span);
    }
}
