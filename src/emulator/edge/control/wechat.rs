//! What a test prepares of WeChat, and looks at afterwards.

use super::Result;
use super::failure::Failure;
use crate::api::control::Done;
use crate::api::local::*;
use crate::emulator::environment::Shared;
use crate::emulator::wechat::method::Method;
use crate::emulator::wechat::refusal::Refusal;
use crate::emulator::wechat::{Prepared, Purpose};

pub(super) async fn calls(environment: &Shared, asked: ListWechatCalls) -> Result<WechatCalls> {
    asked.method.as_deref().map_or(Ok(()), check_method)?;
    let calls = environment.wechat.calls(asked.method.as_deref()).into_iter().map(|call| WechatCall {
        method: call.method,
        body: call.body.to_string(),
        time: call.time,
        errcode: call.errcode,
    });
    Ok(WechatCalls { calls: calls.collect() })
}

pub(super) async fn clear(environment: &Shared, _: ClearWechatCalls) -> Result<Done> {
    environment.wechat.clear();
    Ok(Done {})
}

pub(super) async fn prepare(environment: &Shared, asked: PrepareWechatAnswer) -> Result<Done> {
    check_method(&asked.method)?;
    let prepared = match (asked.errcode, asked.answer) {
        (Some(code), None) if code != 0 => Prepared::Failure(Refusal::numbered(code)),
        (None, Some(text)) => match serde_json::from_str(&text) {
            Ok(serde_json::Value::Object(fields)) => Prepared::Answer(fields.into()),
            _ => return Err(Failure::value("`Answer` is no JSON object.".into())),
        },
        _ => return Err(Failure::value("One of `Errcode`, not 0, and `Answer` is needed.".into())),
    };
    environment.wechat.prepare(&asked.method, prepared, asked.times);
    Ok(Done {})
}

/// Refuses a name that no call would ever have.
fn check_method(name: &str) -> Result<()> {
    if name.contains(['.', '/']) {
        return Ok(());
    }
    let instead = match Method::ending_in(name) {
        Some(whole) => format!("did you mean `{whole}`?"),
        None => "a method is `GROUP.NAME` or a path.".to_owned(),
    };
    Err(Failure::value(format!("`{name}` is no method; {instead}")))
}

pub(super) async fn distrust(environment: &Shared, asked: AddRiskyText) -> Result<Done> {
    if asked.text.is_empty() {
        return Err(Failure::value("An empty text is in every text.".into()));
    }
    environment.wechat.distrust(asked.text);
    Ok(Done {})
}

pub(super) async fn grant(environment: &Shared, asked: GrantSubscription) -> Result<Done> {
    let GrantSubscription { open_id, template_id, times } = asked;
    let refused = |refusal: Refusal| {
        let what = if refusal == Refusal::openid() { "openid" } else { "template id" };
        Failure::value(format!("`{open_id}` and `{template_id}`: that is no {what}."))
    };
    environment.wechat.grant(&open_id, &template_id, times).map_err(refused)?;
    Ok(Done {})
}

pub(super) async fn code(environment: &Shared, asked: MakeWechatCode) -> Result<WechatCode> {
    let purpose = if asked.phone { Purpose::Phone } else { Purpose::Login };
    let code = environment.wechat.code(&asked.open_id, purpose);
    let refused = |_| Failure::value(format!("`{}` is no openid.", asked.open_id));
    code.map(|code| WechatCode { code }).map_err(refused)
}
