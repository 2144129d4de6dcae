//! Functions of an environment: list, show, delete.

pub mod download;
pub mod invoke;

use serde::Serialize;

use crate::api::control::function::{
    DeleteFunction, FunctionDescription, FunctionLine, GetFunction, ListFunctions,
};
use crate::cloud;
use crate::error::{Error, Result};
use crate::model::name::FunctionName;
use crate::model::wall;
use crate::text;

use super::target::Target;

/// The most functions one answer lists.
const PAGE: u64 = 100;

/// A function in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    pub name: String,
    pub runtime: String,
    /// `Active`, `Updating` and so on, as the platform says it.
    pub status: String,
    /// RFC 3339, or as the platform wrote it.
    pub modified: String,
}

/// Returns all functions, by name.
pub async fn list(target: &Target) -> Result<Vec<Listed>> {
    let mut functions: Vec<Listed> = lines(target).await?.into_iter().map(Listed::from).collect();
    functions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(functions)
}

/// Returns a time of the platform with its offset, which the platform leaves out.
fn moment(written: String) -> String {
    wall::read(&written).map_or(written, wall::rfc3339)
}

impl From<FunctionLine> for Listed {
    fn from(line: FunctionLine) -> Self {
        Listed {
            name: line.function_name,
            runtime: line.runtime,
            status: line.status,
            modified: moment(line.mod_time),
        }
    }
}

async fn lines(target: &Target) -> Result<Vec<FunctionLine>, cloud::Error> {
    let mut lines = Vec::new();
    loop {
        let asked = ListFunctions {
            namespace: Some(target.env_id().to_owned()),
            limit: Some(PAGE),
            offset: Some(lines.len() as u64),
            ..ListFunctions::default()
        };
        let page = target.client().call(&asked).await?;
        let last = page.functions.is_empty();
        lines.extend(page.functions);
        if last || lines.len() as u64 >= page.total_count {
            return Ok(lines);
        }
    }
}

/// A function with everything a person may want to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    pub name: String,
    pub status: String,
    /// Why the function is not well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    pub runtime: String,
    pub handler: String,
    /// Seconds.
    pub timeout: u64,
    /// Megabytes.
    pub memory: u32,
    pub code_bytes: u64,
    pub installs_dependencies: bool,
    /// Names alone: the values may be secrets.
    pub variables: Vec<String>,
    pub triggers: Vec<super::trigger::Trigger>,
    pub modified: String,
}

/// Describes a function.
pub async fn show(target: &Target, name: &FunctionName) -> Result<Shown> {
    Ok(Shown::from(describe(target, name).await?))
}

/// Returns a function as the platform describes it.
pub(super) async fn describe(target: &Target, name: &FunctionName) -> Result<FunctionDescription> {
    let asked = GetFunction {
        function_name: name.to_string(),
        namespace: Some(target.env_id().to_owned()),
        show_code: None,
    };
    match target.client().call(&asked).await {
        Ok(found) => Ok(found),
        Err(error) => Err(missing(target, name, error).await),
    }
}

impl From<FunctionDescription> for Shown {
    fn from(it: FunctionDescription) -> Self {
        let name = it.function_name;
        Shown {
            status: it.status,
            reasons: it.status_reasons.into_iter().map(|reason| reason.error_message).collect(),
            runtime: it.runtime,
            handler: it.handler,
            timeout: it.timeout,
            memory: it.memory_size,
            code_bytes: it.code_size,
            installs_dependencies: it.install_dependency.0,
            variables: it.environment.variables.into_iter().map(|it| it.key).collect(),
            triggers: it
                .triggers
                .iter()
                .map(|trigger| super::trigger::Trigger::of(&name, trigger, None))
                .collect(),
            modified: moment(it.mod_time),
            name,
        }
    }
}

/// A function that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deleted {
    pub deleted: String,
}

/// Deletes a function and its triggers.
pub async fn delete(target: &Target, name: &FunctionName) -> Result<Deleted> {
    let asked = DeleteFunction {
        function_name: name.to_string(),
        namespace: Some(target.env_id().to_owned()),
        qualifier: None,
    };
    match target.client().call(&asked).await {
        Ok(_) => Ok(Deleted { deleted: name.to_string() }),
        Err(error) => Err(missing(target, name, error).await),
    }
}

/// Makes the error of a call that named a function; where there is no such function, a near name is offered.
pub(super) async fn missing(target: &Target, name: &FunctionName, error: cloud::Error) -> Error {
    if !error.is("ResourceNotFound") {
        return error.into();
    }
    let known = lines(target).await.unwrap_or_default();
    super::target::not_there(
        error,
        text! { en: "function `{name}` does not exist", zh: "云函数 `{name}` 不存在" },
        name.as_str(),
        known.iter().map(|line| line.function_name.as_str()),
        text! { en: "`cloudkit deploy {name}` puts it there", zh: "可用 `cloudkit deploy {name}` 部署" },
    )
}
