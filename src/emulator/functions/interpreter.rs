//! Which program runs a function: the Node or Python that its runtime names, where this machine has it, else the usual one.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::model::function::Language;
use crate::model::text::Text;
use crate::text;

/// How long a program may take to tell its version: a stand-in of a version manager may ask the network first.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(2);

/// The interpreters that were asked for, by runtime.
pub(super) struct Interpreters {
    machine: Arc<Machine>,
    known: Mutex<BTreeMap<String, Arc<Interpreter>>>,
}

/// The variables that say where programs are, and the folder in which they are asked for their version.
struct Machine {
    variables: BTreeMap<String, String>,
    folder: PathBuf,
}

/// What runs the functions of one runtime. It is looked for when it is first needed.
pub(super) struct Interpreter {
    pub language: Language,
    runtime: String,
    machine: Arc<Machine>,
    found: OnceLock<Found>,
    told: AtomicBool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    program: PathBuf,
    /// What it is instead of what was asked for.
    other: Option<Version>,
}

/// Numbers from the most to the least important.
type Version = Vec<u32>;

impl Interpreters {
    pub fn new(variables: &[(String, String)], folder: &Path) -> Self {
        let machine = Machine { variables: variables.iter().cloned().collect(), folder: folder.to_owned() };
        Interpreters { machine: Arc::new(machine), known: Mutex::default() }
    }

    /// Returns what runs a runtime; one that only the cloud has is taken for Node.
    pub fn of(&self, runtime: &str) -> Arc<Interpreter> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(Interpreter {
                language: Language::of(runtime).unwrap_or(Language::Node),
                runtime: runtime.to_owned(),
                machine: self.machine.clone(),
                found: OnceLock::new(),
                told: AtomicBool::new(false),
            })
        };
        known.entry(runtime.to_owned()).or_insert_with(new).clone()
    }
}

impl Interpreter {
    /// Returns the program, or its usual name where there is none. Programs may be asked for their version first.
    pub fn program(&self) -> &Path {
        &self.found().program
    }

    /// Says, once, that another version runs the functions than the runtime names.
    pub fn take_difference(&self) -> Option<Text> {
        let version = written(self.found().other.as_ref()?);
        let (runtime, wish) = (&self.runtime, Wish::of(self.language, &self.runtime));
        let (name, wanted) = (wish.title(), written(&wish.version));
        (!self.told.swap(true, Ordering::Relaxed)).then(|| {
            text! {
                en: "`{runtime}` functions run on {name} {version} here: this machine has no {name} {wanted}",
                zh: "`{runtime}` 云函数在本机由 {name} {version} 运行：未找到 {name} {wanted}"
            }
        })
    }

    fn found(&self) -> &Found {
        let wish = Wish::of(self.language, &self.runtime);
        self.found
            .get_or_init(|| find(&wish, &self.machine, |program| self.machine.version_of(program, PATIENCE)))
    }
}

/// A program that is looked for.
struct Wish {
    language: Language,
    /// Node: the major number. Python: major and minor. Empty for any.
    version: Version,
}

impl Wish {
    fn of(language: Language, runtime: &str) -> Self {
        let digits = match language {
            Language::Node => 1,
            Language::Python => 2,
        };
        let mut version = numbers(runtime).unwrap_or_default();
        version.truncate(digits);
        Wish { language, version }
    }

    fn title(&self) -> &'static str {
        match self.language {
            Language::Node => "Node",
            Language::Python => "Python",
        }
    }

    /// What it may be called on the path, the usual name first.
    fn names(&self) -> [String; 2] {
        let version = written(&self.version);
        match self.language {
            Language::Node => ["node".into(), format!("node{version}")],
            Language::Python => ["python3".into(), format!("python{version}")],
        }
    }

    fn is_met(&self, version: &Version) -> bool {
        version.starts_with(&self.version)
    }
}

/// Looks on the path and then where version managers keep what they install. The newest that will do is taken.
fn find(wish: &Wish, machine: &Machine, version_of: impl Fn(&Path) -> Option<Version>) -> Found {
    let mut other = None;
    for program in wish.names().iter().filter_map(|name| machine.on_path(name)) {
        match version_of(&program) {
            Some(version) if wish.is_met(&version) => return Found { program, other: None },
            Some(version) => drop(other.get_or_insert((program, version))),
            // A stand-in of a version manager that has no version to stand for.
            None => {}
        }
    }
    if let Some(program) = machine.installed(wish) {
        return Found { program, other: None };
    }
    match other {
        Some((program, version)) => Found { program, other: Some(version) },
        None => Found { program: PathBuf::from(&wish.names()[0]), other: None },
    }
}

