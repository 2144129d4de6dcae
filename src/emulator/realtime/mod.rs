//! Realtime: who watches which query, and what each has yet to hear. Commits come in, events go out; it has never heard
//! of sockets. See `docs/wire.md#realtime`.
//!
//! Listeners of one query share its view and its journal. A listener is a place in a journal: one that nobody reads for
//! costs nothing more, and resumes where it was.

mod difference;
mod event;
mod group;
mod journal;
mod line;
mod listener;
mod message;
mod ticket;
mod view;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::group::Group;
pub use self::line::Line;
use self::listener::Listener;
use self::message::Message;
pub use self::ticket::{Refused, Tickets};
pub use self::view::Wanted;
use super::database::Database;
use super::principal::Principal;
use crate::api::data::Failure;
use crate::docdb::feed::Commit;
use crate::model::clock::{Clock, Ids, Millis};

/// How long a listener is kept whose socket went, in milliseconds of the environment's clock. Clients try for a minute.
const KEPT: Millis = 5 * 60_000;
/// How many such listeners are kept; the oldest go.
const MOST_KEPT: usize = 2_000;

/// The listeners of one environment. Clones share them.
#[derive(Clone)]
pub struct Realtime(Arc<Inner>);

struct Inner {
    database: Database,
    clock: Clock,
    ids: Ids,
    tickets: Tickets,
    state: Mutex<State>,
    stopping: CancellationToken,
    sockets: TaskTracker,
}

#[derive(Default)]
struct State {
    /// The commits that no view holds yet; nothing while nobody watches.
    feed: Option<Receiver<Commit>>,
    /// By collection, then by query.
    groups: HashMap<String, HashMap<Vec<u8>, Group>>,
    /// By the id of the query.
    listeners: HashMap<String, Listener>,
    /// The listeners without a socket, with the time they have; the oldest first.
    adrift: VecDeque<(Millis, String)>,
}

/// What a socket says to its client.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// The `msgData` of a `NEXT_EVENT`.
    Events { watch_id: String, data: String },
    /// Nothing comes any more.
    Ended { watch_id: String, failure: Failure },
}

impl Realtime {
    pub fn new(database: Database, clock: Clock, ids: Ids) -> Self {
        Realtime(Arc::new(Inner {
            database,
            tickets: Tickets::new(clock.clone(), ids.clone()),
            clock,
            ids,
            state: Mutex::default(),
            stopping: CancellationToken::new(),
            sockets: TaskTracker::new(),
        }))
    }

    pub fn tickets(&self) -> &Tickets {
        &self.0.tickets
    }

    /// Ends when the sockets are to close.
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// Counts the sockets that are open.
    pub fn sockets(&self) -> &TaskTracker {
        &self.0.sockets
    }

    /// Closes all sockets.
    pub async fn stop(&self) {
        self.0.stopping.cancel();
        self.0.sockets.close();
        self.0.sockets.wait().await;
    }

    /// Begins to watch. Returns the id of the query and the `msgData` of `INIT_EVENT`.
    ///
    /// # Errors
    /// The query cannot be answered, or its answer is too long.
    pub fn open(
        &self,
        principal: &Principal,
        asked: Wanted,
        wanted: Wanted,
        socket: (Arc<Line>, String),
    ) -> Result<(String, String), Failure> {
        let mut state = self.up_to_date();
        state.let_go(self.0.clock.now());
        let (collection, key) = (wanted.collection.clone(), wanted.key());
        let id = self.0.ids.request();
        let group = self.join(&mut state, wanted, &id, Group::open)?;
        let read = group.journal.last();
        let mut data = Message::new(&id);
        for event in group.initial() {
            data.add(0, &event);
        }
        let listener = Listener {
            principal: principal.clone(),
            asked,
            collection,
            key,
            // The first answer is event 1.
            origin: read as i64 - 1,
            read,
            oldest: 1,
            socket: Some(socket),
            ended: None,
        };
        state.listeners.insert(id.clone(), listener);
        Ok((id, data.finish(1)))
    }

    /// Returns in whose name a listener of this socket listens, and what it asked for.
    pub fn listener(&self, id: &str, line: &Arc<Line>) -> Option<(Principal, Wanted)> {
        let state = self.lock();
        let listener = state.listeners.get(id).filter(|it| it.watch_on(line).is_some())?;
        Some((listener.principal.clone(), listener.asked.clone()))
    }

    /// Returns what a listener had asked for, if it is that person's.
    pub fn asked(&self, id: &str, principal: &Principal) -> Option<Wanted> {
        let state = self.lock();
        state.listeners.get(id).filter(|it| it.principal == *principal).map(|it| it.asked.clone())
    }

