//! Listeners without a wire: writes on one side, what a client makes of the events on the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::{DateTime, Document, doc};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::listener::MESSAGE;
use super::*;
use crate::api::ejson::{self, Form};
use crate::docdb::query::Query;
use crate::docdb::transaction::TransactionId;
use crate::emulator::access::tests::config;
use crate::emulator::config::Config;
use crate::emulator::database::{Change, Selection};

/// A database with the collection `c`, and a client on one socket.
struct Stage {
    realtime: Realtime,
    database: Database,
    clock: Clock,
    line: Arc<Line>,
    folder: TempDir,
}

/// What an SDK keeps of a listener, by the rules it keeps it by.
#[derive(Debug, Default, Clone)]
struct Listener {
    id: String,
    current: i64,
    documents: Vec<Value>,
    /// `DataType/QueueType/DocID` of all events since the first answer, by the id of the event.
    told: Vec<(i64, String)>,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = Config { clock: Clock::frozen(1_700_000_000_000), ..config(folder.path()) };
        let events = crate::emulator::event::Events::new(16);
        let database = Database::open(&folder.path().join("d"), &config, events).expect("a database");
        database.create_collection("c").expect("a collection");
        let realtime = Realtime::new(database.clone(), config.clock.clone(), config.ids.clone());
        Stage { realtime, database, clock: config.clock, line: Arc::default(), folder }
    }

    fn open(&self, wanted: Wanted) -> Result<Listener, Failure> {
        let socket = (Arc::clone(&self.line), "w".into());
        let (id, data) = self.realtime.open(&Principal::Admin, wanted.clone(), wanted, socket)?;
        let mut listener = Listener { id, ..Listener::default() };
        let data: Value = serde_json::from_str(&data).expect("JSON");
        listener.current = data["currEvent"].as_i64().expect("a number");
        listener.documents = events(&data).iter().map(|it| document(&it["Doc"])).collect();
        Ok(listener)
    }

    /// Has a listener hear everything so far; `Err` is how it ended.
    fn hear(&self, listener: &mut Listener) -> Result<(), Failure> {
        drop(self.realtime.up_to_date());
        loop {
            match self.realtime.news(&listener.id, &self.line) {
                Some(News::Events { data, .. }) => listener.take(&data),
                Some(News::Ended { failure, .. }) => return Err(failure),
                None => return Ok(()),
            }
        }
    }

    fn saved(&self) -> std::path::PathBuf {
        self.folder.path().join("saved")
    }

    fn resume(&self, listener: &Listener, event: i64) -> Option<String> {
        let asked = self.realtime.asked(&listener.id, &Principal::Admin)?;
        self.realtime.resume(&listener.id, &asked, event, (Arc::clone(&self.line), "w".into()))
    }

    fn insert(&self, documents: impl IntoIterator<Item = Document>) {
        self.database.insert("c", None, documents.into_iter().collect()).expect("inserted");
    }

    fn update(&self, filter: Document, update: Document) {
        self.change(filter, update, None);
    }

    fn change(&self, filter: Document, update: Document, transaction: Option<TransactionId>) {
        let merge = update.keys().next().is_some_and(|it| it.starts_with('$'));
        let change = Change { update, multi: merge, merge, upsert: false };
        self.database
            .update(&Selection { collection: "c".into(), filter, transaction }, change)
            .expect("changed");
    }

    fn remove(&self, filter: Document) {
        let selection = Selection { collection: "c".into(), filter, transaction: None };
        self.database.remove(&selection, true).expect("removed");
    }

    /// Returns what the query answers now, by id.
    fn answer(&self, wanted: &Wanted) -> BTreeMap<String, Value> {
        let query = Query {
            filter: wanted.filter.clone(),
            sort: wanted.sort.clone(),
            skip: 0,
            limit: wanted.limit,
            projection: doc! {},
            now: DateTime::MIN,
        };
        let found = self.database.store().find(None, "c", &query).expect("found").documents;
        by_id(found.iter().map(|it| serde_json::from_str(&ejson::to_text(it, Form::Plain)).expect("JSON")))
    }
}

