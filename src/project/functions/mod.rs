//! The functions of a project: which folders are functions, and what every file together says about each.
//!
//! From strongest to weakest: `[env.NAME.functions.X]`, `[env.NAME.functions]`, `[functions.X]`, the folder's
//! `config.json`, the function's entry in `cloudbaserc.json`, `[functions]`, `functionDefaultConfig`, the platform.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::settings::{self, FunctionSettings};
use super::{Project, devtools, discover, dotenv, json};
use crate::error::{Error, Kind, Result};
use crate::model::function::{FunctionSpec, Language};
use crate::model::name::{FunctionName, did_you_mean, suggestion};
use crate::model::schedule::Schedule;
use crate::text;

/// The file that makes a folder a web function: it starts the function's server.
pub const BOOTSTRAP: &str = "scf_bootstrap";

/// A function of the project, ready to be run or deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its variables are those the manifest and the incumbent files name, resolved.
    pub spec: FunctionSpec,
    pub folder: PathBuf,
    /// Variables of `.env` files: for runs on this machine, never deployed. They give way to `spec.variables`.
    pub local_variables: BTreeMap<String, String>,
    /// Globs of files that stay out of the package.
    pub ignore: Vec<String>,
    /// Whether `deploy` takes it along.
    pub deploy: bool,
    /// Names that `spec.variables` were filled from.
    pub references: BTreeSet<String>,
    /// Variables that refer to a name nobody defines: (variable, name). They are absent from `spec`.
    pub undefined: Vec<(String, String)>,
    /// Whether its `config.json` cannot be read, so that `spec` goes without it.
    pub lacks_config: bool,
}

impl Function {
    /// Returns the variables for a run on this machine.
    pub fn run_variables(&self) -> BTreeMap<String, String> {
        let mut variables = self.local_variables.clone();
        variables.extend(self.spec.variables.clone());
        variables
    }

    /// Complains of each variable that refers to a name nobody defines.
    pub fn complaints(&self) -> impl Iterator<Item = Error> {
        let name = &self.spec.name;
        self.undefined.iter().map(move |(variable, reference)| {
            Error::new(
                Kind::Usage,
                text! {
                    en: "`{variable}` of function `{name}` in cloudkit.toml refers to `${reference}`, which nobody defines",
                    zh: "cloudkit.toml 中云函数 `{name}` 的 `{variable}` 引用了未定义的 `${reference}`"
                },
            )
            .hint(text! {
                en: "set `{reference}` in the environment or in `.env`; write `$$` for a dollar sign",
                zh: "请在环境变量或 `.env` 中设置 `{reference}`；美元符号本身写作 `$$`"
            })
        })
    }
}

/// What a function is made from besides its folder.
struct Layers<'a> {
    project: &'a Project,
    environment: Option<&'a super::manifest::Environment>,
    variables: &'a BTreeMap<String, String>,
    dotenv: &'a BTreeMap<String, String>,
}

/// Fills `project.functions`, `problems` and `warnings`.
pub(super) fn read(
    project: &mut Project,
    environment: Option<&str>,
    variables: &BTreeMap<String, String>,
    dotenv: &BTreeMap<String, String>,
) -> Result<()> {
    let manifest = project.manifest.as_ref();
    let environment = manifest.and_then(|manifest| manifest.environments.get(environment?));
    let layers = Layers { project, environment, variables, dotenv };
    let (mut functions, mut problems) = (Vec::new(), Vec::new());
    let mut warnings: Vec<Error> = project.cloudbaserc.iter().flat_map(|it| it.warnings.clone()).collect();
    let mut foreigners = BTreeMap::new();
    let (folders, unreadable) = layers.folders();
    match unreadable {
        // What a person names must be there; what a file names may come later.
        Some(error) if project.options.functions_root.is_some() => return Err(error),
        unreadable => problems.extend(unreadable),
    }
    for (name, folder) in folders {
        let name = match name.parse::<FunctionName>() {
            Ok(name) => name,
            Err(error) => {
                warnings.push(error);
                continue;
            }
        };
        let (file, problem) = match devtools::function_config(&folder) {
            Ok(None) => (FunctionSettings::default(), None),
            Ok(Some((settings, passed_over))) => {
                warnings.extend(passed_over);
                (settings, None)
            }
            Err(error) => (FunctionSettings::default(), Some(error)),
        };
        let lacks_config = problem.is_some();
        problems.extend(problem);
        problems.extend(json::read(&folder.join("package.json")).err());
        let mut settings = layers.settings(&name, file);
        let has = |file: &str| folder.join(file).is_file();
        if has_code(&folder, &mut settings) || has(BOOTSTRAP) {
            let function = layers.function(name, folder, settings, &mut problems, &mut warnings)?;
            functions.push(Function { lacks_config, ..function });
        } else if let Some(runtime) = foreign(&settings) {
            warnings.push(elsewhere(&name, &runtime));
            foreigners.insert(name, runtime);
        } else if layers.is_declared(&name) {
            problems.push(no_code(&name, settings.language()));
        } else if has("package.json") || has("requirements.txt") {
            warnings.push(no_code(&name, settings.language()));
        }
    }
    problems.extend(layers.declared_but_absent(&functions, &foreigners, &problems));
    functions.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
    (project.functions, project.foreigners) = (functions, foreigners);
    (project.problems, project.warnings) = (problems, warnings);
    Ok(())
}

