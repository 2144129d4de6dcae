//! The envelope of `POST /admin`. See `docs/wire.md#admin-envelope`.

use serde_json::json;

use crate::support::emulator::Sandbox;
use crate::support::http::Request;

#[tokio::test(flavor = "multi_thread")]
async fn success_and_failure_have_the_platforms_form() {
    let sandbox = Sandbox::start().await;
    let body = r#"{"action":"database.addCollection","collectionName":"todos"}"#;
    let response = sandbox.post_admin(body).await;
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, Some("application/json; charset=utf-8"))
    );
    let answer = response.json();
    assert_eq!(answer["data"], json!({}));
    assert!(answer["requestId"].is_string());
    assert!(answer.get("code").is_none());

    let answer = sandbox.post_admin(body).await.json();
    assert_eq!(answer["code"], "DATABASE_COLLECTION_ALREADY_EXIST");
    assert!(
        answer["message"]
            .as_str()
            .is_some_and(|it| it.starts_with("[ResourceUnavailable.ResourceExist] Table exist."))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_request_is_an_exact_error() {
    let sandbox = Sandbox::start().await;
    for (body, code) in [
        ("", "INVALID_PARAM"),
        ("{", "INVALID_PARAM"),
        ("[]", "INVALID_PARAM"),
        ("{}", "INVALID_PARAM"),
        (r#"{"action":"database.dropEverything"}"#, "INVALID_ACTION"),
        (r#"{"action":"nonsense"}"#, "INVALID_ACTION"),
        (r#"{"action":"database.insertDocument"}"#, "INVALID_PARAM"),
        (r#"{"action":"database.addCollection","collectionName":"a b"}"#, "INVALID_PARAM"),
    ] {
        let response = sandbox.post_admin(body).await;
        assert_eq!((response.status, response.json()["code"].as_str()), (200, Some(code)), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_credentials_pass_but_a_claim_to_ours_is_checked() {
    let sandbox = Sandbox::start().await;
    let signed = |id: &str| {
        let authorization = format!(
            "TC3-HMAC-SHA256 Credential={id}/2023-11-14/tcb/tc3_request, SignedParams=action, \
             SignedHeaders=content-type;host, Signature=00"
        );
        Request::new("POST", &sandbox.url("/admin"))
            .header("content-type", "application/json")
            .header("x-timestamp", "1700000000")
            .header("authorization", &authorization)
            .body(r#"{"action":"analytics.report"}"#)
            .send()
    };
    assert_eq!(signed("AKIDsomebody").await.json()["data"], json!({}));
    assert_eq!(signed("AKIDlocal").await.json()["code"], "SIGN_PARAM_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_request_of_the_open_api_is_told_as_sdks_read_it() {
    let sandbox = Sandbox::start().await;
    let response = Request::new("POST", &sandbox.url("/admin"))
        .form(&[
            ("action", b"wx.openApi"),
            ("apiName", b"security.msgSecCheck"),
            ("requestData", &[8, 0, 255]),
        ])
        .send()
        .await;
    // SDKs compare this text as a whole to tell a failure from a message.
    let json = Some("application/json; charset=utf-8");
    assert_eq!((response.status, response.header("content-type")), (200, json));
    assert_eq!(response.json()["code"], "INVALID_PARAM");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_cannot_be_read_is_not_accepted() {
    let sandbox = Sandbox::start().await;
    let pay = |asked: &'static [u8]| {
        let fields: [(&str, &[u8]); 3] =
            [("action", b"wx.wxPayApi"), ("apiName", b"cloudPay.refund"), ("requestData", asked)];
        Request::new("POST", &sandbox.url("/admin")).form(&fields).send()
    };
    for asked in [&b"{\"out_trade_no\":"[..], b"[]", b"\xff"] {
        assert_eq!(pay(asked).await.json()["code"], "INVALID_PARAM", "{asked:?}");
    }
    assert_eq!(pay(b"{\"out_trade_no\":\"1\"}").await.json()["out_trade_no"], "1");
    assert_eq!(pay(b"").await.json()["return_code"], "SUCCESS");
}
