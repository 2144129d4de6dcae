//! Functions: deploy, describe, call.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::failure::Failure;
use super::{Result, page, this_environment, trigger, written_time};
use crate::api::control::function::*;
use crate::api::control::{Done, Flag};
use crate::api::error::codes;
use crate::api::event::Caller;
use crate::emulator::environment::{Environment, Shared};
use crate::emulator::functions::{FaultKind, Invocation, Outcome, Registered};
use crate::model::function::FunctionSpec;
use crate::model::name::FunctionName;

/// Memory sizes the platform offers, in megabytes: 64, then steps of 128.
const MEMORY: std::ops::RangeInclusive<u32> = 64..=3072;
/// The variables' names and values together, in bytes.
const VARIABLES: usize = 4096;
/// Beginnings of variable names that the platform keeps (control-plane facts §10).
const RESERVED: [&str; 3] = ["SCF_", "QCLOUD_", "TENCENTCLOUD_"];
/// `LogType: Tail` returns the end of the log, in bytes.
const TAIL: usize = 4096;

pub(super) async fn create(environment: &Shared, asked: CreateFunction) -> Result<Done> {
    this_environment(environment, asked.namespace.as_deref())?;
    let name: FunctionName =
        asked.function_name.parse().map_err(|error| Failure::of(codes::BAD_FUNCTION_NAME, &error))?;
    // A function of the project's folder may be created: the cloud does not know the folder.
    let known = environment.functions.get(name.as_str());
    if known.is_some_and(|known| known.code_sha256.is_some()) {
        return Err(Failure::new(codes::FUNCTION_IN_USE, format!("Function [{name}] already exists.")));
    }
    let mut spec = FunctionSpec::new(name);
    if let Some(runtime) = asked.runtime {
        spec.runtime = runtime;
    }
    let settings = Settings {
        handler: asked.handler,
        runtime: None,
        memory: asked.memory_size,
        timeout: asked.timeout,
        environment: asked.environment,
        install: asked.install_dependency,
    };
    settings.apply(&mut spec)?;
    let package = package(environment, asked.code.unwrap_or_default())?
        .ok_or_else(|| Failure::new(codes::MISSING_PARAMETER, "The parameter `Code` is missing.".into()))?;
    deploy(environment, spec, Some(package), "Creating", codes::BAD_ZIP).await
}

pub(super) async fn update_code(environment: &Shared, asked: UpdateFunctionCode) -> Result<Done> {
    let mut spec = known(environment, asked.namespace.as_deref(), &asked.function_name)?.spec;
    let settings =
        Settings { handler: asked.handler, install: asked.install_dependency, ..Settings::default() };
    settings.apply(&mut spec)?;
    let mut code = asked.code.unwrap_or_default();
    code.zip_file = code.zip_file.or(asked.zip_file);
    let package = package(environment, code)?
        .ok_or_else(|| Failure::new(codes::MISSING_PARAMETER, "The parameter `Code` is missing.".into()))?;
    deploy(environment, spec, Some(package), "Updating", codes::BAD_ZIP).await
}

pub(super) async fn update_configuration(
    environment: &Shared,
    asked: UpdateFunctionConfiguration,
) -> Result<Done> {
    let mut spec = known(environment, asked.namespace.as_deref(), &asked.function_name)?.spec;
    let settings = Settings {
        handler: None,
        runtime: asked.runtime,
        memory: asked.memory_size,
        timeout: asked.timeout,
        environment: asked.environment,
        install: asked.install_dependency,
    };
    settings.apply(&mut spec)?;
    deploy(environment, spec, None, "Updating", codes::UPDATE_SETTINGS_FAILED).await
}

pub(super) async fn get(environment: &Shared, asked: GetFunction) -> Result<FunctionDescription> {
    let Registered { spec, code_size, added, modified, .. } =
        known(environment, asked.namespace.as_deref(), &asked.function_name)?;
    let name = spec.name.to_string();
    Ok(FunctionDescription {
        function_id: format!("lam-{name}"),
        namespace: environment.config.env_id.to_string(),
        status: environment.deployments.status(&name).into(),
        add_time: written_time(added),
        mod_time: written_time(modified),
        r#type: "Event".into(),
        memory_size: spec.memory,
        timeout: spec.timeout.as_secs(),
        code_size,
        code_result: "success".into(),
        function_version: "$LATEST".into(),
        qualifier: "$LATEST".into(),
        environment: crate::api::control::function::Environment { variables: variables(&spec) },
        triggers: spec.triggers.iter().map(|it| trigger::describe(it, modified)).collect(),
        install_dependency: Flag(spec.install_dependencies),
        role: "TCB_QcsRole".into(),
        cls_logset_id: "logset-local".into(),
        cls_topic_id: "topic-local".into(),
        available_status: "Available".into(),
        function_name: name,
        runtime: spec.runtime,
        handler: spec.handler,
        ..FunctionDescription::default()
    })
}

