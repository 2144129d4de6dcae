//! The schedule of a timer trigger: seven cron fields in UTC+8, as SCF reads them.
//!
//! `second minute hour day month weekday year`. Where day and weekday are both given, either one is enough; weekday 0
//! is Sunday (`docs/wire.md#schedules`: older pages number from Monday, so a number deserves a warning). The `explain`
//! file puts a schedule into words; this one reads it and finds the next time.

mod explain;
mod field;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp, ToSpan};

use crate::error::{Error, Kind};
use crate::model::clock::Millis;
use crate::model::wall;
use crate::text;

use field::{Days, Field, Unit, Weekdays};

/// The last year a schedule can name.
const LAST_YEAR: i16 = 2099;

/// When a timer fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    second: Field,
    minute: Field,
    hour: Field,
    day: Days,
    month: Field,
    weekday: Weekdays,
    year: Field,
}

impl FromStr for Schedule {
    type Err = Error;

    /// Reads seven fields separated by blanks.
    ///
    /// # Errors
    /// Another number of fields, with the seven-field text that was probably meant; or a field that is wrong, by name.
    fn from_str(text: &str) -> Result<Self, Error> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [second, minute, hour, day, month, weekday, year] = parts[..] else {
            return Err(wrong_count(text, &parts));
        };
        let field =
            |unit: Unit, part: &str| Field::parse(unit, part).map_err(|why| why.into_error(text, unit));
        Ok(Schedule {
            second: field(Unit::Second, second)?,
            minute: field(Unit::Minute, minute)?,
            hour: field(Unit::Hour, hour)?,
            day: Days::parse(day).map_err(|why| why.into_error(text, Unit::Day))?,
            month: field(Unit::Month, month)?,
            weekday: Weekdays::parse(weekday).map_err(|why| why.into_error(text, Unit::Weekday))?,
            year: field(Unit::Year, year)?,
        })
    }
}

impl Schedule {
    /// Returns the first time after `now` at which the timer fires, or `None` when it never fires again.
    pub fn next_after(&self, now: Millis) -> Option<Millis> {
        let zone = wall::zone();
        let from = Timestamp::from_millisecond(now).ok()?.to_zoned(zone.clone()).datetime();
        // The next whole second: a schedule has no finer grain.
        let from = from.with().subsec_nanosecond(0).build().ok()?.checked_add(1.second()).ok()?;
        let next = self.at_or_after(from)?;
        Some(next.to_zoned(zone).ok()?.timestamp().as_millisecond())
    }

    /// Tells whether no day of any year is one of its, such as February 31.
    pub fn never_fires(&self) -> bool {
        self.next_after(0).is_none()
    }

    fn at_or_after(&self, from: DateTime) -> Option<DateTime> {
        let mut date = from.date();
        let mut earliest = Some(from.time());
        while date.year() <= LAST_YEAR {
            if !self.year.has(date.year()) {
                date = Date::new(date.year().checked_add(1)?, 1, 1).ok()?;
            } else if !self.month.has(date.month().into()) {
                date = date.last_of_month().tomorrow().ok()?;
            } else if let Some(time) = self.fires_on(date).then(|| self.time_from(earliest)).flatten() {
                return Some(date.to_datetime(time));
            } else {
                date = date.tomorrow().ok()?;
            }
            earliest = None;
        }
        None
    }

    /// Tells whether the timer fires on that day of a month it fires in.
    fn fires_on(&self, date: Date) -> bool {
        match (self.day.is_any(), self.weekday.is_any()) {
            (false, false) => self.day.has(date) || self.weekday.has(date),
            _ => self.day.has(date) && self.weekday.has(date),
        }
    }

    /// Returns the first time of day not before `earliest` (`None`: of the whole day).
    fn time_from(&self, earliest: Option<Time>) -> Option<Time> {
        let earliest = earliest.unwrap_or(Time::midnight());
        let time = |hour, minute, second| Time::new(hour as i8, minute as i8, second as i8, 0).ok();
        let (first_minute, first_second) = (self.minute.from(0)?, self.second.from(0)?);
        let (h, m, s) = (earliest.hour().into(), earliest.minute().into(), earliest.second().into());
        if self.hour.has(h) {
            if self.minute.has(m)
                && let Some(second) = self.second.from(s)
            {
                return time(h, m, second);
            }
            if let Some(minute) = self.minute.from(m + 1) {
                return time(h, minute, first_second);
            }
        }
        time(self.hour.from(h + 1)?, first_minute, first_second)
    }

    /// Tells whether a weekday is given by number, which older pages of the platform count from Monday.
    pub fn numbers_weekdays(&self) -> bool {
        self.weekday.by_number()
    }
}

fn wrong_count(text: &str, parts: &[&str]) -> Error {
    let (count, said) = (parts.len(), text.trim());
    let error = Error::new(
        Kind::Usage,
        text! { en: "the cron `{said}` has {count} fields instead of seven", zh: "cron `{said}` 有 {count} 个字段，应为七个" },
    )
    .hint(text! {
        en: "the seven fields are `second minute hour day month weekday year`, in UTC+8",
        zh: "七个字段依次为 `秒 分 时 日 月 星期 年`，时区为 UTC+8"
    });
    // Five fields lack seconds and years; six are six of either habit: Quartz and Spring put seconds first, as we do.
    let meant = match count {
        5 => format!("0 {} *", parts.join(" ")),
        6 => format!("{} *", parts.join(" ")),
        _ => return error,
    };
    match meant.parse::<Schedule>() {
        Ok(schedule) => {
            let words = schedule.explain();
            error.hint(text! {
                en: ("write `{meant}` for: {}", words.en),
                zh: ("可写作 `{meant}`，即{}", words.zh)
            })
        }
        Err(_) => error,
    }
}
