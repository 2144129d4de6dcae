//! What may keep a project from working on this machine, each with what to do about it.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use crate::error::{Error, Result};
use crate::model::clock::{Clock, Ids};
use crate::model::text::Text;
use crate::project::Project;
use crate::project::running::Running;
use crate::text;

use super::session::Session;
use super::target::REGION;

/// The oldest Node that functions are run with.
const OLDEST_NODE: u32 = 16;

/// The port an emulator takes when nothing else is said.
const PORT: u16 = 7400;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// It works, and may surprise.
    Odd,
    Bad,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// A word that does not change: `node`, `project`, `account`.
    pub name: &'static str,
    pub verdict: Verdict,
    pub found: Text,
    pub hints: Vec<Text>,
}

impl Check {
    fn new(name: &'static str, verdict: Verdict, found: Text) -> Self {
        Check { name, verdict, found, hints: Vec::new() }
    }

    fn hint(mut self, hint: Text) -> Self {
        self.hints.push(hint);
        self
    }

    fn of_error(name: &'static str, verdict: Verdict, error: &Error) -> Self {
        let mut found = error.message().clone();
        for cause in error.causes() {
            found = Text {
                en: format!("{}: {}", found.en, cause.en),
                zh: format!("{}：{}", found.zh, cause.zh),
            };
        }
        Check { name, verdict, found, hints: error.hints().to_vec() }
    }
}

/// Looks at everything. `project` is what reading it brought.
pub async fn examine(
    project: &Result<Project>,
    session: &Session<'_>,
    clock: &Clock,
    ids: &Ids,
) -> Vec<Check> {
    let mut checks = vec![node(project.as_ref().ok())];
    match project {
        Ok(project) => checks.extend(look_at(project)),
        Err(error) => checks.push(Check::of_error("project", Verdict::Bad, error)),
    }
    checks.push(emulator(project.as_ref().ok()));
    checks.push(account(session, clock, ids).await);
    checks
}

/// Functions run in the machine's Node: is it there, and is it the one the cloud will use?
fn node(project: Option<&Project>) -> Check {
    let output = Command::new("node").arg("--version").output();
    let Some(version) = output.ok().and_then(|output| String::from_utf8(output.stdout).ok()) else {
        return Check::new("node", Verdict::Bad, text! { en: "Node is not installed", zh: "未安装 Node" })
            .hint(text! { en: "functions need it: https://nodejs.org", zh: "运行云函数需要它：https://nodejs.org" });
    };
    let version = version.trim().to_owned();
    let Some(major) = major(version.trim_start_matches('v')) else {
        return Check::new(
            "node",
            Verdict::Bad,
            text! { en: "`node --version` answers `{version}`", zh: "`node --version` 的输出为 `{version}`" },
        );
    };
    if major < OLDEST_NODE {
        return Check::new(
            "node",
            Verdict::Bad,
            text! { en: "Node {version} is too old", zh: "Node {version} 版本过旧" },
        )
        .hint(
            text! { en: "install Node {OLDEST_NODE} or later", zh: "请安装 Node {OLDEST_NODE} 或更高版本" },
        );
    }
    let runtimes: BTreeSet<&str> = project
        .into_iter()
        .flat_map(|project| &project.functions)
        .map(|function| function.spec.runtime.as_str())
        .filter(|runtime| {
            runtime.strip_prefix("Nodejs").and_then(self::major).is_some_and(|cloud| cloud != major)
        })
        .collect();
    if runtimes.is_empty() {
        return Check::new("node", Verdict::Good, text! { en: "Node {version}", zh: "Node {version}" });
    }
    let runtimes = Vec::from_iter(runtimes).join("`, `");
    Check::new(
        "node",
        Verdict::Odd,
        text! { en: "Node {version} here, `{runtimes}` in the cloud", zh: "本机为 Node {version}，云端为 `{runtimes}`" },
    )
    .hint(text! { en: "what is newer than the cloud's Node works only here", zh: "云端 Node 不支持的新特性只在本机可用" })
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

fn look_at(project: &Project) -> Vec<Check> {
    let (root, count) = (project.root.display(), project.functions.len());
    let mut checks = vec![match count {
        0 => Check::new(
            "project",
            Verdict::Odd,
            text! { en: "no functions in {root}", zh: "{root} 中没有云函数" },
        )
        .hint(text! { en: "`cloudkit init` starts a project", zh: "可用 `cloudkit init` 创建项目" }),
        _ => Check::new(
            "project",
            Verdict::Good,
            text! { en: "{root}, functions: {count}", zh: "{root} 中有 {count} 个云函数" },
        ),
    }];
    checks.extend(project.problems.iter().map(|problem| Check::of_error("project", Verdict::Bad, problem)));
    checks.extend(project.warnings.iter().map(|warning| Check::of_error("project", Verdict::Odd, warning)));
    checks.extend(super::install::needed(project).iter().map(|it| {
        let (name, missing) = (&it.name, it.missing.join("`, `"));
        Check::new(
            "dependencies",
            Verdict::Odd,
            text! { en: "`{name}` lacks `{missing}`", zh: "`{name}` 缺少 `{missing}`" },
        )
        .hint(text! { en: "`cloudkit emulate --install` installs it", zh: "可用 `cloudkit emulate --install` 安装" })
    }));
    checks
}

fn emulator(project: Option<&Project>) -> Check {
    if let Some(running) = project.and_then(|project| Running::find(&project.root)) {
        let url = &running.url;
        return match super::target::is_alive(&running) {
            true => Check::new("emulator", Verdict::Good, text! { en: "running at {url}", zh: "正在运行：{url}" }),
            false => Check::new("emulator", Verdict::Odd, text! { en: "it left without a word: {url} does not answer", zh: "模拟器已异常退出：{url} 没有响应" })
                .hint(text! { en: "`cloudkit emulate` starts it again", zh: "可用 `cloudkit emulate` 重新启动" }),
        };
    }
    match TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)) {
        Ok(_) => Check::new("emulator", Verdict::Good, text! { en: "not running; port {PORT} is free", zh: "未运行；端口 {PORT} 空闲" }),
        Err(_) => Check::new("emulator", Verdict::Odd, text! { en: "not running, and another program has port {PORT}", zh: "未运行，且端口 {PORT} 被其他程序占用" })
            .hint(text! { en: "the emulator will take another port; `--port` names one", zh: "模拟器会改用其他端口；可用 `--port` 指定" }),
    }
}

/// Asks the cloud who we are, which also shows a wrong clock; without credentials nothing is asked.
async fn account(session: &Session<'_>, clock: &Clock, ids: &Ids) -> Check {
    let credentials = match session.credentials() {
        Ok(credentials) => credentials,
        Err(error) => return Check::of_error("account", Verdict::Odd, &error),
    };
    match super::env::account(credentials, REGION, clock, ids).await {
        Ok(found) => {
            let count = found.len();
            Check::new(
                "account",
                Verdict::Good,
                text! { en: "logged in, environments: {count}", zh: "已登录，共 {count} 个环境" },
            )
        }
        Err(error) => Check::of_error("account", Verdict::Bad, &error),
    }
}
