//! Notices that files of the project were saved, and has the new code loaded before it is called.
//!
//! A call looks at the files its function was loaded from by itself, so a late notice is never a wrong answer. What lies in
//! `node_modules` is not watched, only whether an installation ended.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};

use super::instance::Load;
use super::pool::Function;
use super::registry::INSTALLED;
use super::{Inner, Origin};
use crate::emulator::event::Event;
use crate::text;

/// How long files must be quiet: an editor saves in several steps.
const QUIET: Duration = Duration::from_millis(30);

/// How long files may go on to change before they are looked at all the same: something may write without a pause.
const RESTLESS: Duration = Duration::from_secs(1);

/// How often processes that nobody needs are looked for, and how long they may be idle.
const TIDY: Duration = Duration::from_secs(20);

/// Keeps the functions in step with the files. Ends when dropped.
pub(super) struct Reload(JoinHandle<Option<()>>);

impl Drop for Reload {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Reload {
    pub fn start(inner: &Arc<Inner>) -> Self {
        Reload(tokio::spawn(keep(Arc::downgrade(inner))))
    }
}

/// Returns when the functions are gone.
async fn keep(inner: Weak<Inner>) -> Option<()> {
    let (send, mut changed) = unbounded_channel();
    let (saved, loaded) = {
        let registry = &inner.upgrade()?.registry;
        (registry.saved.clone(), registry.crew.loaded.clone())
    };
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if !event.kind.is_access() && event.paths.iter().any(|path| matters(path)) {
            // The next call need not wait until the files are quiet.
            saved.store(true, Ordering::Relaxed);
            // An error means that the emulator is about to end.
            let _ = send.send(gone(event));
        }
    });
    let mut watched = Watched { watcher: watcher.ok(), folders: HashSet::new() };
    // Apart: what loads without end holds up no word of others.
    let mut loads = JoinSet::new();
    loop {
        let functions;
        (functions, watched) = look(inner.upgrade()?, watched).await?;
        for function in functions {
            loads.spawn(load(inner.upgrade()?, function));
        }
        while loads.try_join_next().is_some() {}
        loop {
            tokio::select! {
                gone = next_change(&mut changed) => break watched.forget(&gone),
                () = loaded.notified() => if watched.follow(inner.upgrade()?.as_ref()) {
                    // They may have been saved since they were loaded.
                    break;
                },
                () = tokio::time::sleep(TIDY) => {
                    inner.upgrade()?.registry.all().iter().for_each(|function| function.shrink(TIDY));
                }
            }
        }
        let restless = async {
            while let Ok(gone) = tokio::time::timeout(QUIET, next_change(&mut changed)).await {
                watched.forget(&gone);
            }
        };
        let _ = tokio::time::timeout(RESTLESS, restless).await;
    }
}

/// Waits for a change and returns what is gone with it; without a watcher there is none.
async fn next_change(changed: &mut UnboundedReceiver<Vec<PathBuf>>) -> Vec<PathBuf> {
    match changed.recv().await {
        Some(gone) => gone,
        None => std::future::pending().await,
    }
}

/// Returns what has been removed or renamed.
fn gone(event: notify::Event) -> Vec<PathBuf> {
    match event.kind {
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => event.paths,
        _ => Vec::new(),
    }
}

/// Tells whether a saved file can change what a function does: not what editors leave for a moment, nor dependencies
/// while they are being installed.
fn matters(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let hidden = name.starts_with('.') && name != ".env" && !INSTALLED.contains(&name);
    !hidden && !name.ends_with('~') && name != "__pycache__"
}

/// The folders that are watched, each for itself: a whole tree would take in `node_modules`.
struct Watched {
    watcher: Option<RecommendedWatcher>,
    folders: HashSet<PathBuf>,
}

impl Watched {
    /// A folder that is gone has to be watched anew when it comes back.
    fn forget(&mut self, gone: &[PathBuf]) {
        self.folders.retain(|folder| !gone.iter().any(|gone| folder.starts_with(gone)));
    }

