//! A function's processes: who is free, who is to be started, who is too many.
//!
//! A pool belongs to one state of the code. When the code changes the function gets a new pool; calls in flight keep
//! the old one until they end, and its processes end with it.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

use super::Registered;
use super::call::LOAD_LIMIT;
use super::crew::Crew;
use super::instance::{Instance, Load, Told};
use super::interpreter::Interpreter;
use super::loaded::Loaded;
use super::places::Counted;
use super::process::Launch;
use super::registry::Wanted;
use super::surroundings::Surroundings;
use super::transpiled::Transpiled;
use super::web::Web;
use super::wire;
use crate::emulator::event::Event;

/// Processes of a function that are started as soon as calls overlap, and that load at the same time.
pub(super) const EAGER: usize = 4;

/// Processes of a function at most; the platform's default concurrency is larger, a laptop's memory is not.
pub(super) const CEILING: usize = 64;

/// How long no process may become free before a waiting call gets a new one. Where calls are short, those that wait
/// have their turn sooner than a process starts, and more processes would only be in each other's way.
pub(super) const PATIENCE: Duration = Duration::from_millis(20);

/// A function is quick when its calls take less. Then more processes at work than there are processors would only take
/// turns on them, at the price of a change for each call.
const QUICK: Duration = Duration::from_millis(1);

/// How long no process of a quick function may become free before it is no longer taken to be quick.
const STEADY: Duration = Duration::from_millis(4);

/// How long no process may become free before a function that calls itself is taken to wait for itself.
const STANDSTILL: Duration = Duration::from_secs(1);

/// How the processes of a function are made.
pub(super) struct Recipe {
    pub interpreter: Arc<Interpreter>,
    pub surroundings: Arc<Surroundings>,
    /// What compiles the function when it is TypeScript.
    pub transpiled: Option<Arc<Transpiled>>,
    pub inspector: Option<u16>,
    /// How much longer a new process is waited for.
    pub cold_start: Option<Duration>,
    pub told: Told,
    pub crew: Crew,
}

/// A function in one state of its code and settings.
pub(super) struct Function {
    pub wanted: Wanted,
    pub recipe: Recipe,
    /// The server of a web function, which has no processes here.
    pub web: Option<Web>,
    state: Mutex<State>,
    /// The files that its processes were loaded from.
    pub loaded: Loaded,
    /// Whether it takes the place of an older state that nobody was told of yet.
    replaces: AtomicBool,
    made: Instant,
}

#[derive(Default)]
struct State {
    idle: Vec<Instance>,
    /// Loaded and never called.
    spare: Option<Spare>,
    /// The port of the process that is inspected, which holds it while it may have calls.
    inspector: Weak<u16>,
    /// Idle and busy ones.
    live: usize,
    /// Those started for a call that may still be loading.
    loading: Vec<watch::Receiver<Load>>,
    /// Calls that wait for a process, first come first served. While one waits, none is idle, unless the function is quick
    /// and enough are at work.
    waiting: VecDeque<oneshot::Sender<Lease>>,
    /// When a process was last given back.
    returned: Option<Instant>,
    /// When a call last had a result.
    succeeded: Option<Instant>,
    /// How long calls take, the newest weighing most.
    pace: Option<Duration>,
}

impl State {
    fn wait_in_line(&mut self) -> Taken {
        let (place, turn) = oneshot::channel();
        self.waiting.push_back(place);
        Taken::Turn(turn)
    }

    /// Returns how many processes are being loaded for a call.
    fn loads(&mut self) -> usize {
        // That of one which is not needed any more ends without a word.
        self.loading.retain(|load| load.has_changed().is_ok() && *load.borrow() == Load::Loading);
        self.loading.len()
    }

    /// Returns the spare process, unless it has ended by itself.
    fn spare(&mut self) -> &mut Option<Spare> {
        drop(self.spare.take_if(|spare| !spare.instance.is_alive()));
        &mut self.spare
    }
}

