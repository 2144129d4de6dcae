//! Packages on their way to a function, and functions that were changed a moment ago.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// Packages and links kept at most; the oldest make room.
const KEPT: usize = 32;

/// Bytes of packages kept at most, but for the newest package.
const KEPT_BYTES: usize = 512 << 20;

/// What clients are in the middle of. Nothing of it outlives the process.
#[derive(Debug, Default)]
pub struct Deployments(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Places given out for an upload: the key's suffix, and what the upload must show.
    places: VecDeque<(String, String)>,
    /// Packages of which parts arrived, by key; the parts by number.
    parts: VecDeque<(String, BTreeMap<u32, Bytes>)>,
    /// Packages that arrived, by key.
    packages: VecDeque<(String, Bytes)>,
    /// Links given out for a download: the secret part, and the function.
    links: VecDeque<(String, String)>,
    /// Functions whose next description still shows the change.
    settling: VecDeque<(String, &'static str)>,
}

/// Why an upload is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was not announced, or shows another signature.
    #[error("this place was not given out for an upload")]
    NotGivenOut,
    #[error("no part of the package has arrived")]
    NoParts,
    #[error("the package is over {} MB", .most >> 20)]
    TooLarge { most: usize },
    #[error("the package stopped before its end")]
    Interrupted,
}

impl Deployments {
    /// Announces an upload.
    pub fn expect(&self, key: String, signature: String) {
        remember(&mut self.state().places, key, signature);
    }

    /// Takes a package in.
    pub fn receive(&self, key: &str, signature: &str, package: Bytes) -> Result<(), Refusal> {
        let mut state = self.state();
        state.check(key, signature)?;
        remember(&mut state.packages, key.to_owned(), package);
        let mut bytes: usize = state.packages.iter().map(|(_, package)| package.len()).sum();
        while bytes > KEPT_BYTES && state.packages.len() > 1 {
            bytes -= state.packages.pop_front().map_or(0, |(_, package)| package.len());
        }
        Ok(())
    }

    /// Takes in one part of a package.
    pub fn receive_part(&self, key: &str, signature: &str, number: u32, part: Bytes) -> Result<(), Refusal> {
        let mut state = self.state();
        state.check(key, signature)?;
        let at = state.parts.iter().position(|(known, _)| known == key);
        let mut parts = at.and_then(|at| state.parts.remove(at)).map(|(_, parts)| parts).unwrap_or_default();
        parts.insert(number, part);
        if parts.values().map(Bytes::len).sum::<usize>() > KEPT_BYTES {
            return Err(Refusal::TooLarge { most: KEPT_BYTES });
        }
        remember(&mut state.parts, key.to_owned(), parts);
        Ok(())
    }

    /// Puts the parts of a package together, in the order of their numbers.
    pub fn complete(&self, key: &str, signature: &str) -> Result<(), Refusal> {
        let mut state = self.state();
        state.check(key, signature)?;
        let at = state.parts.iter().position(|(known, _)| known == key);
        let (_, parts) = at.and_then(|at| state.parts.remove(at)).ok_or(Refusal::NoParts)?;
        drop(state);
        let parts: Vec<Bytes> = parts.into_values().collect();
        self.receive(key, signature, parts.concat().into())
    }

    /// Returns a package that arrived. It stays: the official tool deploys one twice.
    pub fn package(&self, key: &str) -> Option<Bytes> {
        let state = self.state();
        state.packages.iter().find(|(known, _)| known == key).map(|(_, package)| package.clone())
    }

    /// Lets whoever knows `secret` download a function's package.
    pub fn offer(&self, secret: String, function: String) {
        remember(&mut self.state().links, secret, function);
    }

    /// Returns the function whose package a link leads to.
    pub fn offered(&self, secret: &str) -> Option<String> {
        let state = self.state();
        state.links.iter().find(|(known, _)| known == secret).map(|(_, function)| function.clone())
    }

    /// Makes the next description of a function show that it is being changed, as the cloud's does for a while: a client
    /// that does not wait for `Active` is found out here and not there.
    pub fn settle(&self, function: &str, status: &'static str) {
        remember(&mut self.state().settling, function.to_owned(), status);
    }

