//! `cloudkit rules …`.

use serde_json::json;

use crate::support::cloudkit::Cloudkit;
use crate::support::patience::Limit;

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_is_set_read_and_remembered() {
    let rule = r#"{"read": true, "write": "doc._openid == auth.openid"}"#;
    let cloudkit = Cloudkit::serving(&[("cloudkit.toml", ""), ("rule.json", rule)]).await;
    cloudkit.run(&["db", "collection", "add", "players"]);
    insta::assert_snapshot!(cloudkit.run(&["rules", "set", "players", "READONLY"]), @r"
    exit 0
    --- stdout
    `players` is READONLY
    ✔ Wrote `cloudkit.toml`
    --- stderr
    target: local  [url]
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "get", "players"]), @r"
    exit 0
    --- stdout
    `players` is READONLY
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "set", "players", "rule.json"]), @r#"
    exit 0
    --- stdout
    `players` is CUSTOM
    {
      "read": true,
      "write": "doc._openid == auth.openid"
    }
    ✔ Wrote `cloudkit.toml`
    --- stderr
    target: local  [url]
    "#);
    insta::assert_snapshot!(cloudkit.read("cloudkit.toml"), @r#"
    [database.players]
    rule = { read = true, write = "doc._openid == auth.openid" }
    "#);
    insta::assert_snapshot!(cloudkit.run(&["rules", "set", "--storage", "ADMINWRITE"]), @r"
    exit 0
    --- stdout
    files are ADMINWRITE
    --- stderr
    target: local  [url]
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "get", "--storage", "--json"]), @r#"
    exit 0
    --- stdout
    {
      "permission": "ADMINWRITE"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_call_functions_is_set_and_read() {
    let rules = r#"{"*": {"invoke": "auth != null"}, "board": {"invoke": true}}"#;
    let cloudkit =
        Cloudkit::serving(&[("invoke.json", rules), ("wrong.json", r#"{"board": {"invoke": true}}"#)]).await;
    insta::assert_snapshot!(cloudkit.run(&["rules", "set", "--functions", "invoke.json"]), @r#"
    exit 0
    --- stdout
    functions are CUSTOM
    {
      "*": {
        "invoke": "auth != null"
      },
      "board": {
        "invoke": true
      }
    }
    --- stderr
    target: local  [url]
    "#);
    let got = cloudkit.json(&["rules", "get", "--functions"]);
    assert_eq!(got["rule"], json!({ "*": { "invoke": "auth != null" }, "board": { "invoke": true } }));
    insta::assert_snapshot!(cloudkit.run(&["rules", "set", "--functions", "wrong.json"]), @r#"
    exit 2
    --- stderr
    error: these are not the rules of functions
      caused by: there is no rule `*` for the functions that have none of their own
    hint: they look like `{"*": {"invoke": "auth != null"}, "login": {"invoke": true}}`
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused() {
    let cloudkit = Cloudkit::serving(&[
        ("rule.json", r#"{"raed": true}"#),
        ("broken.json", r#"{"read": true, "write": "doc._openid = auth.openid"}"#),
    ])
    .await;
    insta::assert_snapshot!(cloudkit.run(&["rules", "set", "players", "broken.json"]), @r"
    exit 2
    --- stderr
    error: the rule `write` is wrong
    --> write:1:13
      |
    1 | doc._openid = auth.openid
      |             ^ `=` has no meaning in a rule; did you mean `==`?
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "set", "players", "PUBLIC"]), @r"
    exit 2
    --- stderr
    error: `PUBLIC` is not a permission
    hint: it is one of `READONLY`, `PRIVATE`, `ADMINWRITE`, `ADMINONLY`, or a FILE.json with a rule
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "set", "players", "rule.json"]), @r#"
    exit 2
    --- stderr
    error: this is not a security rule
      caused by: `raed` is not an operation
    hint: a rule looks like `{"read": true, "write": "doc._openid == auth.openid"}`
    hint: did you mean `read`?
    "#);
    insta::assert_snapshot!(cloudkit.run(&["rules", "set", "players", "READONLY"]), @r"
    exit 4
    --- stderr
    target: local  [url]
    error[ResourceNotFound.TableNotFound]: collection `players` does not exist
    hint: `cloudkit db collection add players` adds it
    request id: [id]
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "set", "READONLY"]), @r"
    exit 2
    --- stderr
    error: a collection and its permission are needed
    hint: write `cloudkit rules set players READONLY` or `cloudkit rules set --storage PRIVATE`
    ");
}

const POSTS: (&str, &str) = (
    "cloudkit.toml",
    "[project]\nname = 'garden'\n[database.notes]\npermission = 'PRIVATE'\n[database.posts]\nrule = { read = \"doc.pub == true || doc._openid == auth.openid\", \
     create = \"auth != null\", update = \"doc._openid == auth.openid && request.data.likes == undefined\" }\n",
);
const TESTS: &str = r#"
[users]
alice = { openid = "o-alice" }
bob = { openid = "o-bob" }

[data.posts]
draft = { _openid = "o-alice", pub = false }
shown = { _openid = "o-alice", pub = true }
[data.notes]
n1 = { _openid = "o-alice" }

[[tests]]
as = "bob"
collection = "posts"
read = "draft"
allow = false
[[tests]]
as = "bob"
collection = "posts"
read = { pub = true }
allow = true
[[tests]]
as = "alice"
collection = "posts"
read = { _openid = "{openid}" }
allow = true
[[tests]]
collection = "posts"
create = { text = "hello" }
allow = false
[[tests]]
as = "alice"
collection = "posts"
create = { _openid = "o-bob" }
allow = false
[[tests]]
as = "alice"
collection = "posts"
update = "draft"
data = { pub = true }
allow = true
[[tests]]
as = "alice"
collection = "posts"
update = "draft"
data = { likes = 1000000 }
allow = false
[[tests]]
as = "alice"
collection = "posts"
delete = "draft"
allow = false
[[tests]]
as = "bob"
collection = "notes"
read = "n1"
allow = false
[[tests]]
as = "bob"
collection = "notes"
read = {}
allow = true
"#;

#[test]
fn a_table_of_tests_is_run_against_the_rules() {
    let cloudkit = Cloudkit::alone(&[POSTS, ("rules.test.toml", TESTS)]);
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "--coverage"]), @r"
    exit 0
    --- stdout
    collection  rule    true  not  clause
    posts       read    1     2    doc.pub == true
    posts       read    1     1    doc._openid == auth.openid
    posts       create  0     1    auth != null
    posts       update  2     0    doc._openid == auth.openid
    posts       update  1     1    request.data.likes == undefined
    coverage 80 %
    ✔ 10 passed
    ");
    let told = cloudkit.json(&["rules", "test"]);
    assert_eq!(
        (&told["files"][0]["tests"][0]["allowed"], &told["coverage"]["clauses"][0]["isTrue"]),
        (&json!(false), &json!(1))
    );
    let low = cloudkit.output(&["rules", "test", "--fail-under", "100"]);
    assert_eq!(low.status.code(), Some(1));
}

#[test]
fn a_table_of_tests_knows_times() {
    let tests = r#"
        now = 2026-01-01T00:00:00Z
        [users]
        alice = { openid = "o-alice" }
        [data.offers]
        over = { _openid = "o-alice", closes = 2026-01-01T07:59:59 }
        open = { _openid = "o-alice", closes = 2026-01-02 }
        [rules.offers]
        create = "request.data.at == now"
        write = "doc._openid == auth.openid && doc.closes > now"
        [[tests]]
        as = "alice"
        collection = "offers"
        delete = "open"
        allow = true
        [[tests]]
        as = "alice"
        collection = "offers"
        delete = "over"
        allow = false
        [[tests]]
        as = "alice"
        collection = "offers"
        delete = "over"
        now = "2025-12-31 12:00:00"
        allow = true
        [[tests]]
        as = "alice"
        collection = "offers"
        create = { at = { "$date" = { offset = 0 } } }
        allow = true
        [[tests]]
        as = "alice"
        collection = "offers"
        create = { at = { "$date" = 1767225600000 } }
        now = 1767225600001
        allow = false
        [[tests]]
        as = "alice"
        collection = "offers"
        update = "open"
        data = { "$rename" = { x = "_openid" } }
        allow = false
    "#;
    let wrong = |text: &str| tests.replace("now = 2026-01-01T00:00:00Z", text);
    let stored = tests.replace("closes = 2026-01-02", "closes = { \"$date\" = true }");
    let cloudkit = Cloudkit::alone(&[
        ("cloudkit.toml", ""),
        ("rules.test.toml", tests),
        ("now.toml", &wrong("now = 'soon'")),
        ("stored.toml", &stored),
    ]);
    insta::assert_snapshot!(cloudkit.run(&["rules", "test"]), @r"
    exit 0
    --- stdout
    ✔ 6 passed
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "now.toml"]), @r#"
    exit 2
    --- stderr
    error: `now` is no time: "soon"
      caused by: in test 1 of `[project]/now.toml`
    "#);
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "stored.toml"]), @r"
    exit 2
    --- stderr
    error: this is no document
      caused by: true is not a date at line 1 column 44
      caused by: in `data.offers.open`
      caused by: in test 1 of `[project]/stored.toml`
    ");
}

