//! What a process finds around it: the files it is started with and its environment variables.
//! See `docs/wire.md#process-variables`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::registry::Wanted;
use super::{Origin, Registered, wire};
use crate::emulator::authority;
use crate::emulator::config::{Config, Outward};
use crate::model::function::Language;

/// What runs a function in Node: one text, because each file that is loaded costs a start time.
const BOOTSTRAP: &str = concat!(
    include_str!("bootstrap.cjs"),
    include_str!("bootstrap/speaking.cjs"),
    include_str!("bootstrap/memory.cjs"),
    include_str!("bootstrap/output.cjs"),
    include_str!("bootstrap/work.cjs"),
    include_str!("bootstrap/files.cjs"),
    include_str!("bootstrap/listening.cjs"),
);

/// The credentials' third part; any text does, and it comes back as `sessionToken`.
const SESSION_TOKEN: &str = "local";

/// What the processes of all functions have around them.
pub(super) struct Surroundings {
    config: Arc<Config>,
    url: String,
    scripts: Scripts,
}

impl Surroundings {
    /// Writes the programs; the emulator is at `url`.
    pub fn make(config: Arc<Config>, url: String) -> io::Result<Self> {
        let scripts = Scripts::write(&config.data)?;
        Ok(Surroundings { config, url, scripts })
    }

    /// Returns the `node_modules` that all functions share.
    pub fn shared_modules(&self) -> impl Iterator<Item = PathBuf> {
        let root = self.config.project.root.join("node_modules");
        [root].into_iter().chain(self.config.shared_modules.clone())
    }

    /// Returns where a function finds its modules: its own folder of them, then those that all share.
    fn modules(&self, wanted: &Wanted) -> Vec<String> {
        wanted.modules.iter().cloned().chain(self.shared_modules()).map(text_of).collect()
    }

    /// Returns the first frame for a process of a function.
    pub fn settings(&self, wanted: &Wanted) -> Vec<u8> {
        let Registered { spec, folder, origin, .. } = &wanted.registered;
        let is_copy = *origin == Origin::Deployed;
        let source = wanted.modules.as_deref().filter(|_| is_copy).and_then(Path::parent).map(text_of);
        wire::settings(&wire::Settings {
            name: spec.name.as_str(),
            folder: &text_of(folder),
            handler: &spec.handler,
            time_limit: spec.timeout.as_millis() as u64,
            memory: spec.memory,
            env_id: self.config.env_id.as_str(),
            region: &self.config.region,
            modules: &self.modules(wanted),
            source: source.as_deref(),
        })
    }

    /// Returns what an interpreter is started with; `memory` in megabytes, where it is limited.
    pub fn arguments(&self, language: Language, memory: Option<u32>) -> Vec<OsString> {
        match language {
            Language::Node => {
                let heap = memory.map(|memory| format!("--max-old-space-size={memory}").into());
                heap.into_iter().chain([self.scripts.node.clone().into()]).collect()
            }
            Language::Python => {
                let mut compiled = OsString::from("pycache_prefix=");
                compiled.push(&self.scripts.compiled);
                // Text is UTF-8 whatever the machine's language, as on the platform.
                let options = ["-X".into(), "utf8".into(), "-X".into(), compiled];
                options.into_iter().chain([self.scripts.python.clone().into()]).collect()
            }
        }
    }

    /// Returns the variables that bring a program to the emulator: those of the child of `emulate -- CMD`. `node_options` is
    /// the value that `NODE_OPTIONS` had.
    pub fn child_environment(&self, node_options: Option<&str>) -> Vec<(String, String)> {
        let (config, url) = (&*self.config, self.url.as_str());
        let admin = json!({ "URL": format!("{url}/admin") }).to_string();
        let variables = [
            ("CLOUDKIT_EMULATOR_URL", url),
            ("CLOUDKIT_ENV", "local"),
            ("CLOUDKIT_ENV_ID", config.env_id.as_str()),
            ("TENCENTCLOUD_SECRETID", &config.secret_id),
            ("TENCENTCLOUD_SECRETKEY", &config.secret_key),
            ("TENCENTCLOUD_REGION", &config.region),
            ("TCB_CONTEXT_CNFG", &admin),
            // What `DYNAMIC_CURRENT_ENV` stands for outside a function (`docs/wire.md#process-variables`).
            ("SCF_NAMESPACE", config.env_id.as_str()),
            ("NODE_OPTIONS", &with_preload(node_options, &self.scripts.preload)),
        ];
        let offline = (config.outward == Outward::Refused).then_some(("CLOUDKIT_OFFLINE", "1"));
        let https = url.replacen("http:", "https:", 1);
        let https = config.https.as_ref().map(|_| ("CLOUDKIT_HTTPS_URL", https.as_str()));
        let variables = variables.into_iter().chain(offline).chain(https);
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        variables.chain(proxy(config, url)).chain(trust(config)).collect()
    }

