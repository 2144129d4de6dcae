//! `cloudkit clock …`: time that passes in a moment.

use serde_json::{Value, json};

use crate::sdk;
use crate::support::cloudkit::Cloudkit;

const REFRESH: (&str, &str) = (
    "cloudfunctions/refresh/index.js",
    "exports.main = (event) => console.log(event.TriggerName, event.Time);",
);
const TRIGGERS: (&str, &str) = (
    "cloudfunctions/refresh/config.json",
    r#"{"triggers":[{"name":"hourly","type":"timer","config":"0 0 */1 * * * *"},
                    {"name":"noon","type":"timer","config":"0 30 12 * * * *"}]}"#,
);

const HOURLY: &str = r#"{"triggers":[{"name":"hourly","type":"timer","config":"0 0 */1 * * * *"}]}"#;

fn fired(state: &Value) -> Vec<(&str, &str)> {
    let list = state["fired"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|it| (it["time"].as_str().unwrap_or(""), it["trigger"].as_str().unwrap_or(""))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_pass_in_a_moment_and_timers_fire_in_order() {
    let cloudkit = Cloudkit::serving(&[REFRESH, TRIGGERS]).await;
    let set = cloudkit.json(&["clock", "set", "2030-05-01 10:59:30", "--skip-timers"]);
    assert_eq!((&set["now"], &set["held"]), (&json!("2030-05-01T10:59:30.000+08:00"), &json!(true)));

    let advanced = cloudkit.json(&["clock", "advance", "2h"]);
    assert_eq!(advanced["now"], "2030-05-01T12:59:30.000+08:00");
    assert_eq!(
        fired(&advanced),
        [
            ("2030-05-01T11:00:00+08:00", "hourly"),
            ("2030-05-01T12:00:00+08:00", "hourly"),
            ("2030-05-01T12:30:00+08:00", "noon"),
        ]
    );
    let output = cloudkit.output(&["logs", "refresh", "--since", "3h", "--json"]);
    let lines = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    let logs: Vec<Value> = lines.collect::<Result<_, _>>().expect("a document per line");
    let said: Vec<(&str, &str)> = logs
        .iter()
        .filter_map(|it| Some((it["time"].as_str()?, it["message"].as_str()?)))
        .filter(|(_, message)| message.starts_with("hourly") || message.starts_with("noon"))
        .collect();
    assert_eq!(
        said,
        [
            ("2030-05-01T11:00:00.000+08:00", "hourly 2030-05-01T03:00:00Z"),
            ("2030-05-01T12:00:00.000+08:00", "hourly 2030-05-01T04:00:00Z"),
            ("2030-05-01T12:30:00.000+08:00", "noon 2030-05-01T04:30:00Z"),
        ]
    );
    let next = cloudkit.json(&["trigger", "list"]);
    assert_eq!(next[0]["next"], "2030-05-01T13:00:00+08:00");
    assert_eq!(next[1]["next"], "2030-05-02T12:30:00+08:00");

    let resumed = cloudkit.json(&["clock", "resume"]);
    assert_eq!((&resumed["held"], resumed.get("fired")), (&json!(false), None));
    let shown = cloudkit.json(&["clock", "show"]);
    assert!(shown["offsetMs"].as_i64().is_some_and(|offset| offset.abs() < 1_000), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_fires_nothing_and_running_goes_on_from_there() {
    let cloudkit = Cloudkit::serving(&[REFRESH, TRIGGERS]).await;
    let set = cloudkit.json(&["clock", "set", "2001-01-01T00:00:00Z"]);
    assert_eq!(fired(&set), []);
    cloudkit.json(&["clock", "resume"]);
    let advanced = cloudkit.json(&["clock", "advance", "1d"]);
    assert_eq!(fired(&advanced).len(), 25, "{advanced}");
    assert_eq!(advanced["held"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leap_over_too_many_calls_and_nonsense_are_refused() {
    let every_second = r#"{"triggers":[{"name":"s","type":"timer","config":"* * * * * * *"}]}"#;
    let cloudkit = Cloudkit::serving(&[REFRESH, ("cloudfunctions/refresh/config.json", every_second)]).await;
    insta::assert_snapshot!(cloudkit.run(&["clock", "advance", "1d"]), @r"
    exit 5
    --- stderr
    target: local  [url]
    error[InvalidParameterValue]: `MoveClock` was refused: More than 10000 timer calls are due until then; move the clock in shorter steps.
    hint: the message names the parameter
    hint: `--skip-timers` moves the clock and fires nothing
    request id: [id]
    ");
    insta::assert_snapshot!(cloudkit.run(&["clock", "set", "soon"]), @r"
    exit 2
    --- stderr
    error: `soon` is not a value for `<TIME>`
      caused by: `soon` is no time
    hint: write `2026-11-21T13:00:00+08:00`, or `2026-11-21 13:00:00` for UTC+8
    ");
    insta::assert_snapshot!(cloudkit.run(&["clock", "advance", "2 hours"]), @r"
    exit 2
    --- stderr
    error: `2 hours` is not a value for `<BY>`
      caused by: a length of time is a number and its unit
    hint: write `30s`, `10m`, `2h` or `1d`
    ");
}

/// Keeps a token of two hours in the database, and a new one when less than 90 minutes are left.
const TOKENS: &str = "
    const tokens = cloud.init({ env: cloud.SYMBOL_CURRENT_ENV }).database().collection('tokens');
    exports.main = async () => {
      const [kept] = (await tokens.get()).data;
      const left = kept ? (kept.expiresAt - Date.now()) / 60e3 : 0;
      if (left < 90) {
        if (kept) await tokens.doc(kept._id).remove();
        await tokens.add({ expiresAt: new Date(Date.now() + 7200e3) });
      }
      console.log(`left ${kept ? Math.round(left) : 'none'}`);
    };";

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_a_timer_refreshes_outlives_hours_that_pass_in_a_moment() {
    let Some(sdk) = sdk::installed() else { return };
    let code =
        format!("const cloud = require('{}/node_modules/@cloudbase/node-sdk');{TOKENS}", sdk.display());
    let manifest = "[database.tokens]\npermission = \"ADMINONLY\"\n";
    let cloudkit = Cloudkit::serving(&[
        ("cloudkit.toml", manifest),
        ("cloudfunctions/refresh/index.js", &code),
        ("cloudfunctions/refresh/config.json", HOURLY),
    ])
    .await;
    cloudkit.json(&["clock", "advance", "5h"]);
    cloudkit.json(&["clock", "advance", "1d", "--skip-timers"]);
    cloudkit.json(&["clock", "advance", "1h"]);
    let output = cloudkit.output(&["logs", "--since", "2d", "--grep", "left", "--json"]);
    let lines = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    let said = lines.map(|line| line.expect("JSON")["message"].as_str().unwrap_or_default().to_owned());
    let said: Vec<String> = said.collect();
    assert_eq!(said, ["left none", "left 60", "left 60", "left 60", "left 60", "left -1380"]);
}
