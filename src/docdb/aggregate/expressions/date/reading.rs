//! Dates as people and programs write them, without a format that says how.

use bson::DateTime;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};

use super::{MONTHS, from_zone, read_zone, unreadable};
use crate::docdb::{Error, Result};

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Parses a date (`2024-03-10`, `2024/3/10`, `20240310`, `3/10/2024`, `10-3-2024`, `March 10, 2024`, `Sun, 10 Mar 2024`),
/// then perhaps a time after `T` or a space, then perhaps a zone.
pub(in super::super) fn parse(text: &str, zone: Option<TimeZone>) -> Result<DateTime> {
    let text = text.trim();
    let (date, rest) = in_numbers(text).or_else(|| in_words(text)).ok_or_else(|| unreadable(text))?;
    let (time, rest) = time_of_day(rest).ok_or_else(|| unreadable(text))?;
    let own_zone = match rest.trim() {
        "" => None,
        zone => Some(fixed_zone(zone).ok_or_else(|| unreadable(text))?),
    };
    if own_zone.is_some() && zone.is_some() {
        return Err(Error::invalid(241, format!("`{text}` has a time zone, and `timezone` names another")));
    }
    from_zone(date.to_datetime(time), &own_zone.or(zone).unwrap_or(TimeZone::UTC))
}

fn fixed_zone(text: &str) -> Option<TimeZone> {
    let (seconds, "") = read_zone(text)? else { return None };
    Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
}

/// Reads a date of digits, and returns what follows a `T` or a blank behind it.
fn in_numbers(text: &str) -> Option<(Date, &str)> {
    let (date, rest) = text.split_once(['T', 't', ' ']).unwrap_or((text, ""));
    let date = match date.bytes().all(|it| it.is_ascii_digit()) {
        true if date.len() == 8 => civil(date.get(..4)?, date.get(4..6)?, date.get(6..)?),
        true => None,
        false => separated(date),
    };
    Some((date?, rest))
}

/// Reads `2024-3-10`, `2024/3/10`, `3/10/2024`, `3/10/24` or `10-3-2024`.
fn separated(date: &str) -> Option<Date> {
    let separator = date.chars().find(|it| !it.is_ascii_digit())?;
    let mut parts = date.splitn(3, separator);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    match (first.len(), separator, third.len()) {
        (4, '-' | '/', _) => civil(first, second, third),
        (_, '/', 4) => civil(third, first, second),
        (_, '/', 2) => {
            let century = if third < "70" { "20" } else { "19" };
            civil(&format!("{century}{third}"), first, second)
        }
        (_, '-' | '.', 4) => civil(third, second, first),
        _ => None,
    }
}

/// Reads a day, the name of its month and a year, in the order of `10 Mar 2024`, `March 10th, 2024` or `2024-Mar-10`,
/// perhaps after the name of a weekday.
fn in_words(text: &str) -> Option<(Date, &str)> {
    let (first, rest) = match word(text) {
        (weekday, rest) if named(&WEEKDAYS, weekday).is_some() => word(rest),
        found => found,
    };
    let (second, rest) = word(rest);
    let (third, rest) = word(rest);
    let (year, month, day) = match named(&MONTHS, first) {
        Some(month) => (third, month, second),
        None if first.len() == 4 => (first, named(&MONTHS, second)?, third),
        None => (third, named(&MONTHS, second)?, first),
    };
    let ordinal = ["st", "nd", "rd", "th"].iter().find_map(|it| day.strip_suffix(it));
    Some((Date::new(year.parse().ok()?, month, ordinal.unwrap_or(day).parse().ok()?).ok()?, rest))
}

