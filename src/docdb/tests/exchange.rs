//! Bringing back a state that is large enough for its copy to take the place of the file.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::store::AFTER_EACH_STEP;
use super::super::transaction::TransactionId;
use super::*;

const DOCUMENTS: i32 = 9;
const BYTES: usize = 1 << 20;

/// A database at version 2 with a later document, and its saved state at version 1.
struct Ground {
    folder: tempfile::TempDir,
    database: Database,
}

impl Ground {
    fn new(durability: Durability) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("documents.sqlite"), durability).unwrap();
        database.create_collection("c").unwrap();
        database.create_index("c", &index(&[("version", index::Order::Ascending)])).unwrap();
        let text = "x".repeat(BYTES);
        insert(&database, (0..DOCUMENTS).map(|it| doc! { "_id": it, "version": 1, "text": &text }));
        let ground = Ground { folder, database };
        ground.database.save(&ground.state()).unwrap();
        ground.move_on();
        ground
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Makes version 2 of version 1.
    fn move_on(&self) {
        let set = update(doc! {}, doc! { "$set": { "version": 2 } });
        self.database.update(None, "c", &UpdateRequest { multi: true, ..set }).unwrap();
        self.add(2);
    }

    fn add(&self, version: i32) {
        let id = found(&self.database, &present()).len() as i32;
        insert(&self.database, [doc! { "_id": id, "version": version }]);
    }

    /// Restores; returns how often the folder changed, which is never unless files were exchanged.
    fn restore(&self) -> usize {
        let (steps, outcome) = watched(|| self.database.restore(&self.state()), || ());
        outcome.unwrap();
        steps.len()
    }

    fn versions(&self) -> Vec<i32> {
        versions(&self.database)
    }

    /// A copy of the folder as a kill at this moment would leave it.
    fn killed(&self) -> tempfile::TempDir {
        killed(self.folder.path())
    }
}

fn present() -> Query {
    Query { projection: doc! { "version": 1 }, ..query(doc! {}) }
}

fn versions(database: &Database) -> Vec<i32> {
    found(database, &present()).iter().map(|it| it.get_i32("version").unwrap()).collect()
}

fn version(number: i32) -> Vec<i32> {
    vec![number; (DOCUMENTS + number - 1) as usize]
}

fn killed(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        // The saved state is not read any more, and SQLite makes its shared memory anew.
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with("documents") && !name.ends_with("-shm") {
            fs::copy(entry.path(), copy.path().join(name)).unwrap();
        }
    }
    copy
}

fn reopened(folder: &tempfile::TempDir) -> Database {
    Database::open(&folder.path().join("documents.sqlite"), Durability::Normal).unwrap()
}

/// Does something, and looks after each step of an exchange of files.
fn watched<T, L: 'static>(act: impl FnOnce() -> T, look: impl Fn() -> L + 'static) -> (Vec<L>, T) {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let seeing = Rc::clone(&seen);
    AFTER_EACH_STEP.set(Some(Box::new(move || seeing.borrow_mut().push(look()))));
    let outcome = act();
    AFTER_EACH_STEP.set(None);
    (Rc::into_inner(seen).unwrap().into_inner(), outcome)
}

#[test]
fn a_kill_at_any_step_leaves_one_state_or_the_other() {
    let ground = Ground::new(Durability::Normal);
    let folder = ground.folder.path().to_owned();
    let (folders, outcome) = watched(|| ground.database.restore(&ground.state()), move || killed(&folder));
    outcome.unwrap();
    if cfg!(unix) {
        assert!(folders.len() >= 5);
    }
    let mut is_restored = false;
    for (step, killed) in folders.iter().enumerate() {
        let database = reopened(killed);
        let found = versions(&database);
        is_restored |= found == version(1);
        assert_eq!(found, version(if is_restored { 1 } else { 2 }), "step {step}");
        assert!(!killed.path().join("documents.sqlite-next").exists(), "step {step}");
        // What the kill left does not get in the way of another.
        insert(&database, [doc! { "_id": 100, "version": 7 }]);
        database.restore(&ground.state()).unwrap();
        insert(&database, [doc! { "_id": 101, "version": 1 }]);
        drop(database);
        let database = reopened(killed);
        database.examine().unwrap();
        assert_eq!(versions(&database).len(), 10, "step {step}");
        index::check_agreement(&database.store().snapshot().unwrap()).unwrap();
    }
    assert_eq!(is_restored, cfg!(unix));
}

#[test]
fn a_copy_cut_short_is_no_state() {
    let ground = Ground::new(Durability::Normal);
    let killed = ground.killed();
    let next = killed.path().join("documents.sqlite-next");
    fs::write(&next, &fs::read(ground.state()).unwrap()[..BYTES]).unwrap();
    assert_eq!(versions(&reopened(&killed)), version(2));
    assert!(!next.exists());
}