impl Listener {
    fn take(&mut self, data: &str) {
        let data: Value = serde_json::from_str(data).expect("JSON");
        for event in events(&data) {
            let number = event["ID"].as_i64().expect("a number");
            assert!(number == self.current || number == self.current + 1, "{number} after {}", self.current);
            assert!(number > self.current || self.told.last().is_some_and(|(it, _)| *it == number), "{data}");
            self.current = number;
            self.carry_out(event);
        }
        assert_eq!(data["currEvent"], json!(self.current));
    }

    fn carry_out(&mut self, event: &Value) {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let (data, queue) = (text("DataType"), text("QueueType"));
        self.told.push((self.current, format!("{data}/{queue}/{}", text("DocID"))));
        let place = self.documents.iter().position(|it| it["_id"] == event["DocID"]);
        if queue == "enqueue" {
            assert!(place.is_none(), "{event} is there");
            return self.documents.push(document(&event["Doc"]));
        }
        let place = place.unwrap_or_else(|| panic!("{event} is not there"));
        if queue == "dequeue" {
            self.documents.remove(place);
        } else if data == "update" {
            let updated: serde_json::Map<String, Value> =
                serde_json::from_str(text("UpdatedFields")).expect("fields");
            for (path, value) in updated {
                put(&mut self.documents[place], &path, Some(value));
            }
            let removed = if text("removedFields").is_empty() { "[]" } else { text("removedFields") };
            for path in serde_json::from_str::<Vec<String>>(removed).expect("paths") {
                put(&mut self.documents[place], &path, None);
            }
            assert_eq!(self.documents[place], document(&event["Doc"]), "fields and document agree");
        } else {
            self.documents[place] = document(&event["Doc"]);
        }
    }

    fn told(&self) -> Vec<&str> {
        self.told.iter().map(|(_, it)| it.as_str()).collect()
    }
}

fn put(document: &mut Value, path: &str, value: Option<Value>) {
    let (above, last) = path.rsplit_once('.').map_or((None, path), |(above, last)| (Some(above), last));
    let pointer = above.map(|it| format!("/{}", it.replace('.', "/"))).unwrap_or_default();
    match (document.pointer_mut(&pointer).expect("what is above"), value) {
        (Value::Object(fields), Some(value)) => drop(fields.insert(last.to_owned(), value)),
        (Value::Object(fields), None) => drop(fields.remove(last)),
        (Value::Array(items), Some(value)) => {
            let at: usize = last.parse().expect("a place");
            items.resize(items.len().max(at + 1), Value::Null);
            items[at] = value;
        }
        (other, _) => panic!("{path} leads to {other}"),
    }
}

fn events(data: &Value) -> &[Value] {
    data["events"].as_array().expect("events")
}

fn document(text: &Value) -> Value {
    serde_json::from_str(text.as_str().expect("a text")).expect("a document")
}

fn by_id(documents: impl IntoIterator<Item = Value>) -> BTreeMap<String, Value> {
    documents.into_iter().map(|it| (it["_id"].to_string(), it)).collect()
}

fn wanted(filter: Document, sort: Document, limit: Option<u64>) -> Wanted {
    Wanted { collection: "c".into(), filter, sort, limit, bound: doc! {} }
}

/// What a listener of `room: "r"` is told of a write; `a` and `b` are in the room, `x` is not.
#[track_caller]
fn check(write: impl FnOnce(&Stage), expected: &[&str]) {
    let stage = Stage::new();
    stage.insert([
        doc! { "_id": "a", "room": "r", "n": 1 },
        doc! { "_id": "b", "room": "r", "n": 2 },
        doc! { "_id": "x", "room": "other" },
    ]);
    let wanted = wanted(doc! { "room": "r" }, doc! {}, None);
    let mut listener = stage.open(wanted.clone()).expect("a listener");
    assert_eq!((listener.current, listener.documents.len()), (1, 2));
    write(&stage);
    stage.hear(&mut listener).expect("no end");
    assert_eq!(listener.told(), expected);
    assert!(listener.told.iter().all(|(number, _)| *number == 2), "one write, one event id");
    assert_eq!(by_id(listener.documents), stage.answer(&wanted));
}

