//! One call, from a free process to the report.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::instance::{Instance, Load, OUT_OF_MEMORY, Reply};
use super::pool::{Function, Lease};
use super::{Fault, FaultKind, Inner, Invocation, Outcome, wire};
use crate::api::event::{self, Caller};
use crate::emulator::event::Event;
use crate::emulator::logs::report::{end_lines, start_line};
use crate::emulator::logs::{InvocationRecord, LogRecord};
use crate::model::clock::Millis;
use crate::model::function::Language;
use crate::model::level::Level;
use crate::model::text::Text;
use crate::text;

/// The longest event of a synchronous call, in bytes (`docs/wire.md#function-limits`).
const LONGEST_EVENT: usize = 6 << 20;

/// How long a function may take to load; the platform's default (`docs/wire.md#function-limits`).
pub(super) const LOAD_LIMIT: Duration = Duration::from_secs(65);

/// How often the memory of a process in a call is looked at.
const WEIGHED: Duration = Duration::from_millis(100);

/// How long a process that ran out of time may take to say what it waits for, on a busy machine. Its caller has been
/// answered by then.
const LAST_WORDS: Duration = Duration::from_millis(1500);

/// How long the inspector may take to say where a process computes that does not answer.
const PINPOINT: Duration = Duration::from_secs(60);

/// The part of its time that a function can use before it is told of.
const NEARLY: f64 = 0.8;

/// How much of a result the list of calls keeps, in bytes.
const KEPT_RESULT: usize = 4 << 10;

/// A call that has its function.
pub(super) struct Call {
    pub inner: Arc<Inner>,
    pub function: Arc<Function>,
    pub request_id: String,
    /// Shows what the call asks to be asked for its caller.
    token: String,
    pub began: Millis,
    asked: Instant,
    /// How long it took to have a process ready, when one was started for this call.
    cold: Option<Duration>,
}

/// How a call ended, before it is told.
struct Ended {
    result: Result<String, Fault>,
    duration: Duration,
    memory_bytes: u64,
    said: String,
}

impl Ended {
    fn failed(kind: FaultKind, message: impl Into<String>) -> Self {
        let result = Err(Fault { kind, message: message.into() });
        Ended { result, duration: Duration::ZERO, memory_bytes: 0, said: String::new() }
    }
}

impl Call {
    pub fn new(
        inner: Arc<Inner>,
        function: Arc<Function>,
        request_id: String,
        token: String,
        asked: Instant,
    ) -> Self {
        let began = inner.config.clock.now();
        Call { inner, function, request_id, token, began, asked, cold: None }
    }

    /// Runs the function. When the returned future is dropped, a call that has begun goes on by itself, as in the cloud; one
    /// that waits in line is dropped too.
    pub async fn run(mut self, invocation: &Invocation) -> Outcome {
        // HTTP access limits the body as it came; in the event, base64 makes it a third longer.
        let is_limited = !matches!(invocation.caller, Caller::Http);
        if is_limited && invocation.event.len() > LONGEST_EVENT {
            self.start();
            return self.report(Ended::failed(FaultKind::LongEvent, "event body size is too long"));
        }
        if self.function.web.is_some() {
            let name = self.function.name();
            let message = format!(
                "function `{name}` is a web function: it answers HTTP requests on its routes, no calls"
            );
            self.start();
            return self.report(Ended::failed(FaultKind::Event, message));
        }
        let lease = match self.ready(invocation.caller.depth()).await {
            Ok(lease) => lease,
            Err(ended) => return self.report(ended),
        };
        let mut running = match self.begin(lease, invocation).await {
            Ok(running) => running,
            Err((call, ended)) => return call.report(ended),
        };
        running.wait().await;
        running.finish().await
    }

