//! A schedule in words: `0 0 10,14 * * * *` is "every day at 10:00 and 14:00".

use super::Schedule;
use super::field::{Days, Field, Named, Unit, Weekdays};
use crate::model::text::Text;
use crate::text;

/// More times of day than this are not listed one by one.
const LISTED_TIMES: usize = 8;

impl Schedule {
    /// Returns the schedule in words, without a full stop. Times are UTC+8.
    pub fn explain(&self) -> Text {
        let clauses = [year(&self.year), month(&self.month), days(&self.day, &self.weekday)];
        let found: Vec<Text> = clauses.into_iter().flatten().collect();
        let (time, daily) = self.time();
        // "Every 5 minutes" needs no "every day"; "at 08:30" does.
        let every_day = text! { en: "every day", zh: "每天" };
        let lead = if daily && self.day.is_any() && self.weekday.is_any() { vec![every_day] } else { vec![] };
        let en: Vec<&str> = lead
            .iter()
            .map(|it| &*it.en)
            .chain([&*time.en])
            .chain(found.iter().rev().map(|it| &*it.en))
            .collect();
        let zh: Vec<&str> =
            found.iter().map(|it| &*it.zh).chain(lead.iter().map(|it| &*it.zh)).chain([&*time.zh]).collect();
        Text { en: en.join(" "), zh: zh.join(" ") }
    }

    /// Returns the time-of-day clause, and whether it is a list of times rather than a rhythm.
    fn time(&self) -> (Text, bool) {
        let (second, minute, hour) = (&self.second, &self.minute, &self.hour);
        let times = second.values().len() * minute.values().len() * hour.values().len();
        if times <= LISTED_TIMES {
            let clock = self.clock_times();
            return (text! { en: ("at {}", list(&clock, "and")), zh: ("{}", clock.join("、")) }, true);
        }
        let within = (!hour.is_any() && rhythm(hour).is_none()).then(|| list_values(hour));
        let text = match (second.only(), minute.only()) {
            (Some(0), Some(0)) => rhythm(hour).unwrap_or_else(|| whole_hours(hour)),
            (Some(0), Some(m)) => match rhythm(hour) {
                Some(every) => text! { en: ("{} at minute {m}", every.en), zh: ("{}的第 {m} 分", every.zh) },
                None => {
                    text! { en: ("at minute {m} of hours {}", list_values(hour).en), zh: ("{} 时 {m} 分", list_values(hour).zh) }
                }
            },
            (Some(0), None) => during(every(minute), hour, within),
            (None, None) if minute.is_any() => during(every(second), hour, within),
            _ => {
                let (s, m) = (list_values(second), list_values(minute));
                let base = text! {
                    en: ("at seconds {} of minutes {}", s.en, m.en),
                    zh: ("{} 分的第 {} 秒", m.zh, s.zh)
                };
                during(base, hour, within)
            }
        };
        (text, false)
    }

    fn clock_times(&self) -> Vec<String> {
        let mut times = Vec::new();
        for hour in self.hour.values() {
            for minute in self.minute.values() {
                for second in self.second.values() {
                    times.push(match second {
                        0 => format!("{hour:02}:{minute:02}"),
                        _ => format!("{hour:02}:{minute:02}:{second:02}"),
                    });
                }
            }
        }
        times
    }
}

fn unit_words(unit: Unit) -> (&'static str, &'static str) {
    match unit {
        Unit::Second => ("second", "秒"),
        Unit::Minute => ("minute", "分钟"),
        Unit::Hour => ("hour", "小时"),
        Unit::Day | Unit::Weekday => ("day", "天"),
        Unit::Month => ("month", "月"),
        Unit::Year => ("year", "年"),
    }
}

/// Returns "every minute" or "every 5 minutes", for a field that is `*` or `*/n`.
fn rhythm(field: &Field) -> Option<Text> {
    let (en, zh) = unit_words(field.unit);
    match field.step {
        _ if field.is_any() => Some(text! { en: "every {en}", zh: "每{zh}" }),
        Some(step) => Some(text! { en: "every {step} {en}s", zh: "每 {step} {zh}" }),
        None => None,
    }
}

/// Returns the rhythm, or else the values: "at minutes 5 and 35".
fn every(field: &Field) -> Text {
    let (en, zh) = unit_words(field.unit);
    rhythm(field).unwrap_or_else(|| {
        let values = list_values(field);
        let zh = if field.unit == Unit::Minute { "分" } else { zh };
        text! { en: ("at {en}s {}", values.en), zh: ("第 {} {zh}", values.zh) }
    })
}

