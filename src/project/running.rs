//! The note a running emulator leaves in `.cloudkit/emulator.json`, so that commands in the project find it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::text;

/// A running emulator: where it listens and with which keys it answers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    pub env_id: String,
    pub region: String,
    pub pid: u32,
    pub secret_id: String,
    pub secret_key: String,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("url", &self.url).field("pid", &self.pid).finish_non_exhaustive()
    }
}

/// Returns the place of the note in a project.
fn note(project: &Path) -> PathBuf {
    project.join(super::state::FOLDER).join("emulator.json")
}

impl Running {
    /// Returns the emulator that left its note in a project. It may be gone without having said so.
    pub fn find(project: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(note(project)).ok()?).ok()
    }

    /// Leaves the note; only the user may read it.
    pub fn leave(&self, project: &Path) -> Result<()> {
        let path = note(project);
        self.write(project, &path).map_err(|error| {
            let shown = path.display();
            Error::new(Kind::Failed, text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" })
                .source(&error)
        })
    }

    fn write(&self, project: &Path, path: &Path) -> std::io::Result<()> {
        super::state::make(project)?;
        super::state::replace(path, &serde_json::to_vec_pretty(self)?)
    }

    /// Takes the note away, unless another emulator has left its own since.
    pub fn remove(&self, project: &Path) {
        if Self::find(project).is_some_and(|found| found.pid == self.pid) {
            // A note that cannot be removed is as good as one of an emulator that was killed.
            let _ = std::fs::remove_file(note(project));
            super::state::tidy(project);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_found_private_and_removed_only_by_its_writer() {
        let project = tempfile::tempdir().expect("a folder");
        let running = |pid| Running {
            url: "http://127.0.0.1:7400".into(),
            env_id: "local".into(),
            region: "ap-shanghai".into(),
            pid,
            secret_id: "AKID".into(),
            secret_key: "secret".into(),
        };
        assert_eq!(Running::find(project.path()), None);
        running(1).leave(project.path()).expect("written");
        running(2).leave(project.path()).expect("replaced");
        assert_eq!(Running::find(project.path()), Some(running(2)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(note(project.path())).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        running(1).remove(project.path());
        assert!(Running::find(project.path()).is_some());
        running(2).remove(project.path());
        assert_eq!(Running::find(project.path()), None);
        assert!(!format!("{:?}", running(1)).contains("secret"));
    }
}
