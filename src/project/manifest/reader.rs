//! Reading a TOML file so that every complaint points at its place. It knows tables and values, not what they mean.

use std::path::PathBuf;
use std::str::FromStr;

use toml_edit::{Document, Item, TableLike};

use crate::error::{Error, Excerpt, Kind, Result};
use crate::model::name::{did_you_mean, suggestion};
use crate::model::text::Text;
use crate::text;

pub(in crate::project) type Span = std::ops::Range<usize>;

/// The file being read.
pub(in crate::project) struct Source {
    pub(in crate::project) path: PathBuf,
    pub(in crate::project) text: String,
}

impl Source {
    pub(in crate::project) fn parse(&self) -> Result<Document<&str>> {
        Document::parse(&*self.text).map_err(|error| {
            let shown = self.path.display();
            let label = Text::same(error.message().lines().collect::<Vec<_>>().join(", "));
            let span = error.span().unwrap_or(0..0);
            Error::new(
                Kind::Usage,
                text! { en: "`{shown}` is not valid TOML", zh: "`{shown}` 不是合法的 TOML" },
            )
            .excerpt(self.excerpt(span, label))
        })
    }

    fn excerpt(&self, span: Span, label: Text) -> Excerpt {
        Excerpt { path: self.path.clone(), source: self.text.clone(), first_line: 1, span, label }
    }

    /// Makes an error that points at a place.
    pub(in crate::project) fn wrong(&self, span: Span, message: Text, label: Text) -> Error {
        Error::new(Kind::Usage, message).excerpt(self.excerpt(span, label))
    }

    /// Adds the place to an error that says everything else.
    pub(in crate::project) fn at<T>(&self, span: Span, result: Result<T>) -> Result<T> {
        let label = text! { en: "this value", zh: "这个值" };
        result.map_err(|error| error.excerpt(self.excerpt(span, label)))
    }
}

/// A table being read. Keys that nobody asked for are mistakes: `finish` says so.
pub(in crate::project) struct Section<'a> {
    pub(in crate::project) source: &'a Source,
    /// As in the file: `functions.login`; empty for the whole file.
    pub(in crate::project) name: String,
    table: &'a dyn TableLike,
    asked: Vec<&'static str>,
    taken: Vec<&'a str>,
}

impl<'a> Section<'a> {
    pub(in crate::project) fn new(
        source: &'a Source,
        name: impl Into<String>,
        table: &'a dyn TableLike,
    ) -> Self {
        Section { source, name: name.into(), table, asked: Vec::new(), taken: Vec::new() }
    }

    /// Returns a value and its place.
    pub(in crate::project) fn item(&mut self, key: &'static str) -> Option<(&'a Item, Span)> {
        self.asked.push(key);
        let item = self.table.get(key)?;
        Some((item, self.span(key, item)))
    }

    fn span(&self, key: &str, item: &Item) -> Span {
        item.span().or_else(|| self.key_span(key)).unwrap_or(0..0)
    }

    pub(in crate::project) fn key_span(&self, key: &str) -> Option<Span> {
        self.table.get_key_value(key).and_then(|(key, _)| key.span())
    }

    fn typed<T>(
        &mut self,
        key: &'static str,
        expected: (&str, &str),
        read: impl Fn(&'a Item) -> Option<T>,
    ) -> Result<Option<(T, Span)>> {
        let Some((item, span)) = self.item(key) else { return Ok(None) };
        match read(item) {
            Some(value) => Ok(Some((value, span))),
            None => Err(self.mistyped(key, item, span, expected)),
        }
    }

    fn mistyped(&self, key: &str, item: &Item, span: Span, (en, zh): (&str, &str)) -> Error {
        let found = item.type_name();
        self.source.wrong(
            span,
            text! { en: "`{key}` must be {en}", zh: "`{key}` 必须是{zh}" },
            text! { en: "found: {found}", zh: "这里的类型是 {found}" },
        )
    }

    pub(in crate::project) fn text(&mut self, key: &'static str) -> Result<Option<(&'a str, Span)>> {
        self.typed(key, ("a text in quotes", "带引号的文本"), Item::as_str)
    }

    pub(in crate::project) fn string(&mut self, key: &'static str) -> Result<Option<String>> {
        Ok(self.text(key)?.map(|(text, _)| text.to_owned()))
    }

    /// Reads a text as something that checks itself.
    pub(in crate::project) fn parsed<T: FromStr<Err = Error>>(
        &mut self,
        key: &'static str,
    ) -> Result<Option<T>> {
        self.checked(key, str::parse)
    }

    pub(in crate::project) fn checked<T>(
        &mut self,
        key: &'static str,
        check: impl Fn(&str) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some((text, span)) = self.text(key)? else { return Ok(None) };
        self.source.at(span, check(text)).map(Some)
    }

    pub(in crate::project) fn integer<T>(
        &mut self,
        key: &'static str,
        check: impl Fn(i64) -> Result<T>,
    ) -> Result<Option<T>> {
        let read = self.typed(key, ("a whole number", "整数"), Item::as_integer)?;
        read.map(|(number, span)| self.source.at(span, check(number))).transpose()
    }

    pub(in crate::project) fn flag(&mut self, key: &'static str) -> Result<Option<bool>> {
        let read = self.typed(key, ("`true` or `false`", "`true` 或 `false`"), Item::as_bool)?;
        Ok(read.map(|(flag, _)| flag))
    }

    /// Reads `true`, `false` or a text, all as texts.
    pub(in crate::project) fn flag_or_text<T>(
        &mut self,
        key: &'static str,
        check: impl Fn(&str) -> Result<T>,
    ) -> Result<Option<T>> {
        let read = |item: &'a Item| match item.as_bool() {
            Some(flag) => Some(flag.to_string()),
            None => item.as_str().map(str::to_owned),
        };
        let expected = ("`true`, `false` or a text in quotes", "`true`、`false` 或带引号的文本");
        let read = self.typed(key, expected, read)?;
        read.map(|(text, span)| self.source.at(span, check(&text))).transpose()
    }

