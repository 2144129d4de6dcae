//! What holds for every command: usage errors, JSON, languages, colours, pipes.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::cloudkit::Cloudkit;
use crate::support::patience::Limit;

#[test]
fn a_wrong_command_line_is_explained() {
    let cloudkit = Cloudkit::alone(&[]);
    insta::assert_snapshot!(cloudkit.run(&["fnn", "list"]), @r"
    exit 2
    --- stderr
    error: `fnn` is not a command
    hint: did you mean `fn`?
    hint: usage: `cloudkit [OPTIONS] <COMMAND>`
    ");
    insta::assert_snapshot!(cloudkit.run(&["fn", "list", "--jsn"]), @r"
    exit 2
    --- stderr
    error: unexpected argument `--jsn`
    hint: did you mean `--json`?
    hint: usage: `cloudkit fn list --json`
    ");
    insta::assert_snapshot!(cloudkit.run(&["fn", "show"]), @r"
    exit 2
    --- stderr
    error: missing `<NAME>`
    hint: usage: `cloudkit fn show <NAME>`
    ");
    insta::assert_snapshot!(cloudkit.run(&["fn", "show", "1st"]), @r"
    exit 2
    --- stderr
    error: `1st` is not a value for `<NAME>`
      caused by: `1st` is not a valid function name
    hint: 1 to 60 letters, digits, `-` or `_`, beginning with a letter
    ");
    insta::assert_snapshot!(cloudkit.run(&["logs", "--level", "loud"]), @r"
    exit 2
    --- stderr
    error: `loud` is not a value for `--level <LEVEL>`
    hint: the values are `debug`, `info`, `warn`, `error`
    ");
    insta::assert_snapshot!(cloudkit.run(&["logs", "--since", "soon"]), @r"
    exit 2
    --- stderr
    error: `soon` is not a value for `--since <AGE>`
      caused by: a length of time is a number and its unit
    hint: write `30s`, `10m`, `2h` or `1d`
    ");
    insta::assert_snapshot!(cloudkit.run(&["-C", "nowhere", "fn", "list"]), @r"
    exit 2
    --- stderr
    error: `nowhere` is not a folder
    ");
    insta::assert_snapshot!(cloudkit.run(&["fn", "show", "--json"]), @r#"
    exit 2
    --- stdout
    {
      "error": {
        "code": "USAGE",
        "message": "missing `<NAME>`",
        "causes": [],
        "hints": [
          "usage: `cloudkit fn show --json <NAME>`"
        ]
      }
    }
    "#);
}

#[test]
fn a_broken_manifest_is_shown_with_its_line() {
    let cloudkit = Cloudkit::alone(&[("cloudkit.toml", "[functions]\nroot = \"f\"\ntimeot = 3\n")]);
    insta::assert_snapshot!(cloudkit.run(&["fn", "list"]), @r"
    exit 2
    --- stderr
    error: unknown key `timeot` in `[functions]`
    --> [project]/cloudkit.toml:3:1
      |
    3 | timeot = 3
      | ^^^^^^ did you mean `timeout`?
    hint: known keys are `root`, `handler`, `runtime`, `timeout`, `memory`, `variables`, `install-dependencies`, `openapi`, `invoke`, `ignore`, `deploy`
    ");
    insta::assert_snapshot!(cloudkit.run(&["fn", "list", "--json"]), @r#"
    exit 2
    --- stdout
    {
      "error": {
        "code": "USAGE",
        "message": "unknown key `timeot` in `[functions]`",
        "causes": [],
        "hints": [
          "known keys are `root`, `handler`, `runtime`, `timeout`, `memory`, `variables`, `install-dependencies`, `openapi`, `invoke`, `ignore`, `deploy`"
        ],
        "place": {
          "path": "[project]/cloudkit.toml",
          "line": 3,
          "column": 1
        }
      }
    }
    "#);
}

#[test]
fn the_reader_chooses_the_language() {
    let told = |name: &str, value: &str, arguments: &[&str]| {
        Cloudkit::alone(&[]).variable(name, value).run(arguments)
    };
    let chinese = "exit 3\n--- stderr\n错误：尚未登录\n";
    assert!(told("LANG", "zh_CN.UTF-8", &["whoami"]).starts_with(chinese));
    assert!(told("CLOUDKIT_LANG", "zh", &["whoami"]).starts_with(chinese));
    assert!(told("LANG", "C", &["whoami", "--lang", "zh"]).starts_with(chinese));
    assert!(told("LANG", "zh_CN.UTF-8", &["whoami", "--lang", "en"]).contains("error: not logged in"));
    assert!(told("LANG", "zh_CN.UTF-8", &["nope"]).contains("错误：没有命令 `nope`"));
}

#[test]
fn colours_are_for_terminals_unless_somebody_says_otherwise() {
    let told = |variables: &[(&str, &str)], arguments: &[&str]| {
        let cloudkit = Cloudkit::alone(&[]);
        let cloudkit = variables.iter().fold(cloudkit, |it, (name, value)| it.variable(name, value));
        cloudkit.run(arguments).contains('\u{1b}')
    };
    assert!(!told(&[], &["whoami"]));
    assert!(told(&[], &["whoami", "--color", "always"]));
    assert!(told(&[("CLICOLOR_FORCE", "1")], &["whoami"]));
    assert!(!told(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &["whoami"]));
    assert!(!told(&[("CLICOLOR_FORCE", "1")], &["whoami", "--color", "never"]));
    assert!(!told(&[], &["whoami", "--color", "always", "--json"]));
}

#[test]
fn codes_are_explained_in_both_languages() {
    let cloudkit = Cloudkit::alone(&[]);
    insta::assert_snapshot!(cloudkit.run(&["explain", "-502005"]), @r"
    exit 0
    --- stdout
    DATABASE_COLLECTION_NOT_EXIST  -502005
    the collection does not exist
    create it with `cloudkit db collection add NAME`, or name it in `cloudkit.toml`
    ");
    insta::assert_snapshot!(cloudkit.run(&["explain", "nonsense"]), @r"
    exit 4
    --- stderr
    error: `nonsense` is not a code this program knows
    hint: a code is in the brackets of an error, such as `-502005` or `ResourceNotFound.Function`
    ");
    insta::assert_snapshot!(cloudkit.run(&["explain", "DATABASE_COLLECTION_NOT_EXISTS", "--lang", "zh"]), @r"
    exit 4
    --- stderr
    错误：未收录错误码 `DATABASE_COLLECTION_NOT_EXISTS`
    提示：是否想写 `DATABASE_COLLECTION_NOT_EXIST`？
    ");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let cloudkit = Cloudkit::alone(&[]);
    let mut child = cloudkit.command(&["completions", "zsh"]).stdout(Stdio::piped()).spawn().expect("run");
    let _limit = Limit::of(&child);
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    reader.read_line(&mut String::new()).expect("a line");
    drop(reader);
    assert_eq!(child.wait().expect("ended").code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let cloudkit = Cloudkit::alone(&[]);
    let child =
        cloudkit.command(&["explain", "-502005"]).stdout(full).stderr(Stdio::piped()).spawn().expect("run");
    let _limit = Limit::of(&child);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("could not write to standard output"));
}

#[test]
fn help_and_version_are_data() {
    let cloudkit = Cloudkit::alone(&[]);
    let help = cloudkit.output(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("Exit codes: 0 done"));
    let version = cloudkit.output(&["--version"]);
    assert_eq!(String::from_utf8_lossy(&version.stdout), format!("cloudkit {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_command_answers_json_with_one_document() {
    let cloudkit = Cloudkit::alone(&[]);
    let commands = leaves(&cloudkit, &[]);
    assert!(commands.len() > 30, "{commands:?}");
    // These run until they are ended, or print something that is no result.
    let others = ["emulate", "demo", "completions"];
    for command in commands.iter().filter(|command| !others.contains(&command[0].as_str())) {
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        let document = cloudkit.json(&arguments);
        assert!(document.is_object() || document.is_array(), "{command:?}: {document}");
    }
}

/// Returns the commands that have no commands below them, as the help lists them.
fn leaves(cloudkit: &Cloudkit, above: &[String]) -> Vec<Vec<String>> {
    let above: Vec<&str> = above.iter().map(String::as_str).collect();
    let output = cloudkit.output(&[&above[..], &["--help"]].concat());
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = listed.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    let below = names.filter_map(|line| line.split_whitespace().next()).flat_map(|name| {
        let command: Vec<String> = above.iter().chain([&name]).map(|&word| word.to_owned()).collect();
        match leaves(cloudkit, &command) {
            deeper if deeper.is_empty() => vec![command],
            deeper => deeper,
        }
    });
    below.collect()
}
