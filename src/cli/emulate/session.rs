//! An emulator under the command line: prepared from a project, drawn as lines, ended by signals.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::emulator::Emulator;
use crate::emulator::config::{Config, Durability, Outward, Quota};
use crate::emulator::data_dir::DataDir;
use crate::emulator::event::{self, Event};
use crate::error::{Error, Kind, Result};
use crate::model::clock::{Clock, hex};
use crate::model::name::EnvId;
use crate::model::text::Text;
use crate::ops::install;
use crate::ops::target::REGION;
use crate::ops::target::is_alive;
use crate::project::functions::Function;
use crate::project::launch;
use crate::project::manifest::LOCAL;
use crate::project::mini_program::{MiniProgram, Switch};
use crate::project::running::Running;
use crate::project::state;
use crate::project::{Options, Project};
use crate::text;

use super::super::context::Context;
use super::cannot_write;
use super::line::Line;
use super::screen::{FunctionRow, Screen};
use super::stop::Stop;

/// The port people remember; the next emulator takes any free one.
const USUAL_PORT: u16 = 7400;
/// What `WX_APPID` is when the project does not say.
const APP_ID: &str = "wx0000000000000000";

/// What the command line asks for.
#[derive(Debug)]
pub struct Wanted {
    /// A folder of the project.
    pub project: PathBuf,
    pub port: Option<u16>,
    pub durability: Durability,
    pub strict: Option<u64>,
    pub enforce_quota: bool,
    pub data: Option<PathBuf>,
    pub env_id: Option<EnvId>,
    pub functions_root: Option<PathBuf>,
    pub seed: Option<PathBuf>,
    pub outward: Outward,
    pub intercept: bool,
    pub https: bool,
    pub cold_start: Option<Duration>,
    pub inspect: Option<u16>,
    pub install: Install,
}

/// Whether to install what functions miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Install {
    Yes,
    No,
    /// When a person is there to answer.
    Ask,
}

/// A running emulator with its project.
pub struct Session {
    emulator: Emulator,
    running: Running,
    project: Arc<Project>,
    data: PathBuf,
    audience: Mutex<Audience>,
    clock: Clock,
    /// What the start took, installations left out.
    ready_in: Duration,
    /// Holds the data of an ephemeral session; gone when the session is.
    _ephemeral: Option<tempfile::TempDir>,
}

/// Who listens to the emulator on behalf of the screen.
struct Audience {
    events: Receiver<Event>,
    /// How many events nobody could draw in time, since it was last said.
    missed: u64,
}

impl Audience {
    /// Says once for a whole burst that not all of it was shown.
    fn admit_gap(&mut self, context: &Context) {
        let missed = std::mem::take(&mut self.missed);
        if missed > 0 {
            context.ui.warn(&text! {
                en: "{missed} lines came too fast to be shown; `cloudkit logs` has them",
                zh: "{missed} 行输出过快未能显示；可用 `cloudkit logs` 查看"
            });
        }
    }
}

impl Session {
    /// Loads the project, installs what is missing as asked, and starts.
    ///
    /// # Errors
    /// The project cannot be read, an installation failed, the port is taken, the data is in use or damaged.
    pub async fn start(wanted: Wanted, context: &Context) -> Result<Self> {
        let project = Arc::new(Project::load(&Options {
            directory: wanted.project,
            functions_root: wanted.functions_root,
            environment: Some(LOCAL.into()),
            variables: context.variables.clone(),
        })?);
        project.warnings.iter().chain(&project.problems).for_each(|odd| context.ui.warn_of(odd));
        project.functions.iter().flat_map(Function::complaints).for_each(|odd| context.ui.warn_of(&odd));
        offer_installation(&project, wanted.install, context).await?;

        let is_ephemeral = wanted.durability == Durability::Ephemeral;
        let ephemeral = is_ephemeral.then(temporary_folder).transpose()?;
        let data = match (&ephemeral, wanted.data) {
            (Some(folder), _) => folder.path().to_owned(),
            (None, Some(data)) => data,
            (None, None) => state::make(&project.root)
                .map_err(|error| cannot_write(&project.state_folder(), &error))?
                .join("data"),
        };
        let env_id = match wanted.env_id {
            Some(id) => id,
            None => LOCAL.parse()?,
        };
        let https = wanted.https || project.manifest.as_ref().is_some_and(|it| it.https);
        let config = Config {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: wanted.port.unwrap_or_else(usual_port),
            env_id: env_id.clone(),
            region: REGION.into(),
            app_id: project.app_id().unwrap_or(APP_ID).to_owned(),
            data: data.clone(),
            durability: wanted.durability,
            strict: wanted.strict.or(project.manifest.as_ref().and_then(|it| it.strict)),
            quota: Quota::FREE,
            enforce_quota: wanted.enforce_quota,
            seed: wanted.seed,
            outward: wanted.outward,
            intercept: wanted.intercept.then(|| authority_folder(context)).transpose()?,
            https: https.then(|| authority_folder(context)).transpose()?,
            project: project.clone(),
            shared_modules: Some(install::shared_folder(&project).join("node_modules"))
                .filter(|it| it.is_dir()),
            secret_id: format!("AKIDlocal{}", hex(&context.ids.bytes::<12>())),
            secret_key: hex(&context.ids.bytes::<16>()),
            inspect: wanted.inspect,
            cold_start: wanted.cold_start,
            inherited: context.variables.clone().into_iter().collect(),
            clock: context.clock.clone(),
            ids: context.ids.clone(),
        };
        let running = Running {
            url: String::new(),
            env_id: env_id.to_string(),
            region: config.region.clone(),
            pid: std::process::id(),
            secret_id: config.secret_id.clone(),
            secret_key: config.secret_key.clone(),
        };
        let began = Instant::now();
        let events = event::channel();
        let heard = events.subscribe();
        let emulator = Emulator::start_with(config, events).await?;
        emulator.lost().iter().for_each(|lost| context.ui.warn(lost));
        Ok(Session {
            running: Running { url: emulator.url().to_owned(), ..running },
            audience: Mutex::new(Audience { events: heard, missed: 0 }),
            emulator,
            project,
            data,
            clock: context.clock.clone(),
            ready_in: began.elapsed(),
            _ephemeral: ephemeral,
        })
    }