#[test]
fn each_write_is_told_as_what_it_did_to_the_document_and_to_the_list() {
    check(|it| it.insert([doc! { "_id": "c", "room": "r" }]), &["add/enqueue/c"]);
    check(|it| it.insert([doc! { "_id": "c", "room": "q" }]), &[]);
    check(|it| it.update(doc! { "_id": "a" }, doc! { "$inc": { "n": 1 } }), &["update/update/a"]);
    check(|it| it.update(doc! { "_id": "a" }, doc! { "$unset": { "n": "" } }), &["update/update/a"]);
    check(|it| it.update(doc! { "_id": "a" }, doc! { "$set": { "room": "q" } }), &["update/dequeue/a"]);
    check(|it| it.update(doc! { "_id": "x" }, doc! { "$set": { "room": "r" } }), &["update/enqueue/x"]);
    check(|it| it.update(doc! { "_id": "x" }, doc! { "$set": { "n": 1 } }), &[]);
    check(|it| it.update(doc! { "_id": "a" }, doc! { "$set": { "n": 1 } }), &[]);
    check(|it| it.update(doc! { "_id": "a" }, doc! { "room": "r", "m": 1 }), &["replace/update/a"]);
    check(|it| it.update(doc! { "_id": "a" }, doc! { "room": "q" }), &["replace/dequeue/a"]);
    check(|it| it.update(doc! { "_id": "x" }, doc! { "room": "r" }), &["replace/enqueue/x"]);
    check(|it| it.remove(doc! { "_id": "a" }), &["remove/dequeue/a"]);
    check(|it| it.remove(doc! { "_id": "x" }), &[]);
}

/// Returns the events, as text, that a listener of `room: "r"` gets of a write, if it may know of documents of `owner: 1`.
fn told_within_bounds(update: Document) -> String {
    let stage = Stage::new();
    stage.insert([doc! { "_id": "a", "room": "r", "owner": 1 }]);
    let wanted = Wanted { bound: doc! { "owner": 1 }, ..wanted(doc! { "room": "r" }, doc! {}, None) };
    let mut listener = stage.open(wanted).expect("a listener");
    stage.update(doc! { "_id": "a" }, update);
    drop(stage.realtime.up_to_date());
    let Some(News::Events { data, .. }) = stage.realtime.news(&listener.id, &stage.line) else {
        panic!("no events")
    };
    listener.take(&data);
    assert!(listener.documents.is_empty(), "it left");
    data
}

#[test]
fn what_a_document_becomes_beyond_the_bounds_of_a_listener_is_not_told() {
    for update in
        [doc! { "$set": { "room": "q", "new": "told" } }, doc! { "room": "q", "owner": 1, "new": "told" }]
    {
        assert!(told_within_bounds(update.clone()).contains("told"), "{update}");
    }
    for update in [
        doc! { "$set": { "room": "q", "owner": 2, "new": "told" } },
        doc! { "room": "q", "owner": 2, "new": "told" },
    ] {
        let data = told_within_bounds(update.clone());
        assert!(!data.contains("told") && !data.contains("owner\\\":2"), "{update}: {data}");
    }
}

