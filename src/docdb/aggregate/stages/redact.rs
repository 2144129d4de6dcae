//! `$redact`: keeps, prunes or descends into each level of a document.

use bson::{Bson, Document};

use super::{Documents, Stage};
use crate::docdb::aggregate::Context;
use crate::docdb::aggregate::expression::{Expression, Names, Scope, Value};
use crate::docdb::{Error, Result};

struct Redact(Expression);

/// The variables that a decision is, and what they hold.
const DECISIONS: [&str; 3] = ["DESCEND", "PRUNE", "KEEP"];

pub(super) fn parse(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    Ok(Box::new(Redact(Expression::parse_in(specification, &names.with(DECISIONS))?)))
}

impl Redact {
    fn level(&self, level: Document, scope: &Scope) -> Result<Option<Document>> {
        let current: Value = Some(Bson::Document(level));
        let frame = scope.bind("CURRENT", &current);
        let decision = self.0.value(&scope.inside(&frame))?;
        let Some(Bson::Document(level)) = current else { return Ok(None) };
        match decision.as_ref().and_then(Bson::as_str) {
            Some("KEEP") => Ok(Some(level)),
            Some("PRUNE") => Ok(None),
            Some("DESCEND") => {
                let mut kept = Document::new();
                for (name, value) in level {
                    if let Some(value) = self.inside(value, scope)? {
                        kept.insert(name, value);
                    }
                }
                Ok(Some(kept))
            }
            _ => Err(Error::invalid(17053, "`$redact` must give `$$DESCEND`, `$$PRUNE` or `$$KEEP`")),
        }
    }

    fn inside(&self, value: Bson, scope: &Scope) -> Result<Option<Bson>> {
        match value {
            Bson::Document(document) => Ok(self.level(document, scope)?.map(Bson::Document)),
            Bson::Array(items) => {
                let kept = items.into_iter().filter_map(|it| self.inside(it, scope).transpose());
                Ok(Some(Bson::Array(kept.collect::<Result<_>>()?)))
            }
            other => Ok(Some(other)),
        }
    }
}

impl Stage for Redact {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        Ok(Box::new(input.filter_map(move |document| {
            let redact = |document: Document| {
                let [descend, prune, keep] = DECISIONS.map(|it| Some(Bson::String(it.to_owned())));
                let scope = ctx.scope(&document);
                let frame = scope.bind("DESCEND", &descend);
                let scope = scope.inside(&frame);
                let frame = scope.bind("PRUNE", &prune);
                let scope = scope.inside(&frame);
                let frame = scope.bind("KEEP", &keep);
                self.level(document.clone(), &scope.inside(&frame))
            };
            document.and_then(redact).transpose()
        })))
    }
}
