//! The JavaScript of functions in TypeScript, kept by content for the processes that load it.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Serialize;

use crate::project::fingerprint::sha256;
use crate::project::state;
use crate::project::typescript::{self, Compiled, Settings};

/// What was compiled so far, by file.
#[derive(Debug)]
pub(super) struct Transpiled {
    /// Where the JavaScript lies, each file called by its content.
    folder: PathBuf,
    kept: Mutex<HashMap<PathBuf, Arc<Kept>>>,
}

#[derive(Debug)]
struct Kept {
    source: String,
    settings: Settings,
    script: Script,
    imports: Vec<PathBuf>,
}

/// What a process is to run for a file.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Script {
    Module(PathBuf),
    Commonjs(PathBuf),
    /// Why there is none, as Node words it.
    Mistake(String),
}

impl Transpiled {
    pub fn new(data: &Path) -> Self {
        Transpiled { folder: data.join("runtime/typescript"), kept: Mutex::default() }
    }

    /// Writes down what to run for each TypeScript file of a function. It may be more than a process's channel takes at
    /// once, so it goes by a file.
    pub fn table(&self, folder: &Path) -> io::Result<PathBuf> {
        self.keep(&serde_json::to_vec(&self.of(folder)?)?, "json")
    }

    /// Returns what to run for every TypeScript file of a function and of the workspace's packages it depends on, and for
    /// those that they import from elsewhere.
    fn of(&self, folder: &Path) -> io::Result<BTreeMap<PathBuf, Script>> {
        let packages = typescript::workspace::packages(folder);
        let mut wanted: Vec<PathBuf> = packages.iter().flat_map(|package| written_in(package)).collect();
        wanted.extend(written_in(folder));
        let mut scripts = BTreeMap::new();
        while let Some(file) = wanted.pop() {
            // As Node names it.
            let Ok(file) = file.canonicalize() else { continue };
            if scripts.contains_key(&file) {
                continue;
            }
            let kept = self.compile(&file)?;
            wanted.extend(kept.imports.iter().cloned());
            scripts.insert(file, kept.script.clone());
        }
        Ok(scripts)
    }

    /// Compiles a file unless its text and its settings are those of the last time.
    fn compile(&self, file: &Path) -> io::Result<Arc<Kept>> {
        let source = String::from_utf8_lossy(&std::fs::read(file)?).into_owned();
        let settings = Settings::of(file);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = kept.get(file).filter(|it| it.source == source && it.settings == settings) {
            return Ok(same.clone());
        }
        let (script, imports) = match typescript::compile(file, &source, &settings) {
            Ok(compiled) => {
                let file = self.write(&compiled)?;
                let script = if settings.is_module { Script::Module(file) } else { Script::Commonjs(file) };
                (script, compiled.imports)
            }
            Err(error) => (Script::Mistake(typescript::worded(&error)), Vec::new()),
        };
        let fresh = Arc::new(Kept { source, settings, script, imports });
        kept.insert(file.to_owned(), fresh.clone());
        Ok(fresh)
    }

    /// Writes JavaScript with its source map, where Node and debuggers look for it.
    fn write(&self, compiled: &Compiled) -> io::Result<PathBuf> {
        let map = BASE64_STANDARD.encode(&compiled.map);
        let code = format!("{}//# sourceMappingURL=data:application/json;base64,{map}\n", compiled.code);
        self.keep(code.as_bytes(), "js")
    }

    fn keep(&self, text: &[u8], extension: &str) -> io::Result<PathBuf> {
        let file = self.folder.join(format!("{}.{extension}", sha256(text)));
        if !file.is_file() {
            std::fs::create_dir_all(&self.folder)?;
            state::replace(&file, text)?;
        }
        Ok(file)
    }
}

/// Returns the TypeScript files of a folder, without those of dependencies.
fn written_in(folder: &Path) -> Vec<PathBuf> {
    let is_typescript = |path: &Path| {
        let name = path.file_name().and_then(OsStr::to_str);
        name.is_some_and(|name| typescript::extension(name).is_some())
    };
    let walk = ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .hidden(true)
        .follow_links(true)
        .filter_entry(|entry| entry.file_name() != "node_modules")
        .build();
    walk.flatten().map(ignore::DirEntry::into_path).filter(|path| is_typescript(path)).collect()
}