fn civil(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn word(text: &str) -> (&str, &str) {
    let separators = [' ', ',', '-'];
    let text = text.trim_start_matches(separators);
    text.split_at(text.find(separators).unwrap_or(text.len()))
}

/// Returns which of the names a word is, from 1: the whole name, or its first three letters.
fn named(names: &[&str], word: &str) -> Option<i8> {
    let is =
        |name: &&str| [Some(*name), name.get(..3)].iter().flatten().any(|it| it.eq_ignore_ascii_case(word));
    i8::try_from(names.iter().position(is)? + 1).ok()
}

/// Reads `07:30`, `07:30:15.123` or `7:30 PM`, midnight where there is none, and returns what follows.
fn time_of_day(text: &str) -> Option<(Time, &str)> {
    let text = text.trim_start();
    let end = text.find(|it: char| !matches!(it, '0'..='9' | ':' | '.')).unwrap_or(text.len());
    let (time, rest) = text.split_at(end);
    let zero = match time.split_once(':').map_or(time.len(), |(hour, _)| hour.len()) {
        0 if time.is_empty() => return Some((Time::midnight(), rest)),
        1 => "0",
        _ => "",
    };
    // With its letter a time needs no colons.
    let time: Time = format!("T{zero}{time}").parse().ok()?;
    let Some((half, behind)) = rest.trim_start().split_at_checked(2) else { return Some((time, rest)) };
    let afternoon = half.eq_ignore_ascii_case("pm");
    if !afternoon && !half.eq_ignore_ascii_case("am") {
        return Some((time, rest));
    }
    let hour = if (1..=12).contains(&time.hour()) { time.hour() % 12 } else { return None };
    Some((time.with().hour(hour + if afternoon { 12 } else { 0 }).build().ok()?, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_the_ways_they_are_written() {
        for (text, expected) in [
            ("2024-03-10", "2024-03-10T00:00:00Z"),
            ("2024/3/10", "2024-03-10T00:00:00Z"),
            ("20240310", "2024-03-10T00:00:00Z"),
            ("20240310T073015", "2024-03-10T07:30:15Z"),
            ("2024-03-10 07:30:15.123", "2024-03-10T07:30:15.123Z"),
            ("2024-03-10T07:30:15+0800", "2024-03-09T23:30:15Z"),
            ("2024-03-10T07:30:15 GMT+08:00", "2024-03-09T23:30:15Z"),
            ("2024-03-10T07:30:15 GMT+08", "2024-03-09T23:30:15Z"),
            ("2024-03-10T07:30:15 EST", "2024-03-10T12:30:15Z"),
            ("2024-03-10T07:30:15 L", "2024-03-09T20:30:15Z"),
            ("2024-03-10T07:30:15 P", "2024-03-10T10:30:15Z"),
            ("3/10/2024", "2024-03-10T00:00:00Z"),
            ("3/10/24", "2024-03-10T00:00:00Z"),
            ("10-03-2024", "2024-03-10T00:00:00Z"),
            ("March 10th, 2024 11am", "2024-03-10T11:00:00Z"),
            ("2024-Mar-10 07:30", "2024-03-10T07:30:00Z"),
            ("March 10, 2024", "2024-03-10T00:00:00Z"),
            ("mar 10 2024", "2024-03-10T00:00:00Z"),
            ("10 March 2024", "2024-03-10T00:00:00Z"),
            ("10-Mar-2024 07:30", "2024-03-10T07:30:00Z"),
            ("Sun, 10 Mar 2024 07:30:15 GMT", "2024-03-10T07:30:15Z"),
            ("March 10, 2024 7:30 PM", "2024-03-10T19:30:00Z"),
            ("2024-03-10 12:05am", "2024-03-10T00:05:00Z"),
            ("May 1, 2024 12:00 pm +08:00", "2024-05-01T04:00:00Z"),
        ] {
            let expected = DateTime::parse_rfc3339_str(expected).expect("a date");
            assert_eq!(parse(text, None).ok(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "nope",
            "2024",
            "2024-03",
            "2024-13-01",
            "202403101",
            "March 32, 2024",
            "March 2024",
            "10 10 2024",
            "13/10/2024",
            "24-3-10",
            "2024-03-10 07:30 Asia/Shanghai",
            "2024-03-10 07:30 J",
            "2024-03-10 25:00",
            "2024-03-10 13:00 PM",
            "March 10, 2024 at noon",
        ] {
            assert!(parse(text, None).is_err(), "{text}");
        }
        assert!(parse("2024-03-10Z", Some(TimeZone::UTC)).is_err(), "two zones");
    }
}
