//! `cloudkit init`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::Result;
use crate::ops::init::{self, Made};
use crate::term::{Page, Show, Table};
use crate::text;

use super::context::Context;

/// Start a project from a template, or adopt one that is there
///
/// Works offline: templates are part of the program. Nothing is ever overwritten; a folder with files in it is refused.
/// With `--adopt`, a WeChat project (`project.config.json`) or a `cloudbaserc.json` project gets a `cloudkit.toml` that
/// points at what is there; its own files stay as they are. A mini program gets `cloudkit/wx-cloud.js` too, which leads
/// `wx.cloud` to a running emulator once the program's first line asks for it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cloudkit init garden\n  cloudkit init garden --template leaderboard\n  \
                        cloudkit init --adopt\n  cloudkit init --list"
)]
pub struct Args {
    /// The folder of the project; the current one if left out
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The template to start from
    #[arg(long, value_name = "NAME", default_value = init::DEFAULT_TEMPLATE, conflicts_with = "adopt")]
    template: String,
    /// The project's name; the folder's if left out
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Add a `cloudkit.toml` to a project that is there already
    #[arg(long)]
    adopt: bool,
    /// List the templates
    #[arg(long, conflicts_with_all = ["adopt", "folder"])]
    list: bool,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    if args.list {
        context.ui.show(&init::templates());
        return Ok(());
    }
    let folder = args.folder.map_or_else(|| context.cwd.clone(), |folder| context.cwd.join(folder));
    let name = args.name.as_deref();
    let made = match args.adopt {
        true => init::adopt(&folder, name)?,
        false => init::scaffold(&args.template, &folder, name)?,
    };
    let steps = next_steps(&made, &context.cwd, args.adopt);
    context.ui.show(&Shown { made, steps });
    Ok(())
}

impl Show for Vec<init::Listed> {
    fn show(&self, page: &mut Page) {
        let mut table =
            Table::new([text! { en: "template", zh: "模板" }, text! { en: "what it is", zh: "说明" }]);
        for template in self {
            table.row([template.name, page.words(&template.text)]);
        }
        page.table(&table, &text! { en: "no templates", zh: "没有模板" });
    }
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    made: Made,
    #[serde(skip)]
    steps: Vec<String>,
}

impl Show for Shown {
    fn show(&self, page: &mut Page) {
        let Made { name, folder, files, functions, .. } = &self.made;
        let (count, shown) = (files.len(), folder.display());
        if functions.is_empty() {
            page.done(&text! { en: "started `{name}`: {count} files in {shown}", zh: "已创建 `{name}`：{count} 个文件，位于 {shown}" });
        } else {
            let listed = functions.join("`, `");
            page.done(&text! { en: "adopted `{name}`: wrote `cloudkit.toml`, found `{listed}`", zh: "已接管 `{name}`：写入 `cloudkit.toml`，找到云函数 `{listed}`" });
        }
        page.sentence(&text! { en: "next:", zh: "接下来：" });
        for step in &self.steps {
            page.line(format!("  {step}"));
        }
    }
}

fn next_steps(made: &Made, cwd: &Path, adopted: bool) -> Vec<String> {
    // A person who is there already need not be told to go there.
    let folder = made.folder.strip_prefix(cwd).unwrap_or(&made.folder).display().to_string();
    let go = (!folder.is_empty()).then(|| format!("cd {folder}"));
    let install = (!adopted).then(|| "npm install".to_owned());
    let begin = made.entry.as_ref().map(|entry| {
        let shown = entry.strip_prefix(&made.folder).unwrap_or(entry).display();
        format!("# first line of {shown}: require('./cloudkit/wx-cloud').auto()")
    });
    go.into_iter().chain(install).chain(begin).chain(["cloudkit emulate".to_owned()]).collect()
}