    /// Returns a process that has the function loaded.
    async fn ready(&mut self, depth: usize) -> Result<Lease, Ended> {
        let lease = self.lease(depth).await;
        // One whose caller leaves while it waits in line has never begun.
        self.start();
        let mut lease = lease.map_err(|error| self.not_started(&error))?;
        let instance = lease.instance();
        if instance.used {
            return Ok(lease);
        }
        let loading = self.function.recipe.crew.places.load();
        let load = match tokio::time::timeout(LOAD_LIMIT, instance.loaded()).await {
            Err(_) if instance.is_debugged() => Ok(instance.loaded().await),
            load => load,
        };
        drop(loading);
        if let Some(longer) = self.function.recipe.cold_start {
            tokio::time::sleep(longer).await;
        }
        self.cold = Some(self.asked.elapsed());
        match load {
            Ok(Load::Ready(files)) => {
                self.inner.tell_loaded(&self.function);
                self.function.remember(&files, lease.instance().started);
                Ok(lease)
            }
            Ok(Load::Broken(why)) => {
                let held = instance.take_held();
                Err(self.not_loaded(held, why))
            }
            Ok(Load::Loading) | Err(_) => {
                let seconds = LOAD_LIMIT.as_secs();
                Err(self.not_loaded(Vec::new(), format!("Initializing timed out after {seconds} seconds")))
            }
        }
    }

    /// Returns a process of the function as its files are when it is there: one look is enough for all who wait in line.
    async fn lease(&mut self, depth: usize) -> std::io::Result<Lease> {
        loop {
            let lease = self.function.acquire(depth).await?;
            if !self.follow_files().await
                && let Some(lease) = lease
            {
                return Ok(lease);
            }
        }
    }

    /// Goes on with the function as its files are now. Tells whether it is another.
    async fn follow_files(&mut self) -> bool {
        let current = self.inner.current(self.function.name(), self.asked).await;
        match current.filter(|current| !Arc::ptr_eq(current, &self.function)) {
            Some(newer) => self.function = newer,
            None => return false,
        }
        true
    }

    fn not_started(&self, error: &std::io::Error) -> Ended {
        if error.kind() == std::io::ErrorKind::QuotaExceeded {
            let message = error.to_string();
            self.say(Level::Error, message.clone());
            return Ended::failed(FaultKind::Busy, message);
        }
        let interpreter = &self.function.recipe.interpreter;
        let program = interpreter.program().display();
        let product = match interpreter.language {
            Language::Node => "Node.js",
            Language::Python => "Python 3",
        };
        let message = match error.kind() {
            std::io::ErrorKind::NotFound if !self.function.registered().folder.is_dir() => {
                format!("the folder `{}` does not exist", self.function.registered().folder.display())
            }
            std::io::ErrorKind::NotFound => {
                format!("`{program}` was not found: install {product}, or add it to PATH")
            }
            _ => format!("`{program}` could not be started: {error}"),
        };
        self.say(Level::Error, message.clone());
        Ended::failed(FaultKind::Code, message)
    }

    fn not_loaded(&self, held: Vec<(Level, String)>, why: String) -> Ended {
        let mut said = String::new();
        for (level, message) in held {
            said = said + &message + "\n";
            self.say(level, message);
        }
        said = said + &why + "\n";
        self.say(Level::Error, why.clone());
        Ended { said, ..Ended::failed(FaultKind::Code, why) }
    }

    async fn begin(self, mut lease: Lease, invocation: &Invocation) -> Result<Running, (Self, Ended)> {
        let config = &self.inner.config;
        let caller = &invocation.caller;
        let (env_id, app_id) = (config.env_id.as_str(), config.app_id.as_str());
        let variables = event::variables(&event::Call { caller, env_id, app_id, token: &self.token });
        let (merge, offset) = (caller.event_keys(app_id), config.clock.moved_by());
        let head = wire::Head { id: &self.request_id, variables: &variables, merge, offset };
        let frame = wire::call(&head, &invocation.event);
        let started = Instant::now();
        match lease.instance().begin(&self.request_id, &frame).await {
            Ok(reply) => Ok(Running(Some(Parts { call: self, lease, reply, started, ended: None }))),
            Err(error) => {
                let message = format!("exit unexpected: {error}");
                self.say(Level::Error, message.clone());
                Err((self, Ended::failed(FaultKind::Exit, message)))
            }
        }
    }

    /// Keeps the line with which the call's log begins.
    fn start(&self) {
        self.inner.logs.keep([self.platform(start_line(&self.request_id))]);
    }

    fn say(&self, level: Level, message: String) {
        self.inner.logs.push(LogRecord { level, ..self.platform(message) });
    }

