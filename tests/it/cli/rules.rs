//! `cloudkit rules …`.

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
