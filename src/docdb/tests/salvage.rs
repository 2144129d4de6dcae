//! What is whole in a damaged file is saved, and what is not is named.

use std::collections::BTreeMap;
use std::fs;

use super::durability::{documents, file};
use super::*;

/// Whole documents by `_id`, and what is lost of a collection `c`.
fn salvage(path: &Path) -> Result<(BTreeMap<i32, Document>, Salvaged)> {
    let mut saved = BTreeMap::new();
    let salvaged = Salvage::open(path)?.documents("c", &mut |document| {
        let document = Document::try_from(document).unwrap();
        saved.insert(document.get_i32("_id").unwrap(), document);
    })?;
    Ok((saved, salvaged))
}

/// Salvages a file after `damage`; returns how many documents were saved, or nothing when no page could be read.
fn check(folder: &Path, damage: impl Fn(&mut Vec<u8>)) -> Option<u64> {
    let path = folder.join("damaged.sqlite");
    let mut bytes = fs::read(folder.join("documents.sqlite")).unwrap();
    damage(&mut bytes);
    fs::write(&path, &bytes).unwrap();
    let (saved, salvaged) = match salvage(&path) {
        Ok(it) => it,
        Err(Error::Damaged { .. } | Error::CollectionNotFound { .. }) => return None,
        Err(error) => panic!("{error:?}"),
    };
    let written: BTreeMap<i32, Document> = documents().map(|it| (it.get_i32("_id").unwrap(), it)).collect();
    for (id, document) in &saved {
        assert_eq!(Some(document), written.get(id));
    }
    assert_eq!(salvaged.saved, saved.len() as u64);
    assert_eq!(fs::read(&path).unwrap(), bytes, "salvage changes nothing");
    Some(salvaged.saved)
}

#[test]
fn whole_file_is_saved_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    assert_eq!(Salvage::open(&path).unwrap().collections().unwrap(), ["c"]);
    let (saved, salvaged) = salvage(&path).unwrap();
    assert!(saved.into_values().eq(documents()));
    assert_eq!(salvaged, Salvaged { saved: 200, lost: vec![], nameless: 0 });
    assert!(matches!(
        Salvage::open(&path).unwrap().documents("d", &mut |_| ()),
        Err(Error::CollectionNotFound { .. })
    ));
}

#[test]
fn file_in_use_is_not_salvaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let _open = Database::open(&path, Durability::Normal).unwrap();
    assert!(matches!(Salvage::open(&path), Err(Error::Locked)));
    assert!(matches!(Salvage::open(&folder.path().join("none")), Err(Error::Io(_))));
}

#[test]
fn commits_that_are_only_in_the_log_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let database = Database::open(&path, Durability::Normal).unwrap();
    insert(&database, [doc! { "_id": 500 }]);
    let killed = folder.path().join("killed.sqlite");
    for suffix in ["", "-wal"] {
        let beside = |path: &Path| format!("{}{suffix}", path.display());
        fs::copy(beside(&path), beside(&killed)).unwrap();
    }
    let (saved, salvaged) = salvage(&killed).unwrap();
    assert_eq!((saved.len(), salvaged.saved, salvaged.nameless), (201, 201, 0));
}

#[test]
fn changed_document_is_named_and_the_others_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    spoil(&path, 7);
    let (saved, salvaged) = salvage(&path).unwrap();
    assert_eq!(saved.len(), 199);
    let lost = Lost { number: 8, id: Some("7".into()), why: "has changed since it was written" };
    assert_eq!(salvaged, Salvaged { saved: 199, lost: vec![lost], nameless: 0 });
}

#[test]
fn unreadable_pages_cost_their_documents_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    // A leaf of a table begins with 13; nothing of the page can be read without that.
    let is_leaf = |page: &&mut [u8]| page[0] == 13 && page.windows(40).any(|it| it == [b'x'; 40]);
    let spoiled = bytes.chunks_mut(4096).filter(is_leaf).take(2).map(|page| page[0] = 0xff);
    assert_eq!(spoiled.count(), 2);
    fs::write(&path, bytes).unwrap();
    let (saved, salvaged) = salvage(&path).unwrap();
    assert!((100..190).contains(&saved.len()), "{}", saved.len());
    let lost: Vec<i32> = salvaged.lost.iter().map(|it| it.id.as_deref().unwrap().parse().unwrap()).collect();
    assert!(lost.iter().all(|it| !saved.contains_key(it)));
    assert_eq!((saved.len() + lost.len(), salvaged.nameless), (200, 0));
}

#[test]
fn nothing_saved_differs_from_what_was_written_whatever_byte_is_flipped() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let length = fs::metadata(&path).unwrap().len() as usize;
    let saved: Vec<u64> = (0..length)
        .step_by(length / 200)
        .filter_map(|at| check(folder.path(), |bytes| bytes[at] ^= 0x55))
        .collect();
    assert!(saved.len() > 175, "{} of 200 could be read", saved.len());
    assert!(saved.iter().filter(|it| **it >= 150).count() > 150, "{saved:?}");
}

#[test]
fn truncated_file_gives_what_it_still_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let length = fs::metadata(&path).unwrap().len() as usize;
    let saved: Vec<Option<u64>> =
        (0..length).step_by(1500).map(|to| check(folder.path(), |bytes| bytes.truncate(to))).collect();
    assert!(saved.iter().flatten().any(|it| (20..200).contains(it)), "{saved:?}");
}

/// Changes a byte inside the document with this `_id`.
fn spoil(path: &Path, id: i32) {
    let mut bytes = fs::read(path).unwrap();
    let document = raw(documents().nth(id as usize).unwrap());
    let length = document.as_bytes().len();
    // There may be stale copies on pages that were split.
    while let Some(at) = bytes.windows(length).position(|it| it == document.as_bytes()) {
        bytes[at + length - 10] ^= 1;
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn query_that_meets_a_changed_document_names_it_and_others_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    spoil(&path, 7);
    let database = Database::open(&path, Durability::Normal).unwrap();
    let named = "the database file is damaged: document 8 of `c` with _id 7 has changed since it was written";
    for filter in [doc! {}, doc! { "_id": 7 }, doc! { "a": 0 }] {
        assert_eq!(database.find(None, "c", &query(filter)).unwrap_err().to_string(), named);
    }
    assert_eq!(ids(&found(&database, &query(doc! { "_id": 8 }))), [8]);
    assert_eq!(found(&database, &query(doc! { "a": 3 })).len(), 29);
    insert(&database, [doc! { "_id": 500 }]);
    assert!(database.update(None, "c", &update(doc! { "_id": 7 }, doc! { "$set": { "a": 9 } })).is_err());
}
