//! An emulator in this process: port 0, a temporary folder, a clock that stands still.

use std::path::Path;

use cloudkit::emulator::Emulator;
use cloudkit::emulator::config::{Config, Durability, Outward, Quota};
use cloudkit::model::clock::{Clock, Ids};
use cloudkit::project::{Options, Project};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::http::{Request, Response};

/// The time every test begins at: 2023-11-14T22:13:20Z.
pub const NOW: i64 = 1_700_000_000_000;

/// A running emulator and the folder it lives in.
pub struct Sandbox {
    pub emulator: Emulator,
    pub clock: Clock,
    /// Removed when the test ends.
    pub folder: TempDir,
}

/// Returns the settings of an emulator for a folder.
pub fn config(folder: &Path, clock: &Clock) -> Config {
    let options = Options { directory: folder.to_owned(), ..Options::default() };
    Config {
        address: [127, 0, 0, 1].into(),
        port: 0,
        env_id: "local".parse().expect("an env id"),
        region: "ap-shanghai".into(),
        app_id: "wx0000000000000000".into(),
        data: folder.join(".cloudkit/data"),
        durability: Durability::Normal,
        strict: None,
        quota: Quota::FREE,
        enforce_quota: false,
        project: Project::load(&options).expect("a folder without a manifest").into(),
        seed: None,
        outward: Outward::Open,
        intercept: None,
        https: None,
        shared_modules: None,
        secret_id: "AKIDlocal".into(),
        secret_key: "localkey".into(),
        inspect: None,
        cold_start: None,
        inherited: std::env::vars().filter(|(name, _)| name == "PATH").collect(),
        clock: clock.clone(),
        ids: Ids::default(),
    }
}

/// Returns a project of these files. Without a manifest among them its functions have time: on a busy machine what takes a
/// moment takes long.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let patient = ("cloudkit.toml", "[functions]\ntimeout = 300\n");
    for (path, text) in [&[patient], files].concat() {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

impl Sandbox {
    /// Starts an emulator in an empty folder.
    pub async fn start() -> Self {
        Self::with_files(&[]).await
    }

    /// Starts an emulator in a folder with these files.
    pub async fn with_files(files: &[(&str, &str)]) -> Self {
        let folder = folder(files);
        let clock = Clock::frozen(NOW);
        let emulator = Emulator::start(config(folder.path(), &clock)).await.expect("an emulator");
        Sandbox { emulator, clock, folder }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.emulator.url())
    }

    pub async fn get(&self, path: &str) -> Response {
        Request::new("GET", &self.url(path)).send().await
    }

    /// Sends an SDK action and returns the whole answer.
    pub async fn admin(&self, action: &str, fields: Value) -> Value {
        let mut body = json!({ "action": action, "envName": "local" });
        body.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
        let response = self.post_admin(&body.to_string()).await;
        assert_eq!(response.status, 200);
        response.json()
    }

    /// Posts a body as the SDKs do.
    pub async fn post_admin(&self, body: &str) -> Response {
        let url = self.url("/admin?env=local&seqId=1");
        Request::new("POST", &url).header("content-type", "application/json").body(body).send().await
    }
}