    /// Returns every variable of a process of a function. Of the machine's it has those that programs need to run, as on the
    /// platform; the rest would work here and be missing there.
    pub fn environment(&self, wanted: &Wanted) -> BTreeMap<String, String> {
        let inherited = self.config.inherited.iter().filter(|(name, _)| is_inherited(name)).cloned();
        let mut variables: BTreeMap<String, String> = inherited.collect();
        // The platform's machines are in UTC; a function that wants another zone sets `TZ` here and there.
        variables.insert("TZ".into(), "UTC".into());
        // The latter are stronger.
        let own = [&wanted.local_variables, &wanted.registered.spec.variables];
        own.into_iter().for_each(|own| variables.extend(own.clone()));
        let node_options = variables.get("NODE_OPTIONS").cloned();
        variables.extend(self.child_environment(node_options.as_deref()));
        let mut set = |name: &str, value: &str| variables.insert(name.into(), value.into());
        set("TENCENTCLOUD_RUNENV", "SCF");
        set("TENCENTCLOUD_SESSIONTOKEN", SESSION_TOKEN);
        set("SCF_NAMESPACE", self.config.env_id.as_str());
        set("_SCF_TCB_LOG", "1");
        let modules = self.modules(wanted);
        let own_path = variables.get("NODE_PATH").cloned();
        let path = own_path.iter().chain(&modules).map(String::as_str).collect::<Vec<_>>();
        variables.insert("NODE_PATH".into(), path.join(if cfg!(windows) { ";" } else { ":" }));
        variables
    }
}

fn text_of(path: impl AsRef<Path>) -> String {
    path.as_ref().to_string_lossy().into_owned()
}

/// The programs of function processes and the preload, written out for Node and Python to read.
struct Scripts {
    node: PathBuf,
    python: PathBuf,
    preload: PathBuf,
    /// Where Python keeps what it compiled: not in the folders of functions.
    compiled: PathBuf,
}

impl Scripts {
    /// Writes all into `runtime/` of the data folder.
    pub fn write(data: &Path) -> io::Result<Self> {
        let folder = std::path::absolute(data)?.join("runtime");
        std::fs::create_dir_all(&folder)?;
        let write = |name: &str, text: &str| {
            let file = folder.join(name);
            std::fs::write(&file, text).map(|()| file)
        };
        // What the bootstraps load when the clock was moved, and for calls of hosts outside.
        write("clock.cjs", include_str!("clock.cjs"))?;
        write("clock.py", include_str!("clock.py"))?;
        write("outside.cjs", include_str!("outside.cjs"))?;
        write("outside.py", include_str!("outside.py"))?;
        Ok(Scripts {
            node: write("bootstrap.cjs", BOOTSTRAP)?,
            python: write("bootstrap.py", include_str!("bootstrap.py"))?,
            preload: write("preload.cjs", include_str!("preload.cjs"))?,
            compiled: folder.join("compiled"),
        })
    }
}

/// Returns the variables that send programs through the emulator as their proxy. Programs differ in which spelling they read.
fn proxy(config: &Config, url: &str) -> impl Iterator<Item = (String, String)> {
    let home = "127.0.0.1,localhost,.localhost,::1";
    let variables = [("http_proxy", url), ("https_proxy", url), ("no_proxy", home)];
    let variables = config.intercept.is_some().then_some(variables).into_iter().flatten();
    variables.flat_map(|(name, value)| {
        [(name.to_owned(), value.to_owned()), (name.to_uppercase(), value.to_owned())]
    })
}

/// Returns the variables that have programs trust the emulator's authority.
fn trust(config: &Config) -> impl Iterator<Item = (String, String)> {
    let variables = config.intercept.as_deref().or(config.https.as_deref()).map(|folder| {
        let trusted = authority::bundle(folder);
        [
            ("NODE_EXTRA_CA_CERTS", authority::beside_node(folder)),
            ("SSL_CERT_FILE", trusted.clone()),
            ("REQUESTS_CA_BUNDLE", trusted.clone()),
            // curl looks here first.
            ("CURL_CA_BUNDLE", trusted),
        ]
    });
    variables.into_iter().flatten().map(|(name, file)| (name.to_owned(), file.display().to_string()))
}

/// Adds the preload to the user's own options; Node reads a quoted path with backslashes before quotes.
fn with_preload(node_options: Option<&str>, preload: &Path) -> String {
    let path = preload.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
    match node_options.map(str::trim).filter(|options| !options.is_empty()) {
        Some(options) => format!("{options} --require=\"{path}\""),
        None => format!("--require=\"{path}\""),
    }
}

/// Tells whether a variable of the machine is one that programs need to run: where things are, the language, the way
/// out. `http_proxy` is not among them: it would lead the older SDKs' requests to the emulator elsewhere.
fn is_inherited(name: &str) -> bool {
    const NAMES: [&str; 26] = [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "TMPDIR",
        "NODE_OPTIONS",
        "NODE_PATH",
        "NODE_EXTRA_CA_CERTS",
        "PYTHONPATH",
        "VIRTUAL_ENV",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTPS_PROXY",
        "NO_PROXY",
        "LD_LIBRARY_PATH",
        // Windows.
        "SYSTEMROOT",
        "WINDIR",
        "COMSPEC",
        "PATHEXT",
        "TEMP",
        "TMP",
        "USERPROFILE",
        "APPDATA",
    ];
    name.starts_with("LC_") || NAMES.iter().any(|it| it.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preload_is_added_to_the_users_node_options() {
        let preload = Path::new("/a b/pre\"load.cjs");
        assert_eq!(with_preload(None, preload), r#"--require="/a b/pre\"load.cjs""#);
        assert_eq!(
            with_preload(Some("--trace-warnings "), Path::new("/p.cjs")),
            r#"--trace-warnings --require="/p.cjs""#
        );
    }

    #[test]
    fn a_function_inherits_what_programs_need_and_nothing_else() {
        for name in ["PATH", "HOME", "LANG", "LC_ALL", "https_proxy", "Path"] {
            assert!(is_inherited(name), "{name}");
        }
        for name in ["TENCENTCLOUD_SECRETID", "TCB_ENV", "WX_OPENID", "HTTP_PROXY", "TZ", "MY_SECRET"] {
            assert!(!is_inherited(name), "{name}");
        }
    }
}
