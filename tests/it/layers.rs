//! Who may know whom: reads every `crate::` path in `src/` and fails on an arrow that `docs/architecture.md` does not allow.
//! And who may come in from outside: how many packages the lock file names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// room → the rooms it may name. A room may always name itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("error", &["model"]),
    ("model", &["error"]),
    ("api", &["error", "model"]),
    ("docdb", &[]),
    ("rules", &["docdb", "error", "model"]),
    ("project", &["error", "model", "rules"]),
    ("scaffold", &["error", "model"]),
    ("cloud", &["error", "model", "api"]),
    ("ops", &["error", "model", "api", "cloud", "project", "rules", "scaffold"]),
    ("emulator", &["error", "model", "api", "docdb", "project", "rules", "scaffold"]),
    ("term", &["error", "model"]),
    ("cli", &["error", "model", "ops", "emulator", "term", "project"]),
];

/// Paths inside a room that outsiders may name; other rooms are open as a whole.
const FACES: &[(&str, &str, &[&str])] = &[
    // The command line knows the emulator by its face: start, configuration, events; and it ends processes in one way.
    (
        "cli",
        "emulator",
        &["Emulator", "config", "event", "data_dir::DataDir", "reaper", "salvage", "stopped"],
    ),
    // The emulator serves what `init` places in a mini program.
    ("emulator", "scaffold", &["mini_program"]),
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

/// Returns the `crate::…` paths of a source text, groups (`crate::{a, b::c}`) opened up, comments left out.
fn crate_paths(source: &str) -> Vec<String> {
    let code: String =
        source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::` in a macro names this crate from outside, as an ordinary path does.
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let end = group.find("};").unwrap_or(group.len());
            let mut depth = 0;
            let mut start = 0;
            for (i, c) in group[..end].char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        paths.push(group[start..i].trim().to_owned());
                        start = i + 1;
                    }
                    _ => {}
                }
            }
            paths.push(group[start..end].trim().to_owned());
        } else {
            let end =
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
            paths.push(rest[..end].to_owned());
        }
    }
    paths.retain(|path| !path.is_empty());
    paths
}

#[test]
fn every_arrow_between_rooms_is_in_the_table() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    assert!(files.len() > 20, "found only {} files", files.len());

    let rooms: BTreeSet<&str> = ALLOWED.iter().map(|(room, _)| *room).collect();
    let mut wrong = Vec::new();
    for file in &files {
        let inside = file.strip_prefix(&src).expect("a file of src");
        let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
        let room = first.trim_end_matches(".rs");
        if matches!(room, "main" | "lib") {
            continue;
        }
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{}: the room `{room}` is not in the table", inside.display()));
            continue;
        };
        for path in crate_paths(&fs::read_to_string(file).expect("a readable source")) {
            let target = path.split("::").next().unwrap_or_default();
            // Macros (`crate::text!`) live at the root and belong to `model`.
            if !rooms.contains(target) || target == room {
                continue;
            }
            let face = FACES.iter().find(|(from, to, _)| *from == room && *to == target);
            let through_face = face.is_none_or(|(_, _, open)| {
                let rest = path.strip_prefix(target).unwrap_or_default().trim_start_matches("::");
                open.iter().any(|name| rest.starts_with(name) || rest.starts_with(&format!("{{{name}")))
            });
            if !allowed.contains(&target) || !through_face {
                wrong.push(format!("{}: `{room}` must not use `crate::{path}`", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that docs/architecture.md does not allow:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_terminal_prints() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let loud = ["println!", "eprintln!", "print!(", "eprint!(", "dbg!("];
    let wrong: Vec<_> = files
        .iter()
        .filter(|file| !file.starts_with(src.join("term")))
        // A test that is skipped says so.
        .filter(|file| {
            let inside = file.strip_prefix(&src).expect("below src");
            inside.components().all(|part| !matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")))
        })
        .filter(|file| {
            file.components().all(|part| part.as_os_str() != "tests" && part.as_os_str() != "tests.rs")
        })
        .filter(|file| {
            let source = fs::read_to_string(file).expect("a readable source");
            let code = source.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            code.lines()
                .filter_map(|line| line.split("//").next())
                .any(|line| loud.iter().any(|it| line.contains(it)))
        })
        .collect();
    assert!(wrong.is_empty(), "these print: {wrong:?}");
}

#[test]
fn groups_and_single_paths_are_both_read() {
    let source =
        "use crate::{error::Error, model::{name, text}};\nlet x = crate::docdb::open(); // crate::cli";
    assert_eq!(crate_paths(source), ["error::Error", "model::{name, text}", "docdb::open"]);
}

/// How many packages the lock file may name; raising it is a decision in a commit of its own.
const PACKAGES: usize = 400;

#[test]
fn the_lock_file_stays_small() {
    let named = include_str!("../../Cargo.lock").lines().filter(|line| *line == "[[package]]").count();
    assert!((1..PACKAGES).contains(&named), "Cargo.lock names {named} packages");
}
