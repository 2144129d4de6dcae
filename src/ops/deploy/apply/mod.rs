//! Doing what a plan says: collections first, then functions, then routes; several at once.

mod database;
mod function;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::error::{Error, Result};
use crate::model::text::Text;
use crate::project::fingerprint::Deployed;
use crate::text;

use super::Scene;
use super::plan::{Change, Kind, Plan, Stage, Step, Work};
use crate::ops::database::index;
use crate::ops::{gateway, progress, rules};

/// What came of a plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub target: String,
    pub env_id: String,
    pub steps: Vec<Outcome>,
    /// Bytes of packages that were sent.
    pub uploaded_bytes: u64,
    #[serde(skip)]
    pub notes: Vec<Text>,
}

/// What came of a step.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    #[serde(flatten)]
    pub step: Step,
    pub state: State,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "failure")]
    pub error: Option<Error>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// There was nothing to do.
    Unchanged,
    Done,
    Failed,
    /// The collection or function it belongs to could not be made.
    NotDone,
}

impl Report {
    /// Returns the failures, in the order of the plan.
    pub fn failures(&self) -> impl Iterator<Item = &Error> {
        self.steps.iter().filter_map(|outcome| outcome.error.as_ref())
    }
}

/// What a done step leaves for the record.
#[derive(Debug, Default)]
struct Done {
    uploaded: u64,
    /// Fingerprint and the environment's hash, of a function whose code was uploaded.
    code: Option<(String, String)>,
}

pub(super) async fn run(plan: Plan, scene: &Scene<'_>) -> Report {
    let Plan { target, env_id, steps, notes } = plan;
    let mut ended = Vec::new();
    for groups in stages(steps).into_values() {
        let running = stream::iter(groups).map(|group| run_group(group, scene));
        ended.extend(running.buffer_unordered(scene.concurrency.max(1)).collect::<Vec<_>>().await);
    }
    let mut steps: Vec<(usize, Outcome, Done)> = ended.into_iter().flatten().collect();
    steps.sort_by_key(|(place, ..)| *place);
    record(&steps, scene);
    let uploaded_bytes = steps.iter().map(|(_, _, done)| done.uploaded).sum();
    let steps = steps.into_iter().map(|(_, outcome, _)| outcome).collect();
    Report { target, env_id, steps, uploaded_bytes, notes }
}

/// Remembers which files the environment's code was made from. A note that cannot be written costs an upload later.
fn record(steps: &[(usize, Outcome, Done)], scene: &Scene<'_>) {
    let mut deployed = Deployed::read(&scene.project.root);
    let mut changed = false;
    for (_, outcome, done) in steps {
        if let Some((fingerprint, hash)) = &done.code {
            deployed.note(scene.target.env_id(), &outcome.step.name, fingerprint.clone(), hash.clone());
            changed = true;
        }
    }
    if changed {
        // Best effort, as told above.
        let _ = deployed.write(&scene.project.root);
    }
}

type Group = Vec<(usize, Step)>;

/// Puts together the steps of one function or collection, keeping their order and their places in the plan.
fn stages(steps: Vec<Step>) -> BTreeMap<Stage, Vec<Group>> {
    let mut stages: BTreeMap<Stage, Vec<Group>> = BTreeMap::new();
    let mut places: HashMap<(Stage, String), usize> = HashMap::new();
    for (place, step) in steps.into_iter().enumerate() {
        let (stage, owner) = step.subject();
        let groups = stages.entry(stage).or_default();
        let at = *places.entry((stage, owner.to_owned())).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push((place, step)),
            None => groups.push(vec![(place, step)]),
        }
    }
    stages
}