/// A process that was never called.
struct Spare {
    instance: Instance,
    _place: Counted,
}

/// What a call gets that asks for a process.
enum Taken {
    Process(Lease),
    /// Where one will arrive; closed without one when there is room to start one.
    Turn(oneshot::Receiver<Lease>),
    /// The function has none, and other functions have all there may be.
    Full,
}

impl Function {
    pub fn new(wanted: Wanted, recipe: Recipe, replaces: bool) -> Self {
        let web = wanted.registered.is_web().then(Web::default);
        let (state, loaded, replaces) = (Mutex::default(), Loaded::default(), AtomicBool::new(replaces));
        Function { wanted, recipe, web, state, loaded, replaces, made: Instant::now() }
    }

    /// Tells whether it took the place of an older state, and nobody was told of it, nor is about to be.
    pub fn is_unheard_of(&self) -> bool {
        self.replaces.load(Ordering::Relaxed) && self.state().live == 0
    }

    /// Tells, once, whether it took the place of an older state.
    pub fn is_reloaded(&self) -> bool {
        self.replaces.swap(false, Ordering::Relaxed)
    }

    pub fn registered(&self) -> &Registered {
        &self.wanted.registered
    }

    pub fn name(&self) -> &str {
        self.registered().spec.name.as_str()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether a call would have to wait in line.
    pub fn is_busy(&self) -> bool {
        let state = self.state();
        self.is_crowded(&state) || !self.has_room(&state)
    }

    /// Tells whether a process is idle, or may be started at once.
    fn has_room(&self, state: &State) -> bool {
        !state.idle.is_empty() || (state.live < EAGER && !self.recipe.crew.places.is_full())
    }

    /// Tells whether one more process at work would only be in the way of the others.
    fn is_crowded(&self, state: &State) -> bool {
        state.live - state.idle.len() >= self.recipe.crew.processors
            && state.pace.is_some_and(|pace| pace < QUICK)
            && state.returned.is_some_and(|returned| returned.elapsed() < STEADY)
    }

    /// Returns a process for one call: a free one, the spare one, a new one, or one that becomes free. Nothing when the
    /// line was broken up: there is room for a new process, or another state of the function is in force. A call at the end
    /// of `depth` functions is refused (`QuotaExceeded`) when all processes stand still: they may be waiting for this one.
    /// So is one that all processes are taken for though more functions called one another than it can have processes: some
    /// of them have given up, and it would take the place of one that has, without end. They may give up so fast that there
    /// are always free processes: then no call has had a result for long.
    pub async fn acquire(self: &Arc<Self>, depth: usize) -> io::Result<Option<Lease>> {
        let (asked, is_nested) = (Instant::now(), depth > 0);
        if depth >= CEILING && self.is_fruitless() {
            return Err(self.called_too_deep(depth));
        }
        let places = &self.recipe.crew.places;
        let (mut limit, mut place) = (EAGER, None);
        loop {
            let mut turn = match self.take(limit, place.take())? {
                Taken::Process(lease) => return Ok(Some(lease)),
                Taken::Turn(turn) => turn,
                Taken::Full
                    if is_nested && asked.elapsed() > STANDSTILL && places.stand_still(STANDSTILL) =>
                {
                    return Err(io::Error::new(
                        io::ErrorKind::QuotaExceeded,
                        format!("all {} processes of all functions wait for one another", places.most()),
                    ));
                }
                Taken::Full => {
                    place = tokio::time::timeout(PATIENCE, places.wait()).await.ok().flatten();
                    continue;
                }
            };
            limit = loop {
                if depth >= CEILING && self.is_full() {
                    return Err(self.called_too_deep(depth));
                }
                match tokio::time::timeout(self.patience(), &mut turn).await {
                    Ok(turn) => return Ok(turn.ok()),
                    // If it was this program that stood still, there are answers to be heard first.
                    Err(_) => tokio::task::yield_now().await,
                }
                if self.is_stuck() {
                    break CEILING;
                }
                if self.is_misjudged() {
                    break EAGER;
                }
                if is_nested && asked.elapsed() > STANDSTILL && self.stands_still() {
                    return Err(io::Error::new(
                        io::ErrorKind::QuotaExceeded,
                        format!("all {CEILING} processes of `{}` wait for one another", self.name()),
                    ));
                }
            };
            turn.close();
            if let Ok(lease) = turn.try_recv() {
                return Ok(Some(lease));
            }
        }
    }

    fn called_too_deep(&self, depth: usize) -> io::Error {
        let message = format!("`{}` is called by {depth} functions that wait for one another", self.name());
        io::Error::new(io::ErrorKind::QuotaExceeded, message)
    }

    /// Returns how many calls wait in line.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    #[cfg(test)]
    pub fn is_at_work(&self) -> bool {
        let state = self.state();
        state.live > state.idle.len() || !state.waiting.is_empty()
    }

    /// Returns how long a call waits before it looks around.
    fn patience(&self) -> Duration {
        if self.has_room(&self.state()) { STEADY } else { PATIENCE }
    }

    /// Tells whether a call waited for nothing: the function is not as quick as it seemed.
    fn is_misjudged(&self) -> bool {
        let mut state = self.state();
        let misjudged = self.has_room(&state);
        if misjudged {
            state.pace = Some(PATIENCE);
        }
        misjudged
    }

    /// Tells whether waiting calls need one more process: none becomes free, and few are on their way.
    fn is_stuck(&self) -> bool {
        let is_wanted = {
            let mut state = self.state();
            let moving = state.returned.is_some_and(|returned| returned.elapsed() < PATIENCE);
            !moving && state.live < CEILING && state.loads() < EAGER
        };
        is_wanted && self.recipe.crew.places.is_free()
    }

    /// Tells whether all processes there can be are at work.
    fn is_full(&self) -> bool {
        let state = self.state();
        state.idle.is_empty() && (state.live >= CEILING || self.recipe.crew.places.is_full())
    }

    /// Tells whether no call has had a result for longer than two of them may take, one after the other.
    fn is_fruitless(&self) -> bool {
        let since = self.state().succeeded.unwrap_or(self.made);
        since.elapsed() > self.registered().spec.timeout * 2
    }

    /// Notes that a call has had a result.
    pub fn succeed(&self) {
        self.state().succeeded = Some(Instant::now());
    }

    /// Tells whether there can be no more processes, all are loaded, and none has become free for long.
    fn stands_still(&self) -> bool {
        let mut state = self.state();
        let is_full = state.live >= CEILING || self.recipe.crew.places.stand_still(STANDSTILL);
        is_full && state.loads() == 0 && state.returned.is_none_or(|returned| returned.elapsed() > STANDSTILL)
    }

    /// Takes a process if one is free, or starts one if there are fewer than `limit` and there is room, or waits in line.
    fn take(self: &Arc<Self>, limit: usize, place: Option<OwnedSemaphorePermit>) -> io::Result<Taken> {
        let (place, inspector) = {
            let mut state = self.state();
            if limit < CEILING && self.is_crowded(&state) {
                return Ok(state.wait_in_line());
            }
            while let Some(instance) = state.idle.pop() {
                if instance.is_alive() && !self.lacks_inspector(&state) {
                    return Ok(Taken::Process(self.lease(instance)));
                }
                state.live -= 1;
            }
            if state.live < limit
                && let Some(spare) = state.spare().take()
            {
                state.live += 1;
                return Ok(Taken::Process(self.lease(spare.instance)));
            }
            let free = || place.or_else(|| self.recipe.crew.places.take());
            let Some(place) = (state.live < limit).then(free).flatten() else {
                if state.live == 0 {
                    return Ok(Taken::Full);
                }
                return Ok(state.wait_in_line());
            };
            state.live += 1;
            (place, self.inspector(&mut state))
        };
        match self.start(place, inspector) {
            Ok(instance) => {
                self.state().loading.push(instance.load());
                Ok(Taken::Process(self.lease(instance)))
            }
            Err(error) => {
                self.state().live -= 1;
                Err(error)
            }
        }
    }

    fn lease(self: &Arc<Self>, instance: Instance) -> Lease {
        Lease { function: self.clone(), instance: Some(instance) }
    }

    /// Tells whether the next call shall go to that process rather than to another: the warm one, or the inspected one.
    fn prefers(&self, instance: &Instance) -> bool {
        self.recipe.inspector.is_none() || instance.inspector.is_some()
    }

    /// Tells whether the function is inspected and no process is: the one that was has ended, or is about to.
    fn lacks_inspector(&self, state: &State) -> bool {
        self.recipe.inspector.is_some() && state.inspector.strong_count() == 0
    }

    /// Returns the port for the inspector of a new process. A debugger follows one process, which has the calls that do not
    /// overlap.
    fn inspector(&self, state: &mut State) -> Option<Arc<u16>> {
        let port = self.recipe.inspector.filter(|_| self.lacks_inspector(state)).map(Arc::new)?;
        state.inspector = Arc::downgrade(&port);
        Some(port)
    }

    fn start(&self, place: OwnedSemaphorePermit, inspector: Option<Arc<u16>>) -> io::Result<Instance> {
        let Recipe { interpreter, surroundings, transpiled, told, crew, .. } = &self.recipe;
        if let Some(difference) = interpreter.take_difference() {
            // An error means that nobody listens.
            let _ = told.events.send(Event::Warning(difference));
        }
        let mut first = Vec::new();
        if let Some(transpiled) = transpiled {
            let table = transpiled.table(&self.registered().folder)?;
            first = wire::typescript(&table.to_string_lossy());
        }
        first.extend(surroundings.settings(&self.wanted));
        Instance::start(&self.launch(), &first, inspector, crew, place, told.clone())
    }

    /// Returns how a process is started.
    pub fn launch(&self) -> Launch {
        let Recipe { interpreter, surroundings, inspector, .. } = &self.recipe;
        let Wanted { registered, .. } = &self.wanted;
        // A debugger lifts the limit of memory, and Node's own cannot be lifted later.
        let memory = inspector.is_none().then_some(registered.spec.memory);
        Launch {
            interpreter: interpreter.clone(),
            arguments: surroundings.arguments(interpreter.language, memory),
            environment: surroundings.environment(&self.wanted),
            folder: registered.folder.clone(),
        }
    }

    /// Starts a spare process if there is none and there is room for one. Returns how its loading ended, unless it had to give
    /// way before.
    ///
    /// A function that is inspected has one before its first call, where a debugger can attach, and none later.
    pub async fn prepare(self: &Arc<Self>) -> Option<Load> {
        let is_inspected = self.recipe.inspector.is_some();
        let (load, started) = {
            let is_called = { self.state().live > 0 };
            // A spare process would hide a cold start.
            let is_alone = self.web.is_some() || (is_inspected && is_called);
            if is_alone || self.recipe.cold_start.is_some() || self.state().spare().is_some() {
                return None;
            }
            let spare_place = self.recipe.crew.spare_place(is_inspected)?;
            let place = self.recipe.crew.places.take()?;
            let inspector = self.inspector(&mut self.state());
            let instance = self.start(place, inspector).ok()?;
            let found = (instance.load(), instance.started);
            self.state().spare = Some(Spare { instance, _place: spare_place });
            found
        };
        let mut load = load;
        let Ok(ended) = tokio::time::timeout(LOAD_LIMIT, load.wait_for(|load| *load != Load::Loading)).await
        else {
            // Dropping it ends it; the call that needs the function says what is wrong.
            self.state().spare = None;
            return None;
        };
        let ended = ended.ok()?.clone();
        match &ended {
            Load::Broken(_) => self.state().spare = None,
            Load::Ready(files) => self.remember(files, started),
            Load::Loading => {}
        }
        Some(ended)
    }

    /// Starts a spare process while others go on.
    pub fn prepare_in_background(self: &Arc<Self>) {
        let function = self.clone();
        tokio::spawn(async move { function.prepare().await });
    }

    /// Remembers the files a process was loaded from that started then.
    pub fn remember(&self, files: &[String], started: SystemTime) {
        if !self.loaded.is_empty() {
            return;
        }
        let folder = &self.registered().folder;
        let settings = ["config.json", "package.json"].map(|name| folder.join(name).display().to_string());
        self.remember_more(&[files, &settings].concat(), started);
    }

    /// Remembers files that were loaded when they were needed.
    pub fn remember_more(&self, files: &[String], started: SystemTime) {
        self.loaded.add(files, started);
        self.recipe.crew.loaded.notify_one();
    }

    /// Sends those who wait in line away, and ends the spare process: another state of the function is in force.
    pub fn break_up(&self) {
        let mut state = self.state();
        state.waiting.clear();
        state.spare = None;
    }

    /// Returns since when a process has had nothing to do: the spare one always.
    pub fn idle_since(&self) -> Option<Option<Instant>> {
        let mut state = self.state();
        match state.spare() {
            Some(_) => Some(None),
            None => state.idle.first().map(|instance| Some(instance.idle_since)),
        }
    }

    /// Ends a process that has nothing to do.
    pub fn give_way(&self) {
        let mut state = self.state();
        if state.spare().take().is_none() && !state.idle.is_empty() {
            state.idle.remove(0);
            state.live -= 1;
        }
    }

    /// Ends processes that had nothing to do for a while, but for one.
    pub fn shrink(&self, unused: Duration) {
        let mut state = self.state();
        let before = state.idle.len();
        let mut kept = 0;
        // The most recently used are at the end.
        for instance in std::mem::take(&mut state.idle).into_iter().rev() {
            if instance.is_alive() && (kept == 0 || instance.idle_since.elapsed() < unused) {
                kept += 1;
                state.idle.insert(0, instance);
            }
        }
        state.live -= before - kept;
    }
}

/// A process that runs one call. Dropping it ends the process.
pub(super) struct Lease {
    function: Arc<Function>,
    instance: Option<Instance>,
}

impl Lease {
    pub fn instance(&mut self) -> &mut Instance {
        self.instance.as_mut().expect("the instance is there until the lease is given up")
    }

