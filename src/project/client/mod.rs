//! What the code on the user's side asks of the database, as far as its text tells.
//!
//! Reads the mini program (where `project.config.json` says it is, else `miniprogram/`) and the web page (`src/`): JavaScript,
//! TypeScript and the scripts of Vue files. What is put together while the program runs is left out.

mod calls;
mod condition;

use std::path::{Path, PathBuf};

use bson::Document;

use super::Project;
use super::mini_program::MiniProgram;
use super::typescript::with_program;
use crate::rules::Operation;

/// Something that a client asks of the database.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub collection: String,
    pub operation: Operation,
    pub about: About,
    /// The bytes of the file that say so.
    pub span: std::ops::Range<usize>,
}

/// What it is asked about.
#[derive(Debug, Clone, PartialEq)]
pub enum About {
    /// What a condition finds; values that the text does not tell are [`crate::rules::query::OPEN`].
    Query(Document),
    /// What is asked for by its id, what is created, or a condition that the text does not tell.
    Anything,
}

/// A file with what it asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub path: PathBuf,
    pub text: String,
    /// Whether it belongs to the mini program.
    pub in_mini_program: bool,
    pub requests: Vec<Request>,
}

/// The sources of a project's client side.
#[derive(Debug, Default)]
pub struct Sources {
    /// Those that ask for something.
    pub files: Vec<Source>,
    /// How many were read.
    pub read: usize,
    /// Those, and folders, that could not be read.
    pub unreadable: Vec<PathBuf>,
}

const ENDINGS: [&str; 8] = ["js", "mjs", "cjs", "jsx", "ts", "mts", "tsx", "vue"];

/// SDKs that ask in the admin's name, whom rules do not concern, and databases of other kinds.
const FOREIGN: [&str; 9] = [
    "wx-server-sdk",
    "@cloudbase/node-sdk",
    "@cloudbase/manager-node",
    "tcb-admin-node",
    "mongodb",
    "mongoose",
    "firebase",
    "firebase/app",
    "firebase/compat/app",
];

impl Sources {
    /// Reads the client side of a project.
    pub fn of(project: &Project) -> Self {
        let mini_program = MiniProgram::find(project);
        let mini_program = mini_program.map_or_else(|| project.root.join("miniprogram"), |it| it.root);
        let web = project.root.join("src");
        let mut sources = Sources::default();
        let mut found = Vec::new();
        for (folder, in_mini_program) in [(&mini_program, true), (&web, false)] {
            if folder == &web && web.starts_with(&mini_program) {
                continue;
            }
            for path in files(folder, project.functions_root.as_deref()) {
                let read = path.and_then(|path| match std::fs::read_to_string(&path) {
                    Ok(text) => Ok((path, text)),
                    Err(_) => Err(path),
                });
                match read {
                    Ok((path, text)) => {
                        sources.read += 1;
                        found.push((path, text, in_mini_program));
                    }
                    Err(path) => sources.unreadable.push(path),
                }
            }
        }
        // Where the server's SDK is at hand, a `db` from another file may be the admin's.
        let trusts_names = !found.iter().any(|(_, text, _)| is_foreign(text));
        for (path, text, in_mini_program) in found {
            if is_foreign(&text) || !text.contains("collection") {
                continue;
            }
            match requests(&path, &text, trusts_names) {
                Some(requests) if requests.is_empty() => {}
                Some(requests) => sources.files.push(Source { path, text, in_mini_program, requests }),
                None => sources.unreadable.push(path),
            }
        }
        sources
    }
}

fn is_foreign(text: &str) -> bool {
    FOREIGN.iter().any(|name| ["'", "\""].iter().any(|quote| text.contains(&format!("{quote}{name}{quote}"))))
}

/// Returns the scripts of a folder in order; not those of packages, nor what was built. What cannot be read is an error;
/// there need be no folder.
fn files(folder: &Path, functions_root: Option<&Path>) -> Vec<Result<PathBuf, PathBuf>> {
    let functions_root = functions_root.map(Path::to_owned);
    let walk = ignore::WalkBuilder::new(folder)
        .require_git(false)
        .sort_by_file_path(Path::cmp)
        .filter_entry(move |entry| {
            let name = entry.file_name().to_string_lossy();
            !matches!(&*name, "node_modules" | "miniprogram_npm" | "dist" | "uni_modules" | "cloudkit")
                && functions_root.as_deref() != Some(entry.path())
        })
        .build();
    let is_script = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let ending = name.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
        ENDINGS.contains(&ending)
            && ![".d.ts", ".min.js", ".d.mts"].iter().any(|end| name.ends_with(end))
            && path.is_file()
    };
    let is_missing = |error: &ignore::Error| {
        error.io_error().is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    };
    let found = walk.filter_map(|entry| match entry {
        Ok(entry) => Some(Ok(entry.into_path())).filter(|path| path.as_ref().is_ok_and(is_script)),
        // Links that lead nowhere are no sources.
        Err(error) if is_missing(&error) => None,
        Err(error) => Some(Err(place_of(&error).unwrap_or(folder).to_owned())),
    });
    found.collect()
}

