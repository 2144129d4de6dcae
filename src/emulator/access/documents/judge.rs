//! The decision: what a permission makes of a request.

use bson::{Bson, DateTime, Document};

use super::filter::{also, guarding};
use super::owner::own;
use super::{Documents, Result};
use crate::api::data::Failure;
use crate::emulator::access::denied;
use crate::emulator::database::limits;
use crate::emulator::event::{self, Event};
use crate::emulator::permissions::Resource;
use crate::emulator::principal::User;
use crate::model::denial::{Clause, Denial};
use crate::model::permission::Permission;
use crate::rules::Operation;
use crate::rules::decision::{Decision, Guard, Scope, Subject, decide};
use crate::rules::expression::Expression;
use crate::rules::payload::Payload;
use crate::rules::query::{Query, fill, not_judged};
use crate::text;

/// What a client wants to do.
pub(super) struct Asked<'a> {
    pub user: Option<&'a User>,
    pub collection: &'a str,
    pub operation: Operation,
    /// What it writes.
    pub payload: Option<&'a Payload>,
}

/// What a preset makes of a request.
enum Share {
    All,
    /// What is the caller's; nobody has anything.
    Own,
    Nothing,
}

impl Documents {
    /// Whether the collection has a rule rather than a preset.
    pub(super) fn has_rules(&self, collection: &str) -> bool {
        self.permission(collection).rule().is_some()
    }

    /// Puts the caller in place of `'{openid}'` and `'{uid}'`.
    pub(super) fn fill(&self, user: Option<&User>, filter: &mut Document) {
        let id = |of: fn(&User) -> Option<&str>| user.and_then(of);
        fill(filter, id(|user| user.openid.as_deref()), id(|user| user.uid.as_deref()));
    }

    /// Returns the filter to execute: the client's, with what its permission adds.
    ///
    /// # Errors
    /// The permission denies the query.
    pub(super) fn within(&self, asked: &Asked<'_>, filter: Document) -> Result<Document> {
        let permission = self.permission(asked.collection);
        let Some(text) = permission.rule() else {
            return match share(&permission, asked.operation) {
                Share::All => Ok(filter),
                Share::Own => match own(asked.user) {
                    Some(own) => Ok(also(filter, own)),
                    None => Err(self.deny(asked, &permission, Some(&filter), "nobody is logged in")),
                },
                Share::Nothing => Err(self.deny(asked, &permission, Some(&filter), "only an admin may")),
            };
        };
        let query = Query::of(&filter)
            .map_err(|error| self.deny(asked, &permission, Some(&filter), error.to_string()))?;
        let guards = self.judge(asked, text, Subject::Query(&query), Some(&filter))?;
        Ok(also(filter, guarding(&guards)))
    }

    /// Returns the part of an allowed filter that makes what it finds readable, whatever its other conditions; `None` when
    /// no part does.
    pub(super) fn bound(&self, asked: &Asked<'_>, filter: &Document) -> Option<Document> {
        let permission = self.permission(asked.collection);
        let Some(text) = permission.rule() else {
            return match share(&permission, asked.operation) {
                Share::All => Some(Document::new()),
                Share::Own => own(asked.user),
                Share::Nothing => None,
            };
        };
        let rules = self.environment.access.rules(text).ok()?;
        let (_, rule) = rules.of(asked.operation)?;
        let decide = |filter: &Document| {
            let query = Query::of(filter).ok()?;
            Some(self.decide(asked, rule, Subject::Query(&query))).filter(|it| it.allowed)
        };
        let decisive = decide(filter)?.guards;
        let is_decisive = |path: &str| path.starts_with('$') || decisive.iter().any(|it| it.path == path);
        let part = filter.iter().filter(|(path, _)| is_decisive(path));
        let part: Document = part.map(|(path, condition)| (path.clone(), condition.clone())).collect();
        let guards = decide(&part)?.guards;
        Some(also(part, guarding(&guards)))
    }

    /// Decides by a rule on one document, or on its lack.
    pub(super) fn judge_one(
        &self,
        asked: &Asked<'_>,
        filter: &Document,
        document: Option<&Document>,
    ) -> Result<()> {
        let permission = self.permission(asked.collection);
        let Some(text) = permission.rule() else { return Ok(()) };
        self.judge(asked, text, Subject::Document(document), Some(filter)).map(drop)
    }

    /// Decides whether the caller may create a document.
    pub(super) fn judge_new(&self, asked: &Asked<'_>, document: &Document) -> Result<()> {
        let permission = self.permission(asked.collection);
        match permission.rule() {
            Some(text) => self.judge(asked, text, Subject::Document(Some(document)), None).map(drop),
            None => match share(&permission, asked.operation) {
                Share::Nothing => Err(self.deny(asked, &permission, None, "only an admin may")),
                Share::All | Share::Own if own(asked.user).is_none() => {
                    Err(self.deny(asked, &permission, None, "nobody is logged in"))
                }
                Share::All | Share::Own => Ok(()),
            },
        }
    }

    fn judge(
        &self,
        asked: &Asked<'_>,
        text: &str,
        subject: Subject<'_>,
        filter: Option<&Document>,
    ) -> Result<Vec<Guard>> {
        let permission = || Permission::Custom(String::new());
        let rules = self
            .environment
            .access
            .rules(text)
            .map_err(|broken| self.deny(asked, &permission(), filter, broken.to_string()))?;
        let Some((_, rule)) = rules.of(asked.operation) else {
            let why = format!("there is no rule for `{}`", asked.operation.name());
            return Err(self.deny(asked, &permission(), filter, why));
        };
        let decision = self.decide(asked, rule, subject);
        let is_by_id = matches!(subject, Subject::Document(_)) && filter.is_some();
        if decision.allowed {
            if is_by_id {
                self.hint(asked, rule);
            }
            return Ok(decision.guards);
        }
        Err(self.deny_by_rule(asked, rule, &decision, filter.filter(|_| !is_by_id)))
    }