impl Layers<'_> {
    /// Returns every folder that may be a function, by name: those of the root, and those a file names elsewhere. Beside
    /// them, why the root cannot be read.
    fn folders(&self) -> (BTreeMap<String, PathBuf>, Option<Error>) {
        let (mut folders, unreadable) = match self.project.functions_root.as_deref().map(subfolders) {
            Some(Ok(folders)) => (folders, None),
            Some(Err(error)) => (BTreeMap::new(), Some(error)),
            None => (BTreeMap::new(), None),
        };
        for name in self.declared() {
            if let Some(directory) = self.settings(name, FunctionSettings::default()).directory {
                folders.insert(name.to_string(), discover::join(&self.project.root, &directory));
            }
        }
        (folders, unreadable)
    }

    fn declared(&self) -> BTreeSet<&FunctionName> {
        let manifest = self.project.manifest.iter().flat_map(|manifest| manifest.functions.named.keys());
        let environment = self.environment.iter().flat_map(|environment| environment.functions.named.keys());
        let cloudbaserc = self.project.cloudbaserc.iter().flat_map(|file| file.functions.named.keys());
        manifest.chain(environment).chain(cloudbaserc).collect()
    }

    fn is_declared(&self, name: &FunctionName) -> bool {
        self.declared().contains(name)
    }

    /// Lays everything that speaks about one function over one another; `file` is its own `config.json`.
    fn settings(&self, name: &FunctionName, file: FunctionSettings) -> FunctionSettings {
        let manifest = self.project.manifest.as_ref().map(|manifest| &manifest.functions);
        let cloudbaserc = self.project.cloudbaserc.as_ref().map(|cloudbaserc| &cloudbaserc.functions);
        let environment = self.environment.map(|environment| &environment.functions);
        let layers = [
            environment.map(|layer| layer.of(name)),
            environment.map(|layer| layer.shared.clone()),
            manifest.map(|layer| layer.of(name)),
            Some(file),
            cloudbaserc.map(|layer| layer.of(name)),
            manifest.map(|layer| layer.shared.clone()),
            cloudbaserc.map(|layer| layer.shared.clone()),
        ];
        layers.into_iter().flatten().fold(FunctionSettings::default(), FunctionSettings::over)
    }

    fn function(
        &self,
        name: FunctionName,
        folder: PathBuf,
        settings: FunctionSettings,
        problems: &mut Vec<Error>,
        warnings: &mut Vec<Error>,
    ) -> Result<Function> {
        let (ignore, deploy) = (settings.ignore.clone().unwrap_or_default(), settings.deploy.unwrap_or(true));
        let mut spec = settings.into_spec(name);
        check(&spec, problems, warnings);
        let written = std::mem::take(&mut spec.variables);
        let (mut references, mut undefined) = (BTreeSet::new(), Vec::new());
        for (variable, value) in written {
            match fill(&value, self.variables, &mut references) {
                Ok(value) => drop(spec.variables.insert(variable, value)),
                Err(reference) => undefined.push((variable, reference)),
            }
        }
        let mut local_variables = self.dotenv.clone();
        local_variables.extend(dotenv::read(&folder.join(".env"))?);
        let lacks_config = false;
        Ok(Function { spec, folder, local_variables, ignore, deploy, references, undefined, lacks_config })
    }

    /// Complains of functions that a file declares and that have no folder.
    fn declared_but_absent(
        &self,
        found: &[Function],
        foreigners: &BTreeMap<FunctionName, String>,
        known: &[Error],
    ) -> Vec<Error> {
        let names: Vec<&str> = found.iter().map(|function| function.spec.name.as_str()).collect();
        let absent = |name: &&FunctionName| {
            !names.contains(&name.as_str())
                && !foreigners.contains_key(*name)
                && !known.iter().any(|error| error.message().en.contains(&format!("`{name}`")))
        };
        let complain = |name: &FunctionName| {
            let error = Error::new(
                Kind::NotFound,
                text! { en: "function `{name}` is declared but has no folder", zh: "云函数 `{name}` 已声明，但没有对应的文件夹" },
            );
            match did_you_mean(name.as_str(), names.iter().copied()) {
                Some(meant) => error.hint(suggestion(meant)),
                None => error,
            }
        };
        self.declared().into_iter().filter(absent).map(complain).collect()
    }
}

