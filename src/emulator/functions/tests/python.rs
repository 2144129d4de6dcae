//! Functions in Python: the same contract, in its own words.

use super::*;

/// Tells whether there is a Python. Without it these tests skip, visibly.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn is_here() -> bool {
    let here = std::process::Command::new("python3").arg("--version").output();
    let here = here.is_ok_and(|output| output.status.success());
    assert!(here || std::env::var_os("CI").is_none(), "CI needs `python3` for these tests");
    if !here {
        eprintln!("skipped: this test needs `python3`");
    }
    here
}

const LIMITS: &str = "[functions]\nroot = \"cloudfunctions\"\ntimeout = 300\nmemory = 128\n";

/// Calls functions, each an `index.py`, and compares what the caller reads: the result, or the fault's code and the last
/// line of its text.
async fn check(cases: &[(&str, &str)]) {
    if !is_here() {
        return;
    }
    let files: Vec<(String, &str)> =
        cases.iter().enumerate().map(|(at, (code, _))| (format!("f{at}/index.py"), *code)).collect();
    let files = files.iter().map(|(path, code)| (path.as_str(), *code));
    let stage = Stage::new(&files.chain([("/cloudkit.toml", LIMITS)]).collect::<Vec<_>>());
    let calls = cases.iter().enumerate().map(async |(at, (code, expected))| {
        let found = match stage.call(&format!("f{at}"), r#"{"a":"云"}"#).await {
            Ok(text) => text,
            Err(fault) => {
                format!("{} {}", fault.kind.code(), fault.message.lines().last().unwrap_or_default())
            }
        };
        assert_eq!(found, *expected, "{code}");
    });
    futures_util::future::join_all(calls).await;
    stage.functions.stop().await;
}

