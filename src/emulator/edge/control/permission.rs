//! Permissions of collections, files and functions, in the three generations of actions that set them.

use super::failure::Failure;
use super::{Result, this_environment};
use crate::api::control::Done;
use crate::api::control::permission::*;
use crate::api::error::codes;
use crate::emulator::environment::{Environment, Shared};
use crate::emulator::permissions::Resource;
use crate::model::permission::Permission;
use crate::rules::Rules;
use crate::rules::invoke::InvokeRules;

pub(super) async fn describe_preset(environment: &Shared, asked: DescribeDatabaseACL) -> Result<DatabaseAcl> {
    this_environment(environment, asked.env_id.as_deref())?;
    let resource = collection(environment, asked.collection_name)?;
    Ok(DatabaseAcl { acl_tag: environment.permissions.of(&resource).tag().into() })
}

pub(super) async fn modify_preset(environment: &Shared, asked: ModifyDatabaseACL) -> Result<Done> {
    this_environment(environment, asked.env_id.as_deref())?;
    let resource = collection(environment, asked.collection_name)?;
    set(environment, &resource, &asked.acl_tag, None)
}

pub(super) async fn describe_rule(environment: &Shared, asked: DescribeSafeRule) -> Result<SafeRule> {
    this_environment(environment, asked.env_id.as_deref())?;
    let resource = collection(environment, asked.collection_name)?;
    Ok(described(environment, &resource))
}

pub(super) async fn modify_rule(environment: &Shared, asked: ModifySafeRule) -> Result<Done> {
    this_environment(environment, asked.env_id.as_deref())?;
    let resource = collection(environment, asked.collection_name)?;
    set(environment, &resource, &asked.acl_tag, asked.rule)
}

pub(super) async fn describe_resources(
    environment: &Shared,
    asked: DescribeResourcePermission,
) -> Result<ResourcePermissions> {
    this_environment(environment, asked.env_id.as_deref())?;
    let mut permission_list = Vec::with_capacity(asked.resources.len());
    for name in asked.resources {
        let resource = resource(environment, &asked.resource_type, name.clone())?;
        let SafeRule { acl_tag, rule } = described(environment, &resource);
        permission_list.push(ResourcePermission {
            resource_type: asked.resource_type.clone(),
            resource: name,
            permission: acl_tag,
            security_rule: rule,
        });
    }
    let total_count = permission_list.len() as u64;
    Ok(ResourcePermissions { data: PermissionPage { total_count, permission_list } })
}

pub(super) async fn modify_resource(environment: &Shared, asked: ModifyResourcePermission) -> Result<Done> {
    this_environment(environment, asked.env_id.as_deref())?;
    let resource = resource(environment, &asked.resource_type, asked.resource)?;
    set(environment, &resource, &asked.permission, asked.security_rule)
}

fn resource(environment: &Environment, kind: &str, name: String) -> Result<Resource> {
    match kind {
        "collection" => collection(environment, name),
        "storage" => Ok(Resource::Storage),
        "function" => Ok(Resource::Functions),
        _ => {
            Err(Failure::value(format!("The resource type `{kind}` is not collection, storage or function.")))
        }
    }
}

/// Returns a collection that is there.
fn collection(environment: &Environment, name: String) -> Result<Resource> {
    let there = environment.database.store().names()?.contains(&name);
    if there { Ok(Resource::Collection(name)) } else { Err(Failure::no_collection(&name)) }
}

pub(super) fn described(environment: &Environment, resource: &Resource) -> SafeRule {
    let permission = environment.permissions.of(resource);
    SafeRule { acl_tag: permission.tag().into(), rule: permission.rule().map(str::to_owned) }
}

/// Sets a permission by the wire's words.
pub(super) fn set(
    environment: &Environment,
    resource: &Resource,
    tag: &str,
    rule: Option<String>,
) -> Result<Done> {
    let permission = read(resource, tag, rule)?;
    let written = environment.permissions.set(resource, Some(&permission));
    written.map_err(|error| Failure::of(codes::INTERNAL_ERROR, &error))?;
    Ok(Done {})
}

fn read(resource: &Resource, tag: &str, rule: Option<String>) -> Result<Permission> {
    if let Some(preset) = Permission::preset(tag) {
        return Ok(preset);
    }
    if tag != "CUSTOM" {
        let presets = Permission::PRESETS.join(", ");
        return Err(Failure::value(format!("The permission `{tag}` is not {presets} or CUSTOM.")));
    }
    let rule = rule
        .ok_or_else(|| Failure::new(codes::MISSING_PARAMETER, "CUSTOM needs the parameter `Rule`.".into()))?;
    let checked = match resource {
        Resource::Collection(_) | Resource::Storage => {
            Rules::parse(&rule).map(drop).map_err(|it| it.to_string())
        }
        // Rules of functions are of another form: one for each function.
        Resource::Functions => InvokeRules::parse(&rule).map(drop).map_err(|it| it.to_string()),
    };
    checked.map_err(|why| Failure::value(format!("`Rule` is wrong: {why}.")))?;
    Ok(Permission::Custom(rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_a_preset_or_a_rule() {
        let todos = Resource::Collection("todos".into());
        for preset in Permission::PRESETS {
            assert_eq!(read(&todos, preset, None).map(|it| it.tag()), Ok(preset));
        }
        let rule = r#"{"read":true}"#.to_owned();
        assert_eq!(read(&todos, "CUSTOM", Some(rule.clone())), Ok(Permission::Custom(rule)));
        for (tag, rule, code) in [
            ("CUSTOM", None, codes::MISSING_PARAMETER),
            ("CUSTOM", Some("read"), codes::INVALID_PARAMETER_VALUE),
            ("CUSTOM", Some(r#"{"read":"doc.a ="}"#), codes::INVALID_PARAMETER_VALUE),
            ("readonly", None, codes::INVALID_PARAMETER_VALUE),
        ] {
            assert_eq!(read(&todos, tag, rule.map(str::to_owned)).map_err(|it| it.code), Err(code));
        }
    }
}
