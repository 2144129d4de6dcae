//! The emulator's clock: what time it is there, moving it, letting it run again.

use serde::Serialize;

use crate::api::local::{ClockState, DescribeClock, MoveClock, ResumeClock};
use crate::cloud;
use crate::error::{Error, Result};
use crate::model::clock::Millis;
use crate::model::wall;
use crate::text;

use super::target::Target;

/// The emulator's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// Such as `2026-11-21T13:00:00.000+08:00`.
    pub now: String,
    /// Whether it stands still.
    pub held: bool,
    /// Milliseconds that it is ahead of the machine's.
    pub offset_ms: Millis,
    /// The calls that were due while it moved, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fired: Option<Vec<Fired>>,
}

/// A timer's call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fired {
    pub function: String,
    pub trigger: String,
    pub time: String,
    pub request_id: String,
    /// Why the function failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Tells what time it is.
pub async fn show(target: &Target) -> Result<State> {
    Ok(State { fired: None, ..State::of(target.client().call(&DescribeClock {}).await?) })
}

/// Moves the clock to a time and holds it there, firing what is due on the way.
///
/// # Errors
/// Too many calls are due, besides what can happen to a call; nothing has moved then.
pub async fn set(target: &Target, time: Millis, skip_timers: bool) -> Result<State> {
    change(target, MoveClock { time: Some(time), by: None, skip_timers }).await
}

/// Moves the clock on, firing what is due on the way. Errors as [`set`].
pub async fn advance(target: &Target, by: Millis, skip_timers: bool) -> Result<State> {
    change(target, MoveClock { time: None, by: Some(by), skip_timers }).await
}

async fn change(target: &Target, to: MoveClock) -> Result<State> {
    target.client().call(&to).await.map(State::of).map_err(|error| match error {
        cloud::Error::Refused(_) => Error::from(error).hint(
            text! { en: "`--skip-timers` moves the clock and fires nothing", zh: "`--skip-timers` 只拨动时钟，不触发定时器" },
        ),
        error => error.into(),
    })
}

/// Lets the clock tell the machine's time again.
pub async fn resume(target: &Target) -> Result<State> {
    Ok(State { fired: None, ..State::of(target.client().call(&ResumeClock {}).await?) })
}

/// Returns the time at the target: an emulator's may be moved, the cloud's is the machine's.
pub async fn present(target: &Target, machine: Millis) -> Result<Millis> {
    match target.emulator() {
        Some(_) => Ok(target.client().call(&DescribeClock {}).await?.time),
        None => Ok(machine),
    }
}

impl State {
    fn of(state: ClockState) -> Self {
        let fired = state.fired.into_iter().map(|it| Fired {
            function: it.function_name,
            trigger: it.trigger_name,
            time: wall::rfc3339_second(it.time),
            request_id: it.request_id,
            error: it.error,
        });
        State {
            now: wall::rfc3339(state.time),
            held: state.held,
            offset_ms: state.offset,
            fired: Some(fired.collect()),
        }
    }
}
