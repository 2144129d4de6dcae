//! The help of every command in Chinese: the same tree with its sentences replaced, paragraph by paragraph.

mod sentences;

use clap::Command;
use clap::builder::StyledStr;

use sentences::SENTENCES;

/// Returns a tree of commands whose help is in Chinese. A sentence that is missing stays English; a test forbids it.
pub fn translate(command: Command) -> Command {
    let mut command = headings(command);
    if let Some(about) = command.get_about().map(text) {
        command = command.about(about);
    }
    if let Some(about) = command.get_long_about().map(text) {
        command = command.long_about(about);
    }
    if let Some(help) = command.get_after_help().map(text) {
        command = command.after_help(help);
    }
    command
        .mut_args(|mut arg| {
            let heading = match (arg.get_help_heading().and_then(find), arg.is_positional()) {
                (Some(heading), _) => heading,
                (None, true) => "参数",
                (None, false) => "选项",
            };
            if let Some(help) = arg.get_help().map(text) {
                arg = arg.help(help);
            }
            if let Some(help) = arg.get_long_help().map(text) {
                arg = arg.long_help(help);
            }
            arg.help_heading(heading)
        })
        .mut_subcommands(translate)
}

/// Replaces the words that the argument parser brings along.
fn headings(command: Command) -> Command {
    command
        .subcommand_help_heading("命令")
        .help_template("{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}")
}

fn text(styled: &StyledStr) -> String {
    let text = styled.to_string();
    let paragraphs: Vec<String> = text.split("\n\n").map(sentence).collect();
    paragraphs.join("\n\n")
}

/// Translates a paragraph; one that holds commands to type keeps them.
fn sentence(paragraph: &str) -> String {
    if let Some(commands) = paragraph.strip_prefix("Examples:") {
        return format!("示例：{commands}");
    }
    find(paragraph).unwrap_or(paragraph).to_owned()
}

fn find(paragraph: &str) -> Option<&'static str> {
    let same = |english: &str| english.split_whitespace().eq(paragraph.split_whitespace());
    SENTENCES.iter().find(|(english, _)| same(english)).map(|(_, chinese)| *chinese)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Collects every paragraph of the help of a command and of those below it.
    fn paragraphs(command: &Command, all: &mut BTreeSet<String>) {
        let mut add = |styled: Option<&StyledStr>| {
            all.extend(
                styled
                    .into_iter()
                    .flat_map(|it| it.to_string().split("\n\n").map(str::to_owned).collect::<Vec<_>>()),
            );
        };
        add(command.get_about());
        add(command.get_long_about());
        add(command.get_after_help());
        for arg in command.get_arguments() {
            add(arg.get_help());
            add(arg.get_long_help());
        }
        all.extend(command.get_arguments().filter_map(|arg| arg.get_help_heading()).map(str::to_owned));
        command.get_subcommands().for_each(|command| paragraphs(command, all));
    }

    #[test]
    fn every_sentence_of_the_help_is_there_in_chinese_and_none_is_left_over() {
        let mut used = BTreeSet::new();
        paragraphs(&crate::cli::tree(crate::model::text::Language::English), &mut used);
        let missing: Vec<_> =
            used.iter().filter(|it| !it.starts_with("Examples:") && find(it).is_none()).collect();
        let said =
            |sentence: &str| used.iter().any(|it| it.split_whitespace().eq(sentence.split_whitespace()));
        let stale: Vec<_> = SENTENCES.iter().map(|(english, _)| *english).filter(|it| !said(it)).collect();
        assert!(missing.is_empty(), "without Chinese: {missing:#?}");
        assert!(stale.is_empty(), "no command says this any more: {stale:#?}");
    }
}
