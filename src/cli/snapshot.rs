//! `cloudkit snapshot …`.

use crate::emulator::stopped::{Description, Stopped};
use crate::error::Result;
use crate::model::name::SnapshotName;
use crate::ops::snapshot::{self, Snapshot};
use crate::term::{Page, Show, Table};
use crate::text;

use super::context::Context;

/// Save the local environment's documents, files and permissions under a name, and bring them back (emulator only)
///
/// A state comes back in one step: open transactions end in a conflict. Deployed functions stay as they are. While no
/// emulator runs, its files are saved and brought back without it. Tests that start from the same state each time call
/// `POST /__cloudkit/snapshots/NAME` of the emulator.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Save the present state
    Save {
        name: SnapshotName,
        /// Save over the snapshot of that name
        #[arg(long)]
        replace: bool,
    },
    /// List the saved states
    List,
    /// Put a saved state in place of the present one
    Restore { name: SnapshotName },
    /// Delete a saved state
    Delete { name: SnapshotName },
}

pub fn run(command: Command, context: &mut Context) -> Result<()> {
    let project = context.project()?;
    if context.is_stopped(&project) {
        let data = project.state_folder().join("data");
        let stopped = Stopped::open(&data, &context.clock)?;
        stopped.lost().iter().for_each(|lost| context.ui.warn(lost));
        return without_emulator(command, &stopped, context);
    }
    match command {
        Command::Save { name, replace } => {
            let target = context.target_of(&project)?;
            let saved = context.wait(snapshot::save(&target, &name, replace))?;
            context.ui.show(&saved_as(&name, saved));
        }
        Command::List => {
            let target = context.target_of(&project)?;
            let all = context.wait(snapshot::list(&target))?;
            context.ui.show(&List(all));
        }
        Command::Restore { name } => {
            let target = context.target_to_change_of(&project)?;
            let restored = context.wait(snapshot::restore(&target, &name))?;
            context.ui.show(&restored_from(&name, restored));
        }
        Command::Delete { name } => {
            let target = context.target_to_change_of(&project)?;
            context.wait(snapshot::delete(&target, &name))?;
            context.ui.show(&Deleted { deleted: name.to_string() });
        }
    }
    Ok(())
}

/// Does the same with the files that a stopped emulator has left.
fn without_emulator(command: Command, stopped: &Stopped, context: &Context) -> Result<()> {
    let told = |name: &SnapshotName, it: Description| {
        Snapshot::new(name.to_string(), it.created, it.documents, it.files, it.bytes)
    };
    match command {
        Command::Save { name, replace } => {
            let saved = stopped.save(&name, replace)?;
            context.ui.show(&saved_as(&name, told(&name, saved)));
        }
        Command::List => {
            let all = stopped.list().into_iter().map(|(name, it)| told(&name, it));
            context.ui.show(&List(all.collect()));
        }
        Command::Restore { name } => {
            let restored = stopped.restore(&name)?;
            context.ui.show(&restored_from(&name, told(&name, restored)));
        }
        Command::Delete { name } => {
            stopped.delete(&name)?;
            context.ui.show(&Deleted { deleted: name.to_string() });
        }
    }
    Ok(())
}

fn saved_as(name: &SnapshotName, snapshot: Snapshot) -> Told {
    Told { what: text! { en: "Saved `{name}`", zh: "已保存 `{name}`" }, snapshot }
}

fn restored_from(name: &SnapshotName, snapshot: Snapshot) -> Told {
    Told { what: text! { en: "Restored `{name}`", zh: "已恢复 `{name}`" }, snapshot }
}

/// A snapshot and what was done with it.
#[derive(serde::Serialize)]
struct Told {
    #[serde(skip)]
    what: crate::model::text::Text,
    #[serde(flatten)]
    snapshot: Snapshot,
}

#[derive(serde::Serialize)]
struct Deleted {
    deleted: String,
}

#[derive(serde::Serialize)]
#[serde(transparent)]
struct List(Vec<Snapshot>);

impl Show for Told {
    fn show(&self, page: &mut Page) {
        let crate::model::text::Text { en, zh } = &self.what;
        let Snapshot { documents, files, .. } = &self.snapshot;
        page.done(&text! {
            en: "{en}: documents {documents}, files {files}",
            zh: "{zh}：{documents} 个文档，{files} 个文件"
        });
    }
}

impl Show for Deleted {
    fn show(&self, page: &mut Page) {
        let name = &self.deleted;
        page.done(&text! { en: "Deleted `{name}`", zh: "已删除 `{name}`" });
    }
}

impl Show for List {
    fn show(&self, page: &mut Page) {
        let mut table = Table::new([
            text! { en: "name", zh: "名称" },
            text! { en: "saved", zh: "保存时间" },
            text! { en: "documents", zh: "文档" },
            text! { en: "files", zh: "文件" },
            text! { en: "bytes", zh: "字节" },
        ]);
        for it in &self.0 {
            table.row([
                it.name.clone(),
                page.local_time(&it.created, "%Y-%m-%d %H:%M:%S"),
                it.documents.to_string(),
                it.files.to_string(),
                it.bytes.to_string(),
            ]);
        }
        page.table(&table, &text! { en: "No snapshots.", zh: "没有快照。" });
    }
}
