//! What can be said about a function, and how several places that say it are laid over one another.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::{Error, Kind};
use crate::model::function::{FunctionSpec, Language};
use crate::model::name::{FunctionName, did_you_mean, suggestion};
use crate::model::permission::Permission;
use crate::model::trigger::Trigger;
use crate::rules::invoke;
use crate::text;

/// Settings of a function, each of which may be left to the layer below.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionSettings {
    /// The function's folder inside the project, when it is not `ROOT/NAME`.
    pub directory: Option<String>,
    pub handler: Option<String>,
    pub runtime: Option<String>,
    pub timeout: Option<Duration>,
    /// In megabytes.
    pub memory: Option<u32>,
    /// As written: `$NAME` is still to be resolved.
    pub variables: BTreeMap<String, String>,
    pub triggers: Option<Vec<Trigger>>,
    pub install_dependencies: Option<bool>,
    pub openapi: Option<Vec<String>>,
    /// Who may call it from the user's side: one of the platform's rules, as it is written in JSON.
    pub invoke: Option<String>,
    /// Globs of files that stay out of the package.
    pub ignore: Option<Vec<String>>,
    /// `false` keeps a function on this machine.
    pub deploy: Option<bool>,
}

impl FunctionSettings {
    /// Lays these settings over others: what is said here wins, variables are merged by name.
    pub fn over(self, base: FunctionSettings) -> FunctionSettings {
        let mut variables = base.variables;
        variables.extend(self.variables);
        FunctionSettings {
            directory: self.directory.or(base.directory),
            handler: self.handler.or(base.handler),
            runtime: self.runtime.or(base.runtime),
            timeout: self.timeout.or(base.timeout),
            memory: self.memory.or(base.memory),
            variables,
            triggers: self.triggers.or(base.triggers),
            install_dependencies: self.install_dependencies.or(base.install_dependencies),
            openapi: self.openapi.or(base.openapi),
            invoke: self.invoke.or(base.invoke),
            ignore: self.ignore.or(base.ignore),
            deploy: self.deploy.or(base.deploy),
        }
    }

    /// Returns the language of the code.
    pub fn language(&self) -> Language {
        // What only the cloud runs is looked at like the rest.
        self.runtime.as_deref().and_then(Language::of).unwrap_or(Language::Node)
    }

    /// Returns the function these settings describe, with variables still as written.
    pub fn into_spec(self, name: FunctionName) -> FunctionSpec {
        let language = self.language();
        FunctionSpec {
            name,
            handler: self.handler.unwrap_or_else(|| language.handler().into()),
            runtime: self.runtime.unwrap_or_else(|| FunctionSpec::RUNTIME.into()),
            timeout: self.timeout.unwrap_or(FunctionSpec::TIMEOUT),
            memory: self.memory.unwrap_or(FunctionSpec::MEMORY),
            variables: self.variables,
            triggers: self.triggers.unwrap_or_default(),
            // What a Python function needs lies in its folder and goes along.
            install_dependencies: self.install_dependencies.unwrap_or(language == Language::Node),
            openapi: self.openapi.unwrap_or_default(),
        }
    }
}

/// Settings for all functions, and for single ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionLayer {
    pub shared: FunctionSettings,
    pub named: BTreeMap<FunctionName, FunctionSettings>,
}

impl FunctionLayer {
    /// Returns what this layer says about one function alone.
    pub fn of(&self, name: &FunctionName) -> FunctionSettings {
        self.named.get(name).cloned().unwrap_or_default()
    }
}

/// Returns what the layers, the strongest first, say about who may call functions: the platform's one text for all of
/// them. `None`: they say nothing.
pub fn invoke_rules(layers: &[&FunctionLayer]) -> Option<Permission> {
    let said = layers.iter().flat_map(|layer| layer.named.values().chain([&layer.shared]));
    said.filter_map(|settings| settings.invoke.as_ref()).next()?;
    let every = layers.iter().find_map(|layer| layer.shared.invoke.as_deref()).unwrap_or(invoke::DEFAULT);
    let mut rules = serde_json::Map::from_iter([("*".to_owned(), invoke_rule(every))]);
    for name in layers.iter().flat_map(|layer| layer.named.keys()) {
        let own = |layer: &&FunctionLayer| layer.of(name).invoke.or_else(|| layer.shared.invoke.clone());
        if let Some(rule) = layers.iter().find_map(own).filter(|rule| rule != every) {
            rules.insert(name.to_string(), invoke_rule(&rule));
        }
    }
    Some(Permission::Custom(serde_json::Value::Object(rules).to_string()))
}

