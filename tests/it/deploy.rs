//! Deploying a project over the wire to an emulator that knows nothing of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cloudkit::cloud::credentials::Credentials;
use cloudkit::cloud::{Client, Endpoint};
use cloudkit::error::{Error, Kind};
use cloudkit::model::clock::Ids;
use cloudkit::ops::deploy::plan::Plan;
use cloudkit::ops::deploy::{self, Report, Request, Scene, State};
use cloudkit::ops::progress::Silent;
use cloudkit::ops::target::Target;
use cloudkit::project::{Options, Project};
use serde_json::json;
use tempfile::TempDir;

use super::support::emulator::Sandbox;

const MANIFEST: &str = r#"
[functions]
variables = { STAGE = "test", KEY = "$KEY" }
[functions.report]
timeout = 10
triggers = [{ name = "hourly", cron = "0 0 */1 * * * *" }]
[database.players]
permission = "ADMINONLY"
indexes = [{ keys = ["score:desc"] }, { keys = ["_openid"], unique = true }]
"#;

/// A project in one folder and an empty environment in another.
struct Stage {
    environment: Sandbox,
    project: TempDir,
}

impl Stage {
    async fn new() -> Self {
        let stage =
            Stage { environment: Sandbox::start().await, project: tempfile::tempdir().expect("a folder") };
        stage.write("cloudkit.toml", MANIFEST);
        stage.write("cloudfunctions/report/index.js", "exports.main = () => 'reported'");
        stage.write("cloudfunctions/board/index.js", "exports.main = () => []");
        stage.write("cloudfunctions/board/.env", "SECRET=stays");
        stage
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.project.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn project(&self) -> Project {
        let options = Options {
            directory: self.project.path().to_owned(),
            variables: BTreeMap::from([("KEY".into(), "secret".into())]),
            ..Options::default()
        };
        Project::load(&options).expect("a project")
    }

    fn target(&self) -> Target {
        let endpoint = Endpoint {
            emulator: Some(self.environment.emulator.url().to_owned()),
            env_id: "local".into(),
            region: "ap-shanghai".into(),
        };
        let credentials =
            Credentials { secret_id: "AKIDlocal".into(), secret_key: "localkey".into(), token: None };
        let clock = self.environment.clock.clone();
        let client = Client::new(endpoint, credentials, clock, Ids::counting(1)).expect("a client");
        Target::new("local".into(), false, client)
    }

    async fn plan(&self, request: &Request) -> Result<Plan, Error> {
        deploy::plan(&self.project(), &self.target(), request).await
    }

    async fn deploy_with(&self, request: &Request) -> Report {
        let (project, target) = (self.project(), self.target());
        let plan = deploy::plan(&project, &target, request).await.expect("a plan");
        let scene = Scene {
            project: &project,
            target: &target,
            progress: &Silent,
            ids: &Ids::counting(1),
            concurrency: 2,
            prune: request.prune,
        };
        deploy::apply(plan, &scene).await
    }

    async fn deploy(&self) -> Report {
        self.deploy_with(&Request::default()).await
    }
}

/// Draws a report: how each step ended, and what it was.
fn drawn(report: &Report) -> String {
    let line = |outcome: &deploy::Outcome| {
        let (step, state) = (&outcome.step, outcome.state);
        format!("{state:?} {} {} {}", step.change.sign(), step.kind.word().en, step.name)
    };
    report.steps.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn deploying_twice_uploads_nothing_the_second_time() {
    let stage = Stage::new().await;
    let first = stage.deploy().await;
    insta::assert_snapshot!(drawn(&first), @r"
    Done + collection players
    Done + permission players
    Done + index players/score_-1
    Done + index players/_openid_1
    Done + function board
    Done + function report
    Done + trigger report/hourly
    ");
    assert!(first.uploaded_bytes > 0);
    let second = stage.deploy().await;
    assert_eq!(second.uploaded_bytes, 0);
    assert!(second.steps.iter().all(|outcome| outcome.state == State::Unchanged), "{}", drawn(&second));

    // The environment says what it runs: without our own notes the answer is the same.
    fs::remove_dir_all(stage.project.path().join(".cloudkit")).expect("the notes are gone");
    assert_eq!(stage.deploy().await.uploaded_bytes, 0);

    let called = stage
        .environment
        .admin("functions.invokeFunction", json!({ "function_name": "report", "request_data": "{}" }));
    assert!(called.await.to_string().contains("reported"), "the deployed function runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_is_all_that_is_touched() {
    let stage = Stage::new().await;
    stage.deploy().await;
    let touched = |report: &Report| {
        let done = report.steps.iter().filter(|outcome| outcome.state == State::Done);
        done.map(|outcome| outcome.step.name.clone()).collect::<Vec<_>>()
    };
    stage.write("cloudfunctions/board/index.js", "exports.main = () => [1]");
    let code = stage.deploy().await;
    assert_eq!(touched(&code), ["board"]);
    assert!(code.uploaded_bytes > 0);

    let tuned = MANIFEST.replace("timeout = 10", "timeout = 11").replace("*/1", "*/2");
    stage.write("cloudkit.toml", &tuned);
    let settings = stage.deploy().await;
    assert_eq!(touched(&settings), ["report", "report/hourly"]);
    assert_eq!(settings.uploaded_bytes, 0, "settings travel without code");
    assert!(stage.plan(&Request::default()).await.expect("a plan").changes().next().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_index_is_reported_and_the_rest_is_done() {
    let stage = Stage::new().await;
    stage.write("cloudkit.toml", "[database.players]\n[database.teams]\n");
    stage.deploy().await;
    for _ in 0..2 {
        let add = json!({ "collectionName": "players", "data": ["{\"name\": \"twin\"}"] });
        stage.environment.admin("database.insertDocument", add).await;
    }
    stage.write(
        "cloudkit.toml",
        "[database.players]\nindexes = [{ keys = ['name'], unique = true }, { keys = ['score'] }]\n\
         [database.teams]\nindexes = [{ keys = ['name'] }]\n",
    );
    let report = stage.deploy().await;
    insta::assert_snapshot!(drawn(&report), @r"
    Unchanged = collection players
    Failed + index players/name_1
    Done + index players/score_1
    Unchanged = collection teams
    Done + index teams/name_1
    Unchanged = function board
    Unchanged = function report
    ");
    let failures: Vec<&Error> = report.failures().collect();
    assert_eq!(failures.len(), 1);
    assert_ne!(failures[0].kind().exit_code(), 0);
    assert!(failures[0].causes().iter().any(|cause| cause.en.contains("players/name_1")), "{}", failures[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_removes_what_the_project_does_not_have() {
    let stage = Stage::new().await;
    stage.deploy().await;
    fs::remove_dir_all(stage.project.path().join("cloudfunctions/board")).expect("removed");
    stage.write("cloudkit.toml", "[functions.report]\ntimeout = 10\n[database.players]\n");
    let kept = stage.plan(&Request::default()).await.expect("a plan");
    assert_eq!(kept.removals().count(), 0);
    assert!(kept.notes[0].en.contains("`board`"), "what is left alone is said");
    let report = stage.deploy_with(&Request { prune: true, ..Request::default() }).await;
    insta::assert_snapshot!(drawn(&report), @r"
    Unchanged = collection players
    Done - index players/score_-1
    Done ~ function report
    Done - trigger report/hourly
    Done - function board
    ");
    let left = stage.plan(&Request { prune: true, ..Request::default() }).await.expect("a plan");
    assert!(left.changes().next().is_none(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_cannot_be_deployed_is_refused_before_anything_is_done() {
    let stage = Stage::new().await;
    let named = |name: &str| Request { functions: vec![name.parse().expect("a name")], ..Request::default() };
    let refused = async |request: &Request| stage.plan(request).await.expect_err("refused");

    let unknown = refused(&named("bord")).await;
    assert_eq!((unknown.kind(), unknown.hints()[0].en.as_str()), (Kind::NotFound, "did you mean `board`?"));

    stage.write("cloudkit.toml", "[functions.report]\nvariables = { KEY = '$NOBODY' }\n");
    assert!(refused(&Request::default()).await.message().en.contains("`$NOBODY`, which nobody defines"));
    stage.write("cloudkit.toml", "[functions.report]\nvariables = { SCF_X = '1' }\n");
    assert!(refused(&Request::default()).await.message().en.contains("the platform keeps such names"));
    stage.write("cloudkit.toml", "[functions.board]\ndeploy = false\n");
    assert!(refused(&named("board")).await.message().en.contains("stays on this machine"));
    stage.write("cloudfunctions/report/config.json", r#"{"triggers": [{"name": "t", "config": "* *"}]}"#);
    assert!(refused(&Request::default()).await.message().en.contains("2 fields instead of seven"));

    let empty = tempfile::tempdir().expect("a folder");
    let project = load(empty.path());
    let nothing = deploy::plan(&project, &stage.target(), &Request::default()).await.expect_err("nothing");
    assert!(nothing.message().en.starts_with("there is nothing to deploy"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_will_not_load_is_told_with_the_place() {
    let stage = Stage::new().await;
    stage.write("cloudfunctions/board/index.js", "exports.main = () => {\n  return 1 +;\n};\n");
    let note = stage.plan(&Request::default()).await.expect("a plan").notes.remove(0).en;
    assert!(note.starts_with("function `board` will not load:\n"), "{note}");
    assert!(note.contains("board/index.js:2\n  return 1 +;\n            ^\n"), "{note}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dependencies_the_cloud_will_lack_are_told() {
    let stage = Stage::new().await;
    stage.write("cloudfunctions/board/package.json", r#"{"dependencies": {"shared": "file:../../shared"}}"#);
    let note = async || stage.plan(&Request::default()).await.expect("a plan").notes.remove(0).en;
    assert!(note().await.starts_with("function `board` depends on folders of this machine"));
    stage.write("cloudkit.toml", "[functions.board]\ninstall-dependencies = false\n");
    assert!(note().await.ends_with("which lacks `shared`: run `npm install` there first"));
}

fn load(folder: &Path) -> Project {
    Project::load(&Options { directory: folder.to_owned(), ..Options::default() }).expect("a project")
}
