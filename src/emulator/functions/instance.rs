//! One live process with one function loaded, and the conversation with it.

use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::unix::pipe;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::channel::{self, Writer};
use super::crew::Crew;
use super::pinpoint;
use super::process::{self, Launch, Process, Started};
use super::wire::{self, Decoder, Garbled, Said};
use super::{Fault, FaultKind};
use crate::emulator::event::{self, Event};
use crate::emulator::logs::{LogRecord, Logs};
use crate::model::clock::Clock;
use crate::model::function::Language;
use crate::model::level::Level;

/// How long a process may take to end, and its output to arrive, once its channel is closed.
const ENDING: Duration = Duration::from_millis(500);

/// The longest line of standard output kept in one piece.
const LONGEST_LINE: usize = 64 << 10;

/// What a caller reads of a function that needed more memory than it has; its log says more.
pub(super) const OUT_OF_MEMORY: &str = "Memory limit exceeded";

/// How much of what was said one call keeps, in bytes; the environment's log goes on.
const KEPT_SAID: usize = 1 << 20;

/// How far a process has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Load {
    Loading,
    /// From these files.
    Ready(Vec<String>),
    Broken(String),
}

/// How a call ended, as the process (or its end) told it.
#[derive(Debug)]
pub(super) struct Reply {
    pub result: Result<String, Fault>,
    pub memory_bytes: u64,
    /// The lines said during the call, each with its line end.
    pub said: String,
    /// Files of the function that were loaded since the answer before.
    pub loaded: Vec<String>,
}

/// One live process. Dropping it ends the process group.
#[derive(Debug)]
pub(super) struct Instance {
    channel: Writer,
    shared: Arc<Shared>,
    process: Option<u32>,
    /// Dropped with the instance, which tells the attendant to end the process.
    _end: oneshot::Sender<()>,
    /// By the machine's clock.
    pub started: SystemTime,
    /// The port where a debugger finds it.
    pub inspector: Option<Arc<u16>>,
    /// Whether it has begun a call.
    pub used: bool,
    /// Whether it has answered one.
    pub warm: bool,
    pub idle_since: Instant,
}

/// Where an instance tells what it says.
#[derive(Clone)]
pub(super) struct Told {
    pub function: String,
    pub logs: Logs,
    pub events: crate::emulator::event::Events,
    pub clock: Clock,
}

struct Shared {
    told: Told,
    load: watch::Sender<Load>,
    /// The address of the inspector, once it listens.
    inspector: watch::Sender<Option<String>>,
    talk: Mutex<Talk>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("function", &self.told.function).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Talk {
    /// The call in progress.
    call: Option<Call>,
    /// The call in progress, or the one before; empty before the first.
    request_id: String,
    /// What was said before the first call, which its log begins with.
    held: Vec<(Level, String)>,
    /// Whether a debugger has attached.
    is_debugged: bool,
    /// Whether lingering work was reported.
    lingering: bool,
    /// The last line of V8 when memory ran out.
    out_of_memory: bool,
    waiting: Option<oneshot::Sender<String>>,
    /// Files that were loaded after the function itself.
    loaded: Vec<String>,
    /// The process has ended or is about to.
    ended: bool,
    memory_bytes: u64,
}

impl Talk {
    /// Keeps a line for the first call's log, unless a function that is still loading has said too much already.
    fn hold(&mut self, level: Level, message: String) {
        let held: usize = self.held.iter().map(|(_, message)| message.len() + 1).sum();
        if held < KEPT_SAID {
            self.held.push((level, message));
        }
    }
}

struct Call {
    said: String,
    reply: oneshot::Sender<Reply>,
}

impl Instance {
    /// Starts a process that loads the function.
    pub fn start(
        launch: &Launch,
        settings: &[u8],
        inspector: Option<Arc<u16>>,
        crew: &Crew,
        place: OwnedSemaphorePermit,
        told: Told,
    ) -> io::Result<Self> {
        let started = SystemTime::now();
        let Started { process, channel, stdout, stderr } =
            launch.start(settings, inspector.as_deref().copied(), &crew.reaper)?;
        let process_id = process.group();
        let shared = Arc::new(Shared {
            told,
            load: watch::Sender::new(Load::Loading),
            inspector: watch::Sender::default(),
            talk: Mutex::default(),
        });
        let (reader, channel) = channel::split(channel)?;
        let (end, ended) = oneshot::channel();
        let output = tokio::spawn(read_output(stdout, stderr, shared.clone()));
        let attended = attend(process, reader, output, shared.clone(), ended, crew.closing.clone());
        crew.attendants.spawn(async move {
            attended.await;
            // Its place is free when it is gone.
            drop(place);
        });
        Ok(Instance {
            channel,
            shared,
            process: process_id,
            _end: end,
            started,
            inspector,
            used: false,
            warm: false,
            idle_since: Instant::now(),
        })
    }

