//! Files: who may get a link to one, and who may write it.

use bson::{Document, doc};

use super::{denied, owners};
use crate::api::data::Failure;
use crate::emulator::environment::Environment;
use crate::emulator::permissions::Resource;
use crate::emulator::principal::{Principal, User};
use crate::model::permission::Permission;
use crate::rules::Operation;
use crate::rules::decision::{Scope, Subject, decide};

/// The code of a denial.
pub const DENIED: &str = "STORAGE_EXCEED_AUTHORITY";

/// What somebody wants with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// A link to its bytes.
    Read,
    /// To store, replace or remove it.
    Write,
}

/// Checks whether somebody may use a file, which need not exist. A new file is its writer's.
///
/// # Errors
/// The permission of files denies it: `STORAGE_EXCEED_AUTHORITY`.
pub fn check(environment: &Environment, principal: &Principal, how: Use, key: &str) -> Result<(), Failure> {
    let Principal::Client(user) = principal else { return Ok(()) };
    let owner = match environment.storage.get(key) {
        Ok(object) => object.owner,
        Err(_) if how == Use::Write => user.as_ref().map(|user| user.owner().to_owned()),
        Err(_) => None,
    };
    let permission = environment.permissions.of(&Resource::Storage);
    let is_allowed = match permission.rule() {
        None => by_preset(environment, user.as_ref(), how, key, owner.as_deref(), &permission),
        Some(rule) => by_rule(environment, user.as_ref(), how, key, owner.as_deref(), rule),
    };
    if is_allowed { Ok(()) } else { Err(Failure::new(DENIED, "storage permission denied")) }
}

impl Use {
    fn name(self) -> &'static str {
        match self {
            Use::Read => "read",
            Use::Write => "write",
        }
    }
}

fn by_preset(
    environment: &Environment,
    user: Option<&User>,
    how: Use,
    key: &str,
    owner: Option<&str>,
    permission: &Permission,
) -> bool {
    let is_own = || owner.is_some_and(|owner| owners(user).contains(&owner));
    let (is_allowed, why) = match (permission, how) {
        (Permission::ReadOnly | Permission::AdminWrite, Use::Read) => return true,
        (Permission::ReadOnly | Permission::Private, _) => (
            is_own(),
            format!("the file is {}", owner.map_or("nobody's".into(), |owner| format!("{owner}'s"))),
        ),
        _ => (false, "only an admin may".to_owned()),
    };
    if !is_allowed {
        denied::tell_plain(environment, denied::denial(user, key, how.name(), permission), why);
    }
    is_allowed
}

fn by_rule(
    environment: &Environment,
    user: Option<&User>,
    how: Use,
    key: &str,
    owner: Option<&str>,
    text: &str,
) -> bool {
    let denial = denied::denial(user, key, how.name(), &Permission::Custom(String::new()));
    let operation = match how {
        Use::Read => Operation::Read,
        // Files have one rule for every way of writing.
        Use::Write => Operation::Update,
    };
    let rules = match environment.access.rules(text) {
        Ok(rules) => rules,
        Err(broken) => {
            denied::tell_plain(environment, denial, broken.to_string());
            return false;
        }
    };
    let Some((_, rule)) = rules.of(operation) else {
        denied::tell_plain(environment, denial, format!("there is no rule for `{}`", how.name()));
        return false;
    };
    let mut resource = doc! { "path": key };
    if let Some(owner) = owner {
        resource.insert("openid", owner);
    }
    let auth: Option<Document> = user.map(User::auth);
    let scope = Scope {
        auth: auth.as_ref(),
        now: environment.config.clock.now(),
        doc: Subject::Document(None),
        data: None,
        resource: Some(&resource),
    };
    let decision = decide(rule, &scope, &mut |_, _| Err("a rule of files reads no documents".into()));
    if !decision.allowed {
        denied::tell(environment, denied::by_rule(denial, rule, &decision));
    }
    decision.allowed
}
