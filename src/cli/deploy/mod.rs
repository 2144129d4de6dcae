//! `cloudkit deploy` and `cloudkit diff`.

pub mod diff;
mod show;

use crate::error::{Error, Kind, Result};
use crate::model::name::FunctionName;
use crate::ops::deploy::{self, Part, Request, Scene};
use crate::ops::target::Target;
use crate::project::{Options, Project};
use crate::text;

use super::context::Context;
use show::{Planned, Reported};

/// Bring the project to an environment: plan, then apply
///
/// Compares functions, triggers, collections, indexes and permissions with what the environment has, shows the
/// difference, and makes it so. What is unchanged is not touched: deploying twice uploads nothing the second time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cloudkit deploy --env prod --dry-run\n  cloudkit deploy --env prod\n  \
                        cloudkit deploy login report\n  cloudkit deploy --only database,rules")]
pub struct Args {
    #[command(flatten)]
    pub what: What,
    /// Show the plan and change nothing
    #[arg(long)]
    dry_run: bool,
    /// How many functions are brought up at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    concurrency: u8,
}

/// What is compared or deployed.
#[derive(Debug, clap::Args)]
pub struct What {
    /// Functions to take along; all, and everything else, if left out
    #[arg(value_name = "FUNCTION")]
    functions: Vec<String>,
    /// Parts to take along: functions, database, rules, triggers, gateway, storage
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    only: Vec<String>,
    /// Remove functions, triggers, indexes and variables that the project does not have; never a collection
    #[arg(long)]
    prune: bool,
}

impl What {
    fn request(&self) -> Result<Request> {
        Ok(Request {
            functions: self
                .functions
                .iter()
                .map(|name| name.parse::<FunctionName>())
                .collect::<Result<_>>()?,
            only: self.only.iter().map(|name| name.parse::<Part>()).collect::<Result<_>>()?,
            prune: self.prune,
        })
    }
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let request = args.what.request()?;
    let target = match args.dry_run {
        true => context.target()?,
        false => context.target_to_change()?,
    };
    let project = project_for(context, &target)?;
    let plan = context.wait(deploy::plan(&project, &target, &request))?;
    if args.dry_run {
        context.ui.show(&Planned(plan));
        return Ok(());
    }
    if plan.removals().next().is_some() {
        let planned = Planned(plan);
        context.ui.aside(&planned);
        context.agree(&text! { en: "Remove what is marked `-`?", zh: "要删除标有 `-` 的内容吗？" })?;
        return apply(planned.0, &project, &target, &args, context);
    }
    apply(plan, &project, &target, &args, context)
}

fn apply(
    plan: deploy::plan::Plan,
    project: &Project,
    target: &Target,
    args: &Args,
    context: &mut Context,
) -> Result<()> {
    let scene = Scene {
        project,
        target,
        progress: &context.ui,
        ids: &context.ids,
        concurrency: args.concurrency.into(),
        prune: args.what.prune,
    };
    let report = context.wait(async { Ok(deploy::apply(plan, &scene).await) })?;
    let failures: Vec<Error> = report.failures().cloned().collect();
    context.ui.show(&Reported(report));
    if let Some(first) = failures.first() {
        if !context.ui.is_json() {
            failures.iter().for_each(|failure| context.ui.report(failure));
        }
        let refused = failures.iter().all(|failure| failure.kind() == first.kind());
        context.exit_with(if refused { first.kind() } else { Kind::Failed }.exit_code());
    }
    Ok(())
}

/// Reads the project as it is for a target: an environment may have settings of its own.
pub(super) fn project_for(context: &Context, target: &Target) -> Result<Project> {
    let project = Project::load(&Options {
        directory: context.cwd.clone(),
        functions_root: None,
        environment: Some(target.name.clone()),
        variables: context.variables.clone(),
    })?;
    project.warnings.iter().for_each(|warning| context.ui.warn_of(warning));
    Ok(project)
}
