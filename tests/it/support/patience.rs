//! How long a test waits for what should come at once: without end it would hold up everybody, and say nothing.

use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use cloudkit::emulator::event::Event;
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::broadcast::Receiver;

/// A machine with much else to do is given time.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// How long a program may run that does much.
const RUN: Duration = Duration::from_secs(600);

/// Waits for something, or says what it was that did not come.
pub async fn within<T>(what: &str, wait: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Waits for the event that `wanted` picks.
pub async fn told<T>(events: &mut Receiver<Event>, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    loop {
        let event = within("an event", events.recv()).await.expect("the emulator is there");
        if let Some(found) = wanted(event) {
            return found;
        }
    }
}

/// Runs a program to its end.
pub fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program runs");
    let _limit = Limit::of(&child);
    child.wait_with_output().expect("it ends")
}

/// Ends a process that runs for too long: whoever waits for it, or for what it says, goes on.
pub struct Limit(#[expect(dead_code, reason = "its end is what counts")] Sender<()>);

impl Limit {
    pub fn of(child: &Child) -> Self {
        let (ended, waits) = channel();
        let process = Pid::from_raw(child.id().cast_signed()).expect("a process");
        std::thread::spawn(move || {
            if waits.recv_timeout(RUN) == Err(RecvTimeoutError::Timeout) {
                // It may have ended by itself at the last moment.
                let _ = kill_process(process, Signal::KILL);
            }
        });
        Limit(ended)
    }
}
