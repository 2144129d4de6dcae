//! The user's folder: its manifest, what the incumbent tools left there, its functions. Reads and edits files; knows
//! no network. The environment's variables come in as values.

pub mod manifest;
pub mod mini_program;
pub mod settings;

pub mod cloudbaserc;
pub mod devtools;
pub mod dotenv;
mod json;

pub mod dependencies;
pub mod discover;
pub mod fixtures;
pub mod functions;

pub mod client;

pub mod bundle;
pub mod fingerprint;
pub mod typescript;

pub mod edit;
pub mod launch;
pub mod running;
pub mod state;

#[cfg(test)]
pub mod staged;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::model::name::FunctionName;
use crate::model::permission::Permission;

use cloudbaserc::Cloudbaserc;
use devtools::DevTools;
use functions::Function;
use manifest::Manifest;

/// Where to look, and what to look with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder the search for the project begins in; it goes upward from there.
    pub directory: PathBuf,
    /// The folder of function folders, when the user named it; else it is found.
    pub functions_root: Option<PathBuf>,
    /// The name of the environment whose `[env.NAME.functions]` differences apply.
    pub environment: Option<String>,
    /// What `$NAME` in the manifest may refer to; `.env` adds what is not here.
    pub variables: BTreeMap<String, String>,
}

/// A project as it is on disk at one moment.
#[derive(Debug, Clone)]
pub struct Project {
    /// What it was found with, to read it again.
    pub options: Options,
    /// Absolute when `Options::directory` is.
    pub root: PathBuf,
    pub manifest: Option<Manifest>,
    pub cloudbaserc: Option<Cloudbaserc>,
    pub devtools: Option<DevTools>,
    /// The folder of function folders; `None` when the project has none.
    pub functions_root: Option<PathBuf>,
    /// By name.
    pub functions: Vec<Function>,
    /// Functions that only the cloud can run, with their runtimes; they are not among `functions`.
    pub foreigners: BTreeMap<FunctionName, String>,
    /// What keeps some of it from working as written: an emulator shows these and goes on, a deploy stops.
    pub problems: Vec<Error>,
    /// What will probably surprise somebody.
    pub warnings: Vec<Error>,
}

impl Project {
    /// Reads the project that a folder belongs to. A folder without any mark of a project is one of its own.
    ///
    /// # Errors
    /// A file that cannot be read, or a manifest, `cloudbaserc.json` or `project.config.json` that is wrong.
    pub fn load(options: &Options) -> Result<Self> {
        let root = discover::root(&options.directory);
        let manifest = Manifest::find(&root)?;
        let dotenv = dotenv::read(&root.join(".env"))?;
        let mut variables = dotenv.clone();
        variables.extend(options.variables.clone());
        let cloudbaserc = Cloudbaserc::find(&root, &variables)?;
        let devtools = DevTools::find(&root)?;
        let functions_root = match &options.functions_root {
            Some(named) => Some(named.clone()),
            None => {
                manifest.as_ref().map_or(Ok(()), Manifest::check_functions_root)?;
                discover::functions_root(&root, manifest.as_ref(), devtools.as_ref(), cloudbaserc.as_ref())
            }
        };
        let mut project = Project {
            options: options.clone(),
            root,
            manifest,
            cloudbaserc,
            devtools,
            functions_root,
            functions: Vec::new(),
            foreigners: BTreeMap::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        functions::read(&mut project, options.environment.as_deref(), &variables, &dotenv)?;
        Ok(project)
    }

    /// Returns the function of that name.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.spec.name.as_str() == name)
    }

    /// Returns the names of all functions, for suggestions.
    pub fn function_names(&self) -> impl Iterator<Item = &FunctionName> {
        self.functions.iter().map(|function| &function.spec.name)
    }

    /// Returns who may call functions from the user's side, if the manifest says it.
    pub fn invoke_rules(&self) -> Option<Permission> {
        self.manifest.as_ref()?.invoke_rules(self.options.environment.as_deref())
    }

    /// Returns the mini program's app id, if the project says it.
    pub fn app_id(&self) -> Option<&str> {
        let manifest = self.manifest.as_ref().and_then(|manifest| manifest.app_id.as_deref());
        manifest.or_else(|| self.devtools.as_ref().and_then(|devtools| devtools.app_id.as_deref()))
    }

    /// Returns the project's name: the manifest's, DevTools', or the folder's.
    pub fn name(&self) -> &str {
        let manifest = self.manifest.as_ref().and_then(|manifest| manifest.name.as_deref());
        let devtools = || self.devtools.as_ref().and_then(|devtools| devtools.name.as_deref());
        let folder = || self.root.file_name().and_then(|name| name.to_str());
        manifest.or_else(devtools).or_else(folder).unwrap_or("project")
    }

    /// Returns `.cloudkit` of this project, which may not exist yet.
    pub fn state_folder(&self) -> PathBuf {
        self.root.join(state::FOLDER)
    }
}

/// Reads a text file; `None` when there is no such file.
fn read_text(path: &Path) -> Result<Option<String>> {
    use crate::error::Kind;
    use crate::text;
    let shown = path.display();
    match std::fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            // Some editors of the platform's users begin a file with a byte order mark.
            Ok(text) => Ok(Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))),
            Err(_) => Err(Error::new(
                Kind::Usage,
                text! { en: "`{shown}` is not UTF-8 text", zh: "`{shown}` 不是 UTF-8 文本" },
            )),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Error::new(Kind::Failed, text! { en: "could not read `{shown}`", zh: "无法读取 `{shown}`" })
                .source(&error))
        }
    }
}
