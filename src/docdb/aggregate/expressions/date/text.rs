//! Dates as text.

use std::fmt::Write;

use bson::{Bson, DateTime};
use jiff::Span;
use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use super::super::{Named, Operator, Table, wrong_type};
use super::local::Local;
use super::part::{day_of_week, iso_day_of_week, week};
use super::parts::first_of_iso_year;
use super::reading::parse;
use super::{MONTHS, NULL, date_of, from_zone, read_zone, unreadable, zone_of};
use crate::docdb::aggregate::expression::{Value, is_null};
use crate::docdb::{Error, Result};

pub(in super::super) const TABLE: Table = &[
    (
        "$dateFromString",
        Operator::Named(&["dateString"], &["format", "timezone", "onError", "onNull"], from_string),
    ),
    ("$dateToString", Operator::Named(&["date"], &["format", "timezone", "onNull"], to_string)),
];

const ISO_FORMAT: &str = "%Y-%m-%dT%H:%M:%S.%LZ";

fn to_string(named: &Named) -> Result<Value> {
    let date = named.value("date")?;
    if is_null(&date) {
        return Ok(named.given("onNull")?.unwrap_or(NULL));
    }
    let Some(zone) = zone_of("$dateToString", named)? else { return Ok(NULL) };
    let format = match named.given("format")? {
        None => ISO_FORMAT.to_owned(),
        Some(Some(Bson::String(format))) => format,
        Some(format) if is_null(&format) => return Ok(NULL),
        Some(format) => return Err(wrong_type(18533, "$dateToString", "a string as `format`", &format)),
    };
    let date = Local::new(date_of("$dateToString", &date)?, &zone)?;
    print(&date, &format).map(|it| Some(Bson::String(it)))
}

/// Returns the date as `2024-01-31T23:59:59.000Z`.
pub(in super::super) fn iso_text(date: DateTime) -> Result<String> {
    print(&Local::new(date, &TimeZone::UTC)?, ISO_FORMAT)
}

fn print(date: &Local, format: &str) -> Result<String> {
    let mut text = String::new();
    let mut chars = format.chars();
    while let Some(char) = chars.next() {
        if char != '%' {
            text.push(char);
            continue;
        }
        let Some(specifier) = chars.next() else {
            return Err(Error::invalid(18535, "a date format may not end in a single `%`"));
        };
        print_part(&mut text, date, specifier)?;
    }
    Ok(text)
}

fn print_part(text: &mut String, date: &Local, specifier: char) -> Result<()> {
    let offset = date.offset().seconds() / 60;
    let written = match specifier {
        'Y' => write!(text, "{:04}", printed_year(date.year())?),
        'm' => write!(text, "{:02}", date.month()),
        'd' => write!(text, "{:02}", date.day()),
        'H' => write!(text, "{:02}", date.hour()),
        'M' => write!(text, "{:02}", date.minute()),
        'S' => write!(text, "{:02}", date.second()),
        'L' => write!(text, "{:03}", date.millisecond()),
        'b' => text.write_str(month_name(date.month()).get(..3).unwrap_or_default()),
        'B' => text.write_str(month_name(date.month())),
        'j' => write!(text, "{:03}", date.day_of_year()),
        'w' => write!(text, "{}", day_of_week(date)),
        'u' => write!(text, "{}", iso_day_of_week(date)),
        'U' => write!(text, "{:02}", week(date)),
        'V' => write!(text, "{:02}", date.iso_week()),
        'G' => write!(text, "{:04}", printed_year(date.iso_week_year())?),
        'z' => {
            let sign = if offset < 0 { '-' } else { '+' };
            write!(text, "{sign}{:02}{:02}", offset.abs() / 60, offset.abs() % 60)
        }
        'Z' => write!(text, "{offset}"),
        '%' => text.write_char('%'),
        other => return Err(unknown_specifier(other)),
    };
    written.map_err(|_| Error::invalid(18536, "the date could not be written"))
}

