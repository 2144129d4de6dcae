//! Which functions there are: those of the project's folder and those that were deployed, brought together.

use std::collections::BTreeMap;
use std::fs::{Metadata, ReadDir};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::crew::Crew;
use super::deployed::{self, Copy, Deployed};
use super::instance::Told;
use super::pool::{Function, Recipe};
use super::ports::Ports;
use super::transpiled::Transpiled;
use super::{Inner, Origin, Registered};
use crate::emulator::config::Config;
use crate::emulator::event::Event;
use crate::error::{Error, Kind, Result};
use crate::model::clock::Millis;
use crate::model::function::{FunctionSpec, Language};
use crate::model::name::{FunctionName, did_you_mean, suggestion};
use crate::project::manifest::Manifest;
use crate::project::{Project, bundle, functions, typescript};
use crate::text;

/// What npm, pnpm and both generations of yarn write into `node_modules` at the end of an installation.
pub(super) const INSTALLED: [&str; 4] =
    [".package-lock.json", ".modules.yaml", ".yarn-integrity", ".yarn-state.yml"];

/// The functions in their present state, by name.
pub(super) struct Registry {
    functions: RwLock<BTreeMap<String, Arc<Function>>>,
    deployed: Deployed,
    /// Functions of the project that a client deleted: gone until their folder is saved again.
    deleted: Mutex<BTreeMap<String, SystemTime>>,
    /// Functions of the project that only the cloud can run, with their runtimes.
    foreigners: Mutex<BTreeMap<FunctionName, String>>,
    /// What was odd about the project when it was last looked at; the start tells what is at first.
    odd: Mutex<Vec<Error>>,
    /// What was wrong then with deployed functions.
    damaged: Mutex<Vec<Error>>,
    /// The manifest as it was last looked at.
    pub manifest: watch::Sender<Option<Manifest>>,
    ports: Ports,
    transpiled: Arc<Transpiled>,
    pub crew: Crew,
    /// Set as soon as a file of the project is saved, until the functions are looked at again.
    pub saved: Arc<AtomicBool>,
    refreshing: Mutex<()>,
    /// Functions that a look found changed which was for another purpose: whoever asked may not load them.
    found: Mutex<Vec<Weak<Function>>>,
    /// When the last look began that a call waited for.
    looked: tokio::sync::Mutex<Option<Instant>>,
}

impl Registry {
    pub fn new(config: &Config) -> Self {
        let data = std::path::absolute(&config.data).unwrap_or_else(|_| config.data.clone());
        Registry {
            functions: RwLock::default(),
            deployed: Deployed::new(data.join("functions")),
            deleted: Mutex::default(),
            foreigners: Mutex::default(),
            odd: Mutex::new(
                config.project.problems.iter().chain(&config.project.warnings).cloned().collect(),
            ),
            damaged: Mutex::default(),
            manifest: watch::Sender::new(config.project.manifest.clone()),
            ports: Ports::from(config.inspect),
            transpiled: Arc::new(Transpiled::new(&data)),
            crew: Crew::default(),
            saved: Arc::default(),
            refreshing: Mutex::default(),
            found: Mutex::default(),
            looked: tokio::sync::Mutex::default(),
        }
    }

    fn deleted(&self) -> MutexGuard<'_, BTreeMap<String, SystemTime>> {
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the runtime of a function that only the cloud can run.
    pub fn foreign(&self, name: &str) -> Option<String> {
        let foreigners = self.foreigners.lock().unwrap_or_else(PoisonError::into_inner);
        foreigners
            .iter()
            .find(|(foreigner, _)| foreigner.as_str() == name)
            .map(|(_, runtime)| runtime.clone())
    }