    /// Returns a line of the platform about this call.
    fn platform(&self, message: String) -> LogRecord {
        let (function, request_id) = (self.function.name().to_owned(), self.request_id.clone());
        let time = self.inner.config.clock.now();
        LogRecord { time, function, request_id, level: Level::Info, message, denial: None }
    }

    /// Tells how the call ended and returns it.
    fn report(self, ended: Ended) -> Outcome {
        let Ended { result, duration, memory_bytes, said } = ended;
        let memory = self.function.registered().spec.memory;
        let end = end_lines(&self.request_id, duration, memory, memory_bytes);
        self.inner.logs.keep(end.map(|line| self.platform(line)));
        let Call { inner, function, request_id, began, cold, .. } = self;
        if let Some(advice) = advice(&function, &result, duration) {
            inner.tell(Event::Warning(advice));
        }
        let failure = result.as_ref().err().map(|fault| fault.kind.code());
        let text = result.as_ref().map_or_else(|fault| fault.message.as_str(), String::as_str);
        let text = text.get(..text.floor_char_boundary(KEPT_RESULT)).unwrap_or_default();
        inner.logs.push_invocation(InvocationRecord {
            time: began,
            function: function.name().to_owned(),
            request_id: request_id.clone(),
            failure,
            duration,
            memory,
            memory_bytes,
            result: text.to_owned(),
            said: said.clone(),
        });
        inner.tell(Event::Invoked {
            function: function.name().to_owned(),
            request_id: request_id.clone(),
            failure: failure.map(Into::into),
            time: inner.config.clock.now(),
            duration,
            cold,
            memory_bytes,
        });
        Outcome { request_id, result, duration, memory, memory_bytes, said }
    }
}

/// Says what to do when a function used up its time, or nearly.
fn advice(function: &Function, result: &Result<String, Fault>, duration: Duration) -> Option<Text> {
    let (name, limit) = (function.name(), function.registered().spec.timeout);
    if result.as_ref().is_err_and(|fault| fault.kind == FaultKind::Memory) {
        let memory = function.registered().spec.memory;
        return Some(text! {
            en: "`{name}` took more than its {memory} MB; `memory = MB` under `[functions.{name}]` in cloudkit.toml gives it more",
            zh: "`{name}` 占用内存超过上限 {memory} MB；可在 cloudkit.toml 的 `[functions.{name}]` 中设置 `memory = MB`"
        });
    }
    let (taken, allowed) = (duration.as_secs_f64(), limit.as_secs_f64());
    let out_of_time = result.as_ref().is_err_and(|fault| fault.kind == FaultKind::Timeout);
    (out_of_time || duration >= limit.mul_f64(NEARLY)).then(|| {
        text! {
            en: "`{name}` took {taken:.1} of its {allowed} s; `timeout = SECONDS` under `[functions.{name}]` in cloudkit.toml gives it more",
            zh: "`{name}` 用时 {taken:.1} 秒，上限 {allowed} 秒；可在 cloudkit.toml 的 `[functions.{name}]` 中设置 `timeout = 秒数`"
        }
    })
}

/// A call whose event has been sent. Dropped before its end, it is waited for by a task of its own.
struct Running(Option<Parts>);

struct Parts {
    call: Call,
    lease: Lease,
    reply: oneshot::Receiver<Reply>,
    started: Instant,
    ended: Option<Reply>,
}

impl Running {
    async fn wait(&mut self) {
        if let Some(parts) = &mut self.0 {
            parts.wait().await;
        }
    }

    async fn finish(mut self) -> Outcome {
        self.0.take().expect("a running call finishes once").finish().await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut parts) = self.0.take() {
            tokio::spawn(async move {
                parts.wait().await;
                parts.finish().await
            });
        }
    }
}

impl Parts {
    /// Waits for the answer, the end of the time, which a debugger lifts, or more memory than the function may have.
    async fn wait(&mut self) {
        let limit = self.call.function.registered().spec.timeout;
        loop {
            let left = limit.saturating_sub(self.started.elapsed());
            if let Ok(answered) = tokio::time::timeout(left.min(WEIGHED), &mut self.reply).await {
                self.ended = answered.ok();
                return;
            }
            if self.lease.instance().is_debugged() {
                // At a breakpoint time stands still.
                self.ended = (&mut self.reply).await.ok();
                return;
            }
            if left <= WEIGHED {
                return;
            }
            self.ended = self.outgrown();
            if self.ended.is_some() {
                return;
            }
        }
    }

