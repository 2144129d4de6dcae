//! Functions: what is registered, the processes that run it, and the calls.
//!
//! One process serves one call at a time, because the caller's identity sits in its environment variables.

mod call;
mod channel;
mod crew;
mod deployed;
mod instance;
mod interpreter;
mod loaded;
pub mod outside;
mod pinpoint;
mod places;
mod pool;
mod ports;
mod process;
mod recording;
mod registry;
mod reload;
mod stamp;
mod surroundings;
#[cfg(test)]
mod tests;
mod transpiled;
mod web;
mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::config::Config;
use super::event::{self, Event, Events};
use super::logs::{LogRecord, Logs, report};
use crate::api::event::Caller;
use crate::error::{Error, Kind, Result};
use crate::model::clock::Millis;
use crate::model::function::FunctionSpec;
use crate::model::level::Level;
use crate::model::name::did_you_mean;
use crate::project::Project;
use crate::project::functions::{BOOTSTRAP, mistake};
use crate::project::manifest::Manifest;
use crate::text;

use call::Call;
use interpreter::Interpreters;
use outside::Outside;
use pool::Function;
use registry::Registry;
use reload::Reload;
use surroundings::Surroundings;
pub use web::Server;

/// Where a function's code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A folder of the project, served as it is saved.
    Project,
    /// A package that a client deployed.
    Deployed,
}

/// A function the emulator knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    pub spec: FunctionSpec,
    pub origin: Origin,
    pub folder: PathBuf,
    /// Bytes of the deployed package, or of the folder.
    pub code_size: u64,
    /// Hex sha256 of the deployed package; `None` for a folder.
    pub code_sha256: Option<String>,
    pub added: Millis,
    pub modified: Millis,
}

impl Registered {
    /// Tells whether it is a server of its own behind HTTP access.
    pub fn is_web(&self) -> bool {
        self.folder.join(BOOTSTRAP).is_file()
    }
}

/// One call of a function.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The `event` as JSON text, before the platform adds its own keys.
    pub event: String,
    pub caller: Caller,
}

/// How a call ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub request_id: String,
    /// The handler's result as JSON text, or what went wrong.
    pub result: std::result::Result<String, Fault>,
    pub duration: Duration,
    /// The megabytes that it may have.
    pub memory: u32,
    pub memory_bytes: u64,
    /// What it said, a line each.
    pub said: String,
}

impl Outcome {
    /// Returns the call's log as the platform frames it: START … END … REPORT.
    pub fn log(&self) -> String {
        report::whole(&self.request_id, &self.said, self.duration, self.memory, self.memory_bytes)
    }
}

/// Why a call failed, in the platform's terms (`docs/wire.md#calling-functions`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// What the caller reads, such as `Error: boom\n    at …`.
    pub message: String,
}

/// The platform's kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    NotFound,
    /// The user's code failed: thrown, rejected, not loadable, no such handler.
    Code,
    /// The process ended during the call.
    Exit,
    Timeout,
    Memory,
    /// All processes are busy, and may be waiting for this call.
    Busy,
    /// The event is not JSON, or the function takes none.
    Event,
    /// The event is over 6 MiB.
    LongEvent,
    /// The result cannot be written as JSON or is over 6 MiB.
    Result,
}

impl FaultKind {
    /// Returns the code that a caller reads (`docs/wire.md#calling-functions`).
    pub fn code(self) -> &'static str {
        match self {
            FaultKind::NotFound => "FUNCTION_NOT_FOUND",
            FaultKind::Code | FaultKind::Exit | FaultKind::Result => "FUNCTIONS_EXECUTE_FAIL",
            FaultKind::Timeout => "FUNCTIONS_TIME_LIMIT_EXCEEDED",
            FaultKind::Memory => "FUNCTIONS_MEMORY_LIMIT_EXCEEDED",
            FaultKind::Busy => "EXCEED_CONCURRENT_REQUEST_LIMIT",
            FaultKind::Event | FaultKind::LongEvent => "FUNCTIONS_PARAM_INVALID",
        }
    }
}

/// Calls whose tokens are remembered: work that goes on after an answer may still call other functions.
const REMEMBERED_CALLS: usize = 1024;

/// A call that goes on, or did a moment ago.
struct Remembered {
    token: String,
    function: String,
    caller: Caller,
}

/// The functions of one environment. Clones share it.
#[derive(Clone)]
pub struct Functions(Arc<Inner>);

struct Inner {
    config: Arc<Config>,
    logs: Logs,
    events: Events,
    surroundings: Arc<Surroundings>,
    interpreters: Interpreters,
    registry: Registry,
    /// The newest calls, oldest first.
    callers: Mutex<VecDeque<Remembered>>,
    reload: Mutex<Option<Reload>>,
    outside: Outside,
    /// Held while the server of a web function starts.
    starting: tokio::sync::Mutex<()>,
}

