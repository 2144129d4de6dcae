use super::*;

/// Applies a change to a text and returns the new text.
fn changed(text: &str, change: impl FnOnce(&mut Edit) -> Result<bool>) -> Result<(bool, String)> {
    let mut edit = Edit::from_text(FILE_NAME.into(), text.into())?;
    let changed = change(&mut edit)?;
    Ok((changed, edit.document.to_string()))
}

fn players() -> CollectionName {
    "players".parse().expect("a name")
}

fn index(keys: &[&str], unique: bool) -> IndexSpec {
    let keys = keys.iter().map(|key| key.parse().expect("a key")).collect();
    IndexSpec::new(keys, unique, None).expect("an index")
}

fn add(text: &str, keys: &[&str], unique: bool) -> String {
    let (added, text) =
        changed(text, |edit| edit.add_index(&players(), &index(keys, unique))).expect("added");
    assert!(added);
    // The second time changes nothing.
    let again = changed(&text, |edit| edit.add_index(&players(), &index(keys, unique))).expect("known");
    assert_eq!(again, (false, text.clone()));
    text
}

#[test]
fn an_index_is_added_where_a_person_would() {
    insta::assert_snapshot!(add("", &["score:desc"], true), @r#"
    [database.players]
    indexes = [{ keys = ["score:desc"], unique = true }]
    "#);
    insta::assert_snapshot!(add("# mine\n[project]\nname = 'x' # keep\n\n[gateway]\n", &["a", "b:desc"], false), @r#"
    # mine
    [project]
    name = 'x' # keep

    [gateway]

    [database.players]
    indexes = [{ keys = ["a", "b:desc"] }]
    "#);
    insta::assert_snapshot!(add("[database.players] # the board\npermission = 'READONLY'\n\n[database.notes]\n", &["score:desc"], false), @r#"
    [database.players] # the board
    permission = 'READONLY'
    indexes = [{ keys = ["score:desc"] }]

    [database.notes]
    "#);
    insta::assert_snapshot!(add("[database.players]\nindexes = [{ keys = ['a'] }] # fast\n", &["score:desc"], false), @r#"
    [database.players]
    indexes = [{ keys = ['a'] }, { keys = ["score:desc"] }] # fast
    "#);
    insta::assert_snapshot!(add("[database.players]\nindexes = [\n  { keys = ['a'] }, # one\n  { keys = ['b'] }, # two\n]\n", &["score:desc"], true), @r#"
    [database.players]
    indexes = [
      { keys = ['a'] }, # one
      { keys = ['b'] }, # two
      { keys = ["score:desc"], unique = true },
    ]
    "#);
    insta::assert_snapshot!(add("[database.players]\n[[database.players.indexes]]\nkeys = ['a']\n", &["score:desc"], false), @r#"
    [database.players]
    [[database.players.indexes]]
    keys = ['a']

    [[database.players.indexes]]
    keys = ["score:desc"]
    "#);
    insta::assert_snapshot!(add("[database.players]\nindexes = [\n    { keys = ['a'] } # one\n]\n", &["b"], false), @r#"
    [database.players]
    indexes = [
        { keys = ['a'] }, # one
        { keys = ["b"] },
    ]
    "#);
    insta::assert_snapshot!(add("database = { players = {} }\n", &["score"], false), @r#"database = { players = { indexes = [{ keys = ["score"] }] } }"#);
}

#[test]
fn a_different_index_in_the_same_place_is_refused() {
    let text = "[database.players]\nindexes = [{ keys = ['score:desc'] }, { keys = ['a'], name = 'b_1' }]\n";
    for (keys, unique, cause) in [
        (&["score:desc"], true, "it has the same fields and is not unique"),
        (&["b"], false, "it has the same name and other fields"),
    ] {
        let error = changed(text, |edit| edit.add_index(&players(), &index(keys, unique))).expect_err(cause);
        assert_eq!(error.causes()[0].en, cause);
    }
}

#[test]
fn what_was_added_can_be_removed() {
    let text = "# head\n[database.players]\nindexes = [{ keys = ['a'] }, { keys = ['b'] }] # two\n";
    let remove = |name: &str| changed(text, |edit| edit.remove_index(&players(), name)).expect("removed");
    assert_eq!(
        remove("a_1"),
        (true, "# head\n[database.players]\nindexes = [{ keys = ['b'] }] # two\n".into())
    );
    assert_eq!(remove("c_1"), (false, text.into()));
    let (removed, left) = changed(text, |edit| edit.remove_collection(&players())).expect("removed");
    assert!(removed && !left.contains("players"));
}

#[test]
fn a_permission_replaces_the_other_kind() {
    let set = |text: &str, permission: Permission| {
        changed(text, |edit| edit.set_permission(&players(), &permission)).expect("set")
    };
    let rule = Permission::Custom(r#"{"read":true,"write":"doc._openid == auth.openid"}"#.into());
    let (_, text) = set("[database.players]\npermission = 'PRIVATE' # for now\n", Permission::ReadOnly);
    assert_eq!(text, "[database.players]\npermission = \"READONLY\" # for now\n");
    let (_, text) = set(&text, rule.clone());
    let ruled =
        "[database.players]\nrule = { read = true, write = \"doc._openid == auth.openid\" } # for now\n";
    assert_eq!(text, ruled);
    assert_eq!(set(&text, rule.clone()), (false, text.clone()));
    let between =
        |it: &str| format!("[database.players]\n# Who?\n{it} # all\nindexes = [] # none\n[storage]\n");
    let (_, text) = set(&between("rule = { read = true }"), Permission::ReadOnly);
    assert_eq!(text, between("permission = \"READONLY\""));
    let (_, text) =
        set("database.players = { permission = 'PRIVATE', indexes = [] }\n", Permission::ReadOnly);
    assert_eq!(text, "database.players = { permission = \"READONLY\", indexes = [] }\n");
    let (_, text) = set("[database.players.rule]\nread = true\n", Permission::ReadOnly);
    assert_eq!(text, "[database.players]\npermission = \"READONLY\"\n");
    let nonsense = Permission::Custom("[1]".into());
    assert!(changed("", |edit| edit.set_permission(&players(), &nonsense)).is_err());
}

#[test]
fn saving_makes_the_file_when_there_is_none() {
    let project = tempfile::tempdir().expect("a folder");
    assert!(change(project.path(), |edit| edit.add_collection(&players())).expect("saved"));
    let manifest = Manifest::find(project.path()).expect("read").expect("there");
    assert!(manifest.collections.contains_key(&players()));
}

#[test]
fn changes_at_the_same_time_are_all_kept() {
    let project = tempfile::tempdir().expect("a folder");
    let names: Vec<CollectionName> = (0..8).map(|n| format!("c{n}").parse().expect("a name")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| change(project.path(), |edit| edit.add_collection(name)).expect("saved"));
        }
    });
    let manifest = Manifest::find(project.path()).expect("read").expect("there");
    assert_eq!(manifest.collections.into_keys().collect::<Vec<_>>(), names);
}
