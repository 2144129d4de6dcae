//! The data folder: where things lie in it, and the lock that keeps a second emulator out.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::text;

/// A data folder that this process alone may write. The lock ends with the value, or with the process.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    lock: File,
}

/// Who holds the folder, as the holder wrote it into the lock file.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    url: String,
}

impl DataDir {
    /// Makes the folder if need be and locks it.
    ///
    /// # Errors
    /// The folder cannot be made, or another emulator holds it.
    pub fn open(root: &Path) -> Result<Self> {
        std::fs::create_dir_all(root).map_err(|error| unusable(root, &error))?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(root.join("lock"))
            .map_err(|error| unusable(root, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(DataDir { root: root.to_owned(), lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(held(root, &mut lock)),
            Err(std::fs::TryLockError::Error(error)) => Err(unusable(root, &error)),
        }
    }

    /// Removes data folders that nobody holds any more: those in `beside` whose names begin so. One that was never held
    /// may belong to an emulator that is about to start, and stays.
    pub fn sweep(beside: &Path, prefix: &str) {
        let entries = std::fs::read_dir(beside).into_iter().flatten().flatten();
        for entry in entries.filter(|it| it.file_name().to_string_lossy().starts_with(prefix)) {
            let lock = File::open(entry.path().join("lock"));
            let left = lock
                .is_ok_and(|lock| lock.metadata().is_ok_and(|it| it.len() > 0) && lock.try_lock().is_ok());
            if left {
                // What cannot be removed (another user's) is not ours to worry about.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Writes down who holds the folder, for the message a second emulator shows.
    pub fn sign(&self, url: &str) -> Result<()> {
        let holder = Holder { pid: std::process::id(), url: url.to_owned() };
        let mut lock = &self.lock;
        let written = lock
            .set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| lock.write_all(&serde_json::to_vec(&holder)?));
        written.map_err(|error| unusable(&self.root, &error))
    }

    pub fn root(&self) -> &Path {
        &self.root
    }
    pub fn documents(&self) -> PathBuf {
        self.root.join("documents.sqlite")
    }
    pub fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }
    pub fn functions(&self) -> PathBuf {
        self.root.join("functions")
    }
    pub fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }
    pub fn permissions(&self) -> PathBuf {
        self.root.join("permissions.json")
    }
    pub fn identity(&self) -> PathBuf {
        self.root.join("identity.json")
    }
    pub fn wechat(&self) -> PathBuf {
        self.root.join("wechat.json")
    }
    /// Names the collection whose seed is under way.
    pub fn seeding(&self) -> PathBuf {
        self.root.join("seeding.json")
    }
    pub fn routes(&self) -> PathBuf {
        self.root.join("routes.json")
    }
}

/// Removes folders that a process left which ended meanwhile: those in `beside` whose names begin so.
pub fn clear_away(beside: &Path, prefix: &str) {
    let entries = std::fs::read_dir(beside).into_iter().flatten().flatten();
    for entry in entries.filter(|it| it.file_name().to_string_lossy().starts_with(prefix)) {
        // What cannot be removed only takes room.
        let _ = std::fs::remove_dir_all(entry.path());
    }
}

fn unusable(root: &Path, error: &std::io::Error) -> Error {
    let shown = root.display();
    Error::new(
        Kind::Failed,
        text! { en: "could not open the data folder `{shown}`", zh: "无法打开数据目录 `{shown}`" },
    )
    .source(error)
}

fn held(root: &Path, lock: &mut File) -> Error {
    let shown = root.display();
    let mut written = String::new();
    let holder = lock.read_to_string(&mut written).ok().and_then(|_| serde_json::from_str(&written).ok());
    let message = match holder {
        Some(Holder { pid, url }) => text! {
            en: "the data folder `{shown}` is in use by the emulator at {url} (process {pid})",
            zh: "数据目录 `{shown}` 正被 {url} 上的模拟器使用（进程 {pid}）"
        },
        None => text! {
            en: "the data folder `{shown}` is in use by another emulator",
            zh: "数据目录 `{shown}` 正被另一个模拟器使用"
        },
    };
    Error::new(Kind::Failed, message).hint(text! {
        en: "stop that one, or start this one with `--data DIR` or `--ephemeral`",
        zh: "请先停止它，或用 `--data 目录`、`--ephemeral` 启动"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_at_a_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = DataDir::open(folder.path()).expect("nobody holds it");
        first.sign("http://127.0.0.1:1").expect("the lock is writable");
        let refused = DataDir::open(folder.path()).expect_err("it is held").to_string();
        assert!(refused.contains("http://127.0.0.1:1"), "{refused}");
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
        drop(first);
        DataDir::open(folder.path()).expect("it was let go");
    }

    #[test]
    fn a_sweep_takes_what_was_held_once_and_leaves_what_is_or_never_was() {
        let beside = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| beside.path().join(name);
        for name in ["e-left", "e-held", "other"] {
            let folder = DataDir::open(&at(name)).expect("nobody holds it");
            folder.sign("http://127.0.0.1:1").expect("the lock is writable");
        }
        std::fs::create_dir(at("e-new")).expect("a folder");
        let _held = DataDir::open(&at("e-held")).expect("it was let go");
        DataDir::sweep(beside.path(), "e-");
        let stays = |name: &str| at(name).exists();
        assert_eq!(["e-left", "e-held", "e-new", "other"].map(stays), [false, true, true, true]);
    }
}
