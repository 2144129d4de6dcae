//! Functions: deploy, describe, list, delete.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::failure::Failure;
use super::settings::Settings;
use super::{Result, page, this_environment, trigger};
use crate::api::control::function::{Environment as FunctionEnvironment, *};
use crate::api::control::{Done, Flag};
use crate::api::error::codes;
use crate::emulator::environment::{Environment, Shared};
use crate::emulator::functions::Registered;
use crate::model::function::FunctionSpec;
use crate::model::name::FunctionName;
use crate::model::wall;

pub(super) async fn create(environment: &Shared, asked: CreateFunction) -> Result<Done> {
    this_environment(environment, asked.namespace.as_deref())?;
    let name: FunctionName =
        asked.function_name.parse().map_err(|error| Failure::of(codes::BAD_FUNCTION_NAME, &error))?;
    // A function of the project's folder may be created: the cloud does not know the folder.
    let known = environment.functions.get(name.as_str()).await;
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
    let mut spec = known(environment, asked.namespace.as_deref(), &asked.function_name).await?.spec;
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
    let mut spec = known(environment, asked.namespace.as_deref(), &asked.function_name).await?.spec;
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
    let known = known(environment, asked.namespace.as_deref(), &asked.function_name).await?;
    let kind = kind(&known);
    let Registered { spec, code_size, added, modified, .. } = known;
    let name = spec.name.to_string();
    Ok(FunctionDescription {
        function_id: format!("lam-{name}"),
        namespace: environment.config.env_id.to_string(),
        status: environment.deployments.status(&name).into(),
        add_time: wall::write(added),
        mod_time: wall::write(modified),
        r#type: kind.into(),
        memory_size: spec.memory,
        timeout: spec.timeout.as_secs(),
        code_size,
        code_result: "success".into(),
        function_version: "$LATEST".into(),
        qualifier: "$LATEST".into(),
        environment: FunctionEnvironment { variables: variables(&spec) },
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

/// Returns what the platform calls the type of a function.
fn kind(function: &Registered) -> &'static str {
    if function.is_web() { "HTTP" } else { "Event" }
}

fn variables(spec: &FunctionSpec) -> Vec<Variable> {
    spec.variables.iter().map(|(key, value)| Variable { key: key.clone(), value: value.clone() }).collect()
}

pub(super) async fn address(environment: &Shared, asked: GetFunctionAddress) -> Result<FunctionAddress> {
    let known = known(environment, asked.namespace.as_deref(), &asked.function_name).await?;
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
        r#type: kind(&function).into(),
        function_id: format!("lam-{name}"),
        function_name: name,
        namespace: environment.config.env_id.to_string(),
        runtime: function.spec.runtime,
        status: "Active".into(),
        add_time: wall::write(function.added),
        mod_time: wall::write(function.modified),
        ..FunctionLine::default()
    }
}

pub(super) async fn delete(environment: &Shared, asked: DeleteFunction) -> Result<Done> {
    known(environment, asked.namespace.as_deref(), &asked.function_name).await?;
    let removed = environment.functions.remove(&asked.function_name).await;
    removed.map_err(|error| Failure::of(codes::FAILED_OPERATION, &error))?;
    Ok(Done {})
}

pub(super) async fn copy(environment: &Shared, asked: CopyFunction) -> Result<Done> {
    let source = known(environment, asked.namespace.as_deref(), &asked.function_name).await?;
    this_environment(environment, asked.target_namespace.as_deref())?;
    let name: FunctionName =
        asked.new_function_name.parse().map_err(|error| Failure::of(codes::BAD_FUNCTION_NAME, &error))?;
    if environment.functions.get(name.as_str()).await.is_some() && asked.r#override != Some(true) {
        return Err(Failure::new(codes::FUNCTION_IN_USE, format!("Function [{name}] already exists.")));
    }
    let package = environment.functions.package(&asked.function_name).await;
    let package = package.map_err(|error| Failure::of(codes::FAILED_OPERATION, &error))?;
    let spec = FunctionSpec { name, ..source.spec };
    deploy(environment, spec, Some(package), "Creating", codes::BAD_ZIP).await
}

/// Returns a function that is there.
pub(super) async fn known(
    environment: &Environment,
    namespace: Option<&str>,
    name: &str,
) -> Result<Registered> {
    this_environment(environment, namespace)?;
    environment.functions.get(name).await.ok_or_else(|| match environment.functions.foreign(name) {
        Some(runtime) => {
            let message =
                format!("Function [{name}] cannot run here: only the cloud has its runtime {runtime}.");
            Failure::new(codes::UNSUPPORTED_OPERATION, message)
        }
        None => Failure::no_function(name),
    })
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
