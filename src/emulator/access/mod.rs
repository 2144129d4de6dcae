//! What a client may do: the one place that decides for documents, files and functions, whatever the door.
//!
//! An admin passes. For a client a preset stands for a condition that is added to what it asks; a rule is decided on what
//! it asks, before anything is read or written. A denial tells the client its code and the developer why.

pub mod documents;
pub mod files;
pub mod functions;

mod denied;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::principal::User;
use crate::rules::invoke::{self, InvokeRules};
use crate::rules::{self, Rules};

/// Parsed rules that are kept; a project has fewer.
const KEPT: usize = 512;

/// What deciding remembers from one request to the next.
#[derive(Debug, Default)]
pub struct Access {
    rules: Mutex<HashMap<String, Result<Arc<Rules>, rules::Broken>>>,
    invoke_rules: Mutex<HashMap<String, Result<Arc<InvokeRules>, invoke::Broken>>>,
    /// What was told already and is told once.
    hinted: Mutex<HashSet<String>>,
    /// Held by whoever reads a document, decides, and writes it: two clients do not disturb each other.
    deciding: Mutex<()>,
}

impl Access {
    /// Returns the rules of a text.
    fn rules(&self, text: &str) -> Result<Arc<Rules>, rules::Broken> {
        parsed(&self.rules, text, |text| Rules::parse(text).map(Arc::new))
    }

    fn invoke_rules(&self, text: &str) -> Result<Arc<InvokeRules>, invoke::Broken> {
        parsed(&self.invoke_rules, text, |text| InvokeRules::parse(text).map(Arc::new))
    }

    /// Holds up other clients' decisions until the guard goes.
    fn decide_alone(&self) -> MutexGuard<'_, ()> {
        self.deciding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something is hinted at for the first time.
    fn is_news(&self, hint: String) -> bool {
        let mut hinted = self.hinted.lock().unwrap_or_else(PoisonError::into_inner);
        hinted.len() < KEPT && hinted.insert(hint)
    }
}

fn parsed<T: Clone>(kept: &Mutex<HashMap<String, T>>, text: &str, parse: impl FnOnce(&str) -> T) -> T {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(text) {
        return known.clone();
    }
    if kept.len() == KEPT {
        kept.clear();
    }
    let fresh = parse(text);
    kept.insert(text.to_owned(), fresh.clone());
    fresh
}

/// Returns the ids that a person's things may carry; nobody has none.
fn owners(user: Option<&User>) -> Vec<&str> {
    let ids = user.into_iter().flat_map(|user| [user.openid.as_deref(), user.uid.as_deref()]);
    ids.flatten().filter(|id| !id.is_empty()).collect()
}

#[cfg(test)]
pub(super) mod tests;
