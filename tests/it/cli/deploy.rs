//! `cloudkit deploy` and `cloudkit diff`.

use serde_json::json;

use crate::support::cloudkit::Cloudkit;

const FILES: &[(&str, &str)] = &[
    (
        "cloudkit.toml",
        "[env.prod]\nid = \"garden-prod\"\nprotected = true\n\n[functions.report]\n\
         triggers = [{ name = \"daily\", cron = \"0 0 2 * * * *\" }]\n\n\
         [database.players]\nindexes = [{ keys = [\"score:desc\"] }]\n",
    ),
    ("cloudfunctions/report/index.js", "exports.main = () => 1"),
    ("cloudfunctions/board/index.js", "exports.main = () => []"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_shown_applied_and_then_empty() {
    let cloudkit = Cloudkit::serving(FILES).await;
    insta::assert_snapshot!(cloudkit.run(&["diff"]), @r"
    exit 1
    --- stdout
       kind        name              what
    =  collection  players
    =  index       players/score_-1  score:desc
    ~  function    board             code, 23 B
    ~  function    report            code, 22 B
    =  trigger     report/daily      0 0 2 * * * * (every day at 02:00)
    2 changes; `cloudkit deploy` makes them
    ");
    insta::assert_snapshot!(cloudkit.run(&["deploy", "--quiet"]), @r"
    exit 0
    --- stdout
       kind      name    what
    ~  function  board   code, 23 B
    ~  function  report  code, 22 B
    ✔ 2 done, 3 unchanged, 277 B uploaded
    ");
    insta::assert_snapshot!(cloudkit.run(&["deploy"]), @r"
    exit 0
    --- stdout
    ✔ nothing to do: 5 unchanged, nothing uploaded
    --- stderr
    target: local  [url]
    ");
    insta::assert_snapshot!(cloudkit.run(&["diff", "board", "--lang", "zh"]), @r"
    exit 0
    --- stdout
       类型    名称   内容
    =  云函数  board
    无需更改：1 项均与项目一致
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_places_is_deployed_once() {
    let manifest = "[database.places]\nindexes = [{ keys = [\"loc:2dsphere\", \"open:desc\"] }]\n";
    // One that watched this project would have what is declared without a deployment.
    let cloudkit = Cloudkit::beside_another(&[("cloudkit.toml", manifest)]).await;
    let told = cloudkit.run(&["deploy", "--quiet"]);
    assert!(told.contains("places/loc_2dsphere_open_-1"), "{told}");
    assert!(cloudkit.run(&["deploy"]).contains("nothing to do"));
    assert!(cloudkit.run(&["diff"]).starts_with("exit 0"));
    assert!(cloudkit.run(&["db", "index", "add", "places", "at:2dsphere"]).starts_with("exit 0"));
    assert!(cloudkit.read("cloudkit.toml").contains("at:2dsphere"));
    assert!(cloudkit.run(&["deploy"]).contains("nothing to do"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing() {
    let cloudkit = Cloudkit::serving(FILES).await;
    let planned = cloudkit.json(&["deploy", "report", "--dry-run"]);
    assert_eq!(planned["envId"], "local");
    assert_eq!(
        planned["steps"][0],
        json!({ "change": "update", "kind": "function", "name": "report", "details": ["code, 22 B"] })
    );
    assert_eq!(cloudkit.json(&["diff", "report"]), planned);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_deployed_is_told_before_anything_is_done() {
    let cloudkit = Cloudkit::serving(FILES).await;
    insta::assert_snapshot!(cloudkit.run(&["deploy", "bord"]), @r"
    exit 4
    --- stderr
    target: local  [url]
    error: the project has no function `bord`
    hint: did you mean `board`?
    ");
    insta::assert_snapshot!(cloudkit.run(&["deploy", "--only", "databse"]), @r"
    exit 2
    --- stderr
    error: `databse` is not a part of a project
    hint: did you mean `database`?
    ");
    insta::assert_snapshot!(cloudkit.run(&["deploy", "--env", "prod"]), @r"
    exit 3
    --- stderr
    error: not logged in
    hint: run `cloudkit login`, or set `TENCENTCLOUD_SECRETID` and `TENCENTCLOUD_SECRETKEY`
    ");
    insta::assert_snapshot!(cloudkit.run(&["diff", "--env", "prdo"]), @r"
    exit 4
    --- stderr
    error: the manifest has no environment `prdo`
    hint: did you mean `prod`?
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_away_asks_first() {
    let cloudkit = Cloudkit::serving(FILES).await;
    cloudkit.run(&["deploy"]);
    std::fs::remove_dir_all(cloudkit.folder().join("cloudfunctions/board")).expect("removed");
    insta::assert_snapshot!(cloudkit.run(&["deploy", "--prune"]), @r"
    exit 2
    --- stderr
    target: local  [url]
       kind        name              what
    =  collection  players
    =  index       players/score_-1  score:desc
    =  function    report
    =  trigger     report/daily      0 0 2 * * * * (every day at 02:00)
    -  function    board             not in this project
    1 change; `cloudkit deploy` makes it
    error: cannot ask without a terminal: Remove what is marked `-`?
    hint: answer with `--yes`
    ");
    insta::assert_snapshot!(cloudkit.run(&["deploy", "--prune", "--yes", "--quiet"]), @r"
    exit 0
    --- stdout
       kind      name   what
    -  function  board  not in this project
    ✔ 1 done, 4 unchanged, nothing uploaded
    ");
    insta::assert_snapshot!(cloudkit.run(&["diff", "--prune", "--quiet"]), @r"
    exit 0
    --- stdout
       kind        name              what
    =  collection  players
    =  index       players/score_-1  score:desc
    =  function    report
    =  trigger     report/daily      0 0 2 * * * * (every day at 02:00)
    nothing to do: all 4 are as they should be
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_here_and_what_should_are_noted() {
    let cloudkit = Cloudkit::serving(&[
        ("cloudkit.toml", "[functions.report.variables]\nURL = \"https://x/${TOKEN}\"\nSTAGE = \"prod\"\n"),
        (".env", "TOKEN=t\nSTAGE=laptop\nDEBUG=1\n"),
        (".git/HEAD", ""),
        (".gitignore", "*.secret\n"),
        ("cloudfunctions/report/index.js", "exports.main = () => 1"),
        ("cloudfunctions/report/.env", "LOCAL=1\n"),
        ("cloudfunctions/report/k.secret", "k"),
    ])
    .await;
    let plan = cloudkit.json(&["deploy", "--dry-run", "--only", "functions"]);
    let notes = plan["notes"].as_array().map(Vec::as_slice).unwrap_or_default();
    insta::assert_snapshot!(notes.iter().map(|it| format!("{it}\n")).collect::<String>(), @r##"
    "function `report` takes along what git ignores: `k.secret`; its `ignore` leaves out `\"FILE\"`, and takes `\"!FILE\"` without this note"
    "not deployed, since only `.env` has them: `DEBUG`, `LOCAL`; `variables` in cloudkit.toml takes them along"
    "##);
}
