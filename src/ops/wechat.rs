//! WeChat as the emulator stands in for it: what it was asked, and what it is to answer.

use serde::Serialize;
use serde_json::Value;

use crate::api::local::{
    AddRiskyText, ClearWechatCalls, GrantSubscription, ListWechatCalls, MakeWechatCode, PrepareWechatAnswer,
    WechatCode,
};
use crate::error::Result;
use crate::model::wall;

use super::target::Target;

/// A call of a method.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    pub method: String,
    pub body: Value,
    pub time: String,
    /// 0 for a success.
    pub errcode: i64,
}

/// Returns the calls of a method, or all, the oldest first.
pub async fn calls(target: &Target, method: Option<String>) -> Result<Vec<Call>> {
    let calls = target.client().call(&ListWechatCalls { method }).await?.calls;
    let call = |call: crate::api::local::WechatCall| Call {
        method: call.method,
        body: serde_json::from_str(&call.body).unwrap_or(Value::String(call.body)),
        time: wall::rfc3339(call.time),
        errcode: call.errcode,
    };
    Ok(calls.into_iter().map(call).collect())
}

/// Forgets the calls and what was prepared.
pub async fn clear(target: &Target) -> Result<()> {
    target.client().call(&ClearWechatCalls {}).await?;
    Ok(())
}

/// Has the next calls of a method fail.
pub async fn fail(target: &Target, method: String, errcode: i32, times: u64) -> Result<()> {
    let asked = PrepareWechatAnswer { method, errcode: Some(errcode), answer: None, times };
    target.client().call(&asked).await?;
    Ok(())
}

/// Has the next calls of a method answer these fields, a JSON object as text.
pub async fn answer(target: &Target, method: String, answer: String, times: u64) -> Result<()> {
    let asked = PrepareWechatAnswer { method, errcode: None, answer: Some(answer), times };
    target.client().call(&asked).await?;
    Ok(())
}

/// Counts a text as risky.
pub async fn distrust(target: &Target, text: String) -> Result<()> {
    target.client().call(&AddRiskyText { text }).await?;
    Ok(())
}

/// Has a person accept so many messages of a template; none is a refusal.
pub async fn grant(target: &Target, openid: String, template: String, times: u64) -> Result<()> {
    let asked = GrantSubscription { open_id: openid, template_id: template, times };
    target.client().call(&asked).await?;
    Ok(())
}

/// Returns a code that stands for a person; with `phone`, for the person's phone number.
pub async fn code(target: &Target, openid: String, phone: bool) -> Result<String> {
    let WechatCode { code } = target.client().call(&MakeWechatCode { open_id: openid, phone }).await?;
    Ok(code)
}
