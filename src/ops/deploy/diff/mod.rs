//! What has to change: wanted against present. A pure function, so that every case is a line in a table of tests.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::api::control::function::FunctionDescription;
use crate::api::control::trigger::TriggerStatus;
use crate::model::index::{Direction, IndexKey, IndexSpec};
use crate::model::name::CollectionName;
use crate::model::permission::Permission;
use crate::model::schedule::Schedule;
use crate::model::text::Text;
use crate::model::trigger::Trigger;
use crate::project::manifest::{Collection, Route};
use crate::text;

use super::current::{Current, CurrentCollection, CurrentFunction};
use super::desired::{Desired, DesiredFunction};
use super::plan::{Change, FunctionWork, Kind, Start, Step, Work, size_words};

/// What a deployment takes into account besides what is wanted and what there is.
pub(super) struct Terms<'a> {
    /// Tells whether the present code of a function was made from these files.
    pub same_code: &'a dyn Fn(&DesiredFunction, &str) -> bool,
    /// Whether what is not wanted goes. Collections never do: they hold data.
    pub prune: bool,
    pub functions: bool,
    pub triggers: bool,
}

/// Returns the steps from `current` to `desired`: database first, because functions use it.
pub(super) fn steps(desired: Desired, current: &Current, terms: &Terms<'_>) -> (Vec<Step>, Vec<Text>) {
    let (mut steps, mut notes) = (Vec::new(), desired.notes);
    for (name, collection) in &desired.collections {
        collection_steps(name, collection, current.collections.get(name.as_str()), terms, &mut steps);
    }
    let wide = [
        (
            Kind::Storage,
            "files",
            desired.storage,
            &current.storage,
            Work::SetStorage as fn(Permission) -> Work,
        ),
        (Kind::Invoke, "functions", desired.invoke, &current.invoke, Work::SetInvoke),
    ];
    for (kind, name, wanted, present, set) in wide {
        let Some(wanted) = wanted else { continue };
        let same = present.as_ref().is_some_and(|present| is_same(present, &wanted));
        let details = change_of(present.as_ref(), &wanted);
        let (change, work) = if same { (Change::Keep, Work::Nothing) } else { (Change::Update, set(wanted)) };
        steps.push(Step { change, kind, name: name.into(), details, work });
    }
    for function in desired.functions {
        let present = current.functions.get(function.spec.name.as_str());
        function_steps(function, present, terms, &mut steps);
    }
    other_functions(&current.others, terms, &mut steps, &mut notes);
    if let Some(routes) = &desired.routes {
        route_steps(routes, &current.routes, terms, &mut steps);
    }
    (steps, notes)
}

fn route_steps(
    wanted: &[Route],
    present: &BTreeMap<String, String>,
    terms: &Terms<'_>,
    steps: &mut Vec<Step>,
) {
    let mut step = |change, path: &str, details, work| {
        steps.push(Step { change, kind: Kind::Route, name: path.to_owned(), details, work });
    };
    for Route { path, function } in wanted {
        let function = function.as_str();
        match present.get(path).map(String::as_str) {
            Some(now) if now == function => {
                step(Change::Keep, path, vec![Text::same(function)], Work::Nothing);
            }
            Some(now) => {
                let details = vec![Text::same(format!("{now} → {function}"))];
                step(Change::Update, path, details, Work::ReplaceRoute(function.to_owned()));
            }
            None => {
                step(Change::Create, path, vec![Text::same(function)], Work::AddRoute(function.to_owned()));
            }
        }
    }
    for (path, function) in present.iter().filter(|_| terms.prune) {
        if wanted.iter().all(|route| route.path != *path) {
            step(Change::Delete, path, vec![Text::same(function.as_str())], Work::RemoveRoute);
        }
    }
}