#[test]
fn a_rule_test_that_fails_names_the_clause_and_the_way_out() {
    let wrong = "[users]\na = { openid = 'o-a' }\n[[tests]]\nas = 'a'\ncollection = 'posts'\nread = { n = 1 }\nallow = true\n\
                 [[tests]]\nname = 'nobody posts'\ncollection = 'posts'\ncreate = {}\nallow = true\n";
    let cloudkit = Cloudkit::alone(&[POSTS, ("a.toml", wrong)]);
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "a.toml"]), @r#"
    exit 1
    --- stdout
    ✘ a read posts {"n":1}  is denied and should not be
        doc.pub == true: the query says nothing about `pub`
        doc._openid == auth.openid: the query says nothing about `_openid`, `auth.openid` is "o-a"
        a query with `{"pub":true}` would be allowed
    ✘ nobody posts  is denied and should not be
        auth != null: `auth` is null
    0 passed, 2 failed
    "#);
}

#[test]
fn a_wrong_file_of_rule_tests_says_where() {
    let cloudkit = Cloudkit::alone(&[
        POSTS,
        (
            "user.toml",
            "[users]\nalice = {}\n[[tests]]\nas = 'alise'\ncollection = 'posts'\nread = {}\nallow = true\n",
        ),
        ("id.toml", "[[tests]]\ncollection = 'posts'\nread = 'p9'\nallow = true\n"),
        ("two.json", r#"{"tests":[{"collection":"posts","read":{},"delete":{},"allow":true}]}"#),
        ("key.json", r#"{"tests":[{"collection":"posts","raed":{},"allow":true}]}"#),
        ("allow.toml", "[[tests]]\ncall = 'a'\nallow = true\n[[tests]]\ncall = 'b'\n"),
        ("person.toml", "tests = []\n[users]\nalice = { opennid = 'o-a' }\n"),
        ("none.toml", "[users]\nalice = { openid = 'o-a' }\n"),
        ("broken.toml", "[[tests]\n"),
    ]);
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "allow.toml"]), @r"
    exit 2
    --- stderr
    error: `[project]/allow.toml` is not a file of rule tests
      caused by: test 2: missing field `allow`
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "person.toml"]), @r"
    exit 2
    --- stderr
    error: `[project]/person.toml` is not a file of rule tests
      caused by: `users.alice`: unknown field `opennid`, expected one of `openid`, `uid`, `loginType`
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "none.toml"]), @r"
    exit 2
    --- stderr
    error: `[project]/none.toml` is not a file of rule tests
      caused by: missing field `tests`
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "user.toml"]), @r"
    exit 2
    --- stderr
    error: there is no user `alise` in `users`
      caused by: in test 1 of `[project]/user.toml`
    hint: did you mean `alice`?
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "id.toml"]), @r"
    exit 2
    --- stderr
    error: there is no document `p9` in `data`
      caused by: in test 1 of `[project]/id.toml`
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "two.json"]), @r"
    exit 2
    --- stderr
    error: a test has a `collection` with one of `read`, `create`, `update` and `delete`, or one of `download`, `upload` and `call`
      caused by: in test 1 of `[project]/two.json`
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "key.json"]), @r"
    exit 2
    --- stderr
    error: `[project]/key.json` is not a file of rule tests
      caused by: test 1: unknown field `raed`, expected one of `name`, `as`, `collection`, `read`, `create`, `update`, `data`, `delete`, `download`, `upload`, `call`, `now`, `allow`
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "broken.toml"]), @r"
    exit 2
    --- stderr
    error: `[project]/broken.toml` is not valid TOML
    --> [project]/broken.toml:1:9
      |
    1 | [[tests]
      |         ^ unclosed array table, expected `]`
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "absent.toml"]), @r"
    exit 4
    --- stderr
    error: could not read `[project]/absent.toml`
      caused by: No such file or directory (os error 2)
    ");
}

