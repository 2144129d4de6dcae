//! Triggers come, are described, and go.

use cloudkit::api::control::function::{GetFunction, Invoke};
use cloudkit::api::control::trigger::*;

use super::{client, refused};
use crate::support::emulator::Sandbox;

#[tokio::test(flavor = "multi_thread")]
async fn triggers_are_created_listed_and_deleted() {
    let sandbox = Sandbox::with_files(&[("cloudfunctions/tick/index.js", "exports.main = e => e")]).await;
    let client = client(&sandbox);
    let create = CreateTrigger {
        function_name: "tick".into(),
        trigger_name: "hourly".into(),
        r#type: Some("timer".into()),
        trigger_desc: "0 0 */1 * * * *".into(),
        ..CreateTrigger::default()
    };
    let created = client.call(&create).await.expect("created").trigger_info;
    assert_eq!((created.trigger_name.as_str(), created.enable), ("hourly", 1));
    assert_eq!(refused(client.call(&create).await), "ResourceInUse.Trigger");

    // The official tool sends what it has again and again.
    let triggers = r#"[{"TriggerName":"hourly","Type":"timer","TriggerDesc":"0 30 * * * * *"},
        {"TriggerName":"daily","Type":"timer","TriggerDesc":"{\"cron\":\"0 0 2 * * * *\"}"}]"#;
    let batch = BatchCreateTrigger {
        function_name: "tick".into(),
        triggers: triggers.into(),
        count: 2,
        namespace: None,
    };
    client.call(&batch).await.expect("created");

    let list = ListTriggers { function_name: "tick".into(), ..ListTriggers::default() };
    let page = client.call(&list).await.expect("a list");
    let listed: Vec<_> =
        page.triggers.iter().map(|it| (it.trigger_name.as_str(), it.trigger_desc.as_str())).collect();
    assert_eq!(
        listed,
        [("hourly", r#"{"cron":"0 30 * * * * *"}"#), ("daily", r#"{"cron":"0 0 2 * * * *"}"#)]
    );
    let function = GetFunction { function_name: "tick".into(), ..GetFunction::default() };
    assert_eq!(client.call(&function).await.expect("the function").triggers, page.triggers);

    let delete = DeleteTrigger {
        function_name: "tick".into(),
        trigger_name: "daily".into(),
        r#type: Some("timer".into()),
        ..DeleteTrigger::default()
    };
    client.call(&delete).await.expect("deleted");
    assert_eq!(refused(client.call(&delete).await), "ResourceNotFound.Trigger");
    let invoke = Invoke { function_name: "tick".into(), ..Invoke::default() };
    assert_eq!(client.call(&invoke).await.expect("it still runs").result.invoke_result, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cron_of_five_fields_is_refused() {
    let sandbox = Sandbox::with_files(&[("cloudfunctions/tick/index.js", "exports.main = e => e")]).await;
    let create = CreateTrigger {
        function_name: "tick".into(),
        trigger_name: "t".into(),
        trigger_desc: "*/5 * * * *".into(),
        ..CreateTrigger::default()
    };
    let code = refused(client(&sandbox).call(&create).await);
    assert_eq!(code, "InvalidParameterValue.TriggerCronConfig");
}