    /// Returns where the loading can be followed.
    pub fn load(&self) -> watch::Receiver<Load> {
        self.shared.load.subscribe()
    }

    /// Waits until the function is loaded or found broken.
    pub async fn loaded(&self) -> Load {
        let mut load = self.shared.load.subscribe();
        match load.wait_for(|load| *load != Load::Loading).await {
            Ok(load) => load.clone(),
            Err(_) => Load::Broken("the process ended".into()),
        }
    }

    /// Returns what was said before the first call, for a function that never came so far.
    pub fn take_held(&self) -> Vec<(Level, String)> {
        std::mem::take(&mut self.shared.talk().held)
    }

    pub fn is_alive(&self) -> bool {
        !self.shared.talk().ended
    }

    /// Tells whether a debugger has attached: at a breakpoint time stands still.
    pub fn is_debugged(&self) -> bool {
        self.shared.talk().is_debugged
    }

    /// Begins a call; the frame is [`wire::call`]'s.
    pub async fn begin(&mut self, request_id: &str, frame: &[u8]) -> io::Result<oneshot::Receiver<Reply>> {
        let (reply, answered) = oneshot::channel();
        self.shared.begin(request_id, reply);
        self.used = true;
        self.channel.write_all(frame).await?;
        Ok(answered)
    }

    /// Asks what the process waits for; an endless loop does not answer. A Python process, which hears nothing during a
    /// call, is asked by a signal and tells the line it is at. The question may take so long to be put.
    pub async fn ask_what_for(
        &mut self,
        language: Language,
        patience: Duration,
    ) -> oneshot::Receiver<String> {
        let (answer, answered) = oneshot::channel();
        self.shared.talk().waiting = Some(answer);
        match (language, self.process) {
            (Language::Node, _) => {
                let frame = wire::waiting();
                // One that cannot even take the question does not answer it.
                let _ = tokio::time::timeout(patience, self.channel.write_all(&frame)).await;
            }
            (Language::Python, Some(process)) => process::signal_user(process),
            (Language::Python, None) => {}
        }
        answered
    }

    /// Returns the line of the function's code that the process is busy with.
    pub async fn pinpoint(&self, folder: &Path, patience: Duration) -> Option<String> {
        let mut inspector = self.shared.inspector.subscribe();
        process::signal_user(self.process?);
        let find = async {
            let address = inspector.wait_for(Option::is_some).await.ok()?.clone()?;
            pinpoint::locate(&address, folder).await
        };
        tokio::time::timeout(patience, find).await.ok().flatten().map(|place| place.excerpt())
    }

    /// Returns the bytes of memory that the process has.
    pub fn resident_memory(&self) -> Option<u64> {
        process::resident_memory(self.process?)
    }

    /// Ends the call without an answer and returns what it has said.
    pub fn interrupt(&self) -> String {
        let mut talk = self.shared.talk();
        // What it still says is no news.
        talk.lingering = true;
        talk.call.take().map(|call| call.said).unwrap_or_default()
    }

