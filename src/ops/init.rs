//! Starting a project: from a template, or around one that is there already.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, Kind, Result};
use crate::model::function::FunctionSpec;
use crate::model::text::Text;
use crate::project::manifest::{FILE_NAME, Manifest};
use crate::project::mini_program::{self, MiniProgram};
use crate::project::{Options, Project};
use crate::scaffold::{self, File, Parameters};
use crate::text;

/// The template that `init` takes when none is named.
pub const DEFAULT_TEMPLATE: &str = "leaderboard";

/// What was made.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    pub name: String,
    /// The folder of the project.
    pub folder: PathBuf,
    /// The files written, relative to it.
    pub files: Vec<String>,
    /// Functions that an adopted project was found to have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<String>,
    /// Where the code of an adopted mini program begins.
    #[serde(skip)]
    pub entry: Option<PathBuf>,
}

/// A template of the catalogue.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    pub name: &'static str,
    /// For programs, which read English.
    pub description: String,
    #[serde(skip)]
    pub text: Text,
}

/// Returns the catalogue.
pub fn templates() -> Vec<Listed> {
    let listed = |template: scaffold::Template| Listed {
        name: template.name,
        description: template.description.en.clone(),
        text: template.description,
    };
    scaffold::catalogue().into_iter().map(listed).collect()
}

/// Makes a project from a template in a folder that is empty or not there yet.
///
/// # Errors
/// An unknown template, or a folder with something in it.
pub fn scaffold(template: &str, folder: &Path, name: Option<&str>) -> Result<Made> {
    let template = scaffold::find(template)?;
    let named = name.or_else(|| folder.file_name()?.to_str()).unwrap_or_default();
    let name = scaffold::project_name(named);
    let files = template.render(&Parameters { name: name.clone(), app_id: None });
    scaffold::write(&files, folder)?;
    let files = files.into_iter().map(|file| file.path).collect();
    Ok(Made { name, folder: folder.to_owned(), files, functions: Vec::new(), entry: None })
}

/// Gives a WeChat or `cloudbaserc.json` project a manifest that points at what is there. Its own files stay as they
/// are, and go on being read.
///
/// # Errors
/// Nothing to adopt, or a manifest that is there already.
pub fn adopt(folder: &Path, name: Option<&str>) -> Result<Made> {
    let project = Project::load(&Options { directory: folder.to_owned(), ..Options::default() })?;
    if let Some(manifest) = &project.manifest {
        let shown = manifest.path.display();
        return Err(Error::new(
            Kind::Usage,
            text! { en: "`{shown}` exists already", zh: "`{shown}` 已经存在" },
        ));
    }
    if project.devtools.is_none() && project.cloudbaserc.is_none() && project.functions.is_empty() {
        return Err(nothing_to_adopt(folder));
    }
    let name = name.unwrap_or(project.name()).to_owned();
    let text = manifest(&project, &name);
    // What we write must read: a name from a foreign file may hold anything.
    Manifest::parse(project.root.join(FILE_NAME), text.clone())?;
    scaffold::add(&File { path: FILE_NAME.into(), bytes: text.into_bytes() }, &project.root)?;
    let mut files = vec![FILE_NAME.to_owned()];
    let mini_program = MiniProgram::find(&project);
    if let Some(mini_program) = &mini_program {
        files.extend(add_shim(mini_program, &project.root)?);
    }
    let functions = project.function_names().map(ToString::to_string).collect();
    let entry = mini_program.map(|it| it.root.join(it.entry));
    Ok(Made { name, folder: project.root.clone(), files, functions, entry })
}

/// Gives a mini program what leads its `wx.cloud` to an emulator; a folder of that name stays as it is.
fn add_shim(mini_program: &MiniProgram, root: &Path) -> Result<Vec<String>> {
    if mini_program.root.join(mini_program::FOLDER).exists() {
        return Ok(Vec::new());
    }
    let below = mini_program.root.strip_prefix(root).unwrap_or(&mini_program.root);
    let files = scaffold::mini_program::shim(&below.to_string_lossy().replace('\\', "/"));
    for file in &files {
        scaffold::add(file, root)?;
    }
    Ok(files.into_iter().map(|file| file.path).collect())
}

fn nothing_to_adopt(folder: &Path) -> Error {
    let shown = folder.display();
    Error::new(
        Kind::NotFound,
        text! { en: "there is no project to adopt in `{shown}`", zh: "`{shown}` 中没有可以接管的项目" },
    )
    .hint(text! {
        en: "a project has `project.config.json`, `cloudbaserc.json` or a folder `cloudfunctions`; `cloudkit init NAME` starts a new one",
        zh: "项目应有 `project.config.json`、`cloudbaserc.json` 或 `cloudfunctions` 目录；新建项目请用 `cloudkit init 名称`"
    })
}

