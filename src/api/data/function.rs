//! Calling a function. See `docs/wire.md#calling-functions`.

use serde::{Deserialize, Serialize};

use super::sdk_actions;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvokeFunction {
    pub function_name: String,
    /// The event as JSON text; empty when the caller gave none.
    #[serde(default)]
    pub request_data: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvokeFunctionReply {
    /// The handler's result as JSON text.
    pub response_data: String,
}

sdk_actions! {
    InvokeFunction = "functions.invokeFunction" -> InvokeFunctionReply;
}
