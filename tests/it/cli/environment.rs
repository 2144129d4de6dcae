//! Which environment a command speaks to; `cloudkit env`, `whoami`, `doctor`.

use crate::support::cloudkit::Cloudkit;

const MANIFEST: &str = "[project]\ndefault-env = \"dev\"\n\n[env.dev]\nid = \"garden-dev\"\n\n\
                        [env.prod]\nid = \"garden-prod\"\nprotected = true\n\n[env.local]\nprotected = true\n";

#[test]
fn without_an_emulator_or_a_name_the_reader_is_told_what_to_do() {
    insta::assert_snapshot!(Cloudkit::alone(&[]).run(&["fn", "list"]), @r"
    exit 2
    --- stderr
    error: no environment is named, and no emulator is running here
    hint: start one with `cloudkit emulate`, or name an environment with `--env`
    ");
    insta::assert_snapshot!(Cloudkit::alone(&[]).run(&["fn", "list", "--env", "local"]), @r"
    exit 4
    --- stderr
    error: no emulator is running here
    hint: start it with `cloudkit emulate`, or name another environment with `--env`
    ");
    let cloudkit = Cloudkit::alone(&[("cloudkit.toml", MANIFEST)]);
    insta::assert_snapshot!(cloudkit.run(&["fn", "list"]), @r"
    exit 3
    --- stderr
    error: not logged in
    hint: run `cloudkit login`, or set `TENCENTCLOUD_SECRETID` and `TENCENTCLOUD_SECRETKEY`
    ");
    insta::assert_snapshot!(cloudkit.run(&["fn", "list", "--env", "prd"]), @r"
    exit 4
    --- stderr
    error: the manifest has no environment `prd`
    hint: did you mean `prod`?
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flag_wins_over_the_variable_and_the_variable_over_the_manifest() {
    let cloudkit = Cloudkit::serving(&[("cloudkit.toml", MANIFEST)]).await;
    let asked = |cloudkit: &Cloudkit, arguments: &[&str]| cloudkit.output(arguments).status.code();
    assert_eq!(asked(&cloudkit, &["fn", "list"]), Some(3), "dev needs a login");
    assert_eq!(asked(&cloudkit, &["fn", "list", "--env", "local"]), Some(0));
    let cloudkit = cloudkit.variable("CLOUDKIT_ENV", "local");
    assert_eq!(asked(&cloudkit, &["fn", "list"]), Some(0));
    assert_eq!(asked(&cloudkit, &["fn", "list", "--env", "dev"]), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_environment_asks_or_wants_yes() {
    let cloudkit = Cloudkit::serving(&[("cloudkit.toml", MANIFEST)]).await.variable("CLOUDKIT_ENV", "local");
    insta::assert_snapshot!(cloudkit.run(&["db", "collection", "add", "todos"]), @r"
    exit 2
    --- stderr
    target: local  [url]
    error: cannot ask without a terminal: `local` is protected. Change it?
    hint: answer with `--yes`
    ");
    insta::assert_snapshot!(cloudkit.run(&["db", "collection", "add", "todos", "--yes"]), @r"
    exit 0
    --- stdout
    ✔ Added collection `todos`
    ✔ Wrote `cloudkit.toml`
    --- stderr
    target: local  [url]
    ");
}

#[test]
fn environments_are_listed_and_chosen() {
    let cloudkit = Cloudkit::alone(&[("cloudkit.toml", MANIFEST)]);
    insta::assert_snapshot!(cloudkit.run(&["env", "list"]), @r"
    exit 0
    --- stdout
    name   id           region       status   notes
    local  -            -            stopped  protected
    dev    garden-dev   ap-shanghai  -        default
    prod   garden-prod  ap-shanghai  -        protected
    ");
    insta::assert_snapshot!(cloudkit.run(&["env", "use", "prod"]), @r"
    exit 0
    --- stdout
    ✔ Commands now speak to `prod`
    ");
    assert_eq!(cloudkit.read("cloudkit.toml"), MANIFEST.replace("\"dev\"", "\"prod\""));
    insta::assert_snapshot!(cloudkit.run(&["env", "use", "stage"]), @r"
    exit 4
    --- stderr
    error: the manifest has no environment `stage`
    hint: add `[env.stage]` with its `id` to cloudkit.toml
    ");
}

#[test]
fn credentials_of_variables_are_recognised_and_never_shown() {
    let cloudkit = Cloudkit::alone(&[]);
    insta::assert_snapshot!(cloudkit.run(&["whoami"]), @r"
    exit 3
    --- stderr
    error: not logged in
    hint: run `cloudkit login`, or set `TENCENTCLOUD_SECRETID` and `TENCENTCLOUD_SECRETKEY`
    ");
    let cloudkit = cloudkit
        .variable("TENCENTCLOUD_SECRETID", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE")
        .variable("TENCENTCLOUD_SECRETKEY", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE");
    insta::assert_snapshot!(cloudkit.run(&["whoami", "--json"]), @r#"
    exit 0
    --- stdout
    {
      "secretId": "AKID…MPLE",
      "source": "variables",
      "temporary": false
    }
    "#);
}

#[test]
fn the_doctor_tells_what_is_wrong_with_a_manifest() {
    let cloudkit = Cloudkit::alone(&[("cloudkit.toml", "[project]\nnaem = \"x\"\n")]);
    let output = cloudkit.output(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let checks: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
    let project = checks.as_array().expect("a list").iter().find(|check| check["name"] == "project").cloned();
    assert_eq!(project.expect("it is looked at")["status"], "failed");
}
