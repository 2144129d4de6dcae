//! One field of a schedule: which values it lets through.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::{Date, Weekday};

use crate::error::{Error, Kind};
use crate::text;

/// What a field counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
    Year,
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Unit {
    /// Returns the smallest and the largest value.
    pub(super) fn range(self) -> (i16, i16) {
        match self {
            Unit::Second | Unit::Minute => (0, 59),
            Unit::Hour => (0, 23),
            Unit::Day => (1, 31),
            Unit::Month => (1, 12),
            Unit::Weekday => (0, 6),
            Unit::Year => (1970, super::LAST_YEAR),
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Unit::Second => ("second", "秒"),
            Unit::Minute => ("minute", "分"),
            Unit::Hour => ("hour", "时"),
            Unit::Day => ("day", "日"),
            Unit::Month => ("month", "月"),
            Unit::Weekday => ("weekday", "星期"),
            Unit::Year => ("year", "年"),
        }
    }

    /// Reads a number or a name such as `JAN` or `MON`.
    fn value(self, text: &str) -> Result<i16, Wrong> {
        let (low, high) = self.range();
        let named = |names: &[&str]| {
            let at = names.iter().position(|name| name.eq_ignore_ascii_case(text))?;
            i16::try_from(at).ok().map(|at| at + low)
        };
        let value = match self {
            Unit::Month => named(&MONTHS),
            Unit::Weekday => named(&WEEKDAYS),
            Unit::Second | Unit::Minute | Unit::Hour | Unit::Day | Unit::Year => None,
        };
        if let Some(value) = value {
            return Ok(value);
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<i16>() {
            Ok(value) if digits && (low..=high).contains(&value) => Ok(value),
            _ => Err(Wrong(text.to_owned())),
        }
    }
}

/// The part of a field that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong(String);

impl Wrong {
    pub(super) fn into_error(self, cron: &str, unit: Unit) -> Error {
        let (part, (en, zh), (low, high)) = (self.0, unit.words(), unit.range());
        let names = match unit {
            Unit::Month => " or JAN–DEC",
            Unit::Weekday => " (0 is Sunday) or SUN–SAT",
            Unit::Second | Unit::Minute | Unit::Hour | Unit::Day | Unit::Year => "",
        };
        Error::new(
            Kind::Usage,
            text! { en: "the {en} field of the cron `{cron}` is wrong: `{part}`", zh: "cron `{cron}` 的{zh}字段有误：`{part}`" },
        )
        .hint(text! {
            en: "{en} is {low}–{high}{names}, `*`, a list `a,b`, a range `a-b` or a step `*/n`",
            zh: "{zh}字段可为 {low}–{high}{names}、`*`、列表 `a,b`、区间 `a-b` 或步长 `*/n`"
        })
    }
}

/// The values of one field; every field but day and weekday is nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) unit: Unit,
    values: BTreeSet<i16>,
    /// The step, for a field of the form `*/n`.
    pub(super) step: Option<i16>,
}

impl Field {
    pub(super) fn parse(unit: Unit, text: &str) -> Result<Self, Wrong> {
        let mut values = BTreeSet::new();
        for part in text.split(',') {
            values.extend(read_part(unit, part)?);
        }
        let step = text.strip_prefix("*/").and_then(|step| step.parse().ok());
        Ok(Field { unit, values, step })
    }

    pub(super) fn has(&self, value: i16) -> bool {
        self.values.contains(&value)
    }

    /// Returns the first value not below `low`.
    pub(super) fn from(&self, low: i16) -> Option<i16> {
        self.values.range(low..).next().copied()
    }

    pub(super) fn is_any(&self) -> bool {
        let (low, high) = self.unit.range();
        self.values.len() == usize::from((high - low).unsigned_abs()) + 1
    }

    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = i16> {
        self.values.iter().copied()
    }

    pub(super) fn only(&self) -> Option<i16> {
        (self.values.len() == 1).then(|| self.from(i16::MIN)).flatten()
    }
}

/// Reads `*`, `a`, `a-b`, and each with `/n`; `a/n` runs from `a` to the end.
fn read_part(unit: Unit, part: &str) -> Result<impl Iterator<Item = i16>, Wrong> {
    let wrong = || Wrong(part.to_owned());
    let (span, step) = match part.split_once('/') {
        Some((span, step)) => {
            (span, Some(step.parse::<usize>().ok().filter(|step| *step > 0).ok_or_else(wrong)?))
        }
        None => (part, None),
    };
    let (low, high) = unit.range();
    let (first, last) = match span.split_once('-') {
        _ if span == "*" => (low, high),
        Some((first, last)) => (unit.value(first)?, unit.value(last)?),
        None => {
            let first = unit.value(span)?;
            (first, if step.is_some() { high } else { first })
        }
    };
    if first > last {
        return Err(wrong());
    }
    Ok((first..=last).step_by(step.unwrap_or(1)))
}

