//! `cloudkit trigger fire FUNCTION TRIGGER`.

use crate::cli::context::Context;
use crate::cli::function::invoke::answer;
use crate::cli::input;
use crate::error::Result;
use crate::model::clock::Millis;
use crate::model::name::FunctionName;
use crate::ops::trigger;

/// Start a function as its timer would (emulator only)
///
/// Examples:
///   cloudkit trigger fire refreshToken hourly
///   cloudkit trigger fire refreshToken hourly --at 2026-11-21T13:00:00+08:00
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    function: FunctionName,
    trigger: String,
    /// The time the function is told; now by default
    #[arg(long, value_name = "TIME", value_parser = input::time)]
    at: Option<Millis>,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target_to_change()?;
    let invocation = context.wait(trigger::fire(&target, &args.function, &args.trigger, args.at))?;
    answer(&invocation, &args.function, context)
}
