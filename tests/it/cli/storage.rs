//! `cloudkit storage …`.

use crate::support::cloudkit::Cloudkit;
use crate::support::patience::PATIENCE;
use crate::support::unsteady::{Door, Reply, Unsteady};

const MEGABYTE: usize = 1 << 20;

/// Bytes of which no two stretches are alike.
fn numbers(bytes: usize) -> Vec<u8> {
    (0..bytes / 8).flat_map(|number| format!("{number:07}\n").into_bytes()).collect()
}

/// Makes the commands speak to another address.
fn at(cloudkit: Cloudkit, url: &str) -> Cloudkit {
    cloudkit
        .variable("CLOUDKIT_EMULATOR_URL", url)
        .variable("TENCENTCLOUD_SECRETID", "AKIDlocal")
        .variable("TENCENTCLOUD_SECRETKEY", "localkey")
}

/// Downloads over a file that is there; returns the exit code and what the folder holds then.
fn download(service: &Unsteady) -> (Option<i32>, Vec<(String, Vec<u8>)>) {
    let cloudkit = at(Cloudkit::alone(&[("into/a.bin", "old")]), &service.url);
    let output = cloudkit.output(&["storage", "download", "cloud://local.b/a.bin", "into/"]);
    let entries = std::fs::read_dir(cloudkit.folder().join("into")).expect("a folder");
    let held = entries.map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read(&path).expect("a file"))
    });
    (output.status.code(), held.collect())
}

#[test]
fn a_download_that_breaks_off_is_gone_on_with() {
    const WHOLE: Reply = Reply::Bytes(MEGABYTE);
    for (replies, ranges) in [
        (&[WHOLE][..], &[""][..]),
        (
            &[Reply::Bytes(1000), Reply::Bytes(0), Reply::Bytes(500_000), WHOLE],
            &["", "bytes=1000-", "bytes=1000-", "bytes=501000-"],
        ),
        // What came of another file is of no use.
        (
            &[Reply::Bytes(1000), Reply::Changed, Reply::Bytes(10), WHOLE],
            &["", "bytes=1000-", "", "bytes=10-"],
        ),
    ] {
        let file = numbers(MEGABYTE);
        let service = Unsteady::serve(file.clone(), replies);
        let (code, held) = download(&service);
        assert_eq!((code, service.ranges()), (Some(0), ranges.iter().map(|it| (*it).to_owned()).collect()));
        assert!(held == [("a.bin".to_owned(), file)], "another file came");
    }
}