async fn run_group(group: Group, scene: &Scene<'_>) -> Vec<(usize, Outcome, Done)> {
    let mut outcomes = Vec::new();
    let mut broken = false;
    for (place, step) in group {
        let (state, error, done) = match step.change {
            Change::Keep => (State::Unchanged, None, Done::default()),
            Change::Create | Change::Update | Change::Delete if broken => {
                (State::NotDone, None, Done::default())
            }
            Change::Create | Change::Update | Change::Delete => match run_step(&step, scene).await {
                Ok(done) => (State::Done, None, done),
                Err(error) => {
                    // Without the collection or the function there is nothing to add the rest to; an index or a
                    // trigger stands alone.
                    broken |= matches!(step.kind, Kind::Collection | Kind::Function);
                    let name = &step.name;
                    let place = text! { en: "while deploying `{name}`", zh: "部署 `{name}` 时" };
                    (State::Failed, Some(error.cause(place)), Done::default())
                }
            },
        };
        outcomes.push((place, Outcome { step, state, error }, done));
    }
    outcomes
}

async fn run_step(step: &Step, scene: &Scene<'_>) -> Result<Done> {
    let under_way = scene.progress.step(done_words(step));
    let done = work(step, scene, &*under_way, Instant::now()).await?;
    under_way.finish();
    Ok(done)
}

async fn work(
    step: &Step,
    scene: &Scene<'_>,
    under_way: &dyn progress::Step,
    began: Instant,
) -> Result<Done> {
    let (_, owner) = step.subject();
    match &step.work {
        Work::Function(work) => return function::bring_up(work, scene, under_way, began).await,
        Work::DeleteFunction => drop(crate::ops::function::delete(scene.target, &owner.parse()?).await?),
        Work::AddTrigger(trigger) => function::add_trigger(owner, trigger, scene, under_way).await?,
        Work::ReplaceTrigger(trigger) => {
            function::remove_trigger(owner, &trigger.name, scene).await?;
            function::add_trigger(owner, trigger, scene, under_way).await?;
        }
        Work::RemoveTrigger(name) => function::remove_trigger(owner, name, scene).await?,
        Work::CreateCollection => database::create(owner, scene.target).await?,
        Work::SetPermission(permission) => {
            rules::set_collection(scene.target, &owner.parse()?, permission).await?
        }
        Work::AddIndex(index) => index::create(scene.target, &owner.parse()?, index).await?,
        Work::ReplaceIndex { old, new } => {
            // An old one that does not go stands in the way of the new one, which then says so.
            let _ = database::drop_index(owner, old, scene.target).await;
            index::create(scene.target, &owner.parse()?, new).await?;
        }
        Work::DropIndex(name) => database::drop_index(owner, name, scene.target).await?,
        Work::AddRoute(function) => gateway::add(scene.target, &step.name, function).await?,
        Work::ReplaceRoute(function) => {
            gateway::remove(scene.target, &step.name).await?;
            gateway::add(scene.target, &step.name, function).await?;
        }
        Work::RemoveRoute => gateway::remove(scene.target, &step.name).await?,
        Work::SetStorage(permission) => rules::set_storage(scene.target, permission).await?,
        Work::SetInvoke(permission) => rules::set_functions(scene.target, permission).await?,
        Work::Nothing => {}
    }
    Ok(Done::default())
}

/// Names a step as it reads when it is over.
fn done_words(step: &Step) -> Text {
    let (kind, name) = (step.kind.word(), &step.name);
    let (en, zh) = match (step.change, step.kind) {
        (Change::Create | Change::Update, Kind::Function) => ("deployed", "已部署"),
        (Change::Create, _) => ("created", "已创建"),
        (Change::Update, _) => ("updated", "已更新"),
        (Change::Delete, _) => ("removed", "已删除"),
        (Change::Keep, _) => ("kept", "未变"),
    };
    text! { en: ("{en} {} `{name}`", kind.en), zh: ("{zh}{} `{name}`", kind.zh) }
}

/// Writes a failure as `--json` does.
fn failure<S: Serializer>(error: &Option<Error>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    if let Some(error) = error {
        let words = |texts: &[Text]| texts.iter().map(|text| text.en.clone()).collect::<Vec<_>>();
        map.serialize_entry("code", error.wire_code())?;
        map.serialize_entry("message", &error.message().en)?;
        map.serialize_entry("causes", &words(error.causes()))?;
        map.serialize_entry("hints", &words(error.hints()))?;
    }
    map.end()
}
