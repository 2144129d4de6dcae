//! What clock and calendar of a time zone show at a date.
//!
//! The calendar repeats itself after 400 years, weekdays and rules of zones included. So a date beyond the years that
//! the calendar's library knows (it ends on 9999-12-30) is shown as one that lies some of these cycles nearer.

use bson::DateTime;
use jiff::Timestamp;
use jiff::civil::{self, ISOWeekDate, Weekday};
use jiff::tz::{Offset, TimeZone};

use super::out_of_range;
use crate::docdb::Result;

/// Days of 400 years.
const CYCLE_DAYS: i64 = 146_097;
const CYCLE: i64 = CYCLE_DAYS * 86_400_000;

/// A date in a zone.
pub(super) struct Local {
    date: DateTime,
    offset: Offset,
    shown: Far,
}

/// Calendar and clock, some cycles of 400 years later than the library's.
#[derive(Clone, Copy)]
pub(super) struct Far {
    pub near: civil::DateTime,
    pub cycles: i64,
}

impl Far {
    /// Returns midnight at the beginning of a month, counted from the year 0.
    pub fn month(months: i64) -> Option<Self> {
        let (year, month) = (months.div_euclid(12), i8::try_from(months.rem_euclid(12) + 1).ok()?);
        let cycles = cycles_to(year);
        let near = civil::Date::new(i16::try_from(year - cycles * 400).ok()?, month, 1).ok()?;
        Some(Far { near: near.to_datetime(civil::Time::midnight()), cycles })
    }

    /// Returns midnight at the beginning of a day, counted from 1970-01-01.
    pub fn day(days: i64) -> Option<Self> {
        let (cycles, days) = (days.div_euclid(CYCLE_DAYS), days.rem_euclid(CYCLE_DAYS));
        let epoch = civil::Date::constant(1970, 1, 1);
        let near = epoch.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
        Some(Far { near: near.to_datetime(civil::Time::midnight()), cycles })
    }

    /// Returns this as near as the library can show it with room on both sides.
    pub fn nearest(self) -> Option<Self> {
        let more = cycles_to(self.near.year().into());
        let year = i64::from(self.near.year()) - more * 400;
        let near = self.near.with().year(i16::try_from(year).ok()?).build().ok()?;
        Some(Far { near, cycles: self.cycles.checked_add(more)? })
    }

    /// Returns the date at which clock and calendar of a zone show this.
    pub fn in_zone(self, zone: &TimeZone) -> Result<DateTime> {
        let milliseconds = self.nearest().and_then(|it| {
            let near = zone.to_zoned(it.near).ok()?.timestamp().as_millisecond();
            near.checked_add(it.cycles.checked_mul(CYCLE)?)
        });
        milliseconds.map(DateTime::from_millis).ok_or_else(out_of_range)
    }
}

/// Returns how many cycles a year lies beyond those that the library can surely show.
fn cycles_to(year: i64) -> i64 {
    match year {
        -9000..=9000 => 0,
        _ => (year - 2000).div_euclid(400),
    }
}

impl Local {
    pub fn new(date: DateTime, zone: &TimeZone) -> Result<Self> {
        let (least, most) = (Timestamp::MIN.as_millisecond(), Timestamp::MAX.as_millisecond());
        let milliseconds = date.timestamp_millis();
        let cycles = match milliseconds {
            it if it > most => (it - most).div_euclid(CYCLE) + 1,
            it if it < least => (it - least).div_euclid(CYCLE),
            _ => 0,
        };
        let near = Timestamp::from_millisecond(milliseconds - cycles * CYCLE).map_err(|_| out_of_range())?;
        let offset = zone.to_offset(near);
        Ok(Local { date, offset, shown: Far { near: offset.to_datetime(near), cycles } })
    }

    pub fn shown(&self) -> Far {
        self.shown
    }

    pub fn date(&self) -> DateTime {
        self.date
    }

    pub fn offset(&self) -> Offset {
        self.offset
    }

    pub fn year(&self) -> i64 {
        i64::from(self.shown.near.year()) + self.shown.cycles * 400
    }

    pub fn month(&self) -> i8 {
        self.shown.near.month()
    }

    pub fn day(&self) -> i8 {
        self.shown.near.day()
    }

    pub fn hour(&self) -> i8 {
        self.shown.near.hour()
    }

    pub fn minute(&self) -> i8 {
        self.shown.near.minute()
    }

    pub fn second(&self) -> i8 {
        self.shown.near.second()
    }

    pub fn millisecond(&self) -> i16 {
        self.shown.near.millisecond()
    }

    pub fn weekday(&self) -> Weekday {
        self.shown.near.weekday()
    }

    pub fn day_of_year(&self) -> i16 {
        self.shown.near.day_of_year()
    }

    pub fn iso_week(&self) -> i8 {
        self.iso().week()
    }

    pub fn iso_week_year(&self) -> i64 {
        i64::from(self.iso().year()) + self.shown.cycles * 400
    }

    /// Returns the days since 1970-01-01 on this calendar.
    pub fn days(&self) -> i64 {
        days_of(self.shown.near.date()) + self.shown.cycles * CYCLE_DAYS
    }

    fn iso(&self) -> ISOWeekDate {
        self.shown.near.date().iso_week_date()
    }
}

/// Returns the days since 1970-01-01, a Thursday.
pub(super) fn days_of(date: civil::Date) -> i64 {
    let epoch = civil::Date::constant(1970, 1, 1);
    epoch.until(date).map_or(0, |it| it.get_days().into())
}
