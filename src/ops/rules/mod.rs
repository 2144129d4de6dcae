//! Who may read and write a collection or files, and call functions: get and set.

pub mod check;
pub mod test;

use serde::Serialize;

use crate::api::control::permission::{
    DescribeResourcePermission, DescribeSafeRule, ModifyDatabaseACL, ModifyResourcePermission,
    ModifySafeRule, SafeRule,
};
use crate::api::control::storage::{DescribeStorageSafeRule, ModifyStorageSafeRule};
use crate::error::{Error, Excerpt, Kind, Result};
use crate::model::name::{CollectionName, did_you_mean, suggestion};
use crate::model::permission::Permission;
use crate::project::Project;
use crate::rules::invoke::{self, InvokeRules};
use crate::rules::{Broken, KEYS, Rules};
use crate::text;

use super::database::collection::{remember, would_change};
use super::target::Target;
use crate::project::edit::Edit;

/// What a permission is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    Collection(CollectionName),
    Storage,
    Functions,
}

/// How the wire calls functions, and all of them: their rules are one text.
const FUNCTION: &str = "function";
const EVERY_FUNCTION: &str = "*";

/// A permission as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ruled {
    #[serde(skip)]
    pub resource: Resource,
    /// A collection's name; absent for files and functions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// `READONLY`, `PRIVATE`, `ADMINWRITE`, `ADMINONLY` or `CUSTOM`.
    pub permission: String,
    /// The rule of `CUSTOM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<serde_json::Value>,
    /// Whether `cloudkit.toml` was changed; absent where it was only read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest_changed: Option<bool>,
}

impl Ruled {
    fn new(resource: &Resource, permission: String, rule: Option<&str>) -> Self {
        let collection = match resource {
            Resource::Collection(name) => Some(name.to_string()),
            Resource::Storage | Resource::Functions => None,
        };
        // A rule that is no JSON is shown as the text it is.
        let rule = rule.filter(|rule| !rule.is_empty());
        let rule = rule.map(|rule| serde_json::from_str(rule).unwrap_or_else(|_| rule.into()));
        Ruled { resource: resource.clone(), collection, permission, rule, manifest_changed: None }
    }
}

/// Returns a permission.
pub async fn get(target: &Target, resource: &Resource) -> Result<Ruled> {
    let env_id = Some(target.env_id().to_owned());
    let SafeRule { acl_tag, rule } = match resource {
        Resource::Collection(name) => {
            let asked = DescribeSafeRule { env_id, collection_name: name.to_string() };
            match target.client().call(&asked).await {
                Ok(rule) => rule,
                Err(error) => return Err(super::database::missing(target, name, error).await),
            }
        }
        Resource::Storage => {
            let bucket = Some(target.bucket().await?);
            target.client().call(&DescribeStorageSafeRule { env_id, bucket }).await?
        }
        Resource::Functions => {
            let (resource_type, resources) = (FUNCTION.to_owned(), vec![EVERY_FUNCTION.to_owned()]);
            let asked = DescribeResourcePermission { env_id, resource_type, resources };
            let found = target.client().call(&asked).await?.data.permission_list.into_iter().next();
            let found = found.unwrap_or_default();
            SafeRule { acl_tag: found.permission, rule: found.security_rule }
        }
    };
    Ok(Ruled::new(resource, acl_tag, rule.as_deref()))
}

/// Sets a permission. A project with a manifest remembers that of a collection.
pub async fn set(
    target: &Target,
    project: &Project,
    resource: &Resource,
    permission: &Permission,
) -> Result<Ruled> {
    let mut ruled = Ruled::new(resource, permission.tag().to_owned(), permission.rule());
    match resource {
        Resource::Collection(name) => {
            let change = |edit: &mut Edit| edit.set_permission(name, permission);
            would_change(project, change)?;
            set_collection(target, name, permission).await?;
            ruled.manifest_changed = Some(remember(project, change)?);
        }
        Resource::Storage => set_storage(target, permission).await?,
        Resource::Functions => set_functions(target, permission).await?,
    }
    Ok(ruled)
}