/// Returns the folders directly inside a folder, following links; hidden ones and `node_modules` are not functions.
fn subfolders(root: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let shown = root.display();
    let failed = |error: std::io::Error| {
        let kind = if error.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failed };
        Error::new(
            kind,
            text! { en: "could not read the functions folder `{shown}`", zh: "无法读取云函数目录 `{shown}`" },
        )
        .source(&error)
        .hint(text! {
            en: "name the folder of your functions with `--functions-root PATH` or `root` in `[functions]` of cloudkit.toml",
            zh: "可用 `--functions-root PATH` 或 cloudkit.toml 中 `[functions]` 的 `root` 指定云函数目录"
        })
    };
    let mut folders = BTreeMap::new();
    for entry in std::fs::read_dir(root).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_folder = || match entry.file_type() {
            Ok(kind) if !kind.is_symlink() => kind.is_dir(),
            _ => entry.path().is_dir(),
        };
        if !name.starts_with(['.', '_']) && name != "node_modules" && is_folder() {
            folders.insert(name, entry.path());
        }
    }
    Ok(folders)
}

/// Tells whether the file that has the handler is there, and adds what the files of the folder tell of its runtime: Python
/// where there is its file and none of Node's.
fn has_code(folder: &Path, settings: &mut FunctionSettings) -> bool {
    let has = |language: Language| {
        entry_file(folder, settings.handler.as_deref().unwrap_or(language.handler()), language).is_some()
    };
    let is_there = has(settings.language());
    let is_python = !is_there && settings.runtime.is_none() && has(Language::Python);
    if is_python {
        settings.runtime = Some(FunctionSpec::PYTHON_RUNTIME.into());
    }
    is_there || is_python
}

/// Returns the file that holds a function's handler, or failing that the package's main file.
pub fn entry_file(folder: &Path, handler: &str, language: Language) -> Option<PathBuf> {
    let stem = handler.rsplit_once('.').map_or(handler, |(stem, _)| stem);
    let named = language.extensions().iter().map(|extension| folder.join(format!("{stem}.{extension}")));
    let found = named.into_iter().find(|path| path.is_file());
    found.or_else(|| {
        if language != Language::Node {
            return None;
        }
        let package = super::json::read(&folder.join("package.json")).ok().flatten()?;
        let main = folder.join(package.get("main")?.as_str()?);
        let main = if main.extension().is_some() { main } else { main.with_extension("js") };
        main.is_file().then_some(main)
    })
}

/// Returns what is wrong with the syntax of the file that holds a function's handler, as Node words it.
pub fn mistake(folder: &Path, spec: &FunctionSpec) -> Option<String> {
    let is_called = Language::of(&spec.runtime) == Some(Language::Node) && !folder.join(BOOTSTRAP).is_file();
    let entry = entry_file(folder, &spec.handler, Language::Node).filter(|_| is_called)?;
    super::typescript::mistake_in(&entry)
}

/// Returns the runtime of a function that only the cloud runs.
fn foreign(settings: &FunctionSettings) -> Option<String> {
    settings
        .runtime
        .clone()
        .filter(|runtime| settings::runtime(runtime).is_ok() && Language::of(runtime).is_none())
}

fn elsewhere(name: &FunctionName, runtime: &str) -> Error {
    Error::new(
        Kind::Usage,
        text! {
            en: "function `{name}` is left out: its runtime `{runtime}` is not one that cloudkit runs or deploys",
            zh: "已略过云函数 `{name}`：cloudkit 不运行也不部署运行时 `{runtime}`"
        },
    )
    .hint(text! { en: "functions of Node.js and Python 3 run here", zh: "此处支持 Node.js 与 Python 3 云函数" })
}