    /// Says a line under the call.
    pub fn say(&self, level: Level, message: String) {
        self.shared.say(level, message);
    }
}

/// Owns the process: hears what it says until it ends or is to end.
async fn attend(
    mut process: Process,
    reader: pipe::Receiver,
    output: JoinHandle<()>,
    shared: Arc<Shared>,
    end: oneshot::Receiver<()>,
    closing: CancellationToken,
) {
    let mut heard = Box::pin(listen(reader, &shared));
    let is_dropped = tokio::select! {
        _ = &mut heard => false,
        _ = process.wait() => {
            // What it started may hold the channel open.
            let _ = tokio::time::timeout(ENDING, &mut heard).await;
            false
        }
        _ = end => {
            process.kill();
            true
        }
        () = closing.cancelled() => {
            process.kill();
            false
        }
    };
    drop(heard);
    shared.talk().ended = true;
    let status = match tokio::time::timeout(ENDING, process.wait()).await {
        Ok(status) => status,
        Err(_) => {
            process.kill();
            process.wait().await
        }
    };
    // What the process started may hold its output open.
    let stop_reading = output.abort_handle();
    if tokio::time::timeout(ENDING, output).await.is_err() {
        stop_reading.abort();
    }
    // The end of one that is not needed any more says nothing about its function.
    if !is_dropped {
        shared.close(status.ok());
    }
}

/// Hears the channel until it is closed.
async fn listen(mut reader: pipe::Receiver, shared: &Shared) -> Result<(), Garbled> {
    let mut decoder = Decoder::default();
    while let Ok(1..) = reader.read_buf(decoder.room()).await {
        while let Some(said) = decoder.next()? {
            shared.hear(said);
        }
    }
    Ok(())
}

/// Reads what is written past the console: by Node itself, by native code, by programs the function starts.
async fn read_output(stdout: impl AsyncRead + Unpin, stderr: impl AsyncRead + Unpin, shared: Arc<Shared>) {
    tokio::join!(
        read_lines(stdout, |line| shared.print(Level::Info, line)),
        read_lines(stderr, |line| shared.print(Level::Error, line)),
    );
}

/// Reads a stream line by line, and what is too long for one in pieces.
pub(super) async fn read_lines(mut stream: impl AsyncRead + Unpin, print: impl Fn(&[u8])) {
    let mut buffer = bytes::BytesMut::new();
    while let Ok(1..) = stream.read_buf(&mut buffer).await {
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let line = buffer.split_to(end + 1);
            print(&line);
        }
        if buffer.len() > LONGEST_LINE {
            print(&buffer.split());
        }
    }
    if !buffer.is_empty() {
        print(&buffer);
    }
}

impl Shared {
    fn talk(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, request_id: &str, reply: oneshot::Sender<Reply>) {
        let held = {
            let mut talk = self.talk();
            request_id.clone_into(&mut talk.request_id);
            talk.call = Some(Call { said: String::new(), reply });
            std::mem::take(&mut talk.held)
        };
        held.into_iter().for_each(|(level, message)| self.say(level, message));
    }

    fn hear(&self, said: Said) {
        match said {
            Said::Line(level, text) => self.say(level, text),
            Said::Outward(text) => self.note(text),
            Said::Result { text, memory_bytes } => {
                self.talk().memory_bytes = memory_bytes;
                self.reply(Ok(text));
            }
            Said::Fault { number, text, ends } => {
                self.talk().ended |= ends;
                self.load.send_if_modified(|load| {
                    // It ended while it was being loaded.
                    let broken = ends && *load == Load::Loading;
                    if broken {
                        *load = Load::Broken(text.clone());
                    }
                    broken
                });
                self.reply(Err(Fault { kind: fault_kind(number), message: text }));
            }
            Said::Loaded(files) => {
                let is_later = matches!(*self.load.borrow(), Load::Ready(_));
                match is_later {
                    true => self.talk().loaded.extend(files),
                    false => drop(self.load.send_replace(Load::Ready(files))),
                }
            }
            Said::Broken(text) => {
                self.talk().ended = true;
                self.load.send_replace(Load::Broken(text));
            }
            Said::Memory(bytes) => self.talk().memory_bytes = bytes,
            Said::Lingers(_) => self.linger(),
            Said::Waiting(text) => {
                if let Some(answer) = self.talk().waiting.take() {
                    // An error means that nobody waits any longer.
                    let _ = answer.send(text);
                }
            }
        }
    }

    /// Gives the caller its answer.
    fn reply(&self, result: Result<String, Fault>) {
        let (call, memory_bytes, loaded) = {
            let mut talk = self.talk();
            (talk.call.take(), talk.memory_bytes, std::mem::take(&mut talk.loaded))
        };
        if let Some(Call { said, reply }) = call {
            // An error means that the time limit was faster.
            let _ = reply.send(Reply { result, memory_bytes, said, loaded });
        }
    }

