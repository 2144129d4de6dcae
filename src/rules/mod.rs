//! Security rules: what a client may do, decided on its query and explained with the clause that decided.
//!
//! A rule is text like `doc._openid == auth.openid`. [`expression`] parses it, [`decision`] decides it, [`query`] turns a
//! client's filter into what is certain about every document it can find. This room knows no permissions' names, no
//! store and no wire; the documents that `get()` reads are handed in.

pub mod decision;
pub mod expression;
pub mod invoke;
pub mod payload;
pub mod query;

pub mod lint;
pub mod possible;
pub mod refusal;

mod blame;
mod compare;
mod outcomes;
mod parse;
mod place;
mod value;

#[cfg(test)]
pub(crate) mod tests;

use expression::{Expression, Problem};

/// What a client wants to do with documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    Read,
    Create,
    Update,
    Delete,
}

impl Operation {
    /// Returns its name as rules write it.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Read => "read",
            Operation::Create => "create",
            Operation::Update => "update",
            Operation::Delete => "delete",
        }
    }
}

/// What `auth.loginType` can be, where it is there.
pub const LOGIN_TYPES: [&str; 7] =
    ["ANONYMOUS", "CUSTOM", "EMAIL", "PHONE", "USERNAME", "WECHAT_PUBLIC", "WECHAT_OPEN"];

/// The names a rule may give rules for; `write` stands for those of the three below it that are not there.
pub const KEYS: [&str; 5] = ["read", "write", "create", "update", "delete"];

/// The rules of one collection, or of files.
#[derive(Debug, Clone)]
pub struct Rules(Vec<(String, Expression)>);

/// Why rules cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("the rules are not JSON: {0}")]
    Json(String),
    #[error("the rules are not an object")]
    Shape,
    #[error("there is no rule named `{0}`; there are `read`, `write`, `create`, `update` and `delete`")]
    Key(String),
    #[error("the rule `{key}` is neither true, false nor an expression")]
    Kind { key: String },
    #[error("the rule `{key}` is wrong at character {}: {problem}", .problem.character(.text))]
    Expression {
        key: String,
        /// The expression's text, in which `problem` has its place.
        text: String,
        #[source]
        problem: Problem,
    },
}

impl Rules {
    /// Reads rules as JSON text: `{"read": true, "write": "doc._openid == auth.openid"}`.
    ///
    /// # Errors
    /// The text is not such an object, or an expression in it is wrong.
    pub fn parse(json: &str) -> Result<Self, Broken> {
        let value: serde_json::Value =
            serde_json::from_str(json).map_err(|error| Broken::Json(error.to_string()))?;
        let object = value.as_object().ok_or(Broken::Shape)?;
        let mut rules = Vec::with_capacity(object.len());
        for (key, rule) in object {
            if !KEYS.contains(&key.as_str()) {
                return Err(Broken::Key(key.clone()));
            }
            let text = match rule {
                serde_json::Value::Bool(flag) => flag.to_string(),
                serde_json::Value::String(text) => text.clone(),
                _ => return Err(Broken::Kind { key: key.clone() }),
            };
            let expression = Expression::parse(&text).map_err(|problem| Broken::Expression {
                key: key.clone(),
                text,
                problem,
            })?;
            rules.push((key.clone(), expression));
        }
        Ok(Rules(rules))
    }

    /// Returns the rule of an operation and the name it has; `None` denies.
    pub fn of(&self, operation: Operation) -> Option<(&str, &Expression)> {
        let named = |name: &str| {
            self.0.iter().find(|(key, _)| key == name).map(|(key, expression)| (key.as_str(), expression))
        };
        named(operation.name()).or_else(|| match operation {
            Operation::Read => None,
            Operation::Create | Operation::Update | Operation::Delete => named("write"),
        })
    }

    /// Returns every rule with its name, in the order they are written.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Expression)> {
        self.0.iter().map(|(key, expression)| (key.as_str(), expression))
    }
}
