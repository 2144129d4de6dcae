//! The files that a function's processes were loaded from, and whether one has changed since.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::stamp::{Stamp, stamp};

/// How long dependencies that were looked at are taken to be as they were.
const SETTLED: Duration = Duration::from_millis(250);

/// Files that are looked at without making room for others meanwhile: it takes less time than to change threads.
const FEW: usize = 32;

/// The files of one function; clones share them.
#[derive(Clone, Default)]
pub(super) struct Loaded(Arc<Mutex<Known>>);

/// Dependencies are many, and are looked at less often.
#[derive(Default)]
struct Known {
    own: Files,
    dependencies: Files,
}

/// Files as they were when they were loaded.
#[derive(Clone, Default)]
struct Files {
    stamps: Arc<HashMap<PathBuf, Stamp>>,
    /// When they were last looked at and none had changed.
    looked: Option<Instant>,
}

impl Files {
    /// Tells whether one has changed, and when they were looked at.
    fn look(&self) -> (bool, Instant) {
        let now = Instant::now();
        (self.stamps.iter().any(|(file, was)| stamp(file) != *was), now)
    }
}

impl Loaded {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether no file of the function's own is known.
    pub fn is_empty(&self) -> bool {
        self.known().own.stamps.is_empty()
    }

    /// Adds files that a process loaded which started then.
    pub fn add(&self, files: &[String], started: SystemTime) {
        // What was saved since the start may have been read before.
        let read = |file: &PathBuf| stamp(file).filter(|(saved, _)| *saved < started);
        let mut known = self.known();
        for file in files.iter().map(PathBuf::from) {
            let Known { own, dependencies } = &mut *known;
            let files = if is_dependency(&file) { dependencies } else { own };
            if !files.stamps.contains_key(&file) {
                let stamp = read(&file);
                Arc::make_mut(&mut files.stamps).insert(file, stamp);
            }
        }
    }

    /// Returns the folders of the function's own files.
    pub fn folders(&self) -> Vec<PathBuf> {
        self.known().own.stamps.keys().filter_map(|file| Some(file.parent()?.to_owned())).collect()
    }

    /// Tells whether a file has changed before `asked`, or since. The watcher tells it too, a little later.
    pub fn is_stale(&self, asked: Instant) -> bool {
        self.unseen(asked).is_some_and(|(own, dependencies)| self.find_changed(own, dependencies))
    }

    /// Tells the same where a slow disk must hold up nobody else.
    pub async fn has_gone_stale(&self, asked: Instant) -> bool {
        let Some((own, dependencies)) = self.unseen(asked) else { return false };
        let count = own.stamps.len() + dependencies.as_ref().map_or(0, |it| it.stamps.len());
        if count <= FEW {
            return self.find_changed(own, dependencies);
        }
        let loaded = self.clone();
        let look = tokio::task::spawn_blocking(move || loaded.find_changed(own, dependencies));
        // An error means that the look was broken off, with the emulator.
        look.await.unwrap_or_default()
    }

    /// Returns the files to be looked at: one look serves all calls that were asked for before it, and one at dependencies
    /// serves for [`SETTLED`].
    fn unseen(&self, asked: Instant) -> Option<(Files, Option<Files>)> {
        let known = self.known();
        if known.own.looked.is_some_and(|looked| looked >= asked) {
            return None;
        }
        let settled = known.dependencies.looked.is_some_and(|looked| looked + SETTLED >= asked);
        Some((known.own.clone(), (!settled).then(|| known.dependencies.clone())))
    }

    fn find_changed(&self, own: Files, dependencies: Option<Files>) -> bool {
        let (stale, looked) = own.look();
        let (replaced, searched) = dependencies.map(|it| it.look()).unzip();
        if stale || replaced == Some(true) {
            return true;
        }
        let mut known = self.known();
        known.own.looked = known.own.looked.max(Some(looked));
        known.dependencies.looked = known.dependencies.looked.max(searched);
        false
    }
}

fn is_dependency(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "node_modules")
}
