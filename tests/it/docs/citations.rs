//! What the sources cite, a reader finds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{read, root};

/// Returns the name by which a heading is linked to, as Markdown renderers make it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|it| it.is_alphanumeric() || matches!(it, '-' | '_')).collect()
}

fn anchors(page: impl AsRef<Path>) -> BTreeSet<String> {
    let text = read(page);
    // A `#` inside a block of code begins a comment, not a heading.
    let prose = text.split("\n```").step_by(2).collect::<String>();
    prose
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Returns the pages of documentation that comments cite, each with its section if one is named.
fn cited(text: &str) -> Vec<(&str, &str)> {
    let comments = text.lines().filter_map(|line| line.split_once("//")).map(|(_, comment)| comment);
    let places = comments
        .flat_map(|comment| comment.split(['`', ' ', '(', ')', ',']))
        .filter(|it| it.starts_with("docs/"));
    places.map(|place| place.split_once('#').unwrap_or((place, ""))).collect()
}

#[test]
fn every_section_that_a_source_cites_exists() {
    let files = ["src", "tests/it", "templates"].iter().flat_map(|folder| sources(&root().join(folder)));
    let mut to_the_wire = 0;
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (page, section) in cited(&text) {
            let shown = file.display();
            assert!(root().join(page).is_file(), "{shown} cites {page}");
            assert!(section.is_empty() || anchors(page).contains(section), "{shown} cites {page}#{section}");
            to_the_wire += usize::from(page == "docs/wire.md");
        }
    }
    assert!(to_the_wire > 40, "{to_the_wire} citations of docs/wire.md: were they read?");
}

#[test]
fn every_link_of_the_documentation_leads_somewhere() {
    let mut pages = sources(&root().join("docs"));
    pages.extend(["README.md", "CHANGELOG.md"].map(|page| root().join(page)));
    let broken: Vec<String> = pages.iter().flat_map(|page| broken_links(page)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

fn broken_links(page: &Path) -> Vec<String> {
    let text = read(page);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let leads_nowhere = |target: &&str| {
        let (file, section) = target.split_once('#').unwrap_or((target, ""));
        let linked = if file.is_empty() { page.to_owned() } else { page.with_file_name(file) };
        !linked.exists() || (!section.is_empty() && !anchors(&linked).contains(section))
    };
    let broken = targets.filter(|target| !target.contains("://")).filter(leads_nowhere);
    broken.map(|target| format!("{}: {target}", page.display())).collect()
}
