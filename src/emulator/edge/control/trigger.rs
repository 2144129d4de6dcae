//! Triggers of functions.

use serde_json::Value;

use super::failure::Failure;
use super::function::{deploy, known};
use super::{Result, page};
use crate::api::control::trigger::*;
use crate::api::control::{Done, lenient};
use crate::api::error::codes;
use crate::emulator::environment::{Environment, Shared};
use crate::emulator::functions::Registered;
use crate::model::schedule::Schedule;
use crate::model::trigger::Trigger;
use crate::model::wall;

pub(super) async fn batch_create(environment: &Shared, asked: BatchCreateTrigger) -> Result<Done> {
    let function = known(environment, asked.namespace.as_deref(), &asked.function_name).await?;
    let listed: Vec<Value> = serde_json::from_str(&asked.triggers).map_err(|error| {
        Failure::new(codes::BAD_TRIGGER, format!("`Triggers` is not a JSON array: {error}."))
    })?;
    let mut triggers = function.spec.triggers.clone();
    for value in listed {
        let NewTrigger { trigger_name, r#type, trigger_desc } = lenient::read(value)?;
        let trigger = checked(trigger_name, &r#type, &trigger_desc)?;
        // Deploying twice sends the same triggers twice, so that one of the same name is replaced.
        triggers.retain(|known| known.name != trigger.name);
        triggers.push(trigger);
    }
    replace(environment, function, triggers).await
}

pub(super) async fn create(environment: &Shared, asked: CreateTrigger) -> Result<TriggerCreated> {
    let function = known(environment, asked.namespace.as_deref(), &asked.function_name).await?;
    let kind = asked.r#type.unwrap_or_default();
    let trigger = checked(asked.trigger_name, &kind, &asked.trigger_desc)?;
    if function.spec.triggers.iter().any(|known| known.name == trigger.name) {
        let name = &trigger.name;
        return Err(Failure::new(codes::TRIGGER_IN_USE, format!("Trigger [{name}] already exists.")));
    }
    let trigger_info = describe(&trigger, environment.config.clock.now());
    let triggers = function.spec.triggers.iter().cloned().chain([trigger]).collect();
    replace(environment, function, triggers).await?;
    Ok(TriggerCreated { trigger_info })
}

pub(super) async fn delete(environment: &Shared, asked: DeleteTrigger) -> Result<Done> {
    let function = known(environment, asked.namespace.as_deref(), &asked.function_name).await?;
    let mut triggers = function.spec.triggers.clone();
    triggers.retain(|known| known.name != asked.trigger_name);
    if triggers.len() == function.spec.triggers.len() {
        let name = asked.trigger_name;
        return Err(Failure::new(codes::TRIGGER_NOT_FOUND, format!("Trigger [{name}] not found.")));
    }
    replace(environment, function, triggers).await
}

pub(super) async fn list(environment: &Shared, asked: ListTriggers) -> Result<TriggerPage> {
    let function = known(environment, asked.namespace.as_deref(), &asked.function_name).await?;
    let triggers = function.spec.triggers;
    let total_count = triggers.len() as u64;
    let triggers = page(triggers, asked.offset, asked.limit, 20);
    Ok(TriggerPage {
        triggers: triggers.iter().map(|it| describe(it, function.modified)).collect(),
        total_count,
    })
}

async fn replace(environment: &Environment, function: Registered, triggers: Vec<Trigger>) -> Result<Done> {
    let mut spec = function.spec;
    spec.triggers = triggers;
    deploy(environment, spec, None, "Updating", codes::CREATE_TRIGGER_FAILED).await
}

/// Describes a trigger as GetFunction and ListTriggers do.
pub(super) fn describe(trigger: &Trigger, modified: i64) -> TriggerStatus {
    let time = wall::write(modified);
    TriggerStatus {
        trigger_name: trigger.name.clone(),
        r#type: "timer".into(),
        trigger_desc: serde_json::json!({ "cron": trigger.cron }).to_string(),
        enable: 1,
        add_time: time.clone(),
        mod_time: time,
        available_status: "Available".into(),
        qualifier: "$DEFAULT".into(),
        ..TriggerStatus::default()
    }
}

/// Checks a new trigger: a timer, a name, a cron of seven fields.
fn checked(name: String, kind: &str, description: &str) -> Result<Trigger> {
    if !kind.is_empty() && kind != "timer" {
        return Err(Failure::new(
            codes::BAD_TRIGGER,
            format!("The trigger type `{kind}` is not served by this emulator, which has `timer`."),
        ));
    }
    let valid = (1..=60).contains(&name.len())
        && name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it));
    if !valid {
        return Err(Failure::new(codes::BAD_TRIGGER_NAME, format!("`{name}` is not a trigger name.")));
    }
    let cron = cron(description);
    let schedule = cron.parse::<Schedule>();
    schedule.map_err(|error| Failure::of(codes::BAD_TRIGGER_CRON, &error))?;
    Ok(Trigger { name, cron })
}

/// Returns the cron of a description: the text itself, or the `cron` of a JSON object.
fn cron(description: &str) -> String {
    let object = serde_json::from_str::<Value>(description).ok();
    let inside = object.as_ref().and_then(|it| it.get("cron")).and_then(Value::as_str);
    inside.unwrap_or(description).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_is_a_named_timer_with_seven_fields() {
        for (name, kind, description, code) in [
            ("t1", "timer", "0 */5 * * * * *", None),
            ("t1", "", r#"{"cron":"0 0 2 1 * * *"}"#, None),
            ("t1", "timer", "*/5 * * * *", Some(codes::BAD_TRIGGER_CRON)),
            ("1t", "timer", "0 */5 * * * * *", Some(codes::BAD_TRIGGER_NAME)),
            ("t1", "cos", "x", Some(codes::BAD_TRIGGER)),
        ] {
            let found = checked(name.into(), kind, description);
            assert_eq!(found.err().map(|it| it.code), code, "{name} {kind} {description}");
        }
    }
}
