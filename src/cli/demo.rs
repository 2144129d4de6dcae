//! `cloudkit demo`: the newcomer's first minute. It types the commands a person would, and they are the real ones.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Serialize;
use tokio::process::Command;

use crate::emulator::config::{Durability, Outward};
use crate::error::{Error, Kind, Result};
use crate::model::shell;
use crate::model::text::{Language, Text};
use crate::ops::install;
use crate::project::{Options, Project};
use crate::term::{Page, Show, Style};
use crate::text;

use super::context::Context;
use super::emulate::session::{Install, Session, Wanted};

/// Show all of it in a minute: a project, its functions' answers, an index, a deploy
///
/// Scaffolds the template `leaderboard`, installs its SDK with npm, runs it on this machine and types the commands that
/// work with it. Nothing leaves this machine; everything is gone afterwards unless kept.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Keep the project in this folder, to go on with
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// What is typed once the backend runs, and why.
fn script() -> [(Text, &'static [&'static str]); 8] {
    [
        (
            text! { en: "Two players report. A mini program would call this function; --as says as whom.", zh: "两名玩家上报成绩。小程序会调用这个云函数；--as 指定调用者。" },
            &["fn", "invoke", "report", "--as", "o-alice1", "--data", r#"{"name":"Alice","score":4200}"#],
        ),
        (
            Text::default(),
            &[
                "fn",
                "invoke",
                "report",
                "--as",
                "o-bob2",
                "--data",
                r#"{"name":"Bob","score":3100,"level":2}"#,
            ],
        ),
        (
            text! { en: "A second report of Bob's updates his first.", zh: "Bob 再次上报，更新之前的成绩。" },
            &[
                "fn",
                "invoke",
                "report",
                "--as",
                "o-bob2",
                "--data",
                r#"{"name":"Bob","score":5000,"level":2}"#,
            ],
        ),
        (
            text! { en: "The board, best first.", zh: "排行榜，分数高者在前。" },
            &["fn", "invoke", "leaderboard"],
        ),
        (
            text! { en: "How the database finds it: by the index of cloudkit.toml.", zh: "数据库如何查询：使用 cloudkit.toml 中的索引。" },
            &["db", "explain", "players", "--sort", "score:desc", "--limit", "100"],
        ),
        (
            text! { en: "A board for each level needs another index: into cloudkit.toml and into the database.", zh: "按关卡分榜需要新索引：写入 cloudkit.toml 并建到数据库。" },
            &["db", "index", "add", "players", "level", "score:desc"],
        ),
        (
            text! { en: "Deploy, here to the emulator; the cloud is only another --env.", zh: "部署到模拟器；换成云端只需换一个 --env。" },
            &["deploy"],
        ),
        (
            text! { en: "Again, with nothing changed: nothing is uploaded.", zh: "没有改动时再次部署：什么也不会上传。" },
            &["deploy"],
        ),
    ]
}

/// A command that was typed, and how it ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Typed {
    command: String,
    exit_code: i32,
    /// What it printed: with `--json` this program prints it here instead of as it comes.
    output: serde_json::Value,
}

/// All that was typed; for people, who saw it as it came, what to try next.
#[derive(Debug, Serialize)]
struct Shown {
    steps: Vec<Typed>,
    /// Where the project was kept.
    folder: Option<String>,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let temporary = match args.keep {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(|error| {
            Error::new(
                Kind::Failed,
                text! { en: "could not make a temporary folder", zh: "无法创建临时目录" },
            )
            .source(&error)
        })?),
    };
    let folder = match (&temporary, &args.keep) {
        (Some(temporary), _) => temporary.path().join("leaderboard"),
        (None, keep) => context.cwd.join(keep.as_deref().unwrap_or(Path::new("leaderboard"))),
    };
    let steps = context.wait(play(&folder, context))?;
    let folder = temporary.is_none().then(|| folder.display().to_string());
    let shown = Shown { steps, folder };
    match context.ui.is_json() {
        true => context.ui.show(&shown),
        false => context.ui.aside(&shown),
    }
    Ok(())
}

