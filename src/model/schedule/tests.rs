use jiff::civil::DateTime;

use super::*;

/// Returns the next times after `from` (UTC+8) in UTC+8.
fn next(cron: &str, from: &str, count: usize) -> Vec<String> {
    let schedule: Schedule = cron.parse().unwrap_or_else(|error| panic!("{cron}: {error}"));
    let from: DateTime = from.parse().expect("a date and time");
    let mut now = from.to_zoned(wall::zone()).expect("in range").timestamp().as_millisecond();
    let mut found = Vec::new();
    while found.len() < count {
        match schedule.next_after(now) {
            Some(next) => now = next,
            None => {
                found.push("never".into());
                break;
            }
        }
        let zoned = Timestamp::from_millisecond(now).expect("in range").to_zoned(wall::zone());
        found.push(zoned.strftime("%m-%d %H:%M:%S").to_string());
    }
    found
}

#[test]
fn next_times_are_scfs() {
    let cases: &[(&str, &str, &[&str])] = &[
        // Texts of real projects.
        ("0 0 0 * * * *", "2026-11-21T00:00:00", &["11-22 00:00:00", "11-23 00:00:00"]),
        (
            "0 0 10,14,16,23 * * * *",
            "2026-11-21T14:30:00",
            &["11-21 16:00:00", "11-21 23:00:00", "11-22 10:00:00"],
        ),
        ("*/5 * * * * * *", "2026-11-21T23:59:52", &["11-21 23:59:55", "11-22 00:00:00"]),
        ("0 */30 9 * * * *", "2026-11-21T09:10:00", &["11-21 09:30:00", "11-22 09:00:00"]),
        ("0 30 8 * * * *", "2026-12-31T08:30:00", &["01-01 08:30:00"]),
        ("0 0 */1 * * * *", "2026-11-21T22:10:00", &["11-21 23:00:00", "11-22 00:00:00"]),
        ("1/5 * * * * * *", "2026-11-21T00:00:57", &["11-21 00:01:01", "11-21 00:01:06"]),
        ("* * * * * * *", "2026-11-21T00:00:00", &["11-21 00:00:01"]),
        (
            "9 3 14 18 5 0 2021",
            "2021-05-01T00:00:00",
            &["05-02 14:03:09", "05-09 14:03:09", "05-16 14:03:09", "05-18 14:03:09"],
        ),
        ("0 0 2 1 * * *", "2026-11-21T00:00:00", &["12-01 02:00:00", "01-01 02:00:00"]),
        // Day and weekday: either.
        ("0 0 0 1 * MON *", "2026-11-21T00:00:00", &["11-23 00:00:00", "11-30 00:00:00", "12-01 00:00:00"]),
        ("0 0 0 * * 0 *", "2026-11-21T00:00:00", &["11-22 00:00:00"]),
        ("0 0 0 ? * SAT *", "2026-11-21T00:00:00", &["11-28 00:00:00"]),
        ("0 0 0 13 * ? *", "2026-11-21T00:00:00", &["12-13 00:00:00"]),
        ("0 0 9 * * MON-FRI *", "2026-11-20T10:00:00", &["11-23 09:00:00"]),
        // The last day, the nearest weekday, the n-th and the last weekday.
        ("0 0 0 L * * *", "2027-02-01T00:00:00", &["02-28 00:00:00", "03-31 00:00:00"]),
        ("0 0 0 L 2 ? *", "2028-01-01T00:00:00", &["02-29 00:00:00"]),
        ("0 0 0 15W * ? *", "2026-11-01T00:00:00", &["11-16 00:00:00"]),
        ("0 0 0 1W 8 ? *", "2026-01-01T00:00:00", &["08-03 00:00:00"]),
        ("0 0 0 ? * 1#2 *", "2026-11-01T00:00:00", &["11-09 00:00:00"]),
        ("0 0 0 ? * FRIL *", "2026-11-01T00:00:00", &["11-27 00:00:00"]),
        // Months, years, leap days, and never.
        ("0 0 0 29 2 * *", "2026-01-01T00:00:00", &["02-29 00:00:00"]),
        ("0 0 0 1 jan-mar/2 * *", "2026-02-01T00:00:00", &["03-01 00:00:00", "01-01 00:00:00"]),
        ("0 0 0 30 2 * *", "2026-01-01T00:00:00", &["never"]),
        ("0 0 0 * * * 2020", "2026-01-01T00:00:00", &["never"]),
        ("59 59 23 31 12 * 2099", "2026-01-01T00:00:00", &["12-31 23:59:59", "never"]),
        ("0 10-20/5 * * * * *", "2026-01-01T00:16:00", &["01-01 00:20:00", "01-01 01:10:00"]),
    ];
    for (cron, from, expected) in cases {
        assert_eq!(next(cron, from, expected.len()), *expected, "{cron} after {from}");
    }
}

#[test]
fn the_next_time_is_later_even_within_a_second() {
    let schedule: Schedule = "* * * * * * *".parse().expect("a schedule");
    assert_eq!(schedule.next_after(1_000), Some(2_000));
    assert_eq!(schedule.next_after(1_999), Some(2_000));
    assert_eq!(schedule.next_after(Millis::MAX), None);
}