/// Returns the path that an error of a walk is about.
fn place_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => place_of(err),
        _ => None,
    }
}

/// Returns what a file asks; `None`: it is no JavaScript or TypeScript.
fn requests(path: &Path, text: &str, trusts_names: bool) -> Option<Vec<Request>> {
    let is_vue = path.extension().is_some_and(|ending| ending == "vue");
    let script = if is_vue { script_of(text) } else { text.to_owned() };
    with_program(path, &script, |program, start| calls::requests(program, start, trusts_names)).ok()
}

/// Blanks out everything in a Vue file but its scripts, so that places stay what they are.
fn script_of(text: &str) -> String {
    let mut script = String::with_capacity(text.len());
    let mut rest = text;
    let blank = |text: &str| -> String {
        text.chars().flat_map(|it| if it == '\n' { "\n" } else { &"    "[..it.len_utf8()] }.chars()).collect()
    };
    while let Some((before, (head, after))) =
        rest.split_once("<script").and_then(|(before, after)| Some((before, after.split_once('>')?)))
        && let Some((body, after)) = after.split_once("</script>")
    {
        script += &blank(before);
        script += &blank(&format!("<script{head}>"));
        script += body;
        script += &blank("</script>");
        rest = after;
    }
    script + &blank(rest)
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;
    use crate::rules::query::OPEN;

    fn found(name: &str, source: &str) -> Vec<(String, Operation, About)> {
        let found = requests(Path::new(name), source, true).expect("a script");
        found.into_iter().map(|it| (it.collection, it.operation, it.about)).collect()
    }

    /// Checks what the only request of a script is.
    #[track_caller]
    fn check(source: &str, operation: Operation, about: About) {
        let source = format!("const db = wx.cloud.database()\nconst _ = db.command\n{source}");
        assert_eq!(found("page.ts", &source), [("posts".to_owned(), operation, about)], "{source}");
    }

    #[track_caller]
    fn check_query(condition: &str, expected: Document) {
        check(
            &format!("db.collection('posts').where({condition}).get()"),
            Operation::Read,
            About::Query(expected),
        );
    }

    #[test]
    fn every_way_to_ask_is_known() {
        let all = || About::Query(doc! {});
        let one = || About::Query(doc! { "a": 1.0 });
        for (source, operation, about) in [
            ("db.collection('posts').get()", Operation::Read, all()),
            (
                "await db.collection('posts').where({ a: 1 }).orderBy('n', 'desc').limit(2).get()",
                Operation::Read,
                one(),
            ),
            ("db.collection('posts').where({ a: 1 }).count().then(x => x)", Operation::Read, one()),
            ("db.collection('posts').where({ a: 1 }).watch({ onChange() {} })", Operation::Read, one()),
            ("db.collection('posts').where({ a: 1 }).update({ data: {} })", Operation::Update, one()),
            ("db.collection('posts').where({ a: 1 }).remove()", Operation::Delete, one()),
            ("db.collection('posts').add({ data: {} })", Operation::Create, About::Anything),
            ("db.collection('posts').doc(id).get()", Operation::Read, About::Anything),
            ("db.collection('posts').doc(id).remove()", Operation::Delete, About::Anything),
            ("db.collection('posts').doc(id).update({})", Operation::Update, About::Anything),
            ("db.collection('posts').aggregate().match({ a: 1 }).group({}).end()", Operation::Read, one()),
            ("db.collection('posts').aggregate().group({}).match({ a: 1 }).end()", Operation::Read, all()),
            ("db.collection('posts').aggregate().geoNear({}).end()", Operation::Read, About::Anything),
            ("const posts = db.collection('posts'); posts.where({ a: 1 }).get()", Operation::Read, one()),
            ("const NAME = 'posts'; db.collection(NAME).get()", Operation::Read, all()),
            ("wx.cloud.database().collection('posts').get()", Operation::Read, all()),
            (
                "class P { db = wx.cloud.database(); f() { return this.db.collection(`posts`).get() } }",
                Operation::Read,
                all(),
            ),
            ("db.collection('posts').where(condition).get()", Operation::Read, About::Anything),
        ] {
            check(source, operation, about);
        }
    }

    #[test]
    fn a_name_stands_for_something_else_in_another_function() {
        let source = "class Page { one() { const db = this.app.database(); const all = db.collection('a'); all.get() }\n\
                      two() { const db = this.app.database(); const all = db.collection('b'); return () => all.get() }\n\
                      three() { const all = other(); all.get(); this.db.collection('c').get() } }";
        let all = |name: &str| (name.to_owned(), Operation::Read, About::Query(doc! {}));
        assert_eq!(found("a.js", source), [all("a"), all("b"), all("c")]);
    }

    #[test]
    fn what_is_not_certain_is_not_told() {
        for source in [
            "other.collection('posts').get()",
            "const posts = other.collection('posts'); posts.get()",
            "db.collection(name).get()",
            "let n = 'posts'; n = 'x'; db.collection(n).get()",
            "db.collection('posts').where({}).where({}).get()",
            "db.collection('posts').mine().get()",
            "function f(db) { db = other(); return db.collection('posts').get() }",
            "let posts = db.collection('a'); posts = db.collection('b'); posts.get()",
            "db.collection('posts').where({}).find()",
            "db.collection('posts').aggregate().match({})",
        ] {
            assert_eq!(found("a.js", &format!("const db = app.database()\n{source}")), [], "{source}");
        }
        assert!(requests(Path::new("a.js"), "db.collection('x').get(", true).is_none());
        assert_eq!(requests(Path::new("a.js"), "db.collection('x').get()", false), Some(vec![]));
    }

    #[test]
    fn conditions_are_read_with_what_is_not_known_left_open() {
        check_query(
            "{ a: 'x', b: true, c: null, d: -1 }",
            doc! { "a": "x", "b": true, "c": null, "d": -1.0 },
        );
        check_query(
            "{ _openid: '{openid}', a, b: x.y, c: f() }",
            doc! { "_openid": "{openid}", "a": OPEN, "b": OPEN, "c": OPEN },
        );
        check_query("{ 'a.b': 1, c: { d: 1 } }", doc! { "a.b": 1.0, "c": { "d": 1.0 } });
        check_query(
            "{ a: _.gt(1).and(_.lt(n)), b: _.in(['x', y]) }",
            doc! { "a": { "$gt": 1.0, "$lt": OPEN }, "b": { "$in": ["x", OPEN] } },
        );
        check_query(
            "{ a: db.command.neq(1), b: _.gte(1).lte(5) }",
            doc! { "a": { "$ne": 1.0 }, "b": { "$gte": 1.0, "$lte": 5.0 } },
        );
        check_query(
            "{ a: _.exists(true), b: _.or(_.gt(1), _.lt(0)) }",
            doc! { "a": { "$exists": true }, "b": OPEN },
        );
        check_query("{ a: { b: _.gt(1) } }", doc! { "a": OPEN });
        check_query("_.or([{ a: 1 }, { b }])", doc! { "$or": [{ "a": 1.0 }, { "b": OPEN }] });
        check_query(
            "_.and({ a: 1 }, _.or({ b: 1 }, { c: 1 }))",
            doc! { "$and": [{ "a": 1.0 }, { "$or": [{ "b": 1.0 }, { "c": 1.0 }] }] },
        );
        for open in [
            "{ ...rest }",
            "{ [key]: 1 }",
            "_.or(parts)",
            "_.or([x, { a: 1 }])",
            "_.nor([{ a: 1 }])",
            "lodash.gt(1)",
        ] {
            check(&format!("db.collection('posts').where({open}).get()"), Operation::Read, About::Anything);
        }
    }

    #[cfg(unix)]
    #[test]
    fn folders_that_cannot_be_read_are_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (own, around) = (folder.path().join("src"), folder.path().join("none"));
        assert_eq!(files(&around, None), []);
        std::os::unix::fs::symlink(&own, &own).expect("room on the disk");
        assert_eq!(files(&own, None), [Err(own)]);
    }

    #[test]
    fn scripts_of_vue_files_keep_their_places() {
        let source = "<template>\n  <p>票</p>\n</template>\n<script setup lang=\"ts\">\nconst db = app.database()\n\
                      db.collection('posts').get()\n</script>\n<style></style>\n";
        let found = requests(Path::new("a.vue"), source, true).expect("a script");
        assert_eq!(&source[found[0].span.clone()], "db.collection('posts').get()");
        assert_eq!(script_of("<script>a"), "         ");
    }
}
