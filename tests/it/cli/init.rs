//! `cloudkit init`.

use crate::support::cloudkit::Cloudkit;

#[test]
fn a_project_starts_from_a_template_and_nothing_is_overwritten() {
    let cloudkit = Cloudkit::alone(&[]);
    insta::assert_snapshot!(cloudkit.run(&["init", "garden"]), @r"
    exit 0
    --- stdout
    ✔ started `garden`: 17 files in [project]/garden
    next:
      cd garden
      npm install
      cloudkit emulate
    ");
    assert!(cloudkit.read("garden/cloudkit.toml").starts_with("[project]\nname = \"garden\"\n"));
    insta::assert_snapshot!(cloudkit.run(&["init", "garden"]), @r"
    exit 2
    --- stderr
    error: `[project]/garden` is not empty: it has `.gitignore`
    hint: name a new folder, as in `cloudkit init NAME`, or add a manifest to this project with `cloudkit init --adopt`
    ");
    insta::assert_snapshot!(cloudkit.run(&["init", "other", "--template", "leaderbord"]), @r"
    exit 4
    --- stderr
    error: there is no template `leaderbord`
    hint: did you mean `leaderboard`?
    ");
    insta::assert_snapshot!(cloudkit.run(&["init", "--list", "--lang", "zh"]), @r"
    exit 0
    --- stdout
    模板         说明
    leaderboard  小游戏排行榜：两个云函数、一个带索引的集合、初始数据和测试
    ");
    assert_eq!(cloudkit.json(&["init", "named", "--name", "orchard"])["name"], "orchard");
}

#[test]
fn a_project_is_adopted_as_it_is() {
    let config = r#"{"appid": "wx12", "cloudfunctionRoot": "server"}"#;
    let cloudkit = Cloudkit::alone(&[("project.config.json", config), ("server/login/index.js", "")]);
    insta::assert_snapshot!(cloudkit.run(&["init", "--adopt", "--name", "bookcase"]), @r"
    exit 0
    --- stdout
    ✔ adopted `bookcase`: wrote `cloudkit.toml`, found `login`
    next:
      cloudkit emulate
    ");
    assert_eq!(cloudkit.read("project.config.json"), config);
    let config = r#"{"miniprogramRoot": "mini/"}"#;
    let mini = Cloudkit::alone(&[("project.config.json", config), ("mini/app.js", "App({})")]);
    insta::assert_snapshot!(mini.run(&["init", "--adopt", "--name", "mini"]), @r"
    exit 0
    --- stdout
    ✔ started `mini`: 3 files in [project]
    next:
      # first line of mini/app.js: require('./cloudkit/wx-cloud').auto()
      cloudkit emulate
    ");
    assert_eq!(mini.read("mini/cloudkit/.gitignore"), "local.js\n");
    assert_eq!(mini.read("mini/app.js"), "App({})");
    insta::assert_snapshot!(cloudkit.run(&["init", "--adopt"]), @r"
    exit 2
    --- stderr
    error: `[project]/cloudkit.toml` exists already
    ");
    insta::assert_snapshot!(Cloudkit::alone(&[]).run(&["init", "--adopt"]), @r"
    exit 4
    --- stderr
    error: there is no project to adopt in `[project]`
    hint: a project has `project.config.json`, `cloudbaserc.json` or a folder `cloudfunctions`; `cloudkit init NAME` starts a new one
    ");
}

#[test]
fn a_broken_file_is_shown_with_its_line() {
    let broken = Cloudkit::alone(&[("project.config.json", "{\n  \"appid\": \"wx12\"\n  \"x\": 1\n}\n")]);
    insta::assert_snapshot!(broken.run(&["init", "--adopt"]), @r#"
    exit 2
    --- stderr
    error: `[project]/project.config.json` is not valid JSON
    --> [project]/project.config.json:3:3
      |
    3 |   "x": 1
      |   ^ expected `,` or `}`
    "#);
    let unknown = Cloudkit::alone(&[("cloudkit.toml", "[functions]\nmemroy = 256\n")]);
    insta::assert_snapshot!(unknown.run(&["diff"]), @r"
    exit 2
    --- stderr
    error: unknown key `memroy` in `[functions]`
    --> [project]/cloudkit.toml:2:1
      |
    2 | memroy = 256
      | ^^^^^^ did you mean `memory`?
    hint: known keys are `root`, `handler`, `runtime`, `timeout`, `memory`, `variables`, `install-dependencies`, `openapi`, `invoke`, `ignore`, `deploy`
    ");
}
