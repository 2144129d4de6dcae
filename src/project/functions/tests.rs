use std::fs;

use tempfile::TempDir;

use super::*;
use crate::project::{Options, staged};

/// Makes a project of files, and reads it with two variables.
fn load(files: &[(&str, &str)]) -> (TempDir, Project) {
    let folder = staged::folder(files);
    let options = Options {
        directory: folder.path().to_owned(),
        environment: Some("prod".into()),
        variables: BTreeMap::from([("WX_SECRET".into(), "from outside".into())]),
        ..Options::default()
    };
    let project = Project::load(&options).unwrap_or_else(|error| panic!("{error}"));
    (folder, project)
}

/// Returns the functions' names, and what was said about the rest.
fn names(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let (_folder, project) = load(files);
    let said = project.problems.iter().chain(&project.warnings).map(|error| error.message().en.clone());
    (project.functions.iter().map(|function| function.spec.name.to_string()).collect(), said.collect())
}

#[test]
fn a_folder_with_code_is_a_function() {
    let none: &[&str] = &[];
    type Files = &'static [(&'static str, &'static str)];
    type Words = &'static [&'static str];
    let cases: &[(&str, Files, Words, Words)] = &[
        ("the usual root", &[("cloudfunctions/login/index.js", "")], &["login"], none),
        ("the second usual root", &[("functions/a/index.mjs", "")], &["a"], none),
        ("the third usual root", &[("cloud/functions/a/index.cjs", "")], &["a"], none),
        (
            "DevTools names the root",
            &[
                ("project.config.json", r#"{"cloudfunctionRoot": "./server/"}"#),
                ("server/a/index.js", ""),
                ("cloudfunctions/b/index.js", ""),
            ],
            &["a"],
            none,
        ),
        (
            "cloudbaserc names the root",
            &[("cloudbaserc.json", r#"{"envId": "e", "functionRoot": "fns"}"#), ("fns/a/index.js", "")],
            &["a"],
            none,
        ),
        (
            "the manifest wins",
            &[
                ("cloudkit.toml", "[functions]\nroot = 'mine'"),
                ("project.config.json", r#"{"cloudfunctionRoot": "b"}"#),
                ("mine/a/index.js", ""),
            ],
            &["a"],
            none,
        ),
        (
            "node_modules, hidden folders and files are no functions",
            &[
                ("functions/node_modules/x/index.js", ""),
                ("functions/node_modules/index.js", ""),
                ("functions/.git/index.js", ""),
                ("functions/a/index.js", ""),
                ("functions/readme.md", ""),
            ],
            &["a"],
            none,
        ),
        (
            "package.json names the code",
            &[("functions/a/package.json", r#"{"main": "dist/app"}"#), ("functions/a/dist/app.js", "")],
            &["a"],
            none,
        ),
        (
            "the handler names the code",
            &[("functions/a/src/app.js", ""), ("functions/a/config.json", r#"{"handler": "src/app.main"}"#)],
            &["a"],
            none,
        ),
        ("a folder of notes is passed over", &[("functions/docs/readme.md", "")], &[], none),
        ("no functions at all", &[("readme.md", "")], &[], none),
        (
            "a root that is not there is a problem, not a failure",
            &[("project.config.json", r#"{"cloudfunctionRoot": "server"}"#)],
            &[],
            &["could not read the functions folder"],
        ),
        (
            "a package without code is worth a word",
            &[("functions/a/package.json", "{}"), ("functions/a/index.d.ts", "")],
            &[],
            &["function `a` has no code: no `index.js` in its folder"],
        ),
        (
            "a name the platform refuses is worth a word",
            &[("functions/云/index.js", ""), ("functions/a/index.js", "")],
            &["a"],
            &["`云` is not a valid function name"],
        ),
        (
            "a declared function must exist",
            &[("cloudkit.toml", "[functions.logon]\n"), ("functions/login/index.js", "")],
            &["login"],
            &["function `logon` is declared but has no folder"],
        ),
        (
            "a function may live elsewhere",
            &[("cloudkit.toml", "[functions.login]\ndir = './server/login'"), ("server/login/index.js", "")],
            &["login"],
            none,
        ),
        (
            "a wrong cron in config.json is a problem, not a crash",
            &[
                ("functions/a/index.js", ""),
                (
                    "functions/a/config.json",
                    r#"{"triggers": [{"name": "t", "type": "timer", "config": "0 2 * * *"}]} // daily"#,
                ),
            ],
            &["a"],
            &["the cron `0 2 * * *` has 5 fields instead of seven"],
        ),
        (
            "a runtime that only the cloud has is left out by name",
            &[
                ("functions/a/index.js", ""),
                ("functions/old/index.py", ""),
                ("functions/old/config.json", r#"{"runtime": "Python2.7"}"#),
                ("functions/php/index.php", ""),
                ("cloudkit.toml", "[functions.php]\nruntime = 'Php7.4'"),
            ],
            &["a"],
            &[
                "function `old` is left out: its runtime `Python2.7` is not one that cloudkit runs or deploys",
                "function `php` is left out: its runtime `Php7.4` is not one that cloudkit runs or deploys",
            ],
        ),
        (
            "two triggers of one name are a problem",
            &[
                ("functions/a/index.js", ""),
                (
                    "functions/a/config.json",
                    r#"{"triggers": [{"name": "t", "config": "0 0 2 * * * *"}, {"name": "t", "config": "0 0 3 * * * *"}]}"#,
                ),
            ],
            &["a"],
            &["function `a` has two triggers named `t`, and the platform takes one"],
        ),
        (
            "a weekday by number is worth a word",
            &[
                ("functions/a/index.js", ""),
                ("cloudkit.toml", "[functions.a]\ntriggers = [{ name = 't', cron = '0 0 9 * * 1 *' }]"),
            ],
            &["a"],
            &[
                "trigger `t` of function `a` gives a weekday as a number, which the platform's pages count differently",
            ],
        ),
        (
            "a trigger without a day is worth a word",
            &[
                ("functions/a/index.js", ""),
                ("cloudkit.toml", "[functions.a]\ntriggers = [{ name = 't', cron = '0 0 0 31 2 * *' }]"),
            ],
            &["a"],
            &["trigger `t` of function `a` never fires: no day is one of its cron `0 0 0 31 2 * *`"],
        ),
        (
            "a broken config.json is a problem of that function alone",
            &[("functions/a/index.js", ""), ("functions/a/config.json", "{"), ("functions/b/index.js", "")],
            &["a", "b"],
            &["is not valid JSON"],
        ),
    ];
    for (fact, files, functions, said) in cases {
        let found = names(files);
        assert_eq!(found.0, *functions, "{fact}");
        assert_eq!(found.1.len(), said.len(), "{fact}: {:?}", found.1);
        for (found, expected) in found.1.iter().zip(*said) {
            assert!(found.contains(expected), "{fact}: {found}");
        }
    }
}

#[test]
fn a_project_is_found_from_inside() {
    let (folder, _) = load(&[
        ("cloudkit.toml", ""),
        ("mini/project.config.json", "{}"),
        ("mini/cloudfunctions/a/index.js", ""),
    ]);
    let from = |path: &str| discover::root(&folder.path().join(path));
    assert_eq!(from("mini/cloudfunctions/a"), folder.path());
    fs::remove_file(folder.path().join("cloudkit.toml")).expect("removed");
    assert_eq!(from("mini/cloudfunctions/a"), folder.path().join("mini"));
}

#[test]
fn the_nearest_word_about_a_function_wins() {
    let manifest = "
        [env.prod]
        id = 'garden-prod'
        [env.prod.functions.a]
        memory = 512
        variables = { STAGE = 'prod', SECRET = '$WX_SECRET', NOBODY = 'a$NOBODY', PRICE = '$$5', URL = 'https://u:${WX_SECRET}@h/$WX_SECRET?$1=a$' }
        [functions]
        timeout = 20
        runtime = 'Nodejs20.19'
        variables = { STAGE = 'any', SHARED = 'yes' }
        [functions.a]
        memory = 128
    ";
    let (_folder, project) = load(&[
        ("cloudkit.toml", manifest),
        (
            "cloudbaserc.json",
            r#"{"envId": "e", "functions": [{"name": "a", "timeout": 7, "runtime": "Nodejs16.13", "envVariables": {"MARK": "pa$WX_SECRET"}}]}"#,
        ),
        ("functions/a/index.js", ""),
        (
            "functions/a/config.json",
            r#"{"timeout": 9, "memory": 64, "permissions": {"openapi": ["wxacode.get"]}}"#,
        ),
        ("functions/a/.env", "LOCAL=function\nSTAGE=local"),
        (".env", "LOCAL=project\nWX_SECRET=from dotenv"),
        ("functions/b/index.js", ""),
    ]);
    let [a, b] = &project.functions[..] else { panic!("two functions") };
    assert_eq!(a.spec.memory, 512, "the environment over everything");
    assert_eq!(a.spec.timeout.as_secs(), 9, "config.json over cloudbaserc.json and the shared settings");
    assert_eq!(a.spec.runtime, "Nodejs16.13", "cloudbaserc.json over the shared settings");
    assert_eq!(a.spec.openapi, ["wxacode.get"]);
    assert_eq!((b.spec.timeout.as_secs(), b.spec.memory), (20, 256));
    let deployed: Vec<_> =
        a.spec.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        deployed,
        [
            ("MARK", "pa$WX_SECRET"),
            ("PRICE", "$5"),
            ("SECRET", "from outside"),
            ("SHARED", "yes"),
            ("STAGE", "prod"),
            ("URL", "https://u:from outside@h/from outside?$1=a$")
        ]
    );
    assert_eq!(a.undefined, [("NOBODY".to_owned(), "NOBODY".to_owned())]);
    let said: Vec<String> = a.complaints().map(|error| error.message().en.clone()).collect();
    assert_eq!(said, ["`NOBODY` of function `a` in cloudkit.toml refers to `$NOBODY`, which nobody defines"]);
    let run = a.run_variables();
    assert_eq!((run["LOCAL"].as_str(), run["STAGE"].as_str()), ("function", "prod"));
}

#[test]
fn dollar_signs_are_names_or_themselves() {
    let known = BTreeMap::from([("A".to_owned(), "1$B".to_owned()), ("_b2".to_owned(), "2".to_owned())]);
    let check = |written, expected: Result<&str, &str>| {
        let filled = fill(written, &known, &mut BTreeSet::new());
        assert_eq!(filled.as_deref().map_err(String::as_str), expected, "{written}");
    };
    for (written, expected) in [
        ("", ""),
        ("a", "a"),
        ("$A", "1$B"),
        ("${A}x$A-${_b2}", "1$Bx1$B-2"),
        ("$$A", "$A"),
        ("$$$A", "$1$B"),
        ("$", "$"),
        ("$5", "$5"),
        ("${", "${"),
        ("${}", "${}"),
        ("${5}", "${5}"),
        ("${A", "${A"),
        ("云$A云", "云1$B云"),
    ] {
        check(written, Ok(expected));
    }
    for (written, missing) in [("$B", "B"), ("x${B}", "B"), ("$Ab", "Ab")] {
        check(written, Err(missing));
    }
}

#[test]
fn a_functions_root_that_is_not_there_is_shown_at_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("cloudkit.toml"), "[functions]\nroot = \"nope\"\n").expect("written");
    let options = Options { directory: folder.path().to_owned(), ..Options::default() };
    let error = Project::load(&options).expect_err("no such folder");
    assert_eq!(error.message().en, "there is no functions folder `nope`");
    let excerpt = error.shown_excerpt().expect("a place");
    assert_eq!(excerpt.source.get(excerpt.span.clone()), Some("\"nope\""));
    let named = Options { functions_root: Some(folder.path().to_owned()), ..options };
    assert!(Project::load(&named).is_ok(), "another root is named");
}

#[test]
fn values_of_a_wrong_type_are_named_and_passed_over() {
    let (_folder, project) = load(&[
        (
            "cloudbaserc.json",
            r#"{"envId": 7, "functions": [{"name": "a", "timeout": "5", "config": {"memorysize": "big"}}, "b"]}"#,
        ),
        ("cloudfunctions/a/index.js", ""),
        (
            "cloudfunctions/a/config.json",
            r#"{"triggers": {}, "environment": {"variables": 1}, "timeout": null}"#,
        ),
        ("cloudfunctions/c/index.js", ""),
        ("cloudfunctions/c/config.json", "[]"),
    ]);
    let root = project.root.display().to_string();
    let said: Vec<String> = project.warnings.iter().map(|it| it.to_string().replace(&root, "")).collect();
    assert_eq!(
        said,
        [
            "`envId` of `/cloudbaserc.json` is passed over: it must be a text: found: 7",
            "`functions[0].timeout` of `/cloudbaserc.json` is passed over: it must be a whole number: found: \"5\"",
            "`functions[0].config.memorySize` of `/cloudbaserc.json` is passed over: it must be a whole number: found: \"big\"",
            "`functions[1]` of `/cloudbaserc.json` is passed over: it must be an object: found: \"b\"",
            "`environment.variables` of `/cloudfunctions/a/config.json` is passed over: it must be an object: found: 1",
            "`triggers` of `/cloudfunctions/a/config.json` is passed over: it must be a list: found: {}",
            "`/cloudfunctions/c/config.json` is passed over: it must hold an object: found: []",
        ]
    );
    assert_eq!(project.functions.len(), 2);
}
