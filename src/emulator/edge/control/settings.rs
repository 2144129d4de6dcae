//! A function's settings as requests give them, checked against the platform's limits. See
//! `docs/wire.md#names-and-limits`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Result;
use super::failure::Failure;
use crate::api::control::Flag;
use crate::api::control::function::{Environment, Variable};
use crate::api::error::codes;
use crate::model::function::{FunctionSpec, Language};

/// Memory sizes the platform offers, in megabytes: 64, then steps of 128.
const MEMORY: std::ops::RangeInclusive<u32> = 64..=3072;
/// The variables' names and values together, in bytes.
const VARIABLES: usize = 4096;
/// Beginnings of variable names that the platform keeps (`docs/wire.md#names-and-limits`).
const RESERVED: [&str; 3] = ["SCF_", "QCLOUD_", "TENCENTCLOUD_"];

/// Settings of a function as a request gives them; what is absent stays.
#[derive(Default)]
pub(super) struct Settings {
    pub handler: Option<String>,
    pub runtime: Option<String>,
    pub memory: Option<u32>,
    pub timeout: Option<u64>,
    pub environment: Option<Environment>,
    pub install: Option<Flag>,
}

impl Settings {
    /// Puts the settings into a function's specification, or refuses the first that is wrong.
    pub fn apply(self, spec: &mut FunctionSpec) -> Result<()> {
        if let Some(handler) = self.handler {
            let parts =
                handler.rsplit_once('.').filter(|(file, export)| !file.is_empty() && !export.is_empty());
            parts.ok_or_else(|| {
                Failure::new(codes::BAD_HANDLER, format!("The handler `{handler}` is not `file.export`."))
            })?;
            spec.handler = handler;
        }
        if let Some(runtime) = self.runtime {
            spec.runtime = runtime;
        }
        if let Some(memory) = self.memory {
            if !MEMORY.contains(&memory) || (memory != 64 && memory % 128 != 0) {
                return Err(Failure::new(
                    codes::BAD_MEMORY,
                    format!("The memory {memory} is not 64 or a multiple of 128 up to 3072."),
                ));
            }
            spec.memory = memory;
        }
        if let Some(timeout) = self.timeout {
            if !(1..=900).contains(&timeout) {
                return Err(Failure::new(
                    codes::BAD_TIMEOUT,
                    format!("The timeout {timeout} is not 1 to 900 seconds."),
                ));
            }
            spec.timeout = Duration::from_secs(timeout);
        }
        if let Some(environment) = self.environment {
            spec.variables = checked_variables(environment.variables)?;
        }
        if let Some(install) = self.install {
            spec.install_dependencies = install.0;
        }
        if Language::of(&spec.runtime).is_none() {
            let runtime = &spec.runtime;
            return Err(Failure::new(
                codes::BAD_RUNTIME,
                format!(
                    "The runtime `{runtime}` is not served by this emulator, which runs Nodejs and Python3 functions."
                ),
            ));
        }
        Ok(())
    }
}

fn checked_variables(variables: Vec<Variable>) -> Result<BTreeMap<String, String>> {
    let size: usize = variables.iter().map(|it| it.key.len() + it.value.len()).sum();
    if size > VARIABLES {
        return Err(Failure::new(
            codes::ENVIRONMENT_TOO_LARGE,
            format!("The environment variables take {size} bytes; {VARIABLES} are allowed."),
        ));
    }
    for Variable { key, .. } in &variables {
        if RESERVED.iter().any(|reserved| key.starts_with(reserved)) {
            return Err(Failure::new(
                codes::ENVIRONMENT_RESERVED,
                format!("The variable name `{key}` is reserved."),
            ));
        }
        let named = key.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
            && key.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
        if !named {
            return Err(Failure::new(codes::BAD_ENVIRONMENT, format!("`{key}` is not a variable name.")));
        }
    }
    Ok(variables.into_iter().map(|it| (it.key, it.value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(settings: Settings, code: Option<&str>) {
        let mut spec = FunctionSpec::new("login".parse().expect("a name"));
        assert_eq!(settings.apply(&mut spec).err().map(|it| it.code), code);
    }

    fn variable(key: &str, value: &str) -> Option<Environment> {
        let variables = vec![Variable { key: key.into(), value: value.into() }];
        Some(Environment { variables })
    }

    #[test]
    fn settings_outside_the_platforms_limits_are_refused_by_name() {
        check(Settings { memory: Some(256), timeout: Some(900), ..Default::default() }, None);
        check(Settings { memory: Some(64), ..Default::default() }, None);
        check(Settings { memory: Some(100), ..Default::default() }, Some(codes::BAD_MEMORY));
        check(Settings { timeout: Some(0), ..Default::default() }, Some(codes::BAD_TIMEOUT));
        check(Settings { handler: Some("main".into()), ..Default::default() }, Some(codes::BAD_HANDLER));
        check(Settings { runtime: Some("Php8".into()), ..Default::default() }, Some(codes::BAD_RUNTIME));
        check(Settings { environment: variable("A_1", "x"), ..Default::default() }, None);
        check(
            Settings { environment: variable("A", &"x".repeat(4096)), ..Default::default() },
            Some(codes::ENVIRONMENT_TOO_LARGE),
        );
        check(
            Settings { environment: variable("SCF_X", ""), ..Default::default() },
            Some(codes::ENVIRONMENT_RESERVED),
        );
        check(
            Settings { environment: variable("a b", ""), ..Default::default() },
            Some(codes::BAD_ENVIRONMENT),
        );
    }
}
