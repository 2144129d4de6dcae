//! How long an operation may go on.
//!
//! The engine is synchronous: an operation is one thread's from its beginning to its end, or that of threads which help
//! it. So its bounds belong to the thread, and need not be handed through every loop of scans, stages and expressions.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Error, Result};

/// Steps between two looks at the clock.
const STRIDE: u32 = 32;

thread_local! {
    static BOUNDS: RefCell<Option<Bounds>> = const { RefCell::new(None) };
    static STEPS: Cell<u32> = const { Cell::new(0) };
}

/// What ends an operation.
#[derive(Clone)]
pub struct Bounds {
    end: Instant,
    limit: Duration,
    asker: Asker,
}

/// Who waits for an operation's answer; clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Asker(Arc<AtomicBool>);

impl Asker {
    /// Returns what tells that nobody waits any more when it is dropped.
    pub fn presence(&self) -> Presence {
        Presence(self.clone())
    }
}

/// Kept as long as somebody waits.
#[derive(Debug)]
pub struct Presence(Asker);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Carries out an operation that ends with an error when it takes longer, or when its asker has gone.
pub fn within<T>(limit: Duration, asker: &Asker, operation: impl FnOnce() -> T) -> T {
    /// Puts the bounds of an enclosing operation back, also after a panic.
    struct Restored(Option<Bounds>);
    impl Drop for Restored {
        fn drop(&mut self) {
            BOUNDS.set(self.0.take());
        }
    }
    let bounds = Bounds { end: Instant::now() + limit, limit, asker: asker.clone() };
    let _restored = Restored(BOUNDS.replace(Some(bounds)));
    operation()
}

/// Returns the bounds of this thread's operation, for threads that help with it.
pub fn current() -> Option<Bounds> {
    BOUNDS.with_borrow(Option::clone)
}

/// Bounds this thread, which was made to help with an operation and ends with it.
pub fn adopt(bounds: Option<Bounds>) {
    BOUNDS.set(bounds);
    // However little this thread will do, it looks at the clock.
    STEPS.set(STRIDE - 1);
}

/// Takes one step of the work: a document, an element, a key.
///
/// # Errors
/// MaxTimeMSExpired (50), Interrupted (11601).
pub fn step() -> Result<()> {
    let steps = STEPS.get().wrapping_add(1);
    STEPS.set(steps);
    if !steps.is_multiple_of(STRIDE) {
        return Ok(());
    }
    BOUNDS.with_borrow(|bounds| match bounds {
        Some(it) if it.asker.0.load(Ordering::Relaxed) => {
            Err(Error::invalid(11601, "operation was interrupted: nobody waits for its answer"))
        }
        Some(it) if Instant::now() > it.end => {
            let seconds = it.limit.as_secs_f64();
            Err(Error::invalid(50, format!("operation exceeded time limit of {seconds} s")))
        }
        _ => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of_many_steps(limit: Duration, asker: &Asker) -> Option<i32> {
        let outcome = within(limit, asker, || (0..=STRIDE).try_for_each(|_| step()));
        match outcome {
            Err(Error::Invalid { code, .. }) => Some(code),
            _ => None,
        }
    }

    #[test]
    fn an_operation_ends_with_its_time_or_its_asker() {
        let (hour, asker) = (Duration::from_secs(3600), Asker::default());
        let presence = asker.presence();
        assert_eq!(code_of_many_steps(hour, &asker), None);
        assert_eq!(code_of_many_steps(Duration::ZERO, &asker), Some(50));
        drop(presence);
        assert_eq!(code_of_many_steps(hour, &asker), Some(11601));
        assert!((0..=STRIDE).try_for_each(|_| step()).is_ok(), "without bounds nothing ends");
    }
}
