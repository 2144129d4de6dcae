//! HTTP access: the routes as clients manage them.

use super::failure::Failure;
use super::{Result, page, this_environment};
use crate::api::control::Done;
use crate::api::control::gateway::*;
use crate::api::error::codes;
use crate::emulator::environment::Shared;
use crate::emulator::gateway;
use crate::model::name::route_path;

pub(super) async fn list(environment: &Shared, asked: DescribeCloudBaseGWAPI) -> Result<RoutePage> {
    this_environment(environment, asked.service_id.as_deref())?;
    let DescribeCloudBaseGWAPI { path, name, api_id, offset, limit, .. } = asked;
    let routes = environment.gateway.routes().into_iter();
    let routes: Vec<Route> = routes
        .filter(|route| picks(route, name.as_deref(), path.as_deref(), api_id.as_deref()))
        .map(|route| described(environment, route))
        .collect();
    let total = routes.len() as u64;
    let (offset, limit) = (offset.unwrap_or(0), limit.unwrap_or(20));
    let api_set = page(routes, Some(offset), Some(limit), limit);
    Ok(RoutePage { api_set, enable_service: true, total, offset, limit })
}

pub(super) async fn create(environment: &Shared, asked: CreateCloudBaseGWAPI) -> Result<CreatedRoute> {
    this_environment(environment, asked.service_id.as_deref())?;
    if asked.r#type != FUNCTION {
        return Err(Failure::value(format!("Routes of type {} are not served here.", asked.r#type)));
    }
    if !asked.path.starts_with('/') {
        return Err(Failure::value(format!("The path `{}` does not begin with `/`.", asked.path)));
    }
    super::function::known(environment, None, &asked.name).await?;
    let now = environment.config.clock.now();
    let made = environment
        .gateway
        .add(&asked.path, &asked.name, now)
        .map_err(|error| Failure::of(codes::INTERNAL_ERROR, &error))?;
    let route = made.ok_or_else(|| {
        Failure::new(codes::RESOURCE_IN_USE, format!("There is a route at `{}` already.", asked.path))
    })?;
    Ok(CreatedRoute { api_id: route.id, endpoint: environment.url.clone() })
}

pub(super) async fn delete(environment: &Shared, asked: DeleteCloudBaseGWAPI) -> Result<Done> {
    this_environment(environment, asked.service_id.as_deref())?;
    let DeleteCloudBaseGWAPI { name, path, api_id, .. } = asked;
    if name.is_none() && path.is_none() && api_id.is_none() {
        return Err(Failure::value("One of `Name`, `Path` and `APIId` is needed.".into()));
    }
    let is_meant = |route: &gateway::Route| picks(route, name.as_deref(), path.as_deref(), api_id.as_deref());
    match environment.gateway.remove(is_meant).map_err(|error| Failure::of(codes::INTERNAL_ERROR, &error))? {
        0 => Err(Failure::new(codes::RESOURCE_NOT_FOUND, "There is no such route.".into())),
        _ => Ok(Done {}),
    }
}

pub(super) async fn domains(environment: &Shared, asked: DescribeCloudBaseGWService) -> Result<Domains> {
    this_environment(environment, asked.service_id.as_deref())?;
    let domain = host(environment).to_owned();
    let open_time = environment.started.div_euclid(1000);
    let service_set = vec![Domain { domain: domain.clone(), open_time, status: 1 }];
    Ok(Domains { service_set, default_domain: domain, enable_service: true })
}

/// Tells whether a route is asked for; what is not given does not count.
fn picks(route: &gateway::Route, name: Option<&str>, path: Option<&str>, id: Option<&str>) -> bool {
    let is = |asked: Option<&str>, own: &str| asked.is_none_or(|asked| asked.is_empty() || asked == own);
    let path = path.map(route_path);
    is(name, &route.function) && is(path.as_deref(), &route.path) && is(id, &route.id)
}

fn described(environment: &Shared, route: gateway::Route) -> Route {
    Route {
        api_id: route.id,
        path: route.path,
        r#type: FUNCTION,
        name: route.function,
        create_time: route.created.div_euclid(1000),
        env_id: environment.config.env_id.to_string(),
        domain: host(environment).to_owned(),
        auth_switch: OPEN,
    }
}

/// Returns the emulator's address without its scheme: the domain of every route.
fn host(environment: &Shared) -> &str {
    environment.url.split_once("://").map_or(&environment.url, |(_, host)| host)
}
