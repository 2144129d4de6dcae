use super::listing::page;
use super::*;

fn storage(folder: &std::path::Path, clock: Clock) -> Storage {
    Storage::new(folder.join("objects"), &"local".parse().expect("an env id"), "secret", clock)
}

async fn put(storage: &Storage, key: &str, bytes: &[u8]) -> Object {
    let mut upload = storage.create(key, Attributes::default()).await.expect("a good key");
    upload.write(bytes.to_vec().into()).await.expect("room on the disk");
    upload.finish().await.expect("room on the disk")
}

async fn read(storage: &Storage, key: &str) -> Vec<u8> {
    let mut reading = storage.open(key).await.expect(key);
    let mut bytes = Vec::new();
    while let Some(chunk) = reading.next().await.expect("a readable file") {
        bytes.extend_from_slice(&chunk);
    }
    bytes
}

#[tokio::test]
async fn names_in_any_script_outlive_the_process() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let keys = ["a", "a/b", "A", "云 和 😀/héllo%#?.txt", "a/b/c.PNG"];
    let first = storage(folder.path(), Clock::frozen(1_000));
    for key in keys {
        put(&first, key, key.as_bytes()).await;
    }
    let again = storage(folder.path(), Clock::frozen(2_000));
    for key in keys {
        assert_eq!(read(&again, key).await, key.as_bytes());
    }
    assert_eq!(again.get("a/b/c.PNG").expect("stored").content_type, "image/png");
    assert_eq!(again.get("a").expect("stored").etag, "0cc175b9c0f1b6a831c399e269772661");
}

#[tokio::test]
async fn an_interrupted_upload_leaves_the_old_object_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let storage = storage(folder.path(), Clock::default());
    put(&storage, "a", b"old").await;
    let mut upload = storage.create("a", Attributes::default()).await.expect("a good key");
    upload.write("new and longer".into()).await.expect("room on the disk");
    drop(upload);
    assert_eq!(read(&storage, "a").await, b"old");
    let files = std::fs::read_dir(folder.path().join("objects")).expect("the folder").count();
    assert_eq!(files, 1);
}

#[tokio::test]
async fn of_two_uploads_that_may_not_overwrite_one_is_stored() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let storage = storage(folder.path(), Clock::default());
    let mut uploads = Vec::new();
    for bytes in ["first", "second"] {
        let mut upload = storage.create("a", Attributes::default()).await.expect("a good key");
        upload.forbid_overwrite().expect("nothing is there yet");
        upload.write(bytes.into()).await.expect("room on the disk");
        uploads.push(upload);
    }
    let [first, second] = <[_; 2]>::try_from(uploads).expect("two");
    second.finish().await.expect("the first to be finished");
    assert!(matches!(first.finish().await, Err(Error::Exists { .. })));
    assert_eq!(read(&storage, "a").await, b"second");
}

#[tokio::test]
async fn a_file_that_somebody_cleared_out_of_the_folder_can_be_removed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let storage = storage(folder.path(), Clock::default());
    put(&storage, "a", b"bytes").await;
    std::fs::remove_dir_all(folder.path().join("objects")).expect("it is there");
    storage.remove("a").await.expect("it is gone");
    assert!(matches!(storage.get("a"), Err(Error::NotFound { .. })));
    assert_eq!(storage.used().expect("readable"), 0);
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_is_not_an_empty_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let objects = folder.path().join("objects");
    put(&storage(folder.path(), Clock::default()), "a", b"bytes").await;
    std::fs::rename(&objects, folder.path().join("aside")).expect("it is there");
    std::fs::write(&objects, "no folder").expect("room on the disk");
    let storage = storage(folder.path(), Clock::default());
    for error in [
        storage.get("a").map(drop),
        storage.list(&Listing::default()).map(drop),
        storage.used().map(drop),
        storage.create("a", Attributes::default()).await.map(drop),
        storage.begin_parts("a", Attributes::default()).map(drop),
        storage.remove("a").await,
    ] {
        let Err(Error::Io(why)) = error else { panic!("{error:?}") };
        assert!(why.to_string().contains("objects"), "{why}");
    }
    std::fs::remove_file(&objects).expect("it is there");
    std::fs::rename(folder.path().join("aside"), &objects).expect("it is there");
    assert_eq!(read(&storage, "a").await, b"bytes");
}

