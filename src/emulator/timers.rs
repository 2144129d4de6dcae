//! Timer triggers: fires those that are due by the emulator's clock.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::{JoinHandle, JoinSet};

use super::event::{Event, Events};
use super::functions::{Functions, Invocation, Outcome};
use crate::api::event::{self, Caller};
use crate::model::clock::{Clock, Millis};
use crate::model::schedule::Schedule;

/// How often the clock is looked at: it may be moved at any time.
const TICK: Duration = Duration::from_millis(250);

/// Times that a trigger fires at most for one move of the clock; the newest count.
const CAUGHT_UP: usize = 100;

/// The timers of one environment. They stop when this is dropped.
pub struct Timers {
    task: JoinHandle<()>,
}

impl Drop for Timers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Timers {
    /// Starts the timers. A time that passed before is not made up for.
    pub fn start(functions: Functions, clock: Clock, events: Events) -> Self {
        Timers { task: tokio::spawn(run(functions, clock, events)) }
    }
}

/// Runs a function as its trigger does at `time`.
pub async fn fire(
    functions: &Functions,
    events: &Events,
    function: &str,
    trigger: &str,
    time: Millis,
) -> Outcome {
    // An error means that nobody listens.
    let _ = events.send(Event::Fired { function: function.to_owned(), trigger: trigger.to_owned() });
    let event = event::timer(trigger, &whole_seconds(time));
    let caller = Caller::Timer { trigger: trigger.to_owned() };
    functions.invoke(function, Invocation { event, caller }).await
}

async fn run(functions: Functions, clock: Clock, events: Events) {
    let mut calls = JoinSet::new();
    let mut seen = clock.now();
    loop {
        tokio::time::sleep(TICK).await;
        while calls.try_join_next().is_some() {}
        let now = clock.now();
        for (function, trigger, time) in due(triggers(&functions), seen, now) {
            let (functions, events) = (functions.clone(), events.clone());
            calls.spawn(async move { fire(&functions, &events, &function, &trigger, time).await });
        }
        seen = now;
    }
}

/// Returns every trigger as function, name and cron.
fn triggers(functions: &Functions) -> Vec<(String, String, String)> {
    let of = |function: super::functions::Registered| {
        let name = function.spec.name.to_string();
        function.spec.triggers.into_iter().map(move |trigger| (name.clone(), trigger.name, trigger.cron))
    };
    functions.list().into_iter().flat_map(of).collect()
}

/// Returns what is due after `seen` and until `now`, in order of time. A cron that is wrong never is.
fn due(triggers: Vec<(String, String, String)>, seen: Millis, now: Millis) -> Vec<(String, String, Millis)> {
    let mut schedules: HashMap<String, Option<Schedule>> = HashMap::new();
    let mut due = Vec::new();
    for (function, trigger, cron) in triggers {
        let schedule = schedules.entry(cron).or_insert_with_key(|cron| cron.parse().ok());
        let Some(schedule) = schedule else { continue };
        let next = |time: &Millis| schedule.next_after(*time).filter(|next| *next <= now);
        let times: Vec<Millis> = std::iter::successors(next(&seen), next).collect();
        let newest = times.get(times.len().saturating_sub(CAUGHT_UP)..).unwrap_or_default();
        due.extend(newest.iter().map(|time| (function.clone(), trigger.clone(), *time)));
    }
    due.sort_by_key(|(_, _, time)| *time);
    due
}

/// Writes a time as `2019-02-21T11:49:00Z`.
fn whole_seconds(time: Millis) -> String {
    Timestamp::from_second(time.div_euclid(1000)).map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-11-14T22:13:20Z.
    const START: Millis = 1_700_000_000_000;

    #[track_caller]
    fn check(cron: &str, seconds: Millis, expected: &[Millis]) {
        let trigger = ("f".to_owned(), "t".to_owned(), cron.to_owned());
        let due = due(vec![trigger], START, START + seconds * 1000);
        assert_eq!(
            due.iter().map(|(_, _, time)| (time - START) / 1000).collect::<Vec<_>>(),
            expected,
            "{cron}"
        );
    }

    #[test]
    fn a_trigger_is_due_at_each_of_its_times_that_passed() {
        check("*/5 * * * * * *", 0, &[]);
        check("*/5 * * * * * *", 4, &[]);
        check("*/5 * * * * * *", 5, &[5]);
        check("*/5 * * * * * *", 16, &[5, 10, 15]);
        check("0 0 * * * * *", 3600, &[2800]);
        check("nonsense", 3600, &[]);
    }

    #[test]
    fn a_long_leap_fires_the_newest_times_only() {
        let trigger = ("f".to_owned(), "t".to_owned(), "* * * * * * *".to_owned());
        let due = due(vec![trigger], START, START + 3_600_000);
        assert_eq!((due.len(), due.last().map(|(_, _, time)| *time)), (CAUGHT_UP, Some(START + 3_600_000)));
    }

    #[test]
    fn the_event_tells_whole_seconds_in_utc() {
        assert_eq!(whole_seconds(START + 999), "2023-11-14T22:13:20Z");
    }
}
