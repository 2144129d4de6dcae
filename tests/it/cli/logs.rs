//! `cloudkit logs`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::cloudkit::Cloudkit;
use crate::support::patience::Limit;

const NOISY: (&str, &str) = (
    "cloudfunctions/noisy/index.js",
    "exports.main = async () => { console.log('one'); console.warn('two'); console.error('three'); };\n",
);

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_filtered_and_have_one_shape() {
    let cloudkit = Cloudkit::serving(&[NOISY]).await;
    let call = cloudkit.json(&["fn", "invoke", "noisy"]);
    let lines = |more: &[&str]| -> Vec<serde_json::Value> {
        let output = cloudkit.output(&[&["logs", "--json"], more].concat());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().map(|line| serde_json::from_str(line).expect("a document a line")).collect()
    };
    let all = lines(&[]);
    let messages: Vec<_> = all.iter().map(|line| line["message"].as_str().expect("a text")).collect();
    let id = call["requestId"].as_str().expect("a text");
    let [start, end] = ["START", "END"].map(|it| format!("{it} RequestId: {id}"));
    assert_eq!(messages[..5], [&start, "one", "two", "three", &end], "{all:?}");
    assert!(messages[5].starts_with(&format!("REPORT RequestId: {id} Duration:")), "{all:?}");
    let reported = (&all[5]["durationMs"], &all[5]["memoryBytes"]);
    assert!(reported.0.is_u64() && reported.1.as_u64() > Some(1 << 20), "{all:?}");
    assert_eq!(all[1]["durationMs"], serde_json::Value::Null);
    assert_eq!((&all[0]["function"], &all[0]["requestId"]), (&"noisy".into(), &call["requestId"]));
    assert!(all[0]["time"].as_str().is_some_and(|time| time.ends_with("+08:00")), "{all:?}");
    assert_eq!(lines(&["--grep", "tw"]).len(), 1);
    assert_eq!(lines(&["--level", "error"]).len(), 1);
    assert_eq!(lines(&["--level", "warn"]).len(), 2);
    insta::assert_snapshot!(cloudkit.run(&["logs", "nosy"]), @r"
    exit 4
    --- stderr
    error[ResourceNotFound.Function]: function `nosy` does not exist
    hint: did you mean `noisy`?
    request id: [id]
    ");
    insta::assert_snapshot!(cloudkit.run(&["logs", "--grep", "four"]), @r"
    exit 0
    --- stderr
    no such lines in that time
    ");
    assert_eq!(lines(&["--request-id", "00000000-0000-0000-0000-000000000000"]).len(), 0);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn following_goes_on_until_ctrl_c() {
    let cloudkit = Cloudkit::serving(&[NOISY]).await;
    let mut following =
        cloudkit.command(&["logs", "-f", "--json"]).stdout(Stdio::piped()).spawn().expect("run");
    let _limit = Limit::of(&following);
    let mut lines = BufReader::new(following.stdout.take().expect("piped")).lines();
    cloudkit.run(&["fn", "invoke", "noisy"]);
    let first: Vec<String> = lines.by_ref().take(2).map(|line| line.expect("text")).collect();
    assert!(first[0].contains("START") && first[1].contains("\"message\":\"one\""), "{first:?}");
    cloudkit.run(&["fn", "invoke", "noisy"]);
    let later: Vec<String> = lines.by_ref().take(8).map(|line| line.expect("text")).collect();
    assert_eq!(later.iter().filter(|line| line.contains("\"one\"")).count(), 1, "each line once: {later:?}");
    let pid = rustix::process::Pid::from_raw(following.id() as i32).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("sent");
    assert_eq!(following.wait().expect("ended").code(), Some(130));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn following_ends_quietly_when_the_reader_goes_away() {
    let cloudkit = Cloudkit::serving(&[NOISY]).await;
    cloudkit.run(&["fn", "invoke", "noisy"]);
    let mut command = cloudkit.command(&["logs", "-f", "--grep", "three"]);
    let mut following = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("run");
    let _limit = Limit::of(&following);
    let mut reader = BufReader::new(following.stdout.take().expect("piped"));
    reader.read_line(&mut String::new()).expect("the only line");
    drop(reader);
    let output = following.wait_with_output().expect("ended");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_lines_said_in_a_moment_are_all_there_in_order() {
    let loud = "exports.main = async () => { for (let n = 0; n < 50000; n++) console.log(n) };\n";
    let limits = "[functions]\nroot = \"cloudfunctions\"\ntimeout = 60\n";
    let cloudkit =
        Cloudkit::serving(&[("cloudfunctions/loud/index.js", loud), ("cloudkit.toml", limits)]).await;
    let following = cloudkit.command(&["logs", "-f", "--json"]).stdout(Stdio::piped()).spawn();
    let mut following = following.expect("run");
    let _limit = Limit::of(&following);
    assert_eq!(cloudkit.json(&["fn", "invoke", "loud"])["ok"], true);
    let numbers = |lines: &mut dyn Iterator<Item = String>| -> Vec<String> {
        let lines = lines.map(|line| serde_json::from_str::<serde_json::Value>(&line).expect("a document"));
        let messages = lines.map(|line| line["message"].as_str().expect("a text").to_owned());
        messages.filter(|message| !message.contains("RequestId")).collect()
    };
    let expected: Vec<String> = (0..50_000).map(|n| n.to_string()).collect();
    let output = cloudkit.output(&["logs", "--json"]);
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(numbers(&mut said.lines().map(str::to_owned)) == expected, "{} lines", said.lines().count());
    let followed = BufReader::new(following.stdout.take().expect("piped")).lines();
    let followed = numbers(&mut followed.take(50_001).map(|line| line.expect("text")));
    assert!(followed == expected, "{} lines", followed.len());
    following.kill().expect("it runs");
    following.wait().expect("it ended");
}
