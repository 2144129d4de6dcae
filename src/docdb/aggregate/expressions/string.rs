//! Strings, by byte and by code point.

use bson::Bson;

use super::array::bounds;
use super::convert::text_of;
use super::number::{Number, integer_of};
use super::{ANY, Named, Operator, Table, wrong_type};
use crate::docdb::aggregate::expression::{Value, is_null};
use crate::docdb::value::limits::STAGE_MEMORY;
use crate::docdb::{Error, Result};

pub(super) const TABLE: Table = &[
    ("$concat", Operator::Eager(0, ANY, concat)),
    ("$indexOfBytes", Operator::Eager(2, 4, index_of_bytes)),
    ("$indexOfCP", Operator::Eager(2, 4, index_of_code_points)),
    ("$ltrim", Operator::Named(&["input"], &["chars"], |it| trim(it, true, false))),
    ("$replaceAll", Operator::Named(REPLACE, &[], |it| replace(it, usize::MAX))),
    ("$replaceOne", Operator::Named(REPLACE, &[], |it| replace(it, 1))),
    ("$rtrim", Operator::Named(&["input"], &["chars"], |it| trim(it, false, true))),
    ("$split", Operator::Eager(2, 2, split)),
    ("$strLenBytes", Operator::Eager(1, 1, |it| length("$strLenBytes", 34473, it, str::len))),
    ("$strLenCP", Operator::Eager(1, 1, |it| length("$strLenCP", 34471, it, |text| text.chars().count()))),
    ("$strcasecmp", Operator::Eager(2, 2, compare_ignoring_case)),
    ("$substr", Operator::Eager(3, 3, substring_bytes)),
    ("$substrBytes", Operator::Eager(3, 3, substring_bytes)),
    ("$substrCP", Operator::Eager(3, 3, substring_code_points)),
    ("$toLower", Operator::Eager(1, 1, |it| change_case("$toLower", it, str::to_ascii_lowercase))),
    ("$toUpper", Operator::Eager(1, 1, |it| change_case("$toUpper", it, str::to_ascii_uppercase))),
    ("$trim", Operator::Named(&["input"], &["chars"], |it| trim(it, true, true))),
];

const REPLACE: &[&str] = &["input", "find", "replacement"];
const NULL: Value = Some(Bson::Null);

fn string<'a>(operator: &str, code: i32, value: &'a Value) -> Result<&'a str> {
    match value {
        Some(Bson::String(text)) => Ok(text),
        other => Err(wrong_type(code, operator, "strings", other)),
    }
}

/// Returns the text some operators make of numbers and dates too; null is the empty string.
fn coerce(operator: &str, value: &Value) -> Result<String> {
    match value {
        value if is_null(value) => Ok(String::new()),
        Some(Bson::String(text)) => Ok(text.clone()),
        Some(it @ Bson::DateTime(_)) => Ok(text_of(it).unwrap_or_default()),
        Some(it) if Number::of(it).is_some() => Ok(text_of(it).unwrap_or_default()),
        other => Err(wrong_type(16007, operator, "a string, number or date", other)),
    }
}

fn text(it: impl Into<String>) -> Result<Value> {
    Ok(Some(Bson::String(it.into())))
}

fn count(it: usize) -> Value {
    Some(Number::integer(it as i128, false))
}

fn concat(values: &[Value]) -> Result<Value> {
    let mut all = String::new();
    for value in values {
        if is_null(value) {
            return Ok(NULL);
        }
        all.push_str(string("$concat", 16702, value)?);
    }
    text(all)
}

fn length(operator: &str, code: i32, values: &[Value], measure: fn(&str) -> usize) -> Result<Value> {
    string(operator, code, values.first().unwrap_or(&None)).map(|it| count(measure(it)))
}

fn change_case(operator: &str, values: &[Value], change: fn(&str) -> String) -> Result<Value> {
    text(change(&coerce(operator, values.first().unwrap_or(&None))?))
}

fn compare_ignoring_case(values: &[Value]) -> Result<Value> {
    let [left, right] = values else { return Ok(None) };
    let left = coerce("$strcasecmp", left)?.to_ascii_uppercase();
    let right = coerce("$strcasecmp", right)?.to_ascii_uppercase();
    Ok(Some(Bson::Int32(left.cmp(&right) as i32)))
}

fn split(values: &[Value]) -> Result<Value> {
    let [input, delimiter] = values else { return Ok(None) };
    if is_null(input) || is_null(delimiter) {
        return Ok(NULL);
    }
    let (input, delimiter) = (string("$split", 40085, input)?, string("$split", 40086, delimiter)?);
    match delimiter.is_empty() {
        true => Err(Error::invalid(40087, "the delimiter of `$split` may not be empty")),
        false => Ok(Some(Bson::Array(input.split(delimiter).map(Bson::from).collect()))),
    }
}

