//! New projects from templates: plain files in `templates/`, embedded in the binary, so that `init` needs no network.

#[cfg(test)]
mod tests;
mod write;

pub mod mini_program;

use include_dir::{Dir, include_dir};

use crate::error::{Error, Kind, Result};
use crate::model::name::{did_you_mean, suggestion};
use crate::model::text::Text;
use crate::text;

pub use write::{add, write};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Describes a template; it stays out of the projects made from it.
const DESCRIPTION: &str = "template.toml";

/// The app id that DevTools gives a project without one.
const TOURIST_APP_ID: &str = "touristappid";

/// A template of the catalogue.
#[derive(Debug, Clone)]
pub struct Template {
    pub name: &'static str,
    pub description: Text,
    folder: &'static Dir<'static>,
    /// The folder of the mini program, and the one of its tests.
    mini_program: Option<String>,
    tests: Option<String>,
}

/// What a template is filled with.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// The project's name, as [`project_name`] allows it.
    pub name: String,
    pub app_id: Option<String>,
}

/// A file to be written, relative to the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Parts joined by `/`.
    pub path: String,
    pub bytes: Vec<u8>,
}

/// Returns every template, by name.
pub fn catalogue() -> Vec<Template> {
    let mut templates: Vec<Template> = TEMPLATES.dirs().filter_map(open).collect();
    templates.sort_by_key(|template| template.name);
    templates
}

/// Returns the template of that name.
pub fn find(name: &str) -> Result<Template> {
    let templates = catalogue();
    let names: Vec<&str> = templates.iter().map(|template| template.name).collect();
    let listed = names.join("`, `");
    let error = || {
        let error = Error::new(
            Kind::NotFound,
            text! { en: "there is no template `{name}`", zh: "没有名为 `{name}` 的模板" },
        );
        match did_you_mean(name, names.iter().copied()) {
            Some(meant) => error.hint(suggestion(meant)),
            None => error.hint(text! { en: "the templates are `{listed}`", zh: "现有模板：`{listed}`" }),
        }
    };
    templates.iter().find(|template| template.name == name).cloned().ok_or_else(error)
}

fn open(folder: &'static Dir<'static>) -> Option<Template> {
    let name = folder.path().to_str()?;
    let said: toml_edit::DocumentMut =
        folder.get_file(folder.path().join(DESCRIPTION))?.contents_utf8()?.parse().ok()?;
    let text = |key: &str| said.get(key).and_then(|text| text.as_str()).map(str::to_owned);
    let words = |key: &str| text(key).unwrap_or_default();
    let description = Text { en: words("en"), zh: words("zh") };
    Some(Template { name, description, folder, mini_program: text("mini-program"), tests: text("tests") })
}

impl Template {
    /// Returns the files of a project made from this template.
    pub fn render(&self, parameters: &Parameters) -> Vec<File> {
        let mut files = Vec::new();
        collect(self.folder, &mut files);
        let root = self.folder.path();
        let files = files.into_iter().filter_map(|file| {
            let path = file.path().strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
            let bytes = fill(file.contents(), parameters);
            (path != DESCRIPTION).then_some(File { path, bytes })
        });
        let shim = self.mini_program.as_deref().map(mini_program::shim).into_iter().flatten();
        files.chain(shim).chain(self.tests.as_deref().map(mini_program::stand_in)).collect()
    }
}

fn collect(folder: &'static Dir<'static>, files: &mut Vec<&'static include_dir::File<'static>>) {
    files.extend(folder.files());
    folder.dirs().for_each(|folder| collect(folder, files));
}

/// Fills `{{name}}` and `{{app_id}}`; bytes that are not text stay as they are.
fn fill(bytes: &[u8], parameters: &Parameters) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    let app_id = parameters.app_id.as_deref().unwrap_or(TOURIST_APP_ID);
    text.replace("{{name}}", &parameters.name).replace("{{app_id}}", app_id).into_bytes()
}

/// Turns a folder's name into a project's: lower-case letters, digits, `-` and `_`, as npm wants it.
pub fn project_name(folder: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
    let name: String = folder.chars().map(allowed).collect();
    match name.trim_matches(['-', '_']) {
        "" => "garden".to_owned(),
        name => name.to_owned(),
    }
}
