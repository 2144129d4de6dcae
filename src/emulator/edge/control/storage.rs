//! The permission of files.

use super::permission::{described, set};
use super::{Result, this_environment};
use crate::api::control::Done;
use crate::api::control::permission::SafeRule;
use crate::api::control::storage::*;
use crate::emulator::environment::Shared;
use crate::emulator::permissions::Resource;

pub(super) async fn describe(environment: &Shared, asked: DescribeStorageSafeRule) -> Result<SafeRule> {
    this_environment(environment, asked.env_id.as_deref())?;
    Ok(described(environment, &Resource::Storage))
}

pub(super) async fn modify(environment: &Shared, asked: ModifyStorageSafeRule) -> Result<Done> {
    this_environment(environment, asked.env_id.as_deref())?;
    set(environment, &Resource::Storage, &asked.acl_tag, asked.rule)
}
