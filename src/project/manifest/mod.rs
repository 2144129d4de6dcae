//! `cloudkit.toml`, typed. Every value is checked here, and every complaint shows its line with a caret.

pub(super) mod reader;
pub mod rule;
#[cfg(test)]
mod tests;
mod user;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml_edit::{Datetime, Item, Value};

use super::settings::{self, FunctionLayer, FunctionSettings};
use crate::error::{Error, Kind, Result};
use crate::model::index::{IndexKey, IndexSpec};
use crate::model::name::{CollectionName, EnvId, FunctionName, did_you_mean, route_path, suggestion};
use crate::model::permission::Permission;
use crate::model::schedule::Schedule;
use crate::model::trigger::Trigger;
use crate::model::wall;
use crate::text;

use reader::{Section, Source, Span};
pub use user::TestUser;

/// The name of the file.
pub const FILE_NAME: &str = "cloudkit.toml";

/// The environment that needs no entry in the manifest: the running emulator.
pub const LOCAL: &str = "local";

/// A project's manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    pub path: PathBuf,
    pub name: Option<String>,
    pub app_id: Option<String>,
    /// A key of `environments`, `local`, or an environment id found among them.
    pub default_env: Option<String>,
    pub environments: BTreeMap<String, Environment>,
    /// `[functions] root`, relative to the manifest.
    pub functions_root: Option<String>,
    pub functions: FunctionLayer,
    pub collections: BTreeMap<CollectionName, Collection>,
    /// The permission of stored files.
    pub storage: Option<Permission>,
    /// Paths of HTTP access; `None` when there is no `[gateway]`.
    pub routes: Option<Vec<Route>>,
    /// How the emulator stands in for WeChat.
    pub wechat: Wechat,
    /// Who is in the emulator's directory of users, by user name.
    pub users: BTreeMap<String, TestUser>,
    /// Documents of a collection that `cloudkit emulate` lets a query search without an index.
    pub strict: Option<u64>,
    /// Whether `cloudkit emulate` speaks TLS too.
    pub https: bool,
}

/// An environment the project is deployed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// Always there but for `local`.
    pub id: Option<EnvId>,
    pub region: Option<String>,
    /// Changing it asks first.
    pub protected: bool,
    /// What differs there.
    pub functions: FunctionLayer,
}

/// A collection as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collection {
    pub permission: Option<Permission>,
    pub indexes: Vec<IndexSpec>,
}

/// What WeChat does on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wechat {
    /// Texts that content checks find risky, beside those that always are.
    pub risky: Vec<String>,
    /// The function that is told of results and other events.
    pub listener: Option<FunctionName>,
}

/// A path of HTTP access that leads to a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub path: String,
    pub function: FunctionName,
}

impl Manifest {
    /// Returns who may call functions from the user's side in an environment, if it says so.
    pub fn invoke_rules(&self, environment: Option<&str>) -> Option<Permission> {
        let environment = environment.and_then(|name| self.environments.get(name));
        let layers = environment.map(|it| &it.functions).into_iter().chain([&self.functions]);
        settings::invoke_rules(&layers.collect::<Vec<_>>())
    }

