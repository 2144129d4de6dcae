//! A function's package: the same files give the same bytes, on every machine and every day.
//!
//! Entries are sorted, dated 1980, and executable only when their content says so; links are replaced by what they lead
//! to. That makes "unchanged" a comparison of hashes.

use std::collections::HashSet;
use std::io::{Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::functions::Function;
use super::typescript;
use crate::error::{Error, Kind, Result};
use crate::text;

/// From this many bytes on, packing uses several threads.
const PARALLEL_FROM: u64 = 4 << 20;

/// The files that go into a package.
#[derive(Debug, Clone)]
pub struct Tree {
    files: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// Relative, joined by `/`.
    name: String,
    path: PathBuf,
    size: u64,
}

impl Entry {
    /// Returns the entry of what a TypeScript file becomes: JavaScript, unless there is some of that name already.
    fn compiled(&self, files: &[Entry]) -> Entry {
        let name = typescript::extension(&self.name)
            .filter(|_| !self.name.split('/').any(|part| part == "node_modules"))
            .and_then(|extension| Some(format!("{}.{extension}", self.name.rsplit_once('.')?.0)))
            .filter(|name| !files.iter().any(|file| file.name == *name));
        Entry { name: name.unwrap_or_else(|| self.name.clone()), ..self.clone() }
    }

    fn read(&self) -> Result<Vec<u8>> {
        let bytes = std::fs::read(&self.path).map_err(|error| unreadable(&self.path, &error))?;
        if self.path.extension() == Path::new(&self.name).extension() {
            return Ok(bytes);
        }
        let path = std::path::absolute(&self.path).map_err(|error| unreadable(&self.path, &error))?;
        let settings = typescript::Settings::of(&path);
        Ok(typescript::compile(&path, &String::from_utf8_lossy(&bytes), &settings)?.code.into_bytes())
    }
}

impl Tree {
    /// Lists a function's files. What stays out: `.git`, `.env` files, `__pycache__`, the function's `ignore` globs, and
    /// `node_modules` when the cloud installs dependencies itself.
    ///
    /// # Errors
    /// A folder that cannot be read, or a link that leaves the project: its target would be uploaded unseen.
    pub fn of(function: &Function, project: &Path) -> Result<Self> {
        let folder = &function.folder;
        let globs = globs(function)?;
        let inside = project.canonicalize().unwrap_or_else(|_| project.to_owned());
        let walk = Walk { globs, skip_modules: function.spec.install_dependencies, inside };
        let mut files = Vec::new();
        walk.enter(folder, "", &mut Vec::new(), &mut files)?;
        if typescript::is_written_in(folder, &function.spec.handler) {
            files = files.iter().map(|file| file.compiled(&files)).collect();
        }
        // Byte order of the whole name, so that `a-b` and `a/b` have one order everywhere.
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Tree { files })
    }

    /// Returns each file's name and path, in the order of the package.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (&str, &Path)> {
        self.files.iter().map(|file| (file.name.as_str(), file.path.as_path()))
    }

    /// Returns each file's name and content, in the order of the package.
    pub fn contents(&self) -> impl Iterator<Item = (&str, Result<Vec<u8>>)> {
        self.files.iter().map(|file| (file.name.as_str(), file.read()))
    }

    /// Returns the names of those files that git is told to leave alone, but for `node_modules`, and for those that
    /// `ignore` of the function asks for (`!FILE`).
    pub fn ignored_by_git(&self, function: &Function) -> Vec<&str> {
        let asked = globs(function).unwrap_or_else(|_| Gitignore::empty());
        let kept: HashSet<PathBuf> = WalkBuilder::new(&function.folder)
            .hidden(false)
            .ignore(false)
            .git_global(false)
            .git_exclude(false)
            .follow_links(true)
            .filter_entry(|entry| entry.file_name() != "node_modules")
            .build()
            .flatten()
            .map(ignore::DirEntry::into_path)
            .collect();
        let is_ignored = |file: &&Entry| {
            !kept.contains(&file.path)
                && !file.name.split('/').any(|part| part == "node_modules")
                && !asked.matched_path_or_any_parents(&file.path, false).is_whitelist()
        };
        self.files.iter().filter(is_ignored).map(|file| file.name.as_str()).collect()
    }

    /// Returns the bytes of all files together.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Returns the package as a zip, made by as many threads as are worth it.
    pub fn pack(&self) -> Result<Vec<u8>> {
        let threads = match self.size() {
            size if size >= PARALLEL_FROM => std::thread::available_parallelism().map_or(1, usize::from),
            _ => 1,
        };
        self.pack_with(threads)
    }

    fn pack_with(&self, threads: usize) -> Result<Vec<u8>> {
        let share = self.files.len().div_ceil(threads.max(1)).max(1);
        let parts: Vec<Result<Vec<u8>>> = std::thread::scope(|scope| {
            let started: Vec<_> =
                self.files.chunks(share).map(|files| scope.spawn(|| zip_files(files))).collect();
            started.into_iter().map(|thread| thread.join().expect("packing does not panic")).collect()
        });
        let mut whole = ZipWriter::new(Cursor::new(Vec::new()));
        for part in parts {
            ZipArchive::new(Cursor::new(part?))
                .and_then(|part| whole.merge_archive(part))
                .map_err(zip_failed)?;
        }
        Ok(whole.finish().map_err(zip_failed)?.into_inner())
    }
}

