//! What can be said about a function, and how several places that say it are laid over one another.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::{Error, Kind};
use crate::model::function::{FunctionSpec, Language};
use crate::model::name::{FunctionName, did_you_mean, suggestion};
use crate::model::trigger::Trigger;
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
