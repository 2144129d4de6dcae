//! What a function finds around it: its variables, its context, whom it serves and where the SDKs lead.

use super::*;

#[tokio::test]
async fn a_function_is_in_utc_unless_its_variables_say_where() {
    let code = "exports.main = () => [new Date(0).getHours(), process.env.TZ]";
    let stage = Stage::new(&[
        (
            "/cloudkit.toml",
            "[functions]\nroot = \"cloudfunctions\"\n[functions.g]\nvariables = { TZ = \"Asia/Shanghai\" }\n",
        ),
        ("f/index.js", code),
        ("g/index.js", code),
    ]);
    assert_eq!(stage.call("f", "{}").await, Ok("[0,\"UTC\"]".into()));
    assert_eq!(stage.call("g", "{}").await, Ok("[8,\"Asia/Shanghai\"]".into()));
}

#[tokio::test]
async fn variables_that_a_function_sets_are_text_and_in_force_for_node_and_for_its_programs() {
    let stage = Stage::of(
        "exports.main = () => { process.env.TZ = 'Asia/Shanghai'; process.env.COUNT = 7; process.env.TCB_ENV = 'own'; \
         process.env.GONE = 'x'; delete process.env.GONE; \
         const run = (code) => require('child_process').execFileSync('node', ['-p', code]).toString().trim(); \
         return [new Date(0).getHours(), process.env.COUNT, 'GONE' in process.env, 'TCB_SEQID' in process.env, \
         run('[process.env.TZ, process.env.COUNT, process.env.GONE, process.env.TCB_ENV, !!process.env.TCB_SEQID].join()')] }",
    );
    let expected = r#"[8,"7",false,true,"Asia/Shanghai,7,,own,true"]"#;
    for _ in 0..2 {
        assert_eq!(stage.call("f", "{}").await, Ok(expected.into()));
    }
}

#[tokio::test]
async fn a_call_shows_its_token_to_be_asked_for_its_caller() {
    let stage = Stage::of("exports.main = () => process.env.TCB_SESSIONTOKEN");
    let outcome = stage.call_as("f", "{}", Caller::Console).await;
    let token = outcome.result.expect("a result");
    assert_eq!(stage.functions.caller_of(token.trim_matches('"')), Some(Caller::Console));
    assert_eq!(stage.functions.caller_of(&outcome.request_id), None, "logs tell it to everybody");
}

