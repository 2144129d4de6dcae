//! What an environment is now, as far as a deployment asks.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::api::control::database::DescribeTable;
use crate::api::control::function::{FunctionDescription, GetFunction, GetFunctionAddress};
use crate::api::control::permission::{DescribeSafeRule, SafeRule};
use crate::api::control::storage::DescribeStorageSafeRule;
use crate::error::Result;
use crate::model::index::IndexSpec;
use crate::model::permission::Permission;
use crate::ops::target::Target;
use crate::ops::{database, function, gateway, rules};

use super::desired::Desired;

/// How many questions are under way at once; the platform allows 20 a second.
const AT_ONCE: usize = 8;

/// What there is.
#[derive(Debug, Default)]
pub(super) struct Current {
    /// The wanted functions that exist.
    pub functions: BTreeMap<String, CurrentFunction>,
    /// All other functions of the environment.
    pub others: Vec<String>,
    /// The wanted collections that exist.
    pub collections: BTreeMap<String, CurrentCollection>,
    pub storage: Option<Permission>,
    /// Who may call functions.
    pub invoke: Option<Permission>,
    /// The routes to functions: what each path calls.
    pub routes: BTreeMap<String, String>,
}

/// A function that exists.
#[derive(Debug, Clone, Default)]
pub(super) struct CurrentFunction {
    pub description: FunctionDescription,
    /// Hex sha256 of the package that runs; `None` when the environment has none, or does not say.
    pub code_sha256: Option<String>,
}

/// A collection that exists.
#[derive(Debug, Clone, Default)]
pub(super) struct CurrentCollection {
    pub indexes: Vec<IndexSpec>,
    pub permission: Option<Permission>,
}

/// Asks an environment for everything that is wanted.
pub(super) async fn read(target: &Target, desired: &Desired) -> Result<Current> {
    let mut current = Current::default();
    if !desired.functions.is_empty() {
        let wanted: BTreeSet<&str> = desired.functions.iter().map(|it| it.spec.name.as_str()).collect();
        let listed = function::list(target).await?.into_iter().map(|it| it.name);
        let (known, others): (Vec<_>, Vec<_>) = listed.partition(|name| wanted.contains(name.as_str()));
        current.others = others;
        let asked = stream::iter(known).map(|name| read_function(target, name));
        current.functions = asked.buffer_unordered(AT_ONCE).try_collect().await?;
    }
    if !desired.collections.is_empty() {
        let names = database::collection::list(target).await?.into_iter().map(|collection| collection.name);
        let known = names.filter(|name| desired.collections.keys().any(|wanted| wanted.as_str() == name));
        let asked = stream::iter(known).map(|name| read_collection(target, name));
        current.collections = asked.buffer_unordered(AT_ONCE).try_collect().await?;
    }
    if desired.storage.is_some() {
        let asked = DescribeStorageSafeRule {
            env_id: Some(target.env_id().into()),
            bucket: Some(target.bucket().await?),
        };
        current.storage = permission(target.client().call(&asked).await?);
    }
    if desired.invoke.is_some() {
        let ruled = rules::get(target, &rules::Resource::Functions).await?;
        current.invoke = ruled.rule.map(|rule| Permission::Custom(rule.to_string()));
    }
    if desired.routes.is_some() {
        current.routes = gateway::routes(target).await?;
    }
    Ok(current)
}

async fn read_function(target: &Target, name: String) -> Result<(String, CurrentFunction)> {
    let description = describe(target, &name).await?;
    let code_sha256 = code_sha256(target, &name).await?;
    Ok((name, CurrentFunction { description, code_sha256 }))
}

/// Asks for a function.
pub(super) async fn describe(
    target: &Target,
    name: &str,
) -> Result<FunctionDescription, crate::cloud::Error> {
    let asked = GetFunction {
        function_name: name.into(),
        namespace: Some(target.env_id().into()),
        ..GetFunction::default()
    };
    target.client().call(&asked).await
}

/// Asks for the hash of the package a function runs. A service that refuses to tell counts as not knowing: the code is
/// uploaded then.
pub(super) async fn code_sha256(target: &Target, name: &str) -> Result<Option<String>> {
    let asked = GetFunctionAddress {
        function_name: name.into(),
        namespace: Some(target.env_id().into()),
        ..GetFunctionAddress::default()
    };
    match target.client().call(&asked).await {
        Ok(address) => Ok(Some(address.code_sha256).filter(|hash| !hash.is_empty())),
        Err(error) if error.code().is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn read_collection(target: &Target, name: String) -> Result<(String, CurrentCollection)> {
    let table = DescribeTable {
        env_id: Some(target.env_id().into()),
        tag: target.database().await?,
        table_name: name.clone(),
        ..DescribeTable::default()
    };
    let rule = DescribeSafeRule { env_id: Some(target.env_id().into()), collection_name: name.clone() };
    let indexes = target.client().call(&table).await?.indexes;
    let permission = permission(target.client().call(&rule).await?);
    let indexes = indexes.iter().filter_map(|index| index.spec()).collect();
    Ok((name, CurrentCollection { indexes, permission }))
}

fn permission(rule: SafeRule) -> Option<Permission> {
    Permission::preset(&rule.acl_tag).or(rule.rule.map(Permission::Custom))
}