fn collection_steps(
    name: &CollectionName,
    wanted: &Collection,
    present: Option<&CurrentCollection>,
    terms: &Terms<'_>,
    steps: &mut Vec<Step>,
) {
    let mut step = |change, kind, name: String, details, work| {
        steps.push(Step { change, kind, name, details, work });
    };
    let (change, work) = match present {
        Some(_) => (Change::Keep, Work::Nothing),
        None => (Change::Create, Work::CreateCollection),
    };
    step(change, Kind::Collection, name.to_string(), vec![], work);
    // What a collection begins with counts as present, but whatever is done to it is part of making it.
    let newborn = newborn();
    let altered = if present.is_some() { Change::Update } else { Change::Create };
    let present = present.unwrap_or(&newborn);
    if let Some(permission) = &wanted.permission {
        let same = present.permission.as_ref().is_some_and(|current| is_same(current, permission));
        let details = match altered {
            Change::Create => vec![Text::same(permission.rule().unwrap_or(permission.tag()))],
            _ => change_of(present.permission.as_ref(), permission),
        };
        let (change, work) = match same {
            true => (Change::Keep, Work::Nothing),
            false => (altered, Work::SetPermission(permission.clone())),
        };
        step(change, Kind::Permission, name.to_string(), details, work);
    }
    for index in &wanted.indexes {
        let same = |known: &&IndexSpec| {
            known.keys == index.keys && known.unique == index.unique && known.sparse == index.sparse
        };
        let clash = |known: &&IndexSpec| known.keys == index.keys || known.name == index.name;
        let (change, work) = match (present.indexes.iter().find(same), present.indexes.iter().find(clash)) {
            (Some(_), _) => (Change::Keep, Work::Nothing),
            (None, Some(old)) => (altered, Work::ReplaceIndex { old: old.name.clone(), new: index.clone() }),
            (None, None) => (Change::Create, Work::AddIndex(index.clone())),
        };
        step(change, Kind::Index, format!("{name}/{}", index.name), vec![described(index)], work);
    }
    for index in present.indexes.iter().filter(|index| terms.prune && !is_wanted(index, wanted)) {
        let work = Work::DropIndex(index.name.clone());
        step(Change::Delete, Kind::Index, format!("{name}/{}", index.name), vec![described(index)], work);
    }
}

/// Returns what a collection is made with by CloudBase: it is private, and indexed by `_openid`
/// (`docs/wire.md#collections-and-indexes`).
fn newborn() -> CurrentCollection {
    let key = IndexKey { path: "_openid".into(), direction: Direction::Ascending };
    let index = IndexSpec { name: "_openid_1".into(), keys: vec![key], unique: false, sparse: false };
    CurrentCollection { permission: Some(Permission::Private), indexes: vec![index] }
}

/// Tells whether an index stays: the platform's own two, and those wanted under any name.
fn is_wanted(index: &IndexSpec, wanted: &Collection) -> bool {
    matches!(index.name.as_str(), "_id_" | "_openid_1")
        || wanted.indexes.iter().any(|known| known.keys == index.keys || known.name == index.name)
}

fn described(index: &IndexSpec) -> Text {
    let keys: Vec<String> = index.keys.iter().map(ToString::to_string).collect();
    let keys = keys.join(" ");
    match index.unique {
        true => text! { en: "{keys} unique", zh: "{keys} 唯一" },
        false => text! { en: "{keys}", zh: "{keys}" },
    }
}

