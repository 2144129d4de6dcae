//! What a function prints, its failures and its work after the answer are in the log.

use super::*;

#[tokio::test]
async fn everything_a_function_prints_is_logged_in_order() {
    let stage = Stage::of(
        "console.log('while loading'); exports.main = async () => { console.log('a %d', 1); console.info({ b: 2 }); \
         console.warn('c'); console.error('d\\ne'); console.debug('f'); process.stdout.write('g\\nh'); \
         console.__baseLog__({ level: 'x' }, 'warn'); }",
    );
    let outcome = stage.call_as("f", "{}", Caller::Console).await;
    let expected = [
        "Info while loading",
        "Info a 1",
        "Info { b: 2 }",
        "Warn c",
        "Error d\ne",
        "Debug f",
        "Info g",
        "Warn { level: 'x' }",
        "Info h",
    ];
    assert_eq!(stage.said(), expected);
    let id = &outcome.request_id;
    let (start, end) =
        (format!("START RequestId: {id}\nwhile loading\na 1\n"), format!("END RequestId: {id}\nREPORT"));
    let log = outcome.log();
    assert!(log.starts_with(&start) && log.contains(&end), "{log}");
    assert!(outcome.memory_bytes > 10 << 20, "{}", outcome.memory_bytes);
}

#[tokio::test]
async fn a_failure_is_logged_with_its_source_line() {
    let stage = Stage::of("exports.main = async () => {\n  throw new Error('boom')\n}");
    stage.call("f", "{}").await.expect_err("it throws");
    let file = stage.folder.path().join("cloudfunctions/f/index.js").display().to_string();
    let expected = format!(
        "Error {file}:2\n  throw new Error('boom')\n        ^\nError: boom\n    at exports.main ({file}:2:9)"
    );
    assert_eq!(stage.said(), [expected]);
}

#[tokio::test]
async fn a_failure_is_logged_with_what_led_to_it() {
    let stage = Stage::of(
        "exports.main = async (event) => {\n  const cause = Object.assign(new Error('refused'), { cause: { code: 7 } })\n  \
         throw event.many ? new AggregateError([new Error('one'), 2], 'many') : new Error('fetch failed', { cause })\n}",
    );
    let fault = stage.call("f", "{}").await.expect_err("it throws");
    assert!(!fault.message.contains("refused"), "the caller reads the error alone: {}", fault.message);
    stage.call("f", r#"{"many":1}"#).await.expect_err("it throws");
    let said = stage.said();
    let file = stage.folder.path().join("cloudfunctions/f/index.js").display().to_string();
    for (line, end) in [
        (
            0,
            format!(
                "\n  [cause]: Error: refused\n      at exports.main ({file}:2:31)\n    [cause]: {{\"code\":7}}"
            ),
        ),
        (1, format!("\n  [error]: Error: one\n      at exports.main ({file}:3:42)\n  [error]: 2")),
    ] {
        assert!(said[line].ends_with(&end), "{}", said[line]);
    }
}

#[tokio::test]
async fn errors_that_lead_to_one_another_without_end_are_told_to_an_end() {
    let stage = Stage::of(
        "exports.main = async () => { const all = new AggregateError([], 'all'); \
         for (let n = 0; n < 8; n++) all.errors.push(all); throw all }",
    );
    stage.call("f", "{}").await.expect_err("it throws");
    assert_eq!(stage.said()[0].matches("[error]: ").count(), 16);
}

#[tokio::test]
async fn work_after_the_answer_goes_on_and_is_told_once() {
    let mut stage = Stage::new(&[
        (
            "f/index.js",
            "exports.main = async (e) => { setTimeout(() => console.log('afterwards'), 80); return 1 }",
        ),
        ("quiet/index.js", "exports.main = async (e) => { process.stdout.write('now\\n') }"),
    ]);
    // It has nothing to do after its answer, so nothing is told of it.
    stage.call("quiet", "{}").await.expect("a good call");
    let outcome = stage.call_as("f", "{}", Caller::Console).await;
    let lingering = |event| match event {
        Event::Lingering { request_id, .. } => Some(request_id),
        _ => None,
    };
    assert_eq!(stage.event(lingering).await, outcome.request_id);
    let logged = |event| match event {
        Event::Logged(record) if record.function == "f" => Some((record.message, record.request_id)),
        _ => None,
    };
    assert_eq!(stage.event(logged).await, ("afterwards".into(), outcome.request_id));
}
