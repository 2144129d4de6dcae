use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::api::control::Flag;
use crate::api::control::function::{Environment, Variable};
use crate::model::function::FunctionSpec;
use crate::project::bundle::Tree;
use crate::project::functions::Function;

fn function(name: &str, change: impl FnOnce(&mut FunctionSpec)) -> DesiredFunction {
    let folder = tempfile::tempdir().expect("a folder");
    let mut spec = FunctionSpec::new(name.parse().expect("a name"));
    change(&mut spec);
    let function = Function {
        spec: spec.clone(),
        folder: folder.path().to_owned(),
        local_variables: BTreeMap::new(),
        ignore: Vec::new(),
        deploy: true,
        references: Default::default(),
        undefined: Vec::new(),
        lacks_config: false,
    };
    let tree = Arc::new(Tree::of(&function, folder.path()).expect("an empty tree"));
    DesiredFunction { spec, tree, fingerprint: "print".into() }
}

/// Returns an environment's function with the platform's defaults and code of that hash.
fn present(hash: Option<&str>, change: impl FnOnce(&mut FunctionDescription)) -> CurrentFunction {
    let mut description = FunctionDescription {
        status: "Active".into(),
        handler: "index.main".into(),
        runtime: FunctionSpec::RUNTIME.into(),
        timeout: 3,
        memory_size: 256,
        install_dependency: Flag(true),
        ..FunctionDescription::default()
    };
    change(&mut description);
    CurrentFunction { description, code_sha256: hash.map(str::to_owned) }
}

fn trigger(name: &str, cron: &str) -> Trigger {
    Trigger { name: name.into(), cron: cron.into() }
}

fn status(name: &str, description: &str) -> TriggerStatus {
    TriggerStatus { trigger_name: name.into(), trigger_desc: description.into(), ..TriggerStatus::default() }
}

/// Draws a plan; code of the hash `same` is what the files make.
fn drawn(desired: Desired, current: Current, prune: bool) -> String {
    let terms = Terms { same_code: &|_, hash| hash == "same", prune, functions: true, triggers: true };
    let (steps, notes) = steps(desired, &current, &terms);
    let line = |step: &Step| {
        let details: Vec<&str> = step.details.iter().map(|detail| detail.en.as_str()).collect();
        let line =
            format!("{} {} {} {}", step.change.sign(), step.kind.word().en, step.name, details.join(", "));
        line.trim_end().to_owned()
    };
    let notes = notes.iter().map(|note| note.en.clone());
    steps.iter().map(line).chain(notes).collect::<Vec<_>>().join("\n")
}

