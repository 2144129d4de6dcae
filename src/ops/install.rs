//! Installing what functions need: each folder's own dependencies, and one shared SDK for folders that have none.
//!
//! Nothing of the user's is rewritten: lock files are obeyed and never written.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Serialize;
use tokio::process::Command;

use crate::error::{Error, Kind, Result};
use crate::model::function::Language;
use crate::project::Project;
use crate::project::dependencies::{imported, is_installed, missing_dependencies, missing_requirements};
use crate::text;

/// SDKs that a function folder may use without naming them in a `package.json`: the platform brings them along.
const PLATFORM_SDKS: [&str; 3] = ["wx-server-sdk", "tcb-admin-node", "@cloudbase/node-sdk"];

/// How many `npm` processes run at once: they wait for the network more than for the processor.
const AT_ONCE: usize = 4;

/// One folder in which something is to be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Installation {
    /// A function's name, or `shared`.
    pub name: String,
    pub folder: PathBuf,
    /// Packages that are missing.
    pub missing: Vec<String>,
    #[serde(skip)]
    pub way: Way,
}

/// How something is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// By the folder's own `package.json`.
    Npm,
    /// The SDKs that functions without a `package.json` share.
    Shared,
    /// `requirements.txt` into the folder itself, where the platform looks; for a runtime such as `Python3.9`.
    Pip { runtime: String },
}

/// Returns the folder whose `node_modules` serves functions that have none.
pub fn shared_folder(project: &Project) -> PathBuf {
    project.state_folder().join("shared")
}

/// Returns what is missing, nothing when everything is installed. A `package.json` that cannot be read is one of the
/// project's problems, and nothing can be installed for it.
pub fn needed(project: &Project) -> Vec<Installation> {
    let mut needed = Vec::new();
    let shared = shared_folder(project);
    let mut unnamed: Vec<&str> = Vec::new();
    for function in &project.functions {
        let runtime = &function.spec.runtime;
        let (missing, way) = match Language::of(runtime) {
            Some(Language::Python) => {
                (missing_requirements(&function.folder), Way::Pip { runtime: runtime.clone() })
            }
            _ => (missing_dependencies(&function.folder).unwrap_or_default(), Way::Npm),
        };
        if !missing.is_empty() {
            let name = function.spec.name.to_string();
            needed.push(Installation { name, folder: function.folder.clone(), missing, way: way.clone() });
        }
        if way != Way::Npm || function.folder.join("package.json").is_file() {
            continue;
        }
        for sdk in imported(&function.folder, &function.spec.handler, &PLATFORM_SDKS) {
            let is_known =
                unnamed.contains(&sdk) || is_installed(&function.folder, sdk) || is_installed(&shared, sdk);
            if !is_known {
                unnamed.push(sdk);
            }
        }
    }
    if !unnamed.is_empty() {
        needed.push(Installation {
            name: "shared".into(),
            folder: shared,
            missing: unnamed.into_iter().map(str::to_owned).collect(),
            way: Way::Shared,
        });
    }
    needed
}

/// Installs everything, several folders at once; `done` hears of each folder as it is finished.
///
/// # Errors
/// `npm` is not there, or says no: the first refusal, with the last lines it printed.
pub async fn run(installations: Vec<Installation>, mut done: impl FnMut(&Installation)) -> Result<()> {
    let mut waiting = installations.into_iter();
    let mut running = tokio::task::JoinSet::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(next) = waiting.next()
        {
            running.spawn(async move { install(&next).await.map(|()| next) });
        }
        match running.join_next().await {
            None => return Ok(()),
            Some(Ok(Ok(installed))) => done(&installed),
            Some(Ok(Err(error))) => return Err(error),
            Some(Err(error)) => {
                return Err(Error::new(
                    Kind::Failed,
                    text! { en: "an installation was cut short", zh: "依赖安装被中断" },
                )
                .source(&error));
            }
        }
    }
}

async fn install(installation: &Installation) -> Result<()> {
    let folder = &installation.folder;
    if let Way::Pip { runtime } = &installation.way {
        return pip(installation, runtime).await;
    }
    if installation.way == Way::Shared {
        make_shared_package(folder).map_err(|error| failed(installation).source(&error))?;
        let mut packages = vec!["install", "--no-package-lock"];
        packages.extend(installation.missing.iter().map(String::as_str));
        return npm(installation, &packages).await;
    }
    // A lock file says exactly what the author ran. One that can no longer be obeyed (versions gone, a registry that has
    // moved) must not keep the project from running.
    let locked = folder.join("package-lock.json").is_file() || folder.join("npm-shrinkwrap.json").is_file();
    if locked && npm(installation, &["ci", "--omit=dev"]).await.is_ok() {
        return Ok(());
    }
    npm(installation, &["install", "--omit=dev", "--no-package-lock"]).await
}

