//! Timer triggers: fires those that are due by the emulator's clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, JoinSet};

use super::event::{Event, Events, tell};
use super::functions::{Functions, Invocation, Outcome};
use crate::api::event::{self, Caller};
use crate::model::clock::{Clock, Millis};
use crate::model::schedule::Schedule;

/// How often the clock is looked at: it may be moved at any time.
const TICK: Duration = Duration::from_millis(250);

/// Times that a trigger fires at most when the machine wakes from sleep; the newest count.
const CAUGHT_UP: usize = 100;

/// Calls that one move of the clock may cause.
pub const MOST_FIRED: usize = 10_000;

/// The timers of one environment. They stop when this is dropped.
pub struct Timers {
    bell: Arc<Bell>,
    task: JoinHandle<()>,
}

impl Drop for Timers {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A call that was due while the clock moved.
pub struct Fired {
    pub function: String,
    pub trigger: String,
    pub time: Millis,
    pub outcome: Outcome,
}

/// A move of the clock would cause more than [`MOST_FIRED`] calls.
#[derive(Debug)]
pub struct TooMany;

/// What fires timers.
struct Bell {
    functions: Functions,
    clock: Clock,
    events: Events,
    /// The time until which everything due has fired. Locked while the clock moves, so that nothing fires twice.
    seen: Mutex<Millis>,
}

impl Timers {
    /// Starts the timers. A time that passed before is not made up for.
    pub fn start(functions: Functions, clock: Clock, events: Events) -> Self {
        let seen = Mutex::new(clock.now());
        let bell = Arc::new(Bell { functions, clock, events, seen });
        Timers { task: tokio::spawn(run(bell.clone())), bell }
    }

    /// Fires nothing more by itself.
    pub fn stop(&self) {
        self.task.abort();
    }

    /// Moves the clock and fires what is due on the way: in order, one after the other, each with the clock at its
    /// time. Returns when the last has answered. A move back in time fires nothing, nor one that is to
    /// be silent.
    ///
    /// # Errors
    /// Too much is due; nothing has moved then.
    ///
    /// # Panics
    /// The task that moves it did.
    pub async fn move_clock(&self, to: Move, silently: bool) -> Result<Vec<Fired>, TooMany> {
        let bell = self.bell.clone();
        // In a task of its own: who asked may go away, and half a move would fire the rest twice.
        tokio::spawn(async move { bell.move_clock(to, silently).await })
            .await
            .expect("the move does not panic")
    }

    /// Lets the clock tell the machine's time again; what lies between fires nothing.
    pub async fn resume_clock(&self) {
        let mut seen = self.bell.seen.lock().await;
        self.bell.clock.resume();
        *seen = self.bell.clock.now();
    }
}

impl Bell {
    async fn move_clock(&self, to: Move, silently: bool) -> Result<Vec<Fired>, TooMany> {
        let Bell { functions, clock, events, seen } = self;
        let mut seen = seen.lock().await;
        // A trigger that was saved a moment ago counts, also before the watcher tells of it.
        functions.look().await;
        let target = match to {
            Move::By(millis) => clock.now().saturating_add(millis),
            Move::HeldAt(time) => time,
        };
        let triggers = if silently { Vec::new() } else { triggers(functions) };
        let due = due(triggers, *seen, target, |times| times.take(MOST_FIRED + 1).collect());
        if due.len() > MOST_FIRED {
            return Err(TooMany);
        }
        let mut fired = Vec::with_capacity(due.len());
        for (function, trigger, time) in due {
            clock.move_to(time);
            let outcome = fire(functions, events, &function, &trigger, time).await;
            fired.push(Fired { function, trigger, time, outcome });
        }
        match to {
            Move::By(_) => clock.move_to(target),
            Move::HeldAt(_) => clock.hold(target),
        }
        *seen = target;
        Ok(fired)
    }
}

/// Where the clock goes.
#[derive(Debug, Clone, Copy)]
pub enum Move {
    /// So many milliseconds on.
    By(Millis),
    /// To this time, where it stands still.
    HeldAt(Millis),
}

/// Runs a function as its trigger does at `time`.
pub async fn fire(
    functions: &Functions,
    events: &Events,
    function: &str,
    trigger: &str,
    time: Millis,
) -> Outcome {
    tell(events, Event::Fired { function: function.to_owned(), trigger: trigger.to_owned(), time });
    let event = event::timer(trigger, &whole_seconds(time));
    let caller = Caller::Timer { trigger: trigger.to_owned() };
    functions.invoke(function, Invocation { event, caller }).await
}

async fn run(bell: Arc<Bell>) {
    let Bell { functions, clock, events, seen } = &*bell;
    let mut calls = JoinSet::new();
    loop {
        tokio::time::sleep(TICK).await;
        while calls.try_join_next().is_some() {}
        let mut seen = seen.lock().await;
        let now = clock.now();
        for (function, trigger, time) in due(triggers(functions), *seen, now, newest) {
            let (functions, events) = (functions.clone(), events.clone());
            calls.spawn(async move { fire(&functions, &events, &function, &trigger, time).await });
        }
        *seen = now;
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

/// Returns what is due after `seen` and until `now`, in order of time; `pick` takes some of a trigger's times. A cron that
/// is wrong never is.
fn due(
    triggers: Vec<(String, String, String)>,
    seen: Millis,
    now: Millis,
    pick: impl Fn(&mut dyn Iterator<Item = Millis>) -> Vec<Millis>,
) -> Vec<(String, String, Millis)> {
    let mut schedules: HashMap<String, Option<Schedule>> = HashMap::new();
    let mut due = Vec::new();
    for (function, trigger, cron) in triggers {
        let schedule = schedules.entry(cron).or_insert_with_key(|cron| cron.parse().ok());
        let Some(schedule) = schedule else { continue };
        let next = |time: &Millis| schedule.next_after(*time).filter(|next| *next <= now);
        let times = pick(&mut std::iter::successors(next(&seen), next));
        due.extend(times.into_iter().map(|time| (function.clone(), trigger.clone(), time)));
    }
    due.sort_by_key(|(_, _, time)| *time);
    due
}

/// Keeps the newest of a trigger's times.
fn newest(times: &mut dyn Iterator<Item = Millis>) -> Vec<Millis> {
    let mut times: Vec<Millis> = times.collect();
    times.split_off(times.len().saturating_sub(CAUGHT_UP))
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
        let due = due(vec![trigger], START, START + seconds * 1000, newest);
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
        let due = due(vec![trigger], START, START + 3_600_000, newest);
        assert_eq!((due.len(), due.last().map(|(_, _, time)| *time)), (CAUGHT_UP, Some(START + 3_600_000)));
    }

    #[test]
    fn the_event_tells_whole_seconds_in_utc() {
        assert_eq!(whole_seconds(START + 999), "2023-11-14T22:13:20Z");
    }
}
