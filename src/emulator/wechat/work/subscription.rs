//! Messages that a person subscribed to, and their templates.

use serde_json::{Value, json};

use super::fields;
use crate::emulator::wechat::refusal::{Refusal, Result};
use crate::emulator::wechat::{Answer, Asked, WeChat, message};
use crate::text;

/// The versions of a mini program, as messages name them.
const STATES: [&str; 3] = ["formal", "trial", "developer"];

impl WeChat {
    pub(super) fn subscription(&self, asked: &Asked<'_>) -> Result<Answer> {
        let openid = asked.openid("touser")?;
        let template = asked.text("template_id").ok_or_else(Refusal::template)?;
        asked.check_word("miniprogram_state", &STATES)?;
        message::check_fields(asked.fields.get("data"))?;
        self.use_up(template, openid)?;
        fields(json!({ "msgid": i64::from(u32::from_be_bytes(self.ids.bytes::<4>())) }))
    }

    fn use_up(&self, template: &str, openid: &str) -> Result<()> {
        let mut state = self.state();
        let used = state.kept.subscriptions.use_up(template, openid).inspect_err(|_| {
            self.warn(text! {
                en: "`{openid}` has accepted no more messages of the template `{template}`; `cloudkit wechat grant {openid} {template}` accepts one",
                zh: "`{openid}` 已没有模板 `{template}` 的订阅次数；`cloudkit wechat grant {openid} {template}` 可增加一次"
            });
        })?;
        if used { self.keep(&state) } else { Ok(()) }
    }

    pub(super) fn add_template(&self, asked: &Asked<'_>) -> Result<Answer> {
        let id = self.made_up(43);
        let title = asked.text("tid").ok_or_else(Refusal::template)?;
        let template = json!({ "priTmplId": id, "title": title, "content": "", "example": "", "type": 2 });
        let mut state = self.state();
        state.kept.templates.push(template);
        self.keep(&state)?;
        fields(json!({ "priTmplId": id }))
    }

    pub(super) fn delete_template(&self, asked: &Asked<'_>) -> Result<Answer> {
        let id = asked.text("priTmplId").ok_or_else(Refusal::template)?;
        let mut state = self.state();
        let before = state.kept.templates.len();
        state.kept.templates.retain(|template| template.get("priTmplId").and_then(Value::as_str) != Some(id));
        if state.kept.templates.len() == before {
            return Err(Refusal::template());
        }
        self.keep(&state)?;
        fields(json!({}))
    }
}