#[test]
fn a_large_state_comes_back_again_and_again_and_writes_to_it_survive_a_kill() {
    for durability in [Durability::Normal, Durability::Full, Durability::Ephemeral] {
        let ground = Ground::new(durability);
        for _ in 0..2 {
            assert_eq!(ground.restore() > 0, cfg!(unix));
            assert_eq!(ground.versions(), version(1));
            ground.add(3);
            let kept = [version(1), vec![3]].concat();
            assert_eq!(ground.versions(), kept);
            let saved = ground.folder.path().join("again");
            ground.database.save(&saved).unwrap();
            fs::remove_file(ground.state()).unwrap();
            fs::rename(saved, ground.state()).unwrap();
            fs::rename(ground.folder.path().join("again-seal"), ground.folder.path().join("state-seal"))
                .unwrap();
            if durability != Durability::Ephemeral {
                assert_eq!(versions(&reopened(&ground.killed())), kept);
            }
            ground.move_on();
            ground.restore();
            assert_eq!(ground.versions(), kept);
            ground.database.remove(None, "c", &doc! { "version": 3 }, true, now()).unwrap();
            fs::remove_file(ground.state()).unwrap();
            ground.database.save(&ground.state()).unwrap();
        }
        let Ground { folder, database } = ground;
        if durability != Durability::Ephemeral {
            drop(database);
            assert_eq!(versions(&reopened(&folder)), version(1));
        }
    }
}

#[test]
fn readers_keep_the_state_they_began_with() {
    let ground = Ground::new(Durability::Normal);
    let reader = |name: &str| TransactionId(name.to_owned());
    let reads = |name: &str| {
        let found = ground.database.find(Some(&reader(name)), "c", &present()).unwrap();
        found.documents.iter().map(|it| it.get_i32("version").unwrap()).collect::<Vec<_>>()
    };
    ground.database.begin(reader("old"), now()).unwrap();
    ground.add(2);
    // The first keeps the log from being moved into the file; whatever is done, nobody sees it.
    let kept = reads("old").len();
    ground.restore();
    assert_eq!((reads("old").len(), ground.versions()), (kept, version(1)));
    ground.database.abort(&reader("old")).unwrap();

    ground.move_on();
    ground.database.begin(reader("new"), now()).unwrap();
    assert_eq!(ground.restore() > 0, cfg!(unix));
    ground.add(3);
    assert_eq!((reads("new"), ground.versions()), (version(2), [version(1), vec![3]].concat()));
    // Nor does a connection to the file that has gone serve anybody later.
    ground.database.abort(&reader("new")).unwrap();
    assert_eq!(ground.versions().len(), version(1).len() + 1);
    assert_eq!(versions(&reopened(&ground.killed())), ground.versions());
}

#[test]
fn a_large_state_that_is_not_whole_changes_nothing() {
    let ground = Ground::new(Durability::Normal);
    let mut bytes = fs::read(ground.state()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(ground.state(), bytes).unwrap();
    assert!(matches!(ground.database.restore(&ground.state()), Err(Error::Damaged { .. })));
    assert!(!ground.folder.path().join("documents.sqlite-next").exists());
    assert_eq!(ground.versions(), version(2));
    ground.add(2);
    assert_eq!(versions(&reopened(&ground.killed())), ground.versions());
}

#[test]
fn the_feed_is_told_what_an_exchange_changed() {
    let ground = Ground::new(Durability::Normal);
    let feed = ground.database.subscribe();
    ground.restore();
    let told: Vec<_> = feed.try_recv().unwrap().iter().map(|it| it.after.is_some()).collect();
    assert_eq!(told, [vec![true; DOCUMENTS as usize], vec![false]].concat());
    ground.add(1);
    assert_eq!(feed.try_recv().unwrap().len(), 1);
}

#[test]
fn readers_and_writers_go_on_while_states_are_exchanged() {
    let ground = Ground::new(Durability::Normal);
    let (state, other) = (ground.state(), ground.folder.path().join("other"));
    ground.database.save(&other).unwrap();
    let (database, over) = (&ground.database, &AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let found = versions(database);
                    assert!(found == version(1) || found == version(2), "{found:?}");
                }
            });
        }
        scope.spawn(move || {
            for number in 0.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                // The collection goes with each state that comes.
                let _ = database.create_collection("d");
                match database.insert(None, "d", vec![raw(doc! { "_id": number })]) {
                    Ok(_) | Err(Error::CollectionNotFound { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        let states = [&state, &other].repeat(4);
        let restored = states.into_iter().try_for_each(|it| database.restore(it));
        over.store(true, Ordering::Relaxed);
        restored.unwrap();
    });
    ground.add(2);
    assert_eq!(ground.versions(), [version(2), vec![2]].concat());
    assert_eq!(versions(&reopened(&ground.killed())), ground.versions());
    index::check_agreement(&database.store().snapshot().unwrap()).unwrap();
}
