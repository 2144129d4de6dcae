//! Tests of rules: a table of who may do what with which document, file or function, run without an emulator.

pub mod coverage;
pub mod html;
pub mod junit;
pub mod lcov;

mod asked;
mod file;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bson::{Bson, Document};
use serde::Serialize;
use serde_json::Value;

use self::asked::{Asked, Target, Wish};
use self::coverage::{Clause, Coverage, Place};
use self::file::{File, Row, text_of, unknown, wrong};
use super::check::line_and_column;
use crate::error::{Error, Excerpt, Kind, Result};
use crate::model::clock::Millis;
use crate::model::permission::Permission;
use crate::project::Project;
use crate::project::manifest::rule;
use crate::rules::decision::{Decision, Scope, Subject, decide};
use crate::rules::invoke::InvokeRules;
use crate::rules::{Broken, Operation, Rules};
use crate::text;

/// The file that is run when none is named.
pub const DEFAULT: &str = "rules.test.toml";

/// Who may call functions where nothing says so (`docs/wire.md#permissions`).
const FUNCTIONS: &str = r#"{"*":{"invoke":"auth != null"}}"#;

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

/// The permissions that tests run against.
#[derive(Debug, Clone)]
struct Book {
    collections: BTreeMap<String, (Permission, Rules)>,
    files: (Permission, Rules),
    functions: InvokeRules,
}

/// The tests of some files, with what they covered.
pub struct Suite {
    root: PathBuf,
    book: Book,
    clauses: Vec<Clause>,
}

/// Where a permission is written.
struct Origin<'a> {
    path: &'a Path,
    text: &'a str,
    /// The keys that lead to it.
    keys: &'a [&'a str],
}

impl Suite {
    /// Takes the rules of a project's manifest.
    ///
    /// # Errors
    /// A rule of the manifest is wrong.
    pub fn new(project: &Project) -> Result<Self> {
        // What an environment starts with: everybody reads files, their creators write.
        let files = (Permission::ReadOnly, parse(&equivalent(&Permission::ReadOnly, "resource.openid"))?);
        let declared = project.invoke_rules();
        let functions = invoke(declared.as_ref().and_then(Permission::rule).unwrap_or(FUNCTIONS))?;
        let book = Book { collections: BTreeMap::new(), files, functions };
        let mut suite = Suite { root: project.root.clone(), book, clauses: Vec::new() };
        let Some(manifest) = &project.manifest else { return Ok(suite) };
        let text = std::fs::read_to_string(&manifest.path).unwrap_or_default();
        for (name, collection) in &manifest.collections {
            let permission = collection.permission.clone().unwrap_or(Permission::Private);
            let keys = ["database", name.as_str(), "rule"];
            let origin = Origin { path: &manifest.path, text: &text, keys: &keys };
            suite.put(Some(name.as_str()), permission, &origin)?;
        }
        if let Some(permission) = &manifest.storage {
            let origin = Origin { path: &manifest.path, text: &text, keys: &["storage", "rule"] };
            suite.put(None, permission.clone(), &origin)?;
        }
        Ok(suite)
    }

    /// Takes the permission of a collection, or of files.
    fn put(&mut self, collection: Option<&str>, permission: Permission, origin: &Origin<'_>) -> Result<()> {
        let owner = if collection.is_some() { "doc._openid" } else { "resource.openid" };
        let rules = Rules::parse(&equivalent(&permission, owner)).map_err(|broken| origin.broken(&broken))?;
        if permission.rule().is_some() {
            let path = origin.path.strip_prefix(&self.root).unwrap_or(origin.path);
            for (name, expression) in rules.all() {
                let place = |span: &std::ops::Range<usize>| {
                    let span = origin.place(name, span)?;
                    let (line, _) = line_and_column(origin.text, span.start);
                    Some(Place { path: path.to_owned(), line })
                };
                coverage::add(&mut self.clauses, collection, name, expression, &place);
            }
        }
        match collection {
            Some(name) => drop(self.book.collections.insert(name.to_owned(), (permission, rules))),
            None => self.book.files = (permission, rules),
        }
        Ok(())
    }