#[tokio::test]
async fn what_is_no_object_is_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    put(&storage(folder.path(), Clock::default()), "a", b"bytes").await;
    let objects = folder.path().join("objects");
    std::fs::create_dir(objects.join("folder")).expect("room on the disk");
    for (name, bytes) in [("empty", &b""[..]), ("short", b"abc"), ("long", &[255; 100])] {
        std::fs::write(objects.join(name), bytes).expect("room on the disk");
    }
    let listing = Listing { limit: 10, ..Listing::default() };
    let keys = storage(folder.path(), Clock::default()).list(&listing).expect("readable").objects;
    assert_eq!(keys.iter().map(|object| &object.key).collect::<Vec<_>>(), ["a"]);
}

#[tokio::test]
async fn a_reader_keeps_the_version_it_opened() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let storage = storage(folder.path(), Clock::default());
    put(&storage, "a", b"old").await;
    let mut reading = storage.open("a").await.expect("stored");
    put(&storage, "a", b"new").await;
    assert_eq!(reading.next().await.expect("readable").as_deref(), Some(b"old".as_slice()));
    assert_eq!(read(&storage, "a").await, b"new");
}

#[tokio::test]
async fn a_copy_asks_before_it_overwrites() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let storage = storage(folder.path(), Clock::default());
    put(&storage, "a.txt", b"1").await;
    put(&storage, "b.txt", b"2").await;
    assert!(matches!(storage.copy("a.txt", "b.txt", false, None, None).await, Err(Error::Exists { .. })));
    assert!(matches!(storage.copy("none", "b.txt", true, None, None).await, Err(Error::NotFound { .. })));
    storage.copy("a.txt", "b.txt", true, None, None).await.expect("both are there");
    assert_eq!(read(&storage, "b.txt").await, b"1");
    storage.remove("a.txt").await.expect("it is there");
    assert!(matches!(storage.remove("a.txt").await, Err(Error::NotFound { .. })));
}

/// A storage of four bytes, and what it tells.
fn limited(
    folder: &tempfile::TempDir,
    is_enforced: bool,
) -> (Storage, tokio::sync::broadcast::Receiver<Event>) {
    let (id, events) = ("local".parse().expect("an env id"), Events::new(8));
    let told = events.subscribe();
    let room = Some(Room { bytes: 4, is_enforced, events });
    (Storage::limited(folder.path().join("objects"), &id, "secret", Clock::default(), room), told)
}

#[tokio::test]
async fn what_goes_beyond_a_limit_that_is_not_enforced_is_told_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (storage, mut told) = limited(&folder, false);
    for (key, bytes, is_told) in [
        ("a", "1234", false),
        ("b", "5", true),
        ("c", "6", false),
        ("b", "", false),
        ("c", "", false),
        ("a", "12345", true),
    ] {
        put(&storage, key, bytes.as_bytes()).await;
        assert_eq!(told.try_recv().is_ok(), is_told, "{key} {bytes}");
    }
    storage.remove("a").await.expect("it is there");
    for storage in [storage, limited(&folder, false).0] {
        assert_eq!(storage.used().expect("readable"), 0);
    }
}

#[tokio::test]
async fn what_is_over_the_limit_is_refused_and_what_replaces_is_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let storage = limited(&folder, true).0;
    put(&storage, "a", b"123").await;
    let mut upload = storage.create("b", Attributes::default()).await.expect("a good key");
    upload.write("1".into()).await.expect("room");
    assert!(matches!(upload.write("2".into()).await, Err(Error::Full)));
    assert!(matches!(storage.copy("a", "b", true, None, None).await, Err(Error::Full)));
    put(&storage, "a", b"1234").await;
    assert_eq!(storage.used().expect("readable"), 4);
}

#[tokio::test]
async fn two_uploads_at_once_share_the_room() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let storage = limited(&folder, true).0;
    let mut uploads = Vec::new();
    for key in ["a", "b"] {
        let mut upload = storage.create(key, Attributes::default()).await.expect("a good key");
        upload.write("123".into()).await.expect("room for one");
        uploads.push(upload);
    }
    let mut stored = 0;
    for upload in uploads {
        match upload.finish().await {
            Ok(_) => stored += 1,
            Err(error) => assert!(matches!(error, Error::Full)),
        }
    }
    assert_eq!((stored, storage.used().expect("readable")), (1, 3));
}

