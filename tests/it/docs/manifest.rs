//! The reference of `cloudkit.toml` names the keys that the program reads, and its examples read.

use std::collections::{BTreeMap, BTreeSet};

use cloudkit::error::Error;
use cloudkit::project::manifest::Manifest;

use super::read;

const PAGES: [&str; 2] = ["docs/manifest.md", "docs/manifest.zh.md"];

type Keys = BTreeSet<String>;

fn parse(text: &str) -> Result<Manifest, Error> {
    Manifest::parse("cloudkit.toml".into(), text.into())
}

/// Returns the keys of a table, which the program names when it refuses one.
fn known(table: &str) -> Keys {
    let error = parse(&format!("{table}\nno-such-key = 1\n")).expect_err(table);
    let hint = error.hints().last().expect("a hint");
    assert!(hint.en.starts_with("known keys are "), "{table}: {error}");
    hint.en.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Returns the keys of each section of a page that has a table of keys.
fn documented(page: &str) -> BTreeMap<String, Keys> {
    let mut found: BTreeMap<String, Keys> = BTreeMap::new();
    let (mut heading, mut in_keys) = ("", false);
    let text = read(page);
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
            heading = title.trim_matches('`');
        }
        match line.strip_prefix("| ").map(|row| row.split(" |").next().unwrap_or(row)) {
            None => in_keys &= line.starts_with('|'),
            Some("key" | "键") => in_keys = true,
            Some(key) if in_keys => {
                found.entry(heading.to_owned()).or_default().insert(key.trim_matches('`').to_owned());
            }
            Some(_) => {}
        }
    }
    found
}

#[test]
fn every_key_the_program_reads_is_documented_and_no_other() {
    let all = known("[functions]");
    let shared: Keys = all.iter().filter(|key| *key != "root").cloned().collect();
    let one = known("[functions.a]");
    assert_eq!(known("[env.a.functions]"), shared);
    assert_eq!(known("[env.a.functions.a]"), one);
    let expected = BTreeMap::from([
        ("[project]", known("[project]")),
        ("[env.NAME]", known("[env.a]\nid = 'a-1'")),
        ("[functions]", all),
        ("[functions.NAME]", one.difference(&shared).cloned().collect()),
        ("triggers", known("[[functions.a.triggers]]\nname = 't'\ncron = '0 0 3 * * * *'")),
        ("[database.NAME]", known("[database.a]")),
        ("indexes", known("[[database.a.indexes]]\nkeys = ['a']")),
        ("[storage]", known("[storage]")),
        ("[gateway]", known("[gateway]")),
        ("[wechat]", known("[wechat]")),
        ("[users.NAME]", known("[users.a]")),
        ("[emulate]", known("[emulate]")),
        ("routes", known("[[gateway.routes]]\npath = '/'\nfunction = 'a'")),
    ]);
    let expected: BTreeMap<String, Keys> =
        expected.into_iter().map(|(heading, keys)| (heading.to_owned(), keys)).collect();
    let tables = expected.keys().filter_map(|heading| heading.strip_prefix('[')?.split(['.', ']']).next());
    assert_eq!(tables.map(str::to_owned).collect::<Keys>(), known(""), "a table without a section");
    for page in PAGES {
        assert_eq!(documented(page), expected, "{page}");
    }
}

#[test]
fn every_example_of_the_reference_is_a_manifest() {
    let examples = |page: &str| -> Vec<String> {
        let text = read(page);
        let blocks = text.split("\n```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
        blocks.map(str::to_owned).collect()
    };
    for page in PAGES {
        let found = examples(page);
        assert!(found.len() > 5, "{page}");
        for example in &found {
            parse(example).unwrap_or_else(|error| panic!("{page}: {error}\n{example}"));
        }
    }
    let bare = |example: &String| -> Vec<String> {
        example.lines().map(|line| line.split('#').next().unwrap_or(line).trim_end().to_owned()).collect()
    };
    let [english, chinese] = PAGES.map(|page| examples(page).iter().map(bare).collect::<Vec<_>>());
    assert_eq!(english, chinese, "both languages show the same examples");
}
