//! Steps on functions. The order is the platform's: code, wait, settings, wait, triggers (`docs/wire.md#functions`).

use std::time::Instant;

use crate::api::control::Flag;
use crate::api::control::env::DescribeTcbAccountInfo;
use crate::api::control::function::{
    Code, CreateFunction, DeleteFunction, Environment, FunctionDescription, UpdateFunctionCode,
    UpdateFunctionConfiguration, Variable,
};
use crate::api::control::trigger::{BatchCreateTrigger, DeleteTrigger, NewTrigger};
use crate::error::{Error, Kind, Result};
use crate::model::function::FunctionSpec;
use crate::model::trigger::Trigger;
use crate::ops::deploy::current;
use crate::ops::deploy::desired::DesiredFunction;
use crate::ops::deploy::plan::{FunctionWork, Start, size_words};
use crate::ops::deploy::{Scene, wait};
use crate::ops::progress::Step;
use crate::project::functions::BOOTSTRAP;
use crate::text;

use super::Done;

/// The role that CloudBase gives functions, and the mark that makes them CloudBase's.
const ROLE: &str = "TCB_QcsRole";
const STAMP: &str = "MINI_QCBASE";

/// Creates a function or brings it up to date, and waits until it is ready.
pub(super) async fn bring_up(
    work: &FunctionWork,
    scene: &Scene<'_>,
    step: &dyn Step,
    began: Instant,
) -> Result<Done> {
    let spec = &work.function.spec;
    let mut done = Done::default();
    let mut start = work.start;
    if start == Start::Ruined {
        let asked = DeleteFunction {
            function_name: spec.name.to_string(),
            namespace: namespace(scene),
            ..DeleteFunction::default()
        };
        scene.target.client().call(&asked).await?;
        start = Start::Absent;
    }
    let mut configure = work.configure;
    if start == Start::Absent {
        let code = upload(work, scene, step, &mut done).await?;
        match scene.target.client().call(&creation(&work.function, code.clone(), scene)).await {
            Ok(_) => {}
            // Made by somebody else since the plan: what is wanted is written over it.
            Err(error) if error.is("ResourceInUse") => {
                ready(spec, scene, step, began).await?;
                update_code(spec, code, scene).await?;
                configure = true;
            }
            Err(error) => return Err(error.into()),
        }
        ready(spec, scene, step, began).await?;
    } else if work.upload {
        let code = upload(work, scene, step, &mut done).await?;
        ready(spec, scene, step, began).await.or_else(forgive_failed_update)?;
        update_code(spec, code, scene).await?;
        ready(spec, scene, step, began).await?;
    }
    if configure {
        let present = ready(spec, scene, step, began).await?;
        scene.target.client().call(&configuration(spec, &present, scene)).await?;
        ready(spec, scene, step, began).await?;
    }
    if done.uploaded > 0 {
        let hash = current::code_sha256(scene.target, spec.name.as_str()).await?;
        done.code = hash.map(|hash| (work.function.fingerprint.clone(), hash));
    }
    Ok(done)
}

/// A function whose last update failed is what a new upload is for.
fn forgive_failed_update(error: Error) -> Result<FunctionDescription> {
    match error.message().en.ends_with("`UpdateFailed`") {
        true => Ok(FunctionDescription::default()),
        false => Err(error),
    }
}

fn namespace(scene: &Scene<'_>) -> Option<String> {
    Some(scene.target.env_id().to_owned())
}

async fn ready(
    spec: &FunctionSpec,
    scene: &Scene<'_>,
    step: &dyn Step,
    began: Instant,
) -> Result<FunctionDescription> {
    let name = spec.name.as_str();
    let say = |state: &str, _| {
        let seconds = began.elapsed().as_secs();
        step.say(text! { en: "{state} {seconds} s", zh: "{state} {seconds} 秒" });
    };
    let ask = async || current::describe(scene.target, name).await;
    wait::until_ready(name, scene.ids, ask, tokio::time::sleep, say).await
}

