//! What the pools of all functions share: room for processes, and those who own and end them.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::reaper::Reaper;
use super::places::{Counted, Places};
use super::pool::EAGER;

/// Spare processes of all functions together.
const SPARES: usize = 4;

/// What the pools of all functions share.
#[derive(Debug, Clone)]
pub(super) struct Crew {
    pub reaper: Reaper,
    pub places: Places,
    /// How many processes can be at work at the same instant.
    pub processors: usize,
    spares: Arc<AtomicUsize>,
    /// Those who own the processes.
    pub attendants: TaskTracker,
    /// Tells them to end.
    pub closing: CancellationToken,
    /// Told when a function was loaded from files that nobody may watch yet.
    pub loaded: Arc<Notify>,
}

impl Default for Crew {
    fn default() -> Self {
        Crew {
            reaper: Reaper::default(),
            places: Places::default(),
            processors: std::thread::available_parallelism().map_or(EAGER, std::num::NonZero::get),
            spares: Arc::default(),
            attendants: TaskTracker::default(),
            closing: CancellationToken::default(),
            loaded: Arc::default(),
        }
    }
}

impl Crew {
    /// Ends every process, also those in the middle of a call, and waits until they are gone.
    pub async fn end(&self) {
        self.closing.cancel();
        self.attendants.close();
        self.attendants.wait().await;
    }

    /// Returns a place for a spare process, if there is one, or it is needed.
    pub fn spare_place(&self, is_needed: bool) -> Option<Counted> {
        let (taken, place) = Counted::add(&self.spares);
        (taken < SPARES || is_needed).then_some(place)
    }
}
