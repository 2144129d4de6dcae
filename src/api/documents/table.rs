//! Documents as a table: a column for each field path, a line for each document.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, Document};

use super::cell;

/// The columns of a table, in the order in which their paths were met.
#[derive(Debug, Default)]
pub struct Columns {
    paths: Vec<String>,
    known: BTreeSet<String>,
}

impl Columns {
    /// Takes the paths of a document in.
    pub fn meet(&mut self, document: &Document) {
        each_cell(document, "", &mut |path, _| {
            if self.known.insert(path.clone()) {
                self.paths.push(path);
            }
        });
    }

    pub(super) fn into_paths(self) -> Vec<String> {
        self.paths
    }
}

/// Writes the line of names; nothing when there are none.
pub(super) fn header(paths: &[String]) -> String {
    if paths.is_empty() {
        return String::new();
    }
    line(paths.iter().map(String::as_str))
}

/// Writes the line of a document whose every path is a column.
pub(super) fn row(document: &Document, paths: &[String]) -> String {
    let mut cells = BTreeMap::new();
    each_cell(document, "", &mut |path, value| {
        cells.insert(path, cell::write(value));
    });
    line(paths.iter().map(|path| cells.get(path).map_or("", String::as_str)))
}

/// Writes the line of the chosen fields of a document.
pub(super) fn chosen(document: &Document, paths: &[String]) -> String {
    let cells: Vec<String> =
        paths.iter().map(|path| at(document, path).map_or_else(String::new, cell::write)).collect();
    line(cells.iter().map(String::as_str))
}

/// Hands over each value that has a cell of its own: whatever is no document, and a document without a path below it.
fn each_cell<'a>(document: &'a Document, above: &str, each: &mut dyn FnMut(String, &'a Bson)) {
    for (key, value) in document {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        match value {
            Bson::Document(inner) if has_paths(inner) => each_cell(inner, &path, each),
            value => each(path, value),
        }
    }
}

/// Whether every name in a document can be part of a path.
fn has_paths(document: &Document) -> bool {
    !document.is_empty()
        && document.keys().all(|key| !(key.is_empty() || key.contains('.') || key.starts_with('$')))
}

fn at<'a>(document: &'a Document, path: &str) -> Option<&'a Bson> {
    match path.split_once('.') {
        None => document.get(path),
        Some((first, rest)) => at(document.get(first)?.as_document()?, rest),
    }
}

/// Joins cells as RFC 4180 has it; the line ends in a line feed alone.
fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (position, cell) in cells.enumerate() {
        if position > 0 {
            line.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(cell);
        }
    }
    // An empty line is no record.
    if line.is_empty() {
        line.push_str("\"\"");
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    #[test]
    fn documents_become_lines_under_the_paths_of_all() {
        let documents = [
            doc! { "_id": 1, "stats": { "best": 5, "of": {} }, "name": "李雷" },
            doc! { "_id": 2, "stats": 7, "odd": { "a.b": 1 }, "name": "Han, \"M\"" },
        ];
        let mut columns = Columns::default();
        documents.iter().for_each(|document| columns.meet(document));
        let paths = columns.into_paths();
        let lines: String = documents.iter().map(|document| row(document, &paths)).collect();
        assert_eq!(
            header(&paths) + &lines,
            "_id,stats.best,stats.of,name,stats,odd\n\
             1,5,{},李雷,,\n\
             2,,,\"Han, \"\"M\"\"\",7,\"{\"\"a.b\"\":{\"\"$numberInt\"\":\"\"1\"\"}}\"\n"
        );
    }

    #[test]
    fn chosen_fields_are_found_by_their_paths() {
        let document = doc! { "a": { "b": { "c": 1.5 } }, "d": [1] };
        let paths = ["d", "a.b.c", "a.x", "a.b"].map(str::to_owned);
        assert_eq!(
            chosen(&document, &paths),
            "\"[{\"\"$numberInt\"\":\"\"1\"\"}]\",1.5,,\"{\"\"c\"\":{\"\"$numberDouble\"\":\"\"1.5\"\"}}\"\n"
        );
        assert_eq!(chosen(&document, &["none".to_owned()]), "\"\"\n");
    }
}
