//! The environment a command speaks to, and what is said about it before it is changed.

use crate::error::{Error, Kind, Result};
use crate::model::text::Text;
use crate::ops::target::{Search, Target};
use crate::project::{Options, Project};
use crate::text;

use super::context::Context;

impl Context {
    /// Reads the project of the folder we work in.
    pub fn project(&self) -> Result<Project> {
        Project::load(&Options {
            directory: self.cwd.clone(),
            functions_root: None,
            environment: self.env.clone(),
            variables: self.variables.clone(),
        })
    }

    /// Returns the environment to read from.
    pub fn target(&self) -> Result<Target> {
        self.target_of(&self.project()?)
    }

    /// Returns the environment to read from, for a project that is read already.
    pub fn target_of(&self, project: &Project) -> Result<Target> {
        let target = self.search(project).find()?;
        let place = place(&target);
        self.ui.detail(&text! { en: "target: {place}", zh: "目标：{place}" });
        Ok(target)
    }

    /// Returns whether the local environment is meant, and no emulator runs it.
    pub fn is_stopped(&self, project: &Project) -> bool {
        self.search(project).is_stopped()
    }

    fn search<'a>(&'a self, project: &'a Project) -> Search<'a> {
        Search {
            wanted: self.env.as_deref(),
            project,
            variables: &self.variables,
            config_folder: self.config_folder.as_deref(),
            clock: &self.clock,
            ids: &self.ids,
        }
    }

    /// Returns the environment to change: it is named first, and a protected one asks.
    pub fn target_to_change(&self) -> Result<Target> {
        self.target_to_change_of(&self.project()?)
    }

    /// Returns the environment to change, for a project that is read already.
    pub fn target_to_change_of(&self, project: &Project) -> Result<Target> {
        let target = self.target_of(project)?;
        if !self.ui.is_verbose() {
            let place = place(&target);
            self.ui.say(&text! { en: "target: {place}", zh: "目标：{place}" });
        }
        if target.protected {
            let name = &target.name;
            self.agree(
                &text! { en: "`{name}` is protected. Change it?", zh: "`{name}` 受保护，确定要更改吗？" },
            )?;
        }
        Ok(target)
    }

    /// Asks before something is lost in the cloud; what an emulator loses is not worth a question.
    pub fn agree_to_lose(&self, target: &Target, question: &Text) -> Result<()> {
        if target.emulator().is_some() { Ok(()) } else { self.agree(question) }
    }

    /// Goes on if the person agrees, or has agreed with `--yes`.
    pub fn agree(&self, question: &Text) -> Result<()> {
        if self.yes || self.ui.confirm(question, "--yes")? {
            return Ok(());
        }
        Err(Error::new(Kind::Failed, text! { en: "nothing was changed", zh: "未做任何更改" }))
    }
}

/// Says where a target is: `dev  garden-dev-1a2b3c  ap-shanghai`, `local  http://127.0.0.1:7400`.
fn place(target: &Target) -> String {
    let (name, id) = (target.name.as_str(), target.env_id());
    let at = target.emulator().unwrap_or(target.region());
    if name == id { format!("{id}  {at}") } else { format!("{name}  {id}  {at}") }
}
