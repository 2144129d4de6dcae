//! `cloudkit storage …`.

use crate::support::cloudkit::Cloudkit;

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