#[tokio::test]
async fn identity_is_lent_for_one_call() {
    let stage = Stage::of(
        "exports.main = (event) => ({ event, openid: process.env.WX_OPENID, source: process.env.TCB_SOURCE, keys: process.env.WX_CONTEXT_KEYS })",
    );
    let alice = Caller::MiniProgram(Identity { openid: "o-alice".into(), unionid: None });
    let event = r#"{"a":1,"userInfo":{"nickName":"A","openId":"forged"}}"#;
    let outcome = stage.call_as("f", event, alice.clone()).await;
    assert_eq!(
        outcome.result.expect("a result"),
        r#"{"event":{"a":1,"userInfo":{"appId":"wx1","openId":"o-alice","nickName":"A"},"tcbContext":{}},"openid":"o-alice","source":"wx_client","keys":"WX_CLIENTIP,WX_APPID,WX_OPENID,WX_API_TOKEN"}"#
    );
    assert_eq!(stage.functions.caller_of(&outcome.request_id), None, "logs tell it to everybody");
    assert_eq!(stage.call("f", "{}").await, Ok(r#"{"event":{}}"#.into()));
    let nested = stage.call_as("f", "{}", alice.through_function("wx_client,scf")).await;
    let text = nested.result.expect("a result");
    assert!(text.contains(r#""openid":"o-alice","source":"wx_client,scf""#), "{text}");
}

#[tokio::test]
async fn a_timer_brings_its_event_and_no_identity() {
    let stage = Stage::of(
        "exports.main = (event) => [event, process.env.TRIGGER_SRC, process.env.TCB_SOURCE, process.env.WX_OPENID]",
    );
    let events = stage.functions.0.events.clone();
    let outcome =
        crate::emulator::timers::fire(&stage.functions, &events, "f", "daily", 1_550_749_740_500).await;
    assert_eq!(
        outcome.result.expect("a result"),
        r#"[{"Type":"Timer","TriggerName":"daily","Time":"2019-02-21T11:49:00Z","Message":"","userInfo":{"appId":"wx1"}},"timer","wx_trigger",null]"#
    );
}

#[tokio::test]
async fn the_context_tells_what_the_platform_tells() {
    let stage = Stage::of(
        "exports.main = (event, context) => { const { request_id, environ, environment, ...rest } = context; \
         const { TCB_ENV, SCF_NAMESPACE } = JSON.parse(environment); \
         return { ...rest, TCB_ENV, SCF_NAMESPACE, same: environ.includes('TCB_ENV=local;'), \
         left: context.getRemainingTimeInMillis() > 2000, cwd: process.cwd() === __dirname, uuid: request_id.length } }",
    );
    assert_eq!(
        stage.call("f", "").await.expect("an empty event is an empty object"),
        r#"{"callbackWaitsForEmptyEventLoop":true,"memory_limit_in_mb":256,"time_limit_in_ms":300000,"function_version":"$LATEST","function_name":"f","namespace":"local","tencentcloud_region":"ap-shanghai","tencentcloud_appid":"1250000001","tencentcloud_uin":"100000000001","TCB_ENV":"local","SCF_NAMESPACE":"local","same":true,"left":true,"cwd":true,"uuid":36}"#
    );
}

#[tokio::test]
async fn the_sdks_hosts_lead_to_the_emulator() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let ask = |how: &str| {
        format!(
            "await new Promise((done, fail) => {{ const r = {how}; r.on('response', (a) => {{ a.resume(); a.on('end', done) }}); r.on('error', fail); r.end() }});"
        )
    };
    let code = format!(
        "const http = require('http'), https = require('https'); exports.main = async () => {{ {} {} {} await (await fetch('https://e.api.tcloudbasegateway.com/v1?x=1', {{ method: 'POST', body: 'b' }})).text(); }}",
        ask("https.get('https://api2.weixin.qq.com/a?b=1')"),
        ask(
            "http.request({ hostname: 'tcb-admin.tencentyun.com', path: '/admin', method: 'POST', headers: { host: 'own' } })"
        ),
        ask(
            "https.request(new URL('https://e.ap-shanghai.tcb-api.tencentcloudapi.com/admin'), { agent: new https.Agent({ keepAlive: true }) })"
        ),
    );
    let stage = Stage::at(&url, &[("f/index.js", &code)]);
    let answers = async {
        let mut heads = Vec::new();
        while heads.len() < 4 {
            let (mut stream, _) = within("a request", listener.accept()).await.expect("a request");
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.expect("its head");
            let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.expect("it listens");
            heads.push(String::from_utf8_lossy(&head[..length]).to_lowercase());
        }
        heads
    };
    let (heads, result) = tokio::join!(answers, stage.call("f", "{}"));
    assert_eq!(result, Ok("null".into()));
    let expected = [
        ("get /a?b=1 ", "host: api2.weixin.qq.com\r", "x-cloudkit-host: https://api2.weixin.qq.com\r"),
        ("post /admin ", "host: own\r", "x-cloudkit-host: http://tcb-admin.tencentyun.com\r"),
        (
            "get /admin ",
            "host: e.ap-shanghai.tcb-api.tencentcloudapi.com\r",
            "x-cloudkit-host: https://e.ap-shanghai.tcb-api.tencentcloudapi.com\r",
        ),
        ("post /v1?x=1 ", "host: 127.0.0.1:", "x-cloudkit-host: https://e.api.tcloudbasegateway.com\r"),
    ];
    for (head, (line, host, origin)) in heads.iter().zip(expected) {
        assert!(head.starts_with(line) && head.contains(host) && head.contains(origin), "{head}");
    }
}