    /// Looks for damage in documents that are too many to be looked through before they are served. It ends the serving of
    /// them, so what is first to be shown is to be shown before.
    pub fn examine(&self) {
        self.emulator.examine();
    }

    /// Returns the variables that lead a child and its SDKs here.
    pub fn child_variables(&self) -> Vec<(String, String)> {
        self.emulator.child_variables()
    }

    /// Leaves the note by which other commands of the project find this emulator, unless they find another one: a second
    /// emulator must not take over what people speak to.
    pub fn leave_note(&self, context: &Context) -> Result<()> {
        let Some(other) = Running::find(&self.project.root).filter(is_alive) else {
            if let Some(switch) = self.switch() {
                switch.turn_on(&self.running.url, &self.running.env_id)?;
            }
            return self.running.leave(&self.project.root);
        };
        let (first, this) = (&other.url, &self.running.url);
        context.ui.warn(&text! {
            en: "`--env local` stays with the emulator of this project at {first}; this one is at {this}",
            zh: "`--env local` 仍指向本项目在 {first} 的模拟器；当前这个在 {this}"
        });
        Ok(())
    }

    /// Writes what `/__cloudkit/env` answers.
    pub fn write_ready_file(&self, file: &Path) -> Result<()> {
        let addresses = format!("{:#}", self.emulator.addresses());
        state::replace(file, addresses.as_bytes()).map_err(|error| cannot_write(file, &error))
    }

    /// Adds to VS Code's file how to attach to each function. What cannot be merged is shown, to be pasted.
    pub fn write_launch_file(&self, context: &Context) {
        match launch::write(&self.project.root, &self.emulator.inspectors()) {
            Ok(false) => {}
            Ok(true) => context.ui.say(&text! {
                en: "`.vscode/launch.json` attaches to each function: choose `cloudkit: …` and press F5",
                zh: "`.vscode/launch.json` 已可附加到每个云函数：选择 `cloudkit: …` 后按 F5"
            }),
            Err(error) => context.ui.warn_of(&error),
        }
    }

