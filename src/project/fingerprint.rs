//! Telling whether a function changed since it was deployed, without packing it.
//!
//! The cloud's own hash of the code is the truth; `.cloudkit/deployed.json` remembers which of our fingerprints it
//! belongs to. A note that disagrees with the cloud means nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256, digest};
use serde::{Deserialize, Serialize};

use super::bundle::Tree;
use crate::error::{Error, Kind, Result};
use crate::model::clock::hex;
use crate::text;

/// Returns the hex sha256 of bytes, as the cloud reports it for a package.
pub fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// Returns a hash over names and contents: it outlives a change of the compressor.
pub fn fingerprint(tree: &Tree) -> Result<String> {
    let mut context = Context::new(&SHA256);
    for (name, content) in tree.contents() {
        // Hashing the content's hash gives every part a fixed length but the name, which ends with a zero byte.
        context.update(name.as_bytes());
        context.update(&[0]);
        context.update(digest(&SHA256, &content?).as_ref());
    }
    Ok(hex(context.finish().as_ref()))
}

/// What was deployed from this machine: environment → function → note.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Deployed(BTreeMap<String, BTreeMap<String, Note>>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    fingerprint: String,
    /// What the cloud reported right after that deployment.
    code_sha256: String,
}

impl Deployed {
    /// Reads a project's notes; unreadable ones count as none, since they only save work.
    pub fn read(project: &Path) -> Self {
        let bytes = std::fs::read(place(project)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Tells whether what the cloud runs was deployed from files with this fingerprint.
    pub fn matches(&self, environment: &str, function: &str, fingerprint: &str, code_sha256: &str) -> bool {
        let note = self.0.get(environment).and_then(|functions| functions.get(function));
        note.is_some_and(|note| note.fingerprint == fingerprint && note.code_sha256 == code_sha256)
    }

    /// Notes what was deployed.
    pub fn note(&mut self, environment: &str, function: &str, fingerprint: String, code_sha256: String) {
        let functions = self.0.entry(environment.to_owned()).or_default();
        functions.insert(function.to_owned(), Note { fingerprint, code_sha256 });
    }

    /// Writes the notes into a project.
    pub fn write(&self, project: &Path) -> Result<()> {
        let path = place(project);
        let write = || {
            super::state::make(project)?;
            super::state::replace(&path, &serde_json::to_vec_pretty(self)?)
        };
        write().map_err(|error: std::io::Error| {
            let shown = path.display();
            Error::new(Kind::Failed, text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" })
                .source(&error)
        })
    }
}

fn place(project: &Path) -> PathBuf {
    project.join(super::state::FOLDER).join("deployed.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_counts_only_when_the_cloud_agrees() {
        let project = tempfile::tempdir().expect("a folder");
        let mut deployed = Deployed::read(project.path());
        deployed.note("dev", "login", "print".into(), "hash".into());
        deployed.write(project.path()).expect("written");
        let deployed = Deployed::read(project.path());
        assert!(deployed.matches("dev", "login", "print", "hash"));
        for (environment, function, print, hash) in [
            ("prod", "login", "print", "hash"),
            ("dev", "logout", "print", "hash"),
            ("dev", "login", "other", "hash"),
            ("dev", "login", "print", "changed in the console"),
        ] {
            assert!(!deployed.matches(environment, function, print, hash));
        }
        std::fs::write(place(project.path()), "damaged").expect("written");
        assert_eq!(Deployed::read(project.path()), Deployed::default());
    }
}
