//! A denial, told to the developer at the terminal and in the log.

use super::owners;
use crate::emulator::environment::Environment;
use crate::emulator::event::{self, Event};
use crate::emulator::logs::LogRecord;
use crate::emulator::principal::User;
use crate::model::denial::{Clause, Denial};
use crate::model::level::Level;
use crate::model::permission::Permission;
use crate::rules::decision::Decision;
use crate::rules::expression::Expression;

/// Begins a denial.
pub(super) fn denial(
    user: Option<&User>,
    resource: &str,
    operation: &str,
    permission: &Permission,
) -> Denial {
    Denial {
        resource: resource.to_owned(),
        operation: operation.to_owned(),
        caller: owners(user).first().map(|id| (*id).to_owned()),
        permission: permission.tag().to_owned(),
        ..Denial::default()
    }
}

/// Returns a denial with what a rule's decision says.
pub(super) fn by_rule(denial: Denial, rule: &Expression, decision: &Decision) -> Denial {
    let reasons = decision.reasons.iter();
    let reasons =
        reasons.map(|reason| Clause { clause: reason.clause.clone(), because: reason.because.clone() });
    Denial { rule: Some(rule.text().to_owned()), reasons: reasons.collect(), ..denial }
}

/// Tells of a denial whose reason no rule is.
pub(super) fn tell_plain(environment: &Environment, denial: Denial, why: impl Into<String>) {
    tell(environment, Denial { reasons: vec![Clause::without_rule(why)], ..denial });
}

/// Tells of a denial. None of it goes to the client.
pub(super) fn tell(environment: &Environment, denial: Denial) {
    environment.logs.keep([LogRecord {
        time: environment.config.clock.now(),
        function: if denial.operation == "invoke" { denial.resource.clone() } else { String::new() },
        request_id: String::new(),
        level: Level::Warn,
        message: denial.sentence().en,
        denial: Some(Box::new(denial.clone())),
    }]);
    event::tell(&environment.events, Event::Denied(Box::new(denial)));
}
