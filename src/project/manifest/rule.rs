//! Security rules in TOML: read where they are written, so that a wrong expression is shown at its place.

use std::ops::Range;

use toml_edit::{Item, TableLike};

use super::reader::{Source, Span};
use super::to_json;
use crate::error::Result;
use crate::model::name::{did_you_mean, suggestion};
use crate::rules::KEYS;
use crate::rules::expression::Expression;
use crate::text;

/// Reads `rule = { … }` as the JSON text it is on the wire.
pub(super) fn read(source: &Source, item: &Item, span: Span) -> Result<String> {
    let Some(table) = item.as_table_like() else {
        return Err(source.wrong(
            span,
            text! { en: "`rule` must be a table", zh: "`rule` 必须是表" },
            text! { en: "such as `{{ read = true, write = \"doc._openid == auth.openid\" }}`", zh: "例如 `{{ read = true, write = \"doc._openid == auth.openid\" }}`" },
        ));
    };
    for (key, item) in table.iter() {
        check(source, table, key, item)?;
    }
    Ok(to_json(item).to_string())
}

fn check(source: &Source, table: &dyn TableLike, key: &str, item: &Item) -> Result<()> {
    if !KEYS.contains(&key) {
        let span = table.get_key_value(key).and_then(|(key, _)| key.span());
        let label = match did_you_mean(key, KEYS) {
            Some(near) => suggestion(near),
            None => {
                text! { en: ("there are `{}`", KEYS.join("`, `")), zh: ("可用的有 `{}`", KEYS.join("`、`")) }
            }
        };
        let message = text! { en: "`{key}` is not an operation", zh: "`{key}` 不是合法的操作" };
        return Err(source.wrong(span.unwrap_or(0..0), message, label));
    }
    let span = item.span().unwrap_or(0..0);
    match item.as_str() {
        None if item.as_bool().is_some() => Ok(()),
        None => Err(source.wrong(
            span,
            text! { en: "`{key}` is neither a boolean nor an expression", zh: "`{key}` 既不是布尔值，也不是表达式" },
            text! { en: ("found: {}", item.type_name()), zh: ("这里的类型是 {}", item.type_name()) },
        )),
        Some(rule) => Expression::parse(rule).map(drop).map_err(|problem| {
            let message = text! { en: "the rule `{key}` is wrong", zh: "规则 `{key}` 有误" };
            source.wrong(within(&source.text, &span, &problem.span), message, problem.message)
        }),
    }
}

/// Returns where the value of a key is in a TOML file, or a part of that value if it is a text; `keys` leads to it.
pub fn place(text: &str, keys: &[&str], part: Option<&Range<usize>>) -> Option<Range<usize>> {
    let document = toml_edit::Document::parse(text).ok()?;
    let mut item = document.as_item();
    for key in keys {
        item = item.as_table_like()?.get(key)?;
    }
    let span = item.span()?;
    Some(match part.filter(|_| item.is_str()) {
        Some(part) => within(text, &span, part),
        None => span,
    })
}

/// Returns where a part of a text is in the file, the text being written at `span` with its quotes.
fn within(file: &str, span: &Range<usize>, part: &Range<usize>) -> Range<usize> {
    let at = |offset| file.get(span.clone()).and_then(|raw| written(raw, offset)).map(|at| span.start + at);
    match (at(part.start), at(part.end)) {
        (Some(start), Some(end)) => start..end,
        _ => span.clone(),
    }
}

/// Returns where byte `offset` of a text's value is in the text as TOML writes it.
fn written(raw: &str, offset: usize) -> Option<usize> {
    let triple = ["\"\"\"", "'''"].iter().any(|quotes| raw.starts_with(quotes));
    let mut at = if triple { 3 } else { 1 };
    if triple {
        at += raw.get(at..)?.bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count().min(2);
    }
    let has_escapes = raw.starts_with('"');
    let mut value = 0;
    while value < offset {
        let mut rest = raw.get(at..)?.chars();
        let first = rest.next()?;
        if !(has_escapes && first == '\\') {
            (at, value) = (at + first.len_utf8(), value + first.len_utf8());
            continue;
        }
        // Longer escapes, which rules have no use for, are shown as part of the whole text.
        matches!(rest.next()?, '"' | '\\' | 'n' | 't' | 'r').then_some(())?;
        (at, value) = (at + 2, value + 1);
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_text_is_found_where_it_is_written() {
        for (line, part, expected) in [
            (r#"a = "doc.x = 1""#, 6..7, "="),
            (r#"a = 'doc.x = 1'"#, 6..7, "="),
            (r#"a = "doc.名 = 1""#, 8..9, "="),
            (r#"a = "doc.x == \"y\" = 1""#, 13..14, "="),
            ("a = \"\"\"\ndoc.x = 1\"\"\"", 6..7, "="),
            (r#"a = "\u0064oc.x = 1""#, 6..7, r#""\u0064oc.x = 1""#),
            (r#"a = "doc.x ==""#, 8..8, ""),
        ] {
            let found = place(line, &["a"], Some(&part)).expect("there");
            assert_eq!(&line[found], expected, "{line}");
        }
        let text = "[database.posts]\nrule = { read = true }\n";
        let found = place(text, &["database", "posts", "rule", "read"], Some(&(0..4))).expect("there");
        assert_eq!(&text[found], "true");
    }
}
