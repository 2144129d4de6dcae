//! Functions that were deployed: `NAME/{code/, package.zip, spec.json}` in the data folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use zip::ZipArchive;

use crate::error::{Error, Kind, Result};
use crate::model::clock::Millis;
use crate::model::function::FunctionSpec;
use crate::model::name::FunctionName;
use crate::model::trigger::Trigger;
use crate::project::fingerprint::sha256;
use crate::project::state;
use crate::text;

/// What a package may hold unpacked: the platform's limit.
const UNPACKED_LIMIT: u64 = 500 << 20;

/// The folder of deployed functions.
#[derive(Debug, Clone)]
pub(super) struct Deployed {
    root: PathBuf,
}

/// A function as it was deployed.
#[derive(Debug, Clone)]
pub(super) struct Copy {
    pub spec: FunctionSpec,
    /// Where the code is; `None` when only settings were deployed, for code in the project.
    pub code: Option<PathBuf>,
    pub code_size: u64,
    pub code_sha256: Option<String>,
    pub added: Millis,
    pub modified: Millis,
    /// When it was written by the machine's clock, to compare with times of files.
    pub written: SystemTime,
}

/// `spec.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    name: FunctionName,
    handler: String,
    runtime: String,
    /// In seconds.
    timeout: u64,
    memory: u32,
    variables: BTreeMap<String, String>,
    triggers: Vec<Trigger>,
    install_dependencies: bool,
    openapi: Vec<String>,
    code_size: u64,
    code_sha256: Option<String>,
    added: Millis,
    modified: Millis,
}

impl Deployed {
    pub fn new(root: PathBuf) -> Self {
        Deployed { root }
    }

    /// Returns every deployed function; a folder that cannot be read comes back as an error beside the others.
    pub fn all(&self) -> (Vec<Copy>, Vec<Error>) {
        let Ok(entries) = fs::read_dir(&self.root) else { return Default::default() };
        let folders =
            entries.flatten().map(|entry| entry.path()).filter(|folder| folder.join("spec.json").is_file());
        let (mut copies, mut errors) = (Vec::new(), Vec::new());
        for folder in folders {
            match read(&folder) {
                Ok(copy) => copies.push(copy),
                Err(error) => errors.push(damaged(&folder, &error)),
            }
        }
        (copies, errors)
    }

    /// Writes a function down: the code first, so that settings never stand without it.
    pub fn put(&self, spec: &FunctionSpec, package: Option<&[u8]>, now: Millis) -> Result<()> {
        let name = &spec.name;
        let folder = self.root.join(name.as_str());
        let failed = |error: &io::Error| {
            Error::new(
                Kind::Failed,
                text! { en: "could not store function `{name}`", zh: "无法保存云函数 `{name}`" },
            )
            .source(error)
        };
        fs::create_dir_all(&folder).map_err(|error| failed(&error))?;
        let before = read(&folder).ok();
        let (mut code_size, mut code_sha256) =
            before.as_ref().map(|copy| (copy.code_size, copy.code_sha256.clone())).unwrap_or_default();
        if let Some(package) = package {
            let fresh = folder.join("code.new");
            // What an interrupted deploy left; unpacking tells if it could not be removed.
            let _ = fs::remove_dir_all(&fresh);
            if let Err(error) = unpack(package, &fresh, UNPACKED_LIMIT) {
                // The next deploy tries again.
                let _ = fs::remove_dir_all(&fresh);
                return Err(error);
            }
            replace(&fresh, &folder.join("code"))
                .and_then(|()| fs::write(folder.join("package.zip"), package))
                .map_err(|error| failed(&error))?;
            code_size = package.len() as u64;
            code_sha256 = Some(sha256(package));
        }
        let added = before.map_or(now, |copy| copy.added);
        write(&folder, &Written::new(spec, code_size, code_sha256, added, now))
            .map_err(|error| failed(&error))
    }