fn no_code(name: &FunctionName, language: Language) -> Error {
    let file = match language {
        Language::Node => "index.js",
        Language::Python => "index.py",
    };
    Error::new(
        Kind::NotFound,
        text! { en: "function `{name}` has no code: no `{file}` in its folder", zh: "云函数 `{name}` 没有代码：其文件夹中没有 `{file}`" },
    )
}

/// Checks what the incumbent files say; the manifest is checked when it is read.
fn check(spec: &FunctionSpec, problems: &mut Vec<Error>, warnings: &mut Vec<Error>) {
    let name = &spec.name;
    let in_function = |error: Error| {
        error.cause(text! { en: "in the settings of function `{name}`", zh: "位于云函数 `{name}` 的配置中" })
    };
    for (at, trigger) in spec.triggers.iter().enumerate() {
        if spec.triggers.iter().take(at).any(|earlier| earlier.name == trigger.name) {
            problems.push(trigger_twice(name, &trigger.name));
        }
        match trigger.cron.parse::<Schedule>() {
            Err(error) => problems.push(in_function(error)),
            Ok(schedule) => {
                warnings.extend(schedule.numbers_weekdays().then(|| weekday_number(name, &trigger.name)));
                warnings
                    .extend(schedule.never_fires().then(|| never_fires(name, &trigger.name, &trigger.cron)));
            }
        }
    }
    let seconds = i64::try_from(spec.timeout.as_secs()).unwrap_or(i64::MAX);
    problems.extend(settings::timeout(seconds).err().map(in_function));
    problems.extend(settings::memory(spec.memory.into()).err().map(in_function));
    problems.extend(settings::handler(&spec.handler).err().map(in_function));
    problems.extend(settings::runtime(&spec.runtime).err().map(in_function));
}

fn trigger_twice(function: &FunctionName, trigger: &str) -> Error {
    Error::new(
        Kind::Usage,
        text! {
            en: "function `{function}` has two triggers named `{trigger}`, and the platform takes one",
            zh: "云函数 `{function}` 有两个名为 `{trigger}` 的触发器，平台只接受一个"
        },
    )
    .hint(text! { en: "give each trigger a name of its own", zh: "请为每个触发器取不同的名称" })
}

fn never_fires(function: &FunctionName, trigger: &str, cron: &str) -> Error {
    Error::new(
        Kind::Usage,
        text! {
            en: "trigger `{trigger}` of function `{function}` never fires: no day is one of its cron `{cron}`",
            zh: "云函数 `{function}` 的触发器 `{trigger}` 永远不会触发：没有符合 cron `{cron}` 的日期"
        },
    )
    .hint(text! { en: "`L` is the last day of any month", zh: "`L` 表示当月最后一天" })
}

fn weekday_number(function: &FunctionName, trigger: &str) -> Error {
    Error::new(
        Kind::Usage,
        text! {
            en: "trigger `{trigger}` of function `{function}` gives a weekday as a number, which the platform's pages count differently",
            zh: "云函数 `{function}` 的触发器 `{trigger}` 用数字表示星期，而平台文档对数字的说法不一"
        },
    )
    .hint(text! { en: "write a name, such as `MON`; a number counts from 0, Sunday", zh: "请改用 `MON` 这样的名称；数字按 0 为周日计算" })
}

/// Fills `$NAME` and `${NAME}`; `$$` is a dollar sign, and so is one that no name follows. An error is the name that
/// nobody defines.
fn fill(
    written: &str,
    known: &BTreeMap<String, String>,
    references: &mut BTreeSet<String>,
) -> std::result::Result<String, String> {
    let mut filled = String::new();
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('$') {
        filled.push_str(before);
        rest = match (after.strip_prefix('$'), reference(after)) {
            (Some(after), _) => {
                filled.push('$');
                after
            }
            (None, Some((name, after))) => {
                filled.push_str(known.get(name).ok_or(name)?);
                references.insert(name.to_owned());
                after
            }
            (None, None) => {
                filled.push('$');
                after
            }
        };
    }
    Ok(filled + rest)
}

/// Splits what follows a dollar sign into a name and the rest.
fn reference(after: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (name, rest) = match after.strip_prefix('{') {
        Some(inner) => inner.split_once('}')?,
        None => after.split_at(after.find(|c| !is_part(c)).unwrap_or(after.len())),
    };
    let is_name = name.chars().all(is_part) && !name.starts_with(|c: char| c.is_ascii_digit());
    (is_name && !name.is_empty()).then_some((name, rest))
}
