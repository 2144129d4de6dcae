//! `.env`: variables for local runs, one `NAME=value` a line.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::Result;

/// Reads a file; no file is no variables.
pub fn read(path: &Path) -> Result<BTreeMap<String, String>> {
    Ok(super::read_text(path)?.as_deref().map(parse).unwrap_or_default())
}

/// Reads lines of the form `NAME=value`, `export NAME=value`, quoted or not; other lines are ignored.
fn parse(text: &str) -> BTreeMap<String, String> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    if name.is_empty() || name.starts_with('#') {
        return None;
    }
    Some((name.to_owned(), unquote(value.trim())))
}

fn unquote(value: &str) -> String {
    let quoted =
        |quote: char| value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)).map(|(text, _)| text);
    if let Some(text) = quoted('\'') {
        return text.to_owned();
    }
    if let Some(text) = quoted('"') {
        return text.replace("\\n", "\n");
    }
    // A comment needs a blank before it: `#` may be part of a value.
    value.split(" #").next().unwrap_or(value).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_as_shells_and_node_read_them() {
        let text = "# keys\nA=1\nexport B = two words # why\nC='#x'\nD=\"a\\nb\"\n\nE=\nnonsense\nF=a#b\n";
        let found = parse(text);
        let expected = [("A", "1"), ("B", "two words"), ("C", "#x"), ("D", "a\nb"), ("E", ""), ("F", "a#b")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(found, BTreeMap::from(expected));
    }
}