/// Refuses a year that does not have four digits.
fn printed_year(year: i64) -> Result<i64> {
    match year {
        0..=9999 => Ok(year),
        _ => Err(Error::invalid(18537, format!("a date of the year {year} cannot be written as text"))),
    }
}

fn month_name(month: i8) -> &'static str {
    let index = usize::try_from(month).unwrap_or_default();
    MONTHS.get(index.saturating_sub(1)).copied().unwrap_or_default()
}

fn unknown_specifier(specifier: char) -> Error {
    Error::invalid(18536, format!("a date format knows no `%{specifier}`"))
}

fn from_string(named: &Named) -> Result<Value> {
    let text = named.value("dateString")?;
    if is_null(&text) {
        return Ok(named.given("onNull")?.unwrap_or(NULL));
    }
    let parsed = match &text {
        Some(Bson::String(text)) => match (zone_argument(named)?, format_argument(named)?) {
            (Some(zone), Some(Some(format))) => parse_format(text, &format, zone),
            (Some(zone), Some(None)) => parse(text, zone),
            _ => return Ok(NULL),
        },
        other => Err(wrong_type(241, "$dateFromString", "a string as `dateString`", other)),
    };
    match (parsed, named.given("onError")) {
        (Ok(date), _) => Ok(Some(Bson::DateTime(date))),
        (Err(_), Ok(Some(replacement))) => Ok(replacement),
        (Err(error), _) => Err(error),
    }
}

/// Returns the zone for a text without one of its own; `Some(None)` when none was given, `None` when null was.
#[expect(clippy::option_option, reason = "not given and null differ")]
fn zone_argument(named: &Named) -> Result<Option<Option<TimeZone>>> {
    match named.given("timezone")? {
        None => Ok(Some(None)),
        Some(_) => Ok(zone_of("$dateFromString", named)?.map(Some)),
    }
}

/// Returns the format; `Some(None)` when none was given, `None` when null was.
#[expect(clippy::option_option, reason = "not given and null differ")]
fn format_argument(named: &Named) -> Result<Option<Option<String>>> {
    match named.given("format")? {
        None => Ok(Some(None)),
        Some(Some(Bson::String(format))) => Ok(Some(Some(format))),
        Some(format) if is_null(&format) => Ok(None),
        Some(format) => Err(wrong_type(40684, "$dateFromString", "a string as `format`", &format)),
    }
}

/// The parts a format has read so far.
#[derive(Default)]
struct Parts {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    iso_year: Option<i64>,
    iso_week: Option<i64>,
    iso_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    millisecond: i64,
    offset: Option<i32>,
}

fn parse_format(text: &str, format: &str, zone: Option<TimeZone>) -> Result<DateTime> {
    let mut parts = Parts::default();
    let mut rest = text;
    let mut chars = format.chars();
    while let Some(char) = chars.next() {
        rest = match char {
            '%' => {
                let specifier = chars
                    .next()
                    .ok_or_else(|| Error::invalid(18535, "a date format may not end in a single `%`"))?;
                read_part(&mut parts, rest, specifier)?.ok_or_else(|| unreadable(text))?
            }
            literal => rest.strip_prefix(literal).ok_or_else(|| unreadable(text))?,
        };
    }
    if !rest.is_empty() || (parts.offset.is_some() && zone.is_some()) {
        return Err(unreadable(text));
    }
    let own_zone = parts.offset.and_then(|it| Offset::from_seconds(it).ok()).map(TimeZone::fixed);
    let civil = assemble(&parts).ok_or_else(|| unreadable(text))?;
    from_zone(civil, &own_zone.or(zone).unwrap_or(TimeZone::UTC))
}

