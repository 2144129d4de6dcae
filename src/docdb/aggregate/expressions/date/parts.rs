//! A date taken apart, and put together again.

use bson::{Bson, doc};
use jiff::Span;
use jiff::civil::{self, ISOWeekDate, Weekday};

use super::super::number::integer_of;
use super::super::{Named, Operator, Table, wrong_type};
use super::local::Local;
use super::part::iso_day_of_week;
use super::{NULL, date_of, from_zone, out_of_range, zone_of};
use crate::docdb::aggregate::expression::{Value, is_null};
use crate::docdb::{Error, Result};

pub(in super::super) const TABLE: Table = &[
    ("$dateFromParts", Operator::Named(&[], FROM_PARTS, from_parts)),
    ("$dateToParts", Operator::Named(&["date"], &["timezone", "iso8601"], to_parts)),
];

const FROM_PARTS: &[&str] = &[
    "year",
    "month",
    "day",
    "isoWeekYear",
    "isoWeek",
    "isoDayOfWeek",
    "hour",
    "minute",
    "second",
    "millisecond",
    "timezone",
];

fn to_parts(named: &Named) -> Result<Value> {
    let (date, iso) = (named.value("date")?, named.given("iso8601")?);
    let Some(zone) = zone_of("$dateToParts", named)? else { return Ok(NULL) };
    if is_null(&date) || iso.as_ref().is_some_and(is_null) {
        return Ok(NULL);
    }
    let iso = match iso {
        None | Some(Some(Bson::Boolean(false))) => false,
        Some(Some(Bson::Boolean(true))) => true,
        Some(other) => return Err(wrong_type(40521, "$dateToParts", "true or false as `iso8601`", &other)),
    };
    let date = Local::new(date_of("$dateToParts", &date)?, &zone)?;
    let int = |it: i64| i32::try_from(it).unwrap_or_default();
    let mut parts = match iso {
        true => doc! {
            "isoWeekYear": int(date.iso_week_year()),
            "isoWeek": i32::from(date.iso_week()),
            "isoDayOfWeek": int(iso_day_of_week(&date)),
        },
        false => doc! {
            "year": int(date.year()),
            "month": i32::from(date.month()),
            "day": i32::from(date.day()),
        },
    };
    parts.extend(doc! {
        "hour": i32::from(date.hour()),
        "minute": i32::from(date.minute()),
        "second": i32::from(date.second()),
        "millisecond": i32::from(date.millisecond()),
    });
    Ok(Some(Bson::Document(parts)))
}

/// A part out of its range rolls over: month 14 is February of the next year, day 0 the last of the month before.
fn from_parts(named: &Named) -> Result<Value> {
    let Some(zone) = zone_of("$dateFromParts", named)? else { return Ok(NULL) };
    let iso = named.given("isoWeekYear")?.is_some();
    for other in if iso { ["year", "month", "day"] } else { ["isoWeekYear", "isoWeek", "isoDayOfWeek"] } {
        if named.given(other)?.is_some() {
            let message =
                format!("`$dateFromParts` does not take `{other}` beside parts of the other calendar");
            return Err(Error::invalid(40489, message));
        }
    }
    let (year, middle, day) = match iso {
        true => ("isoWeekYear", "isoWeek", "isoDayOfWeek"),
        false => ("year", "month", "day"),
    };
    let (Some(year), Some(middle), Some(day)) =
        (part(named, year, None)?, part(named, middle, Some(1))?, part(named, day, Some(1))?)
    else {
        return Ok(NULL);
    };
    let time = ["hour", "minute", "second", "millisecond"].map(|name| part(named, name, Some(0)));
    let [Some(hour), Some(minute), Some(second), Some(millisecond)] = transpose(time)? else {
        return Ok(NULL);
    };
    if !(1..=9999).contains(&year) {
        return Err(Error::invalid(40523, "`$dateFromParts` takes years from 1 to 9999"));
    }
    if [middle, day, hour, minute].iter().any(|it| i16::try_from(*it).is_err()) {
        let message = "`$dateFromParts` takes months, weeks, days, hours and minutes from -32768 to 32767";
        return Err(Error::invalid(31034, message));
    }
    let first = if iso { first_of_iso_year(year) } else { first_of_month(year * 12 + middle - 1) };
    let days = if iso { (middle - 1) * 7 + day - 1 } else { day - 1 };
    let time = Span::new()
        .try_hours(hour)
        .and_then(|it| it.try_minutes(minute))
        .and_then(|it| it.try_seconds(second))
        .and_then(|it| it.try_milliseconds(millisecond));
    let civil = time.ok().zip(first).and_then(|(time, first)| {
        let days = Span::new().try_days(days).ok()?;
        first.to_datetime(civil::Time::midnight()).checked_add(days).ok()?.checked_add(time).ok()
    });
    from_zone(civil.ok_or_else(out_of_range)?, &zone).map(|it| Some(Bson::DateTime(it)))
}

fn transpose<const N: usize>(parts: [Result<Option<i64>>; N]) -> Result<[Option<i64>; N]> {
    let mut all = [None; N];
    for (slot, part) in all.iter_mut().zip(parts) {
        *slot = part?;
    }
    Ok(all)
}

fn first_of_month(months: i64) -> Option<civil::Date> {
    let year = i16::try_from(months.div_euclid(12)).ok()?;
    civil::Date::new(year, i8::try_from(months.rem_euclid(12) + 1).ok()?, 1).ok()
}

pub(super) fn first_of_iso_year(year: i64) -> Option<civil::Date> {
    ISOWeekDate::new(i16::try_from(year).ok()?, 1, Weekday::Monday).ok().map(ISOWeekDate::date)
}

/// Returns an argument, `None` when it is null; one not given has its default.
fn part(named: &Named, name: &str, default: Option<i64>) -> Result<Option<i64>> {
    let value = match (named.given(name)?, default) {
        (None, Some(default)) => return Ok(Some(default)),
        (None, None) => return Err(Error::invalid(40516, format!("`$dateFromParts` needs `{name}`"))),
        (Some(value), _) if is_null(&value) => return Ok(None),
        (Some(value), _) => value,
    };
    let number = value.as_ref().and_then(integer_of);
    number
        .map(Some)
        .ok_or_else(|| wrong_type(40515, "$dateFromParts", &format!("whole numbers as `{name}`"), &value))
}