    /// Returns the status of a function that exists.
    pub fn status(&self, function: &str) -> &'static str {
        let mut state = self.state();
        let at = state.settling.iter().position(|(name, _)| name == function);
        at.and_then(|at| state.settling.remove(at)).map_or("Active", |(_, status)| status)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one step: after a panic elsewhere the lists are still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self, key: &str, signature: &str) -> Result<(), Refusal> {
        let is_announced = self.places.iter().any(|(place, expected)| place == key && expected == signature);
        if is_announced { Ok(()) } else { Err(Refusal::NotGivenOut) }
    }
}

/// Puts an entry at the end, over the one of the same key, and lets the oldest go.
fn remember<T>(entries: &mut VecDeque<(String, T)>, key: String, value: T) {
    entries.retain(|(known, _)| *known != key);
    entries.push_back((key, value));
    while entries.len() > KEPT {
        entries.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_announced_upload_is_taken() {
        let deployments = Deployments::default();
        deployments.expect("/d/a.zip".into(), "s1".into());
        let package = Bytes::from_static(b"zip");
        assert_eq!(deployments.receive("/d/a.zip", "s2", package.clone()), Err(Refusal::NotGivenOut));
        assert_eq!(deployments.receive("/d/b.zip", "s1", package.clone()), Err(Refusal::NotGivenOut));
        assert_eq!(deployments.receive("/d/a.zip", "s1", package.clone()), Ok(()));
        assert_eq!(deployments.package("/d/a.zip"), Some(package));
    }

    #[test]
    fn parts_make_a_package_in_the_order_of_their_numbers() {
        let deployments = Deployments::default();
        deployments.expect("/a".into(), "s".into());
        assert_eq!(deployments.complete("/a", "s"), Err(Refusal::NoParts));
        for (number, part) in [(10, "c"), (2, "x"), (1, "a"), (2, "b")] {
            assert_eq!(deployments.receive_part("/a", "s", number, part.into()), Ok(()));
        }
        assert_eq!(deployments.receive_part("/a", "other", 1, "x".into()), Err(Refusal::NotGivenOut));
        assert_eq!(deployments.complete("/a", "other"), Err(Refusal::NotGivenOut));
        assert_eq!(deployments.complete("/a", "s"), Ok(()));
        assert_eq!(deployments.package("/a"), Some(Bytes::from_static(b"abc")));
        assert_eq!(deployments.complete("/a", "s"), Err(Refusal::NoParts));
    }

    #[test]
    fn parts_that_are_too_large_together_are_refused_as_such() {
        let deployments = Deployments::default();
        deployments.expect("/a".into(), "s".into());
        let half = Bytes::from(vec![0; KEPT_BYTES / 2]);
        let taken = [1, 2, 3].map(|number| deployments.receive_part("/a", "s", number, half.clone()));
        assert_eq!(taken, [Ok(()), Ok(()), Err(Refusal::TooLarge { most: KEPT_BYTES })]);
        assert_eq!(Refusal::TooLarge { most: KEPT_BYTES }.to_string(), "the package is over 512 MB");
    }

    #[test]
    fn packages_do_not_fill_the_memory() {
        let deployments = Deployments::default();
        // Clones share the bytes.
        let package = Bytes::from(vec![0; KEPT_BYTES / 2]);
        for key in ["a", "b", "c"] {
            deployments.expect(key.into(), "s".into());
            assert_eq!(deployments.receive(key, "s", package.clone()), Ok(()));
        }
        assert_eq!(["a", "b", "c"].map(|key| deployments.package(key).is_some()), [false, true, true]);
    }

    #[test]
    fn a_change_shows_once() {
        let deployments = Deployments::default();
        deployments.settle("login", "Creating");
        deployments.settle("login", "Updating");
        let seen = ["login", "login", "other"].map(|name| deployments.status(name));
        assert_eq!(seen, ["Updating", "Active", "Active"]);
    }

    #[test]
    fn the_oldest_make_room() {
        let deployments = Deployments::default();
        for number in 0..=KEPT {
            deployments.offer(format!("s{number}"), "login".into());
        }
        assert_eq!(deployments.offered("s0"), None);
        assert_eq!(deployments.offered("s1").as_deref(), Some("login"));
    }
}