    /// Returns the package as it was deployed.
    pub fn package(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.root.join(name).join("package.zip"))
    }

    /// Forgets a function.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.root.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Written {
    fn new(
        spec: &FunctionSpec,
        code_size: u64,
        code_sha256: Option<String>,
        added: Millis,
        modified: Millis,
    ) -> Self {
        let FunctionSpec {
            name,
            handler,
            runtime,
            timeout,
            memory,
            variables,
            triggers,
            install_dependencies,
            openapi,
        } = spec.clone();
        let timeout = timeout.as_secs();
        Written {
            name,
            handler,
            runtime,
            timeout,
            memory,
            variables,
            triggers,
            install_dependencies,
            openapi,
            code_size,
            code_sha256,
            added,
            modified,
        }
    }

    fn spec(self) -> FunctionSpec {
        let Written { name, handler, runtime, timeout, memory, variables, triggers, .. } = self;
        let Written { install_dependencies, openapi, .. } = self;
        let timeout = Duration::from_secs(timeout);
        FunctionSpec {
            name,
            handler,
            runtime,
            timeout,
            memory,
            variables,
            triggers,
            install_dependencies,
            openapi,
        }
    }
}

/// Lends a copy that brought no `node_modules` those of its folder in the project. Node looks there before it looks into
/// the folders above, which may hold other versions.
///
/// Where links are not allowed (some Windows machines), `NODE_PATH` still leads there, after the folders above.
pub(super) fn lend(code: &Path, modules: &Path) {
    let place = code.join("node_modules");
    match fs::read_link(&place) {
        Ok(lent) if lent == modules => return,
        Ok(_) => drop(fs::remove_file(&place)),
        Err(_) if place.exists() => return,
        Err(_) => {}
    }
    #[cfg(unix)]
    let _ = std::os::unix::fs::symlink(modules, place);
    #[cfg(windows)]
    let _ = std::os::windows::fs::symlink_dir(modules, place);
}

fn read(folder: &Path) -> io::Result<Copy> {
    let path = folder.join("spec.json");
    let written: Written = serde_json::from_slice(&fs::read(&path)?)?;
    let code = Some(folder.join("code")).filter(|code| code.is_dir());
    Ok(Copy {
        code,
        code_size: written.code_size,
        code_sha256: written.code_sha256.clone(),
        added: written.added,
        modified: written.modified,
        written: fs::metadata(&path)?.modified()?,
        spec: written.spec(),
    })
}

/// Writes `spec.json` whole or not at all. It may hold secrets, so it is the user's alone.
fn write(folder: &Path, written: &Written) -> io::Result<()> {
    state::replace(&folder.join("spec.json"), &serde_json::to_vec_pretty(written)?)
}

fn replace(fresh: &Path, place: &Path) -> io::Result<()> {
    let old = place.with_extension("old");
    // There is hardly one; if it stays, moving the present code there fails and tells.
    let _ = fs::remove_dir_all(&old);
    if place.exists() {
        fs::rename(place, &old)?;
    }
    fs::rename(fresh, place)?;
    // The new code is in its place; what is left of the old only takes room.
    let _ = fs::remove_dir_all(&old);
    Ok(())
}

/// Unpacks a zip of at most `room` bytes; a path that would leave the folder refuses all of it.
fn unpack(package: &[u8], folder: &Path, mut room: u64) -> Result<()> {
    let refused = |message| Error::new(Kind::Failed, message).code("InvalidParameterValue.ZipFile");
    let unreadable = |error: &(dyn std::error::Error + 'static)| {
        refused(text! { en: "the package cannot be unpacked", zh: "代码包无法解压" }).source(error)
    };
    let mut archive = ZipArchive::new(Cursor::new(package)).map_err(|error| unreadable(&error))?;
    fs::create_dir_all(folder).map_err(|error| unreadable(&error))?;
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).map_err(|error| unreadable(&error))?;
        let name = file.name().map(|name| name.into_owned()).map_err(|error| unreadable(&error))?;
        let Some(path) = file.enclosed_name().filter(|_| !file.is_symlink()) else {
            return Err(refused(text! {
                en: "the package holds `{name}`, which leads out of its folder",
                zh: "代码包中的 `{name}` 指向目录之外"
            }));
        };
        let target = folder.join(path);
        let written = if file.is_dir() {
            fs::create_dir_all(&target).map(|()| 0)
        } else {
            // The size a package declares is only a claim: what is written counts.
            let is_program = file.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
            let written = write_file(&target, &mut io::Read::take(&mut file, room + 1));
            if is_program {
                written.and_then(|size| make_executable(&target).map(|()| size))
            } else {
                written
            }
        };
        let written = written.map_err(|error| unreadable(&error))?;
        room = room.checked_sub(written).ok_or_else(|| {
            refused(text! { en: "the package is over 500 MB unpacked", zh: "代码包解压后超过 500 MB" })
        })?;
    }
    Ok(())
}