/// A place where a version manager keeps versions.
struct Store {
    language: Language,
    /// Names the manager's folder, which else is `home` below the user's.
    variable: &'static str,
    home: &'static str,
    /// The folder of versions below the manager's.
    versions: &'static str,
    /// The program below a version's.
    program: &'static str,
}

/// nvm, fnm (three homes), volta, asdf, mise; pyenv, asdf, mise.
const STORES: [Store; 10] = {
    const fn node(
        variable: &'static str,
        home: &'static str,
        versions: &'static str,
        program: &'static str,
    ) -> Store {
        Store { language: Language::Node, variable, home, versions, program }
    }
    const fn python(variable: &'static str, home: &'static str, versions: &'static str) -> Store {
        Store { language: Language::Python, variable, home, versions, program: "bin/python3" }
    }
    [
        node("NVM_DIR", ".nvm", "versions/node", "bin/node"),
        node("FNM_DIR", ".local/share/fnm", "node-versions", "installation/bin/node"),
        node("FNM_DIR", "Library/Application Support/fnm", "node-versions", "installation/bin/node"),
        node("FNM_DIR", ".fnm", "node-versions", "installation/bin/node"),
        node("VOLTA_HOME", ".volta", "tools/image/node", "bin/node"),
        node("ASDF_DATA_DIR", ".asdf", "installs/nodejs", "bin/node"),
        node("MISE_DATA_DIR", ".local/share/mise", "installs/node", "bin/node"),
        python("PYENV_ROOT", ".pyenv", "versions"),
        python("ASDF_DATA_DIR", ".asdf", "installs/python"),
        python("MISE_DATA_DIR", ".local/share/mise", "installs/python"),
    ]
};

impl Machine {
    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn on_path(&self, name: &str) -> Option<PathBuf> {
        let folders = std::env::split_paths(self.variable("PATH")?);
        folders.map(|folder| folder.join(name)).find(|program| program.is_file())
    }

    /// Returns the newest program that version managers have.
    fn installed(&self, wish: &Wish) -> Option<PathBuf> {
        let stores = STORES.iter().filter(|store| store.language == wish.language);
        let folders = stores.filter_map(|store| {
            let home = || Some(Path::new(self.variable("HOME")?).join(store.home));
            let folder = self.variable(store.variable).map(PathBuf::from).or_else(home)?;
            Some((store, std::fs::read_dir(folder.join(store.versions)).ok()?))
        });
        let programs = folders.flat_map(|(store, versions)| {
            versions.flatten().filter_map(|entry| {
                let version = numbers(entry.file_name().to_str()?)?;
                Some((version, entry.path().join(store.program)))
            })
        });
        let good = programs.filter(|(version, program)| wish.is_met(version) && program.is_file());
        good.max().map(|(_, program)| program)
    }

    /// Returns the version of a program: as its real place tells it, else as it says itself.
    fn version_of(&self, program: &Path, limit: Duration) -> Option<Version> {
        placed(program).or_else(|| {
            let mut told = tempfile::tempfile().ok()?;
            let mut child = Command::new(program)
                .arg("--version")
                .env_clear()
                .envs(&self.variables)
                .current_dir(&self.folder)
                .stdin(Stdio::null())
                .stdout(told.try_clone().ok()?)
                .stderr(Stdio::null())
                .spawn()
                .ok()?;
            let is_good = ended_well(&mut child, limit);
            let mut text = String::new();
            told.rewind().and_then(|()| told.read_to_string(&mut text)).ok().filter(|_| is_good)?;
            numbers(&text)
        })
    }
}

/// Waits until a program has ended, or ends it when the time is over. Tells whether it ended well.
fn ended_well(child: &mut Child, limit: Duration) -> bool {
    let began = Instant::now();
    while began.elapsed() < limit {
        match child.try_wait() {
            Ok(None) => std::thread::sleep(LOOK),
            Ok(Some(status)) => return status.success(),
            Err(_) => return false,
        }
    }
    // One that has just ended by itself is as good as ended.
    let _ = child.kill().and_then(|()| child.wait());
    false
}

/// Reads the version off `…/v18.20.4/bin/node`: a start less than it takes to ask.
fn placed(program: &Path) -> Option<Version> {
    let real = std::fs::canonicalize(program).ok()?;
    let folder = real.parent()?.parent()?.file_name().and_then(OsStr::to_str)?;
    let is_version = folder.strip_prefix('v').unwrap_or(folder).starts_with(|c: char| c.is_ascii_digit());
    numbers(folder).filter(|version| is_version && version.len() > 1)
}

/// Reads the first numbers with dots between them.
fn numbers(text: &str) -> Option<Version> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let text = text.get(start..)?;
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.get(..end)?.trim_end_matches('.').split('.').map(|number| number.parse().ok()).collect()
}

