//! The environment describes itself.

use cloudkit::api::control::env::{DescribeEnvInfo, DescribeEnvs, DescribeTcbAccountInfo};

use super::{client, refused};
use crate::support::emulator::Sandbox;

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_environment_and_it_is_well() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let page = client.call(&DescribeEnvs::default()).await.expect("a list");
    assert_eq!((page.total, page.env_list.len()), (1, 1));
    let env = &page.env_list[0];
    assert_eq!(
        (env.env_id.as_str(), env.status.as_str(), env.region.as_str()),
        ("local", "NORMAL", "ap-shanghai")
    );
    assert_eq!(env.create_time, "2023-11-15 06:13:20");
    assert_eq!(env.functions[0].namespace, "local");
    assert!(!env.databases[0].instance_id.is_empty() && !env.log_services[0].topic_id.is_empty());

    let found = client.call(&DescribeEnvInfo { env_id: "local".into() }).await.expect("the environment");
    assert_eq!(found.env_info.env_base_info, *env);
    let account = client.call(&DescribeTcbAccountInfo {}).await.expect("the account").cloud_app_id;
    assert_eq!(found.env_info.user_info.app_id, account.to_string());
    assert!(env.storages[0].bucket.ends_with(&account.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_environment_is_not_here() {
    let sandbox = Sandbox::start().await;
    let client = client(&sandbox);
    let other = DescribeEnvs { env_id: Some("other".into()), ..DescribeEnvs::default() };
    assert_eq!(client.call(&other).await.expect("an empty list").env_list, []);
    let code = refused(client.call(&DescribeEnvInfo { env_id: "other".into() }).await);
    assert_eq!(code, "ResourceNotFound.EnvNotExist");
}
