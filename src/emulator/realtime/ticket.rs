//! Tickets: what `auth.wsWebSign` hands out over HTTP, and a socket shows to say in whose name it listens.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::emulator::principal::Principal;
use crate::model::clock::{Clock, Ids, Millis};

/// How long a ticket is good, in milliseconds. Clients fetch one for each login.
const LIFE: Millis = 5 * 60_000;
/// How many are kept; the oldest go.
const KEPT: usize = 10_000;

/// Why a ticket does not let its bearer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the ticket is not known")]
    Unknown,
    #[error("the ticket is too old")]
    Expired,
}

/// The tickets that were handed out.
#[derive(Debug)]
pub struct Tickets {
    clock: Clock,
    ids: Ids,
    given: Mutex<HashMap<String, (Principal, Millis)>>,
}

impl Tickets {
    pub fn new(clock: Clock, ids: Ids) -> Self {
        Tickets { clock, ids, given: Mutex::default() }
    }

    /// Returns a ticket in somebody's name.
    pub fn give(&self, principal: &Principal) -> String {
        let (ticket, now) = (self.ids.request(), self.clock.now());
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.len() >= KEPT {
            given.retain(|_, (_, until)| now < *until);
        }
        if given.len() >= KEPT
            && let Some(oldest) = given.iter().min_by_key(|(_, (_, until))| *until).map(|(it, _)| it.clone())
        {
            given.remove(&oldest);
        }
        given.insert(ticket.clone(), (principal.clone(), now + LIFE));
        ticket
    }

    /// Returns in whose name a ticket is.
    pub fn read(&self, ticket: &str) -> Result<Principal, Refused> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        match given.get(ticket) {
            Some((principal, until)) if self.clock.now() < *until => Ok(principal.clone()),
            Some(_) => Err(Refused::Expired),
            None => Err(Refused::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_says_whose_it_is_for_a_while() {
        let clock = Clock::frozen(1);
        let tickets = Tickets::new(clock.clone(), Ids::default());
        let nobody = Principal::Client(None);
        let (admin, guest) = (tickets.give(&Principal::Admin), tickets.give(&nobody));
        assert_eq!((tickets.read(&admin), tickets.read(&guest)), (Ok(Principal::Admin), Ok(nobody.clone())));
        assert_eq!(tickets.read("x"), Err(Refused::Unknown));
        clock.advance(LIFE);
        assert_eq!(tickets.read(&admin), Err(Refused::Expired));
        for _ in 0..KEPT + 1 {
            tickets.give(&nobody);
        }
        assert_eq!(tickets.read(&admin), Err(Refused::Unknown));
    }
}