#[test]
fn a_wrong_field_is_named() {
    for (cron, part) in [
        ("60 * * * * * *", "the second field of the cron `60 * * * * * *` is wrong: `60`"),
        ("* */0 * * * * *", "the minute field of the cron `* */0 * * * * *` is wrong: `*/0`"),
        ("* * 9-5 * * * *", "the hour field of the cron `* * 9-5 * * * *` is wrong: `9-5`"),
        ("* * * 0 * * *", "the day field of the cron `* * * 0 * * *` is wrong: `0`"),
        ("* * * * MAI * *", "the month field of the cron `* * * * MAI * *` is wrong: `MAI`"),
        ("* * * * * 7 *", "the weekday field of the cron `* * * * * 7 *` is wrong: `7`"),
        ("* * * * * 1#6 *", "the weekday field of the cron `* * * * * 1#6 *` is wrong: `1#6`"),
        ("* * * * * * 1969", "the year field of the cron `* * * * * * 1969` is wrong: `1969`"),
        ("+1 * * * * * *", "the second field of the cron `+1 * * * * * *` is wrong: `+1`"),
        ("1,,2 * * * * * *", "the second field of the cron `1,,2 * * * * * *` is wrong: ``"),
    ] {
        let error = cron.parse::<Schedule>().expect_err(cron);
        assert_eq!(error.message().en, part);
    }
}

#[test]
fn another_number_of_fields_gets_the_seven_that_were_meant() {
    for (cron, count, hint) in [
        ("0 2 * * *", 5, "write `0 0 2 * * * *` for: every day at 02:00"),
        ("0 0 */2 * * *", 6, "write `0 0 */2 * * * *` for: every 2 hours"),
    ] {
        let error = cron.parse::<Schedule>().expect_err(cron);
        assert_eq!(error.message().en, format!("the cron `{cron}` has {count} fields instead of seven"));
        assert_eq!(error.hints().last().map(|hint| &*hint.en), Some(hint));
    }
    let error = "hourly".parse::<Schedule>().expect_err("one word");
    assert_eq!(error.hints().len(), 1);
}

#[test]
fn schedules_read_as_words() {
    for (cron, en, zh) in [
        ("* * * * * * *", "every second", "每秒"),
        ("*/5 * * * * * *", "every 5 seconds", "每 5 秒"),
        ("0 */5 * * * * *", "every 5 minutes", "每 5 分钟"),
        ("0 0 */1 * * * *", "every hour", "每小时"),
        ("0 0 */2 * * * *", "every 2 hours", "每 2 小时"),
        ("0 15 * * * * *", "every hour at minute 15", "每小时的第 15 分"),
        ("0 0 0 * * * *", "every day at 00:00", "每天 00:00"),
        ("0 0 10,14 * * * *", "every day at 10:00 and 14:00", "每天 10:00、14:00"),
        ("0 */30 9 * * * *", "every day at 09:00 and 09:30", "每天 09:00、09:30"),
        ("0 */5 9-17 * * * *", "every 5 minutes during hours 9–17", "在 9–17 时内每 5 分钟"),
        ("0 0 2 1 * * *", "at 02:00 on day 1 of the month", "1 日 02:00"),
        ("0 0 9 * * MON,WED *", "at 09:00 on Monday and Wednesday", "周一、周三 09:00"),
        ("0 0 9 1 * MON *", "at 09:00 on day 1 of the month or Monday", "1 日或周一 09:00"),
        ("0 0 0 L 12 ? *", "at 00:00 on the last day of the month in December", "12 月 月末 00:00"),
        (
            "9 3 14 18 5 ? 2021",
            "at 14:03:09 on day 18 of the month in May in 2021",
            "2021 年 5 月 18 日 14:03:09",
        ),
    ] {
        let text = cron.parse::<Schedule>().expect(cron).explain();
        assert_eq!((&*text.en, &*text.zh), (en, zh), "{cron}");
    }
}

#[test]
fn only_numbers_deserve_the_weekday_warning() {
    let numbers = |cron: &str| cron.parse::<Schedule>().expect(cron).numbers_weekdays();
    assert!(numbers("0 0 9 * * 1 *"));
    assert!(!numbers("0 0 9 * * MON *"));
    assert!(!numbers("0 0 9 * * * *"));
}

#[test]
fn a_day_that_no_month_has_never_comes() {
    let never = |cron: &str| cron.parse::<Schedule>().expect(cron).never_fires();
    for cron in ["0 0 0 31 2 * *", "0 0 0 31 4,6,9,11 * *", "0 0 0 31W 2 * *", "0 0 0 29 2 * 2027"] {
        assert!(never(cron), "{cron}");
    }
    for cron in ["0 0 0 29 2 * *", "0 0 0 31 2 MON *", "0 0 0 L 2 * *", "0 0 0 1 1 * 2020", "* * * * * * *"] {
        assert!(!never(cron), "{cron}");
    }
}