/// Packs the function and brings the package to where the platform takes it from.
async fn upload(work: &FunctionWork, scene: &Scene<'_>, step: &dyn Step, done: &mut Done) -> Result<Code> {
    step.say(text! { en: "packing", zh: "打包" });
    let tree = work.function.tree.clone();
    let package = tokio::task::spawn_blocking(move || tree.pack()).await.map_err(|error| {
        Error::new(Kind::Failed, text! { en: "packing was cut short", zh: "打包中断" }).source(&error)
    })??;
    let size = package.len() as u64;
    let shown = size_words(size);
    step.say(text! { en: "uploading {shown}", zh: "上传 {shown}" });
    step.expect(size);
    let mut so_far = 0;
    let mut heard = |sent: u64| {
        step.advance(sent.saturating_sub(so_far));
        so_far = so_far.max(sent);
    };
    let name = work.function.spec.name.as_str();
    let account = account(scene).await?;
    let code = scene.target.client().upload_package(name, account, package, &mut heard).await?;
    step.say(text! { en: "building", zh: "构建" });
    done.uploaded = size;
    Ok(code)
}

/// Returns the account's number, which the path of a large package begins with.
async fn account(scene: &Scene<'_>) -> Result<u64> {
    let environment = scene.target.environment().await?;
    match environment.storages.first().and_then(|storage| storage.app_id.parse().ok()) {
        Some(account) => Ok(account),
        None => Ok(scene.target.client().call(&DescribeTcbAccountInfo {}).await?.cloud_app_id),
    }
}

fn creation(function: &DesiredFunction, code: Code, scene: &Scene<'_>) -> CreateFunction {
    let spec = &function.spec;
    let is_web = function.tree.files().any(|(name, _)| name == BOOTSTRAP);
    CreateFunction {
        function_name: spec.name.to_string(),
        namespace: namespace(scene),
        code: Some(code),
        handler: Some(spec.handler.clone()),
        runtime: Some(spec.runtime.clone()),
        description: None,
        memory_size: Some(spec.memory),
        timeout: Some(spec.timeout.as_secs()),
        environment: Some(variables(spec.variables.clone())),
        install_dependency: Some(Flag(spec.install_dependencies)),
        role: Some(ROLE.into()),
        stamp: Some(STAMP.into()),
        r#type: is_web.then(|| "HTTP".into()),
    }
}

async fn update_code(spec: &FunctionSpec, code: Code, scene: &Scene<'_>) -> Result<()> {
    let asked = UpdateFunctionCode {
        function_name: spec.name.to_string(),
        namespace: namespace(scene),
        handler: Some(spec.handler.clone()),
        install_dependency: Some(Flag(spec.install_dependencies)),
        code: Some(code),
        zip_file: None,
    };
    Ok(scene.target.client().call(&asked).await.map(drop)?)
}

fn configuration(
    spec: &FunctionSpec,
    present: &FunctionDescription,
    scene: &Scene<'_>,
) -> UpdateFunctionConfiguration {
    // The platform replaces all variables at once: those set elsewhere are sent along, so that they stay.
    let kept = present.environment.variables.iter().filter(|_| !scene.prune);
    let mut all: std::collections::BTreeMap<_, _> =
        kept.map(|it| (it.key.clone(), it.value.clone())).collect();
    all.extend(spec.variables.clone());
    UpdateFunctionConfiguration {
        function_name: spec.name.to_string(),
        namespace: namespace(scene),
        description: None,
        memory_size: Some(spec.memory),
        timeout: Some(spec.timeout.as_secs()),
        runtime: Some(spec.runtime.clone()),
        environment: Some(variables(all)),
        install_dependency: Some(Flag(spec.install_dependencies)),
    }
}

fn variables(all: impl IntoIterator<Item = (String, String)>) -> Environment {
    Environment { variables: all.into_iter().map(|(key, value)| Variable { key, value }).collect() }
}

pub(super) async fn add_trigger(
    function: &str,
    trigger: &Trigger,
    scene: &Scene<'_>,
    step: &dyn Step,
) -> Result<()> {
    let new = [NewTrigger {
        trigger_name: trigger.name.clone(),
        r#type: "timer".into(),
        trigger_desc: trigger.cron.clone(),
    }];
    let triggers = serde_json::to_string(&new).unwrap_or_default();
    let asked = BatchCreateTrigger {
        function_name: function.into(),
        namespace: namespace(scene),
        triggers,
        count: new.len() as u64,
    };
    step.say(text! { en: "adding", zh: "添加" });
    Ok(scene.target.client().call(&asked).await.map(drop)?)
}

pub(super) async fn remove_trigger(function: &str, name: &str, scene: &Scene<'_>) -> Result<()> {
    let asked = DeleteTrigger {
        function_name: function.into(),
        namespace: namespace(scene),
        trigger_name: name.into(),
        r#type: Some("timer".into()),
        ..DeleteTrigger::default()
    };
    Ok(scene.target.client().call(&asked).await.map(drop)?)
}