/// Reads `ignore` of a function.
fn globs(function: &Function) -> Result<Gitignore> {
    let mut globs = GitignoreBuilder::new(&function.folder);
    for glob in &function.ignore {
        globs.add_line(None, glob).map_err(|error| {
            let name = &function.spec.name;
            Error::new(
                Kind::Usage,
                text! { en: "`{glob}` in `ignore` of function `{name}` is not a glob", zh: "云函数 `{name}` 的 `ignore` 中 `{glob}` 不是合法的通配模式" },
            )
            .source(&error)
        })?;
    }
    Ok(globs.build().unwrap_or_else(|_| Gitignore::empty()))
}

struct Walk {
    globs: Gitignore,
    skip_modules: bool,
    /// The real folder that links may not leave.
    inside: PathBuf,
}

impl Walk {
    /// Lists a folder; `above` are the real folders on the way here, so that a link in a circle is passed over.
    fn enter(
        &self,
        folder: &Path,
        name: &str,
        above: &mut Vec<PathBuf>,
        files: &mut Vec<Entry>,
    ) -> Result<()> {
        let real = folder.canonicalize().map_err(|error| unreadable(folder, &error))?;
        if above.contains(&real) {
            return Ok(());
        }
        above.push(real);
        for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
            let path = entry.map_err(|error| unreadable(folder, &error))?.path();
            let Some(last) = path.file_name().and_then(|last| last.to_str()) else { continue };
            let name = if name.is_empty() { last.to_owned() } else { format!("{name}/{last}") };
            let metadata = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
            if self.stays_out(&path, last, metadata.is_dir()) {
                continue;
            }
            if path.is_symlink() {
                self.check_link(&path)?;
            }
            match metadata.file_type() {
                kind if kind.is_dir() => self.enter(&path, &name, above, files)?,
                kind if kind.is_file() => files.push(Entry { name, path, size: metadata.len() }),
                // A pipe, a socket or a device has nothing to deploy, and reading it may never end.
                _ => {}
            }
        }
        above.pop();
        Ok(())
    }

    fn stays_out(&self, path: &Path, last: &str, is_folder: bool) -> bool {
        let never = matches!(last, ".git" | ".DS_Store") || last == ".env" || last.starts_with(".env.");
        never
            || last == "__pycache__"
            || (self.skip_modules && last == "node_modules")
            || self.globs.matched_path_or_any_parents(path, is_folder).is_ignore()
    }

    fn check_link(&self, link: &Path) -> Result<()> {
        let target = link.canonicalize().map_err(|error| unreadable(link, &error))?;
        if target.starts_with(&self.inside) {
            return Ok(());
        }
        let (link, target) = (link.display(), target.display());
        Err(Error::new(
            Kind::Usage,
            text! { en: "`{link}` is a link out of the project, to `{target}`", zh: "`{link}` 是指向项目之外的链接：`{target}`" },
        )
        .hint(text! { en: "copy the target into the project, or add the link to `ignore`", zh: "请把目标复制到项目中，或将该链接加入 `ignore`" }))
    }
}

