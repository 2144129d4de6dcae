//! Looking through the rules of a project, and through the queries of its client side that they refuse.

use std::path::PathBuf;

use bson::Bson;

use crate::error::Result;
use crate::model::permission::Permission;
use crate::model::text::Text;
use crate::project::Project;
use crate::project::client::{About, Request, Source, Sources};
use crate::project::manifest::{Manifest, rule};
use crate::rules::lint::{Code, Of, findings};
use crate::rules::refusal::refusal;
use crate::rules::{Operation, Rules};
use crate::text;

/// What was found, and what was looked at.
#[derive(Debug)]
pub struct Checked {
    pub found: Vec<Found>,
    /// Permissions of collections and files.
    pub permissions: usize,
    /// Files of the client side.
    pub sources: usize,
    /// Files of the client side that are no JavaScript or TypeScript, and files and folders that cannot be read.
    pub unreadable: Vec<PathBuf>,
}

/// Something that is wrong, and where.
#[derive(Debug)]
pub struct Found {
    pub code: Code,
    /// Below the project's folder; lines and columns count from 1.
    pub path: PathBuf,
    pub line: usize,
    pub column: usize,
    /// A collection's name; `None`: files.
    pub collection: Option<String>,
    /// The rule's name: `read`.
    pub rule: Option<String>,
    pub why: Text,
    /// The clauses that refuse a query.
    pub clauses: Vec<String>,
    /// The condition that would make a query allowed, as Extended JSON.
    pub missing: Option<String>,
}

/// Checks the permissions of a project's manifest.
///
/// # Errors
/// A rule cannot be read.
pub fn check(project: &Project) -> Result<Checked> {
    let sources = Sources::of(project);
    let below = |path: PathBuf| path.strip_prefix(&project.root).map(PathBuf::from).unwrap_or(path);
    let (read, unreadable) = (sources.read, sources.unreadable.into_iter().map(below).collect());
    let mut checked = Checked { found: Vec::new(), permissions: 0, sources: read, unreadable };
    let Some(manifest) = &project.manifest else { return Ok(checked) };
    let text = std::fs::read_to_string(&manifest.path).unwrap_or_default();
    let book = Book { manifest, text: &text };
    for (name, collection) in &manifest.collections {
        checked.permissions += 1;
        let permission = collection.permission.as_ref().unwrap_or(&Permission::Private);
        let rules =
            permission.rule().map(Rules::parse).transpose().map_err(|broken| super::refused(&broken))?;
        let name = name.as_str();
        checked.found.extend(rules.iter().flat_map(|rules| book.findings(Some(name), rules)));
        for source in &sources.files {
            for request in source.requests.iter().filter(|request| request.collection == name) {
                let refused = match &rules {
                    Some(rules) => by_rules(rules, request),
                    None => by_preset(permission, request, source.in_mini_program),
                };
                checked.found.extend(refused.map(|refused| refused.found(source, request, project)));
            }
        }
    }
    if let Some(permission) = &manifest.storage {
        checked.permissions += 1;
        if let Some(text) = permission.rule() {
            let rules = Rules::parse(text).map_err(|broken| super::refused(&broken))?;
            checked.found.extend(book.findings(None, &rules));
        }
    }
    Ok(checked)
}

/// The manifest with its text.
struct Book<'a> {
    manifest: &'a Manifest,
    text: &'a str,
}

impl Book<'_> {
    fn findings(&self, collection: Option<&str>, rules: &Rules) -> Vec<Found> {
        let of = if collection.is_some() { Of::Documents } else { Of::Files };
        let owner: Vec<&str> = match collection {
            Some(name) => vec!["database", name, "rule"],
            None => vec!["storage", "rule"],
        };
        let found = findings(rules, of).into_iter().map(|finding| {
            let span = match &finding.place {
                Some((name, part)) => {
                    let keys: Vec<&str> = owner.iter().copied().chain([name.as_str()]).collect();
                    rule::place(self.text, &keys, Some(part))
                }
                None => rule::place(self.text, &owner, None),
            };
            let (line, column) = line_and_column(self.text, span.map_or(0, |span| span.start));
            Found {
                code: finding.code,
                path: self.manifest.path.file_name().map(PathBuf::from).unwrap_or_default(),
                line,
                column,
                collection: collection.map(str::to_owned),
                rule: finding.place.map(|(name, _)| name),
                why: finding.why,
                clauses: Vec::new(),
                missing: None,
            }
        });
        found.collect()
    }
}

/// Why a client's request is refused.
struct Refused {
    rule: Option<String>,
    why: Text,
    clauses: Vec<String>,
    missing: Option<String>,
}

impl Refused {
    fn plain(why: Text) -> Self {
        Refused { rule: None, why, clauses: Vec::new(), missing: None }
    }

    fn found(self, source: &Source, request: &Request, project: &Project) -> Found {
        let (line, column) = line_and_column(&source.text, request.span.start);
        Found {
            code: Code::QueryRefused,
            path: source.path.strip_prefix(&project.root).unwrap_or(&source.path).to_owned(),
            line,
            column,
            collection: Some(request.collection.clone()),
            rule: self.rule,
            why: self.why,
            clauses: self.clauses,
            missing: self.missing,
        }
    }
}

fn by_rules(rules: &Rules, request: &Request) -> Option<Refused> {
    let operation = request.operation.name();
    let Some((name, rule)) = rules.of(request.operation) else {
        return Some(Refused::plain(text! {
            en: "there is no rule for `{operation}`, so it is refused",
            zh: "没有 `{operation}` 规则，因此会被拒绝"
        }));
    };
    let filter = match &request.about {
        About::Query(filter) => Some(filter),
        About::Anything => None,
    };
    let refusal = refusal(rule, request.operation, filter)?;
    let missing = refusal.missing.map(|missing| Bson::Document(missing).into_relaxed_extjson().to_string());
    let why = match filter {
        Some(_) => text! {
            en: "the rule `{name}` refuses this query, whoever asks",
            zh: "规则 `{name}` 会拒绝此查询，无论由谁发起"
        },
        None => text! {
            en: "the rule `{name}` refuses every `{operation}`",
            zh: "规则 `{name}` 会拒绝任何 `{operation}`"
        },
    };
    Some(Refused { rule: Some(name.to_owned()), why, clauses: refusal.clauses, missing })
}

/// Returns why a preset refuses a request of a client.
fn by_preset(permission: &Permission, request: &Request, in_mini_program: bool) -> Option<Refused> {
    let tag = permission.tag();
    let is_read = request.operation == Operation::Read;
    match permission {
        Permission::AdminOnly => {}
        Permission::AdminWrite if !is_read => {}
        Permission::ReadOnly | Permission::Private
            if in_mini_program
                && matches!(request.operation, Operation::Update | Operation::Delete)
                && matches!(request.about, About::Query(_)) =>
        {
            return Some(Refused::plain(text! {
                en: "under {tag} a mini program changes one document at a time, by `doc(id)`; a rule allows more",
                zh: "{tag} 权限下，小程序一次只能用 `doc(id)` 修改一个文档；使用安全规则则不受此限"
            }));
        }
        _ => return None,
    }
    let operation = request.operation.name();
    Some(Refused::plain(text! {
        en: "under {tag} only functions may {operation}",
        zh: "{tag} 权限下只有云函数可以执行 `{operation}`"
    }))
}

/// Returns the line and the column, in characters, of a byte; both count from 1.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}