    /// Watches the folders there are now. Tells whether one is new.
    fn follow(&mut self, inner: &Inner) -> bool {
        let Some(watcher) = &mut self.watcher else { return false };
        let (wanted, mut is_more) = (folders(inner), false);
        self.folders.retain(|folder| wanted.contains(folder));
        for folder in wanted {
            if !self.folders.insert(folder.clone()) {
                continue;
            }
            let watched = watcher.watch(&folder, RecursiveMode::NonRecursive);
            is_more |= watched.is_ok();
            if let Err(error) = watched {
                if !folder.exists() {
                    self.folders.remove(&folder);
                    continue;
                }
                let shown = folder.display();
                inner.tell(Event::Warning(text! {
                    en: "cannot watch `{shown}` for changes: {error}",
                    zh: "无法监视 `{shown}` 的变化：{error}"
                }));
                self.watcher = None;
                return false;
            }
        }
        is_more
    }
}

/// Returns the project's root, the functions' root and everything below it that is not a dependency.
fn folders(inner: &Inner) -> HashSet<PathBuf> {
    let project = &inner.config.project;
    let functions = inner.registry.all();
    let own = functions.iter().map(|function| function.registered());
    let own = own.filter(|it| it.origin == Origin::Project).map(|it| it.folder.clone());
    // Shared code lies anywhere, and its folder may be gone for a moment.
    let loaded = functions.iter().flat_map(|function| function.loaded.folders());
    let elsewhere = loaded.chain(inner.surroundings.shared_modules()).filter(|folder| folder.is_dir());
    let mut found = HashSet::new();
    for root in project.functions_root.iter().cloned().chain(own) {
        // The folder of most functions is one of the functions' root.
        if found.contains(&root) {
            continue;
        }
        let below = ignore::WalkBuilder::new(&root)
            .standard_filters(false)
            .hidden(true)
            .filter_entry(|entry| {
                entry.file_name() != "__pycache__"
                    && entry.path().parent().and_then(Path::file_name) != Some(OsStr::new("node_modules"))
            })
            .build();
        let folders = below.flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_dir()));
        found.extend(folders.map(ignore::DirEntry::into_path));
    }
    found.extend(elsewhere.chain([project.root.clone()]));
    found.extend(inner.outside.folders());
    found
}

/// Brings the functions up to date. Returns those that changed.
async fn look(inner: Arc<Inner>, mut watched: Watched) -> Option<(Vec<Arc<Function>>, Watched)> {
    // Many functions take a while to look at, and calls go on meanwhile.
    let looked = tokio::task::spawn_blocking(move || {
        // First watched, then looked at: what is saved in between is not missed.
        watched.follow(&inner);
        inner.refresh_outside(Instant::now());
        let mut changed = inner.refresh(&[]);
        changed.extend(inner.registry.unheard_of());
        (changed, watched)
    });
    looked.await.ok()
}

/// Loads a function that changed, so that a mistake is told when it is saved.
async fn load(inner: Arc<Inner>, function: Arc<Function>) {
    let loaded = function.prepare().await;
    if !inner.registry.is_current(&function) {
        return;
    }
    match loaded {
        Some(Load::Ready(_)) => inner.tell_loaded(&function),
        Some(Load::Broken(message)) => {
            inner.tell(Event::Broken { function: function.name().to_owned(), message });
        }
        // Where there is no room for a process, the file of its handler is read at least.
        Some(Load::Loading) | None => inner.tell_mistake(&function),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_editors_and_installations_leave_for_a_moment_does_not_matter() {
        for path in
            ["f/index.js", "f/data.json", ".env", "f/node_modules/.package-lock.json", "cloudkit.toml"]
        {
            assert!(matters(Path::new(path)), "{path}");
        }
        for path in ["f/.index.js.swp", "f/index.js~", ".git"] {
            assert!(!matters(Path::new(path)), "{path}");
        }
    }
}