#[tokio::test]
async fn a_handler_answers_as_on_the_platform() {
    check(&[
        ("def main_handler(event, context):\n  return event", r#"{"a": "\u4e91"}"#),
        ("def main_handler(event, context): pass", "null"),
        ("main_handler = lambda event, context: (1, 2.5, True, None)", "[1, 2.5, true, null]"),
        (
            "from decimal import Decimal\ndef main_handler(event, context): return Decimal('1.10')",
            r#""1.10""#,
        ),
        ("import os\ndef main_handler(event, context): return os.path.basename(os.getcwd())", r#""f4""#),
        ("import sys\ndef main_handler(event, context): return sys.stdin.read()", r#""""#),
        ("import asyncio\nasync def work(): return 7\ndef main_handler(event, context): return asyncio.run(work())", "7"),
    ])
    .await;
}

#[tokio::test]
async fn every_failure_is_told_to_the_caller() {
    check(&[
        ("def main_handler(event, context):\n  raise ValueError('坏')", "FUNCTIONS_EXECUTE_FAIL ValueError: 坏"),
        ("def main_handler(event, context): return {1, 2}", "FUNCTIONS_EXECUTE_FAIL TypeError: Object of type set is not JSON serializable"),
        (
            "async def main_handler(event, context): return 1",
            "FUNCTIONS_EXECUTE_FAIL TypeError: Object of type coroutine is not JSON serializable",
        ),
        ("def main_handler(event, context): return 'x' * (6 << 20)", "FUNCTIONS_EXECUTE_FAIL body size is too long"),
        ("import sys\ndef main_handler(event, context): sys.exit(3)", "FUNCTIONS_EXECUTE_FAIL 3 code exit unexpected"),
        ("import os\ndef main_handler(event, context): os._exit(0)", "FUNCTIONS_EXECUTE_FAIL 0 code exit unexpected"),
        (
            "import os\ndef main_handler(event, context): os.kill(os.getpid(), 9)",
            "FUNCTIONS_EXECUTE_FAIL signal 9 exit unexpected",
        ),
        ("import no_such_module", "FUNCTIONS_EXECUTE_FAIL ModuleNotFoundError: No module named 'no_such_module'"),
        (
            "def handler(event, context): pass",
            "FUNCTIONS_EXECUTE_FAIL AttributeError: module 'index' has no attribute 'main_handler': it defines `handler`",
        ),
        ("def main_handler(event, context):\n  return 1 +", "FUNCTIONS_EXECUTE_FAIL SyntaxError: invalid syntax"),
        (
            "def main_handler(event, context):\n  loop = {}\n  loop['loop'] = loop\n  return loop",
            "FUNCTIONS_EXECUTE_FAIL ValueError: Circular reference detected",
        ),
        ("main_handler = 7", "FUNCTIONS_EXECUTE_FAIL AttributeError: module 'index' has no attribute 'main_handler': it defines no function"),
        ("raise SystemExit(4)", "FUNCTIONS_EXECUTE_FAIL 4 code exit unexpected"),
        ("def main_handler(event): pass", "FUNCTIONS_EXECUTE_FAIL TypeError: main_handler() takes 1 positional argument but 2 were given"),
    ])
    .await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn more_memory_than_the_limit_ends_the_process() {
    if !is_here() {
        return;
    }
    let python = "import os, time\ndef main_handler(event, context):\n  if event.get('much'):\n    much = b'x' * (200 << 20)\n    time.sleep(600)\n  return os.getpid()";
    let node = "exports.main = async (e) => { if (e.much) { const much = Buffer.alloc(300 << 20, 1); await new Promise(r => setTimeout(r, 600000)); return much.length } return process.pid }";
    let stage = Stage::new(&[("/cloudkit.toml", LIMITS), ("p/index.py", python), ("n/index.js", node)]);
    for name in ["p", "n"] {
        let before = stage.call(name, "{}").await.expect("a good call");
        let fault = stage.call(name, r#"{"much":true}"#).await.expect_err("too much");
        assert_eq!(fault.kind, FaultKind::Memory);
        let said = stage.said();
        assert!(said.iter().any(|line| line.ends_with(" MB used, 128 MB allowed")), "{said:?}");
        let after = stage.call(name, "{}").await.expect("the next call works");
        assert_ne!(before, after);
    }
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_ended_and_says_where_it_was() {
    if !is_here() {
        return;
    }
    let limits = "[functions]\nroot = \"cloudfunctions\"\ntimeout = 3\n";
    let code = "import time\ndef main_handler(event, context):\n  if event.get('loop'):\n    while True: pass\n  if event.get('sleep'):\n    time.sleep(60)\n  return 1";
    for (event, place) in [("loop", "4\n    while True: pass"), ("sleep", "6\n    time.sleep(60)")] {
        let stage = Stage::new(&[("/cloudkit.toml", limits), ("f/index.py", code)]);
        let fault = stage.call("f", &format!(r#"{{"{event}":true}}"#)).await.expect_err("a timeout");
        assert_eq!(fault.message, "Invoking task timed out after 3 seconds");
        assert_eq!(stage.call("f", "{}").await, Ok("1".into()));
        let file = stage.folder.path().join("cloudfunctions/f/index.py").display().to_string();
        let expected = format!("Error {}; it was at:\n{file}:{place}\n", fault.message);
        stage.says(&expected).await;
    }
}

#[tokio::test]
async fn identity_is_lent_for_one_call_and_the_context_is_the_platforms() {
    if !is_here() {
        return;
    }
    let stage = Stage::new(&[(
        "f/index.py",
        "import json, os\ndef main_handler(event, context):\n  environment = json.loads(context.pop('environment'))\n  \
         return [event, os.environ.get('WX_OPENID'), environment.get('WX_OPENID'), 'TCB_ENV=local;' in context.pop('environ'), len(context.pop('request_id')), context]",
    )]);
    let rest = r#"true, 36, {"memory_limit_in_mb": 256, "time_limit_in_ms": 300000, "function_version": "$LATEST", "function_name": "f", "namespace": "local", "tencentcloud_region": "ap-shanghai", "tencentcloud_appid": "1250000001", "tencentcloud_uin": "100000000001"}]"#;
    let alice = Caller::MiniProgram(Identity { openid: "o-alice".into(), unionid: None });
    let outcome = stage.call_as("f", r#"{"userInfo":{"nickName":"A","openId":"forged"}}"#, alice).await;
    let expected = format!(
        r#"[{{"userInfo": {{"appId": "wx1", "openId": "o-alice", "nickName": "A"}}, "tcbContext": {{}}}}, "o-alice", "o-alice", {rest}"#
    );
    assert_eq!(outcome.result, Ok(expected));
    assert_eq!(stage.call("f", "").await, Ok(format!("[{{}}, null, null, {rest}")));
}

#[tokio::test]
async fn everything_a_function_prints_is_logged_with_its_level() {
    if !is_here() {
        return;
    }
    let stage = Stage::new(&[(
        "f/index.py",
        "import logging, sys, warnings\nprint('while loading')\ndef main_handler(event, context):\n  print('a', 1)\n  \
         logging.debug('b %s', 2)\n  logging.getLogger('mine').info('c')\n  logging.warning('d\\ne')\n  logging.error('云')\n  \
         sys.stderr.write('f\\ng')\n  print('h', end='')\n  raise KeyError('i')",
    )]);
    let outcome = stage.call_as("f", "{}", Caller::Console).await;
    let file = stage.folder.path().join("cloudfunctions/f/index.py").display().to_string();
    let fault = format!(
        "Traceback (most recent call last):\n  File \"{file}\", line 11, in main_handler\n    raise KeyError('i')\nKeyError: 'i'"
    );
    assert_eq!(outcome.result.expect_err("it raises").message, fault);
    let failure = format!("Error {file}:11\n  raise KeyError('i')\n{fault}");
    let expected = [
        "Info while loading",
        "Info a 1",
        "Debug b 2",
        "Info c",
        "Warn d\ne",
        "Error 云",
        "Error f",
        &failure,
        "Info h",
        "Error g",
    ];
    assert_eq!(stage.said(), expected);
    assert!(outcome.memory_bytes > 1 << 20 || outcome.memory_bytes == 0, "{}", outcome.memory_bytes);
}

#[tokio::test]
async fn modules_are_found_and_a_saved_one_is_served_on_the_next_call() {
    if !is_here() {
        return;
    }
    let stage = Stage::new(&[
        (
            "/cloudkit.toml",
            "[functions]\nroot = \"cloudfunctions\"\n[functions.f]\nhandler = \"src/app.start\"\nruntime = \"Python3.9\"\n",
        ),
        ("f/src/app.py", "from lib import part\ndef start(event, context): return part.VALUE"),
        ("f/lib/part.py", "VALUE = 'old'"),
    ]);
    assert_eq!(stage.call("f", "{}").await, Ok(r#""old""#.into()));
    stage.write("f/lib/part.py", "VALUE = 'brand new'");
    assert_eq!(stage.call("f", "{}").await, Ok(r#""brand new""#.into()));
    assert!(
        !stage.folder.path().join("cloudfunctions/f/lib/__pycache__").exists(),
        "nothing is left in the folder"
    );
}

#[tokio::test]
async fn a_moved_clock_is_the_functions_time_and_what_was_made_before_is_of_its_kind() {
    if !is_here() {
        return;
    }
    let code = "import copy, datetime, pickle, time\n\
                from datetime import date, datetime as DateTime\n\
                from time import time as clock\n\
                early = DateTime(2020, 1, 1)\n\
                class Own(DateTime):\n  pass\n\
                def main_handler(event, context):\n  \
                  utc = datetime.timezone.utc\n  \
                  now = DateTime.now(utc)\n  \
                  days = [date.today().isoformat(), datetime.date.today().isoformat(), time.strftime('%Y-%m-%d'), \
                          time.ctime()[-4:] + '-03-17', DateTime.utcnow().date().isoformat(), time.gmtime().tm_year]\n  \
                  same = pickle.loads(pickle.dumps(now)) == now and copy.deepcopy(now) == now\n  \
                  kinds = [isinstance(early, datetime.datetime), isinstance(now, DateTime), isinstance(now, datetime.date), \
                           issubclass(Own, datetime.datetime), isinstance(now, Own), same]\n  \
                  return [now.isoformat()[:15], abs(clock() - time.time()) < 60, days, kinds, (now - early.replace(tzinfo=utc)).days]\n";
    let stage = Stage::new(&[("f/index.py", code)]);
    let clock = stage.functions.0.config.clock.clone();
    stage.call("f", "{}").await.expect("an answer");
    clock.hold(1_900_000_000_000);
    let held = stage.call("f", "{}").await.expect("an answer");
    let (second, rest) = held.split_once(", ").expect("a list");
    assert_eq!(second, r#"["2030-03-17T17:4""#);
    assert_eq!(
        rest,
        r#"true, ["2030-03-17", "2030-03-17", "2030-03-17", "2030-03-17", "2030-03-17", 2030], [true, true, true, true, false, true], 3728]"#
    );
    clock.resume();
    let resumed = stage.call("f", "{}").await.expect("an answer");
    assert!(!resumed.starts_with(r#"["2030"#), "{resumed}");
    stage.functions.stop().await;
}
