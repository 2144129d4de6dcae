//! `cloudkit rules …`.

use serde_json::json;

use crate::support::cloudkit::Cloudkit;

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_is_set_read_and_remembered() {
    let rule = r#"{"read": true, "write": "doc._openid == auth.openid"}"#;
    let cloudkit = Cloudkit::serving(&[("cloudkit.toml", ""), ("rule.json", rule)]).await;
    cloudkit.run(&["db", "collection", "add", "players"]);
    insta::assert_snapshot!(cloudkit.run(&["rules", "set", "players", "READONLY"]), @r"
    exit 0
    --- stdout
    `players` is READONLY
    ✔ Edited `cloudkit.toml`
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
    ✔ Edited `cloudkit.toml`
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
      |             ^ `=` has no meaning in a rule
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
    let low = cloudkit.command(&["rules", "test", "--fail-under", "100"]).output().expect("run");
    assert_eq!(low.status.code(), Some(1));
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
        ("broken.toml", "[[tests]\n"),
    ]);
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
    error: a test has one of `read`, `create`, `update` and `delete`
      caused by: in test 1 of `[project]/two.json`
    ");
    insta::assert_snapshot!(cloudkit.run(&["rules", "test", "key.json"]), @r"
    exit 2
    --- stderr
    error: `[project]/key.json` is not a file of rule tests
      caused by: unknown field `raed`, expected one of `name`, `as`, `collection`, `read`, `create`, `update`, `data`, `delete`, `allow`
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
