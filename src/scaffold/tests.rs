use std::collections::BTreeSet;
use std::path::Path;

use super::*;
fn parameters() -> Parameters {
    Parameters { name: "garden".into(), app_id: None }
}

/// Returns the files below a folder, but for what `npm install` and runs leave there.
fn on_disk(folder: &Path, root: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let name = entry.file_name().and_then(|name| name.to_str()).expect("a name");
        if matches!(name, "node_modules" | ".cloudkit" | "template.toml") {
            continue;
        }
        match entry.is_dir() {
            true => on_disk(&entry, root, found),
            false => drop(
                found.insert(entry.strip_prefix(root).expect("inside").to_string_lossy().replace('\\', "/")),
            ),
        }
    }
}

#[test]
fn every_template_on_disk_is_embedded_whole() {
    // The macro that embeds them does not notice a new file by itself.
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let names: Vec<&str> = catalogue().iter().map(|template| template.name).collect();
    let mut folders: Vec<String> = std::fs::read_dir(&templates)
        .expect("templates")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    assert_eq!(names, folders);
    for template in catalogue() {
        let mut expected = BTreeSet::new();
        let folder = templates.join(template.name);
        on_disk(&folder, &folder, &mut expected);
        let added = ["minigame/cloudkit/wx-cloud.js", "minigame/cloudkit/.gitignore", "test/wx-stand-in.js"];
        expected.extend(added.map(String::from));
        let rendered: BTreeSet<String> =
            template.render(&parameters()).into_iter().map(|file| file.path).collect();
        assert_eq!(rendered, expected, "{}", template.name);
        assert!(!template.description.en.is_empty() && !template.description.zh.is_empty());
    }
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join(".git")).expect("made");
    let files = [File { path: "a/b.txt".into(), bytes: b"new".to_vec() }];
    write(&files, folder.path()).expect("a repository without files counts as empty");
    assert_eq!(std::fs::read(folder.path().join("a/b.txt")).expect("there"), b"new");
    let error = write(&files, folder.path()).expect_err("not empty any more");
    assert!(error.message().en.ends_with("is not empty: it has `a`"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("there").count(), 2);
}

#[test]
fn a_failure_leaves_nothing_behind() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("garden");
    // The second file wants to be where the first one is.
    let files = ["a", "a/b"].map(|path| File { path: path.into(), bytes: Vec::new() });
    write(&files, &folder).expect_err("impossible");
    assert!(!folder.exists());
}

#[test]
fn an_unknown_template_is_named_with_what_was_meant() {
    let error = find("leaderbord").expect_err("unknown");
    assert_eq!(error.hints()[0].en, "did you mean `leaderboard`?");
    assert!(find("leaderboard").is_ok());
}

#[test]
fn a_folder_names_its_project() {
    for (folder, name) in
        [("garden", "garden"), ("My Garden!", "my-garden"), ("乐享花园", "garden"), ("a_b.c", "a_b-c")]
    {
        assert_eq!(project_name(folder), name);
    }
}
