//! HTTP access: routes that call functions.

use std::collections::BTreeMap;

use crate::api::control::gateway::{
    CreateCloudBaseGWAPI, DeleteCloudBaseGWAPI, DescribeCloudBaseGWAPI, FUNCTION, OPEN,
};
use crate::error::Result;

use super::target::Target;

/// Routes asked for at once.
const PAGE: u64 = 100;

/// Returns which function each path calls.
pub async fn routes(target: &Target) -> Result<BTreeMap<String, String>> {
    let mut routes = BTreeMap::new();
    let mut offset = 0;
    loop {
        let asked = DescribeCloudBaseGWAPI {
            service_id: Some(target.env_id().into()),
            offset: Some(offset),
            limit: Some(PAGE),
            ..DescribeCloudBaseGWAPI::default()
        };
        let page = target.client().call(&asked).await?;
        let count = page.api_set.len() as u64;
        let functions = page.api_set.into_iter().filter(|route| route.r#type == FUNCTION);
        routes.extend(functions.map(|route| (route.path, route.name)));
        offset += count;
        if count == 0 || offset >= page.total {
            return Ok(routes);
        }
    }
}

/// Makes a route that asks for no login.
pub async fn add(target: &Target, path: &str, function: &str) -> Result<()> {
    let asked = CreateCloudBaseGWAPI {
        service_id: Some(target.env_id().into()),
        path: path.to_owned(),
        r#type: FUNCTION,
        name: function.to_owned(),
        auth_switch: Some(OPEN),
    };
    Ok(target.client().call(&asked).await.map(drop)?)
}

/// Removes a route.
pub async fn remove(target: &Target, path: &str) -> Result<()> {
    let asked = DeleteCloudBaseGWAPI {
        service_id: Some(target.env_id().into()),
        path: Some(path.to_owned()),
        r#type: Some(FUNCTION),
        ..DeleteCloudBaseGWAPI::default()
    };
    Ok(target.client().call(&asked).await.map(drop)?)
}
