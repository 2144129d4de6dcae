//! Tests of rules: a table of who may do what with which document, run without an emulator.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bson::{Bson, Document};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Kind, Result};
use crate::model::clock::Millis;
use crate::model::name::{did_you_mean, suggestion};
use crate::model::permission::Permission;
use crate::model::text::Text;
use crate::project::{Project, manifest};
use crate::rules::decision::{Decision, Scope, Subject, decide};
use crate::rules::payload::Payload;
use crate::rules::query::{Query, fill};
use crate::rules::{Operation, Rules};
use crate::text;

/// The file that is run when none is named.
pub const DEFAULT: &str = "rules.test.toml";

/// A file of tests.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// People by the names that tests use: `{ openid, uid, loginType }`.
    #[serde(default)]
    users: BTreeMap<String, Map<String, Value>>,
    /// Stored documents: collection, id, fields.
    #[serde(default)]
    data: BTreeMap<String, BTreeMap<String, Map<String, Value>>>,
    /// Permissions in place of the manifest's: a preset or a rule.
    #[serde(default)]
    rules: BTreeMap<String, Value>,
    #[serde(default)]
    tests: Vec<Row>,
}

/// A line of the table: exactly one of the four operations.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: Option<String>,
    /// Who asks; nobody when absent.
    r#as: Option<String>,
    collection: String,
    /// An id or a query.
    read: Option<Value>,
    /// A document.
    create: Option<Map<String, Value>>,
    /// An id or a query; `data` is what is set.
    update: Option<Value>,
    data: Option<Map<String, Value>>,
    /// An id or a query.
    delete: Option<Value>,
    allow: bool,
}

/// How a file went.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub file: PathBuf,
    pub tests: Vec<Verdict>,
}

/// How a test went.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    pub name: String,
    pub passed: bool,
    pub allowed: bool,
    pub expected: bool,
    /// The clauses that denied, each with the values that decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub denied_by: Vec<String>,
    /// Conditions that would have made the query allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Value>,
}

/// What tests looked at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    pub clauses: Vec<Clause>,
    /// Of a clause's two outcomes, how many were seen, of all clauses together.
    pub percent: f64,
}

/// A clause of a rule, and how often it was true and not.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Clause {
    pub collection: String,
    pub rule: String,
    pub clause: String,
    #[serde(skip)]
    pub span: Range<usize>,
    /// The whole rule, in which `span` lies.
    #[serde(skip)]
    pub text: String,
    pub is_true: u64,
    pub is_not: u64,
}

/// The tests of some files, with what they covered.
pub struct Suite {
    rules: BTreeMap<String, (Permission, Rules)>,
    clauses: Vec<Clause>,
}

impl Suite {
    /// Takes the rules of a project's manifest.
    ///
    /// # Errors
    /// A rule of the manifest is wrong.
    pub fn new(project: &Project) -> Result<Self> {
        let mut suite = Suite { rules: BTreeMap::new(), clauses: Vec::new() };
        for (name, collection) in project.manifest.iter().flat_map(|manifest| &manifest.collections) {
            let permission = collection.permission.clone().unwrap_or(Permission::Private);
            suite.put(name.as_str(), permission)?;
        }
        Ok(suite)
    }

    fn put(&mut self, collection: &str, permission: Permission) -> Result<()> {
        let rules = Rules::parse(&equivalent(&permission)).map_err(|broken| {
            super::refused(&broken)
                .cause(text! { en: "in the permission of `{collection}`", zh: "在 `{collection}` 的权限中" })
        })?;
        if permission.rule().is_some() {
            for (rule, expression) in rules.all() {
                let is_known = |it: &Clause| {
                    it.collection == collection && it.rule == rule && it.text == expression.text()
                };
                if self.clauses.iter().any(is_known) {
                    continue;
                }
                let clause = |span: Range<usize>| Clause {
                    collection: collection.to_owned(),
                    rule: rule.to_owned(),
                    clause: expression.text().get(span.clone()).unwrap_or_default().to_owned(),
                    span,
                    text: expression.text().to_owned(),
                    is_true: 0,
                    is_not: 0,
                };
                self.clauses.extend(expression.clauses().into_iter().map(clause));
            }
        }
        self.rules.insert(collection.to_owned(), (permission, rules));
        Ok(())
    }

    /// Runs the tests of a file. Rules that it brings are its own.
    ///
    /// # Errors
    /// The file cannot be read, is not of this form, or names a user, collection or document that is not there.
    pub fn run(&mut self, path: &Path, now: Millis) -> Result<Outcome> {
        let declared = self.rules.clone();
        let outcome = self.run_file(path, now);
        self.rules = declared;
        outcome
    }

