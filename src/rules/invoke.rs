//! Rules for calls of functions: who may call which.

use serde_json::Value;

use super::expression::Expression;

/// What stands for every function without a rule of its own.
const EVERY: &str = "*";

/// The only rules there are for a call, as they are written in JSON (`docs/wire.md#permissions`).
pub const RULES: [&str; 4] =
    ["true", "false", "auth != null", "auth.loginType != 'ANONYMOUS' && auth != null"];

/// What holds for functions that nobody wrote a rule for: whoever is logged in calls them.
pub const DEFAULT: &str = "auth != null";

/// The rules of an environment's functions. Invariant: there is one for [`EVERY`].
#[derive(Debug, Clone)]
pub struct InvokeRules(Vec<(String, Expression)>);

/// Why rules for calls cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("the rules are not JSON: {0}")]
    Json(String),
    #[error("the rules are not an object")]
    Shape,
    #[error("there is no rule `*` for the functions that have none of their own")]
    Every,
    #[error("the rule of `{function}` is not {{\"invoke\": …}}")]
    Entry { function: String },
    #[error("the rule of `{function}` is not one of `{}`", RULES.join("`, `"))]
    Rule { function: String },
}

impl InvokeRules {
    /// Reads rules as JSON text: `{"*": {"invoke": "auth != null"}, "login": {"invoke": true}}`.
    ///
    /// # Errors
    /// The text is not such an object, or a rule is none of the [`RULES`].
    pub fn parse(json: &str) -> Result<Self, Broken> {
        let value: Value = serde_json::from_str(json).map_err(|error| Broken::Json(error.to_string()))?;
        let object = value.as_object().ok_or(Broken::Shape)?;
        let mut rules = Vec::with_capacity(object.len());
        for (function, entry) in object {
            let entry = entry.as_object().filter(|entry| entry.len() == 1);
            let rule = entry.and_then(|entry| entry.get("invoke"));
            let rule = rule.ok_or_else(|| Broken::Entry { function: function.clone() })?;
            let rule = read(rule).ok_or_else(|| Broken::Rule { function: function.clone() })?;
            rules.push((function.clone(), rule));
        }
        let rules = InvokeRules(rules);
        if rules.named(EVERY).is_none() { Err(Broken::Every) } else { Ok(rules) }
    }

    /// Returns the rule of a function: its own, or that of all.
    pub fn of(&self, function: &str) -> Option<&Expression> {
        self.named(function).or_else(|| self.named(EVERY))
    }

    fn named(&self, function: &str) -> Option<&Expression> {
        self.0.iter().find(|(name, _)| name == function).map(|(_, rule)| rule)
    }
}

/// Reads a rule; blanks do not count, nor does the kind of quotes.
fn read(rule: &Value) -> Option<Expression> {
    let text = match rule {
        Value::Bool(flag) => flag.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    let plain = |text: &str| text.replace(char::is_whitespace, "").replace('"', "'");
    let known = RULES.iter().any(|known| plain(known) == plain(&text));
    known.then(|| Expression::parse(&text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_its_own_rule_or_that_of_all() {
        let text = r#"{"*":{"invoke":"auth!=null"},"board":{"invoke":true},"pay":{"invoke":"auth.loginType != \"ANONYMOUS\" && auth != null"}}"#;
        let rules = InvokeRules::parse(text).expect("rules");
        let of = |name| rules.of(name).map(Expression::text);
        assert_eq!((of("board"), of("login")), (Some("true"), Some("auth!=null")));
        for (wrong, why) in [
            ("{", "not JSON"),
            ("[]", "not an object"),
            (r#"{"login":{"invoke":true}}"#, "no rule `*`"),
            (r#"{"*":true}"#, "not {\"invoke\": …}"),
            (r#"{"*":{"invoke":true,"read":true}}"#, "not {\"invoke\": …}"),
            (r#"{"*":{"invoke":"auth.uid == 'x'"}}"#, "not one of `true`, `false`"),
            (r#"{"*":{"invoke":1}}"#, "not one of"),
        ] {
            let broken = InvokeRules::parse(wrong).expect_err(wrong).to_string();
            assert!(broken.contains(why), "{wrong}: {broken}");
        }
    }
}