    /// Ends the call when its process has more memory than it may.
    fn outgrown(&mut self) -> Option<Reply> {
        let memory = self.call.function.registered().spec.memory;
        let instance = self.lease.instance();
        let memory_bytes = instance.resident_memory().filter(|bytes| *bytes > u64::from(memory) << 20)?;
        let message = format!("{OUT_OF_MEMORY}: {} MB used, {memory} MB allowed", memory_bytes >> 20);
        instance.say(Level::Error, message);
        let said = instance.interrupt();
        let fault = Fault { kind: FaultKind::Memory, message: OUT_OF_MEMORY.into() };
        Some(Reply { result: Err(fault), memory_bytes, said, loaded: Vec::new() })
    }

    async fn finish(mut self) -> Outcome {
        let duration = self.started.elapsed();
        let Some(Reply { result, memory_bytes, said, loaded }) = self.ended.take() else {
            return self.time_out(duration);
        };
        if !loaded.is_empty() {
            self.call.function.remember_more(&loaded, self.lease.instance().started);
        }
        if result.is_ok() {
            self.call.function.succeed();
        }
        let first = !std::mem::replace(&mut self.lease.instance().warm, true);
        // One that took too much memory ends with its lease.
        let most = u64::from(self.call.function.registered().spec.memory) << 20;
        let has_too_much = |instance: &Instance| instance.resident_memory().is_some_and(|bytes| bytes > most);
        let is_debugged = self.lease.instance().is_debugged();
        let is_over = match &result {
            Err(fault) => fault.kind == FaultKind::Memory,
            Ok(_) => memory_bytes > most && !is_debugged && has_too_much(self.lease.instance()),
        };
        if !is_over {
            self.lease.give_back(duration);
        }
        if first {
            self.call.function.prepare_in_background();
        }
        self.call.report(Ended { result, duration, memory_bytes, said })
    }

    /// The time is over. The caller has its answer at once; the process is asked what it waits for, and ended.
    fn time_out(mut self, duration: Duration) -> Outcome {
        let seconds = self.call.function.registered().spec.timeout.as_secs_f64();
        let message = format!("Invoking task timed out after {seconds} seconds");
        let memory_bytes = self.lease.instance().resident_memory().unwrap_or_default();
        let said = self.lease.instance().interrupt() + &message + "\n";
        // The next process takes its port over.
        self.lease.instance().inspector = None;
        let folder = self.call.function.registered().folder.clone();
        let language = self.call.function.recipe.interpreter.language;
        let failed = Ended::failed(FaultKind::Timeout, message.clone());
        let outcome = self.call.report(Ended { duration, said, memory_bytes, ..failed });
        tokio::spawn(last_words(self.lease, language, folder, message));
        outcome
    }
}

fn idle(work: &str) -> String {
    match work {
        "" => "it was waiting for nothing that can happen".to_owned(),
        work => format!("it was waiting for {work}"),
    }
}

/// Says in the log what a process that ran out of time was at; it ends with its lease.
async fn last_words(mut lease: Lease, language: Language, folder: PathBuf, message: String) {
    let instance = lease.instance();
    let mut answered = instance.ask_what_for(language, LAST_WORDS).await;
    // Of Python nothing else can be asked.
    let patience = if language == Language::Python { PINPOINT } else { LAST_WORDS };
    let in_time = match tokio::time::timeout(patience, &mut answered).await {
        Ok(Ok(said)) => Some(said),
        Ok(Err(_)) => return,
        Err(_) => None,
    };
    let doing = match in_time {
        Some(place) if language == Language::Python => format!("it was at:\n{place}"),
        None if language == Language::Python => "it was in code that is not Python's".to_owned(),
        Some(work) => idle(&work),
        None => tokio::select! {
            // On a busy machine it may answer after all.
            Ok(work) = answered => idle(&work),
            place = instance.pinpoint(&folder, PINPOINT) => match place {
                Some(place) => format!("it was computing without a pause:\n{place}"),
                None => "it was computing without a pause".to_owned(),
            },
        },
    };
    if instance.is_alive() {
        instance.say(Level::Error, format!("{message}; {doing}"));
    }
}