fn zip_files(files: &[Entry]) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        write_entry(&mut zip, &file.name, &file.read()?).map_err(zip_failed)?;
    }
    Ok(zip.finish().map_err(zip_failed)?.into_inner())
}

fn write_entry<W: Write + Seek>(
    zip: &mut ZipWriter<W>,
    name: &str,
    bytes: &[u8],
) -> zip::result::ZipResult<()> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(mode(bytes));
    zip.start_file(name, options)?;
    zip.write_all(bytes)?;
    Ok(())
}

/// Scripts and programs may be run; the folder's own modes differ between machines and say nothing on Windows.
fn mode(bytes: &[u8]) -> u32 {
    match bytes.starts_with(b"#!") || bytes.starts_with(b"\x7fELF") {
        true => 0o755,
        false => 0o644,
    }
}

/// Returns the names and contents of a package, for `fn download` and for tests.
pub fn unpack(package: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut archive = ZipArchive::new(Cursor::new(package)).map_err(zip_failed)?;
    let mut files = Vec::new();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(zip_failed)?;
        // A name that would leave the folder it is unpacked into is passed over.
        let Some(name) = entry.enclosed_name().filter(|_| entry.is_file()) else { continue };
        let name = name.to_string_lossy().replace('\\', "/");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| zip_failed(error.into()))?;
        files.push((name, bytes));
    }
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let shown = path.display();
    Error::new(Kind::Failed, text! { en: "could not read `{shown}`", zh: "无法读取 `{shown}`" }).source(error)
}

