//! Calls of functions by clients.

use super::denied;
use crate::api::data::Failure;
use crate::emulator::environment::Environment;
use crate::emulator::permissions::Resource;
use crate::emulator::principal::Principal;
use crate::rules::decision::{Scope, Subject, decide};

/// Checks whether somebody may call a function.
///
/// # Errors
/// The environment's rules for functions deny it: `PERMISSION_DENIED`.
pub fn check(environment: &Environment, principal: &Principal, function: &str) -> Result<(), Failure> {
    let Principal::Client(user) = principal else { return Ok(()) };
    let permission = environment.permissions.of(&Resource::Functions);
    let denial = denied::denial(user.as_ref(), function, "invoke", &permission);
    let refused = || Failure::new("PERMISSION_DENIED", "Permission denied");
    let Some(text) = permission.rule() else {
        denied::tell_plain(environment, denial, "a preset is no permission of functions");
        return Err(refused());
    };
    let rules = match environment.access.invoke_rules(text) {
        Ok(rules) => rules,
        Err(broken) => {
            denied::tell_plain(environment, denial, broken.to_string());
            return Err(refused());
        }
    };
    let Some(rule) = rules.of(function) else { return Err(refused()) };
    let auth = user.as_ref().map(|user| user.auth());
    let scope = Scope {
        auth: auth.as_ref(),
        now: environment.config.clock.now(),
        doc: Subject::Document(None),
        data: None,
        resource: None,
    };
    let decision = decide(rule, &scope, &mut |_, _| Ok(None));
    if decision.allowed {
        return Ok(());
    }
    denied::tell(environment, denied::by_rule(denial, rule, &decision));
    Err(refused())
}
