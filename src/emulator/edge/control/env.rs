//! The one environment there is, and its account.

use super::{Result, this_environment};
use crate::api::control::env::*;
use crate::emulator::environment::{Environment, Shared};
use crate::model::wall;

pub(super) async fn describe_envs(environment: &Shared, asked: DescribeEnvs) -> Result<EnvPage> {
    // A filter that nothing passes is not an error, as in the cloud.
    let matches = this_environment(environment, asked.env_id.as_deref()).is_ok();
    let env_list: Vec<_> = matches.then(|| describe(environment)).into_iter().collect();
    Ok(EnvPage { total: env_list.len() as u64, env_list })
}

pub(super) async fn describe_env_info(environment: &Shared, asked: DescribeEnvInfo) -> Result<EnvFound> {
    this_environment(environment, Some(&asked.env_id))?;
    let user_info = Owner { app_id: account(environment).to_string() };
    Ok(EnvFound { env_info: EnvOwned { env_base_info: describe(environment), user_info } })
}

pub(super) async fn describe_account(environment: &Shared, _: DescribeTcbAccountInfo) -> Result<Account> {
    Ok(Account { cloud_app_id: account(environment) })
}

/// Returns the account's number: the digits at the end of the bucket's name.
fn account(environment: &Environment) -> u64 {
    environment.bucket().rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

fn describe(environment: &Environment) -> EnvDescription {
    let config = &environment.config;
    let (id, region, bucket) =
        (config.env_id.to_string(), config.region.clone(), environment.bucket().to_owned());
    let (account, started) = (account(environment), wall::write(environment.started));
    EnvDescription {
        alias: id.clone(),
        status: "NORMAL".into(),
        source: "miniapp".into(),
        create_time: started.clone(),
        update_time: started,
        package_id: "emulator".into(),
        package_name: "emulator".into(),
        env_type: "baas".into(),
        databases: vec![EnvDatabase {
            instance_id: format!("tnt-{id}"),
            region: region.clone(),
            status: "RUNNING".into(),
        }],
        storages: vec![EnvStorage {
            region: region.clone(),
            cdn_domain: format!("{bucket}.tcb.qcloud.la"),
            bucket,
            app_id: account.to_string(),
        }],
        functions: vec![EnvFunctions { namespace: id.clone(), region: region.clone() }],
        log_services: vec![EnvLogs {
            logset_name: "tcb-log".into(),
            logset_id: "logset-local".into(),
            topic_name: "tcb-topic".into(),
            topic_id: "topic-local".into(),
            region: region.clone(),
            period: 7,
        }],
        env_id: id,
        region,
        ..EnvDescription::default()
    }
}
