//! A command line that cannot be understood, told in our own words; help and version.

use std::ffi::OsString;

use clap::ValueEnum;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::{Error, Kind};
use crate::model::text::Text;
use crate::term::Ui;
use crate::text;

use super::language::Choice;

/// Answers what the parser stopped at, and returns the exit code.
pub fn answer(error: &clap::Error, ui: &Ui) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            ui.data(error.render().to_string().as_bytes());
            0
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !ui.is_json() => {
            ui.say(&error.render().to_string().trim_end().into());
            2
        }
        _ => {
            ui.report(&explain(error));
            2
        }
    }
}

/// Says what is wrong with the arguments, why, and what was perhaps meant.
fn explain(error: &clap::Error) -> Error {
    let mut told = Error::new(Kind::Usage, message(error));
    if let Some(source) = std::error::Error::source(error) {
        told = match source.downcast_ref::<Error>() {
            Some(ours) => ours.hints().iter().cloned().fold(told.cause(ours.message().clone()), Error::hint),
            None => told.source(source),
        };
    }
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue] {
        if let Some(near) = value(error, kind) {
            told = told.hint(text! { en: "did you mean `{near}`?", zh: "是否想输入 `{near}`？" });
        }
    }
    if let Some(valid) = value(error, ContextKind::ValidValue).filter(|valid| !valid.is_empty()) {
        told = told.hint(text! { en: "the values are `{valid}`", zh: "可用的值：`{valid}`" });
    }
    if let Some(usage) = error.get(ContextKind::Usage) {
        let usage = usage.to_string();
        let usage = usage.trim_start_matches("Usage:").trim().to_owned();
        told = told.hint(text! { en: "usage: `{usage}`", zh: "用法：`{usage}`" });
    }
    told
}

/// Says what is wrong with the arguments.
fn message(error: &clap::Error) -> Text {
    let value = |kind| value(error, kind).unwrap_or_default();
    let argument = value(ContextKind::InvalidArg);
    let given = value(ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => {
            text! { en: "unexpected argument `{argument}`", zh: "无法识别的参数 `{argument}`" }
        }
        ErrorKind::InvalidSubcommand => {
            let name = value(ContextKind::InvalidSubcommand);
            text! { en: "`{name}` is not a command", zh: "没有命令 `{name}`" }
        }
        ErrorKind::MissingRequiredArgument => {
            text! { en: "missing `{argument}`", zh: "缺少 `{argument}`" }
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            text! { en: "a command is missing", zh: "缺少命令" }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if given.is_empty() => {
            text! { en: "`{argument}` needs a value", zh: "`{argument}` 需要一个值" }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            text! { en: "`{given}` is not a value for `{argument}`", zh: "`{given}` 不能作为 `{argument}` 的值" }
        }
        ErrorKind::ArgumentConflict => {
            let other = value(ContextKind::PriorArg);
            match other == argument {
                true => text! { en: "`{argument}` is given twice", zh: "`{argument}` 重复给出" },
                false => {
                    text! { en: "`{argument}` and `{other}` exclude each other", zh: "`{argument}` 与 `{other}` 不能同时使用" }
                }
            }
        }
        ErrorKind::TooManyValues => {
            text! { en: "`{argument}` takes no value `{given}`", zh: "`{argument}` 不接受值 `{given}`" }
        }
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            text! { en: "`{argument}` has too few or too many values", zh: "`{argument}` 的值的个数不对" }
        }
        ErrorKind::NoEquals => {
            text! { en: "`{argument}` takes its value after `=`", zh: "`{argument}` 的值须写在 `=` 之后" }
        }
        ErrorKind::InvalidUtf8 => text! { en: "an argument is not UTF-8", zh: "有参数不是 UTF-8" },
        _ => first_line(error).as_str().into(),
    }
}

/// Returns what clap says of one side of a mistake.
fn value(error: &clap::Error, kind: ContextKind) -> Option<String> {
    error.get(kind).map(words)
}

