//! Which failures are worth another try, and how long to wait before it.

use std::time::Duration;

/// What went wrong with one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The service turned the request away before doing anything.
    Busy,
    /// No connection was made, so nothing was done.
    NoConnection,
    /// The service failed, or the connection broke: it may have been done.
    Unsure,
    /// Trying again would end the same.
    Final,
}

impl Trouble {
    /// Classifies a code of the wire.
    pub fn of_code(code: &str) -> Self {
        match code.split('.').next().unwrap_or_default() {
            "RequestLimitExceeded" => Trouble::Busy,
            "InternalError" | "ServiceUnavailable" => Trouble::Unsure,
            _ => Trouble::Final,
        }
    }
}

/// The tries a request gets in all.
const TRIES: u32 = 4;
/// The wait before the second try; it doubles from there.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// Returns how long to wait before another try, or `None` when there is none; `tried` counts the tries so far, `random`
/// spreads clients that failed together.
pub fn wait(tried: u32, trouble: Trouble, repeatable: bool, random: u8) -> Option<Duration> {
    let again = match trouble {
        Trouble::Busy | Trouble::NoConnection => true,
        Trouble::Unsure => repeatable,
        Trouble::Final => false,
    };
    if !again || tried >= TRIES {
        return None;
    }
    let wait = FIRST_WAIT * 2u32.pow(tried.saturating_sub(1));
    Some(wait / 2 + wait * u32::from(random) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_have_been_done_is_repeated_blindly() {
        for (code, repeatable, again) in [
            ("RequestLimitExceeded", false, true),
            ("RequestLimitExceeded.UinLimitExceeded", false, true),
            ("InternalError", true, true),
            ("InternalError", false, false),
            ("ServiceUnavailable", true, true),
            ("ResourceNotFound.Function", true, false),
        ] {
            assert_eq!(wait(1, Trouble::of_code(code), repeatable, 0).is_some(), again, "{code}");
        }
        assert!(wait(1, Trouble::NoConnection, false, 0).is_some());
    }

    #[test]
    fn waits_grow_and_end_within_a_few_seconds() {
        let longest: Vec<_> = (1..).map_while(|tried| wait(tried, Trouble::Busy, true, 255)).collect();
        assert_eq!(longest.len(), 3);
        assert!(longest.is_sorted() && longest.iter().sum::<Duration>() < Duration::from_secs(3));
        assert_eq!(wait(1, Trouble::Busy, true, 0), Some(Duration::from_millis(125)));
    }
}
