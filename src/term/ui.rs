//! Both streams and everything that decides how they look.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;

use crate::error::{Error, Kind, Result};
use crate::model::text::{Language, Text};
use crate::text;

use super::page::{Page, Show};
use super::style::{ColorChoice, Paint, Style};

/// How to speak, resolved once from flags and environment.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub json: bool,
    pub quiet: bool,
    pub verbose: bool,
    pub language: Language,
    pub color: ColorChoice,
    /// `NO_COLOR` is set.
    pub no_color: bool,
    /// The terminal cannot move its cursor (`TERM=dumb`).
    pub dumb: bool,
    /// `CLICOLOR_FORCE` is set.
    pub force_color: bool,
}

/// Speaks to the person, or to the program that reads our output. Clones share the streams.
#[derive(Debug, Clone)]
pub struct Ui(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    out: Paint,
    err: Paint,
    /// The width of the terminal on standard output, if it is one.
    width: Option<u16>,
    /// Standard input and standard error are a person.
    interactive: bool,
    /// Standard input is a terminal.
    keyboard: bool,
    moving: bool,
    bars: OnceLock<MultiProgress>,
    /// The first failure to write to standard output; nothing is written after it.
    failure: Mutex<Option<io::Error>>,
    /// Standard output is a stream: a document is a line.
    streaming: AtomicBool,
}