    pub fn all(&self) -> Vec<Arc<Function>> {
        self.functions.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub fn get(&self, name: &str) -> Option<Arc<Function>> {
        self.functions.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn found(&self) -> MutexGuard<'_, Vec<Weak<Function>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns, once, the functions that were found changed by the way, and that nobody has been told of.
    pub fn unheard_of(&self) -> Vec<Arc<Function>> {
        let found = std::mem::take(&mut *self.found());
        let found = found.iter().filter_map(Weak::upgrade);
        found.filter(|it| self.is_current(it) && it.is_unheard_of()).collect()
    }

    /// Tells whether no other state of the function is in force.
    pub fn is_current(&self, function: &Arc<Function>) -> bool {
        self.get(function.name()).is_some_and(|current| Arc::ptr_eq(&current, function))
    }

    /// Ends every process and waits until they are gone. None is started afterwards.
    pub async fn end(&self) {
        self.functions.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.crew.end().await;
    }
}

/// A function as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub registered: Registered,
    /// Variables of `.env` files, which give way to those of the settings.
    pub local_variables: BTreeMap<String, String>,
    /// Variables of the settings whose values nobody here defines.
    undefined: Vec<String>,
    /// The `node_modules` of its folder in the project: a package that was deployed comes without.
    pub modules: Option<PathBuf>,
    /// When the newest of its files was saved, or its dependencies were installed, by the machine's clock.
    saved: SystemTime,
}

impl Inner {
    /// Returns the function as its files are now, or were at a look after `asked`.
    pub(super) async fn current(self: &Arc<Self>, name: &str, asked: Instant) -> Option<Arc<Function>> {
        self.refresh_outside(asked);
        if !self.registry.saved.load(Ordering::Relaxed)
            && let Some(function) = self.registry.get(name)
            && !function.loaded.has_gone_stale(asked).await
        {
            return Some(function);
        }
        // Its folder may have come to be a moment ago, too.
        self.look(asked).await;
        self.registry.get(name)
    }

    /// Looks at the whole project, unless that was done after `asked`: one look serves all calls that wait for it. It may
    /// take a while, and nothing else waits meanwhile.
    pub(super) async fn look(self: &Arc<Self>, asked: Instant) {
        let mut looked = self.registry.looked.lock().await;
        if looked.is_some_and(|looked| looked >= asked) {
            return;
        }
        let (inner, now) = (self.clone(), Instant::now());
        // An error means that the look was broken off, and the functions are as they were.
        if let Ok(changed) = tokio::task::spawn_blocking(move || inner.refresh(&[])).await {
            *looked = Some(now);
            let mut found = self.registry.found();
            found.retain(|it| it.strong_count() > 0);
            found.extend(changed.iter().map(Arc::downgrade));
        }
    }

    /// Looks at the project and the deployed functions again. Those whose files or settings changed, and those named
    /// `changed`, get new processes. Returns those that are there still and not as they were.
    pub(super) fn refresh(self: &Arc<Self>, changed: &[&str]) -> Vec<Arc<Function>> {
        // One after the other: what was seen later must not give way.
        let _turn = self.registry.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        self.registry.saved.store(false, Ordering::Relaxed);
        match Project::load(&self.config.project.options) {
            Ok(project) => {
                let odd = project.problems.iter().chain(&project.warnings).cloned().collect();
                self.tell_news(&self.registry.odd, odd);
                self.registry.manifest.send_if_modified(|last| {
                    let is_news = *last != project.manifest;
                    if is_news {
                        last.clone_from(&project.manifest);
                    }
                    is_news
                });
                self.adopt(project, changed)
            }
            Err(error) => {
                self.tell(Event::Warning(error.sentence()));
                Vec::new()
            }
        }
    }

    /// Tells what was not odd when it was last looked at.
    fn tell_news(&self, known: &Mutex<Vec<Error>>, now: Vec<Error>) {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let news = now.iter().filter(|odd| !known.iter().any(|known| known.message() == odd.message()));
        news.for_each(|odd| self.tell(Event::Warning(odd.sentence())));
        *known = now;
    }

    /// Makes the functions those of a project that was just read, and the deployed ones.
    pub(super) fn adopt(&self, project: Project, changed: &[&str]) -> Vec<Arc<Function>> {
        let wanted = self.wanted(project);
        let mut functions = self.registry.functions.write().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *functions);
        let mut replaced = Vec::new();
        for (name, wanted) in wanted {
            let function = match before.remove(&name) {
                Some(same)
                    if !changed.contains(&name.as_str())
                        && same.wanted == wanted
                        && !same.loaded.is_stale(Instant::now()) =>
                {
                    same
                }
                Some(old) => {
                    old.break_up();
                    let function = self.function(wanted, true);
                    replaced.push(function.clone());
                    function
                }
                None => self.function(wanted, false),
            };
            functions.insert(name, function);
        }
        replaced
    }

    /// Tells that new code is in force, once; the first code of all is no news.
    pub(super) fn tell_loaded(&self, function: &Function) {
        if function.is_reloaded() {
            self.tell(Event::Reloaded { function: function.name().to_owned() });
        }
    }

