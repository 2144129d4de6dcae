//! Dates: milliseconds since the epoch, seen through a time zone.

mod local;
pub(super) mod part;
pub(super) mod parts;
pub(super) mod reading;
pub(super) mod span;
pub(super) mod text;

use bson::{Bson, DateTime};
use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use super::{Named, wrong_type};
use crate::docdb::aggregate::expression::{Value, is_null};
use crate::docdb::{Error, Result};
use local::Far;

const NULL: Value = Some(Bson::Null);

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Returns a date from a value that has one: a date, a timestamp or an ObjectId.
fn date_of(operator: &str, value: &Value) -> Result<DateTime> {
    match value {
        Some(Bson::DateTime(it)) => Ok(*it),
        Some(Bson::Timestamp(it)) => Ok(DateTime::from_millis(i64::from(it.time) * 1000)),
        Some(Bson::ObjectId(it)) => Ok(it.timestamp()),
        other => Err(wrong_type(16006, operator, "a date", other)),
    }
}

/// Returns the date at which clock and calendar of a zone show this.
fn from_zone(civil: civil::DateTime, zone: &TimeZone) -> Result<DateTime> {
    Far { near: civil, cycles: 0 }.in_zone(zone)
}

fn out_of_range() -> Error {
    Error::invalid(18537, "the date is outside the range of the calendar")
}

fn unreadable(text: &str) -> Error {
    Error::invalid(241, format!("could not read `{text}` as a date"))
}

/// Returns the argument `timezone`: UTC when not given, `None` when null.
fn zone_of(operator: &str, named: &Named) -> Result<Option<TimeZone>> {
    match named.given("timezone")? {
        None => Ok(Some(TimeZone::UTC)),
        Some(Some(Bson::String(name))) => parse_zone(&name).map(Some),
        Some(value) if is_null(&value) => Ok(None),
        Some(value) => Err(wrong_type(40517, operator, "a string as `timezone`", &value)),
    }
}

/// Parses an Olson name, `±HH`, `±HHMM` or `±HH:MM`.
fn parse_zone(name: &str) -> Result<TimeZone> {
    let unknown = || Error::invalid(40485, format!("unrecognized time zone identifier: `{name}`"));
    match name.strip_prefix(['+', '-']) {
        Some(digits) => {
            let seconds = parse_offset(digits).ok_or_else(unknown)?;
            let seconds = if name.starts_with('-') { -seconds } else { seconds };
            Offset::from_seconds(seconds).map(TimeZone::fixed).map_err(|_| unknown())
        }
        None if matches!(name, "UTC" | "GMT" | "Z") => Ok(TimeZone::UTC),
        None => TimeZone::get(name).map_err(|_| unknown()),
    }
}

/// Returns the seconds of `HH`, `HHMM` or `HH:MM`.
fn parse_offset(digits: &str) -> Option<i32> {
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None => (digits.get(..2)?, digits.get(2..)?),
    };
    let two =
        |it: &str| (it.len() == 2 && it.bytes().all(|b| b.is_ascii_digit())).then(|| it.parse::<i32>().ok());
    let minutes = if minutes.is_empty() { 0 } else { two(minutes)?? };
    Some(two(hours)?? * 3600 + minutes * 60)
}

/// Reads the zone at the beginning of a text, `Z`, `+08:00`, `GMT+8`, an abbreviation or a military letter, and returns its
/// seconds and what follows. Olson names are for the argument `timezone` alone.
fn read_zone(text: &str) -> Option<(i32, &str)> {
    let text = text.trim_start();
    let (name, rest) = text.split_at(text.find(|it: char| !it.is_ascii_alphabetic()).unwrap_or(text.len()));
    let name = name.to_ascii_uppercase();
    if !matches!(name.as_str(), "" | "GMT" | "UTC") {
        let hours = ABBREVIATIONS.iter().find(|(it, _)| *it == name).map(|(_, hours)| *hours);
        return Some((hours.or_else(|| military(&name))? * 3600, rest));
    }
    let Some(digits) = rest.strip_prefix(['+', '-']) else { return (!name.is_empty()).then_some((0, rest)) };
    let end = digits.bytes().take(5).take_while(|it| it.is_ascii_digit() || *it == b':').count();
    let seconds = parse_offset(digits.get(..end)?)?;
    Some((if rest.starts_with('-') { -seconds } else { seconds }, digits.get(end..)?))
}

/// The hours that abbreviations of zones stand for.
const ABBREVIATIONS: [(&str, i32); 15] = [
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("BST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("JST", 9),
    ("KST", 9),
];

/// Returns the hours of a military zone: A to M without J are east, N to Y west.
fn military(letter: &str) -> Option<i32> {
    let hours = |letters: &str| i32::try_from(letters.find(letter)? + 1).ok();
    match letter {
        "Z" => Some(0),
        _ if letter.len() != 1 => None,
        _ => hours("ABCDEFGHIKLM").or_else(|| hours("NOPQRSTUVWXY").map(|it| -it)),
    }
}