/// Writes a file and returns how many bytes it has.
fn write_file(target: &Path, source: &mut impl io::Read) -> io::Result<u64> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    io::copy(source, &mut fs::File::create(target)?)
}

#[cfg(unix)]
fn make_executable(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_file: &Path) -> io::Result<()> {
    Ok(())
}

fn damaged(folder: &Path, error: &io::Error) -> Error {
    let shown = folder.display();
    Error::new(
        Kind::Failed,
        text! { en: "the deployed function in `{shown}` is damaged", zh: "`{shown}` 中的已部署云函数已损坏" },
    )
    .source(error)
    .hint(text! { en: "deploy it again, or delete that folder", zh: "请重新部署，或删除该目录" })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn package(files: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            writer.start_file(*name, SimpleFileOptions::default()).expect("a new entry");
            writer.write_all(text.as_bytes()).expect("memory takes it");
        }
        writer.finish().expect("a whole zip").into_inner()
    }

    fn spec() -> FunctionSpec {
        let mut spec = FunctionSpec::new("login".parse().expect("a good name"));
        spec.variables.insert("KEY".into(), "value".into());
        spec.triggers.push(Trigger { name: "daily".into(), cron: "0 0 2 * * * *".into() });
        spec
    }

    #[test]
    fn a_deployed_function_is_read_back_as_it_was_put() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let deployed = Deployed::new(root.path().into());
        let zip = package(&[("index.js", "1"), ("lib/a.js", "2")]);
        deployed.put(&spec(), Some(&zip), 5).expect("a good package");
        let mut changed = spec();
        changed.timeout = Duration::from_secs(20);
        deployed.put(&changed, None, 7).expect("settings alone");
        let (copies, errors) = deployed.all();
        assert!(errors.is_empty(), "{errors:?}");
        let [copy] = &copies[..] else { panic!("one function, not {copies:?}") };
        assert_eq!(copy.spec, changed);
        assert_eq!((copy.added, copy.modified, copy.code_size), (5, 7, zip.len() as u64));
        assert_eq!(copy.code_sha256, Some(sha256(&zip)));
        let code = copy.code.as_deref().expect("the code is there");
        assert_eq!(fs::read_to_string(code.join("lib/a.js")).expect("unpacked"), "2");
        assert_eq!(deployed.package("login").expect("kept"), zip);
        deployed.remove("login").expect("it can go");
        assert!(deployed.all().0.is_empty());
    }

    #[test]
    fn the_files_of_a_package_have_room_together() {
        let zip = package(&[("a.js", "12"), ("b.js", "34")]);
        for (room, fits) in [(4, true), (3, false), (1, false)] {
            let root = tempfile::tempdir().expect("a temporary folder");
            assert_eq!(unpack(&zip, root.path(), room).is_ok(), fits, "{room}");
        }
    }

    #[test]
    fn a_package_that_leads_out_of_its_folder_is_refused_whole() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let deployed = Deployed::new(root.path().join("functions"));
        for bad in ["../evil.js", "a/../../../evil.js"] {
            let zip = package(&[("index.js", "1"), (bad, "2")]);
            let refused = deployed.put(&spec(), Some(&zip), 0).expect_err(bad);
            assert!(refused.to_string().contains(bad), "{refused}");
            assert!(deployed.all().0.is_empty(), "nothing is half deployed");
        }
        assert!(deployed.put(&spec(), Some(b"not a zip"), 0).is_err());
    }
}
