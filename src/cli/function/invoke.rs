//! `cloudkit fn invoke NAME`.

use crate::cli::context::Context;
use crate::error::{Error, Kind, Result};
use crate::model::name::FunctionName;
use crate::ops::function::invoke::{self, Call, Invocation};
use crate::term::{Page, Show};
use crate::text;

/// Call a function and print what it returns
///
/// What the function logs goes to standard error. The exit code is 1 when the function failed.
///
/// Examples:
///   cloudkit fn invoke login --as o-alice1
///   cloudkit fn invoke report --data '{"score": 120}'
///   echo '{"score": 7}' | cloudkit fn invoke report --data -
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    name: FunctionName,
    /// The event: JSON, `@FILE`, or `-` for standard input
    #[arg(long, short, value_name = "JSON|@FILE|-", default_value = "{}", hide_default_value = true)]
    data: String,
    /// Call as this mini-program user (emulator only)
    #[arg(long = "as", value_name = "OPENID")]
    openid: Option<String>,
    /// The union id of that user
    #[arg(long, value_name = "UNIONID", requires = "openid")]
    unionid: Option<String>,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let event = context.json_argument(&args.data)?;
    let call = Call { function: args.name, event, openid: args.openid, unionid: args.unionid };
    let target = context.target()?;
    let invocation = context.wait(invoke::invoke(&target, &call))?;
    answer(&invocation, &call.function, context)
}

/// Shows how a call ended: its log as talk, its result as data.
pub fn answer(invocation: &Invocation, function: &FunctionName, context: &mut Context) -> Result<()> {
    if invocation.logs_cut {
        let request_id = &invocation.request_id;
        context.ui.say(&text! {
            en: "… the end of the log; `cloudkit logs --request-id {request_id}` shows all of it",
            zh: "… 以下仅为日志末尾；完整日志请运行 `cloudkit logs --request-id {request_id}`"
        });
    }
    for line in &invocation.logs {
        context.ui.say(&line.as_str().into());
    }
    if context.ui.is_verbose() {
        let Invocation { duration_ms, billed_ms, memory_bytes, .. } = invocation;
        let megabytes = memory_bytes >> 20;
        context.ui.say(&text! {
            en: "took {duration_ms} ms, billed as {billed_ms} ms, with {megabytes} MB of memory",
            zh: "用时 {duration_ms} 毫秒，计费 {billed_ms} 毫秒，占用内存 {megabytes} MB"
        });
    }
    if context.ui.is_json() || invocation.ok {
        context.ui.show(invocation);
        context.exit_with(u8::from(!invocation.ok));
        return Ok(());
    }
    let error = Error::new(
        Kind::Failed,
        text! { en: "function `{function}` failed", zh: "云函数 `{function}` 执行失败" },
    );
    let error = error.request_id(&invocation.request_id);
    Err(match &invocation.error {
        None => error,
        Some(why) => {
            let error = error.cause(headline(&why.err_msg).into());
            match why.remedy() {
                Some(remedy) => error.hint(remedy),
                None => error,
            }
        }
    })
}

/// Returns the line that says what happened; the stack has just been shown with the log. Node begins a syntax error with
/// the place it is at.
fn headline(message: &str) -> &str {
    let names_error = |line: &&str| line.split_once(':').is_some_and(|(name, _)| name.ends_with("Error"));
    message.lines().find(names_error).or(message.lines().next()).unwrap_or_default()
}

impl Show for Invocation {
    fn show(&self, page: &mut Page) {
        if let Some(result) = &self.result {
            page.line(format_args!("{result:#}"));
        }
    }
}
