//! The data folder of an emulator that does not run: its snapshots are saved and brought back without it.

use std::path::Path;

use super::data_dir::DataDir;
use super::database::unusable;
use super::permissions::Permissions;
pub use super::snapshots::Description;
use super::snapshots::{Error as Refusal, Snapshots, State};
use super::storage::Storage;
use crate::docdb::{Database, Durability};
use crate::error::{Error, Kind, Result};
use crate::model::clock::Clock;
use crate::model::name::{EnvId, SnapshotName};
use crate::model::text::Text;
use crate::project::manifest::LOCAL;
use crate::text;

/// A data folder that nobody else may write meanwhile.
pub struct Stopped {
    data: DataDir,
    documents: Database,
    storage: Storage,
    permissions: Permissions,
    clock: Clock,
}

impl Stopped {
    /// Opens a data folder.
    ///
    /// # Errors
    /// There is none, an emulator holds it, or what lies in it is damaged.
    pub fn open(data: &Path, clock: &Clock) -> Result<Self> {
        if !data.join("documents.sqlite").is_file() {
            let shown = data.display();
            return Err(Error::new(
                Kind::NotFound,
                text! {
                    en: "no emulator is running here, and `{shown}` holds no data",
                    zh: "这里没有正在运行的模拟器，`{shown}` 中也没有数据"
                },
            )
            .hint(text! { en: "start it with `cloudkit emulate`", zh: "请用 `cloudkit emulate` 启动" }));
        }
        let data = DataDir::open(data)?;
        let path = data.documents();
        let documents = Database::open(&path, Durability::Full).map_err(|error| unusable(&path, &error))?;
        let permissions = Permissions::open(data.permissions())?;
        // No id is made here and nothing is signed: neither name nor key matters.
        let env_id: EnvId = LOCAL.parse()?;
        let storage = Storage::new(data.objects(), &env_id, "", clock.clone());
        let stopped = Stopped { documents, storage, permissions, clock: clock.clone(), data };
        stopped.snapshots().recover(&stopped.state()).map_err(told)?;
        Ok(stopped)
    }

    /// Says what of the state was lost when the emulator ended.
    pub fn lost(&self) -> Option<Text> {
        super::damage::lost(&self.documents)
    }

    /// Saves the state the emulator left.
    ///
    /// # Errors
    /// There is a snapshot of that name, unless it is to be replaced.
    pub fn save(&self, name: &SnapshotName, replace: bool) -> Result<Description> {
        self.snapshots().save(&self.state(), name, replace).map_err(|error| match error {
            Refusal::Exists(_) => {
                told(error).hint(text! { en: "`--replace` saves over it", zh: "`--replace` 会覆盖它" })
            }
            error => told(error),
        })
    }

    /// Returns the snapshots by name.
    pub fn list(&self) -> Vec<(SnapshotName, Description)> {
        self.snapshots().list()
    }

    /// Puts a snapshot in place of the state the emulator left.
    ///
    /// # Errors
    /// There is no such snapshot, or it is damaged.
    pub fn restore(&self, name: &SnapshotName) -> Result<Description> {
        self.snapshots().restore(&self.state(), name).map_err(told)
    }

    /// Deletes a snapshot.
    ///
    /// # Errors
    /// There is no such snapshot.
    pub fn delete(&self, name: &SnapshotName) -> Result<()> {
        self.snapshots().delete(name).map_err(told)
    }

    fn snapshots(&self) -> Snapshots {
        Snapshots::new(self.data.snapshots())
    }

    fn state(&self) -> State<'_> {
        let Stopped { documents, storage, permissions, clock, .. } = self;
        State { documents, storage, permissions, clock }
    }
}

pub(super) fn told(error: Refusal) -> Error {
    match error {
        Refusal::NotFound(name) => Error::new(
            Kind::NotFound,
            text! { en: "snapshot `{name}` does not exist", zh: "快照 `{name}` 不存在" },
        )
        .hint(text! { en: "`cloudkit snapshot list` shows them", zh: "可用 `cloudkit snapshot list` 查看" }),
        Refusal::Exists(name) => {
            Error::new(Kind::Refused, text! { en: "snapshot `{name}` exists", zh: "快照 `{name}` 已存在" })
        }
        Refusal::Permissions(error) => error,
        error @ (Refusal::Documents(_) | Refusal::Io(_)) => Error::new(
            Kind::Failed,
            text! { en: "could not read or write the snapshots", zh: "无法读写快照" },
        )
        .source(&error),
    }
}