#[test]
fn files_and_functions_are_tested_like_documents() {
    let tests = r#"
functions = { "*" = { invoke = "auth != null" }, board = { invoke = true } }
[users]
alice = { openid = "o-alice" }
bob = { openid = "o-bob" }
[files]
"a/1.png" = "alice"
[storage]
read = "resource.path == 'a/1.png' || auth != null"
write = "resource.openid == auth.openid"
[[tests]]
download = "a/1.png"
allow = true
[[tests]]
as = "bob"
upload = "a/1.png"
allow = false
[[tests]]
as = "bob"
upload = "a/2.png"
allow = true
[[tests]]
call = "board"
allow = true
[[tests]]
call = "login"
allow = false
"#;
    let cloudkit = Cloudkit::alone(&[("cloudkit.toml", ""), ("rules.test.toml", tests)]);
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "--coverage"]), @r"
    exit 0
    --- stdout
    collection  rule   true  not  clause
    (files)     read   1     0    resource.path == 'a/1.png'
    (files)     read   0     0    auth != null
    (files)     write  1     1    resource.openid == auth.openid
    coverage 50 %
    ✔ 5 passed
    ");
}

#[test]
fn who_may_call_a_function_is_what_the_manifest_says() {
    let manifest = "[functions]\ninvoke = false\n[functions.board]\ninvoke = true\n[functions.pay]\ninvoke = 'auth != null'\n";
    let tests = "users.a = { uid = 'a' }\n[[tests]]\ncall = 'board'\nallow = true\n[[tests]]\ncall = 'pay'\nallow = false\n\
                 [[tests]]\nas = 'a'\ncall = 'pay'\nallow = true\n[[tests]]\nas = 'a'\ncall = 'other'\nallow = false\n";
    let cloudkit = Cloudkit::alone(&[("cloudkit.toml", manifest), ("rules.test.toml", tests)]);
    insta::assert_snapshot!(cloudkit.run(&["rules", "test"]), @r"
    exit 0
    --- stdout
    ✔ 4 passed
    ");
}

#[test]
fn coverage_and_results_are_written_for_other_programs() {
    let cloudkit = Cloudkit::alone(&[POSTS, ("rules.test.toml", TESTS)]);
    let arguments = ["rules", "test", "--lcov", "a.info", "--html", "a.html", "--junit", "a.xml"];
    cloudkit.run(&arguments);
    insta::assert_snapshot!(cloudkit.read("a.info"), @r"
    TN:
    SF:cloudkit.toml
    BRDA:6,0,0,1
    BRDA:6,0,1,2
    BRDA:6,1,0,1
    BRDA:6,1,1,1
    BRDA:6,2,0,0
    BRDA:6,2,1,1
    BRDA:6,3,0,2
    BRDA:6,3,1,0
    BRDA:6,4,0,1
    BRDA:6,4,1,1
    BRF:10
    BRH:8
    DA:6,3
    LF:1
    LH:1
    end_of_record
    ");
    let page = cloudkit.read("a.html");
    assert!(page.contains("<mark class=\"full\">doc.pub == true<sub>(1, 2)</sub></mark> || <mark"), "{page}");
    assert!(page.contains("<mark class=\"part\">auth != null<sub>(0, 1)</sub></mark>"), "{page}");
    assert!(!page.contains("://") && !page.contains("{{"), "{page}");
    let xml = cloudkit.read("a.xml");
    assert!(xml.contains("tests=\"10\" failures=\"0\""), "{xml}");
    assert!(xml.contains("name=\"bob read posts {&quot;pub&quot;:true}\"/>"), "{xml}");
}

#[test]
fn tests_run_again_when_a_file_is_saved() {
    use std::io::{BufRead, BufReader};

    let cloudkit = Cloudkit::alone(&[POSTS, ("rules.test.toml", TESTS)]);
    let mut command = cloudkit.command(&["rules", "test", "--watch", "--json"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it runs");
    let _limit = Limit::of(&child);
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut passed = || {
        let line = lines.next().expect("a line").expect("text");
        let told: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        match told["files"][0]["tests"].as_array() {
            Some(tests) => tests.iter().filter(|test| test["passed"] == true).count().to_string(),
            None => told["error"]["place"]["line"].to_string(),
        }
    };
    let mut seen = vec![passed()];
    let manifest = std::fs::read_to_string(cloudkit.folder().join("cloudkit.toml")).expect("read");
    for (file, text) in [
        ("rules.test.toml", TESTS.replace("read = \"n1\"\nallow = false", "read = \"n1\"\nallow = true")),
        ("cloudkit.toml", manifest.replace("doc.pub == true", "doc.pub = true")),
        ("cloudkit.toml", manifest.replace("permission = 'PRIVATE'", "permission = 'READONLY'")),
    ] {
        // At once: half of it would have another result.
        let draft = cloudkit.folder().join("draft");
        std::fs::write(&draft, text).expect("written");
        std::fs::rename(draft, cloudkit.folder().join(file)).expect("renamed");
        // One save may be noticed twice; each of these changes the result.
        let last = seen.last().cloned();
        let next = std::iter::repeat_with(&mut passed).find(|next| Some(next) != last.as_ref());
        seen.extend(next);
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert_eq!(seen, ["10", "9", "6", "10"]);
}

#[test]
fn rules_that_never_work_and_queries_that_are_refused_are_found() {
    let manifest = "[database.posts]\nrule = { read = \"doc.pub == true || doc._openid == auth.openid\", write = \"auth.openid == 5\" }\n\
                    [database.open]\nrule = { read = true, write = true }\n[database.board]\npermission = 'ADMINWRITE'\n\
                    [database.mine]\npermission = 'PRIVATE'\n[storage]\nrule = { read = true, write = \"auth != null\" }\n";
    let page = "const db = wx.cloud.database()\nconst _ = db.command\nPage({\n  async onLoad({ id }) {\n\
                    await db.collection('posts').where({ topic: id }).get()\n    await db.collection('posts').where({ pub: true }).get()\n\
                    await db.collection('posts').where(_.or([{ pub: true }, { _openid: '{openid}' }])).count()\n\
                    await db.collection('board').add({ data: {} })\n    await db.collection('board').get()\n\
                    await db.collection('mine').where({ done: true }).remove()\n    await db.collection('mine').get()\n  },\n})\n";
    let cloudkit = Cloudkit::alone(&[
        ("cloudkit.toml", manifest),
        ("miniprogram/pages/a.js", page),
        ("miniprogram/broken.js", "db.collection('posts').get("),
        ("cloudfunctions/f/index.js", "const db = cloud.database(); db.collection('posts').get()"),
    ]);
    insta::assert_snapshot!(cloudkit.run(&["rules", "check"]), @r#"
    exit 1
    --- stdout
    error[query-refused] miniprogram/pages/a.js:8:7
        `board`: under ADMINWRITE only functions may create
    error[query-refused] miniprogram/pages/a.js:10:7
        `mine`: under PRIVATE a mini program changes one document at a time, by `doc(id)`; a rule allows more
    note[open-read] cloudkit.toml:4:17
        `open` read: everybody may read everything, logged in or not
    warning[open-create] cloudkit.toml:4:31
        `open` write: everybody may create, logged in or not
    error[open-write] cloudkit.toml:4:31
        `open` write: everybody may change what is there, logged in or not
    error[never-true] cloudkit.toml:2:75
        `posts` write: `auth.openid == 5` is never true
    error[query-refused] miniprogram/pages/a.js:5:7
        `posts` read: the rule `read` refuses this query, whoever asks
        `doc.pub == true` cannot be true of all that it finds
        `doc._openid == auth.openid` cannot be true of all that it finds
        add `{"pub":true}` to the condition
    note[open-read] cloudkit.toml:10:17
        files read: everybody may read everything, logged in or not
    warning[any-user-writes] cloudkit.toml:10:32
        files write: whoever is logged in may change what is somebody else's
    `miniprogram/broken.js` could not be read and is left out
    5 errors, 2 warnings in 5 permissions and 2 files of the client side
    "#);
    let told = cloudkit.json(&["rules", "check"]);
    assert_eq!(
        (&told["findings"][0]["code"], &told["findings"][0]["line"]),
        (&json!("query-refused"), &json!(8))
    );
    let good = Cloudkit::alone(&[(
        "cloudkit.toml",
        "[storage]\nrule = { read = true, write = \"auth != null\" }\n",
    )]);
    let code = |arguments: &[&str]| good.output(arguments).status.code();
    assert_eq!((code(&["rules", "check"]), code(&["rules", "check", "--strict"])), (Some(0), Some(1)));
    let half = Cloudkit::alone(&[
        ("cloudkit.toml", "[database.posts]\npermission = \"PRIVATE\"\n"),
        ("src/a.js", "db.collection("),
    ]);
    insta::assert_snapshot!(half.run(&["rules", "check"]), @r"
    exit 0
    --- stdout
    `src/a.js` could not be read and is left out
    0 errors, 0 warnings in 1 permissions and 1 files of the client side
    ");
    let chinese = good.run(&["rules", "check", "--lang", "zh"]);
    assert!(chinese.contains("任何登录用户都可修改或删除他人的数据"), "{chinese}");
}

#[test]
fn a_wrong_rule_is_shown_in_the_file_that_has_it() {
    let broken = "[database.posts]\nrule = { read = true, write = \"doc._openid == user.openid\" }\n";
    let tests =
        "[rules.posts]\nread = \"get(get(get('a').b).c).d == 1\"\n[[tests]]\ncall = 'a'\nallow = true\n";
    let cloudkit = Cloudkit::alone(&[("cloudkit.toml", broken), ("a.toml", tests)]);
    insta::assert_snapshot!(cloudkit.run(&["rules", "check"]), @r#"
    exit 2
    --- stderr
    error: the rule `write` is wrong
    --> [project]/cloudkit.toml:2:47
      |
    2 | rule = { read = true, write = "doc._openid == user.openid" }
      |                                               ^^^^ `user` is not known; there are `auth`, `doc`, `now`, `request`, `resource` and `get()`
    "#);
    let key = Cloudkit::alone(&[("cloudkit.toml", "[database.posts]\nrule = { raed = true }\n")]);
    insta::assert_snapshot!(key.run(&["deploy", "--dry-run"]), @r"
    exit 2
    --- stderr
    error: `raed` is not an operation
    --> [project]/cloudkit.toml:2:10
      |
    2 | rule = { raed = true }
      |          ^^^^ did you mean `read`?
    ");
    let deep = Cloudkit::alone(&[("cloudkit.toml", ""), ("a.toml", tests)]);
    insta::assert_snapshot!(deep.run(&["rules", "test", "a.toml"]), @r#"
    exit 2
    --- stderr
    error: the rule `read` is wrong
    --> [project]/a.toml:2:17
      |
    2 | read = "get(get(get('a').b).c).d == 1"
      |                 ^^^^^^^^ `get` is nested more than 2 deep
    "#);
}
