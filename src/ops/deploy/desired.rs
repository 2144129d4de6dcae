//! What an environment should be: the project's manifest and functions, as far as this deployment takes them along.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::{Error, Kind, Result};
use crate::model::function::{FunctionSpec, Language};
use crate::model::name::{CollectionName, FunctionName, did_you_mean, suggestion};
use crate::model::permission::Permission;
use crate::model::text::Text;
use crate::project::Project;
use crate::project::bundle::Tree;
use crate::project::dependencies::{local_dependencies, missing_dependencies, missing_requirements};
use crate::project::fingerprint::fingerprint;
use crate::project::functions::{Function, mistake};
use crate::project::manifest::{Collection, Route};
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
    /// Who may call functions.
    pub invoke: Option<Permission>,
    /// The routes of HTTP access; `None` when the manifest says nothing of them.
    pub routes: Option<Vec<Route>>,
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
        let chosen = chosen(project, &request.functions)?;
        for function in &chosen {
            let wanted = function_of(project, function)?;
            desired.notes.extend(syntax_note(function));
            desired.notes.extend(dependency_notes(function)?);
            desired.notes.extend(secrets_note(function, &wanted.tree));
            desired.functions.push(wanted);
        }
        desired.notes.extend(local_variables_note(&chosen));
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
        if rules {
            desired.invoke = project.invoke_rules();
        }
        if request.takes(Part::Gateway) {
            desired.routes = manifest.routes.clone();
        }
    }
    if desired.functions.is_empty()
        && desired.collections.is_empty()
        && desired.storage.is_none()
        && desired.invoke.is_none()
        && desired.routes.is_none()
    {
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
    if let Some(complaint) = function.complaints().next() {
        return Err(complaint);
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

/// Says that a function will not load, because the file of its handler cannot be parsed.
fn syntax_note(function: &Function) -> Option<Text> {
    let name = &function.spec.name;
    let mistake = mistake(&function.folder, &function.spec)?;
    Some(text! {
        en: "function `{name}` will not load:\n{mistake}",
        zh: "云函数 `{name}` 将无法加载：\n{mistake}"
    })
}

/// Says which dependencies will be missing in the cloud.
fn dependency_notes(function: &Function) -> Result<Option<Text>> {
    let name = &function.spec.name;
    if Language::of(&function.spec.runtime) == Some(Language::Python) {
        let missing = missing_requirements(&function.folder).join("`, `");
        return Ok((!missing.is_empty()).then(|| {
            text! {
                en: "function `{name}` takes its packages along, and lacks `{missing}`: run `python3 -m pip install --target . -r requirements.txt` in its folder first",
                zh: "云函数 `{name}` 会上传其目录中的依赖包，但缺少 `{missing}`：请先在其目录运行 `python3 -m pip install --target . -r requirements.txt`"
            }
        }));
    }
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

/// Says which files go along although git is told to leave them alone: they may be secrets.
fn secrets_note(function: &Function, tree: &Tree) -> Option<Text> {
    let name = &function.spec.name;
    let files = tree.ignored_by_git(function);
    let (shown, more) = files.split_at(files.len().min(3));
    let mut listed = format!("`{}`", shown.join("`, `"));
    if !more.is_empty() {
        listed.push_str(&format!(" … (+{})", more.len()));
    }
    (!files.is_empty()).then(|| text! {
        en: "function `{name}` takes along what git ignores: {listed}; its `ignore` leaves out `\"FILE\"`, and takes \
             `\"!FILE\"` without this note",
        zh: "云函数 `{name}` 会打包被 git 忽略的文件：{listed}；在其 `ignore` 中写 `\"FILE\"` 可排除，写 `\"!FILE\"` 则不再提示"
    })
}

/// Says which variables the functions have on this machine only.
fn local_variables_note(functions: &[&Function]) -> Option<Text> {
    let mut local: BTreeSet<&str> = BTreeSet::new();
    for function in functions {
        let known = |name: &&String| !function.spec.variables.contains_key(*name);
        local.extend(function.local_variables.keys().filter(known).map(String::as_str));
    }
    local.retain(|name| !functions.iter().any(|function| function.references.contains(*name)));
    let listed = local.iter().copied().collect::<Vec<_>>().join("`, `");
    (!local.is_empty()).then(|| text! {
        en: "not deployed, since only `.env` has them: `{listed}`; `variables` in cloudkit.toml takes them along",
        zh: "以下变量只在 `.env` 中，不会部署：`{listed}`；写入 cloudkit.toml 的 `variables` 即可一并部署"
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