    fn run_file(&mut self, path: &Path, now: Millis) -> Result<Outcome> {
        let file = read(path)?;
        for (collection, given) in &file.rules {
            let permission = match given {
                Value::String(tag) => Permission::preset(tag),
                Value::Object(_) => Some(Permission::Custom(given.to_string())),
                _ => None,
            };
            let permission = permission.ok_or_else(|| {
                wrong(path, text! { en: "`rules.{collection}` is neither a preset nor a rule", zh: "`rules.{collection}` 既不是预设也不是规则" })
            })?;
            self.put(collection, permission)?;
        }
        let mut tests = Vec::with_capacity(file.tests.len());
        for (place, row) in file.tests.iter().enumerate() {
            let number = place + 1;
            let shown = path.display();
            let at = |error: Error| {
                error.cause(
                    text! { en: "in test {number} of `{shown}`", zh: "在 `{shown}` 的第 {number} 个测试中" },
                )
            };
            tests.push(self.judge(row, &file, now).map_err(at)?);
        }
        Ok(Outcome { file: path.to_owned(), tests })
    }

    /// Returns what the tests looked at. Presets have no clauses.
    pub fn coverage(&self) -> Coverage {
        let seen =
            self.clauses.iter().map(|it| u64::from(it.is_true > 0) + u64::from(it.is_not > 0)).sum::<u64>();
        let wanted = self.clauses.iter().map(Clause::outcomes).sum::<u64>();
        let percent = if wanted == 0 { 100.0 } else { seen as f64 * 100.0 / wanted as f64 };
        Coverage { clauses: self.clauses.clone(), percent }
    }

    fn judge(&mut self, row: &Row, file: &File, now: Millis) -> Result<Verdict> {
        let auth = row.r#as.as_deref().map(|name| user(file, name)).transpose()?;
        let (permission, rules) = self.rules.get(&row.collection).ok_or_else(|| {
            let collection = &row.collection;
            unknown(
                collection,
                self.rules.keys().map(String::as_str),
                text! { en: "no collection `{collection}` is declared", zh: "没有声明集合 `{collection}`" },
            )
        })?;
        let asked = Asked::of(row, file, auth.as_ref(), permission)?;
        let mut documents = |collection: &str, id: &str| Ok(stored(file, collection, id));
        let (name, text, decision) = match rules.of(asked.operation) {
            _ if asked.forges => ("", "", Decision::default()),
            None => ("", "", Decision::default()),
            Some((name, expression)) => {
                let doc = match &asked.target {
                    Target::Document(document) => Subject::Document(document.as_ref()),
                    Target::Query(query) => Subject::Query(query),
                };
                let scope =
                    Scope { auth: auth.as_ref(), now, doc, data: asked.data.as_ref(), resource: None };
                (name, expression.text(), decide(expression, &scope, &mut documents))
            }
        };
        let mut denied_by: Vec<String> = decision
            .reasons
            .iter()
            .map(|reason| format!("{}: {}", reason.clause, reason.because.join(", ")))
            .collect();
        if asked.forges {
            denied_by.push("`_openid` is the service's to set".into());
        } else if name.is_empty() {
            denied_by.push(format!("there is no rule for `{}`", asked.operation.name()));
        }
        let verdict = Verdict {
            name: row.name.clone().unwrap_or_else(|| described(row, asked.operation)),
            passed: decision.allowed == row.allow,
            allowed: decision.allowed,
            expected: row.allow,
            denied_by,
            missing: decision
                .missing
                .filter(|it| !it.is_empty())
                .map(|it| Bson::Document(it).into_relaxed_extjson()),
        };
        let (name, text) = (name.to_owned(), text.to_owned());
        for (span, truth) in decision.seen {
            let is_meant = |it: &&mut Clause| {
                it.collection == row.collection && it.rule == name && it.text == text && it.span == span
            };
            if let Some(clause) = self.clauses.iter_mut().find(is_meant) {
                *(if truth { &mut clause.is_true } else { &mut clause.is_not }) += 1;
            }
        }
        Ok(verdict)
    }
}

impl Clause {
    /// Returns how many outcomes a clause can have: a plain `true` has one.
    fn outcomes(&self) -> u64 {
        if matches!(self.clause.trim(), "true" | "false") { 1 } else { 2 }
    }
}

/// What a row asks for, ready to be decided.
struct Asked {
    operation: Operation,
    target: Target,
    data: Option<Payload>,
    /// Whether the client sets what only the service may.
    forges: bool,
}

enum Target {
    Document(Option<Document>),
    Query(Query),
}

