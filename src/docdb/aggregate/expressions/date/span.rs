//! Distances between dates: add, subtract, difference, truncation.

use bson::{Bson, DateTime};
use jiff::Span;
use jiff::civil::{self, Weekday};
use jiff::tz::TimeZone;

use super::super::number::integer_of;
use super::super::{Named, Operator, Table, wrong_type};
use super::local::{Far, Local, days_of};
use super::{NULL, date_of, out_of_range, zone_of};
use crate::docdb::aggregate::expression::{Value, is_null};
use crate::docdb::{Error, Result};

pub(in super::super) const TABLE: Table = &[
    ("$dateAdd", Operator::Named(ADD, &["timezone"], |it| add("$dateAdd", it, 1))),
    (
        "$dateDiff",
        Operator::Named(&["startDate", "endDate", "unit"], &["timezone", "startOfWeek"], difference),
    ),
    ("$dateSubtract", Operator::Named(ADD, &["timezone"], |it| add("$dateSubtract", it, -1))),
    ("$dateTrunc", Operator::Named(&["date", "unit"], &["binSize", "timezone", "startOfWeek"], truncate)),
];

const ADD: &[&str] = &["startDate", "unit", "amount"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Year, quarter and month.
    Months(i64),
    /// Week and day.
    Days(i64),
    /// Hour and less.
    Milliseconds(i64),
}

const WEEK: Unit = Unit::Days(7);

fn unit_of(operator: &str, value: &Value) -> Result<Option<Unit>> {
    if is_null(value) {
        return Ok(None);
    }
    let Some(Bson::String(name)) = value else {
        return Err(wrong_type(5439013, operator, "a string as `unit`", value));
    };
    Ok(Some(match name.as_str() {
        "year" => Unit::Months(12),
        "quarter" => Unit::Months(3),
        "month" => Unit::Months(1),
        "week" => WEEK,
        "day" => Unit::Days(1),
        "hour" => Unit::Milliseconds(3_600_000),
        "minute" => Unit::Milliseconds(60_000),
        "second" => Unit::Milliseconds(1_000),
        "millisecond" => Unit::Milliseconds(1),
        _ => return Err(Error::invalid(9, format!("`{operator}` knows no unit `{name}`"))),
    }))
}

/// Returns the first day of weeks, to other units of no meaning; Sunday when not given.
fn start_of_week(operator: &str, named: &Named, unit: Unit) -> Result<Option<Weekday>> {
    let value = match named.given("startOfWeek")? {
        None => return Ok(Some(Weekday::Sunday)),
        Some(_) if unit != WEEK => return Ok(Some(Weekday::Sunday)),
        Some(value) if is_null(&value) => return Ok(None),
        Some(value) => value,
    };
    let Some(Bson::String(name)) = &value else {
        return Err(wrong_type(5439015, operator, "a string as `startOfWeek`", &value));
    };
    let name = name.to_ascii_lowercase();
    let long = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let index = long.iter().position(|it| name == *it || it.get(..3) == Some(name.as_str()));
    let day = index.and_then(|it| Weekday::from_monday_zero_offset(i8::try_from(it).ok()?).ok());
    day.map(Some).ok_or_else(|| Error::invalid(9, format!("`{operator}` knows no day `{name}`")))
}

fn add(operator: &str, named: &Named, sign: i64) -> Result<Value> {
    let (date, unit, amount) = (named.value("startDate")?, named.value("unit")?, named.value("amount")?);
    // A null among the arguments counts for more than an error.
    if [&date, &unit, &amount].iter().any(|it| is_null(it)) {
        return Ok(NULL);
    }
    let Some(zone) = zone_of(operator, named)? else { return Ok(NULL) };
    let Some(unit) = unit_of(operator, &unit)? else { return Ok(NULL) };
    let date = date_of(operator, &date)?;
    let amount_of = amount.as_ref().and_then(integer_of);
    let amount = amount_of.ok_or_else(|| wrong_type(5166405, operator, "a whole `amount`", &amount))?;
    let moved = match unit {
        Unit::Milliseconds(size) => move_milliseconds(date, amount, sign * size),
        Unit::Days(size) => {
            move_calendar(date, &zone, || Span::new().try_days(amount.checked_mul(sign * size)?).ok())?
        }
        Unit::Months(size) => {
            move_calendar(date, &zone, || Span::new().try_months(amount.checked_mul(sign * size)?).ok())?
        }
    };
    moved
        .map(|it| Some(Bson::DateTime(it)))
        .ok_or_else(|| Error::invalid(5166406, format!("`{operator}` overflowed")))
}

fn move_milliseconds(date: DateTime, amount: i64, size: i64) -> Option<DateTime> {
    let moved = amount.checked_mul(size)?.checked_add(date.timestamp_millis())?;
    Some(DateTime::from_millis(moved))
}