    /// Runs the tests of a file. Rules that it brings are its own.
    ///
    /// # Errors
    /// The file cannot be read, is not of this form, or names a user, collection or document that is not there.
    pub fn run(&mut self, path: &Path, now: Millis) -> Result<Outcome> {
        let declared = self.book.clone();
        let outcome = self.run_file(path, now);
        self.book = declared;
        outcome
    }

    fn run_file(&mut self, path: &Path, now: Millis) -> Result<Outcome> {
        let text = text_of(path)?;
        let file = File::parse(path, &text)?;
        for (collection, given) in &file.rules {
            let keys = ["rules", collection.as_str()];
            let origin = Origin { path, text: &text, keys: &keys };
            self.put(Some(collection), origin.permission(given)?, &origin)?;
        }
        if let Some(given) = &file.storage {
            let origin = Origin { path, text: &text, keys: &["storage"] };
            self.put(None, origin.permission(given)?, &origin)?;
        }
        if let Some(given) = &file.functions {
            self.book.functions = invoke(&given.to_string()).map_err(|error| {
                let shown = path.display();
                error.cause(text! { en: "in `functions` of `{shown}`", zh: "在 `{shown}` 的 `functions` 中" })
            })?;
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
            let judged = file.now(row, now).and_then(|now| self.judge(row, &file, now));
            tests.push(judged.map_err(at)?);
        }
        Ok(Outcome { file: path.to_owned(), tests })
    }

    /// Returns what the tests looked at.
    pub fn coverage(&self) -> Coverage {
        Coverage::new(self.clauses.clone())
    }

    fn judge(&mut self, row: &Row, file: &File, now: Millis) -> Result<Verdict> {
        let auth = row.r#as.as_deref().map(|name| file.user(name)).transpose()?;
        let asked = Asked::of(row)?;
        let name = row.name.clone().unwrap_or_else(|| asked.described(row));
        let scope =
            Scope { auth: auth.as_ref(), now, doc: Subject::Document(None), data: None, resource: None };
        let (decision, plain) = match asked {
            Asked::Documents(collection, operation, value) => {
                self.on_documents((collection, operation, value), row, file, scope)?
            }
            Asked::File { path, written } => self.on_file(path, written, file, scope)?,
            Asked::Call(function) => match self.book.functions.of(function) {
                Some(rule) => (decide(rule, &scope, &mut |_, _| Ok(None)), None),
                None => (Decision::default(), None),
            },
        };
        let clauses =
            decision.reasons.iter().map(|reason| format!("{}: {}", reason.clause, reason.because.join(", ")));
        let missing = decision.missing.filter(|missing| !missing.is_empty());
        Ok(Verdict {
            name,
            passed: decision.allowed == row.allow,
            allowed: decision.allowed,
            expected: row.allow,
            denied_by: clauses.chain(plain).collect(),
            missing: missing.map(|missing| Bson::Document(missing).into_relaxed_extjson()),
        })
    }

    /// Decides, and returns what denied where it was no clause.
    fn on_documents(
        &mut self,
        (collection, operation, value): (&str, Operation, Value),
        row: &Row,
        file: &File,
        scope: Scope<'_>,
    ) -> Result<(Decision, Option<String>)> {
        let (permission, rules) = self.book.collections.get(collection).ok_or_else(|| {
            unknown(
                collection,
                self.book.collections.keys().map(String::as_str),
                text! { en: "no collection `{collection}` is declared", zh: "没有声明集合 `{collection}`" },
            )
        })?;
        let wish = Wish::of((collection, operation, value), row, file, (scope.auth, scope.now), permission)?;
        if wish.forges {
            return Ok((Decision::default(), Some("`_openid` is the service's to set".into())));
        }
        let Some((name, expression)) = rules.of(operation) else {
            return Ok((Decision::default(), Some(format!("there is no rule for `{}`", operation.name()))));
        };
        let doc = match &wish.target {
            Target::Document(document) => Subject::Document(document.as_ref()),
            Target::Query(query) => Subject::Query(query),
        };
        let scope = Scope { doc, data: wish.data.as_ref(), ..scope };
        let decision = decide(expression, &scope, &mut |collection, id| {
            file.stored(collection, id, scope.now).map_err(|error| error.to_string())
        });
        coverage::count(&mut self.clauses, Some(collection), name, expression, &decision);
        Ok((decision, None))
    }