fn substring_bytes(values: &[Value]) -> Result<Value> {
    let [input, start, length] = values else { return Ok(None) };
    let input = coerce("$substrBytes", input)?;
    let whole = |code, value: &Value| {
        let number = value.as_ref().and_then(Number::of).map(|it| it.as_f64().trunc());
        let number = number.and_then(|it| Number::Double(it).as_i64());
        number.ok_or_else(|| wrong_type(code, "$substrBytes", "numbers as its bounds", value))
    };
    let (start, length) = (whole(16034, start)?, whole(16035, length)?);
    let start = usize::try_from(start)
        .map_err(|_| Error::invalid(50752, "`$substrBytes` takes no negative start"))?;
    if start >= input.len() {
        return text("");
    }
    // A negative length is the rest of the string.
    let end = usize::try_from(length).map_or(input.len(), |it| start.saturating_add(it).min(input.len()));
    match input.get(start..end) {
        Some(part) => text(part),
        None => Err(Error::invalid(28656, "`$substrBytes` begins or ends inside a UTF-8 character")),
    }
}

fn substring_code_points(values: &[Value]) -> Result<Value> {
    let [input, start, length] = values else { return Ok(None) };
    let input = coerce("$substrCP", input)?;
    let natural = |code, value: &Value| {
        let number = value.as_ref().and_then(integer_of).and_then(|it| usize::try_from(it).ok());
        number.ok_or_else(|| Error::invalid(code, "`$substrCP` takes whole, non-negative bounds"))
    };
    let (start, length) = (natural(34455, start)?, natural(34454, length)?);
    text(input.chars().skip(start).take(length).collect::<String>())
}

fn index_of_bytes(values: &[Value]) -> Result<Value> {
    let [input, needle, limits @ ..] = values else { return Ok(None) };
    if is_null(input) {
        return Ok(NULL);
    }
    let (input, needle) = (string("$indexOfBytes", 40091, input)?, string("$indexOfBytes", 40092, needle)?);
    let Some((start, end)) = bounds("$indexOfBytes", 40096, limits, input.len())? else {
        return Ok(Some(Bson::Int32(-1)));
    };
    let searched = input.as_bytes().get(start..end).unwrap_or_default();
    let found = position(searched, needle.as_bytes());
    Ok(found.map_or(Some(Bson::Int32(-1)), |it| count(start + it)))
}

fn index_of_code_points(values: &[Value]) -> Result<Value> {
    let [input, needle, limits @ ..] = values else { return Ok(None) };
    if is_null(input) {
        return Ok(NULL);
    }
    let (input, needle) = (string("$indexOfCP", 40093, input)?, string("$indexOfCP", 40094, needle)?);
    let (input, needle): (Vec<_>, Vec<_>) = (input.chars().collect(), needle.chars().collect());
    let Some((start, end)) = bounds("$indexOfCP", 40096, limits, input.len())? else {
        return Ok(Some(Bson::Int32(-1)));
    };
    let found = position(input.get(start..end).unwrap_or_default(), &needle);
    Ok(found.map_or(Some(Bson::Int32(-1)), |it| count(start + it)))
}

fn position<T: PartialEq>(haystack: &[T], needle: &[T]) -> Option<usize> {
    match needle.is_empty() {
        true => Some(0),
        false => haystack.windows(needle.len()).position(|it| it == needle),
    }
}

fn trim(named: &Named, left: bool, right: bool) -> Result<Value> {
    let (input, chars) = (named.value("input")?, named.given("chars")?);
    if is_null(&input) || chars.as_ref().is_some_and(is_null) {
        return Ok(NULL);
    }
    let input = string("$trim", 50699, &input)?;
    let chars = chars.as_ref().map(|it| string("$trim", 50700, it)).transpose()?;
    let drops = |it: char| match chars {
        Some(chars) => chars.contains(it),
        // MongoDB's default set; Unicode knows a few more spaces.
        None => matches!(it, '\0' | '\t'..='\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}'),
    };
    let input = if left { input.trim_start_matches(drops) } else { input };
    text(if right { input.trim_end_matches(drops) } else { input })
}

/// Replaces the first findings, as many as `most`.
fn replace(named: &Named, most: usize) -> Result<Value> {
    let values = [named.value("input")?, named.value("find")?, named.value("replacement")?];
    for value in values.iter().filter(|it| !is_null(it)) {
        string("$replaceOne", 51746, value)?;
    }
    match &values {
        [Some(Bson::String(input)), Some(Bson::String(find)), Some(Bson::String(by))] => {
            let found = input.matches(find.as_str()).take(most).count();
            match input.len().saturating_add(found.saturating_mul(by.len())) > STAGE_MEMORY {
                true => Err(Error::invalid(
                    292,
                    format!("a text with its replacements grew over {STAGE_MEMORY} bytes"),
                )),
                false => text(input.replacen(find, by, found)),
            }
        }
        _ => Ok(NULL),
    }
}
