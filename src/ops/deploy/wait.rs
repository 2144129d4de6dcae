//! Waiting until a function is ready: the platform builds it after every change, and refuses the next one meanwhile.

use std::time::Duration;

use crate::api::control::function::FunctionDescription;
use crate::cloud;
use crate::error::{Error, Kind, Result};
use crate::model::clock::Ids;
use crate::text;

/// How long a function may stay in one state.
const PATIENCE: Duration = Duration::from_secs(300);
/// The first pause; each next one is half as long again, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How many questions in a row may go unanswered: the platform falters now and then while it builds.
const LOST_ANSWERS: u32 = 5;

/// Asks until the function is ready. `ask` describes it, `pause` lets time pass, `say` hears each state with the time spent.
///
/// # Errors
/// The function ended in a failed state, or stays in one state for too long.
pub(super) async fn until_ready(
    name: &str,
    ids: &Ids,
    mut ask: impl AsyncFnMut() -> Result<FunctionDescription, cloud::Error>,
    mut pause: impl AsyncFnMut(Duration),
    mut say: impl FnMut(&str, Duration),
) -> Result<FunctionDescription> {
    let (mut next, mut waited, mut lost) = (FIRST_PAUSE, Duration::ZERO, 0);
    loop {
        match ask().await {
            Ok(description) => {
                lost = 0;
                match description.status.as_str() {
                    "Creating" | "Updating" | "Publishing" | "Deleting" => say(&description.status, waited),
                    status if status.ends_with("Failed") => return Err(failed(name, &description)),
                    _ => return Ok(description),
                }
            }
            Err(error) if lost < LOST_ANSWERS && is_passing(&error) => lost += 1,
            Err(error) => return Err(error.into()),
        }
        if waited >= PATIENCE {
            return Err(too_long(name));
        }
        let [random] = ids.bytes::<1>();
        // Functions deployed together ask at different times.
        let wait = next / 2 + next * u32::from(random) / 255;
        pause(wait).await;
        waited += wait;
        next = (next * 3 / 2).min(LONGEST_PAUSE);
    }
}

fn is_passing(error: &cloud::Error) -> bool {
    match error {
        cloud::Error::Unreachable { .. } | cloud::Error::Stalled { .. } => true,
        cloud::Error::Status { status, .. } => *status >= 500,
        other => ["InternalError", "ServiceUnavailable", "RequestLimitExceeded"]
            .iter()
            .any(|family| other.is(family)),
    }
}

fn failed(name: &str, description: &FunctionDescription) -> Error {
    let status = &description.status;
    let mut error = Error::new(
        Kind::Refused,
        text! { en: "function `{name}` ended as `{status}`", zh: "云函数 `{name}` 的状态变为 `{status}`" },
    );
    if !description.status_desc.is_empty() {
        error = error.cause(description.status_desc.as_str().into());
    }
    for reason in &description.status_reasons {
        error = error.code(&reason.error_code).cause(reason.error_message.as_str().into());
    }
    error
}

fn too_long(name: &str) -> Error {
    let minutes = PATIENCE.as_secs() / 60;
    Error::new(
        Kind::Failed,
        text! { en: "function `{name}` was not ready after {minutes} minutes", zh: "云函数 `{name}` 在 {minutes} 分钟后仍未就绪" },
    )
    .hint(text! { en: "deploy again: what is done already is not done twice", zh: "请再次部署：已完成的部分不会重复执行" })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn unavailable() -> cloud::Error {
        cloud::Error::Status {
            url: "https://scf.tencentcloudapi.com/".into(),
            status: 503,
            text: String::new(),
        }
    }

    /// Plays a list of answers; returns how it ended, the states said, and the time paused in all.
    fn play(answers: Vec<Result<&str, cloud::Error>>) -> (Result<String>, Vec<String>, Duration) {
        let answers = RefCell::new(answers.into_iter());
        let (mut said, mut paused, ids) = (Vec::new(), Duration::ZERO, Ids::counting(1));
        let ask = async || {
            let status = answers.borrow_mut().next().expect("no question after the last answer")?;
            Ok(FunctionDescription { status: status.into(), status_desc: "why".into(), ..Default::default() })
        };
        let waiting = until_ready(
            "report",
            &ids,
            ask,
            async |wait| paused += wait,
            |state, _| said.push(state.to_owned()),
        );
        let ended =
            tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(waiting);
        (ended.map(|description| description.status), said, paused)
    }

    #[test]
    fn a_ready_function_is_asked_once() {
        let (ended, said, paused) = play(vec![Ok("Active")]);
        assert_eq!((ended.expect("ready").as_str(), said.len(), paused), ("Active", 0, Duration::ZERO));
    }

    #[test]
    fn updating_is_waited_for_and_said() {
        let (ended, said, paused) = play(vec![Ok("Updating"), Ok("Updating"), Ok("Active")]);
        assert!(ended.is_ok() && paused > Duration::ZERO);
        assert_eq!(said, ["Updating", "Updating"]);
    }

    #[test]
    fn a_failed_state_ends_it_with_the_reason() {
        let (ended, ..) = play(vec![Ok("Updating"), Ok("UpdateFailed")]);
        let error = ended.expect_err("failed");
        assert_eq!(error.causes()[0].en, "why");
    }

    #[test]
    fn lost_answers_are_passing_but_not_for_ever() {
        let (ended, ..) = play(vec![Err(unavailable()), Ok("Creating"), Err(unavailable()), Ok("Active")]);
        assert!(ended.is_ok());
        let (ended, ..) = play((0..=LOST_ANSWERS).map(|_| Err(unavailable())).collect());
        assert!(ended.is_err());
    }

    #[test]
    fn patience_ends() {
        let (ended, ..) = play(std::iter::repeat_with(|| Ok("Updating")).take(400).collect());
        assert!(ended.expect_err("too long").message().en.contains("not ready after 5 minutes"));
    }
}
