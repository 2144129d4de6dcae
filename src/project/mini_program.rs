//! The mini program of a project, and the switch that leads its `wx.cloud` to an emulator.
//!
//! The switch is `cloudkit/local.js` in the mini program: there while an emulator runs, read by `cloudkit/wx-cloud.js` beside
//! it, and ignored by Git.

use std::path::PathBuf;

use serde_json::json;

use super::{Project, state};
use crate::error::{Error, Kind, Result};
use crate::text;

/// The folder in a mini program that holds what leads it to an emulator.
pub const FOLDER: &str = "cloudkit";
/// What replaces `wx.cloud`, in that folder.
pub const SHIM: &str = "wx-cloud.js";
const SWITCH: &str = "local.js";
/// Whose program it is until somebody else signs in.
const TEST_USER: &str = "o-developer";

/// Where the code of a mini program or a mini game begins.
const ENTRIES: [&str; 3] = ["app.js", "app.ts", "game.js"];

/// The mini program of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MiniProgram {
    pub root: PathBuf,
    /// Where its code begins: `app.js`.
    pub entry: &'static str,
}

impl MiniProgram {
    /// Returns the project's mini program, if it has one.
    pub fn find(project: &Project) -> Option<Self> {
        let devtools = project.devtools.as_ref()?;
        let root = project.root.join(devtools.mini_program_root.as_deref().unwrap_or_default());
        let entry = ENTRIES.into_iter().find(|entry| root.join(entry).is_file())?;
        Some(MiniProgram { root, entry })
    }

    /// Returns the switch, if the mini program has what reads it.
    pub fn switch(&self) -> Option<Switch> {
        let folder = self.root.join(FOLDER);
        folder.join(SHIM).is_file().then(|| Switch { file: folder.join(SWITCH) })
    }
}

/// The file that leads `wx.cloud` to an emulator.
#[derive(Debug, Clone)]
pub struct Switch {
    file: PathBuf,
}

impl Switch {
    /// Leads the mini program to the emulator at `url`.
    pub fn turn_on(&self, url: &str, env_id: &str) -> Result<()> {
        let settings = json!({ "origin": url, "env": env_id, "openid": TEST_USER });
        let text = format!(
            "// Written by `cloudkit emulate`, and taken away when it ends. Do not commit it.\nmodule.exports = {settings}\n"
        );
        state::replace(&self.file, text.as_bytes()).map_err(|error| {
            let shown = self.file.display();
            Error::new(Kind::Failed, text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" })
                .source(&error)
        })
    }

    /// Leads the mini program back to the cloud, unless another emulator has turned the switch since.
    pub fn turn_off(&self, url: &str) {
        let ours = std::fs::read_to_string(&self.file).is_ok_and(|text| text.contains(&format!("\"{url}\"")));
        if ours {
            // One that cannot be removed leads to an emulator that does not answer, and the error says so.
            let _ = std::fs::remove_file(&self.file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::staged::project;

    #[test]
    fn a_mini_program_is_where_devtools_says() {
        let config = r#"{"miniprogramRoot": "mini/", "cloudfunctionRoot": "cloudfunctions/"}"#;
        let found = |files: &[(&str, &str)]| {
            let (folder, project) = project(files);
            let found = MiniProgram::find(&project)?;
            let root = found.root.strip_prefix(folder.path().canonicalize().ok()?).ok()?.to_owned();
            Some((root.to_str()?.trim_end_matches('/').to_owned(), found.entry))
        };
        assert_eq!(
            found(&[("project.config.json", config), ("mini/app.js", "")]),
            Some(("mini".into(), "app.js"))
        );
        assert_eq!(
            found(&[("project.config.json", "{}"), ("game.js", "")]),
            Some((String::new(), "game.js"))
        );
        assert_eq!(found(&[("project.config.json", config), ("app.js", "")]), None);
        assert_eq!(found(&[("app.js", "")]), None);
    }

    #[test]
    fn the_switch_is_turned_off_by_who_turned_it_on() {
        let (folder, project) =
            project(&[("project.config.json", "{}"), ("app.js", ""), ("cloudkit/wx-cloud.js", "")]);
        let switch = MiniProgram::find(&project).and_then(|it| it.switch()).expect("it can be turned");
        switch.turn_on("http://127.0.0.1:1", "local").expect("written");
        let file = folder.path().join("cloudkit/local.js");
        let text = std::fs::read_to_string(&file).expect("there");
        assert!(
            text.contains(
                r#"module.exports = {"origin":"http://127.0.0.1:1","env":"local","openid":"o-developer"}"#
            ),
            "{text}"
        );
        switch.turn_off("http://127.0.0.1:2");
        assert!(file.exists());
        switch.turn_off("http://127.0.0.1:1");
        assert!(!file.exists());
    }
}