fn words(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(all) => all.join("`, `"),
        other => other.to_string(),
    }
}

fn first_line(error: &clap::Error) -> String {
    let shown = error.to_string();
    shown.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// Returns whether `--json` stands among our own arguments, for errors met before they are parsed.
pub fn asks_for_json(arguments: &[OsString]) -> bool {
    ours(arguments).any(|argument| argument == "--json")
}

/// Returns the value of `--lang`, for help and errors met before the arguments are parsed.
pub fn lang(arguments: &[OsString]) -> Option<Choice> {
    let mut ours = ours(arguments);
    while let Some(argument) = ours.next() {
        let argument = argument.to_str().unwrap_or_default();
        let value = match argument.strip_prefix("--lang") {
            Some("") => ours.next()?.to_str()?,
            Some(value) => value.strip_prefix('=')?,
            None => continue,
        };
        return Choice::from_str(value, true).ok();
    }
    None
}

/// Returns the arguments before `--`; what follows belongs to another program.
fn ours(arguments: &[OsString]) -> impl Iterator<Item = &OsString> {
    arguments.iter().take_while(|argument| *argument != "--")
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;
    use crate::model::text::Language;

    /// Returns what a reader of Chinese is told: message, causes and hints, but for the usage.
    fn told(arguments: &str) -> Vec<String> {
        let arguments = ["cloudkit"].into_iter().chain(arguments.split(' '));
        let error = tree(Language::Chinese).try_get_matches_from(arguments).expect_err("refused");
        let error = explain(&error);
        let hints = error.hints().iter().filter(|hint| !hint.en.starts_with("usage: "));
        let all = [error.message()].into_iter().chain(error.causes()).chain(hints);
        all.map(|text| text.zh.clone()).collect()
    }

    #[test]
    fn every_refusal_is_in_the_readers_language_to_its_end() {
        for (arguments, expected) in [
            ("emulate --port abc", &["`abc` 不能作为 `--port <N>` 的值", "不是整数"][..]),
            ("emulate --port 70000", &["`70000` 不能作为 `--port <N>` 的值", "应在 0 到 65535 之间"]),
            ("emulate --port -1", &["无法识别的参数 `-1`"]),
            ("emulate --port", &["`--port <N>` 需要一个值"]),
            ("emulate --port=", &["`--port <N>` 需要一个值", "缺少数字"]),
            ("emulate --port 1 --port 2", &["`--port <N>` 重复给出"]),
            ("emulate --strict=x", &["`x` 不能作为 `--strict[=<N>]` 的值", "不是整数"]),
            (
                "emulate --strict=99999999999999999999",
                &["`99999999999999999999` 不能作为 `--strict[=<N>]` 的值", "数字过大"],
            ),
            ("emulate --ephemeral=3", &["`--ephemeral` 不接受值 `3`"]),
            ("emulate --ephemeral --data x", &["`--ephemeral` 与 `--data <DIR>` 不能同时使用"]),
            ("emulate --vscode", &["缺少 `--inspect[=<PORT>]`"]),
            (
                "emulate --durability none",
                &["`none` 不能作为 `--durability <DURABILITY>` 的值", "可用的值：`normal`, `full`"],
            ),
            ("emulat", &["没有命令 `emulat`", "是否想输入 `emulate`？"]),
            ("emulate --prt 3", &["无法识别的参数 `--prt`", "是否想输入 `--port`？"]),
            ("fn show", &["缺少 `<NAME>`"]),
            (
                "logs --since soon",
                &[
                    "`soon` 不能作为 `--since <AGE>` 的值",
                    "时长由数字和单位组成",
                    "请写 `30s`、`10m`、`2h` 或 `1d`",
                ],
            ),
            ("deploy --concurrency 99", &["`99` 不能作为 `--concurrency <N>` 的值", "应在 1 到 32 之间"]),
        ] {
            assert_eq!(told(arguments), expected, "{arguments}");
        }
    }
}
