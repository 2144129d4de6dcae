//! `cloudbaserc.json`: the project file of the official CLI, read as it is (`docs/wire.md#cloudbaserc`).

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::json::{Type, field};
use super::settings::{FunctionLayer, FunctionSettings};
use super::{devtools, json};
use crate::error::{Error, Result};
use crate::model::name::FunctionName;

/// The name of the file.
pub const FILE_NAME: &str = "cloudbaserc.json";

/// The part of `cloudbaserc.json` that matters here.
#[derive(Debug, Clone, Default)]
pub struct Cloudbaserc {
    pub env_id: Option<String>,
    pub region: Option<String>,
    /// `functionRoot`, relative to the file.
    pub functions_root: Option<String>,
    pub functions: FunctionLayer,
    /// What was passed over.
    pub warnings: Vec<Error>,
}

/// Types of the keys of the whole file.
const TYPES: [(&str, Type); 6] = [
    ("", Type::Table),
    ("envId", Type::Text),
    ("region", Type::Text),
    ("functionRoot", Type::Text),
    ("functionDefaultConfig", Type::Table),
    ("functions", Type::List),
];

/// Types of what is said about a function.
const FUNCTION_TYPES: [(&str, Type); 10] = [
    ("", Type::Table),
    ("name", Type::Text),
    ("dir", Type::Text),
    ("handler", Type::Text),
    ("runtime", Type::Text),
    ("timeout", Type::Whole),
    ("memorySize", Type::Whole),
    ("envVariables", Type::Pairs),
    ("triggers", Type::List),
    ("installDependency", Type::Flag),
];

impl Cloudbaserc {
    /// Reads `cloudbaserc.json` of a folder; `None` when there is none. `{{env.NAME}}` is filled from `variables`; a
    /// name that is not there stays as it is written.
    pub fn find(folder: &Path, variables: &BTreeMap<String, String>) -> Result<Option<Self>> {
        let path = folder.join(FILE_NAME);
        let Some(mut value) = json::read(&path)? else { return Ok(None) };
        fill(&mut value, variables);
        Ok(Some(Cloudbaserc { warnings: mistyped(&path, &value), ..Self::from_json(&value) }))
    }

    fn from_json(value: &Value) -> Self {
        let text = |key: &str| field(value, key).and_then(Value::as_str).map(str::to_owned);
        // The framework's plugin keeps functions in its inputs.
        let plugins = value.pointer("/framework/plugins").and_then(Value::as_object);
        let inputs = plugins.and_then(|plugins| {
            let functions = |plugin: &&Value| {
                plugin.get("use").and_then(Value::as_str) == Some("@cloudbase/framework-plugin-function")
            };
            plugins.values().find(functions)?.get("inputs")
        });
        let entries = [Some(value), inputs]
            .into_iter()
            .flatten()
            .filter_map(|place| field(place, "functions")?.as_array());
        let named = entries.flatten().filter_map(|entry| {
            let name: FunctionName = field(entry, "name")?.as_str()?.parse().ok()?;
            Some((name, function(entry)))
        });
        let shared = field(value, "functionDefaultConfig").map(settings).unwrap_or_default();
        let root = |place: &Value, key| Some(field(place, key)?.as_str()?.to_owned());
        Cloudbaserc {
            env_id: text("envId").filter(|id| !id.contains("{{")),
            region: text("region"),
            functions_root: root(value, "functionRoot").or_else(|| root(inputs?, "functionRootPath")),
            functions: FunctionLayer { shared, named: named.collect() },
            warnings: Vec::new(),
        }
    }
}

fn mistyped(path: &Path, value: &Value) -> Vec<Error> {
    let mut found = json::mistyped(path, value, "", &TYPES);
    let shared = field(value, "functionDefaultConfig").map(|it| ("functionDefaultConfig.".to_owned(), it));
    let entries = field(value, "functions").and_then(Value::as_array).into_iter().flatten();
    let named = entries.enumerate().map(|(at, entry)| (format!("functions[{at}]."), entry));
    for (place, entry) in shared.into_iter().chain(named) {
        found.extend(json::mistyped(path, entry, &place, &FUNCTION_TYPES));
        if let Some(nested) = field(entry, "config") {
            found.extend(json::mistyped(path, nested, &format!("{place}config."), &FUNCTION_TYPES));
        }
    }
    found
}

