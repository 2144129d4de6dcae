//! `cloudkit clock …`.

use std::time::Duration;

use crate::error::Result;
use crate::model::clock::Millis;
use crate::ops::clock::{self, State};
use crate::term::{Page, Show, Style, Table};
use crate::text;

use super::context::Context;
use super::input;

/// Show or move the emulator's clock (emulator only)
///
/// Timers, links, tokens and sessions go by it, and functions are told its time: two hours pass in a moment.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show what time it is in the emulator
    Show,
    /// Move the clock to a time, fire what is due on the way, and hold it there
    Set {
        /// A time with its offset from UTC, such as `2026-11-21T13:00:00+08:00`; without one it is UTC+8
        #[arg(value_parser = input::time)]
        time: Millis,
        /// Fire nothing on the way
        #[arg(long)]
        skip_timers: bool,
    },
    /// Move the clock on, firing what is due on the way, in order
    ///
    /// Each timer's function runs with the clock at its time, one after the other; the command ends when the last has
    /// answered.
    Advance {
        /// A number and its unit: `90s`, `30m`, `2h`, `1d`
        #[arg(value_parser = input::duration)]
        by: Duration,
        /// Fire nothing on the way
        #[arg(long)]
        skip_timers: bool,
    },
    /// Let the clock tell the machine's time again
    Resume,
}

pub fn run(command: Command, context: &mut Context) -> Result<()> {
    let state = match command {
        Command::Show => {
            let target = context.target()?;
            context.wait(clock::show(&target))?
        }
        Command::Set { time, skip_timers } => {
            let target = context.target_to_change()?;
            context.wait(clock::set(&target, time, skip_timers))?
        }
        Command::Advance { by, skip_timers } => {
            let target = context.target_to_change()?;
            let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            context.wait(clock::advance(&target, by, skip_timers))?
        }
        Command::Resume => {
            let target = context.target_to_change()?;
            context.wait(clock::resume(&target))?
        }
    };
    context.ui.show(&state);
    Ok(())
}

impl Show for State {
    fn show(&self, page: &mut Page) {
        if let Some(fired) = self.fired.as_ref().filter(|fired| !fired.is_empty()) {
            let mut table = Table::new([
                text! { en: "time", zh: "时间" },
                text! { en: "function", zh: "云函数" },
                text! { en: "trigger", zh: "触发器" },
                text! { en: "result", zh: "结果" },
            ]);
            for it in fired {
                let result = it.error.as_deref().and_then(|error| error.lines().next()).unwrap_or("ok");
                table.row([&it.time, &it.function, &it.trigger, result]);
            }
            page.table(&table, &text! { en: "Nothing was due.", zh: "没有到期的触发器。" });
        }
        let now = page.paint(Style::Strong, &self.now);
        let state = match (self.held, self.offset_ms.abs() < 1000) {
            (true, _) => text! { en: "held", zh: "已停住" },
            (false, true) => text! { en: "the machine's time", zh: "本机时间" },
            (false, false) => text! { en: "moved, running", zh: "已移动，运行中" },
        };
        let state = page.paint(Style::Faint, page.words(&state));
        page.styled(format_args!("{now}  {state}"));
    }
}
