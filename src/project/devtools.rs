//! What WeChat DevTools leaves in a project: `project.config.json`, and `config.json` in each function's folder.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::json::{self, Type};
use super::settings::FunctionSettings;
use crate::error::{Error, Result};
use crate::model::trigger::Trigger;

/// The name of DevTools' project file.
pub const FILE_NAME: &str = "project.config.json";

/// The part of `project.config.json` that matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DevTools {
    pub app_id: Option<String>,
    pub name: Option<String>,
    /// `cloudfunctionRoot`, relative to the file.
    pub functions_root: Option<String>,
    /// `miniprogramRoot`, relative to the file.
    pub mini_program_root: Option<String>,
}

impl DevTools {
    /// Reads `project.config.json` of a folder; `None` when there is none.
    pub fn find(folder: &Path) -> Result<Option<Self>> {
        Ok(json::read(&folder.join(FILE_NAME))?.map(|value| Self::from_json(&value)))
    }

    fn from_json(value: &Value) -> Self {
        let text = |key: &str| {
            value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        DevTools {
            app_id: text("appid"),
            name: text("projectname"),
            functions_root: text("cloudfunctionRoot"),
            mini_program_root: text("miniprogramRoot"),
        }
    }
}

/// Reads `config.json` of a function's folder; `None` when there is none.
///
/// Keys seen in real projects (`docs/wire.md#devtools-files`): permissions.openapi, triggers, timeout, memory, runtime,
/// environment.variables. Other keys are left alone: the file belongs to DevTools.
///
/// Returned beside it: what was passed over for having another type than it should.
pub fn function_config(folder: &Path) -> Result<Option<(FunctionSettings, Vec<Error>)>> {
    let path = folder.join("config.json");
    let read = |value: Value| (settings(&value), json::mistyped(&path, &value, "", &TYPES));
    Ok(json::read(&path)?.map(read))
}

/// Types of the keys of `config.json`.
const TYPES: [(&str, Type); 9] = [
    ("", Type::Table),
    ("handler", Type::Text),
    ("runtime", Type::Text),
    ("timeout", Type::Whole),
    ("memory", Type::Whole),
    ("memorySize", Type::Whole),
    ("environment.variables", Type::Pairs),
    ("triggers", Type::List),
    ("permissions.openapi", Type::List),
];

fn settings(value: &Value) -> FunctionSettings {
    let strings = |value: &Value| -> Option<Vec<String>> {
        Some(value.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    FunctionSettings {
        handler: value.get("handler").and_then(Value::as_str).map(str::to_owned),
        runtime: value.get("runtime").and_then(Value::as_str).map(str::to_owned),
        timeout: value.get("timeout").and_then(Value::as_u64).map(Duration::from_secs),
        memory: ["memory", "memorySize"]
            .iter()
            .find_map(|key| value.get(*key)?.as_u64())
            .and_then(|memory| u32::try_from(memory).ok()),
        variables: value.pointer("/environment/variables").map(variables).unwrap_or_default(),
        triggers: value.get("triggers").and_then(triggers),
        openapi: value.pointer("/permissions/openapi").and_then(strings),
        ..FunctionSettings::default()
    }
}

/// Reads `[{name, type: "timer", config: CRON}]`; a trigger of another type is not ours to fire.
pub(super) fn triggers(value: &Value) -> Option<Vec<Trigger>> {
    let entries = value.as_array()?.iter().filter_map(|entry| {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let timer = text("type").is_none_or(|kind| kind == "timer");
        let name = text("name").unwrap_or("timer").to_owned();
        timer.then(|| Trigger { name, cron: text("config").unwrap_or_default().to_owned() })
    });
    Some(entries.collect())
}

/// Reads `{NAME: value}`, or the wire's `[{Key, Value}]`, as they are written in the manifest: a dollar sign means nothing
/// here, and is doubled there.
pub(super) fn variables(value: &Value) -> std::collections::BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.replace('$', "$$"),
        other => other.to_string().replace('$', "$$"),
    };
    let pair = |entry: &Value| {
        let name = entry.get("Key").or(entry.get("key"))?.as_str()?;
        let value = entry.get("Value").or(entry.get("value"))?;
        Some((name.to_owned(), text(value)))
    };
    match value {
        Value::Object(entries) => entries.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        Value::Array(entries) => entries.iter().filter_map(pair).collect(),
        _ => Default::default(),
    }
}
