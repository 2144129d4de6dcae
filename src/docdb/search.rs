//! What a filter finds in a whole collection. One thread begins; where there is much left, others help.
//!
//! The answer, and what it has cost, is that of one thread: pieces are put together in natural order, and what was read
//! beyond the last match that is wanted does not count.

use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread::{self, Builder};

use bson::raw::RawDocument;

use super::filter::Filter;
use super::query::Stats;
use super::store::{Collection, Snapshot, View};
use super::{Error, Result, bounds};

/// Documents that one thread reads before others help: they are not there at once.
const ALONE: u64 = if cfg!(test) { 8 } else { 10_000 };
/// Numbers in a piece at least, and pieces at most.
const LEAST: i64 = if cfg!(test) { 2 } else { 5_000 };
const PIECES: i64 = 128;

/// A search for documents; `take` makes of each what is wanted of it.
pub struct Search<'c, F> {
    pub collection: &'c Collection,
    pub filter: &'c Filter,
    pub take: F,
}

/// What was found among the numbers after one.
struct Piece<T> {
    after: i64,
    /// Each with the documents that were examined up to it.
    found: Vec<(u64, T)>,
    examined: u64,
    /// The last number that was examined.
    last: i64,
    failure: Option<Error>,
}

/// Numbers that several threads share.
struct Rest {
    /// The first piece that nobody has taken begins after this.
    next: AtomicI64,
    last: i64,
    width: i64,
    wanted: u64,
    found: AtomicU64,
    /// Whether pieces that were not taken are of no use. Those that were are all from the first to some other.
    is_enough: AtomicBool,
}

impl<T: Send, F: Fn(i64, &RawDocument) -> T + Sync> Search<'_, F> {
    /// Returns the first matches in natural order, all when no number of them is wanted.
    ///
    /// # Errors
    /// What matching fails with before so many are found; a document is damaged; the operation is out of its bounds.
    pub fn first(&self, view: View<'_>, wanted: Option<u64>, stats: &mut Stats) -> Result<Vec<T>> {
        let wanted = wanted.unwrap_or(u64::MAX);
        let begun = self.read(view, i64::MIN, i64::MAX, wanted, ALONE);
        let left = wanted - begun.found.len() as u64;
        let goes_on = begun.examined == ALONE && begun.failure.is_none() && left > 0;
        let rest = if goes_on { self.rest(view, begun.last, left)? } else { Vec::new() };
        let mut found = Vec::new();
        for piece in [begun].into_iter().chain(rest) {
            for (examined, it) in piece.found {
                found.push(it);
                if found.len() as u64 == wanted {
                    stats.documents_examined += examined;
                    return Ok(found);
                }
            }
            stats.documents_examined += piece.examined;
            if let Some(failure) = piece.failure {
                return Err(failure);
            }
        }
        Ok(found)
    }

    /// Reads what comes after a number, by as many threads as there may be.
    fn rest(&self, view: View<'_>, after: i64, wanted: u64) -> Result<Vec<Piece<T>>> {
        let last = view.highest(self.collection)?;
        let peers = if last - after > LEAST { view.peers() } else { Vec::new() };
        if peers.is_empty() {
            return Ok(vec![self.read(view, after, last, wanted, u64::MAX)]);
        }
        let rest = Rest {
            next: AtomicI64::new(after),
            last,
            width: ((last - after) / PIECES).max(LEAST),
            wanted,
            found: AtomicU64::new(0),
            is_enough: AtomicBool::new(false),
        };
        let bounds = bounds::current();
        let mut pieces = thread::scope(|scope| {
            let help = |peer: Snapshot| {
                let (rest, bounds) = (&rest, bounds.clone());
                let help = move || {
                    bounds::adopt(bounds);
                    self.take_pieces(peer.view(), rest)
                };
                // Without a thread there is one helper less.
                Builder::new().name("search".into()).spawn_scoped(scope, help).ok()
            };
            let helpers: Vec<_> = peers.into_iter().filter_map(help).collect();
            let mut pieces = self.take_pieces(view, &rest);
            for helper in helpers {
                pieces.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            pieces
        });
        pieces.sort_unstable_by_key(|it| it.after);
        Ok(pieces)
    }

    fn take_pieces(&self, view: View<'_>, rest: &Rest) -> Vec<Piece<T>> {
        let mut pieces = Vec::new();
        while !rest.is_enough.load(Ordering::Relaxed) {
            let after = rest.next.fetch_add(rest.width, Ordering::Relaxed);
            if after >= rest.last {
                break;
            }
            let piece = self.read(view, after, after + rest.width, rest.wanted, u64::MAX);
            let here = piece.found.len() as u64;
            let found = rest.found.fetch_add(here, Ordering::Relaxed) + here;
            if found >= rest.wanted || piece.failure.is_some() {
                rest.is_enough.store(true, Ordering::Relaxed);
            }
            pieces.push(piece);
        }
        pieces
    }

    /// Reads the documents after a number and up to another, until so many are found or examined.
    fn read(&self, view: View<'_>, after: i64, last: i64, wanted: u64, most: u64) -> Piece<T> {
        let mut piece = Piece { after, found: Vec::new(), examined: 0, last: after, failure: None };
        let outcome = view.documents_between(self.collection, after, last, |number, document| {
            piece.examined += 1;
            piece.last = number;
            if self.filter.matches(document)? {
                piece.found.push((piece.examined, (self.take)(number, document)));
            }
            let is_over = piece.examined >= most || piece.found.len() as u64 >= wanted;
            Ok(if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        piece.failure = outcome.err();
        piece
    }
}
