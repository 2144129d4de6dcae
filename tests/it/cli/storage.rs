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
