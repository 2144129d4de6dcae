//! What a function is, wherever it runs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::name::FunctionName;
use super::trigger::Trigger;

/// A function's settings: the same words for the folder, the emulator and the cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSpec {
    pub name: FunctionName,
    /// `file.export`, by default that of [`Language::handler`].
    pub handler: String,
    /// The platform's runtime id, such as `Nodejs18.15`.
    pub runtime: String,
    /// 1 to 900 seconds; the platform's default is 3.
    pub timeout: Duration,
    /// In megabytes: 64, or a multiple of 128 up to 3072.
    pub memory: u32,
    /// Environment variables, already resolved.
    pub variables: BTreeMap<String, String>,
    pub triggers: Vec<Trigger>,
    /// Whether the cloud runs `npm install` itself, so that `node_modules` stays out of the package.
    pub install_dependencies: bool,
    /// WeChat server APIs the function may call: `permissions.openapi` of its `config.json`.
    pub openapi: Vec<String>,
}

/// A language whose functions run on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Node,
    /// Python 3.
    Python,
}

impl Language {
    /// Returns the language of a runtime; `None` for one that only the cloud has.
    pub fn of(runtime: &str) -> Option<Self> {
        match runtime {
            _ if runtime.starts_with("Nodejs") => Some(Language::Node),
            _ if runtime.starts_with("Python3") => Some(Language::Python),
            _ => None,
        }
    }

    /// Returns the handler a function has when nothing says otherwise.
    pub fn handler(self) -> &'static str {
        match self {
            Language::Node => "index.main",
            Language::Python => "index.main_handler",
        }
    }

    /// Returns what the names of its files end in.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Language::Node => &["js", "mjs", "cjs", "ts", "mts", "cts"],
            Language::Python => &["py"],
        }
    }
}

impl FunctionSpec {
    /// The runtime of a function when nothing says otherwise.
    pub const RUNTIME: &str = "Nodejs18.15";
    /// The runtime of a function of which only its files say that it is one of Python; `tcb` takes the same
    /// (`@cloudbase/cli` 2.12).
    pub const PYTHON_RUNTIME: &str = "Python3.9";
    /// The runtimes the platform has, newest first: those `tcb` offers (`@cloudbase/cli` 2.12, `constant.js`), and older
    /// ones that functions still have.
    pub const RUNTIMES: [&str; 22] = [
        "Nodejs24.11",
        "Nodejs22.21",
        "Nodejs20.19",
        "Nodejs18.15",
        "Nodejs16.13",
        "Nodejs14.18",
        "Nodejs12.16",
        "Nodejs10.15",
        "Nodejs8.9",
        "Nodejs6.10",
        "Python3.11",
        "Python3.10",
        "Python3.9",
        "Python3.7",
        "Python3.6",
        "Python2.7",
        "Php8.0",
        "Php7.4",
        "Php7",
        "Java11",
        "Java8",
        "Go1",
    ];
    /// The platform's default time limit.
    pub const TIMEOUT: Duration = Duration::from_secs(3);
    /// The platform's default memory, in megabytes.
    pub const MEMORY: u32 = 256;

    /// Returns a function with the platform's defaults.
    pub fn new(name: FunctionName) -> Self {
        FunctionSpec {
            name,
            handler: Language::Node.handler().into(),
            runtime: Self::RUNTIME.into(),
            timeout: Self::TIMEOUT,
            memory: Self::MEMORY,
            variables: BTreeMap::new(),
            triggers: Vec::new(),
            install_dependencies: true,
            openapi: Vec::new(),
        }
    }
}
