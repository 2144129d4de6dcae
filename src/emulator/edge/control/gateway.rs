//! HTTP access. There are no routes yet; the official tool asks for them before it deletes a function.

use super::{Result, this_environment};
use crate::api::control::gateway::*;
use crate::emulator::environment::Shared;

pub(super) async fn list(environment: &Shared, asked: DescribeCloudBaseGWAPI) -> Result<RoutePage> {
    this_environment(environment, asked.service_id.as_deref())?;
    Ok(RoutePage { limit: asked.limit.unwrap_or(20), ..RoutePage::default() })
}
