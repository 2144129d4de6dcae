//! Which clauses of which rules the tests saw true, and which not.

use std::ops::Range;
use std::path::PathBuf;

use serde::Serialize;

use crate::rules::decision::Decision;
use crate::rules::expression::Expression;

/// What tests looked at. Presets, and the fixed rules of functions, have no clauses.
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
    /// A collection's name; absent for files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    pub rule: String,
    pub clause: String,
    #[serde(skip)]
    pub span: Range<usize>,
    /// The whole rule, in which `span` lies.
    #[serde(skip)]
    pub text: String,
    pub is_true: u64,
    pub is_not: u64,
    /// The file that has the rule, and the line of the clause in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A line of a file, from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    pub path: PathBuf,
    pub line: usize,
}

impl Coverage {
    pub fn new(clauses: Vec<Clause>) -> Self {
        let seen = clauses.iter().map(Clause::seen).sum::<u64>();
        let wanted = clauses.iter().map(Clause::outcomes).sum::<u64>();
        let percent = if wanted == 0 { 100.0 } else { seen as f64 * 100.0 / wanted as f64 };
        Coverage { clauses, percent }
    }

    /// Returns the clauses of each rule together, in the order they were read.
    pub fn rules(&self) -> impl Iterator<Item = &[Clause]> {
        self.clauses.chunk_by(|one, other| {
            (&one.collection, &one.rule, &one.text) == (&other.collection, &other.rule, &other.text)
        })
    }
}

impl Clause {
    /// Returns how many outcomes a clause can have: a plain `true` has one.
    pub fn outcomes(&self) -> u64 {
        if matches!(self.clause.trim(), "true" | "false") { 1 } else { 2 }
    }

    /// Returns how many of them were seen.
    pub fn seen(&self) -> u64 {
        u64::from(self.is_true > 0) + u64::from(self.is_not > 0)
    }
}

/// Adds the clauses of a rule, unless they are there.
pub(super) fn add(
    clauses: &mut Vec<Clause>,
    collection: Option<&str>,
    rule: &str,
    expression: &Expression,
    place: &dyn Fn(&Range<usize>) -> Option<Place>,
) {
    let is_known = |it: &Clause| {
        it.collection.as_deref() == collection && it.rule == rule && it.text == expression.text()
    };
    if clauses.iter().any(is_known) {
        return;
    }
    clauses.extend(expression.clauses().into_iter().map(|span| Clause {
        collection: collection.map(str::to_owned),
        rule: rule.to_owned(),
        clause: expression.text().get(span.clone()).unwrap_or_default().to_owned(),
        text: expression.text().to_owned(),
        is_true: 0,
        is_not: 0,
        place: place(&span),
        span,
    }));
}

/// Counts what a decision looked at.
pub(super) fn count(
    clauses: &mut [Clause],
    collection: Option<&str>,
    rule: &str,
    expression: &Expression,
    decision: &Decision,
) {
    for (span, truth) in &decision.seen {
        let is_meant = |it: &&mut Clause| {
            it.span == *span
                && it.collection.as_deref() == collection
                && it.rule == rule
                && it.text == expression.text()
        };
        if let Some(clause) = clauses.iter_mut().find(is_meant) {
            *(if *truth { &mut clause.is_true } else { &mut clause.is_not }) += 1;
        }
    }
}