    /// Reads a list of texts, each with its place.
    pub(in crate::project) fn texts(&mut self, key: &'static str) -> Result<Option<Vec<(&'a str, Span)>>> {
        let expected = ("a list of texts", "文本列表");
        let Some((list, span)) = self.typed(key, expected, Item::as_array)? else { return Ok(None) };
        let texts = list.iter().map(|value| {
            let span = value.span().unwrap_or(span.clone());
            match value.as_str() {
                Some(text) => Ok((text, span)),
                None => Err(self.source.wrong(
                    span,
                    text! { en: "`{key}` must be a list of texts", zh: "`{key}` 必须是文本列表" },
                    text! { en: ("found: {}", value.type_name()), zh: ("这里的类型是 {}", value.type_name()) },
                )),
            }
        });
        texts.collect::<Result<_>>().map(Some)
    }

    /// Opens a table inside this one.
    pub(in crate::project) fn section(&mut self, key: &'static str) -> Result<Option<Section<'a>>> {
        let read = self.typed(key, ("a table", "表"), Item::as_table_like)?;
        Ok(read.map(|(table, _)| Section::new(self.source, self.child(key), table)))
    }

    /// Opens each table of a list: `key = [{…}, {…}]` or `[[key]]`.
    pub(in crate::project) fn sections(
        &mut self,
        key: &'static str,
    ) -> Result<Option<Vec<(Section<'a>, Span)>>> {
        let Some((item, span)) = self.item(key) else { return Ok(None) };
        let expected = ("a list of tables", "表的列表");
        let name = self.child(key);
        let open = |table, span| (Section::new(self.source, name.clone(), table), span);
        if let Some(tables) = item.as_array_of_tables() {
            let spans = tables.iter().map(|table| table.span().unwrap_or(span.clone()));
            return Ok(Some(tables.iter().zip(spans).map(|(table, span)| open(table as _, span)).collect()));
        }
        let list = item.as_array().ok_or_else(|| self.mistyped(key, item, span.clone(), expected))?;
        let opened = list.iter().map(|value| match value.as_inline_table() {
            Some(table) => Ok(open(table as _, value.span().unwrap_or(span.clone()))),
            None => {
                let place = value.span().unwrap_or(span.clone());
                Err(self.mistyped(key, &Item::Value(value.clone()), place, expected))
            }
        });
        opened.collect::<Result<_>>().map(Some)
    }

    /// Opens the tables whose keys are names of the user's, not ours. Ask for all known keys before.
    pub(in crate::project) fn named(&mut self) -> Vec<(&'a str, Span, Section<'a>)> {
        let mut found = Vec::new();
        for (key, item) in self.table.iter() {
            let Some(table) = item.as_table_like().filter(|_| !self.asked.contains(&key)) else { continue };
            self.taken.push(key);
            let span = self.key_span(key).unwrap_or(0..0);
            found.push((key, span, Section::new(self.source, self.child(key), table)));
        }
        found
    }

    /// Returns every key with its text value: a map of the user's own names.
    pub(in crate::project) fn strings(&mut self) -> Result<Vec<(&'a str, String)>> {
        let mut found = Vec::new();
        for (key, item) in self.table.iter() {
            self.taken.push(key);
            let text = match item {
                _ if item.is_str() => item.as_str().map(str::to_owned),
                Item::Value(toml_edit::Value::Integer(number)) => Some(number.value().to_string()),
                Item::Value(toml_edit::Value::Boolean(flag)) => Some(flag.value().to_string()),
                _ => None,
            };
            let text = text.ok_or_else(|| {
                self.mistyped(key, item, self.span(key, item), ("a text in quotes", "带引号的文本"))
            })?;
            found.push((key, text));
        }
        Ok(found)
    }

    /// Refuses the first key that nobody asked for.
    pub(in crate::project) fn finish(self) -> Result<()> {
        let unknown = self
            .table
            .iter()
            .map(|(key, _)| key)
            .find(|key| !self.asked.contains(key) && !self.taken.contains(key));
        let Some(key) = unknown else { return Ok(()) };
        let place = if self.name.is_empty() { Text::default() } else { self.place() };
        let span = self.key_span(key).unwrap_or(0..0);
        let (message, known) = (
            text! { en: ("unknown key `{key}`{}", place.en), zh: ("{}未知的键 `{key}`", place.zh) },
            self.asked.join("`, `"),
        );
        let label = match did_you_mean(key, self.asked.iter().copied()) {
            Some(meant) => suggestion(meant),
            None => text! { en: "not a key of this table", zh: "此表没有这个键" },
        };
        Err(self
            .source
            .wrong(span, message, label)
            .hint(text! { en: "known keys are `{known}`", zh: "可用的键有 `{known}`" }))
    }

    fn place(&self) -> Text {
        let name = &self.name;
        text! { en: " in `[{name}]`", zh: "`[{name}]` 中有" }
    }

    fn child(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}
