//! Columns that stay in line whatever the script: wide characters count two.

use comfy_table::{CellAlignment, ContentArrangement, TableStyle};

use crate::model::text::{Language, Text};

use super::style::visible;

/// A table without lines: a header and rows.
#[derive(Debug, Clone)]
pub struct Table {
    header: Vec<Text>,
    rows: Vec<Vec<String>>,
    right: Vec<usize>,
}

impl Table {
    pub fn new(header: impl IntoIterator<Item = Text>) -> Self {
        Table { header: header.into_iter().collect(), rows: Vec::new(), right: Vec::new() }
    }

    /// Aligns a column to the right: numbers.
    pub fn right(mut self, column: usize) -> Self {
        self.right.push(column);
        self
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        let cell = |text: String| visible(&text.replace(['\n', '\t'], " ")).into_owned();
        self.rows.push(cells.into_iter().map(|text| cell(text.into())).collect());
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Draws the header line and the other lines. With a width, long cells are folded into it.
    pub(super) fn draw(&self, language: Language, width: Option<u16>) -> (String, Vec<String>) {
        let mut table = comfy_table::Table::new();
        table.load_style(TableStyle::default());
        match width {
            Some(width) => {
                table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
            }
            None => {
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        table.set_header(self.header.iter().map(|title| title.in_language(language)).collect::<Vec<_>>());
        table.add_rows(self.rows.iter().cloned());
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        for &column in &self.right {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut lines = table.lines().map(|line| line.trim_end().to_owned());
        (lines.next().unwrap_or_default(), lines.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    #[test]
    fn wide_characters_keep_columns_in_line() {
        let mut table =
            Table::new([text! { en: "name", zh: "名称" }, text! { en: "count", zh: "数量" }]).right(1);
        table.row(["云函数", "7"]);
        table.row(["login", "120"]);
        let (header, rows) = table.draw(Language::English, None);
        assert_eq!(header, "name    count");
        assert_eq!(rows, ["云函数      7", "login     120"]);
    }
}
