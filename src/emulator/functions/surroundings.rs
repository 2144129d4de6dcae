//! What a process finds around it: the files it is started with and its environment variables.
//! See `docs/wire.md#process-variables`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::emulator::authority;
use crate::emulator::config::{Config, Outward};
use crate::model::function::Language;

/// The credentials' third part; any text does, and it comes back as `sessionToken`.
const SESSION_TOKEN: &str = "local";

/// The programs of function processes and the preload, written out for Node and Python to read.
#[derive(Debug, Clone)]
pub struct Scripts {
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
            node: write("bootstrap.cjs", include_str!("bootstrap.cjs"))?,
            python: write("bootstrap.py", include_str!("bootstrap.py"))?,
            preload: write("preload.cjs", include_str!("preload.cjs"))?,
            compiled: folder.join("compiled"),
        })
    }

    /// Returns what an interpreter is started with; `memory` in megabytes, where it is limited.
    pub(super) fn arguments(&self, language: Language, memory: Option<u32>) -> Vec<OsString> {
        match language {
            Language::Node => {
                let heap = memory.map(|memory| format!("--max-old-space-size={memory}").into());
                heap.into_iter().chain([self.node.clone().into()]).collect()
            }
            Language::Python => {
                let mut compiled = OsString::from("pycache_prefix=");
                compiled.push(&self.compiled);
                // Text is UTF-8 whatever the machine's language, as on the platform.
                let options = ["-X".into(), "utf8".into(), "-X".into(), compiled];
                options.into_iter().chain([self.python.clone().into()]).collect()
            }
        }
    }
}

/// Returns the variables that bring a program to the emulator at `url`: those of the child of
/// `emulate -- CMD`. `node_options` is the value that `NODE_OPTIONS` had.
pub fn child_environment(
    config: &Config,
    url: &str,
    scripts: &Scripts,
    node_options: Option<&str>,
) -> Vec<(String, String)> {
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
        ("NODE_OPTIONS", &with_preload(node_options, &scripts.preload)),
    ];
    let offline = (config.outward == Outward::Refused).then_some(("CLOUDKIT_OFFLINE", "1"));
    let https = url.replacen("http:", "https:", 1);
    let https = config.https.as_ref().map(|_| ("CLOUDKIT_HTTPS_URL", https.as_str()));
    let variables = variables.into_iter().chain(offline).chain(https);
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    variables.chain(proxy(config, url)).chain(trust(config)).collect()
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

/// Returns every variable of a function process: `own` are the function's, the latter stronger; `modules` are where it
/// finds what its own `node_modules` lack. Of the machine's variables it has those that programs need to run, as on the
/// platform; the rest would work here and be missing there.
pub(super) fn function_environment(
    config: &Config,
    url: &str,
    scripts: &Scripts,
    own: [&BTreeMap<String, String>; 2],
    modules: &[String],
) -> BTreeMap<String, String> {
    let inherited = config.inherited.iter().filter(|(name, _)| is_inherited(name)).cloned();
    let mut variables: BTreeMap<String, String> = inherited.collect();
    // The platform's machines are in UTC; a function that wants another zone sets `TZ` here and there.
    variables.insert("TZ".into(), "UTC".into());
    own.into_iter().for_each(|own| variables.extend(own.clone()));
    let node_options = variables.get("NODE_OPTIONS").cloned();
    variables.extend(child_environment(config, url, scripts, node_options.as_deref()));
    let mut set = |name: &str, value: &str| variables.insert(name.into(), value.into());
    set("TENCENTCLOUD_RUNENV", "SCF");
    set("TENCENTCLOUD_SESSIONTOKEN", SESSION_TOKEN);
    set("SCF_NAMESPACE", config.env_id.as_str());
    set("_SCF_TCB_LOG", "1");
    let own_path = variables.get("NODE_PATH").cloned();
    let path = own_path.iter().chain(modules).map(String::as_str).collect::<Vec<_>>();
    variables.insert("NODE_PATH".into(), path.join(if cfg!(windows) { ";" } else { ":" }));
    variables
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