#[test]
fn a_download_that_fails_leaves_the_old_file_and_nothing_beside_it() {
    for (replies, code) in
        [(&[Reply::Bytes(1000), Reply::Bytes(0)][..], 1), (&[Reply::Bytes(1000), Reply::Changed], 5)]
    {
        let told = download(&Unsteady::serve(numbers(MEGABYTE), replies));
        assert_eq!(told, (Some(code), vec![("a.bin".to_owned(), b"old".to_vec())]), "{replies:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_killed_is_taken_over() {
    let file = numbers(40 * MEGABYTE);
    let cloudkit = Cloudkit::serving(&[]).await;
    std::fs::write(cloudkit.folder().join("large"), &file).expect("written");
    let url = cloudkit.url().to_owned();
    // Four parts of 8 MB are on their way at a time: beyond 32 MB, one has arrived.
    let door = Door::open(&url, 34 * MEGABYTE);
    let cloudkit = at(cloudkit, &door.url);
    let mut killed = cloudkit.command(&["storage", "upload", "large", "large"]).spawn().expect("runs");
    let door = tokio::task::spawn_blocking(move || door.shut.recv_timeout(PATIENCE).map(|()| door))
        .await
        .expect("heard");
    door.expect("the upload goes on until the door shuts");
    killed.kill().and_then(|()| killed.wait()).expect("ours");
    assert_eq!(cloudkit.json_at(&url, &["storage", "list"]), serde_json::json!([]));

    let door = Door::open(&url, usize::MAX);
    let uploaded = cloudkit.json_at(&door.url, &["storage", "upload", "large", "large"]);
    assert_eq!(uploaded["bytes"], file.len());
    assert!(door.passed() < 33 * MEGABYTE, "{} bytes went up again", door.passed());
    cloudkit.json_at(&url, &["storage", "download", "large", "back"]);
    assert!(std::fs::read(cloudkit.folder().join("back")).expect("a file") == file, "another file came back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_moved_but_for_what_is_there() {
    let cloudkit = Cloudkit::serving(&[("site/a", "one"), ("site/b", "two"), ("site/c", "")]).await;
    let unchanged = |arguments: &[&str]| cloudkit.json(arguments)["unchanged"].clone();
    let (up, down) =
        (["storage", "upload", "-r", "site", "web"], ["storage", "download", "-r", "web", "down"]);
    assert_eq!((unchanged(&up), unchanged(&up)), (0.into(), 3.into()));
    std::fs::write(cloudkit.folder().join("site/b"), "TWO").expect("written");
    insta::assert_snapshot!(cloudkit.run(&up), @r"
    exit 0
    --- stdout
    ✔ Uploaded 3 files, 6 bytes
    2 of them were there already
    --- stderr
    target: local  [url]
    ");
    assert_eq!((unchanged(&down), unchanged(&down)), (0.into(), 3.into()));
    for (name, bytes) in [("down/a", "on"), ("down/b", "two")] {
        std::fs::write(cloudkit.folder().join(name), bytes).expect("written");
    }
    assert_eq!(unchanged(&down), 1);
    assert_eq!((cloudkit.read("down/a"), cloudkit.read("down/b")), ("one".into(), "TWO".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_own_name_leads_out_wants_another() {
    let cloudkit = Cloudkit::serving(&[("a", "one")]).await;
    cloudkit.json(&["storage", "upload", "a", "c:evil\\..x"]);
    insta::assert_snapshot!(cloudkit.run(&["storage", "download", "c:evil\\..x"]), @r"
    exit 5
    --- stderr
    error: `c:evil\..x` cannot be a file of this machine
    hint: download it alone, under another name
    ");
    cloudkit.json(&["storage", "download", "c:evil\\..x", "plain"]);
    assert_eq!(cloudkit.read("plain"), "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_up_is_listed_comes_down_and_is_deleted() {
    let cloudkit = Cloudkit::serving(&[("猫.txt", "meow")]).await;
    let uploaded = cloudkit.json(&["storage", "upload", "猫.txt", "pictures/"]);
    let file_id = uploaded["fileId"].as_str().expect("an id").to_owned();
    assert!(file_id.starts_with("cloud://local.") && file_id.ends_with("/pictures/猫.txt"), "{file_id}");
    let listed = cloudkit.json(&["storage", "list", "pictures"]);
    assert_eq!((&listed[0]["fileId"], &listed[0]["bytes"]), (&file_id.as_str().into(), &4.into()));
    insta::assert_snapshot!(cloudkit.run(&["storage", "download", &file_id, "back.txt"]), @r"
    exit 0
    --- stdout
    ✔ Downloaded 4 bytes to [project]/back.txt
    ");
    assert_eq!(cloudkit.read("back.txt"), "meow");
    for into in ["new/folder/", "other/猫.txt"] {
        cloudkit.run(&["storage", "download", &file_id, into]);
    }
    assert_eq!(
        (cloudkit.read("new/folder/猫.txt"), cloudkit.read("other/猫.txt")),
        ("meow".into(), "meow".into())
    );
    insta::assert_snapshot!(cloudkit.run(&["storage", "delete", "pictures/猫.txt"]), @r"
    exit 0
    --- stdout
    ✔ Deleted `pictures/猫.txt`
    --- stderr
    target: local  [url]
    ");
    insta::assert_snapshot!(cloudkit.run(&["storage", "download", "pictures/猫.txt"]), @r"
    exit 4
    --- stderr
    error[STORAGE_FILE_NONEXIST]: there is no file `pictures/猫.txt`
    hint: `cloudkit storage list` shows what is there
    ");
    insta::assert_snapshot!(cloudkit.run(&["storage", "upload", "nowhere.txt", "x"]), @r"
    exit 4
    --- stderr
    target: local  [url]
    error: could not read `[project]/nowhere.txt`
      caused by: No such file or directory (os error 2)
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_goes_up_comes_down_and_is_deleted() {
    let cloudkit = Cloudkit::serving(&[
        ("site/index.html", "page"),
        ("site/img/猫 1.svg", "meow"),
        ("site/.hidden", "x"),
    ])
    .await;
    insta::assert_snapshot!(cloudkit.run(&["storage", "upload", "site", "web"]), @r"
    exit 2
    --- stderr
    target: local  [url]
    error: `[project]/site` is not a file
    hint: `--recursive` uploads what is in a folder
    ");
    let uploaded = cloudkit.json(&["storage", "upload", "-r", "site", "web/"]);
    assert_eq!((&uploaded["bytes"], uploaded["files"].as_array().map(Vec::len)), (&9.into(), Some(3)));
    cloudkit.run(&["storage", "upload", "site/index.html", "website.html"]);
    insta::assert_snapshot!(cloudkit.run(&["storage", "download", "--recursive", "web", "down"]), @r"
    exit 0
    --- stdout
    ✔ Downloaded 3 files, 9 bytes
    ");
    assert_eq!(
        (cloudkit.read("down/img/猫 1.svg"), cloudkit.read("down/.hidden")),
        ("meow".into(), "x".into())
    );
    insta::assert_snapshot!(cloudkit.run(&["storage", "delete", "--recursive", "web"]), @r"
    exit 0
    --- stdout
    ✔ Deleted `web/.hidden`
    ✔ Deleted `web/img/猫 1.svg`
    ✔ Deleted `web/index.html`
    --- stderr
    target: local  [url]
    ");
    insta::assert_snapshot!(cloudkit.run(&["storage", "download", "-r", "web", "down"]), @r"
    exit 4
    --- stderr
    error: there are no files below `web`
    hint: `cloudkit storage list` shows what is there
    ");
    let left = cloudkit.json(&["storage", "list"]);
    assert_eq!(left.as_array().map(Vec::len), Some(1), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_up_in_parts_and_comes_back_the_same() {
    let cloudkit = Cloudkit::serving(&[]).await;
    let text: String = (0..5_000_000).map(|number| format!("{number:07}\n")).collect();
    std::fs::write(cloudkit.folder().join("large"), &text).expect("written");
    let uploaded = cloudkit.json(&["storage", "upload", "large", "large"]);
    assert_eq!(uploaded["bytes"], text.len());
    cloudkit.run(&["storage", "download", "large", "back"]);
    assert!(cloudkit.read("back") == text, "another text came back");
}
