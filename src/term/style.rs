//! Colours: when they are used, what each one means, and text that must not move the cursor.

use std::borrow::Cow;

use colored::{Color, Colorize};

/// What the person asked for with `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

/// What a piece of text means. Colour never carries a meaning alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Good,
    Warning,
    Bad,
    /// Something to type or to copy.
    Literal,
    Strong,
    Faint,
}

/// Paints text for one stream, or leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paint {
    pub on: bool,
}

impl Paint {
    /// Paints a piece of text.
    pub fn apply(self, style: Style, text: &str) -> String {
        if !self.on {
            return text.to_owned();
        }
        match style {
            Style::Good => text.color(Color::Green),
            Style::Warning => text.color(Color::Yellow),
            Style::Bad => text.color(Color::Red).bold(),
            Style::Literal => text.color(Color::Cyan),
            Style::Strong => text.bold(),
            Style::Faint => text.dimmed(),
        }
        .to_string()
    }

    /// Paints what stands between backticks in a sentence. The backticks stay, for those who see no colour.
    pub fn sentence(self, text: &str) -> String {
        let text = visible(text);
        if !self.on {
            return text.into_owned();
        }
        let mut painted = String::with_capacity(text.len() + 16);
        for (at, part) in text.split('`').enumerate() {
            match at % 2 {
                0 => painted.push_str(part),
                _ => painted.push_str(&self.apply(Style::Literal, &format!("`{part}`"))),
            }
        }
        painted
    }
}

/// Returns text whose control characters are written out, so that a stored value cannot move the cursor or change the
/// title of somebody's terminal. Line ends and tabs stay.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| !c.is_control() || c == '\n' || c == '\t';
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match harmless(c) {
            true => shown.push(c),
            false => shown.extend(c.escape_default()),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_painted_and_keep_their_backticks() {
        colored::control::set_override(true);
        let painted = Paint { on: true }.sentence("run `cloudkit login` first");
        assert_eq!(painted, "run \u{1b}[36m`cloudkit login`\u{1b}[0m first");
        assert_eq!(Paint { on: false }.sentence("run `x`"), "run `x`");
    }

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(visible("a\u{1b}]0;title\u{7}b"), "a\\u{1b}]0;title\\u{7}b");
        assert_eq!(visible("two\nlines\t云"), "two\nlines\t云");
    }
}