    /// Records a line of standard output or error.
    fn print(&self, level: Level, line: &[u8]) {
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        if text.contains("JavaScript heap out of memory") {
            self.talk().out_of_memory = true;
        } else if self.talk().out_of_memory && is_native(&text) {
            return;
        }
        if text == "Debugger attached." {
            self.talk().is_debugged = true;
        }
        if let Some(address) = text.strip_prefix("Debugger listening on ") {
            self.inspector.send_replace(Some(address.to_owned()));
        }
        // Node announces its inspector there; the first screen tells it better.
        let by_node = [
            "Debugger ",
            "For help, see: https://nodejs.org",
            "Starting inspector on ",
            "Waiting for the debugger to disconnect...",
        ];
        if !text.is_empty() && !by_node.iter().any(|start| text.starts_with(start)) {
            self.say(level, text);
        }
    }

    /// Records a line under the call it belongs to.
    fn say(&self, level: Level, message: String) {
        let (request_id, late) = {
            let mut talk = self.talk();
            if talk.request_id.is_empty() {
                return talk.hold(level, message);
            }
            if let Some(call) = talk.call.as_mut().filter(|call| call.said.len() < KEPT_SAID) {
                call.said.push_str(&message);
                call.said.push('\n');
            }
            (talk.request_id.clone(), talk.call.is_none() && !talk.ended)
        };
        if late {
            self.linger();
        }
        let (time, function) = (self.told.clock.now(), self.told.function.clone());
        self.told.logs.push(LogRecord { time, function, request_id, level, message, denial: None });
    }

    /// Records what the function itself did not say: it is no part of the call's own log.
    fn note(&self, message: String) {
        let request_id = {
            let mut talk = self.talk();
            if talk.request_id.is_empty() {
                return talk.hold(Level::Debug, message);
            }
            talk.request_id.clone()
        };
        let (time, function) = (self.told.clock.now(), self.told.function.clone());
        self.told.logs.push(LogRecord {
            time,
            function,
            request_id,
            level: Level::Debug,
            message,
            denial: None,
        });
    }

    /// Tells, once for each process, that work went on after an answer.
    fn linger(&self) {
        let request_id = {
            let mut talk = self.talk();
            if std::mem::replace(&mut talk.lingering, true) {
                return;
            }
            talk.request_id.clone()
        };
        // An error means that nobody listens.
        event::tell(&self.told.events, Event::Lingering { function: self.told.function.clone(), request_id });
    }

    /// The process has ended: a call in progress, or the loading, has failed.
    fn close(&self, status: Option<ExitStatus>) {
        let fault = ending(status, self.talk().out_of_memory);
        self.load.send_if_modified(|load| {
            let broken = *load == Load::Loading;
            if broken {
                *load = Load::Broken(fault.message.clone());
            }
            broken
        });
        if self.talk().call.is_some() {
            self.say(Level::Error, fault.message.clone());
        }
        self.reply(Err(fault));
    }
}

/// Tells whether a line is of the native stack that V8 prints as it goes down: nobody's code is in it.
fn is_native(line: &str) -> bool {
    let numbered = line.trim_start().trim_start_matches(|digit: char| digit.is_ascii_digit());
    numbered.starts_with(": 0x") || line.trim_matches('-').trim() == "Native stack trace"
}

fn fault_kind(number: u32) -> FaultKind {
    match number {
        1 => FaultKind::Event,
        2 => FaultKind::Result,
        _ => FaultKind::Code,
    }
}

/// Words the end of a process as the platform does: `0 code exit unexpected`.
fn ending(status: Option<ExitStatus>, out_of_memory: bool) -> Fault {
    use std::os::unix::process::ExitStatusExt;
    if out_of_memory {
        return Fault { kind: FaultKind::Memory, message: OUT_OF_MEMORY.into() };
    }
    let message = match (status.and_then(|status| status.code()), status.and_then(|status| status.signal())) {
        (Some(code), _) => format!("{code} code exit unexpected"),
        (None, Some(signal)) => format!("signal {signal} exit unexpected"),
        (None, None) => "exit unexpected".into(),
    };
    Fault { kind: FaultKind::Exit, message }
}
