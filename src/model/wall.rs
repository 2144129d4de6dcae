//! The platform's wall clock: UTC+8 all year, in what it writes, reads and schedules.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::clock::Millis;

const FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// Returns the platform's time zone.
pub fn zone() -> TimeZone {
    TimeZone::fixed(Offset::constant(8))
}

/// Writes a time as the platform does: `YYYY-MM-DD HH:MM:SS`.
pub fn write(time: Millis) -> String {
    timestamp(time).to_zoned(zone()).strftime(FORMAT).to_string()
}

/// Reads a time as the platform writes it.
pub fn read(text: &str) -> Option<Millis> {
    let time = DateTime::strptime(FORMAT, text.trim()).ok()?.to_zoned(zone()).ok()?;
    Some(time.timestamp().as_millisecond())
}

/// Reads a time as people write it: with an offset, or the platform's.
pub fn parse(text: &str) -> Option<Millis> {
    let with_offset = text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
    with_offset.or_else(|| read(&text.replacen('T', " ", 1)))
}

/// Writes a time for programs, to the millisecond, with the platform's offset.
pub fn rfc3339(time: Millis) -> String {
    timestamp(time).to_zoned(zone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

/// Writes a time that has no fraction, such as a schedule's.
pub fn rfc3339_second(time: Millis) -> String {
    timestamp(time).to_zoned(zone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn timestamp(time: Millis) -> Timestamp {
    // Out of range is more than nine thousand years away.
    Timestamp::from_millisecond(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_beijing() {
        let time = 1_700_000_000_123;
        assert_eq!(write(time), "2023-11-15 06:13:20");
        assert_eq!(read("2023-11-15 06:13:20"), Some(1_700_000_000_000));
        assert_eq!(rfc3339(time), "2023-11-15T06:13:20.123+08:00");
        for text in ["2023-11-15T06:13:20", "2023-11-15 06:13:20", "2023-11-14T22:13:20Z"] {
            assert_eq!(parse(text), Some(1_700_000_000_000), "{text}");
        }
        for bad in ["", "2023-11-15", "2023-13-15 06:13:20", "soon"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