async fn play(folder: &Path, context: &Context) -> Result<Vec<Typed>> {
    let typist = Typist::new(folder, context)?;
    let mut steps = Vec::new();
    let shown = folder.display().to_string();
    steps.push(
        typist
            .enter(
                &text! { en: "A project from a template.", zh: "从模板创建项目。" },
                &["init", &shown, "--template", "leaderboard"],
            )
            .await?,
    );

    let project = Project::load(&Options { directory: folder.to_owned(), ..Options::default() })?;
    let step =
        context.ui.step(text! { en: "installed wx-server-sdk with npm", zh: "已用 npm 安装 wx-server-sdk" });
    install::run(install::needed(&project), |_| {}).await?;
    step.finish();

    let session = Session::start(
        Wanted {
            project: folder.to_owned(),
            port: Some(0),
            durability: Durability::Ephemeral,
            strict: None,
            enforce_quota: false,
            data: None,
            env_id: None,
            functions_root: None,
            // A board of three reads better than one of twenty-three.
            seed: None,
            outward: Outward::Open,
            intercept: false,
            https: false,
            cold_start: None,
            inspect: None,
            install: Install::No,
        },
        context,
    )
    .await?;
    session.leave_note(context)?;
    context.ui.aside(&session.screen()?);
    let mut outcome = Ok(());
    for (why, arguments) in script() {
        match typist.enter(&why, arguments).await {
            Ok(step) => steps.push(step),
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    session.stop().await;
    outcome.map(|()| steps)
}

/// Runs this very program in the demo's folder.
struct Typist<'a> {
    program: PathBuf,
    folder: &'a Path,
    context: &'a Context,
}

impl<'a> Typist<'a> {
    fn new(folder: &'a Path, context: &'a Context) -> Result<Self> {
        let program = context.program.clone().ok_or_else(|| {
            Error::new(Kind::Failed, text! { en: "this program cannot find itself", zh: "程序无法定位自身" })
        })?;
        Ok(Typist { program, folder, context })
    }

    async fn enter(&self, why: &Text, arguments: &[&str]) -> Result<Typed> {
        let ui = &self.context.ui;
        let typed = shell::line("cloudkit", arguments);
        ui.aside(&Prompt { why: why.clone(), command: typed.clone() });
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--env", "local"]).kill_on_drop(true).stdin(Stdio::null());
        // The folder comes to be with the first command.
        command.current_dir(if self.folder.is_dir() { self.folder } else { &self.context.cwd });
        command.args(["--lang", if ui.language() == Language::Chinese { "zh" } else { "en" }]);
        let (status, output) = match ui.is_json() {
            false => (command.status().await, Vec::new()),
            true => match command.arg("--json").output().await {
                Ok(output) => (Ok(output.status), output.stdout),
                Err(error) => (Err(error), Vec::new()),
            },
        };
        let failed = || Error::new(Kind::Failed, text! { en: "`{typed}` failed", zh: "`{typed}` 失败" });
        let status = status.map_err(|error| failed().source(&error))?;
        if !status.success() {
            return Err(failed());
        }
        let output = serde_json::from_slice(&output).unwrap_or_default();
        Ok(Typed { command: typed, exit_code: status.code().unwrap_or_default(), output })
    }
}

/// What is about to be typed.
#[derive(Serialize)]
struct Prompt {
    #[serde(skip)]
    why: Text,
    command: String,
}

impl Show for Prompt {
    fn show(&self, page: &mut Page) {
        if self.why != Text::default() {
            page.blank();
            let why = page.paint(Style::Faint, page.words(&self.why));
            page.styled(why);
        }
        let prompt =
            format!("{} {}", page.paint(Style::Faint, "$"), page.paint(Style::Strong, &self.command));
        page.styled(prompt);
    }
}

impl Show for Shown {
    fn show(&self, page: &mut Page) {
        page.blank();
        match &self.folder {
            Some(folder) => page.sentence(&text! { en: "The project is in `{folder}`: `cd` there and run `cloudkit emulate --seed seed`.", zh: "项目在 `{folder}`：进入该目录并运行 `cloudkit emulate --seed seed`。" }),
            None => page.sentence(&text! { en: "That was all on this machine, and it is gone. To go on:", zh: "以上全部在本机完成，现已清理。接下来可以：" }),
        }
        page.sentence(&text! { en: "  `cargo install --path .`                       puts cloudkit on your path", zh: "  `cargo install --path .`                       安装 cloudkit" });
        page.sentence(&text! { en: "  `cloudkit init my-game`                        starts a project of your own", zh: "  `cloudkit init my-game`                        创建自己的项目" });
        page.sentence(&text! { en: "  `cd YOUR-PROJECT && cloudkit emulate`          runs one you have already", zh: "  `cd 你的项目 && cloudkit emulate`               运行已有项目" });
    }
}