/// Reads one specifier and returns what follows it, `None` when the text does not fit.
fn read_part<'t>(parts: &mut Parts, text: &'t str, specifier: char) -> Result<Option<&'t str>> {
    let (set, most): (fn(&mut Parts, i64), usize) = match specifier {
        'Y' => (|it, value| it.year = Some(value), 4),
        'm' => (|it, value| it.month = Some(value), 2),
        'd' => (|it, value| it.day = Some(value), 2),
        'j' => (|it, value| it.day_of_year = Some(value), 3),
        'G' => (|it, value| it.iso_year = Some(value), 4),
        'V' => (|it, value| it.iso_week = Some(value), 2),
        'u' => (|it, value| it.iso_day = Some(value), 1),
        'H' => (|it, value| it.hour = value, 2),
        'M' => (|it, value| it.minute = value, 2),
        'S' => (|it, value| it.second = value, 2),
        'L' => (|it, value| it.millisecond = value, 3),
        'b' => return Ok(read_month(parts, text, |name| name.get(..3))),
        'B' => return Ok(read_month(parts, text, Some)),
        'z' => return Ok(read_offset(parts, text)),
        'Z' => return Ok(read_minutes(parts, text)),
        '%' => return Ok(text.strip_prefix('%')),
        other => return Err(unknown_specifier(other)),
    };
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let Ok(number) = number.parse() else { return Ok(None) };
    set(parts, number);
    Ok(Some(rest))
}

/// Reads the name of a month, or the part of it that counts.
fn read_month<'t>(
    parts: &mut Parts,
    text: &'t str,
    part: fn(&'static str) -> Option<&'static str>,
) -> Option<&'t str> {
    (1..).zip(MONTHS.iter().filter_map(|it| part(it))).find_map(|(month, name)| {
        let (read, rest) = text.split_at_checked(name.len())?;
        read.eq_ignore_ascii_case(name).then(|| {
            parts.month = Some(month);
            rest
        })
    })
}

fn read_offset<'t>(parts: &mut Parts, text: &'t str) -> Option<&'t str> {
    let (seconds, rest) = read_zone(text)?;
    parts.offset = Some(seconds);
    Some(rest)
}

fn read_minutes<'t>(parts: &mut Parts, text: &'t str) -> Option<&'t str> {
    let digits = text.strip_prefix(['+', '-'])?;
    let (number, rest) = digits.split_at(digits.bytes().take(4).take_while(u8::is_ascii_digit).count());
    let seconds = number.parse::<i32>().ok()? * 60;
    parts.offset = Some(if text.starts_with('-') { -seconds } else { seconds });
    Some(rest)
}

fn assemble(parts: &Parts) -> Option<civil::DateTime> {
    let small = |it: i64| i8::try_from(it).ok();
    let by_week = [parts.iso_year, parts.iso_week, parts.iso_day].iter().any(Option::is_some);
    let by_day = [parts.year, parts.month, parts.day, parts.day_of_year].iter().any(Option::is_some);
    let date = match (parts.iso_year, parts.day_of_year) {
        _ if by_week && by_day => None,
        (Some(year), _) => {
            let (week, day) = (parts.iso_week.unwrap_or(1), parts.iso_day.unwrap_or(1));
            let valid = (1..=53).contains(&week) && (1..=7).contains(&day);
            // Week 53 of a year with 52 is the first of the next.
            let days = Span::new().try_days((week - 1) * 7 + day - 1).ok().filter(|_| valid)?;
            first_of_iso_year(year)?.checked_add(days).ok()
        }
        (None, Some(day)) => {
            let first = civil::Date::new(i16::try_from(parts.year?).ok()?, 1, 1).ok()?;
            first.with().day_of_year(i16::try_from(day).ok()?).build().ok()
        }
        (None, None) => {
            let year = i16::try_from(parts.year?).ok()?;
            civil::Date::new(year, small(parts.month?)?, small(parts.day?)?).ok()
        }
    };
    let time = civil::Time::new(small(parts.hour)?, small(parts.minute)?, small(parts.second)?, 0).ok()?;
    let millisecond = i16::try_from(parts.millisecond).ok()?;
    Some(date?.to_datetime(time.with().millisecond(millisecond).build().ok()?))
}
