//! What is saved is served on the next call, by processes of the functions concerned only.

use std::collections::HashMap;
use std::sync::mpsc::RecvTimeoutError;
use std::task::Poll;

use super::*;

const PID: &str = "const part = require('./part'); exports.main = () => [part, process.pid]";

impl Stage {
    /// Calls until the answer is as expected: what no function was loaded from is told by the watcher, a moment later.
    pub async fn until(&self, name: &str, expected: &str) {
        let wanted = Ok(expected.to_owned());
        until(format!("`{name}` answers {expected}"), async || self.call(name, "{}").await == wanted).await;
    }

    /// Waits for a warning that says so.
    async fn warned(&mut self, words: &str) {
        self.event(|event| matches!(event, Event::Warning(text) if text.en.contains(words)).then_some(()))
            .await;
    }

    /// Waits for word of a mistake.
    async fn broken(&mut self) {
        self.event(|event| matches!(event, Event::Broken { .. }).then_some(())).await;
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join("cloudfunctions").join(path)
    }
}

#[tokio::test]
async fn settings_and_variables_are_served_when_they_are_saved() {
    let code =
        "exports.main = (e, context) => [process.env.A ?? '', process.env.B ?? '', context.time_limit_in_ms]";
    let stage =
        Stage::new(&[PLAIN, ("f/index.js", code), ("g/index.js", "exports.main = () => process.pid")]);
    let other = stage.call("g", "{}").await.expect("a result");
    stage.until("f", r#"["","",3000]"#).await;
    stage.write("f/.env", "A=1\n");
    stage.until("f", r#"["1","",3000]"#).await;
    stage.write("f/config.json", r#"{ "timeout": 7 }"#);
    stage.until("f", r#"["1","",7000]"#).await;
    assert_eq!(stage.call("g", "{}").await, Ok(other), "`g` is not concerned");
    stage.write("/.env", "B=2\n");
    stage.until("f", r#"["1","2",7000]"#).await;
    stage.write("/cloudkit.toml", "[functions]\nroot = \"cloudfunctions\"\n[functions.f]\ntimeout = 9\n");
    stage.until("f", r#"["1","2",9000]"#).await;
}

#[tokio::test]
async fn a_config_that_breaks_leaves_the_settings_and_is_told() {
    let code = "exports.main = (e, context) => context.time_limit_in_ms";
    let config = |cron: &str| {
        format!(r#"{{ "timeout": 7, "triggers": [{{ "name": "t", "type": "timer", "config": "{cron}" }}] }}"#)
    };
    let good = config("0 0 1 * * * *");
    let mut stage = Stage::new(&[PLAIN, ("f/index.js", code), ("f/config.json", &good)]);
    stage.until("f", "7000").await;
    stage.write("f/config.json", "{ \"timeout\": ");
    stage.warned("config.json").await;
    assert_eq!(stage.call("f", "{}").await, Ok("7000".into()));
    assert_eq!(stage.functions.get("f").await.expect("it is there").spec.triggers.len(), 1);
    stage.write("f/config.json", &config("0 0 1 * * *"));
    stage.warned("fields instead of seven").await;
}

#[tokio::test]
async fn an_installed_dependency_is_served() {
    let code = "let p; try { p = require('p') } catch { p = 'missing' } exports.main = () => p";
    let stage = Stage::new(&[("f/index.js", code)]);
    for (folder, expected) in [("", r#""root""#), ("/cloudfunctions/f", r#""own""#)] {
        stage.write(&format!("{folder}/node_modules/p/index.js"), &format!("module.exports = {expected}"));
        stage.write(&format!("{folder}/node_modules/.package-lock.json"), "{}");
        stage.until("f", expected).await;
    }
}

#[tokio::test]
async fn a_dependency_that_is_patched_or_removed_is_followed() {
    let code = "const { v } = require('p'); exports.main = () => [v, require('q').v]";
    let stage = Stage::new(&[
        ("f/index.js", code),
        ("f/node_modules/p/index.js", "exports.v = require('./deep').v"),
        ("f/node_modules/p/deep.js", "exports.v = 1"),
        ("/node_modules/q/index.js", "exports.v = 1"),
    ]);
    stage.until("f", "[1,1]").await;
    stage.write("f/node_modules/p/deep.js", "exports.v = 20");
    stage.until("f", "[20,1]").await;
    stage.write("/node_modules/q/index.js", "exports.v = 20");
    stage.until("f", "[20,20]").await;
    std::fs::remove_dir_all(stage.path("f/node_modules")).expect("removed");
    until("the dependency is missed", async || stage.call("f", "{}").await.is_err()).await;
}

#[cfg(unix)]
#[tokio::test]
async fn shared_code_restarts_the_functions_that_loaded_it_and_no_other() {
    let stage = Stage::new(&[
        ("/shared/util.js", "exports.v = 1"),
        ("/packages/lib/package.json", r#"{ "name": "lib" }"#),
        ("/packages/lib/index.js", "exports.v = 1"),
        (
            "relative/index.js",
            "const v = require('../../shared/util.js').v; exports.main = () => [v, process.pid]",
        ),
        ("linked/index.js", "const v = require('./util.js').v; exports.main = () => [v, process.pid]"),
        ("workspace/index.js", "const v = require('lib').v; exports.main = () => [v, process.pid]"),
        ("none/index.js", "exports.main = () => [1, process.pid]"),
    ]);
    let link = |target: &str, path: &str| {
        let path = stage.folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        std::os::unix::fs::symlink(target, path).expect("linked");
    };
    link("../../shared/util.js", "cloudfunctions/linked/util.js");
    link("../packages/lib", "node_modules/lib");
    let call = async |name: &str| {
        let answer = stage.call(name, "{}").await.expect("a result");
        serde_json::from_str::<(u32, u32)>(&answer).expect("two numbers")
    };
    let all = ["relative", "linked", "workspace", "none"];
    let mut before = HashMap::new();
    for name in all {
        before.insert(name, call(name).await);
    }
    for (round, file, concerned) in [
        (2, "/shared/util.js", &["relative", "linked"][..]),
        (3, "/packages/lib/index.js", &["workspace"][..]),
    ] {
        stage.write(file, &format!("exports.v = {round}"));
        for name in all {
            let now = call(name).await;
            match concerned.contains(&name) {
                true => assert!(now.0 == round && now.1 != before[name].1, "{name} {now:?}"),
                false => assert_eq!(now, before[name], "{name}"),
            }
            before.insert(name, now);
        }
    }
}

#[tokio::test]
async fn shared_code_that_is_loaded_when_it_is_needed_is_followed_too() {
    for (package, file, shared, code) in [
        ("{}", "/shared/v.js", "exports.v = ", "exports.main = () => require('../../shared/v.js').v"),
        (
            r#"{ "type": "module" }"#,
            "/shared/v.mjs",
            "export const v = ",
            "export const main = async () => (await import('../../shared/v.mjs')).v",
        ),
    ] {
        let stage =
            Stage::new(&[("f/package.json", package), ("f/index.js", code), (file, &format!("{shared}1"))]);
        for round in 1..4 {
            stage.write(file, &format!("{shared}{round}"));
            stage.until("f", &round.to_string()).await;
        }
    }
}

#[tokio::test]
async fn every_save_of_a_storm_is_served() {
    let stage = Stage::new(&[
        ("f/index.js", "const data = require('./data.json'); exports.main = () => data"),
        ("f/data.json", "0"),
    ]);
    for n in 1..=50 {
        stage.write("f/data.json", &n.to_string());
        if n % 10 == 0 {
            assert_eq!(stage.call("f", "{}").await, Ok(n.to_string()));
        }
    }
    assert_eq!(stage.call("f", "{}").await, Ok("50".into()));
}

/// Tells whether somebody else could go on while this was under way.
async fn makes_room<T>(work: impl Future<Output = T>) -> bool {
    let mut work = std::pin::pin!(work);
    let first = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
    let waits = first.is_pending();
    if waits {
        work.await;
    }
    waits
}

#[tokio::test]
async fn files_are_looked_at_where_nobody_else_has_to_wait() {
    let code = "for (let n = 0; n < 40; n++) require('./part' + n); exports.main = () => 1";
    let parts: Vec<String> = (0..40).map(|n| format!("f/part{n}.js")).collect();
    let parts = parts.iter().map(|path| (path.as_str(), ""));
    let stage = Stage::new(&parts.chain([("f/index.js", code)]).collect::<Vec<_>>());
    stage.call("f", "{}").await.expect("a result");
    // A function of many files, and one that may have come to be a moment ago.
    for name in ["f", "nobody"] {
        let mut tries = 0;
        // The other thread may be done before this one looks.
        while !makes_room(stage.functions.get(name)).await {
            tries += 1;
            assert!(tries < 1000, "{name}");
        }
    }
}

#[tokio::test]
async fn a_file_that_an_editor_renames_into_place_is_served_and_a_half_written_one_told() {
    let stage = Stage::new(&[("f/index.js", PID), ("f/part.js", "module.exports = 1")]);
    stage.call("f", "{}").await.expect("a result");
    stage.write("f/.part.js.tmp", "module.exports = 2");
    std::fs::rename(stage.path("f/.part.js.tmp"), stage.path("f/part.js")).expect("renamed");
    assert!(stage.call("f", "{}").await.expect("a result").starts_with("[2,"));
    stage.write("f/part.js", "module.exports = (");
    assert!(stage.call("f", "{}").await.expect_err("half a file").message.contains("SyntaxError"));
    stage.write("f/part.js", "module.exports = (3)");
    assert!(stage.call("f", "{}").await.expect("a result").starts_with("[3,"));
}

#[tokio::test]
async fn a_folder_that_is_made_again_is_served_and_watched() {
    let mut stage =
        Stage::new(&[("f/index.js", "exports.main = () => 1"), ("g/index.js", "exports.main = () => 1")]);
    assert_eq!(stage.call("f", "{}").await, Ok("1".into()));
    std::fs::remove_dir_all(stage.path("f")).expect("removed");
    until("`f` is gone", async || stage.functions.get("f").await.is_none()).await;
    stage.write("f/index.js", "exports.main = () => 2");
    stage.until("f", "2").await;
    // What nobody calls is told by the watcher alone.
    stage.write("f/index.js", "exports.main = () => {");
    stage.broken().await;
}

#[tokio::test]
async fn a_file_that_is_renamed_into_place_while_its_function_loads_is_served() {
    let code = "const fs = require('fs'), part = require('./part'); fs.writeFileSync('../../loads', ''); \
                while (!fs.existsSync('../../goes')); exports.main = () => part";
    // The new file was saved before the old one.
    let stage = Stage::new(&[
        ("f/.part.js.tmp", "module.exports = 2"),
        ("f/part.js", "module.exports = 1"),
        ("f/index.js", code),
    ]);
    let first = stage.begin("{}");
    until("the old file is loaded", async || stage.folder.path().join("loads").exists()).await;
    std::fs::rename(stage.path("f/.part.js.tmp"), stage.path("f/part.js")).expect("renamed");
    stage.write("/goes", "");
    first.await.expect("it ends").result.expect("a result");
    assert_eq!(stage.call("f", "{}").await, Ok("2".into()));
}

#[tokio::test]
async fn a_mistake_is_told_while_another_file_is_written_without_a_pause() {
    let mut stage = Stage::of("exports.main = () => 1");
    stage.call("f", "{}").await.expect("a result");
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let noise = stage.folder.path().join("noise.txt");
    let writing = std::thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_millis(1)) == Err(RecvTimeoutError::Timeout) {
            std::fs::write(&noise, "x").expect("a file");
        }
    });
    until("it is written", async || stage.folder.path().join("noise.txt").exists()).await;
    stage.write("f/index.js", "exports.main = () => {");
    stage.broken().await;
    drop(stop);
    writing.join().expect("it was written");
}

#[tokio::test]
async fn a_mistake_is_told_also_when_somebody_looks_before_the_watcher_does() {
    let mut stage = Stage::of("exports.main = () => 1");
    stage.call("f", "{}").await.expect("a result");
    stage.write("f/index.js", "exports.main = () => {");
    stage.functions.get("f").await.expect("it is there");
    stage.broken().await;
}

#[tokio::test]
async fn a_mistake_is_told_where_no_process_can_be_started() {
    let code = "exports.main = () => 1";
    let mut stage = Stage::new(&[("f/index.js", code), ("g/index.js", code)]);
    // Those of the start were looked for by then.
    stage.call("g", "{}").await.expect("a result");
    let places = stage.functions.0.registry.crew.places.clone();
    let taken: Vec<_> = std::iter::from_fn(|| places.take()).collect();
    stage.write("f/index.js", "exports.main = () => {");
    stage.broken().await;
    drop(taken);
}

#[tokio::test]
async fn a_function_that_loads_without_end_holds_up_no_word_of_another() {
    let code = "exports.main = () => 1";
    let mut stage = Stage::new(&[("f/index.js", code), ("g/index.js", code)]);
    stage.call("g", "{}").await.expect("a result");
    stage.write("f/index.js", "require('fs').writeFileSync('../../loads', ''); for (;;);");
    until("the change is being loaded", async || stage.folder.path().join("loads").exists()).await;
    stage.write("g/index.js", "exports.main = () => {");
    stage.broken().await;
    let endless = stage.functions.0.registry.get("f").expect("it is there");
    assert_eq!(endless.idle_since(), Some(None), "it is not given up yet");
}

#[tokio::test]
async fn shared_code_that_is_saved_as_it_is_loaded_is_followed() {
    let code = "const shared = require('../../shared/v.js'); exports.main = () => shared; \
                require('fs').writeFileSync('../../shared/v.js', 'module.exports = (')";
    let mut stage = Stage::new(&[("/shared/v.js", "module.exports = 1"), ("f/index.js", code)]);
    assert_eq!(stage.call("f", "{}").await, Ok("1".into()));
    stage.broken().await;
}

#[tokio::test]
async fn a_process_that_gives_way_while_it_loads_says_nothing_of_its_function() {
    let mut stage = Stage::of("exports.main = () => 1");
    stage.call("f", "{}").await.expect("a result");
    stage.write("f/index.js", "require('fs').writeFileSync('../../loads', ''); for (;;);");
    until("the change is being loaded", async || stage.folder.path().join("loads").exists()).await;
    stage.functions.0.registry.get("f").expect("it is there").give_way();
    stage.write("f/index.js", "exports.main = () => 2");
    let told = |event| match event {
        Event::Reloaded { .. } => Some(None),
        Event::Broken { message, .. } => Some(Some(message)),
        _ => None,
    };
    assert_eq!(stage.event(told).await, None);
}

#[tokio::test]
async fn a_trigger_that_is_saved_counts_when_the_clock_is_moved_next() {
    use crate::emulator::timers::{Move, Timers};
    let stage = Stage::of("exports.main = () => 1");
    let events = stage.functions.0.events.clone();
    let timers = Timers::start(stage.functions.clone(), stage.functions.0.config.clock.clone(), events);
    let trigger = r#"{ "triggers": [{ "name": "t", "type": "timer", "config": "0 0 * * * * *" }] }"#;
    stage.write("f/config.json", trigger);
    let fired = timers.move_clock(Move::By(3_600_000), false).await.expect("not too many");
    assert_eq!(fired.len(), 1);
}

#[tokio::test]
async fn a_saved_change_is_served_on_the_next_call_and_a_call_in_flight_ends_on_the_old_code() {
    let mut stage = Stage::new(&[
        (
            "f/index.js",
            "const fs = require('fs'), part = require('./part'); exports.main = async (e) => { if (e.until) console.log('waits'); \
             while (e.until && !fs.existsSync(e.until)) await new Promise(r => setTimeout(r, 5)); return part }",
        ),
        ("f/part.js", "module.exports = 'old'"),
    ]);
    assert_eq!(stage.call("f", "{}").await, Ok(r#""old""#.into()));
    let file = stage.folder.path().join("ended");
    let in_flight = stage.begin(&serde_json::json!({ "until": file }).to_string());
    stage.event(|event| matches!(event, Event::Logged(line) if line.message == "waits").then_some(())).await;
    stage.write("f/part.js", "module.exports = 'brand new'");
    assert_eq!(stage.call("f", "{}").await, Ok(r#""brand new""#.into()));
    std::fs::write(file, "").expect("a file");
    assert_eq!(in_flight.await.expect("it ends").result, Ok(r#""old""#.into()));
    let reloaded = |event| matches!(event, Event::Reloaded { .. }).then_some(());
    stage.event(reloaded).await;
}

#[tokio::test]
async fn a_change_saved_while_calls_wait_in_line_is_served_to_all_who_have_not_begun() {
    let code = |value: u8| {
        format!(
            "const fs = require('fs'); exports.main = async (e) => {{ \
             while (e.until && !fs.existsSync(e.until)) await new Promise(r => setTimeout(r, 5)); return {value} }}"
        )
    };
    let stage = Stage::of(&code(1));
    assert_eq!(stage.call("f", "{}").await, Ok("1".into()));
    let registry = &stage.functions.0.registry;
    let (old, places) = (registry.get("f").expect("it is there"), &registry.crew.places);
    // There is room for four.
    let taken: Vec<_> = (0..places.most() - 4).map(|_| places.take().expect("a place")).collect();
    let file = stage.folder.path().join("ended");
    let event = serde_json::json!({ "until": file }).to_string();
    let line = futures_util::future::join_all((0..20).map(|_| stage.call("f", &event)));
    let (line, ()) = tokio::join!(line, async {
        until("calls in line", async || old.waiting() > 0).await;
        stage.write("f/index.js", &code(2));
        stage.functions.get("f").await.expect("it is there");
        std::fs::write(&file, "").expect("a file");
    });
    let answers: Vec<_> = line.into_iter().map(|answer| answer.expect("nobody is lost")).collect();
    let begun = answers.iter().filter(|answer| *answer == "1").count();
    assert!(
        (1..=4).contains(&begun) && answers.iter().filter(|answer| *answer == "2").count() == 20 - begun,
        "{answers:?}"
    );
    drop(taken);
}

#[tokio::test]
async fn a_mistake_is_told_when_it_is_saved_with_its_place() {
    let mut stage = Stage::of("exports.main = () => 1");
    assert_eq!(stage.call("f", "{}").await, Ok("1".into()));
    stage.write("f/index.js", "exports.main = () => {\n  return 1 +;\n}");
    let file = stage.folder.path().join("cloudfunctions/f/index.js");
    let expected =
        format!("{}:2\n  return 1 +;\n            ^\n\nSyntaxError: Unexpected token ';'", file.display());
    // Before, half of it may have been seen.
    let is_told = |event| matches!(event, Event::Broken { message, .. } if message == expected).then_some(());
    stage.event(is_told).await;
    assert_eq!(stage.call("f", "{}").await.expect_err("it cannot be loaded").message, expected);
    stage.write("f/index.js", "exports.main = () => 3");
    assert_eq!(stage.call("f", "{}").await, Ok("3".into()));
}

#[tokio::test]
async fn functions_appear_and_vanish_with_their_folders() {
    let stage = Stage::of("exports.main = () => 1");
    stage.write("g/index.js", "exports.main = () => 2");
    assert_eq!(stage.call("g", "{}").await, Ok("2".into()), "at once, before any watcher tells");
    std::fs::remove_dir_all(stage.folder.path().join("cloudfunctions/g")).expect("it can be removed");
    until("`g` is gone", async || stage.functions.get("g").await.is_none()).await;
    assert_eq!(stage.call("g", "{}").await.expect_err("it is gone").kind, FaultKind::NotFound);
}