fn variables(spec: &FunctionSpec) -> Vec<Variable> {
    spec.variables.iter().map(|(key, value)| Variable { key: key.clone(), value: value.clone() }).collect()
}

pub(super) async fn address(environment: &Shared, asked: GetFunctionAddress) -> Result<FunctionAddress> {
    let known = known(environment, asked.namespace.as_deref(), &asked.function_name)?;
    let name = asked.function_name;
    let secret = environment.config.ids.request();
    let url = format!("{}{}/{secret}/{name}.zip", environment.url, crate::api::local::PACKAGES);
    environment.deployments.offer(secret, name);
    // A folder of the project has no package, so nothing equals it and the first deploy uploads.
    Ok(FunctionAddress { url, code_sha256: known.code_sha256.unwrap_or_default() })
}

pub(super) async fn list(environment: &Shared, asked: ListFunctions) -> Result<FunctionPage> {
    this_environment(environment, asked.namespace.or(asked.env_id).as_deref())?;
    let wanted = asked.search_key.unwrap_or_default();
    let mut all = environment.functions.list();
    all.retain(|function| function.spec.name.as_str().contains(&wanted));
    let total_count = all.len() as u64;
    let functions = page(all, asked.offset, asked.limit, 20).into_iter().map(|it| line(environment, it));
    Ok(FunctionPage { functions: functions.collect(), total_count })
}

fn line(environment: &Environment, function: Registered) -> FunctionLine {
    let name = function.spec.name.to_string();
    FunctionLine {
        function_id: format!("lam-{name}"),
        function_name: name,
        namespace: environment.config.env_id.to_string(),
        runtime: function.spec.runtime,
        status: "Active".into(),
        add_time: written_time(function.added),
        mod_time: written_time(function.modified),
        r#type: "Event".into(),
        ..FunctionLine::default()
    }
}

pub(super) async fn delete(environment: &Shared, asked: DeleteFunction) -> Result<Done> {
    known(environment, asked.namespace.as_deref(), &asked.function_name)?;
    let removed = environment.functions.remove(&asked.function_name).await;
    removed.map_err(|error| Failure::of(codes::FAILED_OPERATION, &error))?;
    Ok(Done {})
}

pub(super) async fn copy(environment: &Shared, asked: CopyFunction) -> Result<Done> {
    let source = known(environment, asked.namespace.as_deref(), &asked.function_name)?;
    this_environment(environment, asked.target_namespace.as_deref())?;
    let name: FunctionName =
        asked.new_function_name.parse().map_err(|error| Failure::of(codes::BAD_FUNCTION_NAME, &error))?;
    if environment.functions.get(name.as_str()).is_some() && asked.r#override != Some(true) {
        return Err(Failure::new(codes::FUNCTION_IN_USE, format!("Function [{name}] already exists.")));
    }
    let package = environment.functions.package(&asked.function_name).await;
    let package = package.map_err(|error| Failure::of(codes::FAILED_OPERATION, &error))?;
    let spec = FunctionSpec { name, ..source.spec };
    deploy(environment, spec, Some(package), "Creating", codes::BAD_ZIP).await
}

pub(super) async fn invoke(environment: &Shared, asked: Invoke) -> Result<Invoked> {
    known(environment, asked.namespace.as_deref(), &asked.function_name)?;
    let event = asked.client_context.unwrap_or_default();
    if asked.invocation_type.as_deref() == Some("Event") {
        let (environment, name) = (environment.clone(), asked.function_name);
        // Nobody waits: the answer only says that it was begun.
        tokio::spawn(async move { call(&environment, &name, event, Caller::Console).await });
        return Ok(Invoked::default());
    }
    let outcome = call(environment, &asked.function_name, event, Caller::Console).await;
    Ok(invoked(outcome, asked.log_type.as_deref()))
}

pub(super) async fn invoke_function(environment: &Shared, asked: InvokeFunction) -> Result<Invoked> {
    known(environment, asked.namespace.as_deref(), &asked.function_name)?;
    let event = asked.event.unwrap_or_default();
    let outcome = call(environment, &asked.function_name, event, Caller::Console).await;
    Ok(invoked(outcome, asked.log_type.as_deref()))
}

/// Calls a function; no event is an empty one.
pub(super) async fn call(environment: &Environment, name: &str, event: String, caller: Caller) -> Outcome {
    let event = if event.trim().is_empty() { "{}".to_owned() } else { event };
    environment.functions.invoke(name, Invocation { event, caller }).await
}

