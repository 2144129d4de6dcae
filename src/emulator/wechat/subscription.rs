//! Which subscription messages people accept: one that is accepted is one that may be sent. See
//! `docs/wire.md#wechat-messages`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::refusal::{Refusal, Result};

/// How many messages may be sent yet, by template and openid.
///
/// A template that nobody was ever asked about is accepted by everybody, always: most projects never say who accepts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Subscriptions(BTreeMap<String, BTreeMap<String, u64>>);

impl Subscriptions {
    /// Has a person accept so many messages more; none is a refusal, which counts from now on too.
    pub fn grant(&mut self, template: &str, openid: &str, times: u64) {
        let people = self.0.entry(template.to_owned()).or_default();
        let left = people.entry(openid.to_owned()).or_default();
        *left = left.saturating_add(times);
    }

    /// Uses up one; returns whether anything was counted.
    pub fn use_up(&mut self, template: &str, openid: &str) -> Result<bool> {
        let Some(people) = self.0.get_mut(template) else { return Ok(false) };
        match people.get_mut(openid) {
            Some(left @ 1..) => {
                *left -= 1;
                Ok(true)
            }
            _ => Err(Refusal::unaccepted()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_accepted_is_one_that_may_be_sent() {
        let mut subscriptions = Subscriptions::default();
        assert_eq!(subscriptions.use_up("t", "o-1"), Ok(false));
        subscriptions.grant("t", "o-1", 1);
        subscriptions.grant("t", "o-1", 1);
        subscriptions.grant("t", "o-2", 0);
        for (template, openid, outcome) in [
            ("t", "o-1", Ok(true)),
            ("t", "o-1", Ok(true)),
            ("t", "o-1", Err(Refusal::unaccepted())),
            ("t", "o-2", Err(Refusal::unaccepted())),
            ("t", "o-nobody-asked", Err(Refusal::unaccepted())),
            ("other", "o-1", Ok(false)),
        ] {
            assert_eq!(subscriptions.use_up(template, openid), outcome, "{template} {openid}");
        }
        subscriptions.grant("t", "o-1", u64::MAX);
        subscriptions.grant("t", "o-1", 1);
        assert_eq!(subscriptions.use_up("t", "o-1"), Ok(true));
    }
}
