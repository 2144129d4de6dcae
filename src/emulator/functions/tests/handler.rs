//! What a handler answers, and how it fails, is what the caller reads.

use super::*;

#[tokio::test]
async fn every_form_of_handler_answers_as_on_the_platform() {
    check(&[
        ("exports.main = async (event) => event", r#"{"a":1}"#),
        ("exports.main = async () => 'plain'", r#""plain""#),
        ("exports.main = async () => {}", "null"),
        ("exports.main = () => 7", "7"),
        ("exports.main = () => {}", "null"),
        (
            "exports.main = async () => ({ d: new Date(0), u: undefined, n: NaN })",
            r#"{"d":"1970-01-01T00:00:00.000Z","n":null}"#,
        ),
        ("exports.main = (event, context, callback) => setTimeout(() => callback(null, event.a), 5)", "1"),
        ("exports.main = (event, context, callback) => { callback(null, 'early') }", r#""early""#),
        (
            "exports.main = (event, context, callback) => { context.callbackWaitsForEmptyEventLoop = false; \
             setTimeout(() => {}, 60000); callback(null, 1) }",
            "1",
        ),
        ("exports.main = (event, context) => context.succeed('by the context')", r#""by the context""#),
        ("exports.main = () => new Promise(() => {})", "null"),
        ("module.exports = { main() { return Object.keys(this) } }", r#"["main"]"#),
    ])
    .await;
}

#[tokio::test]
async fn every_failure_is_told_to_the_caller() {
    check(&[
        ("exports.main = async () => { throw new Error('boom') }", "FUNCTIONS_EXECUTE_FAIL Error: boom"),
        ("exports.main = () => { throw new TypeError('sync') }", "FUNCTIONS_EXECUTE_FAIL TypeError: sync"),
        (
            "exports.main = async () => { throw 'text' }",
            "FUNCTIONS_EXECUTE_FAIL text(callback err is not instance of Error)",
        ),
        ("exports.main = (e, c, callback) => callback(new Error('back'))", "FUNCTIONS_EXECUTE_FAIL Error: back"),
        (
            "exports.main = async () => { const a = {}; a.a = a; return a }",
            "FUNCTIONS_EXECUTE_FAIL stringify response to json failed: Converting circular structure to JSON",
        ),
        (
            "exports.main = async () => ({ toJSON() { throw null } })",
            "FUNCTIONS_EXECUTE_FAIL stringify response to json failed: null",
        ),
        (
            "exports.main = () => new Promise(() => setTimeout(() => { throw { toString() { throw 1 }, toJSON() { throw 2 } } }, 5))",
            "FUNCTIONS_EXECUTE_FAIL [object Object]",
        ),
        ("exports.main = async () => 'x'.repeat(6 << 20)", "FUNCTIONS_EXECUTE_FAIL body size is too long"),
        ("exports.main = async () => process.exit(0)", "FUNCTIONS_EXECUTE_FAIL 0 code exit unexpected"),
        (
            "exports.main = () => new Promise(() => setTimeout(() => { throw new Error('late') }, 5))",
            "FUNCTIONS_EXECUTE_FAIL Error: late",
        ),
        (
            "exports.main = () => new Promise(() => { Promise.reject(new Error('unheard')) })",
            "FUNCTIONS_EXECUTE_FAIL Error: unheard",
        ),
        ("require('no-such-module'); exports.main = 1", "FUNCTIONS_EXECUTE_FAIL Error: Cannot find module 'no-such-module'"),
        (
            "exports.handler = 1",
            "FUNCTIONS_EXECUTE_FAIL Error: handler `index.main` is not a function: index.js has no `main`, it exports `handler`",
        ),
        (
            "exports.main = 5",
            "FUNCTIONS_EXECUTE_FAIL Error: handler `index.main` is not a function: index.js exports `main` as a number",
        ),
        (
            "exports.main = [1]",
            "FUNCTIONS_EXECUTE_FAIL Error: handler `index.main` is not a function: index.js exports `main` as an array",
        ),
        (
            "exports.main = undefined",
            "FUNCTIONS_EXECUTE_FAIL Error: handler `index.main` is not a function: index.js exports `main` as undefined",
        ),
        ("process.exit(3)", "FUNCTIONS_EXECUTE_FAIL 3 code exit unexpected"),
        ("exports.main = () => Promise.reject()", "FUNCTIONS_EXECUTE_FAIL undefined(callback err is not instance of Error)"),
        ("exports.main = () => { throw { code: 7 } }", "FUNCTIONS_EXECUTE_FAIL {\"code\":7}(callback err is not instance of Error)"),
        ("exports.main = (e, context) => context.fail('no')", "FUNCTIONS_EXECUTE_FAIL no(callback err is not instance of Error)"),
        ("exports.main = async () => 10n", "FUNCTIONS_EXECUTE_FAIL stringify response to json failed: Do not know how to serialize a BigInt"),
        ("exports.main = () => process.kill(process.pid, 'SIGKILL')", "FUNCTIONS_EXECUTE_FAIL signal 9 exit unexpected"),
        (
            "throw new RangeError('at the top')",
            "FUNCTIONS_EXECUTE_FAIL RangeError: at the top",
        ),
        (
            "exports.main = async () => { const a = []; for (;;) a.push(new Array(1e6).fill(0.5)) }",
            "FUNCTIONS_MEMORY_LIMIT_EXCEEDED Memory limit exceeded",
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_event_has_to_be_json_of_at_most_six_mebibytes() {
    let stage = Stage::of("exports.main = (event) => event.text.length");
    let event = |length: usize| format!(r#"{{"text":"{}"}}"#, "x".repeat(length));
    let frame = event(0).len();
    assert_eq!(stage.call("f", &event((6 << 20) - frame)).await, Ok(((6 << 20) - frame).to_string()));
    for (event, kind, message) in [
        (event((6 << 20) - frame + 1), FaultKind::LongEvent, "event body size is too long"),
        ("{".to_owned(), FaultKind::Event, "event is not valid JSON: "),
    ] {
        let fault = stage.call("f", &event).await.expect_err("a bad event");
        assert_eq!(fault.kind, kind);
        assert!(fault.message.starts_with(message), "{}", fault.message);
    }
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_ended_and_the_next_call_works() {
    let code = "exports.main = async (e) => {\n  if (e.loop) for (;;);\n  if (e.wait) await new Promise(r => setTimeout(r, 60000)); return process.pid }";
    let stage = Stage::new(&[
        ("/cloudkit.toml", "[functions]\nroot = \"cloudfunctions\"\ntimeout = 3\n"),
        ("loop/index.js", code),
        ("wait/index.js", code),
    ]);
    let call = async |name: &str, event: &str, why: &str| {
        let before = stage.call(name, "{}").await.expect("a good call");
        let fault = stage.call(name, event).await.expect_err("a timeout");
        assert_eq!(fault.kind, FaultKind::Timeout);
        assert_eq!(fault.message, "Invoking task timed out after 3 seconds");
        let after = stage.call(name, "{}").await.expect("the next call works");
        assert_ne!(before, after);
        let expected = format!("Error Invoking task timed out after 3 seconds; {why}");
        stage.says(&expected).await;
    };
    let file = stage.folder.path().join("cloudfunctions/loop/index.js").display().to_string();
    let computing = format!("it was computing without a pause:\n{file}:2\n  if (e.loop) for (;;);\n");
    tokio::join!(
        call("loop", r#"{"loop":true}"#, &computing),
        call("wait", r#"{"wait":true}"#, "it was waiting for 1 timer"),
    );
}
