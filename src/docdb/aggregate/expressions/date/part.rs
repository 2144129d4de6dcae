//! Single parts of a date: `{$year: "$d"}` or `{$year: {date, timezone}}`.

use bson::{Bson, Timestamp};
use jiff::tz::TimeZone;

use super::super::number::Number;
use super::super::{Named, Operator, Table, named, positional, wrong_type};
use super::local::Local;
use super::{NULL, date_of, zone_of};
use crate::docdb::Result;
use crate::docdb::aggregate::expression::{Expression, Names, Value, is_null};

pub(in super::super) const TABLE: Table = &[
    ("$dayOfMonth", Operator::Form(|it, names| part("$dayOfMonth", it, names, |z| z.day().into()))),
    ("$dayOfWeek", Operator::Form(|it, names| part("$dayOfWeek", it, names, day_of_week))),
    ("$dayOfYear", Operator::Form(|it, names| part("$dayOfYear", it, names, |z| z.day_of_year().into()))),
    ("$hour", Operator::Form(|it, names| part("$hour", it, names, |z| z.hour().into()))),
    ("$isoDayOfWeek", Operator::Form(|it, names| part("$isoDayOfWeek", it, names, iso_day_of_week))),
    ("$isoWeek", Operator::Form(|it, names| part("$isoWeek", it, names, |z| z.iso_week().into()))),
    ("$isoWeekYear", Operator::Form(|it, names| part("$isoWeekYear", it, names, Local::iso_week_year))),
    ("$millisecond", Operator::Form(|it, names| part("$millisecond", it, names, |z| z.millisecond().into()))),
    ("$minute", Operator::Form(|it, names| part("$minute", it, names, |z| z.minute().into()))),
    ("$month", Operator::Form(|it, names| part("$month", it, names, |z| z.month().into()))),
    ("$second", Operator::Form(|it, names| part("$second", it, names, |z| z.second().into()))),
    ("$tsIncrement", Operator::Eager(1, 1, |it| timestamp("$tsIncrement", it, |stamp| stamp.increment))),
    ("$tsSecond", Operator::Eager(1, 1, |it| timestamp("$tsSecond", it, |stamp| stamp.time))),
    ("$week", Operator::Form(|it, names| part("$week", it, names, week))),
    ("$year", Operator::Form(|it, names| part("$year", it, names, Local::year))),
];

fn part(
    operator: &'static str,
    operand: &Bson,
    names: &Names,
    read: fn(&Local) -> i64,
) -> Result<Expression> {
    let answer = move |date: &Value, zone: Option<TimeZone>| match zone {
        Some(zone) if !is_null(date) => {
            let date = Local::new(date_of(operator, date)?, &zone)?;
            // The ISO year is a long in MongoDB, the others are ints; both compare alike.
            Ok(Some(Number::integer(read(&date).into(), operator == "$isoWeekYear")))
        }
        _ => Ok(NULL),
    };
    let by_name = matches!(operand, Bson::Document(it) if !it.keys().any(|key| key.starts_with('$')));
    if by_name {
        let given = named(operator, operand, &["date"], &["timezone"], names)?;
        return Ok(Expression::new(move |scope| {
            let named = Named { given: &given, scope };
            answer(&named.value("date")?, zone_of(operator, &named)?)
        }));
    }
    let arguments = positional(operator, operand, 1..=1, names)?;
    Ok(Expression::new(move |scope| match arguments.first() {
        Some(date) => answer(&date.value(scope)?, Some(TimeZone::UTC)),
        None => Ok(NULL),
    }))
}

fn timestamp(operator: &str, values: &[Value], read: fn(&Timestamp) -> u32) -> Result<Value> {
    match values {
        [Some(Bson::Timestamp(stamp))] => Ok(Some(Bson::Int64(read(stamp).into()))),
        [value] if !is_null(value) => Err(wrong_type(5687301, operator, "a timestamp", value)),
        _ => Ok(NULL),
    }
}

/// Sunday is 1.
pub(super) fn day_of_week(date: &Local) -> i64 {
    date.weekday().to_sunday_one_offset().into()
}

/// Monday is 1.
pub(super) fn iso_day_of_week(date: &Local) -> i64 {
    date.weekday().to_monday_one_offset().into()
}

/// Weeks begin on Sunday; days before the first Sunday are in week 0.
pub(super) fn week(date: &Local) -> i64 {
    (i64::from(date.day_of_year()) + 7 - day_of_week(date)) / 7
}