impl Asked {
    fn of(row: &Row, file: &File, auth: Option<&Document>, permission: &Permission) -> Result<Self> {
        let given = [
            row.read.clone().map(|it| (Operation::Read, it)),
            row.create.clone().map(|it| (Operation::Create, Value::Object(it))),
            row.update.clone().map(|it| (Operation::Update, it)),
            row.delete.clone().map(|it| (Operation::Delete, it)),
        ];
        let mut given: Vec<(Operation, Value)> = given.into_iter().flatten().collect();
        let (Some((operation, value)), true) = (given.pop(), given.is_empty()) else {
            return Err(Error::new(
                Kind::Usage,
                text! { en: "a test has one of `read`, `create`, `update` and `delete`", zh: "每个测试须有 `read`、`create`、`update`、`delete` 之一" },
            ));
        };
        let own = auth.and_then(|auth| auth.get_str("openid").or_else(|_| auth.get_str("uid")).ok());
        let data = row.data.as_ref().map(document).transpose()?;
        let is_forged = |document: &Document| document.contains_key("_openid");
        let forges = data.as_ref().is_some_and(is_forged);
        let data = data.as_ref().map(Payload::of_update);
        Ok(match (operation, value) {
            (Operation::Create, Value::Object(fields)) => {
                let mut created = document(&fields)?;
                let forges = is_forged(&created);
                if let Some(own) = own {
                    created.insert("_openid", own);
                }
                let data = Some(Payload::of_document(created.clone()));
                Asked { operation, target: Target::Document(Some(created)), data, forges }
            }
            (_, Value::String(id)) => {
                let found = stored(file, &row.collection, &id).ok_or_else(|| {
                    let known = file.data.get(&row.collection).into_iter().flat_map(BTreeMap::keys);
                    unknown(
                        &id,
                        known.map(String::as_str),
                        text! { en: "there is no document `{id}` in `data`", zh: "`data` 中没有文档 `{id}`" },
                    )
                })?;
                Asked { operation, target: Target::Document(Some(found)), data, forges }
            }
            (_, Value::Object(fields)) => {
                let mut filter = document(&fields)?;
                let identity = |name| auth.and_then(|auth| auth.get_str(name).ok());
                fill(&mut filter, identity("openid"), identity("uid"));
                // A preset stands for a condition that the service adds.
                if permission.rule().is_none()
                    && let Some(own) = own
                {
                    filter = bson::doc! { "$and": [filter, { "_openid": own }] };
                }
                let query = Query::of(&filter)
                    .map_err(|error| Error::new(Kind::Usage, Text::same(error.to_string())))?;
                Asked { operation, target: Target::Query(query), data, forges }
            }
            _ => {
                return Err(Error::new(
                    Kind::Usage,
                    text! { en: "what is asked for is an id or a query", zh: "须给出文档 ID 或查询条件" },
                ));
            }
        })
    }
}

/// Returns the rule that decides as a preset does; what nobody made belongs to nobody.
fn equivalent(permission: &Permission) -> Cow<'_, str> {
    const OWN: &str =
        "auth.openid != null && doc._openid == auth.openid || auth.uid != null && doc._openid == auth.uid";
    let (read, write) = match permission {
        Permission::ReadOnly => ("true", OWN),
        Permission::Private => (OWN, OWN),
        Permission::AdminWrite => ("true", "false"),
        Permission::AdminOnly => ("false", "false"),
        Permission::Custom(rule) => return rule.into(),
    };
    format!(r#"{{"read":"{read}","write":"{write}"}}"#).into()
}

fn described(row: &Row, operation: Operation) -> String {
    let (who, collection) = (row.r#as.as_deref().unwrap_or("nobody"), &row.collection);
    let what = [&row.read, &row.update, &row.delete].into_iter().flatten().next();
    let what = what.map(|what| format!(" {what}")).unwrap_or_default();
    format!("{who} {} {collection}{what}", operation.name())
}

fn user(file: &File, name: &str) -> Result<Document> {
    let found = file.users.get(name).ok_or_else(|| {
        unknown(
            name,
            file.users.keys().map(String::as_str),
            text! { en: "there is no user `{name}` in `users`", zh: "`users` 中没有用户 `{name}`" },
        )
    })?;
    document(found)
}

fn stored(file: &File, collection: &str, id: &str) -> Option<Document> {
    let mut found = document(file.data.get(collection)?.get(id)?).ok()?;
    if !found.contains_key("_id") {
        found.insert("_id", id);
    }
    Some(found)
}

/// Reads Extended JSON.
fn document(fields: &Map<String, Value>) -> Result<Document> {
    Document::try_from(fields.clone()).map_err(|error| {
        Error::new(Kind::Usage, text! { en: "this is no document", zh: "不是合法的文档" }).source(&error)
    })
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>, message: Text) -> Error {
    let error = Error::new(Kind::Usage, message);
    match did_you_mean(name, known.collect::<BTreeSet<_>>()) {
        Some(near) => error.hint(suggestion(near)),
        None => error,
    }
}

/// Reads a file of tests, TOML or JSON by its name.
fn read(path: &Path) -> Result<File> {
    let source = std::fs::read_to_string(path).map_err(|error| {
        let shown = path.display();
        let kind = if error.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failed };
        Error::new(kind, text! { en: "could not read `{shown}`", zh: "无法读取 `{shown}`" }).source(&error)
    })?;
    let value: Value = if path.extension().is_some_and(|ending| ending == "json") {
        serde_json::from_str(&source).map_err(|error| wrong(path, Text::same(error.to_string())))?
    } else {
        manifest::toml_as_json(path.into(), source)?
    };
    serde_json::from_value(value).map_err(|error| wrong(path, Text::same(error.to_string())))
}

fn wrong(path: &Path, cause: Text) -> Error {
    let shown = path.display();
    Error::new(
        Kind::Usage,
        text! { en: "`{shown}` is not a file of rule tests", zh: "`{shown}` 不是规则测试文件" },
    )
    .cause(cause)
}