    /// Reads `cloudkit.toml` of a folder; `None` when there is none.
    pub fn find(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE_NAME);
        super::read_text(&path)?.map(|text| Self::parse(path, text)).transpose()
    }

    /// Reads a manifest's text; `path` is for messages.
    pub fn parse(path: PathBuf, text: String) -> Result<Self> {
        let source = Source { path, text };
        let document = source.parse()?;
        let mut file = Section::new(&source, "", document.as_table());
        let mut manifest = Manifest { path: source.path.clone(), ..Manifest::default() };
        let mut default_env = None;
        if let Some(mut project) = file.section("project")? {
            manifest.name = project.string("name")?;
            manifest.app_id = project.string("app-id")?;
            default_env = project.text("default-env")?;
            project.finish()?;
        }
        if let Some(environments) = file.section("env")? {
            manifest.environments = read_environments(environments)?;
        }
        if let Some(mut functions) = file.section("functions")? {
            manifest.functions_root = functions.string("root")?;
            manifest.functions = read_functions(functions)?;
        }
        if let Some(database) = file.section("database")? {
            manifest.collections = read_collections(database)?;
        }
        if let Some(mut storage) = file.section("storage")? {
            manifest.storage = read_permission(&mut storage)?;
            storage.finish()?;
        }
        if let Some(mut gateway) = file.section("gateway")? {
            manifest.routes = Some(read_routes(&mut gateway)?);
            gateway.finish()?;
        }
        if let Some(mut wechat) = file.section("wechat")? {
            let risky = wechat.texts("risky")?.unwrap_or_default();
            manifest.wechat = Wechat {
                risky: risky.into_iter().map(|(text, _)| text.to_owned()).collect(),
                listener: wechat.parsed("listener")?,
            };
            wechat.finish()?;
        }
        if let Some(users) = file.section("users")? {
            manifest.users = user::read(users)?;
        }
        if let Some(mut emulate) = file.section("emulate")? {
            manifest.strict = emulate.integer("strict", documents)?;
            manifest.https = emulate.flag("https")?.unwrap_or_default();
            emulate.finish()?;
        }
        file.finish()?;
        if let Some((name, span)) = default_env {
            manifest.check_default(&source, name, span)?;
            manifest.default_env = Some(name.to_owned());
        }
        Ok(manifest)
    }

    /// Checks that `[functions] root` leads to a folder.
    pub(super) fn check_functions_root(&self) -> Result<()> {
        let (Some(folder), Some(named)) = (self.path.parent(), &self.functions_root) else { return Ok(()) };
        if super::discover::join(folder, named).is_dir() {
            return Ok(());
        }
        let text = super::read_text(&self.path)?.unwrap_or_default();
        let source = Source { path: self.path.clone(), text };
        let document = source.parse()?;
        let place = document.get("functions").and_then(|it| it.get("root")).and_then(Item::span);
        Err(source.wrong(
            place.unwrap_or(0..0),
            text! { en: "there is no functions folder `{named}`", zh: "云函数目录 `{named}` 不存在" },
            text! { en: "not a folder beside cloudkit.toml", zh: "cloudkit.toml 旁没有这个目录" },
        ))
    }

    fn check_default(&self, source: &Source, name: &str, span: Span) -> Result<()> {
        let ids = self.environments.values().filter_map(|environment| environment.id.as_ref());
        if name == LOCAL
            || self.environments.contains_key(name)
            || ids.into_iter().any(|id| id.as_str() == name)
        {
            return Ok(());
        }
        let names = self.environments.keys().map(String::as_str).chain([LOCAL]);
        let label = match did_you_mean(name, names) {
            Some(meant) => suggestion(meant),
            None => text! { en: "add `[env.{name}]` with its `id`", zh: "请添加带 `id` 的 `[env.{name}]`" },
        };
        let message = text! { en: "`default-env` names an environment that is not here", zh: "`default-env` 指向了不存在的环境" };
        Err(source.wrong(span, message, label))
    }
}

fn documents(count: i64) -> Result<u64> {
    u64::try_from(count).map_err(|_| {
        Error::new(Kind::Usage, text! { en: "a number of documents is not below 0", zh: "文档数不能小于 0" })
    })
}

fn read_environments(mut section: Section<'_>) -> Result<BTreeMap<String, Environment>> {
    let mut environments = BTreeMap::new();
    for (name, span, mut entry) in section.named() {
        let mut environment = Environment {
            id: entry.parsed("id")?,
            region: entry.string("region")?,
            protected: entry.flag("protected")?.unwrap_or(false),
            functions: FunctionLayer::default(),
        };
        if let Some(functions) = entry.section("functions")? {
            environment.functions = read_functions(functions)?;
        }
        entry.finish()?;
        if environment.id.is_none() && name != LOCAL {
            return Err(section.source.wrong(
                span,
                text! { en: "environment `{name}` has no `id`", zh: "环境 `{name}` 缺少 `id`" },
                text! { en: "add `id = \"…\"`", zh: "请添加 `id = \"…\"`" },
            ));
        }
        environments.insert(name.to_owned(), environment);
    }
    section.finish()?;
    Ok(environments)
}

fn read_functions(mut section: Section<'_>) -> Result<FunctionLayer> {
    let shared = read_settings(&mut section)?;
    let mut named = BTreeMap::new();
    for (name, span, mut entry) in section.named() {
        let name: FunctionName = section.source.at(span, name.parse())?;
        let mut settings = read_settings(&mut entry)?;
        settings.directory = entry.string("dir")?;
        settings.triggers = read_triggers(&mut entry)?;
        entry.finish()?;
        named.insert(name, settings);
    }
    section.finish()?;
    Ok(FunctionLayer { shared, named })
}