fn during(base: Text, hour: &Field, listed: Option<Text>) -> Text {
    match (listed, rhythm(hour)) {
        (Some(hours), _) => text! {
            en: ("{} during hours {}", base.en, hours.en),
            zh: ("在 {} 时内{}", hours.zh, base.zh)
        },
        (None, Some(every)) if !hour.is_any() => text! {
            en: ("{} during one hour in {}", base.en, every.en.trim_start_matches("every ")),
            zh: ("{}中的一小时内{}", every.zh, base.zh)
        },
        (None, _) => base,
    }
}

fn whole_hours(hour: &Field) -> Text {
    let hours = list_values(hour);
    text! { en: ("on the hour at {}", hours.en), zh: ("{} 点整", hours.zh) }
}

/// Writes values as a list, and a run of three or more as a range.
fn list_values(field: &Field) -> Text {
    let values: Vec<i16> = field.values().collect();
    match values[..] {
        [first, .., last]
            if values.len() > 2 && usize::from((last - first).unsigned_abs()) + 1 == values.len() =>
        {
            text! { en: "{first}–{last}", zh: "{first}–{last}" }
        }
        _ => {
            let words: Vec<String> = values.iter().map(i16::to_string).collect();
            text! { en: ("{}", list(&words, "and")), zh: ("{}", words.join("、")) }
        }
    }
}

fn year(field: &Field) -> Option<Text> {
    (!field.is_any()).then(|| {
        let years = list_values(field);
        text! { en: ("in {}", years.en), zh: ("{} 年", years.zh) }
    })
}

fn month(field: &Field) -> Option<Text> {
    (!field.is_any()).then(|| {
        let names: Vec<String> = field.values().map(|month| Named(Unit::Month, month).to_string()).collect();
        text! { en: ("in {}", list(&names, "and")), zh: ("{} 月", list_values(field).zh) }
    })
}

fn days(day: &Days, weekday: &Weekdays) -> Option<Text> {
    let day = (!day.is_any()).then(|| month_days(day));
    let weekday = (!weekday.is_any()).then(|| week_days(weekday));
    match (day, weekday) {
        (Some(day), Some(weekday)) => {
            Some(text! { en: ("on {} or {}", day.en, weekday.en), zh: ("{}或{}", day.zh, weekday.zh) })
        }
        (Some(one), None) | (None, Some(one)) => Some(text! { en: ("on {}", one.en), zh: ("{}", one.zh) }),
        (None, None) => None,
    }
}

fn month_days(days: &Days) -> Text {
    let mut parts = Vec::new();
    if days.values.values().len() > 0 {
        let values = list_values(&days.values);
        parts.push(match days.values.only() {
            Some(_) => text! { en: ("day {} of the month", values.en), zh: ("{} 日", values.zh) },
            None => text! { en: ("days {} of the month", values.en), zh: ("{} 日", values.zh) },
        });
    }
    if days.last {
        parts.push(text! { en: "the last day of the month", zh: "月末" });
    }
    for day in &days.nearest_weekday {
        parts.push(text! { en: "the weekday nearest to day {day}", zh: "离 {day} 日最近的工作日" });
    }
    join(parts)
}

fn week_days(days: &Weekdays) -> Text {
    const HAN: [&str; 7] = ["日", "一", "二", "三", "四", "五", "六"];
    let han = |day: i16| usize::try_from(day).ok().and_then(|day| HAN.get(day)).copied().unwrap_or("？");
    let name = |day: i16| Named(Unit::Weekday, day);
    let mut parts = Vec::new();
    let values: Vec<i16> = days.values.values().collect();
    if !values.is_empty() {
        let names: Vec<String> = values.iter().map(|day| name(*day).to_string()).collect();
        let zh: Vec<String> = values.iter().map(|day| format!("周{}", han(*day))).collect();
        parts.push(text! { en: ("{}", list(&names, "and")), zh: ("{}", zh.join("、")) });
    }
    for day in &days.last {
        parts.push(
            text! { en: ("the last {} of the month", name(*day)), zh: ("当月最后一个周{}", han(*day)) },
        );
    }
    for (day, nth) in &days.nth {
        parts.push(text! { en: ("{} number {nth} of the month", name(*day)), zh: ("当月第 {nth} 个周{}", han(*day)) });
    }
    join(parts)
}

fn join(parts: Vec<Text>) -> Text {
    let en: Vec<String> = parts.iter().map(|part| part.en.clone()).collect();
    let zh: Vec<&str> = parts.iter().map(|part| &*part.zh).collect();
    Text { en: list(&en, "and"), zh: zh.join("、") }
}

/// Joins words as a sentence does: `a, b and c`.
fn list(words: &[String], and: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [many @ .., last] => format!("{} {and} {last}", many.join(", ")),
    }
}
