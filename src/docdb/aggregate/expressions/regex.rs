//! Regular expressions over one string.

use bson::{Bson, Document, doc};
use fancy_regex::Captures;

use super::{Named, Operator, Table, named, wrong_type};
use crate::docdb::aggregate::expression::{Expression, Names, Value, is_null};
use crate::docdb::filter::Pattern;
use crate::docdb::{Error, Result};

pub(super) const TABLE: Table = &[
    ("$regexFind", Operator::Form(|it, names| parse("$regexFind", it, names, find))),
    ("$regexFindAll", Operator::Form(|it, names| parse("$regexFindAll", it, names, find_all))),
    ("$regexMatch", Operator::Form(|it, names| parse("$regexMatch", it, names, matches))),
];

/// Answers for a text and a pattern, or for null in place of one of them.
type Search = fn(Option<(&str, &Pattern)>) -> Result<Bson>;

fn parse(operator: &'static str, operand: &Bson, names: &Names, search: Search) -> Result<Expression> {
    let given = named(operator, operand, &["input", "regex"], &["options"], names)?;
    let fixed = fixed_pattern(operator, operand)?;
    Ok(Expression::new(move |scope| {
        let named = Named { given: &given, scope };
        let computed = match &fixed {
            Some(_) => None,
            None => compile(operator, named.value("regex")?, named.value("options")?)?,
        };
        let input = named.value("input")?;
        let found = match (&input, fixed.as_ref().or(computed.as_ref())) {
            (Some(Bson::String(text)), Some(pattern)) => search(Some((text, pattern))),
            (Some(Bson::String(_)), None) => search(None),
            (input, _) if is_null(input) => search(None),
            (input, _) => Err(wrong_type(51104, operator, "a string as `input`", input)),
        };
        found.map(Some)
    }))
}

/// Compiles a pattern that is written out once, rather than for each document.
fn fixed_pattern(operator: &str, operand: &Bson) -> Result<Option<Pattern>> {
    let written = |name| match operand.as_document().and_then(|it| it.get(name)) {
        Some(Bson::String(text)) if text.starts_with('$') => None,
        Some(it @ (Bson::String(_) | Bson::RegularExpression(_))) => Some(Some(it.clone())),
        Some(_) => None,
        None => Some(None),
    };
    match written("regex").zip(written("options")) {
        Some((regex, options)) => compile(operator, regex, options),
        None => Ok(None),
    }
}

/// Compiles a pattern; null is none.
fn compile(operator: &str, regex: Value, options: Value) -> Result<Option<Pattern>> {
    let options = match options {
        Some(Bson::String(it)) => it,
        it if is_null(&it) => String::new(),
        it => return Err(wrong_type(51106, operator, "a string as `options`", &it)),
    };
    match regex {
        Some(Bson::String(source)) => Pattern::new(&source, &options).map(Some),
        Some(Bson::RegularExpression(regex)) if options.is_empty() => Pattern::literal(&regex).map(Some),
        Some(Bson::RegularExpression(regex)) if regex.options.as_str().is_empty() => {
            Pattern::new(regex.pattern.as_str(), &options).map(Some)
        }
        Some(Bson::RegularExpression(_)) => {
            Err(Error::invalid(51107, format!("`{operator}` has options both in `regex` and in `options`")))
        }
        it if is_null(&it) => Ok(None),
        it => Err(wrong_type(51105, operator, "a string or a regular expression as `regex`", &it)),
    }
}

/// A search that was given up, because the pattern backtracks without end.
fn gave_up(error: fancy_regex::Error) -> Error {
    Error::invalid(51156, format!("the regular expression gave up: {error}"))
}

fn matches(operands: Option<(&str, &Pattern)>) -> Result<Bson> {
    let Some((input, pattern)) = operands else { return Ok(Bson::Boolean(false)) };
    pattern.regex().is_match(input).map(Bson::Boolean).map_err(gave_up)
}

fn find(operands: Option<(&str, &Pattern)>) -> Result<Bson> {
    let Some((input, pattern)) = operands else { return Ok(Bson::Null) };
    let found = pattern.regex().captures(input).map_err(gave_up)?;
    Ok(found.map_or(Bson::Null, |it| Bson::Document(describe(input, &it))))
}

fn find_all(operands: Option<(&str, &Pattern)>) -> Result<Bson> {
    let Some((input, pattern)) = operands else { return Ok(Bson::Array(Vec::new())) };
    let mut all = Vec::new();
    for captures in pattern.regex().captures_iter(input) {
        let captures = captures.map_err(gave_up)?;
        all.push(Bson::Document(describe(input, &captures)));
        let (start, end) = captures.get(0).map_or((0, 0), |it| (it.start(), it.end()));
        // MongoDB searches on only while something is left, so that nothing is found behind the last character.
        let next = if start == end { end + 1 } else { end };
        if next >= input.len() {
            break;
        }
    }
    Ok(Bson::Array(all))
}

/// Describes one match; `idx` counts code points.
fn describe(input: &str, captures: &Captures<str>) -> Document {
    let (text, start) = captures.get(0).map_or(("", 0), |it| (it.as_str(), it.start()));
    let index = input.get(..start).unwrap_or_default().chars().count();
    let groups = captures.iter().skip(1);
    let groups = groups.map(|it| it.map_or(Bson::Null, |it| Bson::from(it.as_str())));
    doc! { "match": text, "idx": i32::try_from(index).unwrap_or(i32::MAX), "captures": groups.collect::<Vec<_>>() }
}
