//! Steps under way: a moving line on a terminal once it takes longer than a moment, one line when it is over.

use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::text::Text;

use super::ui::Ui;

/// What is faster than this never flickers on the screen.
const MOMENT: Duration = Duration::from_millis(200);

/// A step under way. Dropping it takes it off the screen; [`Step::finish`] leaves one line.
#[derive(Debug)]
pub struct Step {
    ui: Ui,
    what: Text,
    bar: ProgressBar,
    began: Instant,
    /// Dropped with the step, which ends the thread that waits to show it.
    _shown_later: Option<Sender<()>>,
}

impl Ui {
    /// Begins a step.
    pub fn step(&self, what: Text) -> Step {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(line("{spinner} {prefix} {msg}"));
        bar.set_prefix(what.in_language(self.language()).replace('`', ""));
        let shown_later = self.is_moving().then(|| show_later(self.clone(), bar.clone()));
        Step { ui: self.clone(), what, bar, began: Instant::now(), _shown_later: shown_later }
    }
}

impl Step {
    /// Says how many bytes there are to move in all.
    pub fn expect(&self, bytes: u64) {
        self.bar.set_length(bytes);
        self.bar.set_style(line("{spinner} {prefix} {bar:24} {bytes}/{total_bytes} {bytes_per_sec} {msg}"));
    }

    /// Says that so many more bytes have been moved.
    pub fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Says what the step is doing or waiting for.
    pub fn say(&self, state: &Text) {
        self.bar.set_message(state.in_language(self.ui.language()).to_owned());
    }

    /// Ends the step: what was done stays on the screen with the time it took.
    pub fn finish(self) {
        self.bar.finish_and_clear();
        let took = Text::same(duration(self.began.elapsed()));
        let Text { en, zh } = &self.what;
        self.ui.done(&Text { en: format!("{en} ({})", took.en), zh: format!("{zh}（{}）", took.zh) });
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Puts a bar on the screen after a moment, unless the step is over by then.
fn show_later(ui: Ui, bar: ProgressBar) -> Sender<()> {
    let (over, wait) = mpsc::channel();
    thread::spawn(move || {
        if wait.recv_timeout(MOMENT) == Err(mpsc::RecvTimeoutError::Timeout) && !bar.is_finished() {
            let bar = ui.bars().add(bar);
            bar.enable_steady_tick(Duration::from_millis(100));
        }
    });
    over
}

fn line(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Writes a duration as people read it: `84 ms`, `1.2 s`, `3 min 5 s`.
fn duration(took: Duration) -> String {
    match took.as_millis() {
        millis @ 0..1_000 => format!("{millis} ms"),
        millis @ 1_000..60_000 => format!("{:.1} s", millis as f64 / 1_000.0),
        millis => format!("{} min {} s", millis / 60_000, millis % 60_000 / 1_000),
    }
}
