//! What starts functions by itself: list, fire.

use serde::{Serialize, Serializer};

use crate::api::control::trigger::{ListTriggers, TriggerStatus};
use crate::api::local::FireTrigger;
use crate::error::{Error, Kind, Result};
use crate::model::clock::Millis;
use crate::model::name::{FunctionName, did_you_mean, suggestion};
use crate::model::schedule::Schedule;
use crate::model::text::Text;
use crate::model::wall;
use crate::text;

use super::function::invoke::Invocation;
use super::target::Target;

/// A trigger of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    pub function: String,
    pub name: String,
    /// `timer`.
    pub r#type: String,
    /// Seven cron fields in UTC+8.
    pub config: String,
    /// The cron in words; absent for one that cannot be read.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_english")]
    pub words: Option<Text>,
    /// When it fires next, such as `2026-11-21T13:00:00+08:00`; absent for one that is off or never fires again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Whether it is on and will never fire again.
    #[serde(skip)]
    pub is_spent: bool,
}

impl Trigger {
    /// Reads a trigger as the platform describes it; with the time, it says when it fires next.
    pub(super) fn of(function: &str, status: &TriggerStatus, now: Option<Millis>) -> Self {
        let config = cron(&status.trigger_desc);
        let schedule = config.parse::<Schedule>().ok();
        let asked = now.filter(|_| status.enable != 0).zip(schedule.as_ref());
        let next = asked.and_then(|(now, schedule)| schedule.next_after(now));
        Trigger {
            function: function.to_owned(),
            name: status.trigger_name.clone(),
            r#type: if status.r#type.is_empty() { "timer".into() } else { status.r#type.clone() },
            words: schedule.as_ref().map(Schedule::explain),
            next: next.map(wall::rfc3339_second),
            is_spent: asked.is_some() && next.is_none(),
            config,
        }
    }
}

/// Programs read the data; it speaks one language.
fn in_english<S: Serializer>(words: &Option<Text>, serializer: S) -> Result<S::Ok, S::Error> {
    words.as_ref().map(|words| &words.en).serialize(serializer)
}

/// Reads `{"cron":"…"}`, or the bare fields (`docs/wire.md#triggers`).
fn cron(description: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(description).ok();
    let inner = json.as_ref().and_then(|json| json.get("cron")?.as_str());
    inner.unwrap_or(description).to_owned()
}

/// Returns the triggers of all functions, by function and name.
pub async fn list(target: &Target, now: Millis) -> Result<Vec<Trigger>> {
    let mut triggers = Vec::new();
    for function in super::function::list(target).await? {
        let asked = ListTriggers {
            function_name: function.name.clone(),
            namespace: Some(target.env_id().to_owned()),
            ..ListTriggers::default()
        };
        let page = target.client().call(&asked).await?;
        triggers.extend(page.triggers.iter().map(|status| Trigger::of(&function.name, status, Some(now))));
    }
    Ok(triggers)
}

/// Starts a function as its timer would; only an emulator can.
pub async fn fire(
    target: &Target,
    function: &FunctionName,
    trigger: &str,
    at: Option<Millis>,
) -> Result<Invocation> {
    let known = super::function::describe(target, function).await?.triggers;
    if !known.iter().any(|it| it.trigger_name == trigger) {
        let error = Error::new(
            Kind::NotFound,
            text! { en: "function `{function}` has no trigger `{trigger}`", zh: "云函数 `{function}` 没有触发器 `{trigger}`" },
        );
        let names = known.iter().map(|it| it.trigger_name.as_str());
        return Err(match did_you_mean(trigger, names.clone()) {
            Some(near) => error.hint(suggestion(near)),
            None if known.is_empty() => error,
            None => {
                let list = names.collect::<Vec<_>>().join("`, `");
                error.hint(text! { en: "it has `{list}`", zh: "它有 `{list}`" })
            }
        });
    }
    let asked =
        FireTrigger { function_name: function.to_string(), trigger_name: trigger.to_owned(), time: at };
    Ok(Invocation::of(target.client().call(&asked).await?.result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cron_is_read_in_both_spellings_and_says_when_it_fires() {
        for description in [r#"{"cron":"0 0 */1 * * * *"}"#, "0 0 */1 * * * *"] {
            let status = TriggerStatus {
                trigger_name: "hourly".into(),
                trigger_desc: description.into(),
                enable: 1,
                ..TriggerStatus::default()
            };
            let trigger = Trigger::of("report", &status, Some(1_700_000_000_000));
            assert_eq!(trigger.config, "0 0 */1 * * * *");
            assert_eq!(trigger.words.as_ref().map(|words| words.en.as_str()), Some("every hour"));
            assert_eq!(trigger.next.as_deref(), Some("2023-11-15T07:00:00+08:00"));
            let json = serde_json::to_value(&trigger).expect("JSON");
            assert_eq!(json["words"], "every hour");
            let off = Trigger::of(
                "report",
                &TriggerStatus { enable: 0, ..status.clone() },
                Some(1_700_000_000_000),
            );
            assert_eq!((off.next, off.is_spent, trigger.is_spent), (None, false, false));
            let past = TriggerStatus { trigger_desc: "0 0 0 1 1 * 2020".into(), enable: 1, ..status };
            let past = Trigger::of("report", &past, Some(1_700_000_000_000));
            assert_eq!((past.next, past.is_spent), (None, true));
        }
    }
}
