//! `cloudkit diff`.

use crate::error::Result;
use crate::ops::deploy;

use super::super::context::Context;
use super::show::Planned;
use super::{What, project_for};

/// Show what `deploy` would change
///
/// Ends with 0 when there is nothing to do, and with 1 when the environment differs from the project.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cloudkit diff --env prod\n  cloudkit diff login")]
pub struct Args {
    #[command(flatten)]
    what: What,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let request = args.what.request()?;
    let target = context.target()?;
    let project = project_for(context, &target)?;
    let plan = context.wait(deploy::plan(&project, &target, &request))?;
    if plan.changes().next().is_some() {
        context.exit_with(1);
    }
    context.ui.show(&Planned(plan));
    Ok(())
}