/// The day-of-month field: values, the last day (`L`), and weekdays nearest to a day (`15W`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) values: Field,
    pub(super) last: bool,
    pub(super) nearest_weekday: Vec<i16>,
}

impl Days {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let mut days = Days { values: nothing(Unit::Day), last: false, nearest_weekday: Vec::new() };
        if text == "?" {
            days.values = Field::parse(Unit::Day, "*")?;
            return Ok(days);
        }
        for part in text.split(',') {
            match part.strip_suffix('W') {
                Some(day) => days.nearest_weekday.push(Unit::Day.value(day).map_err(|_| Wrong(part.into()))?),
                None if part == "L" => days.last = true,
                None => days.values.values.extend(read_part(Unit::Day, part)?),
            }
        }
        Ok(days)
    }

    pub(super) fn is_any(&self) -> bool {
        self.values.is_any()
    }

    pub(super) fn has(&self, date: Date) -> bool {
        self.values.has(date.day().into())
            || (self.last && date == date.last_of_month())
            || self.nearest_weekday.iter().any(|day| nearest_weekday(date, *day) == Some(date))
    }
}

/// Returns the day from Monday to Friday nearest to that day of the month, never leaving the month.
fn nearest_weekday(month: Date, day: i16) -> Option<Date> {
    let wanted = month.with().day(i8::try_from(day).ok()?).build().ok()?;
    let (first, last) = (wanted == wanted.first_of_month(), wanted == wanted.last_of_month());
    let moved = match wanted.weekday() {
        Weekday::Saturday if first => 2,
        Weekday::Saturday => -1,
        Weekday::Sunday if last => -2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    wanted.checked_add(jiff::Span::new().days(moved)).ok()
}

/// The weekday field: values, the last of a kind in the month (`5L`), and the n-th (`1#2`, the second Monday).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Weekdays {
    pub(super) values: Field,
    pub(super) last: Vec<i16>,
    pub(super) nth: Vec<(i16, i8)>,
    number: bool,
}

impl Weekdays {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let number = text.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
        let mut days = Weekdays { values: nothing(Unit::Weekday), last: vec![], nth: vec![], number };
        if text == "?" {
            days.values = Field::parse(Unit::Weekday, "*")?;
            return Ok(days);
        }
        for part in text.split(',') {
            let wrong = |_| Wrong(part.into());
            if let Some((day, nth)) = part.split_once('#') {
                let nth = nth.parse().ok().filter(|nth| (1..=5).contains(nth)).ok_or(Wrong(part.into()))?;
                days.nth.push((Unit::Weekday.value(day).map_err(wrong)?, nth));
            } else if part == "L" {
                // The last day of the week, as in Quartz.
                days.values.values.insert(6);
            } else if let Some(day) = part.strip_suffix('L') {
                days.last.push(Unit::Weekday.value(day).map_err(wrong)?);
            } else {
                days.values.values.extend(read_part(Unit::Weekday, part)?);
            }
        }
        Ok(days)
    }

    pub(super) fn is_any(&self) -> bool {
        self.values.is_any()
    }

    pub(super) fn by_number(&self) -> bool {
        self.number
    }

    pub(super) fn has(&self, date: Date) -> bool {
        let weekday = i16::from(date.weekday().to_sunday_zero_offset());
        self.values.has(weekday)
            || (self.last.contains(&weekday) && date.day() + 7 > date.days_in_month())
            || self.nth.contains(&(weekday, (date.day() - 1) / 7 + 1))
    }
}

fn nothing(unit: Unit) -> Field {
    Field { unit, values: BTreeSet::new(), step: None }
}

/// Writes a value as a number, or a month or weekday by its English name.
pub(super) struct Named(pub(super) Unit, pub(super) i16);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Named(unit, value) = *self;
        // This year began on a Sunday.
        let date = |month, day| Date::new(2023, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
        let (date, name) = match unit {
            Unit::Month => (date(value, 1), "%B"),
            Unit::Weekday => (date(1, value + 1), "%A"),
            Unit::Second | Unit::Minute | Unit::Hour | Unit::Day | Unit::Year => (None, ""),
        };
        match date {
            Some(date) => write!(f, "{}", date.strftime(name)),
            None => write!(f, "{value}"),
        }
    }
}