#[tokio::test]
async fn a_part_that_lasts_longer_than_its_upload_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let storage = storage(folder.path(), Clock::default());
    let id = storage.begin_parts("a", Attributes::default()).expect("a good key");
    let part = storage.create_part("a", &id, 1).expect("an upload");
    storage.abort_parts("a", &id).expect("an upload");
    assert!(matches!(part.finish().await, Err(Error::NoUpload)));
    let files = std::fs::read_dir(folder.path().join("objects")).expect("the folder").count();
    assert_eq!(files, 0);
}

#[tokio::test]
async fn parts_outlive_the_first_look_at_what_is_stored() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let storage = storage(folder.path(), Clock::default());
    let id = storage.begin_parts("a", Attributes::default()).expect("a good key");
    let mut part = storage.create_part("a", &id, 1).expect("an upload");
    part.write("bytes".into()).await.expect("room");
    let told = part.finish().await.expect("stored");
    assert!(storage.get("a").is_err());
    storage.complete_parts("a", &id, &[(1, told.etag)]).await.expect("the part is there");
    assert_eq!(read(&storage, "a").await, b"bytes");
}

#[test]
fn a_key_stays_in_its_folder() {
    for key in
        ["", "..", "a/../b", "/etc/passwd", "\\a", "a\\..\\b", "a/./b", "a//b", "a\0b", &"x".repeat(851)]
    {
        assert!(check_key(key).is_err(), "{key}");
    }
    for key in ["a", "a..b/c", "...", "云/😀", "a\\b", "folder/", ".hidden", "CON", &"x".repeat(850)] {
        assert!(check_key(key).is_ok(), "{key}");
    }
}

#[test]
fn a_link_ends_with_its_time_and_serves_one_purpose() {
    let clock = Clock::frozen(1_000_000);
    let storage = storage(std::path::Path::new("unused"), clock.clone());
    let signature = storage.sign(Purpose::Read, "a", 1_060);
    assert!(storage.verify(Purpose::Read, "a", 1_060, &signature));
    assert!(!storage.verify(Purpose::Read, "b", 1_060, &signature));
    assert!(!storage.verify(Purpose::Read, "a", 2_000, &signature));
    assert!(!storage.verify(Purpose::Write(None), "a", 1_060, &signature));
    clock.advance(61_000);
    assert!(!storage.verify(Purpose::Read, "a", 1_060, &signature));
}

#[track_caller]
fn check_page(prefix: &str, delimiter: &str, marker: &str, limit: usize, expected: &str) {
    let object = |key: &str| Object {
        key: key.into(),
        size: 1,
        etag: String::new(),
        content_type: String::new(),
        headers: BTreeMap::new(),
        modified: 0,
        owner: None,
    };
    let objects = ["a", "b/1", "b/2", "b/c/3", "d"].map(object);
    let listing =
        Listing { prefix: prefix.into(), delimiter: delimiter.into(), marker: marker.into(), limit };
    let page = page(objects.iter(), &listing);
    let keys: Vec<_> = page.objects.iter().map(|object| object.key.as_str()).collect();
    let told =
        format!("{} | {} | {}", keys.join(" "), page.prefixes.join(" "), page.next.unwrap_or_default());
    assert_eq!(told, expected);
}

#[test]
fn a_listing_has_folders_and_pages() {
    check_page("", "", "", 10, "a b/1 b/2 b/c/3 d |  | ");
    check_page("b/", "", "", 10, "b/1 b/2 b/c/3 |  | ");
    check_page("", "/", "", 10, "a d | b/ | ");
    check_page("b/", "/", "", 10, "b/1 b/2 | b/c/ | ");
    check_page("", "", "", 2, "a b/1 |  | b/1");
    check_page("", "", "b/1", 2, "b/2 b/c/3 |  | b/c/3");
    check_page("", "/", "", 2, "a | b/ | b/");
    check_page("", "/", "b/", 2, "d |  | ");
}

#[test]
fn ids_are_in_the_platforms_form() {
    let storage = storage(std::path::Path::new("unused"), Clock::default());
    assert_eq!(storage.file_id("a/云.txt"), "cloud://local.6c6f-local-1250000001/a/云.txt");
    assert_eq!(storage.key_of("cloud://other.b/a/云.txt"), "a/云.txt");
    assert_eq!(storage.key_of("/a/b"), "/a/b", "which no file has");
}