/// Reads what may be said of one function as well as of all.
fn read_settings(section: &mut Section<'_>) -> Result<FunctionSettings> {
    let owned = |texts: Vec<(&str, Span)>| texts.into_iter().map(|(text, _)| text.to_owned()).collect();
    Ok(FunctionSettings {
        handler: section.checked("handler", settings::handler)?,
        runtime: section.checked("runtime", settings::runtime)?,
        timeout: section.integer("timeout", settings::timeout)?,
        memory: section.integer("memory", settings::memory)?,
        variables: match section.section("variables")? {
            Some(mut variables) => read_variables(&mut variables)?,
            None => BTreeMap::new(),
        },
        install_dependencies: section.flag("install-dependencies")?,
        openapi: section.texts("openapi")?.map(owned),
        invoke: section.flag_or_text("invoke", settings::invoke)?,
        ignore: section.texts("ignore")?.map(owned),
        deploy: section.flag("deploy")?,
        directory: None,
        triggers: None,
    })
}

fn read_variables(section: &mut Section<'_>) -> Result<BTreeMap<String, String>> {
    let variables = section.strings()?;
    Ok(variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn read_triggers(section: &mut Section<'_>) -> Result<Option<Vec<Trigger>>> {
    let Some(entries) = section.sections("triggers")? else { return Ok(None) };
    let mut triggers: Vec<Trigger> = Vec::new();
    for (mut entry, span) in entries {
        let name = required(entry.string("name")?, &entry, "name", &span)?;
        let check = |cron: &str| cron.parse::<Schedule>().map(|_| cron.to_owned());
        let cron = required(entry.checked("cron", check)?, &entry, "cron", &span)?;
        if triggers.iter().any(|earlier| earlier.name == name) {
            return Err(entry.source.wrong(
                span,
                text! { en: "two triggers are called `{name}`", zh: "有两个触发器都叫 `{name}`" },
                text! { en: "the second one", zh: "第二个" },
            ));
        }
        entry.finish()?;
        triggers.push(Trigger { name, cron });
    }
    Ok(Some(triggers))
}

fn read_collections(mut section: Section<'_>) -> Result<BTreeMap<CollectionName, Collection>> {
    let mut collections = BTreeMap::new();
    for (name, span, mut entry) in section.named() {
        let name: CollectionName = section.source.at(span, name.parse())?;
        let collection =
            Collection { permission: read_permission(&mut entry)?, indexes: read_indexes(&mut entry)? };
        entry.finish()?;
        collections.insert(name, collection);
    }
    section.finish()?;
    Ok(collections)
}

/// Reads `permission = "READONLY"` or `rule = { … }`.
fn read_permission(section: &mut Section<'_>) -> Result<Option<Permission>> {
    let preset = section
        .checked("permission", |name| Permission::preset(name).ok_or_else(|| unknown_permission(name)))?;
    let Some((item, span)) = section.item("rule") else { return Ok(preset) };
    if preset.is_some() {
        return Err(section.source.wrong(
            span,
            text! { en: "`permission` and `rule` exclude each other", zh: "`permission` 与 `rule` 不能同时出现" },
            text! { en: "keep one of the two", zh: "请只保留一个" },
        ));
    }
    Ok(Some(Permission::Custom(rule::read(section.source, item, span)?)))
}

fn unknown_permission(name: &str) -> Error {
    let known = Permission::PRESETS.join("`, `");
    let error =
        Error::new(Kind::Usage, text! { en: "`{name}` is not a permission", zh: "`{name}` 不是权限名称" });
    match did_you_mean(name, Permission::PRESETS) {
        Some(meant) => error.hint(suggestion(meant)),
        None => error.hint(text! { en: "the permissions are `{known}`; anything else is a `rule`", zh: "权限有 `{known}`；其他情况请写 `rule`" }),
    }
}

fn read_indexes(section: &mut Section<'_>) -> Result<Vec<IndexSpec>> {
    let mut indexes: Vec<IndexSpec> = Vec::new();
    for (mut entry, span) in section.sections("indexes")?.unwrap_or_default() {
        let keys = required(entry.texts("keys")?, &entry, "keys", &span)?;
        let keys = keys
            .into_iter()
            .map(|(key, span)| entry.source.at(span, key.parse::<IndexKey>()))
            .collect::<Result<Vec<_>>>()?;
        let (unique, name) = (entry.flag("unique")?.unwrap_or(false), entry.string("name")?);
        let mut index = entry.source.at(span.clone(), IndexSpec::new(keys, unique, name))?;
        index.sparse = entry.flag("sparse")?.unwrap_or(false);
        let name = &index.name;
        if indexes.iter().any(|earlier| earlier.name == *name) {
            return Err(entry.source.wrong(
                span,
                text! { en: "two indexes are called `{name}`", zh: "有两个索引都叫 `{name}`" },
                text! { en: "the second one", zh: "第二个" },
            ));
        }
        entry.finish()?;
        indexes.push(index);
    }
    Ok(indexes)
}

fn read_routes(section: &mut Section<'_>) -> Result<Vec<Route>> {
    let mut routes = Vec::new();
    for (mut entry, span) in section.sections("routes")?.unwrap_or_default() {
        let check = |path: &str| match path.starts_with('/') {
            true => Ok(route_path(path)),
            false => Err(Error::new(
                Kind::Usage,
                text! { en: "the route `{path}` does not begin with `/`", zh: "路由 `{path}` 未以 `/` 开头" },
            )),
        };
        let path = required(entry.checked("path", check)?, &entry, "path", &span)?;
        let function = required(entry.parsed("function")?, &entry, "function", &span)?;
        entry.finish()?;
        if routes.iter().any(|route: &Route| route.path == path) {
            return Err(section.source.wrong(
                span,
                text! { en: "the route `{path}` is there twice", zh: "路由 `{path}` 重复" },
                text! { en: "one path leads to one function", zh: "一个路径只能对应一个云函数" },
            ));
        }
        routes.push(Route { path, function });
    }
    Ok(routes)
}

fn required<T>(value: Option<T>, section: &Section<'_>, key: &str, span: &Span) -> Result<T> {
    let name = &section.name;
    value.ok_or_else(|| {
        section.source.wrong(
            span.clone(),
            text! { en: "an entry of `{name}` has no `{key}`", zh: "`{name}` 的一项缺少 `{key}`" },
            text! { en: "add `{key} = …`", zh: "请添加 `{key} = …`" },
        )
    })
}

/// Reads a TOML file as the Extended JSON it stands for: a time is a date.
///
/// # Errors
/// It is no TOML; the error shows the place.
pub fn toml_as_extended_json(path: PathBuf, text: String) -> Result<serde_json::Value> {
    let source = Source { path, text };
    let document = source.parse()?;
    Ok(json_of(document.as_item(), date))
}

/// Turns TOML into JSON: a rule is that on the wire.
pub(super) fn to_json(item: &Item) -> serde_json::Value {
    json_of(item, |time| time.to_string().into())
}

/// Returns a time as Extended JSON; what is only a time of day is a text.
fn date(time: &Datetime) -> serde_json::Value {
    let text = time.to_string();
    let midnight = if time.time.is_none() { "T00:00:00" } else { "" };
    match wall::parse(&format!("{text}{midnight}")) {
        Some(millis) => serde_json::json!({ "$date": millis }),
        None => text.into(),
    }
}

fn json_of(item: &Item, time: fn(&Datetime) -> serde_json::Value) -> serde_json::Value {
    let of_item = |item: &Item| json_of(item, time);
    if let Item::ArrayOfTables(tables) = item {
        return tables.iter().map(|table| of_item(&Item::Table(table.clone()))).collect();
    }
    match (item.as_value(), item.as_table_like()) {
        (Some(Value::String(text)), _) => text.value().as_str().into(),
        (Some(Value::Integer(number)), _) => (*number.value()).into(),
        (Some(Value::Float(number)), _) => (*number.value()).into(),
        (Some(Value::Boolean(flag)), _) => (*flag.value()).into(),
        (Some(Value::Datetime(it)), _) => time(it.value()),
        (Some(Value::Array(list)), _) => list.iter().map(|it| of_item(&Item::Value(it.clone()))).collect(),
        (_, Some(table)) => table.iter().map(|(key, item)| (key.to_owned(), of_item(item))).collect(),
        (Some(Value::InlineTable(_)) | None, None) => serde_json::Value::Null,
    }
}
