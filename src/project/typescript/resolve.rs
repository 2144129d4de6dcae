//! What surrounds a TypeScript file: `tsconfig.json`, `package.json`, and the files its imports mean.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::super::json;

/// TypeScript's extensions, and those of the JavaScript they become.
pub const EXTENSIONS: [(&str, &str); 3] = [("ts", "js"), ("mts", "mjs"), ("cts", "cjs")];

/// How many files `extends` may lead through.
const MOST_BASES: usize = 16;

/// How a file is compiled.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether it stays an ES module, which the nearest `package.json` or the extension decides, as Node does.
    pub is_module: bool,
    /// `experimentalDecorators`, where it is said.
    pub decorators: Option<bool>,
    /// `emitDecoratorMetadata`, where it is said.
    pub metadata: Option<bool>,
    /// `paths`: pattern → places, each absolute.
    paths: Vec<(String, Vec<PathBuf>)>,
}

impl Settings {
    /// Reads what the nearest `tsconfig.json` and `package.json` say of a file. Broken ones say nothing: editors tell.
    pub fn of(file: &Path) -> Self {
        let is_module = match file.extension().and_then(|it| it.to_str()) {
            Some("mts") => true,
            Some("cts") => false,
            _ => nearest(file, "package.json").is_some_and(|(_, package)| package["type"] == "module"),
        };
        let mut settings = Settings { is_module, ..Settings::default() };
        let mut waiting: Vec<_> = nearest(file, "tsconfig.json").into_iter().collect();
        for _ in 0..MOST_BASES {
            let Some((path, config)) = waiting.pop() else { break };
            let folder = path.parent().unwrap_or(&path);
            settings.fill(folder, &config["compilerOptions"]);
            let bases = match &config["extends"] {
                Value::Array(bases) => bases.as_slice(),
                base => std::slice::from_ref(base),
            };
            // The last of several is the strongest, and is taken first.
            waiting.extend(bases.iter().filter_map(Value::as_str).filter_map(|base| {
                let path = base_file(folder, base)?;
                json::read(&path).ok().flatten().map(|config| (path, config))
            }));
        }
        settings
    }

    fn fill(&mut self, folder: &Path, options: &Value) {
        self.decorators = self.decorators.or_else(|| options["experimentalDecorators"].as_bool());
        self.metadata = self.metadata.or_else(|| options["emitDecoratorMetadata"].as_bool());
        if !self.paths.is_empty() {
            return;
        }
        let base = folder.join(options["baseUrl"].as_str().unwrap_or("."));
        for (pattern, places) in options["paths"].as_object().into_iter().flatten() {
            let places = places.as_array().into_iter().flatten().filter_map(Value::as_str);
            self.paths.push((pattern.clone(), places.map(|place| base.join(place)).collect()));
        }
    }

    /// Returns the TypeScript file that an import in `from` means, and how the JavaScript it becomes is imported.
    pub fn resolve(&self, from: &Path, specifier: &str) -> Option<(PathBuf, String)> {
        let folder = from.parent()?;
        let found = match specifier.starts_with("./") || specifier.starts_with("../") {
            true => typescript(&normal(&folder.join(specifier))),
            false => self.paths.iter().find_map(|(pattern, places)| {
                let matched = wildcard(pattern, specifier)?;
                let place =
                    |place: &PathBuf| PathBuf::from(place.to_string_lossy().replacen('*', matched, 1));
                places.iter().find_map(|it| typescript(&normal(&place(it))))
            }),
        }?;
        let extension = super::extension(found.file_name()?.to_str()?)?;
        Some((found.clone(), relative(folder, &found.with_extension(extension))?))
    }
}

/// Returns the file that an `extends` names: a path, or a file of a package.
fn base_file(folder: &Path, base: &str) -> Option<PathBuf> {
    let is_path = base.starts_with('.') || Path::new(base).is_absolute();
    let places: Vec<PathBuf> = match is_path {
        true => vec![normal(&folder.join(base))],
        false => folder.ancestors().map(|folder| folder.join("node_modules").join(base)).collect(),
    };
    let named = |place: &PathBuf| {
        let with_extension = PathBuf::from(format!("{}.json", place.display()));
        [place.clone(), with_extension, place.join("tsconfig.json")].into_iter().find(|path| path.is_file())
    };
    places.iter().find_map(named)
}

/// Returns what `*` in a pattern stands for.
fn wildcard<'a>(pattern: &str, specifier: &'a str) -> Option<&'a str> {
    match pattern.split_once('*') {
        Some((before, after)) => specifier.strip_prefix(before)?.strip_suffix(after),
        None => (pattern == specifier).then_some(""),
    }
}

/// Returns the TypeScript file of that path, written with or without its extension, or with JavaScript's.
fn typescript(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    if super::extension(name).is_some() && path.is_file() {
        return Some(path.to_owned());
    }
    // Where there is JavaScript of that name, Node takes it.
    if path.is_file() || path.with_file_name(format!("{name}.js")).is_file() {
        return None;
    }
    let instead = EXTENSIONS.iter().find_map(|(typescript, javascript)| {
        let stem = name.strip_suffix(&format!(".{javascript}"))?;
        Some(path.with_file_name(format!("{stem}.{typescript}")))
    });
    let added = EXTENSIONS.iter().map(|(extension, _)| path.with_file_name(format!("{name}.{extension}")));
    let index = EXTENSIONS.iter().map(|(extension, _)| path.join(format!("index.{extension}")));
    instead.into_iter().chain(added).chain(index).find(|path| path.is_file())
}

/// Reads the file of that name that is nearest above another.
fn nearest(file: &Path, name: &str) -> Option<(PathBuf, Value)> {
    let path = file.ancestors().skip(1).map(|folder| folder.join(name)).find(|path| path.is_file())?;
    let value = json::read(&path).ok().flatten()?;
    Some((path, value))
}

/// Takes `.` and `..` out of an absolute path, without a look at links.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}

/// Writes a path as an import in a folder does.
fn relative(folder: &Path, path: &Path) -> Option<String> {
    let shared = folder.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().count() - shared;
    let down: Vec<&str> =
        path.components().skip(shared).map(|it| it.as_os_str().to_str()).collect::<Option<_>>()?;
    let begin = if up == 0 { "./".to_owned() } else { "../".repeat(up) };
    Some(begin + &down.join("/"))
}
