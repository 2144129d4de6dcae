//! The recipes of the guide to rules do what it says: each is run by `rules test`, is found in order by `rules check`, and the
//! queries beside it are not refused.

use std::collections::BTreeSet;

use cloudkit::rules::lint::Code;

use super::read;
use crate::support::cloudkit::Cloudkit;

const PAGES: [&str; 2] = ["docs/rules.md", "docs/rules.zh.md"];

/// The table of each recipe, in the order of the page. Its rule is that of the collection `it`; files have none.
const TABLES: [&str; 12] = [
    // is_private
    r#"
data = { it = { shown = { is_private = false, _openid = "o-alice" }, hidden = { is_private = true, _openid = "o-alice" }, old = { _openid = "o-alice" } } }
tests = [
  { as = "bob", read = "shown", allow = true },
  { as = "bob", read = "hidden", allow = false },
  { as = "bob", read = "old", allow = false },
  { as = "alice", read = "hidden", allow = true },
  { as = "bob", read = {}, allow = false },
  { as = "bob", create = { is_private = true }, allow = true },
  { create = { is_private = false }, allow = false },
  { as = "bob", update = "shown", data = { title = "x" }, allow = false },
  { as = "alice", delete = "shown", allow = true },
]"#,
    // members of a room
    r#"
data = { rooms = { r1 = { members = ["o-alice"] } }, it = { m1 = { room = "r1", _openid = "o-alice" } } }
tests = [
  { as = "alice", read = { room = "r1" }, allow = true },
  { as = "bob", read = { room = "r1" }, allow = false },
  { as = "alice", read = {}, allow = false },
  { as = "alice", create = { room = "r1", text = "hello" }, allow = true },
  { as = "bob", create = { room = "r1", text = "hello" }, allow = false },
  { as = "alice", delete = "m1", allow = false },
]"#,
    // a role in a team
    r#"
data = { members = { "t1-o-alice" = { role = "editor" }, "t1-o-bob" = { role = "guest" } }, it = { p1 = { team = "t1" } } }
tests = [
  { as = "alice", update = { team = "t1" }, data = { title = "x" }, allow = true },
  { as = "bob", update = { team = "t1" }, data = { title = "x" }, allow = false },
  { as = "bob", read = { team = "t1" }, allow = true },
  { as = "carol", read = { team = "t1" }, allow = false },
  { as = "alice", update = "p1", data = { team = "t2" }, allow = false },
  { as = "alice", create = { team = "t1" }, allow = true },
  { as = "bob", create = { team = "t1" }, allow = false },
]"#,
    // everybody reads, the owner writes
    r#"
data = { it = { p1 = { _openid = "o-alice" } } }
tests = [
  { read = {}, allow = true },
  { as = "alice", update = { _openid = "{openid}" }, data = { title = "x" }, allow = true },
  { as = "bob", update = "p1", data = { title = "x" }, allow = false },
  { as = "bob", create = { title = "x" }, allow = true },
  { create = { title = "x" }, allow = false },
]"#,
    // written once
    r#"
data = { it = { v1 = { _openid = "o-alice" } } }
tests = [
  { as = "alice", create = { choice = "a" }, allow = true },
  { as = "alice", update = "v1", data = { choice = "b" }, allow = false },
  { as = "alice", delete = "v1", allow = false },
  { as = "alice", read = { _openid = "{openid}" }, allow = true },
  { as = "bob", read = "v1", allow = false },
]"#,
    // a field that stays
    r#"
data = { it = { s1 = { _openid = "o-alice", score = 5 } } }
tests = [
  { as = "alice", create = { score = 0 }, allow = true },
  { as = "alice", create = { score = 9 }, allow = false },
  { as = "alice", update = "s1", data = { title = "x" }, allow = true },
  { as = "alice", update = "s1", data = { score = 5 }, allow = true },
  { as = "alice", update = "s1", data = { score = 6 }, allow = false },
  { as = "alice", update = "s1", data = { "$inc" = { score = 1 } }, allow = false },
]"#,
    // approved by a moderator
    r#"
data = { it = { c1 = { _openid = "o-alice", approved = false }, c2 = { _openid = "o-alice", approved = true } }, settings = { moderators = { list = ["o-carol"] } } }
tests = [
  { as = "bob", read = { approved = true }, allow = true },
  { as = "bob", read = "c1", allow = false },
  { as = "alice", read = "c1", allow = true },
  { as = "alice", create = { text = "x", approved = false }, allow = true },
  { as = "alice", create = { text = "x", approved = true }, allow = false },
  { as = "alice", update = "c1", data = { approved = true }, allow = false },
  { as = "alice", update = "c1", data = { text = "y", approved = false }, allow = true },
  { as = "carol", update = "c1", data = { approved = true }, allow = true },
  { as = "carol", read = {}, allow = true },
]"#,
    // a list of admins
    r#"
data = { settings = { admins = { list = ["o-carol"] } }, it = { n1 = { title = "x" } } }
tests = [
  { read = {}, allow = true },
  { as = "carol", create = { title = "x" }, allow = true },
  { as = "carol", delete = {}, allow = true },
  { as = "bob", update = "n1", data = { title = "y" }, allow = false },
  { delete = "n1", allow = false },
]"#,
    // editors
    r#"
data = { it = { a1 = { status = "draft", editors = ["o-alice"] } } }
tests = [
  { as = "alice", read = "a1", allow = true },
  { as = "bob", read = "a1", allow = false },
  { as = "bob", read = { status = "published" }, allow = true },
  { as = "alice", update = "a1", data = { status = "published" }, allow = true },
  { as = "bob", update = "a1", data = { status = "published" }, allow = false },
]"#,
    // until a time
    r#"
data = { it = { old = { opens = 0, closes = 1, _openid = "o-alice" }, open = { opens = 0, closes = 99999999999999, _openid = "o-alice" } } }
tests = [
  { read = "open", allow = true },
  { as = "alice", update = "open", data = { title = "x" }, allow = true },
  { as = "alice", update = "old", data = { title = "x" }, allow = false },
]"#,
    // nobody who is anonymous
    r#"
data = { it = { p1 = { _openid = "u-dora" }, p2 = { _openid = "u-anna" } } }
tests = [
  { as = "dora", update = "p1", data = { title = "x" }, allow = true },
  { as = "anna", update = "p2", data = { title = "x" }, allow = false },
  { as = "anna", read = {}, allow = true },
]"#,
    // files
    r#"
files = { "a.png" = "alice" }
tests = [
  { download = "a.png", allow = true },
  { as = "alice", upload = "a.png", allow = true },
  { as = "bob", upload = "a.png", allow = false },
  { as = "dora", upload = "new.png", allow = true },
]"#,
];