pub(super) async fn set_collection(
    target: &Target,
    name: &CollectionName,
    permission: &Permission,
) -> Result<()> {
    let (env_id, collection_name) = (Some(target.env_id().to_owned()), name.to_string());
    let acl_tag = permission.tag().to_owned();
    let client = target.client();
    let done = match permission.rule() {
        None => client.call(&ModifyDatabaseACL { env_id, collection_name, acl_tag }).await,
        Some(rule) => {
            let rule = Some(rule.to_owned());
            client.call(&ModifySafeRule { env_id, collection_name, acl_tag, rule }).await
        }
    };
    match done {
        Ok(_) => Ok(()),
        Err(error) => Err(super::database::missing(target, name, error).await),
    }
}

pub(super) async fn set_storage(target: &Target, permission: &Permission) -> Result<()> {
    let asked = ModifyStorageSafeRule {
        env_id: Some(target.env_id().to_owned()),
        bucket: Some(target.bucket().await?),
        acl_tag: permission.tag().to_owned(),
        rule: permission.rule().map(str::to_owned),
    };
    target.client().call(&asked).await?;
    Ok(())
}

pub(super) async fn set_functions(target: &Target, permission: &Permission) -> Result<()> {
    let asked = ModifyResourcePermission {
        env_id: Some(target.env_id().to_owned()),
        resource_type: FUNCTION.into(),
        resource: EVERY_FUNCTION.into(),
        permission: permission.tag().to_owned(),
        security_rule: permission.rule().map(str::to_owned),
    };
    target.client().call(&asked).await?;
    Ok(())
}

/// Reads the rules of functions: an object of functions, each with `invoke`.
///
/// # Errors
/// The text is no such object, or a rule is not among those the platform knows.
pub fn invoke_rule(text: String) -> Result<Permission> {
    InvokeRules::parse(&text).map_err(|broken| refused_invoke(&broken))?;
    Ok(Permission::Custom(text))
}

fn refused_invoke(broken: &invoke::Broken) -> Error {
    let message = text! { en: "these are not the rules of functions", zh: "不是合法的云函数安全规则" };
    Error::new(Kind::Usage, message).source(broken).hint(text! {
        en: "they look like `{{\"*\": {{\"invoke\": \"auth != null\"}}, \"login\": {{\"invoke\": true}}}}`",
        zh: "规则形如 `{{\"*\": {{\"invoke\": \"auth != null\"}}, \"login\": {{\"invoke\": true}}}}`"
    })
}

/// Reads a rule's JSON: an object of operations, each `true`, `false` or an expression.
///
/// # Errors
/// The text is no such object; a wrong expression is shown with its place.
pub fn rule(text: String) -> Result<Permission> {
    let rules = Rules::parse(&text).map_err(|broken| refused(&broken))?;
    if rules.all().next().is_none() {
        return Err(no_rule());
    }
    Ok(Permission::Custom(text))
}

fn refused(broken: &Broken) -> Error {
    match broken {
        Broken::Json(_) | Broken::Shape => no_rule().source(broken),
        Broken::Key(key) => {
            let error = no_rule()
                .cause(text! { en: "`{key}` is not an operation", zh: "`{key}` 不是合法的操作" });
            match did_you_mean(key, KEYS) {
                Some(near) => error.hint(suggestion(near)),
                None => error,
            }
        }
        Broken::Kind { key } => no_rule().cause(
            text! { en: "`{key}` is neither a boolean nor an expression", zh: "`{key}` 既不是布尔值，也不是表达式" },
        ),
        Broken::Expression { key, text, problem } => {
            let message = text! { en: "the rule `{key}` is wrong", zh: "规则 `{key}` 有误" };
            Error::new(Kind::Usage, message).excerpt(Excerpt {
                path: key.into(),
                source: text.clone(),
                first_line: 1,
                span: problem.span.clone(),
                label: problem.message.clone(),
            })
        }
    }
}

fn no_rule() -> Error {
    Error::new(Kind::Usage, text! { en: "this is not a security rule", zh: "不是合法的安全规则" }).hint(
        text! {
            en: "a rule looks like `{{\"read\": true, \"write\": \"doc._openid == auth.openid\"}}`",
            zh: "安全规则形如 `{{\"read\": true, \"write\": \"doc._openid == auth.openid\"}}`"
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_an_object_of_known_operations() {
        for good in [r#"{"read":true}"#, r#"{ "read": "auth != null", "create": false, "delete": "false" }"#]
        {
            assert!(rule(good.into()).is_ok(), "{good}");
        }
        for bad in ["", "{}", "[]", "true", r#"{"raed":true}"#, r#"{"read":1}"#, r#"{"read":"doc.a ="}"#] {
            assert!(rule(bad.into()).is_err(), "{bad}");
        }
    }
}
