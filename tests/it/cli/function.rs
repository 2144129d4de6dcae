//! `cloudkit fn …` and `cloudkit trigger …`.

use serde_json::json;

use crate::support::cloudkit::Cloudkit;

const HELLO: (&str, &str) = (
    "cloudfunctions/hello/index.js",
    "exports.main = async (event) => {\n  console.log('asked for', event.want);\n  \
     if (event.want === 'trouble') throw new Error('here it is');\n  \
     return { got: event.want, who: event.userInfo && event.userInfo.openId };\n};\n",
);
const CONFIG: (&str, &str) = (
    "cloudfunctions/hello/config.json",
    r#"{"triggers":[{"name":"hourly","type":"timer","config":"0 0 */1 * * * *"}]}"#,
);

#[tokio::test(flavor = "multi_thread")]
async fn a_call_prints_the_result_and_tells_the_log() {
    let cloudkit = Cloudkit::serving(&[HELLO]).await;
    insta::assert_snapshot!(
        cloudkit.run(&["fn", "invoke", "hello", "--data", r#"{"want":"tea"}"#, "--as", "o-alice1"]),
        @r#"
    exit 0
    --- stdout
    {
      "got": "tea",
      "who": "o-alice1"
    }
    --- stderr
    asked for tea
    "#
    );
    let answer = cloudkit.json(&["fn", "invoke", "hello", "-d", r#"{"want":"tea"}"#, "--as", "o-alice1"]);
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["result"], json!({ "got": "tea", "who": "o-alice1" }));
    assert!(answer["requestId"].is_string() && answer["durationMs"].is_number(), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_fails_ends_in_1_with_its_words() {
    let cloudkit = Cloudkit::serving(&[HELLO]).await;
    let output = cloudkit.output(&["fn", "invoke", "hello", "-d", r#"{"want":"trouble"}"#]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("error: function `hello` failed\n  caused by: Error: here it is\n"), "{told}");
    let output = cloudkit.output(&["fn", "invoke", "hello", "-d", r#"{"want":"trouble"}"#, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
    assert_eq!(answer["ok"], false);
    assert!(answer["error"]["errMsg"].as_str().is_some_and(|it| it.contains("here it is")), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_not_there_is_suggested_and_wrong_json_is_shown() {
    let cloudkit = Cloudkit::serving(&[HELLO]).await;
    insta::assert_snapshot!(cloudkit.run(&["fn", "invoke", "helo"]), @r"
    exit 4
    --- stderr
    error[ResourceNotFound.Function]: function `helo` does not exist
    hint: did you mean `hello`?
    request id: [id]
    ");
    insta::assert_snapshot!(cloudkit.run(&["fn", "show", "payment"]), @r"
    exit 4
    --- stderr
    error[ResourceNotFound.Function]: function `payment` does not exist
    hint: `cloudkit deploy payment` puts it there
    request id: [id]
    ");
    insta::assert_snapshot!(cloudkit.run(&["fn", "invoke", "hello", "-d", r#"{"want":}"#]), @r#"
    exit 2
    --- stderr
    error: this is not JSON
    --> argument:1:9
      |
    1 | {"want":}
      |         ^ expected value
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_listed_shown_and_fetched() {
    let cloudkit = Cloudkit::serving(&[HELLO, CONFIG]).await;
    let listed = cloudkit.json(&["fn", "list"]);
    assert_eq!((&listed[0]["name"], &listed[0]["status"]), (&json!("hello"), &json!("Active")));
    let shown = cloudkit.json(&["fn", "show", "hello"]);
    assert_eq!(shown["triggers"][0]["config"], "0 0 */1 * * * *");
    assert_eq!((&shown["handler"], &shown["timeout"]), (&json!("index.main"), &json!(3)));
    insta::assert_snapshot!(cloudkit.run(&["fn", "download", "hello", "copy"]), @r"
    exit 0
    --- stdout
    ✔ Fetched `hello`: 2 files in [project]/copy
    ");
    assert_eq!(cloudkit.read("copy/index.js"), HELLO.1);
    insta::assert_snapshot!(cloudkit.run(&["fn", "download", "hello", "copy"]), @r"
    exit 2
    --- stderr
    error: `[project]/copy` is not empty
    hint: name another folder; nothing is overwritten
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_are_listed_with_their_next_time_and_fired() {
    let cloudkit = Cloudkit::serving(&[HELLO, CONFIG]).await;
    let listed = cloudkit.json(&["trigger", "list"]);
    assert_eq!(
        (&listed[0]["function"], &listed[0]["name"], &listed[0]["type"]),
        (&json!("hello"), &json!("hourly"), &json!("timer"))
    );
    assert!(listed[0]["next"].as_str().is_some_and(|next| next.ends_with(":00:00+08:00")), "{listed}");
    let fired = cloudkit.json(&["trigger", "fire", "hello", "hourly"]);
    assert_eq!(fired["ok"], true, "{fired}");
    insta::assert_snapshot!(cloudkit.run(&["trigger", "fire", "hello", "hourli"]), @r"
    exit 4
    --- stderr
    target: local  [url]
    error: function `hello` has no trigger `hourli`
    hint: did you mean `hourly`?
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_cannot_be_packed_is_not_fetched() {
    let manifest = ("cloudkit.toml", "[functions.hello]\nignore = [\"{a\"]\n");
    let cloudkit = Cloudkit::serving(&[HELLO, manifest]).await;
    insta::assert_snapshot!(cloudkit.run(&["fn", "download", "hello", "copy"]), @r"
    exit 5
    --- stderr
    error: there is no package of `hello` to fetch
      caused by: `{a` in `ignore` of function `hello` is not a glob: error parsing glob '{a': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
    ");
    assert!(!cloudkit.folder().join("copy").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_is_not_there_is_installed_next() {
    let code = "require('no-such-package/lib/x'); exports.main = () => 1";
    let cloudkit = Cloudkit::serving(&[("cloudfunctions/bare/index.js", code)]).await;
    let output = cloudkit.output(&["fn", "invoke", "bare"]);
    let told = cloudkit.tell(&output);
    assert!(told.contains("hint: run `npm install no-such-package` in the function's folder"), "{told}");
}