/// Compares permissions; rules are compared as JSON, since the service may write them its own way.
fn is_same(one: &Permission, other: &Permission) -> bool {
    let json = |rule: &str| serde_json::from_str::<serde_json::Value>(rule).ok();
    match (one.rule(), other.rule()) {
        (Some(one), Some(other)) => one == other || (json(one).is_some() && json(one) == json(other)),
        (None, None) => one == other,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn change_of(from: Option<&Permission>, to: &Permission) -> Vec<Text> {
    let to_words = to.rule().unwrap_or(to.tag());
    match from {
        Some(from) if is_same(from, to) => vec![Text::same(to_words)],
        Some(from) => vec![Text::same(format!("{} → {to_words}", from.tag()))],
        None => vec![Text::same(to_words)],
    }
}

fn function_steps(
    function: DesiredFunction,
    present: Option<&CurrentFunction>,
    terms: &Terms<'_>,
    steps: &mut Vec<Step>,
) {
    let name = function.spec.name.to_string();
    let present = present.filter(|present| present.description.status != "CreateFailed").ok_or(present);
    let triggers = match present {
        Ok(present) => {
            trigger_steps(&name, &function.spec.triggers, &present.description.triggers, terms.prune)
        }
        Err(_) => trigger_steps(&name, &function.spec.triggers, &[], terms.prune),
    };
    if terms.functions {
        steps.push(match present {
            Ok(present) => update(name, function, present, terms),
            Err(ruined) => create(name, function, ruined.is_some()),
        });
    }
    if terms.triggers {
        steps.extend(triggers);
    }
}

fn create(name: String, function: DesiredFunction, ruined: bool) -> Step {
    let spec = &function.spec;
    let (runtime, memory, seconds) = (&spec.runtime, spec.memory, spec.timeout.as_secs());
    let size = size_words(function.tree.size());
    let mut details = vec![
        text! { en: "{size}, {runtime}, {memory} MB, {seconds} s", zh: "{size}，{runtime}，{memory} MB，{seconds} 秒" },
    ];
    if ruined {
        details.push(text! { en: "its last creation failed", zh: "上次创建失败" });
    }
    let start = if ruined { Start::Ruined } else { Start::Absent };
    let work = FunctionWork { function, start, upload: true, configure: false };
    Step { change: Change::Create, kind: Kind::Function, name, details, work: Work::Function(Box::new(work)) }
}

fn update(name: String, function: DesiredFunction, present: &CurrentFunction, terms: &Terms<'_>) -> Step {
    let description = &present.description;
    let mut details = settings(&function, description, terms.prune);
    let configure = !details.is_empty();
    let same = present.code_sha256.as_deref().is_some_and(|hash| (terms.same_code)(&function, hash));
    // A function that is not well may not run what its hash says.
    let upload =
        !same || description.status == "UpdateFailed" || description.handler != function.spec.handler;
    if description.handler != function.spec.handler {
        details.push(changed("handler", "入口", &description.handler, &function.spec.handler));
    }
    if upload && !same {
        let size = size_words(function.tree.size());
        details.insert(
            0,
            match present.code_sha256 {
                Some(_) => text! { en: "code changed, {size}", zh: "代码有变化，{size}" },
                None => text! { en: "code, {size}", zh: "代码，{size}" },
            },
        );
    }
    if description.status == "UpdateFailed" {
        details.push(text! { en: "its last update failed", zh: "上次更新失败" });
    }
    if !upload && !configure {
        return Step { change: Change::Keep, kind: Kind::Function, name, details, work: Work::Nothing };
    }
    let work = FunctionWork { function, start: Start::Present, upload, configure };
    Step { change: Change::Update, kind: Kind::Function, name, details, work: Work::Function(Box::new(work)) }
}

/// Returns what differs in settings, but for the handler, which travels with the code.
fn settings(function: &DesiredFunction, present: &FunctionDescription, prune: bool) -> Vec<Text> {
    let spec = &function.spec;
    let mut found = Vec::new();
    if present.runtime != spec.runtime {
        found.push(changed("runtime", "运行环境", &present.runtime, &spec.runtime));
    }
    if present.timeout != spec.timeout.as_secs() {
        found.push(changed(
            "timeout",
            "超时",
            &present.timeout.to_string(),
            &spec.timeout.as_secs().to_string(),
        ));
    }
    if present.memory_size != spec.memory {
        found.push(changed("memory", "内存", &present.memory_size.to_string(), &spec.memory.to_string()));
    }
    if present.install_dependency.0 != spec.install_dependencies {
        let word = |flag: bool| if flag { "TRUE" } else { "FALSE" };
        let (from, to) = (word(present.install_dependency.0), word(spec.install_dependencies));
        found.push(changed("install dependencies", "云端安装依赖", from, to));
    }
    let variables: BTreeMap<&str, &str> =
        present.environment.variables.iter().map(|it| (it.key.as_str(), it.value.as_str())).collect();
    for (name, value) in &spec.variables {
        match variables.get(name.as_str()) {
            // Values are not shown: they may be secrets.
            None => found.push(text! { en: "variable `{name}` added", zh: "新增变量 `{name}`" }),
            Some(current) if current != value => {
                found.push(text! { en: "variable `{name}` changed", zh: "变量 `{name}` 有变化" });
            }
            Some(_) => {}
        }
    }
    for name in variables.keys().filter(|name| prune && !spec.variables.contains_key(**name)) {
        found.push(text! { en: "variable `{name}` removed", zh: "移除变量 `{name}`" });
    }
    found
}

fn changed(en: &str, zh: &str, from: &str, to: &str) -> Text {
    text! { en: "{en} {from} → {to}", zh: "{zh} {from} → {to}" }
}

fn trigger_steps(function: &str, wanted: &[Trigger], present: &[TriggerStatus], prune: bool) -> Vec<Step> {
    let step = |change, name: &str, details, work| Step {
        change,
        kind: Kind::Trigger,
        name: format!("{function}/{name}"),
        details,
        work,
    };
    let mut steps = Vec::new();
    for trigger in wanted {
        let words = trigger.cron.parse::<Schedule>().map(|schedule| schedule.explain()).unwrap_or_default();
        let cron = &trigger.cron;
        let details = vec![text! { en: ("{cron} ({})", words.en), zh: ("{cron}（{}）", words.zh) }];
        let (change, work) = match present.iter().find(|it| it.trigger_name == trigger.name) {
            Some(known) if cron_of(&known.trigger_desc) == *cron => (Change::Keep, Work::Nothing),
            Some(_) => (Change::Update, Work::ReplaceTrigger(trigger.clone())),
            None => (Change::Create, Work::AddTrigger(trigger.clone())),
        };
        steps.push(step(change, &trigger.name, details, work));
    }
    let unwanted = |status: &&TriggerStatus| wanted.iter().all(|trigger| trigger.name != status.trigger_name);
    for status in present.iter().filter(unwanted).filter(|_| prune) {
        let details = vec![Text::same(cron_of(&status.trigger_desc))];
        let work = Work::RemoveTrigger(status.trigger_name.clone());
        steps.push(step(Change::Delete, &status.trigger_name, details, work));
    }
    steps
}

/// Reads a trigger's cron, which the service gives bare or as `{"cron":"…"}`.
fn cron_of(description: &str) -> String {
    let json = serde_json::from_str::<serde_json::Value>(description).ok();
    let cron = json.as_ref().and_then(|json| json.get("cron")?.as_str());
    cron.unwrap_or(description).to_owned()
}

fn other_functions(others: &[String], terms: &Terms<'_>, steps: &mut Vec<Step>, notes: &mut Vec<Text>) {
    if others.is_empty() || !terms.functions {
        return;
    }
    if terms.prune {
        steps.extend(others.iter().map(|name| Step {
            change: Change::Delete,
            kind: Kind::Function,
            name: name.clone(),
            details: vec![text! { en: "not in this project", zh: "不在本项目中" }],
            work: Work::DeleteFunction,
        }));
        return;
    }
    let listed = others.join("`, `");
    notes.push(text! {
        en: "left alone, because they are not in this project: `{listed}`; `--prune` removes them",
        zh: "以下云函数不在本项目中，保持不变：`{listed}`；`--prune` 可将其删除"
    });
}
