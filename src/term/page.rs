//! What a result draws itself on.

use std::borrow::Cow;
use std::fmt::Display;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::model::text::{Language, Text};

use super::style::{Paint, Style, visible};
use super::table::Table;

/// A result: one value that is a JSON document for programs and draws itself for people.
pub trait Show: Serialize {
    fn show(&self, page: &mut Page);
}

/// Lines for people, in their language, colours and width.
#[derive(Debug)]
pub struct Page {
    text: String,
    paint: Paint,
    language: Language,
    width: Option<u16>,
}

impl Page {
    pub(super) fn new(paint: Paint, language: Language, width: Option<u16>) -> Self {
        Page { text: String::new(), paint, language, width }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Returns the words in the reader's language.
    pub fn words<'a>(&self, text: &'a Text) -> &'a str {
        text.in_language(self.language)
    }

    /// Returns a piece of text in the colour of its meaning, to be used in [`Page::styled`].
    pub fn paint(&self, style: Style, text: impl Display) -> String {
        self.paint.apply(style, &visible(&text.to_string()))
    }

    /// Returns text whose control characters are written out, to be used in [`Page::styled`].
    pub fn visible<'a>(&self, text: &'a str) -> Cow<'a, str> {
        visible(text)
    }

    /// Returns an RFC 3339 time as the clock on the reader's wall shows it; what is no such time stays as it is.
    pub fn local_time(&self, time: &str, format: &str) -> String {
        let local = time.parse::<jiff::Timestamp>().map(|time| time.to_zoned(TimeZone::system()));
        local.map_or_else(|_| time.to_owned(), |local| local.strftime(format).to_string())
    }

    /// Writes a line as it is, but for control characters.
    pub fn line(&mut self, line: impl Display) {
        self.push(&visible(&line.to_string()));
    }

    /// Writes a line that was put together with [`Page::paint`].
    pub fn styled(&mut self, line: impl Display) {
        self.push(&line.to_string());
    }

    /// Writes a sentence; what stands between backticks is painted as something to type.
    pub fn sentence(&mut self, text: &Text) {
        self.push(&self.paint.sentence(text.in_language(self.language)));
    }

    /// Writes a sentence after a green mark: something was done.
    pub fn done(&mut self, text: &Text) {
        let mark = self.paint.apply(Style::Good, "✔");
        self.push(&format!("{mark} {}", self.paint.sentence(text.in_language(self.language))));
    }

    /// Writes `label  value` lines with the values in line.
    pub fn fields(&mut self, fields: impl IntoIterator<Item = (Text, String)>) {
        let mut table = Table::new([Text::default(), Text::default()]);
        for (label, value) in fields {
            table.row([label.in_language(self.language).to_owned(), value]);
        }
        let (_, lines) = table.draw(self.language, None);
        lines.iter().for_each(|line| self.push(line));
    }

    /// Writes a table; an empty one says so.
    pub fn table(&mut self, table: &Table, when_empty: &Text) {
        if table.is_empty() {
            return self.sentence(when_empty);
        }
        let (header, lines) = table.draw(self.language, self.width);
        self.push(&self.paint.apply(Style::Faint, &header));
        lines.iter().for_each(|line| self.push(line));
    }

    pub fn blank(&mut self) {
        self.push("");
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}
