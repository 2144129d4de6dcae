//! Why a client was denied something, for the developer alone: a client reads a code and no more.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::Text;
use crate::text;

/// A denial with what decided it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Denial {
    /// A collection's name, a file's path, a function's name.
    pub resource: String,
    /// `read`, `create`, `update`, `delete`, `write` or `invoke`.
    pub operation: String,
    /// The caller's openid or uid; absent: nobody is logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// A preset, or `CUSTOM`.
    pub permission: String,
    /// The rule that decided, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The clauses that denied.
    pub reasons: Vec<Clause>,
    /// What was asked for: a filter as Extended JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The filter that would have been allowed, as Extended JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
}

/// A clause that was not true.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Clause {
    /// A part of the rule; empty where no rule decided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub clause: String,
    /// The values that decided.
    pub because: Vec<String>,
}

impl Clause {
    /// Returns why something is denied whatever a rule says.
    pub fn without_rule(why: impl Into<String>) -> Self {
        Clause { clause: String::new(), because: vec![why.into()] }
    }
}

impl Denial {
    /// Returns what to tell: the denial, and on a line of its own what would have been allowed.
    pub fn sentence(&self) -> Text {
        let Denial { resource, operation, permission, .. } = self;
        let caller = self.caller.as_deref().unwrap_or("-");
        let why: Vec<String> = self.reasons.iter().map(Clause::to_string).collect();
        let why = why.join("; ");
        let mut told = text! {
            en: "{resource}  {operation} denied to {caller} ({permission}): {why}",
            zh: "{resource}  拒绝 {caller} 的 {operation} 操作（{permission}）：{why}"
        };
        if let Some(allowed) = &self.allowed {
            told.en.push_str(&format!("\nallowed: {allowed}"));
            told.zh.push_str(&format!("\n可用的查询：{allowed}"));
        }
        told
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let because = self.because.join(", ");
        match (self.clause.is_empty(), because.is_empty()) {
            (true, _) => f.write_str(&because),
            (false, true) => write!(f, "`{}`", self.clause),
            (false, false) => write!(f, "`{}`: {because}", self.clause),
        }
    }
}
