//! Permissions in their three generations of actions.

use cloudkit::api::control::database::CreateTable;
use cloudkit::api::control::permission::*;
use cloudkit::api::control::storage::{DescribeStorageSafeRule, ModifyStorageSafeRule};

use super::{client, refused};
use crate::support::emulator::Sandbox;

const RULE: &str = r#"{"read":true,"write":"doc._openid == auth.openid"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_one_generation_sets_the_others_describe() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let create = CreateTable { table_name: "todos".into(), ..CreateTable::default() };
    client.call(&create).await.expect("created");
    let name = || "todos".to_owned();

    let preset = ModifyDatabaseACL { env_id: None, collection_name: name(), acl_tag: "READONLY".into() };
    client.call(&preset).await.expect("set");
    let rule = DescribeSafeRule { env_id: None, collection_name: name() };
    assert_eq!(client.call(&rule).await.expect("described").acl_tag, "READONLY");

    let custom = ModifySafeRule {
        env_id: Some("local".into()),
        collection_name: name(),
        acl_tag: "CUSTOM".into(),
        rule: Some(RULE.into()),
    };
    client.call(&custom).await.expect("set");
    let found = client.call(&rule).await.expect("described");
    assert_eq!((found.acl_tag.as_str(), found.rule.as_deref()), ("CUSTOM", Some(RULE)));
    let newest = DescribeResourcePermission {
        env_id: None,
        resource_type: "collection".into(),
        resources: vec![name()],
    };
    let listed = client.call(&newest).await.expect("described").data;
    assert_eq!((listed.total_count, listed.permission_list[0].permission.as_str()), (1, "CUSTOM"));

    let wrong = ModifySafeRule { rule: None, ..custom };
    assert_eq!(refused(client.call(&wrong).await), "MissingParameter");
    let nowhere = DescribeDatabaseACL { env_id: None, collection_name: "nowhere".into() };
    assert_eq!(refused(client.call(&nowhere).await), "ResourceNotFound.TableNotFound");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_have_a_permission_too() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let modify = ModifyStorageSafeRule { acl_tag: "ADMINONLY".into(), ..ModifyStorageSafeRule::default() };
    client.call(&modify).await.expect("set");
    let found = client.call(&DescribeStorageSafeRule::default()).await.expect("described");
    assert_eq!(found.acl_tag, "ADMINONLY");
    let unknown = ModifyStorageSafeRule { acl_tag: "OPEN".into(), ..ModifyStorageSafeRule::default() };
    assert_eq!(refused(client.call(&unknown).await), "InvalidParameterValue");
}
