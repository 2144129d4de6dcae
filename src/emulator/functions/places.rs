//! Room for processes, which all functions share: how many there may be, and who gives way when there are so many.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::pool::{Function, PATIENCE};

/// Processes of all functions together at most: some gigabytes.
const MOST: usize = 96;

/// The places of processes. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// Whether a function without any process waits for one, and none is idle.
    wanted: Arc<AtomicBool>,
    /// How many processes are being loaded for a call. While there is one, nothing stands still.
    loading: Arc<AtomicUsize>,
    state: Arc<Mutex<State>>,
}

/// One of those that are counted, until it is dropped.
pub(super) struct Counted(Arc<AtomicUsize>);

impl Counted {
    /// Counts one more; returns how many there were.
    pub fn add(count: &Arc<AtomicUsize>) -> (usize, Self) {
        (count.fetch_add(1, Ordering::Relaxed), Counted(count.clone()))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct State {
    /// Whose processes these are.
    functions: Vec<Weak<Function>>,
    /// When somebody last had to give way.
    made_room: Option<Instant>,
    /// When a process was last given back while all places were taken.
    returned: Option<Instant>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

impl Default for Places {
    fn default() -> Self {
        let free = Arc::new(Semaphore::new(MOST));
        Places { free, wanted: Arc::default(), loading: Arc::default(), state: Arc::default() }
    }
}

impl Places {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn most(&self) -> usize {
        MOST
    }

    /// Has a function's processes give way when it is another's turn.
    pub fn share(&self, function: &Arc<Function>) {
        let mut state = self.state();
        state.functions.retain(|it| it.strong_count() > 0);
        state.functions.push(Arc::downgrade(function));
    }

    /// Takes a free place; it is given back when the process has ended.
    pub fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.free.clone().try_acquire_owned().ok()
    }

    /// Waits for a place, which an idle process leaves, or the next that is given back.
    pub async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        if !self.make_room() {
            self.wanted.store(true, Ordering::Relaxed);
        }
        self.free.clone().acquire_owned().await.ok()
    }

    /// Tells whether all places are taken.
    pub fn is_full(&self) -> bool {
        self.free.available_permits() == 0
    }

    /// Tells whether there is room for one more process. Where there is none, an idle one makes room for later.
    pub fn is_free(&self) -> bool {
        let is_free = !self.is_full();
        if !is_free {
            self.make_room();
        }
        is_free
    }

    /// Records that a process was given back. Tells whether it shall leave its place to another function.
    pub fn returned(&self, now: Instant) -> bool {
        if !self.is_full() {
            return false;
        }
        self.state().returned = Some(now);
        self.wanted.swap(false, Ordering::Relaxed)
    }

    /// Records that a process is being loaded, until this is dropped.
    pub fn load(&self) -> Counted {
        Counted::add(&self.loading).1
    }

    /// Tells whether all places are taken, all processes loaded, and none was given back for so long.
    pub fn stand_still(&self, time: Duration) -> bool {
        let is_full = self.is_full() && self.loading.load(Ordering::Relaxed) == 0;
        is_full && self.state().returned.is_none_or(|it| it.elapsed() > time)
    }

    /// Ends the process that has been idle longest. Tells whether one leaves, or has left a moment ago.
    fn make_room(&self) -> bool {
        let functions: Vec<Arc<Function>> = {
            let mut state = self.state();
            if state.made_room.is_some_and(|it| it.elapsed() < PATIENCE) {
                return true;
            }
            state.made_room = Some(Instant::now());
            state.functions.iter().filter_map(Weak::upgrade).collect()
        };
        let idle = functions.iter().filter_map(|function| Some((function.idle_since()?, function)));
        match idle.min_by_key(|(since, _)| *since) {
            Some((_, function)) => function.give_way(),
            None => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stands_still_while_a_process_is_loaded() {
        let places = Places::default();
        assert!(!places.stand_still(Duration::ZERO), "there is room");
        let taken: Vec<_> = std::iter::from_fn(|| places.take()).collect();
        assert_eq!((taken.len(), places.stand_still(Duration::ZERO)), (MOST, true));
        let loading = [places.load(), places.load()];
        assert!(!places.stand_still(Duration::ZERO));
        drop(loading);
        assert!(places.stand_still(Duration::ZERO));
    }
}