    /// Goes on after an event that a listener had; `wanted` is what it may watch now. Returns the `msgData` of
    /// `NEXT_EVENT`. Nothing: these events are gone, or the listener is.
    pub fn resume(
        &self,
        id: &str,
        wanted: &Wanted,
        event: i64,
        socket: (Arc<Line>, String),
    ) -> Option<String> {
        let mut state = self.up_to_date();
        state.let_go(self.0.clock.now());
        let State { groups, listeners, adrift, .. } = &mut *state;
        let listener = listeners.get_mut(id)?;
        let group = groups.get(&listener.collection)?.get(&listener.key)?;
        let step = u64::try_from(event.checked_add(listener.origin)?).ok()?;
        let is_kept = event >= listener.oldest && group.journal.after(step).is_some();
        if group.wanted != *wanted || !is_kept {
            return None;
        }
        // Those that fill a message; the rest is news.
        listener.read = step;
        let data = listener.told(id, group)?;
        adrift.retain(|(_, it)| it != id);
        if listener.read < group.journal.last() {
            socket.0.ring(id);
        }
        listener.socket = Some(socket);
        Some(data)
    }

    /// Returns the number of a listener's newest event.
    pub fn current(&self, id: &str, principal: &Principal) -> Option<i64> {
        let state = self.lock();
        let listener = state.listeners.get(id).filter(|it| it.principal == *principal)?;
        let group = state.groups.get(&listener.collection)?.get(&listener.key)?;
        Some(group.journal.last() as i64 - listener.origin)
    }

    /// Returns what a listener of this socket has yet to hear.
    pub fn news(&self, id: &str, line: &Arc<Line>) -> Option<News> {
        let mut state = self.lock();
        let State { groups, listeners, .. } = &mut *state;
        let listener = listeners.get_mut(id)?;
        let watch_id = listener.watch_on(line)?;
        if let Some(failure) = listener.ended.take() {
            state.forget(id);
            return Some(News::Ended { watch_id, failure });
        }
        let group = groups.get(&listener.collection)?.get(&listener.key)?;
        if listener.read == group.journal.last() {
            return None;
        }
        let Some(data) = listener.told(id, group) else {
            state.forget(id);
            return Some(News::Ended { watch_id, failure: fallen_behind() });
        };
        if listener.read < group.journal.last() {
            line.ring(id);
        }
        Some(News::Events { watch_id, data })
    }

    /// Has a listener of this socket go on with another query, because a permission changed. What that changes is its
    /// next event.
    pub fn change(&self, id: &str, wanted: Wanted, line: &Arc<Line>) -> Result<Option<News>, Failure> {
        let mut state = self.up_to_date();
        let State { groups, listeners, .. } = &mut *state;
        let Some(listener) = listeners.get_mut(id) else { return Ok(None) };
        let key = wanted.key();
        let Some(watch_id) = listener.watch_on(line).filter(|_| listener.key != key) else { return Ok(None) };
        let (collection, old) = (listener.collection.clone(), listener.key.clone());
        let Some(from) = groups.get(&collection).and_then(|it| it.get(&old)) else { return Ok(None) };
        let mut message = Message::new(id);
        if !listener.tell(&mut message, from, usize::MAX) {
            return Err(fallen_behind());
        }
        let new = self.join(&mut state, wanted, id, Group::reopen)?.journal.last();
        let State { groups, listeners, .. } = &mut *state;
        let (Some(groups), Some(listener)) = (groups.get_mut(&collection), listeners.get_mut(id)) else {
            return Ok(None);
        };
        let (Some(from), Some(to)) = (groups.get(&old), groups.get(&key)) else { return Ok(None) };
        let mut last = listener.read as i64 - listener.origin;
        let events = from.events_to(to);
        if !events.is_empty() {
            last += 1;
            events.iter().for_each(|it| message.add(last, it));
        }
        listener.origin = new as i64 - last;
        listener.oldest = last;
        listener.read = new;
        listener.key = key;
        if let Some(from) = groups.get_mut(&old) {
            from.listeners.remove(id);
            if from.listeners.is_empty() {
                groups.remove(&old);
            }
        }
        line.ring(id);
        Ok((!message.is_empty()).then(|| News::Events { watch_id, data: message.finish(last) }))
    }

    /// Ends a listener of this socket; one that went on at another stays.
    pub fn close(&self, id: &str, line: &Arc<Line>) {
        let mut state = self.lock();
        if state.listeners.get(id).is_some_and(|it| it.watch_on(line).is_some()) {
            state.forget(id);
        }
    }

