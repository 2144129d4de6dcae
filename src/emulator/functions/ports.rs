//! Where the inspectors of functions listen: a port for each function, the same for all its code to come.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// The ports given so far.
pub(super) struct Ports {
    /// The first one; 0 gives any that are free. `None`: no function is inspected.
    first: Option<u16>,
    given: Mutex<BTreeMap<String, u16>>,
}

impl Ports {
    pub fn from(first: Option<u16>) -> Self {
        Ports { first, given: Mutex::default() }
    }

    /// Returns the port of a function, which is its own from now on.
    pub fn of(&self, function: &str) -> Option<u16> {
        let first = self.first?;
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(port) = given.get(function) {
            return Some(*port);
        }
        let port = match first {
            0 => listen(0)?,
            _ => (first..).filter(|port| !given.values().any(|taken| taken == port)).find_map(listen)?,
        };
        given.insert(function.to_owned(), port);
        Some(port)
    }
}

/// Returns the port that was free a moment ago: that one, or any for 0.
fn listen(port: u16) -> Option<u16> {
    Some(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?.local_addr().ok()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_keeps_its_port_and_shares_it_with_nobody() {
        let busy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let first = busy.local_addr().expect("an address").port();
        let ports = Ports::from(Some(first));
        let (a, b) = (ports.of("a").expect("a port"), ports.of("b").expect("a port"));
        assert!(first < a && a < b, "{first} is taken, {a} {b}");
        assert_eq!((ports.of("a"), ports.of("b")), (Some(a), Some(b)));
        assert_eq!(Ports::from(None).of("a"), None);
    }
}