    fn on_file(
        &mut self,
        path: &str,
        written: bool,
        file: &File,
        scope: Scope<'_>,
    ) -> Result<(Decision, Option<String>)> {
        let stored = file.files.get(path).map(|owner| file.user(owner)).transpose()?;
        let owner = match (&stored, written) {
            (Some(owner), _) => Some(owner),
            // A new file is its writer's.
            (None, true) => scope.auth,
            (None, false) => {
                let known = file.files.keys().map(String::as_str);
                let message =
                    text! { en: "there is no file `{path}` in `files`", zh: "`files` 中没有文件 `{path}`" };
                return Err(unknown(path, known, message));
            }
        };
        let mut resource: Document = bson::doc! { "path": path };
        if let Some(id) =
            owner.and_then(|owner| owner.get_str("openid").or_else(|_| owner.get_str("uid")).ok())
        {
            resource.insert("openid", id);
        }
        let (_, rules) = &self.book.files;
        let operation = if written { Operation::Update } else { Operation::Read };
        let Some((name, expression)) = rules.of(operation) else {
            let missing = if written { "write" } else { "read" };
            return Ok((Decision::default(), Some(format!("there is no rule for `{missing}`"))));
        };
        let scope = Scope { resource: Some(&resource), ..scope };
        let decision =
            decide(expression, &scope, &mut |_, _| Err("a rule of files reads no documents".into()));
        coverage::count(&mut self.clauses, None, name, expression, &decision);
        Ok((decision, None))
    }
}

impl Origin<'_> {
    /// Returns where a part of a rule is in the file, if that is TOML.
    fn place(&self, name: &str, part: &std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
        let keys: Vec<&str> = self.keys.iter().copied().chain([name]).collect();
        rule::place(self.text, &keys, Some(part))
    }

    /// Tells what is wrong with rules, in the file that has them.
    fn broken(&self, broken: &Broken) -> Error {
        if let Broken::Expression { key, problem, .. } = broken
            && let Some(span) = self.place(key, &problem.span)
        {
            let message = text! { en: "the rule `{key}` is wrong", zh: "规则 `{key}` 有误" };
            return Error::new(Kind::Usage, message).excerpt(Excerpt {
                path: self.path.to_owned(),
                source: self.text.to_owned(),
                first_line: 1,
                span,
                label: problem.message.clone(),
            });
        }
        let keys = self.keys.join(".");
        let shown = self.path.display();
        super::refused(broken)
            .cause(text! { en: "in `{keys}` of `{shown}`", zh: "在 `{shown}` 的 `{keys}` 中" })
    }

    /// Reads a preset's name, or a rule.
    fn permission(&self, given: &Value) -> Result<Permission> {
        let permission = match given {
            Value::String(tag) => Permission::preset(tag),
            Value::Object(_) => Some(Permission::Custom(given.to_string())),
            _ => None,
        };
        let keys = self.keys.join(".");
        permission.ok_or_else(|| {
            wrong(
                self.path,
                text! { en: "`{keys}` is neither a preset nor a rule", zh: "`{keys}` 既不是预设也不是规则" },
            )
        })
    }
}

fn parse(rules: &str) -> Result<Rules> {
    Rules::parse(rules).map_err(|broken| super::refused(&broken))
}

fn invoke(rules: &str) -> Result<InvokeRules> {
    InvokeRules::parse(rules).map_err(|broken| super::refused_invoke(&broken))
}

/// Returns the rule that decides as a preset does; what nobody made belongs to nobody.
fn equivalent<'a>(permission: &'a Permission, owner: &str) -> Cow<'a, str> {
    let own =
        format!("auth.openid != null && {owner} == auth.openid || auth.uid != null && {owner} == auth.uid");
    let (read, write) = match permission {
        Permission::ReadOnly => ("true", own.as_str()),
        Permission::Private => (own.as_str(), own.as_str()),
        Permission::AdminWrite => ("true", "false"),
        Permission::AdminOnly => ("false", "false"),
        Permission::Custom(rule) => return rule.into(),
    };
    format!(r#"{{"read":"{read}","write":"{write}"}}"#).into()
}
