//! Calls of functions, and how scf describes their end.

use serde_json::json;

use super::Result;
use super::failure::Failure;
use super::function::known;
use crate::api::control::function::*;
use crate::api::event::Caller;
use crate::emulator::environment::{Environment, Shared};
use crate::emulator::functions::{FaultKind, Invocation, Outcome};

/// The longest event that nobody waits for, in bytes (`docs/wire.md#function-limits`).
const LONGEST_ALONE: usize = 128 << 10;

/// `LogType: Tail` returns the end of the log, in bytes.
const TAIL: usize = 4096;

pub(super) async fn invoke(environment: &Shared, asked: Invoke) -> Result<Invoked> {
    known(environment, asked.namespace.as_deref(), &asked.function_name).await?;
    let event = asked.client_context.unwrap_or_default();
    if asked.invocation_type.as_deref() == Some("Event") {
        if event.len() > LONGEST_ALONE {
            let message = format!("The event of an asynchronous call is over {} KB.", LONGEST_ALONE >> 10);
            return Err(Failure::value(message));
        }
        let (environment, name) = (environment.clone(), asked.function_name);
        // Nobody waits: the answer only says that it was begun.
        tokio::spawn(async move { call(&environment, &name, event, Caller::Console).await });
        return Ok(Invoked::default());
    }
    let outcome = call(environment, &asked.function_name, event, Caller::Console).await;
    Ok(invoked(outcome, asked.log_type.as_deref()))
}

pub(super) async fn invoke_function(environment: &Shared, asked: InvokeFunction) -> Result<Invoked> {
    known(environment, asked.namespace.as_deref(), &asked.function_name).await?;
    let event = asked.event.unwrap_or_default();
    let outcome = call(environment, &asked.function_name, event, Caller::Console).await;
    Ok(invoked(outcome, asked.log_type.as_deref()))
}

/// Calls a function; no event is an empty one.
pub(super) async fn call(environment: &Environment, name: &str, event: String, caller: Caller) -> Outcome {
    let event = if event.trim().is_empty() { "{}".to_owned() } else { event };
    environment.functions.invoke(name, Invocation { event, caller }).await
}

/// Describes how a call ended, as scf does.
pub(super) fn invoked(outcome: Outcome, log_type: Option<&str>) -> Invoked {
    let log = if log_type == Some("None") { String::new() } else { tail(outcome.log()) };
    let Outcome { request_id, result, duration, memory_bytes, .. } = outcome;
    let (ret_msg, err_msg, invoke_result) = match result {
        Ok(value) => (value, String::new(), 0),
        Err(fault) => {
            // 1 is the user's code, -1 the platform; the status numbers are SCF's (`docs/wire.md#function-limits`).
            let (result, status) = match fault.kind {
                FaultKind::Code => (1, 430),
                FaultKind::NotFound => (-1, 404),
                FaultKind::Exit => (-1, 405),
                FaultKind::Event => (-1, 400),
                FaultKind::LongEvent => (-1, 406),
                FaultKind::Result => (-1, 407),
                FaultKind::Busy => (-1, 432),
                FaultKind::Timeout => (-1, 433),
                FaultKind::Memory => (-1, 434),
            };
            let told = json!({
                "errorCode": result,
                "errorMessage": fault.message,
                "requestId": request_id,
                "statusCode": status,
            });
            (String::new(), told.to_string(), result)
        }
    };
    let milliseconds = duration.as_secs_f64() * 1000.0;
    Invoked {
        result: InvocationResult {
            function_request_id: request_id,
            ret_msg,
            err_msg,
            invoke_result,
            log,
            duration: milliseconds,
            bill_duration: milliseconds.ceil() as u64,
            mem_usage: memory_bytes,
        },
    }
}

/// Returns the end of a log, cut before a character.
fn tail(log: String) -> String {
    let start = log.ceil_char_boundary(log.len().saturating_sub(TAIL));
    log.get(start..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::emulator::functions::Fault;

    #[test]
    fn a_fault_is_told_with_the_platforms_numbers() {
        let outcome = Outcome {
            request_id: "r-1".into(),
            result: Err(Fault { kind: FaultKind::Timeout, message: "timed out".into() }),
            duration: Duration::from_millis(3001),
            memory: 256,
            memory_bytes: 7,
            said: "云".repeat(2000),
        };
        let result = invoked(outcome, Some("Tail")).result;
        assert_eq!((result.invoke_result, result.bill_duration, result.mem_usage), (-1, 3001, 7));
        assert!(result.err_msg.contains(r#""statusCode":433"#), "{}", result.err_msg);
        assert!(result.log.len() <= TAIL && result.log.starts_with('云') && result.log.contains("\nREPORT"));
    }
}