#[test]
fn documents_of_one_write_share_an_event_id() {
    check(|it| it.remove(doc! {}), &["remove/dequeue/a", "remove/dequeue/b"]);
    check(
        |it| it.update(doc! { "room": "r" }, doc! { "$inc": { "n": 1 } }),
        &["update/update/a", "update/update/b"],
    );
    check(
        |it| {
            let transaction = it.database.begin().expect("begun");
            let of = |id: &str| doc! { "_id": id };
            it.change(of("a"), doc! { "$set": { "n": 9 } }, Some(transaction.clone()));
            it.change(of("b"), doc! { "room": "r", "n": 0 }, Some(transaction.clone()));
            it.change(of("x"), doc! { "$set": { "room": "r" } }, Some(transaction.clone()));
            it.database.commit(&transaction).expect("committed");
        },
        &["update/update/a", "replace/update/b", "update/enqueue/x"],
    );
}

#[test]
fn a_change_of_the_whole_state_is_told_as_one_event() {
    check(|it| drop(it.database.store().clear(None)), &["remove/dequeue/a", "remove/dequeue/b"]);
    check(
        |it| {
            drop(
                it.database
                    .store()
                    .drop_collection("c")
                    .and_then(|()| it.database.store().create_collection("c")),
            )
        },
        &["remove/dequeue/a", "remove/dequeue/b"],
    );
    let stage = Stage::new();
    stage.insert([doc! { "_id": "a" }, doc! { "_id": "b", "n": 1 }]);
    stage.database.store().save(&stage.saved()).expect("saved");
    stage.remove(doc! { "_id": "a" });
    stage.update(doc! {}, doc! { "$set": { "n": 2 } });
    stage.insert([doc! { "_id": "c" }]);
    let mut listener = stage.open(wanted(doc! {}, doc! {}, None)).expect("a listener");
    stage.database.store().restore(&stage.saved()).expect("restored");
    stage.hear(&mut listener).expect("no end");
    assert_eq!(listener.told(), ["remove/dequeue/c", "add/enqueue/a", "replace/update/b"]);
    assert_eq!(by_id(listener.documents), stage.answer(&wanted(doc! {}, doc! {}, None)));
}

#[test]
fn a_collection_that_is_dropped_is_empty_until_it_is_there_again() {
    let stage = Stage::new();
    stage.insert((0..60).map(|n| doc! { "_id": n, "n": n }));
    let queries = [wanted(doc! {}, doc! {}, None), wanted(doc! {}, doc! { "n": 1 }, Some(2))];
    let mut listeners = queries.map(|it| stage.open(it).expect("a listener"));
    stage.database.store().drop_collection("c").expect("dropped");
    for listener in &mut listeners {
        stage.hear(listener).expect("no end");
        assert_eq!(listener.documents, [] as [Value; 0]);
    }
    stage.database.create_collection("c").expect("created");
    stage.insert([doc! { "_id": "a", "n": 1 }]);
    for listener in &mut listeners {
        stage.hear(listener).expect("no end");
        assert_eq!(listener.documents, [json!({ "_id": "a", "n": 1 })]);
    }
}