    /// Gives the process to the call that waits longest, or keeps it for the next; one that has ended is dropped.
    /// The call took so long.
    pub fn give_back(mut self, taken: Duration) {
        if !self.instance().is_alive() {
            return;
        }
        let now = Instant::now();
        self.instance().idle_since = now;
        let (function, mut lease) = (self.function.clone(), self);
        let is_wanted = function.recipe.crew.places.returned(now);
        loop {
            let next = {
                let mut state = function.state();
                state.returned = Some(now);
                state.pace = Some(state.pace.map_or(taken, |pace| (pace * 7 + taken) / 8));
                if is_wanted && state.live > 1 {
                    // A function that has none gets its place; those in line here have the others.
                    state.live -= 1;
                    return drop(lease.instance.take());
                }
                match state.waiting.pop_front() {
                    Some(next) => next,
                    None => {
                        let Some(instance) = lease.instance.take() else { return };
                        // The next call takes the last one.
                        let at = if function.prefers(&instance) { state.idle.len() } else { 0 };
                        return state.idle.insert(at, instance);
                    }
                }
            };
            match next.send(lease) {
                Ok(()) => return,
                // Who waited has gone.
                Err(returned) => lease = returned,
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.instance.take().is_some() {
            let mut state = self.function.state();
            state.live -= 1;
            // There is room for a new process: whoever waits longest may start it.
            while state.waiting.pop_front().is_some_and(|next| next.is_closed()) {}
        }
    }
}
