//! Results that WeChat tells later: to the function that the manifest names, when their time has come by the emulator's
//! clock.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::WeChat;
use super::content::Checked;
use crate::api::event::{Caller, Identity};
use crate::emulator::functions::{Functions, Invocation};
use crate::model::clock::Millis;
use crate::text;

/// How long a check of media takes. In the cloud it is up to half an hour.
pub(super) const CHECK: Millis = 2_000;
/// How often the clock is looked at while a result waits: it may be moved at any time.
const TICK: Duration = Duration::from_millis(100);
/// The account that events are for, as WeChat names it.
const ORIGINAL_ID: &str = "gh_cloudkit00000";

/// Tells results. Ends when dropped.
pub struct Pushes(JoinHandle<()>);

impl Drop for Pushes {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Pushes {
    pub fn start(wechat: Arc<WeChat>, functions: Functions) -> Self {
        Pushes(tokio::spawn(async move {
            loop {
                wechat.pending.notified().await;
                while wechat.is_waiting() {
                    tokio::time::sleep(TICK).await;
                    wechat.tell_due(&functions).await;
                }
            }
        }))
    }

    /// Tells nothing more.
    pub fn stop(&self) {
        self.0.abort();
    }
}

impl WeChat {
    /// Tells the results whose time has come, and returns when the function has answered each.
    pub async fn tell_due(&self, functions: &Functions) {
        let _telling = self.telling.lock().await;
        for checked in self.due() {
            let Some(function) = &self.listener else {
                self.warn(text! {
                    en: "a check of media has its result, and no function is told: name one as `listener` under `[wechat]` of cloudkit.toml",
                    zh: "媒体检测已有结果，但没有云函数接收：请在 cloudkit.toml 的 `[wechat]` 中用 `listener` 指定一个"
                });
                continue;
            };
            let event = checked.event(&self.app_id, ORIGINAL_ID, self.clock.now().div_euclid(1000));
            let caller = match checked.openid {
                Some(openid) => Caller::MiniProgram(Identity { openid, unionid: None }),
                None => Caller::Console,
            };
            functions.invoke(function, Invocation { event: event.to_string(), caller }).await;
        }
    }

    fn is_waiting(&self) -> bool {
        !self.state().checked.is_empty()
    }

    /// Takes the results whose time has come.
    pub(super) fn due(&self) -> Vec<Checked> {
        let (mut state, now) = (self.state(), self.clock.now());
        let (due, waiting) =
            std::mem::take(&mut state.checked).into_iter().partition(|(time, _)| *time <= now);
        state.checked = waiting;
        let due: Vec<(Millis, Checked)> = due;
        due.into_iter().map(|(_, checked)| checked).collect()
    }
}
