//! A function calls a function.

use super::{Answer, Call, Result, text};
use crate::api::data::function::{InvokeFunction, InvokeFunctionReply};
use crate::api::data::{Failure, SdkAction};
use crate::api::event::{Caller, Identity};
use crate::emulator::access::functions;
use crate::emulator::environment::Shared;
use crate::emulator::functions::Invocation;

/// Answers a call of a function.
pub(super) async fn answer(environment: &Shared, call: &Call<'_>) -> Option<Result<Answer>> {
    match call.action {
        InvokeFunction::NAME => Some(invoke(environment, call).await),
        _ => None,
    }
}

async fn invoke(environment: &Shared, call: &Call<'_>) -> Result<Answer> {
    let InvokeFunction { function_name, request_data } = call.read()?;
    functions::check(environment, call.principal, &function_name)?;
    let event = if request_data.is_empty() { "{}".to_owned() } else { request_data };
    let first = environment.functions.caller_of(call.session_token);
    let caller = Caller::Function { source: call.source.to_owned(), identity: first.and_then(identity_of) };
    let outcome = environment.functions.invoke(&function_name, Invocation { event, caller }).await;
    match outcome.result {
        Ok(response_data) => Ok(Answer::Data {
            json: text(&InvokeFunctionReply { response_data })?,
            request_id: Some(outcome.request_id),
        }),
        Err(fault) => Err(Failure::new(fault.kind.code(), fault.message)),
    }
}

/// Returns the person at the beginning of the chain.
fn identity_of(caller: Caller) -> Option<Identity> {
    match caller {
        Caller::MiniProgram(identity) => Some(identity),
        Caller::Function { identity, .. } => identity,
        Caller::Timer { .. } | Caller::Http | Caller::Console => None,
    }
}