impl Ui {
    pub fn new(settings: Settings) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let keyboard = io::stdin().is_terminal();
        let paint = |terminal: bool| Paint {
            on: match settings.color {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => {
                    !settings.no_color && (settings.force_color || (terminal && !settings.dumb))
                }
            },
        };
        // `Paint` decides for each stream; the crate's own guess, made for both at once, must not.
        colored::control::set_override(true);
        Ui(Arc::new(Inner {
            out: paint(out),
            err: paint(err),
            width: out.then(|| dialoguer::console::Term::stdout().size().1).filter(|width| *width >= 20),
            interactive: err && keyboard,
            keyboard,
            moving: err && !settings.quiet && !settings.dumb,
            bars: OnceLock::new(),
            failure: Mutex::default(),
            streaming: AtomicBool::new(false),
            settings,
        }))
    }

    pub fn language(&self) -> Language {
        self.0.settings.language
    }
    pub fn is_json(&self) -> bool {
        self.0.settings.json
    }
    pub fn is_quiet(&self) -> bool {
        self.0.settings.quiet
    }
    pub fn is_verbose(&self) -> bool {
        self.0.settings.verbose
    }
    /// Returns whether a question would reach a person.
    pub fn can_ask(&self) -> bool {
        self.0.interactive
    }
    /// Returns whether standard input is a terminal.
    pub fn has_keyboard(&self) -> bool {
        self.0.keyboard
    }
    /// Returns whether lines that change in place may be drawn.
    pub(super) fn is_moving(&self) -> bool {
        self.0.moving
    }

    /// Shows a result: one JSON document, or lines for people.
    pub fn show(&self, value: &impl Show) {
        match self.is_json() {
            true => self.json(value, true),
            false => self.print(&self.draw(value)),
        }
    }

    /// Shows one of many: a line of JSON, or lines for people, at once.
    pub fn event(&self, value: &impl Show) {
        self.0.streaming.store(true, Ordering::Relaxed);
        match self.is_json() {
            true => self.json(value, false),
            false => self.print(&self.draw(value)),
        }
    }

    /// Writes data as it is, without a line end.
    pub fn data(&self, bytes: &[u8]) {
        let mut failure = self.0.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.is_none() {
            let mut out = io::stdout().lock();
            *failure = out.write_all(bytes).and_then(|()| out.flush()).err();
        }
    }

    /// Says something on standard error.
    pub fn say(&self, sentence: &Text) {
        if !self.0.settings.quiet {
            self.talk(&self.0.err.sentence(sentence.in_language(self.language())));
        }
    }

    /// Says something only those who asked for `--verbose` want to hear.
    pub fn detail(&self, sentence: &Text) {
        if self.is_verbose() {
            let words = self.0.err.sentence(sentence.in_language(self.language()));
            self.talk(&self.0.err.apply(Style::Faint, &words));
        }
    }

    /// Says that something was done.
    pub fn done(&self, sentence: &Text) {
        if !self.0.settings.quiet {
            let words = self.0.err.sentence(sentence.in_language(self.language()));
            self.talk(&format!("{} {words}", self.0.err.apply(Style::Good, "✔")));
        }
    }

    /// Says that something is odd, and that the work goes on.
    pub fn warn(&self, sentence: &Text) {
        self.labelled(Style::Warning, &text! { en: "warning", zh: "警告" }, sentence);
    }

    /// Tells what is wrong, where and why, when the work goes on without it.
    pub fn warn_of(&self, error: &Error) {
        self.talk(&super::report::warning(error, self.language(), self.0.err));
    }

    /// Says what to do next.
    pub fn hint(&self, sentence: &Text) {
        if !self.0.settings.quiet {
            self.labelled(Style::Literal, &text! { en: "hint", zh: "提示" }, sentence);
        }
    }

    /// Draws lines for people on standard error: what accompanies a result and is no part of it.
    pub fn aside(&self, value: &impl Show) {
        if !self.0.settings.quiet {
            let mut page = Page::new(self.0.err, self.language(), self.0.width);
            value.show(&mut page);
            self.talk(page.into_text().trim_end_matches('\n'));
        }
    }

    /// Tells what failed: a document on standard output with `--json`, else a report on standard error.
    pub fn report(&self, error: &Error) {
        match self.is_json() {
            true => {
                let pretty = !self.0.streaming.load(Ordering::Relaxed);
                self.json(&super::report::document(error, self.language()), pretty);
            }
            false => self.talk(&super::report::report(error, self.language(), self.0.err)),
        }
    }

    /// Returns whether nobody reads standard output any more: a stream may stop.
    pub fn is_closed(&self) -> bool {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some() || reader_is_gone()
    }

    /// Ends the output.
    ///
    /// # Errors
    /// Something could not be written. A reader that went away (a broken pipe) is no error.
    pub fn finish(&self) -> Result<()> {
        match self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::new(
                Kind::Failed,
                text! { en: "could not write to standard output", zh: "无法写入标准输出" },
            )
            .source(&error)),
            _ => Ok(()),
        }
    }

    fn draw(&self, value: &impl Show) -> String {
        let mut page = Page::new(self.0.out, self.language(), self.0.width);
        value.show(&mut page);
        page.into_text()
    }

    fn json(&self, value: &impl Serialize, pretty: bool) {
        let written = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
        match written {
            Ok(json) => self.print(&(json + "\n")),
            Err(error) => *self.0.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.into()),
        }
    }

    fn print(&self, text: &str) {
        self.suspend(|| self.data(text.as_bytes()));
    }

    fn labelled(&self, style: Style, label: &Text, sentence: &Text) {
        let label = self.0.err.apply(style, label.in_language(self.language()));
        let colon = match self.language() {
            Language::English => ": ",
            Language::Chinese => "：",
        };
        self.talk(&format!("{label}{colon}{}", self.0.err.sentence(sentence.in_language(self.language()))));
    }

    /// Writes a line to standard error. Nobody can be told that this failed.
    pub(super) fn talk(&self, line: &str) {
        self.suspend(|| {
            let _ = writeln!(io::stderr().lock(), "{line}");
        });
    }

    /// Does something to the streams while no bar is on the screen.
    pub(super) fn suspend<T>(&self, act: impl FnOnce() -> T) -> T {
        match self.0.bars.get() {
            Some(bars) => bars.suspend(act),
            None => act(),
        }
    }

    pub(super) fn bars(&self) -> &MultiProgress {
        self.0.bars.get_or_init(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()))
    }
}

/// Returns whether standard output is a pipe that nobody reads any more, before anything is written to it.
fn reader_is_gone() -> bool {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let out = io::stdout();
        let mut watched = [PollFd::new(&out, PollFlags::empty())];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut watched, Some(&at_once)).is_ok()
            && watched.iter().any(|it| it.revents().intersects(PollFlags::ERR | PollFlags::HUP))
    }
    #[cfg(not(unix))]
    false
}