/// Moves by calendar units: the clock of the zone keeps its time, the last day of a month stays in its month.
fn move_calendar(
    date: DateTime,
    zone: &TimeZone,
    span: impl Fn() -> Option<Span>,
) -> Result<Option<DateTime>> {
    let moved = Local::new(date, zone)?.shown().nearest().zip(span()).and_then(|(shown, span)| {
        let near = shown.near.checked_add(span).ok()?;
        Some(Far { near, ..shown })
    });
    moved.map(|it| it.in_zone(zone)).transpose()
}

/// Counts the boundaries of a unit between two dates.
fn difference(named: &Named) -> Result<Value> {
    const NAME: &str = "$dateDiff";
    let (start, end, unit) = (named.value("startDate")?, named.value("endDate")?, named.value("unit")?);
    if [&start, &end, &unit].iter().any(|it| is_null(it)) {
        return Ok(NULL);
    }
    let Some(zone) = zone_of(NAME, named)? else { return Ok(NULL) };
    let Some(unit) = unit_of(NAME, &unit)? else { return Ok(NULL) };
    let Some(first_day) = start_of_week(NAME, named, unit)? else { return Ok(NULL) };
    let (start, end) = (Local::new(date_of(NAME, &start)?, &zone)?, Local::new(date_of(NAME, &end)?, &zone)?);
    let position = |date: &Local| match unit {
        Unit::Months(size) => months(date).div_euclid(size),
        WEEK => (date.days() - week_offset(first_day)).div_euclid(7),
        Unit::Days(_) => date.days(),
        Unit::Milliseconds(size) => {
            // Elapsed time, aligned to the zone's clock: half-hour zones have other full hours.
            let skew = i64::from(date.offset().seconds()) * 1000 % 3_600_000;
            date.date().timestamp_millis().saturating_add(skew).div_euclid(size)
        }
    };
    let difference = position(&end).checked_sub(position(&start)).ok_or_else(out_of_range)?;
    Ok(Some(Bson::Int64(difference)))
}

fn months(date: &Local) -> i64 {
    date.year() * 12 + i64::from(date.month()) - 1
}

/// The day number, modulo seven, on which weeks begin.
fn week_offset(first_day: Weekday) -> i64 {
    i64::from(first_day.to_monday_zero_offset()) - i64::from(Weekday::Thursday.to_monday_zero_offset())
}

/// Truncates to bins that are counted from 2000-01-01 on the zone's clock (weeks: from the first such day since).
fn truncate(named: &Named) -> Result<Value> {
    const NAME: &str = "$dateTrunc";
    let (date, unit, bin) = (named.value("date")?, named.value("unit")?, named.given("binSize")?);
    if [Some(&date), Some(&unit), bin.as_ref()].into_iter().flatten().any(is_null) {
        return Ok(NULL);
    }
    let Some(zone) = zone_of(NAME, named)? else { return Ok(NULL) };
    let Some(unit) = unit_of(NAME, &unit)? else { return Ok(NULL) };
    let Some(first_day) = start_of_week(NAME, named, unit)? else { return Ok(NULL) };
    let bin = match bin {
        None => 1,
        Some(value) => {
            let size =
                value.as_ref().and_then(integer_of).filter(|it| (1..=i64::from(i32::MAX)).contains(it));
            size.ok_or_else(|| wrong_type(5439018, NAME, "a positive whole `binSize`", &value))?
        }
    };
    let date = date_of(NAME, &date)?;
    let shown = Local::new(date, &zone)?;
    let reference = civil::Date::constant(2000, 1, 1);
    let truncated = match unit {
        Unit::Months(size) => {
            let first = months(&shown) - (months(&shown) - 24_000).rem_euclid(size * bin);
            Far::month(first).ok_or_else(out_of_range)?.in_zone(&zone)?
        }
        Unit::Days(size) => {
            let origin = match size {
                1 => days_of(reference),
                _ => days_of(reference) + (week_offset(first_day) - days_of(reference)).rem_euclid(7),
            };
            let first = shown.days() - (shown.days() - origin).rem_euclid(size * bin);
            Far::day(first).ok_or_else(out_of_range)?.in_zone(&zone)?
        }
        Unit::Milliseconds(size) => {
            let origin = days_of(reference) * 86_400_000 - i64::from(shown.offset().seconds()) * 1000;
            let since = date.timestamp_millis().checked_sub(origin).ok_or_else(out_of_range)?;
            let first = date.timestamp_millis().checked_sub(since.rem_euclid(size * bin));
            DateTime::from_millis(first.ok_or_else(out_of_range)?)
        }
    };
    Ok(Some(Bson::DateTime(truncated)))
}