    /// Returns what a person sees first.
    pub fn screen(&self) -> Result<Screen> {
        let inspectors = self.emulator.inspectors();
        let mut functions = self.emulator.functions();
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Screen {
            url: self.running.url.clone(),
            https_url: self.emulator.https_url(),
            env_id: self.running.env_id.clone(),
            data: self._ephemeral.is_none().then(|| self.shown(&self.data)),
            collections: self.emulator.collections()?,
            functions: functions
                .into_iter()
                .map(|spec| FunctionRow {
                    inspector: inspectors.get(spec.name.as_str()).copied(),
                    name: spec.name.to_string(),
                    timers: spec.triggers.into_iter().map(|it| it.cron).collect(),
                })
                .collect(),
            ready_in: self.ready_in,
        })
    }

    /// Draws events until the first Ctrl-C or SIGTERM; a second Ctrl-C while stopping ends at once.
    pub async fn serve(&self, mut stop: Stop, context: &Context) -> Result<()> {
        // Who hears nothing need not be woken at every call.
        let told = context.ui.is_json() || !context.ui.is_quiet();
        loop {
            tokio::select! {
                _ = stop.next() => break,
                line = self.next_line(context), if told => match context.ui.is_json() {
                    true => context.ui.event(&line),
                    false => context.ui.aside(&line),
                },
            }
        }
        context.ui.say(
            &text! { en: "stopping; Ctrl-C again to stop at once", zh: "正在停止；再按一次 Ctrl-C 立即停止" },
        );
        tokio::spawn(async move {
            stop.next().await;
            // Node processes end by themselves when this process does; a commit is durable once acknowledged.
            std::process::exit(Kind::Interrupted.exit_code().into());
        });
        Ok(())
    }

    /// Waits for the next event. Events that nobody could draw in time are counted, not waited for.
    pub async fn next_line(&self, context: &Context) -> Line {
        loop {
            let mut audience = self.audience.lock().await;
            if audience.events.is_empty() {
                audience.admit_gap(context);
            }
            match audience.events.recv().await {
                Ok(event) => return Line::of(event, self.clock.now()),
                Err(RecvError::Lagged(missed)) => audience.missed += missed,
                // The emulator is being stopped: nothing more will come.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// Draws what has been told already.
    pub async fn drain(&self, context: &Context) {
        let mut audience = self.audience.lock().await;
        loop {
            match audience.events.try_recv() {
                Ok(event) => context.ui.aside(&Line::of(event, self.clock.now())),
                Err(TryRecvError::Lagged(missed)) => audience.missed += missed,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        audience.admit_gap(context);
    }

    /// Ends everything and takes the note away.
    pub async fn stop(self) {
        self.running.remove(&self.project.root);
        if let Some(switch) = self.switch() {
            switch.turn_off(&self.running.url);
        }
        self.emulator.stop().await;
    }

    /// What leads the project's mini program to an emulator.
    fn switch(&self) -> Option<Switch> {
        MiniProgram::find(&self.project)?.switch()
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.project.root).unwrap_or(path).display().to_string()
    }
}

async fn offer_installation(project: &Project, wanted: Install, context: &Context) -> Result<()> {
    let needed = install::needed(project);
    if needed.is_empty() {
        return Ok(());
    }
    let names: Vec<_> =
        needed.iter().map(|it| format!("`{}` ({})", it.name, it.missing.join(", "))).collect();
    let listed = names.join(", ");
    let missing = text! { en: "dependencies are missing: {listed}", zh: "缺少依赖：{listed}" };
    let agreed = match wanted {
        Install::Yes => true,
        Install::No => false,
        Install::Ask if context.ui.can_ask() => {
            context.ui.say(&missing);
            context.ui.confirm(&text! { en: "Install them now?", zh: "现在安装吗？" }, "--install")?
        }
        Install::Ask => false,
    };
    if !agreed {
        context.ui.warn(&missing);
        context
            .ui
            .hint(&text! { en: "start with `--install` to install them", zh: "加上 `--install` 即可安装" });
        return Ok(());
    }
    if needed.iter().any(|it| it.way == install::Way::Shared) {
        state::make(&project.root).map_err(|error| cannot_write(&project.state_folder(), &error))?;
    }
    let total = needed.len();
    let step = context
        .ui
        .step(text! { en: "dependencies of functions installed: {total}", zh: "已安装云函数依赖：{total}" });
    step.say(&Text::same(format!("0/{total}")));
    let mut count = 0;
    install::run(needed, |done| {
        count += 1;
        step.say(&Text::same(format!("{count}/{total}  {}", done.name)));
    })
    .await?;
    step.finish();
    Ok(())
}

/// What folders of ephemeral data are called.
const EPHEMERAL: &str = "cloudkit-ephemeral-";

/// Makes a folder for ephemeral data, and takes away those that killed emulators left.
fn temporary_folder() -> Result<tempfile::TempDir> {
    let made = tempfile::Builder::new().prefix(EPHEMERAL).tempdir();
    if let Some(beside) = made.as_ref().ok().and_then(|folder| folder.path().parent()) {
        DataDir::sweep(beside, EPHEMERAL);
    }
    made.map_err(|error| {
        Error::new(Kind::Failed, text! { en: "could not make a temporary folder", zh: "无法创建临时目录" })
            .source(&error)
    })
}

/// Where the certificate authority of this machine's emulators lies.
fn authority_folder(context: &Context) -> Result<PathBuf> {
    let folder = context.config_folder.as_ref().map(|folder| folder.join("authority"));
    folder.ok_or_else(|| {
        Error::new(
            Kind::Failed,
            text! { en: "the local certificate authority needs a home folder", zh: "本地证书颁发机构需要用户主目录" },
        )
        .hint(text! { en: "set `HOME`", zh: "请设置 `HOME`" })
    })
}

fn usual_port() -> u16 {
    // Somebody may take it between this look and the bind; the bind's error then says so.
    match TcpListener::bind((Ipv4Addr::LOCALHOST, USUAL_PORT)) {
        Ok(_) => USUAL_PORT,
        Err(_) => 0,
    }
}
