//! Arguments that may be text, a file, or standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, Excerpt, Kind, Result};
use crate::text;

use super::context::Context;

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
}

fn standard_input() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| {
        Error::new(Kind::Failed, text! { en: "could not read standard input", zh: "无法读取标准输入" })
            .source(&error)
    })?;
    Ok(text)
}

fn not_json(path: PathBuf, source: String, error: &serde_json::Error) -> Error {
    let at = offset(&source, error.line(), error.column());
    let described = error.to_string();
    let why = described.split(" at line ").next().unwrap_or_default();
    Error::new(Kind::Usage, text! { en: "this is not JSON", zh: "不是合法的 JSON" }).excerpt(Excerpt {
        path,
        span: at..at,
        label: why.into(),
        source,
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
    fn wrong_json_is_shown_where_it_is_wrong() {
        let source = "{\n  \"a\": 1,\n  \"b\": 云\n}";
        let error = serde_json::from_str::<serde_json::Value>(source).expect_err("wrong");
        let told = not_json("x.json".into(), source.into(), &error);
        let excerpt = told.shown_excerpt().expect("a place");
        assert!(source[excerpt.span.start..].starts_with('云'), "{:?}", excerpt.span);
    }
}
