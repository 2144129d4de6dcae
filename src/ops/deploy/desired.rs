//! What an environment should be: the project's manifest and functions, as far as this deployment takes them along.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Kind, Result};
use crate::model::function::FunctionSpec;
use crate::model::name::{CollectionName, FunctionName, did_you_mean, suggestion};
use crate::model::permission::Permission;
use crate::model::text::Text;
use crate::project::Project;
use crate::project::bundle::Tree;
use crate::project::dependencies::{local_dependencies, missing_dependencies};
use crate::project::fingerprint::fingerprint;
use crate::project::functions::Function;
use crate::project::manifest::Collection;
use crate::text;

use super::{Part, Request};

/// Names of variables that the platform keeps for itself (`docs/wire.md#names-and-limits`).
const RESERVED: [&str; 3] = ["SCF_", "QCLOUD_", "TENCENTCLOUD_"];

/// What is wanted.
#[derive(Debug, Default)]
pub(super) struct Desired {
    pub functions: Vec<DesiredFunction>,
    pub collections: BTreeMap<CollectionName, Collection>,
    pub storage: Option<Permission>,
    /// What will probably surprise somebody.
    pub notes: Vec<Text>,
}

/// A function that is wanted.
#[derive(Debug, Clone)]
pub(super) struct DesiredFunction {
    pub spec: FunctionSpec,
    pub tree: Arc<Tree>,
    pub fingerprint: String,
}

/// Reads what the request wants deployed from a project.
///
/// # Errors
/// An unknown function, a function that must not leave this machine, a variable nobody defines, or any problem of a
/// function that is to be deployed.
pub(super) fn read(project: &Project, request: &Request) -> Result<Desired> {
    let mut desired = Desired::default();
    if request.takes(Part::Functions) || request.takes(Part::Triggers) {
        if let Some(problem) = project.problems.first() {
            return Err(problem.clone());
        }
        for function in chosen(project, &request.functions)? {
            desired.functions.push(function_of(project, function)?);
            desired.notes.extend(dependency_notes(function)?);
        }
    }
    if let Some(manifest) = &project.manifest {
        let (database, rules) = (request.takes(Part::Database), request.takes(Part::Rules));
        if database || rules {
            let part = |collection: &Collection| Collection {
                permission: collection.permission.clone().filter(|_| rules),
                indexes: if database { collection.indexes.clone() } else { Vec::new() },
            };
            desired.collections =
                manifest.collections.iter().map(|(name, it)| (name.clone(), part(it))).collect();
        }
        if rules || request.takes(Part::Storage) {
            desired.storage = manifest.storage.clone();
        }
    }
    if desired.functions.is_empty() && desired.collections.is_empty() && desired.storage.is_none() {
        return Err(nothing(project));
    }
    Ok(desired)
}

fn chosen<'a>(project: &'a Project, names: &[FunctionName]) -> Result<Vec<&'a Function>> {
    if names.is_empty() {
        return Ok(project.functions.iter().filter(|function| function.deploy).collect());
    }
    names.iter().map(|name| {
        let function = project.function(name.as_str()).ok_or_else(|| unknown(project, name))?;
        if function.deploy {
            return Ok(function);
        }
        Err(Error::new(
            Kind::Usage,
            text! { en: "function `{name}` stays on this machine: it has `deploy = false`", zh: "云函数 `{name}` 设置了 `deploy = false`，不会部署" },
        ))
    }).collect()
}

fn unknown(project: &Project, name: &FunctionName) -> Error {
    let error = Error::new(
        Kind::NotFound,
        text! { en: "the project has no function `{name}`", zh: "项目中没有云函数 `{name}`" },
    );
    let names: Vec<&str> = project.function_names().map(FunctionName::as_str).collect();
    let listed = names.join("`, `");
    match did_you_mean(name.as_str(), names) {
        Some(meant) => error.hint(suggestion(meant)),
        None if listed.is_empty() => error,
        None => error.hint(text! { en: "its functions are `{listed}`", zh: "项目中的云函数有 `{listed}`" }),
    }
}

fn function_of(project: &Project, function: &Function) -> Result<DesiredFunction> {
    let name = &function.spec.name;
    if let Some((variable, reference)) = function.undefined.first() {
        return Err(Error::new(
            Kind::Usage,
            text! { en: "`{variable}` of function `{name}` is `${reference}`, which nobody defines", zh: "云函数 `{name}` 的 `{variable}` 引用了未定义的 `${reference}`" },
        )
        .hint(text! { en: "set `{reference}` in the environment or in `.env`", zh: "请在环境变量或 `.env` 中设置 `{reference}`" }));
    }
    let reserved = |variable: &&String| RESERVED.iter().any(|prefix| variable.starts_with(prefix));
    if let Some(variable) = function.spec.variables.keys().find(reserved) {
        return Err(Error::new(
            Kind::Usage,
            text! { en: "function `{name}` may not set `{variable}`: the platform keeps such names", zh: "云函数 `{name}` 不能设置 `{variable}`：该前缀为平台保留" },
        ));
    }
    let tree = Tree::of(function, &project.root)?;
    let fingerprint = fingerprint(&tree)?;
    Ok(DesiredFunction { spec: function.spec.clone(), tree: Arc::new(tree), fingerprint })
}

/// Says which dependencies will be missing in the cloud.
fn dependency_notes(function: &Function) -> Result<Option<Text>> {
    let name = &function.spec.name;
    let (local, missing) = match function.spec.install_dependencies {
        true => (local_dependencies(&function.folder)?, Vec::new()),
        false => (Vec::new(), missing_dependencies(&function.folder)?),
    };
    let listed = if local.is_empty() { missing.join("`, `") } else { local.join("`, `") };
    Ok(match (local.is_empty(), missing.is_empty()) {
        (false, _) => Some(text! {
            en: "function `{name}` depends on folders of this machine, which the cloud cannot install: `{listed}`; \
                 with `install-dependencies = false` its node_modules goes along",
            zh: "云函数 `{name}` 依赖本机文件夹 `{listed}`，云端无法安装；设置 `install-dependencies = false` 可上传 node_modules"
        }),
        (_, false) => Some(text! {
            en: "function `{name}` takes its node_modules along, which lacks `{listed}`: run `npm install` there first",
            zh: "云函数 `{name}` 将上传 node_modules，但其中缺少 `{listed}`：请先在其目录运行 `npm install`"
        }),
        (true, true) => None,
    })
}

fn nothing(project: &Project) -> Error {
    let root = project.root.display();
    Error::new(
        Kind::Usage,
        text! { en: "there is nothing to deploy in `{root}`", zh: "`{root}` 中没有可部署的内容" },
    )
    .hint(text! {
        en: "functions are folders with an `index.js`, by default in `cloudfunctions/`; collections are declared in cloudkit.toml",
        zh: "云函数是包含 `index.js` 的文件夹，默认位于 `cloudfunctions/`；集合在 cloudkit.toml 中声明"
    })
}
