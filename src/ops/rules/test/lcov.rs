//! Coverage as LCOV: a line for each rule's line, a branch for each outcome of a clause.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::coverage::{Clause, Coverage};

/// Writes a coverage as LCOV reads it. Rules whose place is not known are left out.
pub fn lcov(coverage: &Coverage) -> String {
    let mut files: BTreeMap<&Path, BTreeMap<usize, Vec<&Clause>>> = BTreeMap::new();
    for clause in &coverage.clauses {
        if let Some(place) = &clause.place {
            files.entry(&place.path).or_default().entry(place.line).or_default().push(clause);
        }
    }
    let mut text = String::new();
    for (path, lines) in files {
        // Writing to a text cannot fail.
        let _ = write_file(&mut text, path, &lines);
    }
    text
}

fn write_file(text: &mut String, path: &Path, lines: &BTreeMap<usize, Vec<&Clause>>) -> std::fmt::Result {
    writeln!(text, "TN:\nSF:{}", path.display())?;
    let (mut branches, mut taken) = (0, 0);
    for (line, clauses) in lines {
        for (block, clause) in clauses.iter().enumerate() {
            let is_decided = clause.is_true + clause.is_not > 0;
            for (branch, count) in [clause.is_true, clause.is_not].into_iter().enumerate() {
                let count_shown = if is_decided { count.to_string() } else { "-".to_owned() };
                writeln!(text, "BRDA:{line},{block},{branch},{count_shown}")?;
                branches += 1;
                taken += usize::from(count > 0);
            }
        }
    }
    writeln!(text, "BRF:{branches}\nBRH:{taken}")?;
    let hits = |clauses: &Vec<&Clause>| clauses.iter().map(|it| it.is_true + it.is_not).max().unwrap_or(0);
    for (line, clauses) in lines {
        writeln!(text, "DA:{line},{}", hits(clauses))?;
    }
    let hit = lines.values().filter(|clauses| hits(clauses) > 0).count();
    writeln!(text, "LF:{}\nLH:{hit}\nend_of_record", lines.len())
}
