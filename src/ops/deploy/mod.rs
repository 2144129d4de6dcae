//! Bringing a project to an environment: what is wanted, what there is, the difference as a [`plan::Plan`], and doing it.
//!
//! The environment itself is the truth: a deployment asks before it changes anything, so that one that was cut short is
//! finished by deploying again.

mod apply;
mod current;
mod desired;
mod diff;
pub mod plan;
mod wait;

use std::str::FromStr;

use crate::error::{Error, Kind, Result};
use crate::model::clock::Ids;
use crate::model::name::{FunctionName, did_you_mean, suggestion};
use crate::project::Project;
use crate::project::fingerprint::{Deployed, sha256};
use crate::text;

use super::progress::Progress;
use super::target::Target;
use desired::DesiredFunction;
use diff::Terms;
use plan::Plan;

pub use apply::{Outcome, Report, State};

/// What to deploy.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The functions to take along; empty takes all.
    pub functions: Vec<FunctionName>,
    /// The parts of the project to take along; empty takes all.
    pub only: Vec<Part>,
    /// Whether what the project does not have is removed: functions, triggers, indexes, variables, routes. Never a collection.
    pub prune: bool,
}

impl Request {
    /// Tells whether a part is taken along. Naming functions means them alone.
    fn takes(&self, part: Part) -> bool {
        let named = self.functions.is_empty() || matches!(part, Part::Functions | Part::Triggers);
        named && (self.only.is_empty() || self.only.contains(&part))
    }
}

/// A part of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Functions,
    Triggers,
    /// Collections and indexes.
    Database,
    /// Permissions of collections, files and functions.
    Rules,
    /// The permission of files.
    Storage,
    Gateway,
}

impl Part {
    const NAMES: [(&str, Part); 6] = [
        ("functions", Part::Functions),
        ("database", Part::Database),
        ("rules", Part::Rules),
        ("triggers", Part::Triggers),
        ("gateway", Part::Gateway),
        ("storage", Part::Storage),
    ];
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some((_, part)) = Part::NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(*part);
        }
        let names = Part::NAMES.map(|(name, _)| name);
        let listed = names.join("`, `");
        let error = Error::new(
            Kind::Usage,
            text! { en: "`{text}` is not a part of a project", zh: "`{text}` 不是项目的组成部分" },
        );
        Err(match did_you_mean(text, names) {
            Some(meant) => error.hint(suggestion(meant)),
            None => error.hint(text! { en: "the parts are `{listed}`", zh: "组成部分有 `{listed}`" }),
        })
    }
}

/// Compares a project with an environment. Nothing is changed.
///
/// # Errors
/// A project that cannot be deployed as it is, or an environment that does not answer.
pub async fn plan(project: &Project, target: &Target, request: &Request) -> Result<Plan> {
    let desired = desired::read(project, request)?;
    let current = current::read(target, &desired).await?;
    let deployed = Deployed::read(&project.root);
    let same_code =
        |function: &DesiredFunction, hash: &str| is_same_code(function, hash, &deployed, target.env_id());
    let terms = Terms {
        same_code: &same_code,
        prune: request.prune,
        functions: request.takes(Part::Functions),
        triggers: request.takes(Part::Triggers),
    };
    // A request for some functions says nothing about the others.
    let prune_others = request.functions.is_empty();
    let current = current::Current {
        others: if prune_others { current.others.clone() } else { Vec::new() },
        ..current
    };
    // Packing and hashing are work for a thread of their own, not for the one that answers.
    let (steps, notes) = tokio::task::block_in_place(|| diff::steps(desired, &current, &terms));
    Ok(Plan { target: target.name.clone(), env_id: target.env_id().to_owned(), steps, notes })
}

/// Tells whether the environment runs these files: it was deployed from them before, or its package is the one they make.
fn is_same_code(function: &DesiredFunction, hash: &str, deployed: &Deployed, env_id: &str) -> bool {
    deployed.matches(env_id, function.spec.name.as_str(), &function.fingerprint, hash)
        // A tree that cannot be packed is found out when it is uploaded.
        || function.tree.pack().is_ok_and(|package| sha256(&package) == hash)
}

/// What applying a plan needs besides the plan.
pub struct Scene<'a> {
    pub project: &'a Project,
    pub target: &'a Target,
    pub progress: &'a dyn Progress,
    pub ids: &'a Ids,
    /// How many functions are brought up at once.
    pub concurrency: usize,
    /// As in [`Request::prune`].
    pub prune: bool,
}

/// Does what a plan says, step by step. Where a function or collection fails, what belongs to it is left; all else goes
/// on.
pub async fn apply(plan: Plan, scene: &Scene<'_>) -> Report {
    apply::run(plan, scene).await
}
