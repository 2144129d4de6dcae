//! A plan: what would change, as a value that can be printed, compared and refused before anything is done.

use serde::{Serialize, Serializer};

use crate::model::index::IndexSpec;
use crate::model::permission::Permission;
use crate::model::text::Text;
use crate::model::trigger::Trigger;

use super::desired::DesiredFunction;

/// What would be done to an environment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    pub target: String,
    pub env_id: String,
    pub steps: Vec<Step>,
    /// What is left alone, and why.
    #[serde(serialize_with = "english")]
    pub notes: Vec<Text>,
}

impl Plan {
    /// Returns the steps that do something.
    pub fn changes(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.change != Change::Keep)
    }

    /// Returns the steps that take something away.
    pub fn removals(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.change == Change::Delete)
    }
}

/// One thing and what becomes of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub change: Change,
    pub kind: Kind,
    /// `report`, `report/hourly`, `players`, `players/score_-1`.
    pub name: String,
    /// What is different, or what is made.
    #[serde(serialize_with = "english")]
    pub details: Vec<Text>,
    #[serde(skip)]
    pub(super) work: Work,
}

/// What becomes of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    Create,
    Update,
    Delete,
    Keep,
}

impl Change {
    /// Returns the sign before a line of a plan.
    pub fn sign(self) -> &'static str {
        match self {
            Change::Create => "+",
            Change::Update => "~",
            Change::Delete => "-",
            Change::Keep => "=",
        }
    }
}

/// A kind of thing that is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Collection,
    Permission,
    Index,
    Storage,
    /// Who may call functions.
    Invoke,
    Function,
    Trigger,
    Route,
}

impl Kind {
    /// Returns the word for it.
    pub fn word(self) -> Text {
        let (en, zh) = match self {
            Kind::Collection => ("collection", "集合"),
            Kind::Permission => ("permission", "权限"),
            Kind::Index => ("index", "索引"),
            Kind::Storage => ("storage", "存储"),
            Kind::Invoke => ("permission to call", "调用权限"),
            Kind::Function => ("function", "云函数"),
            Kind::Trigger => ("trigger", "触发器"),
            Kind::Route => ("route", "路由"),
        };
        Text { en: en.into(), zh: zh.into() }
    }
}

/// What has to be done for a step.
#[derive(Debug)]
pub(super) enum Work {
    Nothing,
    CreateCollection,
    SetPermission(Permission),
    AddIndex(IndexSpec),
    /// The old one goes first: two indexes of one name, or on the same fields, exclude each other.
    ReplaceIndex {
        old: String,
        new: IndexSpec,
    },
    DropIndex(String),
    SetStorage(Permission),
    SetInvoke(Permission),
    Function(Box<FunctionWork>),
    DeleteFunction,
    AddTrigger(Trigger),
    ReplaceTrigger(Trigger),
    RemoveTrigger(String),
    /// The path is the step's name, and leads to this function.
    AddRoute(String),
    ReplaceRoute(String),
    RemoveRoute,
}

/// What has to be done to bring a function up.
#[derive(Debug)]
pub(super) struct FunctionWork {
    pub function: DesiredFunction,
    pub start: Start,
    /// Whether the code is to be uploaded.
    pub upload: bool,
    /// Whether settings other than the code differ.
    pub configure: bool,
}

/// What a function begins as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Absent,
    /// Its creation failed: the platform accepts no update, only another creation.
    Ruined,
    Present,
}

impl Step {
    /// Returns the thing whose steps must be done one after another: a collection, a function, or all routes.
    pub(super) fn subject(&self) -> (Stage, &str) {
        let owner = self.name.split('/').next().unwrap_or(&self.name);
        let stage = match self.kind {
            Kind::Collection | Kind::Permission | Kind::Index | Kind::Storage | Kind::Invoke => Stage::Data,
            Kind::Function | Kind::Trigger => Stage::Functions,
            Kind::Route => Stage::Routes,
        };
        (stage, owner)
    }
}

/// When a step is taken: functions use data, and routes lead to functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Stage {
    Data,
    Functions,
    Routes,
}

fn english<S: Serializer>(texts: &[Text], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(texts.iter().map(|text| &text.en))
}

/// Writes a count of bytes as people read it.
pub fn size_words(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MB", bytes as f64 / 1_048_576.0),
    }
}