#[test]
fn equal_documents_come_as_the_query_has_them() {
    let ids =
        |listener: &Listener| -> Vec<String> { by_id(listener.documents.clone()).into_keys().collect() };
    for sort in [doc! { "n": 1 }, doc! { "n": -1 }, doc! {}] {
        let stage = Stage::new();
        stage.insert(["a", "b", "c"].map(|id| doc! { "_id": id, "n": 1 }));
        let wanted = wanted(doc! {}, sort, Some(2));
        let mut listener = stage.open(wanted.clone()).expect("a listener");
        stage.remove(doc! { "_id": "a" });
        stage.insert([doc! { "_id": "a", "n": 1 }]);
        stage.hear(&mut listener).expect("no end");
        assert_eq!(ids(&listener), [r#""b""#, r#""c""#], "{wanted:?}");
        assert_eq!(by_id(listener.documents), stage.answer(&wanted));
    }
}

#[test]
fn others_move_a_document_over_the_limit() {
    let stage = Stage::new();
    stage.insert((1..=60).map(|n| doc! { "_id": format!("d{n:02}"), "n": n }));
    let wanted = wanted(doc! {}, doc! { "n": -1 }, Some(2));
    let mut listener = stage.open(wanted.clone()).expect("a listener");
    let mut check = |write: &dyn Fn(&Stage), expected: &[&str]| {
        write(&stage);
        stage.hear(&mut listener).expect("no end");
        assert_eq!(listener.told(), expected);
        assert_eq!(by_id(listener.documents.clone()), stage.answer(&wanted));
        listener.told.clear();
    };
    let of = |id: &str| doc! { "_id": id };
    check(&|it| it.insert([doc! { "_id": "top", "n": 99 }]), &["limit/dequeue/d59", "add/enqueue/top"]);
    check(&|it| it.insert([doc! { "_id": "low", "n": 3 }]), &[]);
    check(&|it| it.remove(of("top")), &["remove/dequeue/top", "limit/enqueue/d59"]);
    check(
        &|it| it.update(of("d60"), doc! { "$set": { "n": 0 } }),
        &["update/dequeue/d60", "limit/enqueue/d58"],
    );
    check(
        &|it| it.update(of("d60"), doc! { "$set": { "n": 98 } }),
        &["limit/dequeue/d58", "update/enqueue/d60"],
    );
    // More go than the view holds: it asks again.
    check(
        &|it| it.remove(doc! { "n": { "$gt": 5 } }),
        &["remove/dequeue/d60", "remove/dequeue/d59", "limit/enqueue/d05", "limit/enqueue/d04"],
    );
}

#[test]
fn fields_are_patched_by_path_and_dates_are_plain_json() {
    let stage = Stage::new();
    stage.insert([doc! { "_id": "a", "o": { "p": 1, "q": [1, { "r": 2 }] }, "gone": 1 }]);
    let wanted = wanted(doc! {}, doc! {}, None);
    let mut listener = stage.open(wanted.clone()).expect("a listener");
    let set = doc! { "o.p": 2, "o.q.1.r": 3, "at": DateTime::from_millis(5), "x[0]": 1 };
    stage.update(doc! {}, doc! { "$set": set, "$unset": { "gone": "" } });
    stage.update(doc! {}, doc! { "$push": { "o.q": 4 }, "$set": { "o.s": null } });
    stage.hear(&mut listener).expect("no end");
    assert_eq!(listener.documents[0]["at"], json!({ "$date": 5 }));
    assert_eq!(by_id(listener.documents), stage.answer(&wanted));
}

#[test]
fn a_listener_resumes_after_the_event_it_had() {
    let stage = Stage::new();
    let mut listener = stage.open(wanted(doc! {}, doc! {}, None)).expect("a listener");
    stage.insert([doc! { "_id": "a" }]);
    stage.hear(&mut listener).expect("no end");
    stage.realtime.detach([&listener.id], &stage.line);
    stage.insert([doc! { "_id": "b" }]);
    stage.insert([doc! { "_id": "c" }]);
    assert_eq!(stage.realtime.news(&listener.id, &stage.line), None, "nobody is there to hear it");
    let missed = stage.resume(&listener, 2).expect("what it missed");
    listener.take(&missed);
    assert_eq!(listener.told(), ["add/enqueue/a", "add/enqueue/b", "add/enqueue/c"]);
    stage.insert([doc! { "_id": "d" }]);
    stage.hear(&mut listener).expect("no end");
    assert_eq!((listener.current, stage.realtime.current(&listener.id, &Principal::Admin)), (5, Some(5)));
    let nothing = stage.resume(&listener, 5).expect("the listener");
    assert!(nothing.contains(r#""currEvent":5,"events":[]"#), "{nothing}");
    for strange in [0, -1, 6, i64::MAX, i64::MIN] {
        assert_eq!(stage.resume(&listener, strange), None, "{strange}");
    }
    assert_eq!(stage.realtime.asked(&listener.id, &Principal::Client(None)), None, "it is another's");
}

#[test]
fn a_listener_without_a_socket_is_kept_for_a_while() {
    let stage = Stage::new();
    let listener = stage.open(wanted(doc! {}, doc! {}, None)).expect("a listener");
    stage.realtime.detach([&listener.id], &stage.line);
    stage.clock.advance(KEPT - 1);
    stage.insert([doc! { "_id": "a" }]);
    assert!(stage.resume(&listener, 1).is_some());
    stage.realtime.detach([&listener.id], &stage.line);
    stage.clock.advance(KEPT);
    assert_eq!(stage.resume(&listener, 1), None);
    assert!(stage.realtime.lock().groups.is_empty(), "nothing is left of it");
    let many: Vec<_> =
        (0..MOST_KEPT + 2).filter_map(|_| stage.open(wanted(doc! {}, doc! {}, None)).ok()).collect();
    stage.realtime.detach(many.iter().map(|it| &it.id), &stage.line);
    assert_eq!(stage.realtime.lock().listeners.len(), MOST_KEPT);
}

#[test]
fn a_listener_that_does_not_read_costs_a_bounded_journal_and_is_told() {
    let stage = Stage::new();
    let mut slow = stage.open(wanted(doc! {}, doc! {}, None)).expect("a listener");
    let mut quick = stage.open(wanted(doc! {}, doc! {}, None)).expect("a listener");
    for n in 0..1100 {
        stage.insert([doc! { "_id": n }]);
        if n % 100 == 0 {
            stage.hear(&mut quick).expect("no end");
        }
    }
    stage.hear(&mut quick).expect("no end");
    assert_eq!(quick.current, 1101);
    assert_eq!(stage.hear(&mut slow).expect_err("an end").code, "SYS_ERR");
    assert_eq!(stage.resume(&slow, 1), None);
}

#[test]
fn a_large_backlog_comes_in_several_messages() {
    let stage = Stage::new();
    let mut listener = stage.open(wanted(doc! {}, doc! {}, None)).expect("a listener");
    for n in 0..8 {
        stage.insert([doc! { "_id": n, "text": "x".repeat(MESSAGE / 2) }]);
    }
    let first = stage.resume(&listener, 1).expect("the first of them");
    assert!(first.len() < MESSAGE * 2);
    listener.take(&first);
    assert_eq!(listener.current, 3);
    stage.hear(&mut listener).expect("no end");
    assert_eq!((listener.current, listener.documents.len()), (9, 8));
}

#[test]
fn a_listener_goes_over_to_another_query() {
    let stage = Stage::new();
    stage.insert([doc! { "_id": "a", "mine": true }, doc! { "_id": "b", "mine": true }, doc! { "_id": "c" }]);
    let mut listener = stage.open(wanted(doc! {}, doc! {}, None)).expect("a listener");
    stage.update(doc! { "_id": "a" }, doc! { "$set": { "n": 1 } });
    let narrow = wanted(doc! { "mine": true }, doc! {}, None);
    let Ok(Some(News::Events { data, .. })) =
        stage.realtime.change(&listener.id, narrow.clone(), &stage.line)
    else {
        panic!("there is news")
    };
    listener.take(&data);
    assert_eq!(listener.told(), ["update/update/a", "limit/dequeue/c"]);
    stage.update(doc! {}, doc! { "$set": { "n": 2 } });
    stage.hear(&mut listener).expect("no end");
    assert_eq!(by_id(listener.documents.clone()), stage.answer(&narrow));
    assert_eq!((listener.current, stage.realtime.change(&listener.id, narrow, &stage.line)), (4, Ok(None)));
    assert_eq!(stage.resume(&listener, 2), None, "that was another query");
}

#[test]
fn an_object_id_is_compared_as_text() {
    let stage = Stage::new();
    let id = bson::oid::ObjectId::from_bytes([7; 12]);
    stage.insert([doc! { "_id": id, "n": 1 }]);
    let mut listener = stage.open(wanted(doc! {}, doc! {}, None)).expect("a listener");
    stage.update(doc! {}, doc! { "$set": { "n": 2 } });
    stage.hear(&mut listener).expect("no end");
    assert_eq!(listener.documents, [json!({ "_id": id.to_hex(), "n": 2 })]);
    stage.remove(doc! {});
    stage.hear(&mut listener).expect("no end");
    assert_eq!(listener.documents, [] as [Value; 0]);
}

#[test]
fn a_permission_that_changes_with_a_dropped_collection_ends_nobody() {
    let stage = Stage::new();
    stage.insert([doc! { "_id": "a", "mine": true }]);
    let mut listener = stage.open(wanted(doc! {}, doc! {}, None)).expect("a listener");
    stage.database.store().drop_collection("c").expect("dropped");
    let narrow = wanted(doc! { "mine": true }, doc! {}, None);
    match stage.realtime.change(&listener.id, narrow.clone(), &stage.line) {
        Ok(Some(News::Events { data, .. })) => listener.take(&data),
        other => panic!("{other:?}"),
    }
    assert_eq!(listener.documents, [] as [Value; 0]);
    stage.database.create_collection("c").expect("created");
    stage.insert([doc! { "_id": "b" }, doc! { "_id": "c", "mine": true }]);
    stage.hear(&mut listener).expect("no end");
    assert_eq!(by_id(listener.documents), stage.answer(&narrow));
}

#[test]
fn more_documents_than_may_be_watched_end_the_listener() {
    let stage = Stage::new();
    stage.insert((0..view::MOST as i32).map(|n| doc! { "_id": n }));
    let mut listener = stage.open(wanted(doc! {}, doc! {}, None)).expect("a listener");
    let mut of_ten = stage.open(wanted(doc! {}, doc! {}, Some(10))).expect("a listener");
    stage.insert([doc! { "_id": "more" }]);
    assert_eq!(stage.hear(&mut listener).expect_err("an end").code, "INVALID_PARAM");
    stage.hear(&mut of_ten).expect("no end");
    assert_eq!(stage.open(wanted(doc! {}, doc! {}, None)).expect_err("too many").code, "INVALID_PARAM");
    stage.remove(doc! { "_id": "more" });
    stage.open(wanted(doc! {}, doc! {}, None)).expect("it can be watched again");
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let stage = Stage::new();
    let refused = |wanted: Wanted| stage.open(wanted).expect_err("a refusal").code;
    let elsewhere = Wanted { collection: "none".into(), ..wanted(doc! {}, doc! {}, None) };
    assert_eq!(refused(elsewhere), "DATABASE_COLLECTION_NOT_EXIST");
    assert_eq!(refused(wanted(doc! { "a": { "$no": 1 } }, doc! {}, None)), "DATABASE_INVALID_OPERRATOR");
    assert_eq!(refused(wanted(doc! {}, doc! { "": 1 }, Some(1))), "DATABASE_REQUEST_FAILED");
    let near = doc! { "a": { "$near": { "$geometry": { "type": "Point", "coordinates": [0, 0] } } } };
    assert_eq!(refused(wanted(near, doc! {}, None)), "DATABASE_REQUEST_FAILED");
    assert!(stage.realtime.lock().groups.is_empty());
}

/// One random write.
fn carry_out(stage: &Stage, (kind, id, n): (u8, u8, i32)) {
    let of = |id: u8| doc! { "_id": format!("d{id:02}") };
    let random =
        |id: u8, n: i32| doc! { "_id": format!("d{id:02}"), "n": n % 7, "k": n % 2, "o": { "a": n } };
    let one = Selection { collection: "c".into(), filter: of(id), transaction: None };
    let put = |update: Document, upsert| {
        let merge = update.contains_key("$set") || update.contains_key("$unset");
        let change = Change { update, multi: false, merge, upsert };
        stage.database.update(&one, change).expect("changed");
    };
    let mut whole = random(id, n);
    whole.remove("_id");
    match kind % 13 {
        0 | 1 => put(whole, true),
        2 => put(doc! { "$set": { "n": n % 7, "o.b": n } }, false),
        3 => put(doc! { "$unset": { "o.a": "" }, "$set": { "k": n % 2 } }, false),
        4 => drop(stage.database.remove(&one, false).expect("removed")),
        5 => stage.update(doc! { "n": n % 7 }, doc! { "$inc": { "n": 1 } }),
        6 => stage.remove(doc! { "n": n % 7 }),
        7 => {
            let transaction = stage.database.begin().expect("begun");
            let of =
                |id| Selection { filter: of(id % 64), transaction: Some(transaction.clone()), ..one.clone() };
            let _ = stage.database.remove(&of(id), false);
            let change = Change { update: whole, multi: false, merge: false, upsert: true };
            stage.database.update(&of(id.wrapping_add(1)), change.clone()).expect("changed");
            stage.database.update(&of(id), change).expect("changed");
            stage.database.commit(&transaction).expect("committed");
        }
        8 if n % 4 == 0 => drop(stage.database.store().clear(None).expect("emptied")),
        9 if n % 4 == 0 => {
            stage.database.store().drop_collection("c").expect("dropped");
            if n % 8 == 0 {
                drop(stage.realtime.up_to_date());
            }
            stage.database.create_collection("c").expect("created");
        }
        10 if n % 2 == 0 => {
            let _ = std::fs::remove_file(stage.saved());
            stage.database.store().save(&stage.saved()).expect("saved");
        }
        10 if stage.saved().exists() => stage.database.store().restore(&stage.saved()).expect("restored"),
        11 => stage.clock.advance(i64::from(n) * 60_000),
        _ => {
            let free =
                (0..64).filter(|id| stage.database.count("c", &of(*id)) == Ok(0)).take(usize::from(id % 32));
            let documents: Vec<_> = free.map(|it| random(it, n + i32::from(it))).collect();
            if !documents.is_empty() {
                stage.insert(documents);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_listeners_view_is_the_querys_answer_after_any_writes(
        writes in prop::collection::vec((any::<u8>(), 0u8..64, 0i32..100), 1..60),
        pauses in prop::collection::vec(any::<bool>(), 60),
    ) {
        let stage = Stage::new();
        let queries: Vec<_> = [doc! {}, doc! { "k": 1 }].into_iter().flat_map(|filter| {
            [(doc! {}, None), (doc! {}, Some(3)), (doc! { "n": 1 }, Some(3)), (doc! { "k": 1 }, Some(5)), (doc! { "n": -1, "k": 1 }, Some(12)), (doc! { "n": 1 }, None)]
                .map(|(sort, limit)| wanted(filter.clone(), sort, limit))
        }).collect();
        let mut listeners: Vec<_> =
            queries.iter().map(|it| stage.open(it.clone()).expect("a listener")).collect();
        for (write, pause) in writes.iter().zip(pauses) {
            carry_out(&stage, *write);
            if pause {
                continue;
            }
            for (listener, wanted) in listeners.iter_mut().zip(&queries) {
                if write.2 % 3 == 0 {
                    stage.realtime.detach([&listener.id], &stage.line);
                    listener.take(&stage.resume(listener, listener.current).expect("what it missed"));
                }
                stage.hear(listener).expect("no end");
                prop_assert_eq!(by_id(listener.documents.clone()), stage.answer(wanted), "{:?}", wanted);
            }
        }
        for (listener, wanted) in listeners.iter_mut().zip(&queries) {
            stage.hear(listener).expect("no end");
            prop_assert_eq!(by_id(listener.documents.clone()), stage.answer(wanted), "{:?}", wanted);
            let late = stage.open(wanted.clone()).expect("a listener");
            prop_assert_eq!(by_id(late.documents), stage.answer(wanted));
        }
    }
}