    /// Returns what the project and the deployed functions add up to. A deployed copy runs until its folder in the
    /// project is saved again.
    fn wanted(&self, project: Project) -> BTreeMap<String, Wanted> {
        let foreigners = project.foreigners;
        *self.registry.foreigners.lock().unwrap_or_else(PoisonError::into_inner) = foreigners;
        let installed =
            self.surroundings.shared_modules().map(|modules| installed(&modules)).max().unwrap_or(UNIX_EPOCH);
        let mut wanted: BTreeMap<String, Wanted> = project
            .functions
            .into_iter()
            .map(|function| {
                let name = function.spec.name.to_string();
                // Half a `config.json` must not take the settings away with which the function runs.
                let before = self.registry.get(&name).filter(|_| function.lacks_config);
                let mut wanted = from_folder(function, installed);
                if let Some(before) = before {
                    wanted.registered.spec = before.registered().spec.clone();
                }
                (name, wanted)
            })
            .collect();
        let deleted = self.registry.deleted();
        wanted.retain(|name, function| deleted.get(name).is_none_or(|saved| function.saved > *saved));
        drop(deleted);
        let (copies, damaged) = self.registry.deployed.all();
        self.tell_news(&self.registry.damaged, damaged);
        for copy in copies {
            let name = copy.spec.name.to_string();
            let folder = wanted.remove(&name);
            if let Some(merged) = merge(folder, copy) {
                wanted.insert(name, merged);
            }
        }
        wanted
    }

    fn function(&self, wanted: Wanted, replaces: bool) -> Arc<Function> {
        let (config, spec) = (&self.config, &wanted.registered.spec);
        let interpreter = self.interpreters.of(&spec.runtime);
        let is_node = interpreter.language == Language::Node;
        let inspector = is_node.then(|| self.registry.ports.of(spec.name.as_str())).flatten();
        let told = Told {
            function: spec.name.to_string(),
            logs: self.logs.clone(),
            events: self.events.clone(),
            clock: config.clock.clone(),
        };
        let (crew, cold_start) = (self.registry.crew.clone(), config.cold_start);
        let is_typescript = is_node && typescript::is_written_in(&wanted.registered.folder, &spec.handler);
        let transpiled = is_typescript.then(|| self.registry.transpiled.clone());
        let surroundings = self.surroundings.clone();
        let recipe = Recipe { interpreter, surroundings, transpiled, inspector, cold_start, told, crew };
        let function = Arc::new(Function::new(wanted, recipe, replaces));
        self.registry.crew.places.share(&function);
        function
    }

    pub(super) fn deploy(self: &Arc<Self>, spec: &FunctionSpec, package: Option<&[u8]>) -> Result<()> {
        let name = spec.name.as_str();
        if package.is_none() && self.registry.get(name).is_none() {
            return Err(self.unknown(name));
        }
        self.registry.deployed.put(spec, package, self.config.clock.now())?;
        self.registry.deleted().remove(name);
        self.refresh(&[name]);
        if package.is_some() {
            self.tell(Event::Deployed { function: name.to_owned() });
        }
        Ok(())
    }

    pub(super) fn remove(self: &Arc<Self>, name: &str) -> Result<()> {
        let function = self.registry.get(name).ok_or_else(|| self.unknown(name))?;
        self.registry.deployed.remove(name).map_err(|error| {
            Error::new(
                Kind::Failed,
                text! { en: "could not remove function `{name}`", zh: "无法删除云函数 `{name}`" },
            )
            .source(&error)
        })?;
        self.registry.deleted().insert(name.to_owned(), function.wanted.saved);
        self.refresh(&[name]);
        Ok(())
    }

    pub(super) fn package(&self, name: &str) -> Result<Vec<u8>> {
        let function = self.registry.get(name).ok_or_else(|| self.unknown(name))?;
        if function.registered().origin == Origin::Deployed {
            return self.registry.deployed.package(name).map_err(|error| {
                let message = text! { en: "could not read the package of function `{name}`", zh: "无法读取云函数 `{name}` 的代码包" };
                Error::new(Kind::Failed, message).source(&error)
            });
        }
        let project = Project::load(&self.config.project.options)?;
        let function = project.function(name).ok_or_else(|| self.unknown(name))?;
        bundle::Tree::of(function, &project.root)?.pack()
    }

