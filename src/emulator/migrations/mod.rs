//! Jobs that bring a file of the storage into a collection, or documents of a collection into a file.

mod export;
mod import;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use export::Export;
pub use import::{Import, Mode};

use super::environment::Shared;

/// The jobs since the start, by their number.
#[derive(Debug, Default)]
pub struct Migrations {
    jobs: Mutex<BTreeMap<u64, Arc<Job>>>,
    stopping: Arc<AtomicBool>,
}

/// What a job is to do.
#[derive(Debug)]
pub enum Work {
    Import(Import),
    Export(Box<Export>),
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    #[default]
    Waiting,
    /// The file is read through and checked.
    Reading,
    /// Documents go to their place.
    Migrating,
    Success,
    Fail,
}

/// How far a job is.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    pub stage: Stage,
    pub done: u64,
    /// Documents that were refused.
    pub failed: u64,
    /// Why it failed, or why the first document was refused; empty when all is well.
    pub error: String,
    /// The key of the file that was written.
    pub file: Option<String>,
}

/// A job under way.
#[derive(Debug)]
struct Job {
    progress: Mutex<Progress>,
    stopping: Arc<AtomicBool>,
}

impl Migrations {
    /// Begins a job and returns its number.
    pub fn begin(&self, environment: &Shared, work: Work) -> u64 {
        let job = Arc::new(Job { progress: Mutex::default(), stopping: Arc::clone(&self.stopping) });
        let mut jobs = self.jobs();
        let number = jobs.len() as u64 + 1;
        jobs.insert(number, Arc::clone(&job));
        let environment = Shared::clone(environment);
        tokio::task::spawn_blocking(move || {
            let outcome = match &work {
                Work::Import(import) => import.run(&environment, &job),
                Work::Export(export) => export.run(&environment, &job),
            };
            job.end(outcome);
        });
        number
    }

    pub fn progress(&self, number: u64) -> Option<Progress> {
        Some(self.jobs().get(&number)?.progress().clone())
    }

    /// Ends every job after its present step.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on, unless the emulator ends.
    fn check(&self) -> Result<(), String> {
        match self.stopping.load(Ordering::Relaxed) {
            true => Err("the emulator was stopped".into()),
            false => Ok(()),
        }
    }

    fn enter(&self, stage: Stage) {
        self.progress().stage = stage;
    }

    fn end(&self, outcome: Result<(), String>) {
        let mut progress = self.progress();
        match outcome {
            Ok(()) => progress.stage = Stage::Success,
            Err(error) => {
                progress.stage = Stage::Fail;
                progress.error = error;
            }
        }
    }
}