impl Functions {
    /// Finds the functions of the project and those that were deployed, and watches them from inside a Tokio runtime. No
    /// process is started yet, unless a debugger may want to attach before the first call.
    ///
    /// # Errors
    /// The data folder cannot be written, or a fixture file is wrong.
    pub fn start(config: Config, url: String, logs: Logs, events: Events) -> Result<Self> {
        let config = Arc::new(config);
        let surroundings = Surroundings::make(config.clone(), url).map_err(|error| {
            let shown = config.data.display();
            let message = text! { en: "could not write to `{shown}`", zh: "无法写入 `{shown}`" };
            Error::new(Kind::Failed, message).source(&error)
        })?;
        let outside = Outside::open(&config)?;
        let registry = Registry::new(&config);
        let interpreters = Interpreters::new(&config.inherited, &config.project.root);
        let (callers, reload) = (Mutex::default(), Mutex::default());
        let inner = Arc::new(Inner {
            config,
            logs,
            events,
            surroundings: Arc::new(surroundings),
            interpreters,
            registry,
            callers,
            reload,
            outside,
            starting: tokio::sync::Mutex::default(),
        });
        inner.adopt(Project::clone(&inner.config.project), &[]);
        // Who calls first need not wait until programs have told their versions.
        let first = inner.registry.all();
        let looked = inner.clone();
        tokio::task::spawn_blocking(move || {
            for function in &first {
                function.recipe.interpreter.program();
            }
            for function in &first {
                looked.tell_mistake(function);
            }
        });
        if inner.config.inspect.is_some() {
            inner.registry.all().iter().for_each(Function::prepare_in_background);
        }
        *inner.reload.lock().unwrap_or_else(PoisonError::into_inner) = Some(Reload::start(&inner));
        Ok(Functions(inner))
    }

    /// Returns every function, by name.
    pub fn list(&self) -> Vec<Registered> {
        self.0.registry.all().iter().map(|function| function.registered().clone()).collect()
    }

    /// Looks whether something was saved.
    pub async fn look(&self) {
        self.0.look(Instant::now()).await;
    }

    /// Tells whenever the manifest was saved and says something else.
    pub fn manifest(&self) -> watch::Receiver<Option<Manifest>> {
        self.0.registry.manifest.subscribe()
    }

    pub async fn get(&self, name: &str) -> Option<Registered> {
        self.0.current(name, Instant::now()).await.map(|function| function.registered().clone())
    }

    /// Returns the runtime of a function of the project that only the cloud can run.
    pub fn foreign(&self, name: &str) -> Option<String> {
        self.0.registry.foreign(name)
    }

    /// Returns where the inspector of each function listens, when they are inspected.
    pub fn inspectors(&self) -> BTreeMap<String, u16> {
        let functions = self.0.registry.all();
        let ports = functions.iter().filter_map(|it| Some((it.name().to_owned(), it.recipe.inspector?)));
        ports.collect()
    }

    /// Runs a function once and waits for its answer. When the future is dropped, a call that has begun goes on by itself, as
    /// in the cloud; one that waits in line is dropped too.
    pub async fn invoke(&self, name: &str, invocation: Invocation) -> Outcome {
        self.invoke_as(name, self.0.config.ids.request(), invocation).await
    }

    /// Does so for a request that has its id already.
    pub async fn invoke_as(&self, name: &str, request_id: String, invocation: Invocation) -> Outcome {
        let inner = &self.0;
        let asked = Instant::now();
        // Who has to wait in line looks at the files when its turn has come.
        let busy = inner.registry.get(name).filter(|function| function.is_busy());
        let function = match busy {
            None => inner.current(name, asked).await,
            busy => busy,
        };
        let Some(function) = function else {
            return inner.not_found(name, request_id);
        };
        // Whoever has the token is the caller: a request's id is told to everybody, and must not do.
        let token = inner.config.ids.request();
        inner.remember(&token, name, &invocation.caller);
        Call::new(inner.clone(), function, request_id, token, asked).run(&invocation).await
    }

    /// Returns the server of a web function for one request, and its time limit; `None` for a function that is called.
    pub async fn serve(
        &self,
        name: &str,
        request_id: &str,
    ) -> Option<Result<(Arc<Server>, Duration), Fault>> {
        let function = self.0.current(name, Instant::now()).await?;
        let web = function.web.as_ref()?;
        let server = self.0.serve(&function, web, request_id).await;
        Some(server.map(|server| (server, function.registered().spec.timeout)))
    }

    /// Records a request to a web function: `line` says how it was answered.
    pub fn report_request(
        &self,
        name: &str,
        request_id: &str,
        line: String,
        failure: Option<&'static str>,
        duration: Duration,
        memory_bytes: u64,
    ) {
        self.0.report_request(name, request_id, line, failure, duration, memory_bytes);
    }

    /// Says in the log of a call what is odd about its answer.
    pub fn warn(&self, name: &str, request_id: &str, message: String) {
        let (time, function, request_id) =
            (self.0.config.clock.now(), name.to_owned(), request_id.to_owned());
        self.0.logs.push(LogRecord { time, function, request_id, level: Level::Warn, message, denial: None });
    }