    fn unknown(&self, name: &str) -> Error {
        let functions = self.registry.all();
        let error = Error::new(
            Kind::NotFound,
            text! { en: "function `{name}` does not exist", zh: "云函数 `{name}` 不存在" },
        )
        .code("ResourceNotFound.Function");
        match did_you_mean(name, functions.iter().map(|function| function.name())) {
            Some(near) => error.hint(suggestion(near)),
            None => error,
        }
    }
}

/// Returns when an installation into a `node_modules` ended.
fn installed(modules: &Path) -> SystemTime {
    // Many functions have none of their own.
    if !modules.is_dir() {
        return UNIX_EPOCH;
    }
    let saved = |name: &&str| std::fs::metadata(modules.join(name)).and_then(|it| it.modified()).ok();
    INSTALLED.iter().filter_map(saved).max().unwrap_or(UNIX_EPOCH)
}

fn from_folder(function: functions::Function, shared: SystemTime) -> Wanted {
    let folder = std::path::absolute(&function.folder).unwrap_or_else(|_| function.folder.clone());
    let (code_size, saved) = measure(&folder);
    let (modified, modules) = (millis(saved), folder.join("node_modules"));
    let registered = Registered {
        spec: function.spec,
        origin: Origin::Project,
        folder,
        code_size,
        code_sha256: None,
        added: modified,
        modified,
    };
    let saved = saved.max(shared).max(installed(&modules));
    let undefined = function.undefined.into_iter().map(|(variable, _)| variable).collect();
    let local_variables = function.local_variables;
    Wanted { registered, local_variables, undefined, modules: Some(modules), saved }
}

/// Brings a deployed copy and the project's folder of the same name together: the newer one counts.
fn merge(folder: Option<Wanted>, copy: Copy) -> Option<Wanted> {
    if let Some(folder) = &folder
        && folder.registered.modified > millis(copy.written)
    {
        return Some(lend_variables(folder.clone(), &copy.spec.variables));
    }
    let Copy { spec, code, code_size, code_sha256, added, modified, written: saved } = copy;
    let (local_variables, undefined, modules, folder) = match folder {
        Some(folder) => (folder.local_variables, folder.undefined, folder.modules, Some(folder.registered)),
        None => Default::default(),
    };
    if let (Some(code), Some(modules)) = (&code, &modules) {
        deployed::lend(code, modules);
    }
    let registered = match (code, folder) {
        (Some(folder), _) => {
            Registered { spec, origin: Origin::Deployed, folder, code_size, code_sha256, added, modified }
        }
        // Settings alone were deployed, for the code of the project.
        (None, Some(folder)) => Registered { spec, modified, ..folder },
        (None, None) => return None,
    };
    Some(Wanted { registered, local_variables, undefined, modules, saved })
}

/// Gives a function the values it was deployed with for variables that nobody here defines: whoever deployed it knew them.
fn lend_variables(mut folder: Wanted, deployed: &BTreeMap<String, String>) -> Wanted {
    for name in &folder.undefined {
        if let Some(value) = deployed.get(name) {
            folder.registered.spec.variables.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    folder
}

fn millis(time: SystemTime) -> Millis {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis)
}

/// Returns the size of a function's own files, without dependencies and hidden ones, and when the newest was saved.
fn measure(folder: &Path) -> (u64, SystemTime) {
    own_files(folder).fold((0, UNIX_EPOCH), |(size, newest), (_, found)| {
        (size + found.len(), newest.max(found.modified().unwrap_or(UNIX_EPOCH)))
    })
}

/// Returns a function's own files: not those that lie behind links, nor hidden ones and dependencies.
pub(super) fn own_files(folder: &Path) -> impl Iterator<Item = (PathBuf, Metadata)> {
    let (mut folders, mut entries) = (vec![folder.to_owned()], None);
    std::iter::from_fn(move || {
        loop {
            let Some(entry) = entries.as_mut().and_then(ReadDir::next) else {
                entries = std::fs::read_dir(folders.pop()?).ok();
                continue;
            };
            let Ok(entry) = entry else { continue };
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") || name == "node_modules" || name == "__pycache__" {
                continue;
            }
            match entry.metadata() {
                Ok(found) if found.is_dir() => folders.push(entry.path()),
                Ok(found) if found.is_file() => return Some((entry.path(), found)),
                _ => {}
            }
        }
    })
}