fn zip_failed(error: zip::result::ZipError) -> Error {
    Error::new(Kind::Failed, text! { en: "could not make or read a zip", zh: "无法生成或读取 zip" })
        .source(&error)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;
    use crate::model::function::FunctionSpec;
    use crate::project::staged;

    fn function(folder: &Path, files: &[(&str, &str)]) -> Function {
        staged::write(folder, files);
        Function {
            spec: FunctionSpec::new("login".parse().expect("a name")),
            folder: folder.to_owned(),
            local_variables: BTreeMap::new(),
            ignore: vec!["*.test.js".into(), "/docs".into()],
            deploy: true,
            references: Default::default(),
            undefined: Vec::new(),
            lacks_config: false,
        }
    }

    const FILES: &[(&str, &str)] = &[
        ("index.js", "exports.main = () => 1"),
        ("lib-a.js", ""),
        ("lib/a.js", "// a"),
        ("bin/run", "#!/bin/sh\n"),
        ("index.test.js", ""),
        ("docs/readme.md", ""),
        (".env", "SECRET=1"),
        (".env.local", "SECRET=1"),
        (".git/HEAD", ""),
        ("node_modules/x/index.js", ""),
        (".eslintrc", "{}"),
    ];

    fn names(function: &Function) -> Vec<String> {
        let tree = Tree::of(function, &function.folder).expect("listed");
        tree.files().map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn a_package_holds_code_and_no_secrets() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut function = function(folder.path(), FILES);
        assert_eq!(names(&function), [".eslintrc", "bin/run", "index.js", "lib-a.js", "lib/a.js"]);
        function.spec.install_dependencies = false;
        assert!(names(&function).contains(&"node_modules/x/index.js".to_owned()));
    }

    #[test]
    fn what_git_ignores_is_named() {
        let project = tempfile::tempdir().expect("a folder");
        fs::create_dir(project.path().join(".git")).expect("made");
        fs::write(project.path().join(".gitignore"), "*.secret\nnode_modules\ndist/\n").expect("written");
        let files = [
            ("index.js", ""),
            ("k.secret", ""),
            ("lib/k.secret", ""),
            ("dist/a.js", ""),
            ("node_modules/x/i.js", ""),
            (".gitignore", "local.json\n"),
            ("local.json", ""),
        ];
        let mut function = function(&project.path().join("login"), &files);
        function.spec.install_dependencies = false;
        let named = |function: &Function| {
            let tree = Tree::of(function, project.path()).expect("listed");
            tree.ignored_by_git(function).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(named(&function), ["dist/a.js", "k.secret", "lib/k.secret", "local.json"]);
        function.ignore = vec!["*.secret".into(), "!dist/".into()];
        assert_eq!(named(&function), ["local.json"]);
        fs::remove_dir(project.path().join(".git")).expect("removed");
        assert_eq!(named(&function), Vec::<String>::new(), "no repository");
    }

    #[test]
    fn the_same_files_are_the_same_bytes() {
        let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let first = Tree::of(&function(one.path(), FILES), one.path()).expect("listed");
        let backwards: Vec<_> = FILES.iter().rev().copied().collect();
        let second = Tree::of(&function(other.path(), &backwards), other.path()).expect("listed");
        let bytes = first.pack_with(1).expect("packed");
        assert_eq!(bytes, second.pack_with(1).expect("packed"));
        for threads in [2, 3, 16] {
            assert_eq!(bytes, second.pack_with(threads).expect("packed"), "{threads} threads");
        }
        fs::write(other.path().join("lib/a.js"), "// b").expect("written");
        assert_ne!(bytes, second.pack().expect("packed"));
        let files = unpack(&bytes).expect("unpacked");
        assert!(files.contains(&("lib/a.js".into(), b"// a".to_vec())));
    }

    #[test]
    fn typescript_is_packed_as_the_javascript_it_becomes() {
        let project = tempfile::tempdir().expect("a folder");
        let files = [
            ("index.ts", "import { a } from './lib/a'; export const main = (): number => a"),
            ("lib/a.ts", "export const a: number = 1"),
            ("lib/both.ts", "export {}"),
            ("lib/both.js", "// theirs"),
            ("types.d.ts", "type A = 1"),
        ];
        let function = function(project.path(), &files);
        let tree = Tree::of(&function, project.path()).expect("listed");
        let package = unpack(&tree.pack().expect("packed")).expect("unpacked");
        let names: Vec<&str> = package.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["index.js", "lib/a.js", "lib/both.js", "lib/both.ts", "types.d.ts"]);
        let index = String::from_utf8_lossy(&package[0].1).into_owned();
        assert!(index.contains(r#"require("./lib/a.js")"#) && !index.contains("number"), "{index}");
        assert_eq!(package[2].1, b"// theirs");
        fs::write(project.path().join("lib/a.ts"), "const a: = 1").expect("written");
        let error = tree.pack().expect_err("a mistake");
        assert!(error.shown_excerpt().is_some(), "{error}");
    }

    #[test]
    fn only_scripts_are_executable() {
        assert_eq!(
            [mode(b"#!/bin/sh"), mode(b"\x7fELF\x02"), mode(b"// js"), mode(b"")],
            [0o755, 0o755, 0o644, 0o644]
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_inside_the_project_only() {
        use std::os::unix::fs::symlink;
        let project = tempfile::tempdir().expect("a folder");
        fs::create_dir(project.path().join("shared")).expect("made");
        fs::write(project.path().join("shared/keys.js"), "1").expect("written");
        let function = function(&project.path().join("login"), &[("index.js", "")]);
        symlink("../shared", function.folder.join("shared")).expect("linked");
        symlink(".", function.folder.join("circle")).expect("linked");
        let list = || Tree::of(&function, project.path());
        let tree = list().expect("listed");
        assert_eq!(tree.files().map(|(name, _)| name).collect::<Vec<_>>(), ["index.js", "shared/keys.js"]);
        symlink("/etc/hostname", function.folder.join("host")).expect("linked");
        let error = list().expect_err("a link out of the project");
        assert!(error.message().en.contains("is a link out of the project"), "{error}");
        let ignoring = Function { ignore: vec!["host".into()], ..function.clone() };
        assert!(Tree::of(&ignoring, project.path()).is_ok(), "what its hint says helps");
    }
}