fn functions(
    desired: impl IntoIterator<Item = DesiredFunction>,
    current: impl IntoIterator<Item = (&'static str, CurrentFunction)>,
    prune: bool,
) -> String {
    let desired = Desired { functions: desired.into_iter().collect(), ..Desired::default() };
    let functions = current.into_iter().map(|(name, function)| (name.to_owned(), function)).collect();
    drawn(desired, Current { functions, ..Current::default() }, prune)
}

#[test]
fn a_function_is_compared_by_code_and_settings() {
    let report = || function("report", |_| {});
    insta::assert_snapshot!(functions([report()], [], false), @"+ function report 0 B, Nodejs18.15, 256 MB, 3 s");
    insta::assert_snapshot!(functions([report()], [("report", present(Some("same"), |_| {}))], false), @"= function report");
    insta::assert_snapshot!(functions([report()], [("report", present(Some("other"), |_| {}))], false), @"~ function report code changed, 0 B");
    insta::assert_snapshot!(functions([report()], [("report", present(None, |_| {}))], false), @"~ function report code, 0 B");
    let tuned = function("report", |spec| {
        spec.timeout = Duration::from_secs(20);
        spec.memory = 512;
        spec.install_dependencies = false;
    });
    insta::assert_snapshot!(functions([tuned], [("report", present(Some("same"), |_| {}))], false), @"~ function report timeout 3 → 20, memory 256 → 512, install dependencies TRUE → FALSE");
    let renamed = function("report", |spec| spec.handler = "app.main".into());
    insta::assert_snapshot!(functions([renamed], [("report", present(Some("same"), |_| {}))], false), @"~ function report handler index.main → app.main");
}

#[test]
fn a_function_that_is_not_well_is_never_taken_for_unchanged() {
    let broken = |state: &str| present(Some("same"), |it| it.status = state.into());
    insta::assert_snapshot!(functions([function("a", |_| {})], [("a", broken("UpdateFailed"))], false), @"~ function a its last update failed");
    insta::assert_snapshot!(functions([function("a", |_| {})], [("a", broken("CreateFailed"))], false), @"+ function a 0 B, Nodejs18.15, 256 MB, 3 s, its last creation failed");
}

#[test]
fn variables_set_elsewhere_stay_unless_pruned_and_no_value_is_shown() {
    let wanted = || {
        function("a", |spec| {
            spec.variables =
                BTreeMap::from([("KEY".into(), "secret-2".into()), ("NEW".into(), "secret-3".into())]);
        })
    };
    let known = || {
        present(Some("same"), |it| {
            let variable = |key: &str, value: &str| Variable { key: key.into(), value: value.into() };
            it.environment =
                Environment { variables: vec![variable("KEY", "secret-1"), variable("CONSOLE", "x")] };
        })
    };
    insta::assert_snapshot!(functions([wanted()], [("a", known())], false), @"~ function a variable `KEY` changed, variable `NEW` added");
    insta::assert_snapshot!(functions([wanted()], [("a", known())], true), @"~ function a variable `KEY` changed, variable `NEW` added, variable `CONSOLE` removed");
}

#[test]
fn triggers_are_compared_by_name_and_cron() {
    let wanted = || {
        function("a", |spec| {
            spec.triggers = vec![
                trigger("daily", "0 0 2 * * * *"),
                trigger("hourly", "0 0 */1 * * * *"),
                trigger("new", "0 */5 * * * * *"),
            ];
        })
    };
    let known = || {
        present(Some("same"), |it| {
            it.triggers = vec![
                status("daily", r#"{"cron":"0 0 2 * * * *"}"#),
                status("hourly", "0 30 * * * * *"),
                status("old", "0 0 1 * * * *"),
            ];
        })
    };
    insta::assert_snapshot!(functions([wanted()], [("a", known())], false), @r"
    = function a
    = trigger a/daily 0 0 2 * * * * (every day at 02:00)
    ~ trigger a/hourly 0 0 */1 * * * * (every hour)
    + trigger a/new 0 */5 * * * * * (every 5 minutes)
    ");
    insta::assert_snapshot!(functions([wanted()], [("a", known())], true), @r"
    = function a
    = trigger a/daily 0 0 2 * * * * (every day at 02:00)
    ~ trigger a/hourly 0 0 */1 * * * * (every hour)
    + trigger a/new 0 */5 * * * * * (every 5 minutes)
    - trigger a/old 0 0 1 * * * *
    ");
}

fn index(keys: &[&str], unique: bool, name: Option<&str>) -> IndexSpec {
    let keys = keys.iter().map(|key| key.parse().expect("a key")).collect();
    IndexSpec::new(keys, unique, name.map(str::to_owned)).expect("an index")
}

fn players(wanted: Collection, present: Option<CurrentCollection>, prune: bool) -> String {
    let collections = BTreeMap::from([("players".parse().expect("a name"), wanted)]);
    let present = present.map(|it| ("players".to_owned(), it)).into_iter().collect();
    let desired = Desired { collections, ..Desired::default() };
    drawn(desired, Current { collections: present, ..Current::default() }, prune)
}

#[test]
fn a_collection_is_made_with_its_permission_and_indexes() {
    let wanted = |permission| Collection {
        permission: Some(permission),
        indexes: vec![index(&["score:desc"], false, None), index(&["_openid"], true, None)],
    };
    insta::assert_snapshot!(players(wanted(Permission::AdminOnly), None, false), @r"
    + collection players
    + permission players ADMINONLY
    + index players/score_-1 score:desc
    + index players/_openid_1 _openid unique
    ");
    // The platform makes collections private.
    insta::assert_snapshot!(players(wanted(Permission::Private), None, false), @r"
    + collection players
    = permission players PRIVATE
    + index players/score_-1 score:desc
    + index players/_openid_1 _openid unique
    ");
    let known = CurrentCollection {
        permission: Some(Permission::Private),
        indexes: vec![
            index(&["_id"], true, Some("_id_")),
            index(&["_openid"], false, Some("_openid_1")),
            index(&["score:desc"], false, Some("made in the console")),
            index(&["level"], false, None),
        ],
    };
    insta::assert_snapshot!(players(wanted(Permission::ReadOnly), Some(known.clone()), false), @r"
    = collection players
    ~ permission players PRIVATE → READONLY
    = index players/score_-1 score:desc
    ~ index players/_openid_1 _openid unique
    ");
    insta::assert_snapshot!(players(wanted(Permission::ReadOnly), Some(known), true), @r"
    = collection players
    ~ permission players PRIVATE → READONLY
    = index players/score_-1 score:desc
    ~ index players/_openid_1 _openid unique
    - index players/level_1 level
    ");
}

#[test]
fn a_rule_written_another_way_is_the_same_rule() {
    let rule = |text: &str| Permission::Custom(text.into());
    assert!(is_same(&rule(r#"{"read":true,"write":false}"#), &rule("{ \"write\": false, \"read\": true }")));
    assert!(!is_same(&rule(r#"{"read":true}"#), &rule(r#"{"read":false}"#)));
    assert!(!is_same(&rule("not json"), &rule("not json either")));
    assert!(!is_same(&rule("{}"), &Permission::Private));
}

#[test]
fn other_functions_are_left_alone_unless_pruned() {
    let current = || Current { others: vec!["old".into(), "older".into()], ..Current::default() };
    insta::assert_snapshot!(drawn(Desired::default(), current(), false), @"left alone, because they are not in this project: `old`, `older`; `--prune` removes them");
    insta::assert_snapshot!(drawn(Desired::default(), current(), true), @r"
    - function old not in this project
    - function older not in this project
    ");
}

#[test]
fn permissions_of_files_and_functions_are_compared_by_what_they_say() {
    let custom = |rule: &str| Permission::Custom(rule.into());
    let rules = r#"{"*":{"invoke":false}}"#;
    let wanted =
        || Desired { storage: Some(Permission::Private), invoke: Some(custom(rules)), ..Desired::default() };
    let current =
        |storage, invoke| Current { storage: Some(storage), invoke: Some(invoke), ..Current::default() };
    let other = custom(r#"{"*":{"invoke":"auth != null"}}"#);
    insta::assert_snapshot!(drawn(wanted(), current(Permission::ReadOnly, other), false), @r#"
    ~ storage files READONLY → PRIVATE
    ~ permission to call functions CUSTOM → {"*":{"invoke":false}}
    "#);
    let same = custom(r#"{ "*": { "invoke": false } }"#);
    insta::assert_snapshot!(drawn(wanted(), current(Permission::Private, same), false), @r#"
    = storage files PRIVATE
    = permission to call functions {"*":{"invoke":false}}
    "#);
}