fn written(version: &Version) -> String {
    version.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::staged;

    /// Looks for a runtime's program on a machine with these files below home, whose `bin` is the path; the text of a
    /// file in `bin` is its version. Returns the program below home, and what its version is where it differs.
    fn look(runtime: &str, files: &[(&str, &str)], variables: &[(&str, &str)]) -> (String, Option<String>) {
        let home = staged::folder(files);
        let place = |path: &str| home.path().join(path).display().to_string();
        let mut all = BTreeMap::from([("HOME".to_owned(), place("")), ("PATH".to_owned(), place("bin"))]);
        all.extend(variables.iter().map(|(name, path)| ((*name).to_owned(), place(path))));
        let machine = Machine { variables: all, folder: home.path().to_owned() };
        let wish = Wish::of(Language::of(runtime).expect("one of ours"), runtime);
        let found = find(&wish, &machine, |program| numbers(&std::fs::read_to_string(program).ok()?));
        let program = found.program.strip_prefix(home.path()).unwrap_or(&found.program);
        (program.display().to_string(), found.other.as_ref().map(written))
    }

    #[test]
    fn the_version_a_runtime_names_is_used_where_it_is() {
        let node = |version: &'static str| ("bin/node", version);
        for (place, variable) in [
            (".nvm/versions/node/v18.20.4/bin/node", None),
            ("n/versions/node/v18.20.4/bin/node", Some(("NVM_DIR", "n"))),
            (".local/share/fnm/node-versions/v18.1.0/installation/bin/node", None),
            (".volta/tools/image/node/18.1.0/bin/node", None),
            (".asdf/installs/nodejs/18.1.0/bin/node", None),
            ("m/installs/node/18/bin/node", Some(("MISE_DATA_DIR", "m"))),
        ] {
            let found = look("Nodejs18.15", &[node("v20.1.0"), (place, "")], variable.as_slice());
            assert_eq!(found, (place.to_owned(), None));
            let found = look("Nodejs18.15", &[node("v18.3.0"), (place, "")], variable.as_slice());
            assert_eq!(found, ("bin/node".to_owned(), None), "the path's counts first");
            let found = look("Nodejs16.13", &[node("v20.1.0"), (place, "")], variable.as_slice());
            assert_eq!(found, ("bin/node".to_owned(), Some("20.1.0".into())));
        }
        let named = [node("v20.1.0"), ("bin/node18", "v18.0.0")];
        assert_eq!(look("Nodejs18.15", &named, &[]), ("bin/node18".to_owned(), None));
        let several = [".nvm/versions/node/v18.9.0/bin/node", ".nvm/versions/node/v18.20.4/bin/node"];
        assert_eq!(look("Nodejs18.15", &several.map(|it| (it, "")), &[]), (several[1].to_owned(), None));
        assert_eq!(
            look("Nodejs18.15", &[], &[]),
            ("node".to_owned(), None),
            "the system says that it is not there"
        );
    }

    #[test]
    fn pythons_minor_number_counts_and_an_empty_stand_in_is_passed_over() {
        let usual = ("bin/python3", "Python 3.11.7");
        let pyenv = (".pyenv/versions/3.9.18/bin/python3", "");
        assert_eq!(look("Python3.11", &[usual], &[]), ("bin/python3".to_owned(), None));
        assert_eq!(
            look("Python3.9", &[usual, ("bin/python3.9", "no version")], &[]),
            ("bin/python3".to_owned(), Some("3.11.7".into()))
        );
        assert_eq!(look("Python3.9", &[usual, pyenv], &[]), (pyenv.0.to_owned(), None));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_never_tells_its_version_is_passed_over() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().expect("a home");
        let machine = Machine {
            variables: [("PATH".to_owned(), std::env::var("PATH").unwrap_or_default())].into(),
            folder: home.path().to_owned(),
        };
        for (script, expected) in [("echo Python 3.11.7", Some(vec![3, 11, 7])), ("exec sleep 600", None)] {
            let program = home.path().join("python3");
            std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("its mode");
            let limit = if expected.is_some() { PATIENCE } else { LOOK };
            assert_eq!(machine.version_of(&program, limit), expected, "{script}");
        }
    }

    #[test]
    fn a_real_place_tells_the_version() {
        let home = tempfile::tempdir().expect("a home");
        for (path, expected) in [
            ("node/v18.20.4/bin/node", Some(vec![18, 20, 4])),
            ("python/3.11.7/bin/python3", Some(vec![3, 11, 7])),
            ("shims/python3.11", None),
            ("project-1.2/bin/node", None),
        ] {
            let program = home.path().join(path);
            staged::write(home.path(), &[(path, "")]);
            assert_eq!(placed(&program), expected, "{path}");
        }
    }
}
