//! Regular expressions over one string.

use bson::{Bson, Document, doc};
use fancy_regex::{Captures, Regex};

use super::{Named, Operator, Table, wrong_type};
use crate::docdb::aggregate::expression::{Value, is_null};
use crate::docdb::{Error, Result};

pub(super) const TABLE: Table = &[
    ("$regexFind", Operator::Named(REQUIRED, &["options"], find)),
    ("$regexFindAll", Operator::Named(REQUIRED, &["options"], find_all)),
    ("$regexMatch", Operator::Named(REQUIRED, &["options"], matches)),
];

const REQUIRED: &[&str] = &["input", "regex"];

/// Returns the text and the pattern, `None` when one is null or missing.
fn operands(operator: &str, named: &Named) -> Result<Option<(String, Regex)>> {
    let (input, regex, options) = (named.value("input")?, named.value("regex")?, named.value("options")?);
    let options = match options {
        Some(Bson::String(it)) => Some(it),
        it if is_null(&it) => None,
        it => return Err(wrong_type(51106, operator, "a string as `options`", &it)),
    };
    let (pattern, own_options) = match regex {
        Some(Bson::String(it)) => (it, String::new()),
        Some(Bson::RegularExpression(it)) => (it.pattern.to_string(), it.options.to_string()),
        it if is_null(&it) => return Ok(None),
        it => return Err(wrong_type(51105, operator, "a string or a regular expression as `regex`", &it)),
    };
    if options.is_some() && !own_options.is_empty() {
        return Err(Error::invalid(
            51107,
            format!("`{operator}` has options both in `regex` and in `options`"),
        ));
    }
    let input = match input {
        Some(Bson::String(it)) => it,
        it if is_null(&it) => return Ok(None),
        it => return Err(wrong_type(51104, operator, "a string as `input`", &it)),
    };
    Ok(Some((input, compile(operator, &pattern, &options.unwrap_or(own_options))?)))
}

fn compile(operator: &str, pattern: &str, options: &str) -> Result<Regex> {
    if let Some(flag) = options.chars().find(|it| !"imsx".contains(*it)) {
        return Err(Error::invalid(51108, format!("`{operator}` has no option `{flag}`")));
    }
    let pattern = if options.is_empty() { pattern.to_owned() } else { format!("(?{options}){pattern}") };
    Regex::new(&pattern).map_err(|error| {
        Error::invalid(51111, format!("the regular expression of `{operator}` is not valid: {error}"))
    })
}

/// A search that gave up, because the pattern backtracks without end.
fn gave_up(error: fancy_regex::Error) -> Error {
    Error::invalid(51156, format!("the regular expression could not be run: {error}"))
}

fn matches(named: &Named) -> Result<Value> {
    let Some((input, regex)) = operands("$regexMatch", named)? else { return Ok(Some(Bson::Boolean(false))) };
    regex.is_match(&input).map(|it| Some(Bson::Boolean(it))).map_err(gave_up)
}

fn find(named: &Named) -> Result<Value> {
    let Some((input, regex)) = operands("$regexFind", named)? else { return Ok(Some(Bson::Null)) };
    let found = regex.captures(input.as_str()).map_err(gave_up)?;
    Ok(Some(found.map_or(Bson::Null, |it| Bson::Document(describe(&input, &it)))))
}

fn find_all(named: &Named) -> Result<Value> {
    let Some((input, regex)) = operands("$regexFindAll", named)? else {
        return Ok(Some(Bson::Array(Vec::new())));
    };
    let all = regex.captures_iter(input.as_str());
    let all = all.map(|it| Ok(Bson::Document(describe(&input, &it.map_err(gave_up)?))));
    Ok(Some(Bson::Array(all.collect::<Result<_>>()?)))
}

/// Describes one match; `idx` counts code points.
fn describe(input: &str, captures: &Captures<str>) -> Document {
    let (text, start) = captures.get(0).map_or(("", 0), |it| (it.as_str(), it.start()));
    let index = input.get(..start).unwrap_or_default().chars().count();
    let groups = captures.iter().skip(1);
    let groups = groups.map(|it| it.map_or(Bson::Null, |it| Bson::from(it.as_str())));
    doc! { "match": text, "idx": i32::try_from(index).unwrap_or(i32::MAX), "captures": groups.collect::<Vec<_>>() }
}