    /// Registers a deployed package (a zip), or replaces the code or the settings of a known function.
    ///
    /// # Errors
    /// The package cannot be unpacked or leads out of its folder; there is neither a package nor such a function.
    pub async fn deploy(&self, spec: FunctionSpec, package: Option<Vec<u8>>) -> Result<()> {
        let inner = self.0.clone();
        let task = tokio::task::spawn_blocking(move || inner.deploy(&spec, package.as_deref()));
        task.await.unwrap_or_else(|error| Err(broken_task(&error)))
    }

    /// Forgets a function. One of the project's folder comes back when the folder is saved again.
    ///
    /// # Errors
    /// There is no such function, or its files cannot be removed.
    pub async fn remove(&self, name: &str) -> Result<()> {
        let (inner, name) = (self.0.clone(), name.to_owned());
        let task = tokio::task::spawn_blocking(move || inner.remove(&name));
        task.await.unwrap_or_else(|error| Err(broken_task(&error)))
    }

    /// Returns the package of a function: the deployed one, or the folder packed.
    ///
    /// # Errors
    /// There is no such function, or its files cannot be read.
    pub async fn package(&self, name: &str) -> Result<Vec<u8>> {
        let (inner, name) = (self.0.clone(), name.to_owned());
        let task = tokio::task::spawn_blocking(move || inner.package(&name));
        task.await.unwrap_or_else(|error| Err(broken_task(&error)))
    }

    /// Returns who started the invocation with that `tcb_sessionToken`, so that a nested call keeps the identity.
    pub fn caller_of(&self, session_token: &str) -> Option<Caller> {
        self.remembered(session_token, |call| call.caller.clone())
    }

    /// Returns the function whose invocation has that `tcb_sessionToken`.
    pub async fn calling(&self, session_token: &str) -> Option<Registered> {
        let name = self.remembered(session_token, |call| call.function.clone())?;
        self.get(&name).await
    }

    fn remembered<T>(&self, session_token: &str, read: impl Fn(&Remembered) -> T) -> Option<T> {
        // Most requests come from outside of functions.
        if session_token.is_empty() {
            return None;
        }
        let callers = self.0.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.iter().rev().find(|call| call.token == session_token).map(read)
    }

    /// Returns what answers calls to hosts outside.
    pub fn outside(&self) -> &Outside {
        &self.0.outside
    }

    /// Returns the variables that bring a program to this emulator; `node_options` is the `NODE_OPTIONS` it has.
    pub fn child_environment(&self, node_options: Option<&str>) -> Vec<(String, String)> {
        self.0.surroundings.child_environment(node_options)
    }

    /// Ends every process and waits until they are gone.
    pub async fn stop(&self) {
        drop(self.0.reload.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.0.registry.end().await;
    }
}

impl Inner {
    /// Tells an event to whoever listens.
    fn tell(&self, event: Event) {
        event::tell(&self.events, event);
    }

    /// Brings the fixtures up to date, or leaves them as they were at a look after `asked`; those from before stay when a
    /// file is wrong.
    fn refresh_outside(&self, asked: Instant) {
        if let Err(error) = self.outside.refresh(asked) {
            self.tell(Event::Warning(outside::complaint(&error)));
        }
    }

    /// Tells of a function that will not load, before it is called: the file of its handler cannot be parsed.
    fn tell_mistake(&self, function: &Function) {
        let Registered { folder, spec, .. } = function.registered();
        if let Some(message) = mistake(folder, spec) {
            self.tell(Event::Broken { function: function.name().to_owned(), message });
        }
    }

    fn remember(&self, token: &str, function: &str, caller: &Caller) {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.len() == REMEMBERED_CALLS {
            callers.pop_front();
        }
        let (token, function) = (token.to_owned(), function.to_owned());
        callers.push_back(Remembered { token, function, caller: caller.clone() });
    }

    /// Answers as the platform does, and tells what was probably meant.
    fn not_found(&self, name: &str, request_id: String) -> Outcome {
        let functions = self.registry.all();
        let near = did_you_mean(name, functions.iter().map(|function| function.name()));
        self.tell(Event::Warning(match (self.registry.foreign(name), near) {
            (Some(runtime), _) => text! {
                en: "function `{name}` cannot be called here: only the cloud has its runtime `{runtime}`",
                zh: "云函数 `{name}` 无法在此调用：其运行时 `{runtime}` 只有云端支持"
            },
            (None, Some(near)) => text! {
                en: "function `{name}` does not exist; did you mean `{near}`?",
                zh: "云函数 `{name}` 不存在；您是否想调用 `{near}`？"
            },
            (None, None) => {
                text! { en: "function `{name}` does not exist", zh: "云函数 `{name}` 不存在" }
            }
        }));
        let message = "FunctionName parameter could not be found.".to_owned();
        let result = Err(Fault { kind: FaultKind::NotFound, message });
        let (duration, said) = (Duration::ZERO, String::new());
        Outcome { request_id, result, duration, memory: 0, memory_bytes: 0, said }
    }
}

fn broken_task(error: &tokio::task::JoinError) -> Error {
    Error::new(Kind::Failed, text! { en: "the work was broken off", zh: "操作被中断" }).source(error)
}