/// Describes how a call ended, as scf does.
pub(super) fn invoked(outcome: Outcome, log_type: Option<&str>) -> Invoked {
    let Outcome { request_id, result, duration, memory_bytes, log } = outcome;
    let log = if log_type == Some("None") { String::new() } else { tail(log) };
    let (ret_msg, err_msg, invoke_result) = match result {
        Ok(value) => (value, String::new(), 0),
        Err(fault) => {
            // 1 is the user's code, -1 the platform; the status numbers are SCF's (data-plane facts §10.5).
            let (result, status) = match fault.kind {
                FaultKind::Code => (1, 430),
                FaultKind::NotFound => (-1, 404),
                FaultKind::Exit => (-1, 405),
                FaultKind::Event => (-1, 400),
                FaultKind::Result => (-1, 407),
                FaultKind::Timeout => (-1, 433),
                FaultKind::Memory => (-1, 434),
            };
            let told = json!({
                "errorCode": result,
                "errorMessage": fault.message,
                "requestId": request_id,
                "statusCode": status,
            });
            (String::new(), told.to_string(), result)
        }
    };
    let milliseconds = duration.as_secs_f64() * 1000.0;
    Invoked {
        result: InvocationResult {
            function_request_id: request_id,
            ret_msg,
            err_msg,
            invoke_result,
            log,
            duration: milliseconds,
            bill_duration: milliseconds.ceil() as u64,
            mem_usage: memory_bytes,
        },
    }
}

/// Returns the end of a log, cut before a character.
fn tail(log: String) -> String {
    let start = log.ceil_char_boundary(log.len().saturating_sub(TAIL));
    log.get(start..).unwrap_or_default().to_owned()
}

/// Returns a function that is there.
pub(super) fn known(environment: &Environment, namespace: Option<&str>, name: &str) -> Result<Registered> {
    this_environment(environment, namespace)?;
    environment.functions.get(name).ok_or_else(|| Failure::no_function(name))
}

/// Registers code or settings, and lets the change show for a moment.
pub(super) async fn deploy(
    environment: &Environment,
    spec: FunctionSpec,
    package: Option<Vec<u8>>,
    status: &'static str,
    code: &'static str,
) -> Result<Done> {
    let name = spec.name.to_string();
    environment.functions.deploy(spec, package).await.map_err(|error| Failure::of(code, &error))?;
    environment.deployments.settle(&name, status);
    Ok(Done {})
}

/// Fetches the package from where the request says it is.
fn package(environment: &Environment, code: Code) -> Result<Option<Vec<u8>>> {
    if let Some(inline) = code.zip_file {
        let package = BASE64_STANDARD
            .decode(inline)
            .map_err(|_| Failure::new(codes::BAD_ZIP, "`ZipFile` is not base64.".into()))?;
        return Ok(Some(package));
    }
    let Some(key) = code.temp_cos_object_name else { return Ok(None) };
    let package = environment.deployments.package(&key).ok_or_else(|| {
        Failure::new(codes::BAD_COS_OBJECT, format!("The object `{key}` was not uploaded."))
    })?;
    Ok(Some(package.into()))
}

/// Settings of a function as a request gives them; what is absent stays.
#[derive(Default)]
struct Settings {
    handler: Option<String>,
    runtime: Option<String>,
    memory: Option<u32>,
    timeout: Option<u64>,
    environment: Option<crate::api::control::function::Environment>,
    install: Option<Flag>,
}

impl Settings {
    fn apply(self, spec: &mut FunctionSpec) -> Result<()> {
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
        if !spec.runtime.starts_with("Nodejs") {
            let runtime = &spec.runtime;
            return Err(Failure::new(
                codes::BAD_RUNTIME,
                format!(
                    "The runtime `{runtime}` is not served by this emulator, which runs Nodejs functions."
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
    use crate::emulator::functions::Fault;

    #[track_caller]
    fn check(settings: Settings, code: Option<&str>) {
        let mut spec = FunctionSpec::new("login".parse().expect("a name"));
        assert_eq!(settings.apply(&mut spec).err().map(|it| it.code), code);
    }

    fn variable(key: &str, value: &str) -> Option<crate::api::control::function::Environment> {
        let variables = vec![Variable { key: key.into(), value: value.into() }];
        Some(crate::api::control::function::Environment { variables })
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

    #[test]
    fn a_fault_is_told_with_the_platforms_numbers() {
        let outcome = Outcome {
            request_id: "r-1".into(),
            result: Err(Fault { kind: FaultKind::Timeout, message: "timed out".into() }),
            duration: Duration::from_millis(3001),
            memory_bytes: 7,
            log: "云".repeat(2000),
        };
        let result = invoked(outcome, Some("Tail")).result;
        assert_eq!((result.invoke_result, result.bill_duration, result.mem_usage), (-1, 3001, 7));
        assert!(result.err_msg.contains(r#""statusCode":433"#), "{}", result.err_msg);
        assert!(result.log.len() <= TAIL && result.log.starts_with('云'));
    }
}