const PEOPLE: &str = r#"
[users]
alice = { openid = "o-alice" }
bob = { openid = "o-bob" }
carol = { openid = "o-carol" }
dora = { uid = "u-dora", loginType = "EMAIL" }
anna = { uid = "u-anna", loginType = "ANONYMOUS" }
"#;

/// Returns the blocks of a language in a page.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("\n```{language}\n");
    text.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

#[test]
fn every_recipe_does_what_it_is_for() {
    let page = read(PAGES[0]);
    let recipes = blocks(&page, "json");
    assert_eq!(recipes.len(), TABLES.len(), "a recipe without a table");
    for (recipe, table) in recipes.iter().zip(TABLES) {
        let is_of_files = table.contains("upload");
        let rows = table
            .replace("{ as", "{ collection = \"it\", as")
            .replace("{ read", "{ collection = \"it\", read");
        let rows = rows
            .replace("{ create", "{ collection = \"it\", create")
            .replace("{ delete", "{ collection = \"it\", delete");
        let table = if is_of_files { table } else { &rows };
        let manifest = manifest(if is_of_files { "storage" } else { "database.it" }, recipe);
        let tests = format!("{table}\n{PEOPLE}");
        let cloudkit = Cloudkit::alone(&[("cloudkit.toml", &manifest), ("rules.test.toml", &tests)]);
        let told = cloudkit.run(&["rules", "test"]);
        assert!(told.starts_with("exit 0"), "{recipe}\n{told}");
        let told = cloudkit.run(&["rules", "check", "--strict"]);
        assert!(told.starts_with("exit 0"), "{recipe}\n{told}");
    }
}

/// Returns a rule of the page as a manifest has it.
fn manifest(owner: &str, recipe: &str) -> String {
    let rules: serde_json::Value = serde_json::from_str(recipe).expect(recipe);
    let rules = rules.as_object().expect("an object").iter();
    let rules: Vec<String> = rules.map(|(name, rule)| format!("{name} = {rule}")).collect();
    format!("[{owner}]\nrule = {{ {} }}\n", rules.join(", "))
}

#[test]
fn the_queries_beside_a_recipe_are_not_refused() {
    let page = read(PAGES[0]);
    let (mut checked, mut recipe) = (0, "");
    for part in page.split("\n```").filter_map(|block| block.split_once('\n')) {
        match part {
            ("json", rule) => recipe = rule,
            ("js", script) => {
                let collection = script.split("collection('").nth(1).and_then(|rest| rest.split('\'').next());
                let manifest = manifest(&format!("database.{}", collection.expect("a query")), recipe);
                let script = format!("const db = wx.cloud.database()\n{script}");
                let cloudkit =
                    Cloudkit::alone(&[("cloudkit.toml", &manifest), ("miniprogram/app.js", &script)]);
                let told = cloudkit.run(&["rules", "check"]);
                assert!(told.starts_with("exit 0") && told.contains("1 files"), "{script}\n{told}");
                checked += 1;
                // Whoever is on a list may read everything.
                if recipe.contains("settings.") {
                    continue;
                }
                let bad = script.replace(".where(", ".skip(");
                std::fs::write(cloudkit.folder().join("miniprogram/app.js"), bad).expect("written");
                let told = cloudkit.run(&["rules", "check"]);
                assert!(told.contains("query-refused"), "without its condition: {script}\n{told}");
            }
            _ => {}
        }
    }
    assert!(checked > 4);
}

#[test]
fn the_table_of_the_page_runs_and_its_codes_are_those_there_are() {
    let page = read(PAGES[0]);
    let (table, recipe) = (blocks(&page, "toml"), blocks(&page, "json"));
    let manifest = manifest("database.posts", recipe[0]);
    let cloudkit = Cloudkit::alone(&[("cloudkit.toml", &manifest), ("rules.test.toml", table[0])]);
    let told = cloudkit.run(&["rules", "test"]);
    assert!(told.contains("3 passed"), "{told}");
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let (code, severity) = (cells.next()?.trim_end_matches('`'), cells.next()?);
        ["error", "warning", "note"].contains(&severity).then_some((code, severity))
    });
    let known = Code::ALL.iter().map(|code| (code.name(), code.severity().name()));
    assert_eq!(rows.collect::<BTreeSet<_>>(), known.collect::<BTreeSet<_>>());
}

#[test]
fn both_languages_show_the_same_recipes() {
    let [english, chinese] = PAGES.map(read);
    assert_eq!(blocks(&english, "json"), blocks(&chinese, "json"));
}