    fn decide(&self, asked: &Asked<'_>, rule: &Expression, subject: Subject<'_>) -> Decision {
        let auth = asked.user.map(User::auth);
        let scope =
            Scope { auth: auth.as_ref(), now: self.now(), doc: subject, data: asked.payload, resource: None };
        decide(rule, &scope, &mut |collection, id| self.document(collection, id))
    }

    /// Whether the caller may read a document; a preset lets nobody change what is not readable. Nothing is told.
    pub(super) fn is_readable(&self, asked: &Asked<'_>, document: &Document) -> bool {
        let asked = Asked { operation: Operation::Read, payload: None, ..*asked };
        let permission = self.permission(asked.collection);
        let Some(text) = permission.rule() else { return true };
        let rules = self.environment.access.rules(text);
        rules.is_ok_and(|rules| {
            let rule = rules.of(Operation::Read);
            rule.is_some_and(|(_, rule)| self.decide(&asked, rule, Subject::Document(Some(document))).allowed)
        })
    }

    /// Tells once that a mini program may be refused what is allowed here: the platform's two descriptions differ.
    fn hint(&self, asked: &Asked<'_>, rule: &Expression) {
        let (collection, operation) = (asked.collection, asked.operation.name());
        let is_meant = rule.asks_about_doc() && asked.user.is_some_and(User::is_in_mini_program);
        if is_meant && self.environment.access.is_news(format!("{operation} {collection}")) {
            let hint = text! {
                en: "{collection}: `{operation}` by id under a rule about `doc` may be refused to a mini program; `where({{ _id, … }})` with the rule's conditions never is",
                zh: "{collection}：规则用到 `doc` 时，小程序按 ID 的 `{operation}` 可能被拒绝；建议改用 `where({{ _id, … }})` 并带上规则要求的条件"
            };
            event::tell(&self.environment.events, Event::Warning(hint));
        }
    }

    /// Reads what `get()` asks for.
    fn document(&self, collection: &str, id: &str) -> std::result::Result<Option<Document>, String> {
        let query = crate::docdb::query::Query {
            filter: bson::doc! { "_id": id },
            sort: Document::new(),
            skip: 0,
            limit: Some(1),
            projection: Document::new(),
            now: DateTime::from_millis(self.now()),
        };
        let found = self.database().find(collection, None, query, limits::SERVER);
        let found = match found {
            // What lies in a collection that is not there is not there.
            Err(failure) if failure.code == "DATABASE_COLLECTION_NOT_EXIST" => return Ok(None),
            found => found.map_err(|failure| failure.message)?,
        };
        let document = found.documents.first().map(|raw| Document::try_from(raw.as_ref()));
        document.transpose().map_err(|error| error.to_string())
    }

    fn permission(&self, collection: &str) -> Permission {
        self.environment.permissions.of(&Resource::Collection(collection.to_owned()))
    }

    /// Denies whatever the permission says.
    pub(super) fn deny_plainly(
        &self,
        user: Option<&User>,
        collection: &str,
        operation: Operation,
        why: &str,
    ) -> Failure {
        let asked = Asked { user, collection, operation, payload: None };
        self.deny(&asked, &self.permission(collection), None, why)
    }

    fn deny(
        &self,
        asked: &Asked<'_>,
        permission: &Permission,
        filter: Option<&Document>,
        why: impl Into<String>,
    ) -> Failure {
        let denial = Denial { query: filter.map(shown), ..self.denial(asked, permission) };
        denied::tell_plain(&self.environment, denial, why);
        refused()
    }

    fn deny_by_rule(
        &self,
        asked: &Asked<'_>,
        rule: &Expression,
        decision: &Decision,
        filter: Option<&Document>,
    ) -> Failure {
        let denial = self.denial(asked, &Permission::Custom(String::new()));
        let mut denial = denied::by_rule(denial, rule, decision);
        if let Some(filter) = filter {
            for operator in not_judged(filter) {
                let why = format!("`{operator}` says nothing to a rule");
                denial.reasons.push(Clause::without_rule(why));
            }
            let missing = decision.missing.clone().filter(|missing| !missing.is_empty());
            denial.query = Some(shown(filter));
            denial.allowed = missing.map(|missing| shown(&also(filter.clone(), missing)));
        }
        denied::tell(&self.environment, denial);
        refused()
    }

    fn denial(&self, asked: &Asked<'_>, permission: &Permission) -> Denial {
        denied::denial(asked.user, asked.collection, asked.operation.name(), permission)
    }
}

fn refused() -> Failure {
    Failure::new("DATABASE_PERMISSION_DENIED", "Permission denied")
}

fn shown(filter: &Document) -> String {
    Bson::Document(filter.clone()).into_relaxed_extjson().to_string()
}

fn share(permission: &Permission, operation: Operation) -> Share {
    match (permission, operation) {
        (Permission::ReadOnly | Permission::AdminWrite, Operation::Read) => Share::All,
        (Permission::Private, Operation::Read) => Share::Own,
        (
            Permission::ReadOnly | Permission::Private,
            Operation::Create | Operation::Update | Operation::Delete,
        ) => Share::Own,
        (Permission::AdminWrite | Permission::AdminOnly | Permission::Custom(_), _) => Share::Nothing,
    }
}
