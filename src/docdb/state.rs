//! The whole state of a database: saved, brought back, emptied, dropped. Open transactions lose to either change.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::feed::{Change, Numbered};
use super::index::IndexDefinition;
use super::store::{Collection, KeyRange, Snapshot};
use super::{Database, Result};

impl Database {
    /// Copies the present state into a new file. Writers wait meanwhile.
    pub fn save(&self, to: &Path) -> Result<()> {
        self.store().save(to)
    }

    /// Puts a saved state in place of the present one, in one commit. The feed is told what that changed.
    /// Indexes and collections are those of the saved state; readers keep the state they began with.
    ///
    /// # Errors
    /// The file is no saved state. Nothing is changed then.
    pub fn restore(&self, from: &Path) -> Result<()> {
        self.store().restore(from, |before| self.changed(&before))
    }

    /// Removes all documents of a collection, or of all; collections and indexes stay. Returns how many went.
    ///
    /// # Errors
    /// There is no collection of that name.
    pub fn clear(&self, name: Option<&str>) -> Result<u64> {
        let mut write = self.store().write()?;
        let before = self.store().snapshot()?;
        let collections: Vec<Arc<Collection>> = match name {
            Some(name) => vec![write.collection(name)?],
            None => write.catalogue().iter().map(Arc::clone).collect(),
        };
        let mut removed = 0;
        for collection in collections {
            removed += write.clear(&collection)?;
        }
        let mut told = Ok(());
        write.commit(|| {
            self.store().turn();
            told = self.changed(&before);
        })?;
        told.map(|()| removed)
    }

    /// Removes a collection with its documents and indexes.
    pub fn drop_collection(&self, name: &str) -> Result<()> {
        let mut write = self.store().write()?;
        let before = self.store().snapshot()?;
        let collection = write.collection(name)?;
        write.drop_collection(&collection)?;
        let mut told = Ok(());
        write.commit(|| {
            self.advisor().forget(&collection.name);
            let after = self.store().snapshot();
            told = after.and_then(|after| self.tell(&before, &after, &[name.to_owned()].into()));
        })?;
        told
    }

    /// Forgets what was known of the state before (not what queries missed, where the indexes are the same), and tells
    /// the feed how the present one differs from it.
    fn changed(&self, before: &Snapshot) -> Result<()> {
        self.transactions().locks.clear();
        let after = self.store().snapshot()?;
        for collection in before.catalogue().iter() {
            let kept = after
                .collection(&collection.name)
                .is_ok_and(|it| definitions(&it).eq(definitions(collection)));
            if !kept {
                self.advisor().forget(&collection.name);
            }
        }
        let names = |snapshot: &Snapshot| -> BTreeSet<String> {
            snapshot.catalogue().iter().map(|collection| collection.name.clone()).collect()
        };
        self.tell(before, &after, &(&names(before) | &names(&after)))
    }

    /// Tells the feed how some collections differ between two states.
    fn tell(&self, before: &Snapshot, after: &Snapshot, names: &BTreeSet<String>) -> Result<()> {
        if !self.feed().is_watched() {
            return Ok(());
        }
        let mut changes = Vec::new();
        for name in names {
            compare(name, before, after, &mut changes)?;
        }
        self.feed().publish(changes);
        Ok(())
    }
}

fn definitions(collection: &Collection) -> impl Iterator<Item = &IndexDefinition> {
    collection.indexes.iter().map(|it| &it.definition)
}

/// Gathers how the documents of one collection differ between two states.
fn compare(name: &str, before: &Snapshot, after: &Snapshot, changes: &mut Vec<Change>) -> Result<()> {
    let (was, is) = (before.collection(name).ok(), after.collection(name).ok());
    let mut known = was.as_deref().map_or(Ok(HashMap::new()), |it| ids(before, it))?;
    let mut present =
        is.as_deref().map_or(Ok(HashMap::new()), |it| ids(after, it))?.into_iter().collect::<Vec<_>>();
    present.sort_unstable_by_key(|(_, number)| *number);
    let document = |snapshot: &Snapshot, collection: &Option<Arc<Collection>>, number| -> Result<_> {
        let document =
            collection.as_deref().map(|it| snapshot.view().document_buf(it, number)).transpose()?;
        Ok(document.map(|document| Numbered { number, document }))
    };
    let mut note = |before, after| {
        if before != after {
            changes.push(Change { collection: name.to_owned(), before, after, whole: true });
        }
    };
    for (id, number) in present {
        let before = known.remove(&id).map_or(Ok(None), |number| document(before, &was, number))?;
        note(before, document(after, &is, number)?);
    }
    for number in known.into_values() {
        note(document(before, &was, number)?, None);
    }
    Ok(())
}

fn ids(snapshot: &Snapshot, collection: &Collection) -> Result<HashMap<Vec<u8>, i64>> {
    let mut ids = HashMap::new();
    let _ = snapshot.view().entries(&collection.ids, &KeyRange::all(), false, |key, number| {
        ids.insert(key.to_vec(), number);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(ids)
}