/// Reads one function; the old style nests its settings under `config`.
fn function(entry: &Value) -> FunctionSettings {
    let nested = field(entry, "config").map(settings).unwrap_or_default();
    settings(entry).over(nested)
}

fn settings(entry: &Value) -> FunctionSettings {
    let text = |key: &str| field(entry, key).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| field(entry, key).and_then(Value::as_u64);
    FunctionSettings {
        directory: text("dir").or_else(|| text("functionDistPath")),
        handler: text("handler"),
        runtime: text("runtime"),
        timeout: number("timeout").map(Duration::from_secs),
        memory: number("memorySize")
            .or_else(|| number("memory"))
            .and_then(|memory| u32::try_from(memory).ok()),
        variables: field(entry, "envVariables").map(devtools::variables).unwrap_or_default(),
        triggers: field(entry, "triggers").and_then(devtools::triggers),
        install_dependencies: field(entry, "installDependency").and_then(truth),
        ignore: field(entry, "ignore")
            .and_then(Value::as_array)
            .map(|globs| globs.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        openapi: None,
        invoke: None,
        deploy: None,
    }
}

fn truth(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| match value.as_str()?.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    })
}

/// Fills `{{env.NAME}}`; a text that becomes a JSON object or array is that value.
fn fill(value: &mut Value, variables: &BTreeMap<String, String>) {
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(|entry| fill(entry, variables)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| fill(entry, variables)),
        Value::String(text) if text.contains("{{") => {
            let filled = fill_text(text, variables);
            *value = match serde_json::from_str::<Value>(&filled) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => inner,
                _ => filled.into(),
            };
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn fill_text(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            filled.push_str("{{");
            rest = after;
            continue;
        };
        match name.trim().strip_prefix("env.").and_then(|name| variables.get(name)) {
            Some(value) => filled.push_str(value),
            None => filled.extend(["{{", name, "}}"]),
        }
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(mut value: Value) -> Cloudbaserc {
        fill(
            &mut value,
            &BTreeMap::from([("ID".into(), "garden-1".into()), ("KEYS".into(), r#"{"A":"1"}"#.into())]),
        );
        Cloudbaserc::from_json(&value)
    }

    #[test]
    fn both_styles_of_functions_say_the_same() {
        let flat = read(json!({"envId": "{{env.ID}}", "functionRoot": "./fns", "functions": [
            {"name": "a", "timeout": 5, "memorySize": 128, "installDependency": "FALSE", "envVariables": {"K": 1}}]}));
        let nested = read(json!({"envid": "garden-1", "functionRoot": "./fns", "functions": [
            {"name": "a", "config": {"timeout": 5, "memorySize": 128, "installDependency": false, "envVariables": {"K": "1"}}}]}));
        assert_eq!(flat.functions, nested.functions);
        assert_eq!((&flat.env_id, &flat.functions_root), (&nested.env_id, &nested.functions_root));
        assert_eq!(flat.env_id.as_deref(), Some("garden-1"));
        assert_eq!(flat.functions.named.len(), 1);
    }

    #[test]
    fn the_frameworks_inputs_are_read() {
        let found = read(json!({"envId": "{{env.NOBODY}}", "framework": {"plugins": {"server": {
            "use": "@cloudbase/framework-plugin-function",
            "inputs": {"functionRootPath": "cloud", "functions": [{"name": "b", "memory": 256,
                "triggers": [{"name": "t", "type": "timer", "config": "0 0 2 1 * * *"}]}]}}}}}));
        assert_eq!((found.env_id, found.functions_root.as_deref()), (None, Some("cloud")));
        let settings = found.functions.of(&"b".parse().expect("a name"));
        assert_eq!(settings.memory, Some(256));
        assert_eq!(settings.triggers.expect("triggers").len(), 1);
    }

    #[test]
    fn a_template_may_become_an_object() {
        let found = read(json!({"functions": [{"name": "a", "envVariables": "{{env.KEYS}}"}]}));
        let settings = found.functions.of(&"a".parse().expect("a name"));
        assert_eq!(settings.variables, BTreeMap::from([("A".into(), "1".into())]));
        assert_eq!(fill_text("a{{b", &BTreeMap::new()), "a{{b");
    }
}