/// Writes a manifest that says what the incumbent files leave open, and shows the rest as comments to build on.
fn manifest(project: &Project, name: &str) -> String {
    let quoted = |text: &str| toml_edit::Value::from(text).to_string();
    let mut lines = vec!["[project]".to_owned(), format!("name = {}", quoted(name))];
    lines.extend(project.app_id().map(|id| format!("app-id = {}", quoted(id))));
    lines.push("default-env = \"local\"".into());
    let cloudbaserc = project.cloudbaserc.as_ref();
    let env_id = cloudbaserc.and_then(|file| file.env_id.as_deref());
    match env_id.filter(|id| id.parse::<crate::model::name::EnvId>().is_ok()) {
        Some(id) => {
            lines.extend(["".into(), "[env.cloud]".into(), format!("id = {}", quoted(id))]);
            let region = cloudbaserc.and_then(|file| file.region.as_deref());
            lines.extend(region.map(|region| format!("region = {}", quoted(region))));
        }
        None => lines.extend(
            ["", "# [env.prod]", "# id = \"my-env-1a2b3c\"      # `cloudkit env list` shows yours"]
                .map(String::from),
        ),
    }
    lines.extend(["".into(), "[functions]".into()]);
    let root = project.functions_root.as_deref().and_then(|root| root.strip_prefix(&project.root).ok());
    if let Some(root) = root.and_then(|root| root.to_str()) {
        lines.push(format!("root = {}", quoted(&root.replace('\\', "/"))));
    }
    let (timeout, memory) = (FunctionSpec::TIMEOUT.as_secs(), FunctionSpec::MEMORY);
    lines.push(format!(
        "# timeout = {timeout}               # seconds; a function's own config.json goes before this"
    ));
    lines.push(format!("# memory = {memory}              # MB"));
    lines.extend(
        ["", "# [database.todos]", "# permission = \"PRIVATE\"", "# indexes = [{ keys = [\"done\"] }]", ""]
            .map(String::from),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::staged;

    fn adopted(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Made>) {
        let folder = staged::folder(files);
        let made = adopt(folder.path(), None);
        (folder, made)
    }

    #[test]
    fn a_wechat_project_gets_a_manifest_that_points_at_it() {
        let config =
            r#"{"appid": "wx12", "projectname": "云\"书架\"", "cloudfunctionRoot": "./server/"} // DevTools"#;
        let (folder, made) = adopted(&[("project.config.json", config), ("server/login/index.js", "")]);
        let made = made.expect("adopted");
        assert_eq!(made.functions, ["login"]);
        let text = std::fs::read_to_string(folder.path().join(FILE_NAME)).expect("written");
        insta::assert_snapshot!(text, @r#"
        [project]
        name = '云"书架"'
        app-id = "wx12"
        default-env = "local"

        # [env.prod]
        # id = "my-env-1a2b3c"      # `cloudkit env list` shows yours

        [functions]
        root = "server"
        # timeout = 3               # seconds; a function's own config.json goes before this
        # memory = 256              # MB

        # [database.todos]
        # permission = "PRIVATE"
        # indexes = [{ keys = ["done"] }]
        "#);
        assert_eq!(
            std::fs::read_to_string(folder.path().join("project.config.json")).expect("there"),
            config
        );
        let options = Options { directory: folder.path().to_owned(), ..Options::default() };
        let project = Project::load(&options).expect("reads");
        assert_eq!((project.name(), project.functions.len()), ("云\"书架\"", 1));
        assert!(adopt(folder.path(), None).is_err(), "a second time");
    }

    #[test]
    fn a_cloudbaserc_project_keeps_its_environment() {
        let config = r#"{"envId": "garden-1a2b", "region": "ap-guangzhou", "functions": [{"name": "a", "timeout": 9}]}"#;
        let (folder, made) = adopted(&[("cloudbaserc.json", config), ("functions/a/index.js", "")]);
        made.expect("adopted");
        let options = Options { directory: folder.path().to_owned(), ..Options::default() };
        let project = Project::load(&options).expect("reads");
        let environment = &project.manifest.as_ref().expect("a manifest").environments["cloud"];
        assert_eq!(environment.id.as_ref().map(|id| id.as_str()), Some("garden-1a2b"));
        assert_eq!(project.functions[0].spec.timeout.as_secs(), 9, "the file is still read");
    }

    #[test]
    fn an_empty_folder_is_nothing_to_adopt() {
        let (_folder, made) = adopted(&[("readme.md", "")]);
        assert_eq!(made.expect_err("nothing").kind(), Kind::NotFound);
    }
}