fn invoke_rule(rule: &str) -> serde_json::Value {
    let rule = rule.parse::<bool>().map_or_else(|_| rule.into(), serde_json::Value::Bool);
    serde_json::json!({ "invoke": rule })
}

/// Checks who may call a function.
pub fn invoke(rule: &str) -> Result<String, Error> {
    if invoke::RULES.contains(&rule) {
        return Ok(rule.to_owned());
    }
    let known = invoke::RULES.join("`, `");
    Err(Error::new(
        Kind::Usage,
        text! { en: "`{rule}` is no rule for calls of functions", zh: "`{rule}` 不是云函数的调用规则" },
    )
    .hint(text! { en: "the platform has `{known}`", zh: "平台支持 `{known}`" }))
}

/// Reads a time limit in seconds.
pub fn timeout(seconds: i64) -> Result<Duration, Error> {
    match u64::try_from(seconds) {
        Ok(seconds @ 1..=900) => Ok(Duration::from_secs(seconds)),
        _ => Err(Error::new(
            Kind::Usage,
            text! { en: "a timeout of {seconds} seconds is not possible", zh: "超时时间不能为 {seconds} 秒" },
        )
        .hint(text! { en: "write 1 to 900 seconds", zh: "请填写 1 到 900 秒" })),
    }
}

/// Reads a memory size in megabytes.
pub fn memory(megabytes: i64) -> Result<u32, Error> {
    match u32::try_from(megabytes) {
        Ok(size) if size == 64 || (size % 128 == 0 && (128..=3072).contains(&size)) => Ok(size),
        _ => Err(Error::new(
            Kind::Usage,
            text! { en: "a memory of {megabytes} MB is not possible", zh: "内存不能为 {megabytes} MB" },
        )
        .hint(text! { en: "write 64, or a multiple of 128 up to 3072", zh: "请填写 64，或不超过 3072 的 128 的倍数" })),
    }
}

/// Checks the name of a runtime.
pub fn runtime(name: &str) -> Result<String, Error> {
    if FunctionSpec::RUNTIMES.contains(&name) {
        return Ok(name.to_owned());
    }
    let known = FunctionSpec::RUNTIMES.join("`, `");
    let error =
        Error::new(Kind::Usage, text! { en: "`{name}` is not a runtime", zh: "`{name}` 不是合法的运行时" });
    let error = match did_you_mean(name, FunctionSpec::RUNTIMES) {
        Some(meant) => error.hint(suggestion(meant)),
        None => error,
    };
    Err(error.hint(text! { en: "the runtimes are `{known}`", zh: "运行时有 `{known}`" }))
}

/// Checks a `file.export` handler.
pub fn handler(text: &str) -> Result<String, Error> {
    match text.rsplit_once('.') {
        Some((file, export)) if !file.is_empty() && !export.is_empty() && !file.contains("..") => Ok(text.into()),
        _ => Err(Error::new(
            Kind::Usage,
            text! { en: "`{text}` is not a handler", zh: "`{text}` 不是合法的入口" },
        )
        .hint(text! { en: "a handler is `file.export`, such as `index.main`", zh: "入口形如 `文件.导出名`，例如 `index.main`" })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of all functions, and of some.
    type Said = (Option<&'static str>, &'static [(&'static str, &'static str)]);

    /// Lays layers over one another, the strongest first.
    #[track_caller]
    fn check(layers: &[Said], expected: Option<&str>) {
        let settings = |rule: &str| FunctionSettings { invoke: Some(rule.into()), ..Default::default() };
        let layers: Vec<FunctionLayer> = layers
            .iter()
            .map(|(shared, named)| FunctionLayer {
                shared: shared.map(settings).unwrap_or_default(),
                named: named
                    .iter()
                    .map(|(name, rule)| (name.parse().expect("a name"), settings(rule)))
                    .collect(),
            })
            .collect();
        let rules = invoke_rules(&layers.iter().collect::<Vec<_>>());
        assert_eq!(rules.as_ref().and_then(Permission::rule), expected);
    }

    #[test]
    fn rules_of_functions_become_one_text() {
        check(&[(None, &[])], None);
        check(&[(Some("false"), &[])], Some(r#"{"*":{"invoke":false}}"#));
        check(
            &[(None, &[("login", "true"), ("same", "auth != null")])],
            Some(r#"{"*":{"invoke":"auth != null"},"login":{"invoke":true}}"#),
        );
        // A stronger layer's word for all is stronger than a weaker one's for this function.
        let weaker: Said = (Some("false"), &[("login", "true")]);
        check(&[(None, &[]), weaker], Some(r#"{"*":{"invoke":false},"login":{"invoke":true}}"#));
        check(&[(Some("auth != null"), &[]), weaker], Some(r#"{"*":{"invoke":"auth != null"}}"#));
    }
}
