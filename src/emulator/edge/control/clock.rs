//! The emulator's clock.

use super::Result;
use super::failure::Failure;
use crate::api::local::{ClockState, DescribeClock, FiredTrigger, MoveClock, ResumeClock};
use crate::emulator::environment::Shared;
use crate::emulator::timers::{Fired, MOST_FIRED, Move, TooMany};

pub(super) async fn describe(environment: &Shared, _: DescribeClock) -> Result<ClockState> {
    Ok(state(environment, Vec::new()))
}

pub(super) async fn change(environment: &Shared, asked: MoveClock) -> Result<ClockState> {
    let to = match (asked.time, asked.by) {
        (Some(time), None) => Move::HeldAt(time),
        (None, Some(millis)) => Move::By(millis),
        _ => return Err(Failure::value("One of `Time` and `By` is needed.".into())),
    };
    let target = match to {
        Move::HeldAt(time) => time,
        Move::By(millis) => environment.config.clock.now().saturating_add(millis),
    };
    jiff::Timestamp::from_millisecond(target)
        .map_err(|error| Failure::value(format!("That is no time: {error}.")))?;
    let fired = environment.timers.move_clock(to, asked.skip_timers).await.map_err(|TooMany| {
        Failure::value(format!(
            "More than {MOST_FIRED} timer calls are due until then; move the clock in shorter steps."
        ))
    })?;
    environment.wechat.tell_due(&environment.functions).await;
    Ok(state(environment, fired))
}

pub(super) async fn resume(environment: &Shared, _: ResumeClock) -> Result<ClockState> {
    environment.timers.resume_clock().await;
    Ok(state(environment, Vec::new()))
}

fn state(environment: &Shared, fired: Vec<Fired>) -> ClockState {
    let clock = &environment.config.clock;
    let told = |fired: Fired| FiredTrigger {
        function_name: fired.function,
        trigger_name: fired.trigger,
        time: fired.time,
        request_id: fired.outcome.request_id,
        error: fired.outcome.result.err().map(|fault| fault.message),
    };
    ClockState {
        time: clock.now(),
        held: clock.is_held(),
        offset: clock.offset(),
        fired: fired.into_iter().map(told).collect(),
    }
}