fn make_shared_package(folder: &Path) -> std::io::Result<()> {
    let package = folder.join("package.json");
    std::fs::create_dir_all(folder)?;
    if package.exists() { Ok(()) } else { std::fs::write(package, "{ \"private\": true }\n") }
}

async fn npm(installation: &Installation, arguments: &[&str]) -> Result<()> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(program)
        .args(arguments)
        .args(["--no-audit", "--no-fund", "--no-progress", "--loglevel=error"])
        // Old lock files name mirrors that are gone; waiting for them would take minutes.
        .args(["--replace-registry-host=always", "--fetch-retries=1"])
        .current_dir(&installation.folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| {
            failed(installation).source(&error).hint(text! {
                en: "install Node.js, which brings npm, or put what the functions need into `node_modules` yourself",
                zh: "请安装 Node.js（自带 npm），或自行准备函数的 `node_modules`"
            })
        })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).take(6).collect();
    let shown = installation.folder.display();
    let command = arguments.join(" ");
    Err(failed(installation).cause(lines.join("\n").as_str().into()).hint(text! {
        en: "run `npm {command}` in `{shown}` to see all of it, or start with `--no-install`",
        zh: "在 `{shown}` 中运行 `npm {command}` 查看完整输出，或用 `--no-install` 启动"
    }))
}

/// Installs with the Python of the runtime, else with the usual one.
async fn pip(installation: &Installation, runtime: &str) -> Result<()> {
    let exact = runtime.to_ascii_lowercase();
    let mut refused = failed(installation);
    for program in [exact.as_str(), "python3"] {
        let output = Command::new(program)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
            .args(["--target", ".", "--upgrade", "--requirement", "requirements.txt"])
            .current_dir(&installation.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await;
        refused = match output {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => failed(installation).cause(last_lines(&output.stderr).as_str().into()),
            Err(error) => failed(installation).source(&error),
        };
    }
    let shown = installation.folder.display();
    Err(refused.hint(text! {
        en: "run `python3 -m pip install --target . -r requirements.txt` in `{shown}`, or start with `--no-install`",
        zh: "请在 `{shown}` 中运行 `python3 -m pip install --target . -r requirements.txt`，或用 `--no-install` 启动"
    }))
}

fn last_lines(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.get(lines.len().saturating_sub(6)..).unwrap_or_default().join("\n")
}

fn failed(installation: &Installation) -> Error {
    let name = &installation.name;
    Error::new(
        Kind::Failed,
        text! { en: "could not install the dependencies of `{name}`", zh: "无法安装 `{name}` 的依赖" },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::staged::project;

    #[test]
    fn what_is_missing_is_named_per_folder_and_sdks_without_a_package_are_shared() {
        let (folder, project) = project(&[
            ("cloudfunctions/plain/index.js", "exports.main = () => 1"),
            (
                "cloudfunctions/bare/index.js",
                "const cloud = require('wx-server-sdk')\nexports.main = () => 1",
            ),
            ("cloudfunctions/own/index.js", "exports.main = () => 1"),
            ("cloudfunctions/own/package.json", r#"{"dependencies":{"here":"1","gone":"2"}}"#),
            ("cloudfunctions/own/node_modules/here/package.json", "{}"),
            ("cloudfunctions/snake/index.py", "def main_handler(event, context): pass"),
            ("cloudfunctions/snake/requirements.txt", "requests==2.31\n"),
        ]);
        let needed = needed(&project);
        let seen: Vec<_> =
            needed.iter().map(|it| (it.name.as_str(), it.missing.join(" "), it.way.clone())).collect();
        let pip = Way::Pip { runtime: "Python3.9".into() };
        assert_eq!(
            seen,
            [
                ("own", "gone".to_owned(), Way::Npm),
                ("snake", "requests".to_owned(), pip),
                ("shared", "wx-server-sdk".to_owned(), Way::Shared)
            ]
        );
        assert!(needed[2].folder.starts_with(folder.path().join(".cloudkit")));
    }
}
