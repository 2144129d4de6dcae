//! `cloudkit logs`.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::error::Result;
use crate::model::level::Level;
use crate::model::name::FunctionName;
use crate::ops::clock;
use crate::ops::logs::{self, Filter, Line, News};
use crate::term::{Page, Show, Style, Ui};
use crate::text;

use super::context::Context;
use super::input;

/// Show what functions said, in the same form from the emulator and the cloud
///
/// Examples:
///   cloudkit logs -f
///   cloudkit logs login --since 1h --level warn
///   cloudkit logs --request-id 0f2c1a52-… --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only these functions
    functions: Vec<FunctionName>,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// How far back: `30s`, `10m`, `2h`, `1d`
    #[arg(long, value_name = "AGE", default_value = "10m", value_parser = input::duration)]
    since: Duration,
    /// This level and above
    #[arg(long, value_parser = level())]
    level: Option<Level>,
    /// Only this call
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Only lines that contain this text
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
}

/// Reads one of the levels, which the help names.
fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(["debug", "info", "warn", "error"])
        .map(|word| Level::read(&word).expect("each of these is a level"))
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let target = context.target()?;
    let now = context.wait(clock::present(&target, context.clock.now()))?;
    let filter = Filter {
        functions: args.functions,
        since: now.saturating_sub(i64::try_from(args.since.as_millis()).unwrap_or(i64::MAX)),
        level: args.level,
        request_id: args.request_id,
        grep: args.grep,
    };
    let ui = context.ui.clone();
    let mut silent = true;
    let mut emit = |news: News| {
        match news {
            News::Line(line) => {
                silent = false;
                ui.event(&line);
            }
            News::Behind(time) => {
                let seconds = time.as_secs_f64().round();
                ui.say(&text! {
                    en: "the cloud's log is about {seconds} s behind",
                    zh: "云端日志约滞后 {seconds} 秒"
                });
            }
        }
        !ui.is_closed()
    };
    context.wait(async {
        tokio::select! {
            read = logs::read(&target, &filter, args.follow, &context.clock, &mut emit) => read,
            () = nobody_listens(&context.ui) => Ok(()),
        }
    })?;
    if silent {
        context.ui.say(&text! { en: "no such lines in that time", zh: "这段时间内没有符合条件的日志" });
    }
    Ok(())
}

/// Waits until the reader of standard output has gone away: `logs -f | head -1` ends when `head` does, not with the
/// next line.
async fn nobody_listens(ui: &Ui) {
    while !ui.is_closed() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

impl Show for Line {
    fn show(&self, page: &mut Page) {
        // The date and the zone are the same on every line; `--json` has them.
        let time = page.paint(Style::Faint, page.local_time(&self.time, "%H:%M:%S%.3f"));
        let function = page.paint(Style::Strong, &self.function);
        let level = match self.level {
            Level::Debug => page.paint(Style::Faint, "debug"),
            Level::Info => "info ".to_owned(),
            Level::Warn => page.paint(Style::Warning, "warn "),
            Level::Error => page.paint(Style::Bad, "error"),
        };
        let message = page.visible(self.message.trim_end());
        let message = if self.is_platforms() { page.paint(Style::Faint, message).into() } else { message };
        page.styled(format_args!("{time} {level} {function}  {message}"));
    }
}