    /// Keeps listeners for a while whose socket went.
    pub fn detach<'a>(&self, ids: impl IntoIterator<Item = &'a String>, line: &Arc<Line>) {
        let until = self.0.clock.now() + KEPT;
        let mut state = self.lock();
        for id in ids {
            let Some(listener) = state.listeners.get_mut(id) else { continue };
            if listener.socket.take_if(|(it, _)| Arc::ptr_eq(it, line)).is_some() {
                state.adrift.push_back((until, id.clone()));
            }
        }
        state.let_go(self.0.clock.now());
    }

    /// Returns how many listeners there are.
    #[cfg(test)]
    pub fn listeners(&self) -> usize {
        let mut state = self.lock();
        state.let_go(self.0.clock.now());
        state.listeners.len()
    }

    /// Returns the group of a query, with one listener more; `open` makes it if it is the first.
    fn join<'s>(
        &self,
        state: &'s mut State,
        wanted: Wanted,
        id: &str,
        open: fn(&Database, Wanted) -> Result<Group, Failure>,
    ) -> Result<&'s mut Group, Failure> {
        if state.feed.is_none() {
            self.listen(state);
        }
        let (collection, key) = (wanted.collection.clone(), wanted.key());
        let is_known = state.groups.get(&collection).is_some_and(|it| it.contains_key(&key));
        let new = if is_known { None } else { Some(open(&self.0.database, wanted)?) };
        let group = state.groups.entry(collection).or_default().entry(key);
        let group = match new {
            Some(new) => group.insert_entry(new).into_mut(),
            None => match group {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(_) => return Err(fallen_behind()),
            },
        };
        group.listeners.insert(id.to_owned());
        Ok(group)
    }

    /// Has commits come, and somebody to wake for them.
    fn listen(&self, state: &mut State) {
        // The second is told of each commit after the first.
        state.feed = Some(self.0.database.store().subscribe());
        let commits = self.0.database.store().subscribe();
        let inner = Arc::downgrade(&self.0);
        std::thread::spawn(move || follow(&commits, &inner));
    }

    /// Waits for the state, and has it hold every commit so far.
    fn up_to_date(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.advance(&self.0.database);
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes for each commit, as long as anybody watches.
fn follow(commits: &Receiver<Commit>, inner: &Weak<Inner>) {
    while commits.recv().is_ok() {
        let Some(realtime) = inner.upgrade().map(Realtime) else { return };
        let mut state = realtime.up_to_date();
        state.let_go(realtime.0.clock.now());
        if state.groups.is_empty() {
            state.feed = None;
            return;
        }
    }
}

impl State {
    /// Carries out the commits that came, and rings at the listeners that have news.
    fn advance(&mut self, database: &Database) {
        let State { feed, groups, listeners, .. } = self;
        for commit in feed.iter().flat_map(Receiver::try_iter) {
            let mut collections: Vec<_> = commit.iter().map(|it| it.collection.as_str()).collect();
            collections.dedup();
            for collection in collections {
                let Some(groups) = groups.get_mut(collection) else { continue };
                groups.retain(|_, group| {
                    let advanced = group.advance(database, &commit);
                    if !matches!(advanced, Ok(false)) {
                        ring(listeners, group, advanced.as_ref().err());
                    }
                    advanced.is_ok()
                });
            }
        }
        groups.retain(|_, groups| !groups.is_empty());
    }

    /// Forgets the listeners whose time without a socket is over.
    fn let_go(&mut self, now: Millis) {
        while let Some((until, _)) = self.adrift.front()
            && (*until <= now || self.adrift.len() > MOST_KEPT)
        {
            let Some((_, id)) = self.adrift.pop_front() else { return };
            self.forget(&id);
        }
    }

    fn forget(&mut self, id: &str) {
        let Some(listener) = self.listeners.remove(id) else { return };
        self.adrift.retain(|(_, it)| it != id);
        let Some(groups) = self.groups.get_mut(&listener.collection) else { return };
        if let Some(group) = groups.get_mut(&listener.key) {
            group.listeners.remove(id);
            if group.listeners.is_empty() {
                groups.remove(&listener.key);
            }
        }
        if groups.is_empty() {
            self.groups.remove(&listener.collection);
        }
    }
}

/// Rings at the listeners of a group that has news, or has ended.
fn ring(listeners: &mut HashMap<String, Listener>, group: &Group, ended: Option<&Failure>) {
    for id in &group.listeners {
        let Some(listener) = listeners.get_mut(id) else { continue };
        listener.ended = ended.cloned();
        if let Some((line, _)) = &listener.socket {
            line.ring(id);
        }
    }
}

fn fallen_behind() -> Failure {
    Failure::new("SYS_ERR", "[LimitExceeded] the listener has fallen too far behind; watch again")
}

#[cfg(test)]
mod tests;
