//! `.env`: variables for local runs, one `NAME=value` a line.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::Result;

/// What a value may be put in.
const QUOTES: [char; 3] = ['\'', '"', '`'];

/// Reads a file; no file is no variables.
pub fn read(path: &Path) -> Result<BTreeMap<String, String>> {
    Ok(super::read_text(path)?.as_deref().map(parse).unwrap_or_default())
}

/// Reads `NAME=value` and `export NAME=value`, quoted or not; other lines are ignored.
fn parse(text: &str) -> BTreeMap<String, String> {
    let text = text.replace("\r\n", "\n");
    let (mut rest, mut variables) = (text.as_str(), BTreeMap::new());
    while !rest.is_empty() {
        let Some((name, value)) = named(rest) else {
            rest = first_line(rest).1;
            continue;
        };
        let (value, after) = quoted(value).unwrap_or_else(|| bare(value));
        variables.insert(name.to_owned(), value);
        rest = after;
    }
    variables
}

/// Splits off the name that the first line gives a value.
fn named(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('=').filter(|(name, _)| !name.contains('\n'))?;
    let name = name.trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    (!name.is_empty() && !name.starts_with('#')).then_some((name, rest))
}

/// Reads a value in quotes, which may have several lines, and returns what follows its last one. An end that more than a
/// comment follows is none.
fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    let quote = text.chars().next().filter(|first| QUOTES.contains(first))?;
    let body = text.get(1..)?;
    let mut escaped = false;
    let end = body.find(|character| {
        let is_end = character == quote && !escaped;
        escaped = quote == '"' && character == '\\' && !escaped;
        is_end
    })?;
    let (value, rest) = body.split_at_checked(end)?;
    let (more, after) = first_line(rest.get(1..)?);
    let more = more.trim();
    (more.is_empty() || more.starts_with('#')).then(|| {
        let is_plain = quote != '"';
        (if is_plain { value.to_owned() } else { unescaped(value) }, after)
    })
}

fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value.chars().peekable();
    while let Some(character) = rest.next() {
        let meant = match (character, rest.peek()) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('r')) => '\r',
            ('\\', Some('"')) => '"',
            _ => {
                text.push(character);
                continue;
            }
        };
        text.push(meant);
        rest.next();
    }
    text
}

/// Reads a value to the end of its line.
fn bare(text: &str) -> (String, &str) {
    let (line, after) = first_line(text);
    // A comment needs a blank before it: `#` may be part of a value.
    let value = line.split(" #").next().unwrap_or(line).trim();
    let within = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    (QUOTES.into_iter().find_map(within).unwrap_or(value).to_owned(), after)
}

fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_as_shells_and_node_read_them() {
        for (text, expected) in [
            ("# keys\nA=1\nexport B = two words # why\n", &[("A", "1"), ("B", "two words")][..]),
            (
                "C='#x'\nD=\"a\\nb\"\n\nE=\nnonsense\nF=a#b",
                &[("C", "#x"), ("D", "a\nb"), ("E", ""), ("F", "a#b")],
            ),
            (
                "KEY=\"-----BEGIN-----\r\nab=c\r\n-----END-----\" # mine\r\nB=2\r\n",
                &[("KEY", "-----BEGIN-----\nab=c\n-----END-----"), ("B", "2")],
            ),
            (r#"JSON="{\"a\": \"b # c\"}""#, &[("JSON", r#"{"a": "b # c"}"#)]),
            (
                "A='{\"a\": 1}'\nB=`it's`\nC='it's'\nD='C:\\dir\\'",
                &[("A", "{\"a\": 1}"), ("B", "it's"), ("C", "it's"), ("D", "C:\\dir\\")],
            ),
            ("A='open\nB=2\nC=it's", &[("A", "'open"), ("B", "2"), ("C", "it's")]),
            ("A=\"x\ny", &[("A", "\"x")]),
            ("A= # none\nB=\\", &[("A", ""), ("B", "\\")]),
        ] {
            let expected = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            assert_eq!(parse(text), expected.collect(), "{text}");
        }
    }
}
