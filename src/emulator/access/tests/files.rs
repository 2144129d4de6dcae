use super::*;
use crate::emulator::access::files::{self, Use};
use crate::emulator::access::functions;
use crate::emulator::storage::Attributes;

const PEOPLE: [&str; 5] = ["alice", "bob", "guest", "nobody", "admin"];

/// A permission of files, and for each of [`PEOPLE`] whether they may read alice's file, one that is not there and one of
/// an admin, and write the same three.
const FILES: [(&str, [&str; 5]); 8] = [
    ("READONLY", ["yyy yy-", "yyy -y-", "yyy -y-", "yyy ---", "yyy yyy"]),
    ("PRIVATE", ["y-- yy-", "--- -y-", "--- -y-", "--- ---", "yyy yyy"]),
    ("ADMINWRITE", ["yyy ---", "yyy ---", "yyy ---", "yyy ---", "yyy yyy"]),
    ("ADMINONLY", ["--- ---", "--- ---", "--- ---", "--- ---", "yyy yyy"]),
    (
        r#"{"read":true,"write":"resource.openid == auth.openid || resource.openid == auth.uid"}"#,
        ["yyy yy-", "yyy -y-", "yyy -y-", "yyy ---", "yyy yyy"],
    ),
    (r#"{"read":"auth != null","write":false}"#, ["yyy ---", "yyy ---", "yyy ---", "--- ---", "yyy yyy"]),
    (
        r#"{"read":"resource.path == 'a.txt'","write":"resource.path in ['new.txt']"}"#,
        ["y-- -y-", "y-- -y-", "y-- -y-", "y-- -y-", "yyy yyy"],
    ),
    (
        r#"{"write":"auth.loginType != 'ANONYMOUS' && auth != null"}"#,
        ["--- yyy", "--- yyy", "--- ---", "--- ---", "yyy yyy"],
    ),
];

#[tokio::test]
async fn who_may_do_what_with_files() {
    let stage = Stage::new().await;
    let storage = &stage.environment().storage;
    for (key, owner) in [("a.txt", Some("alice")), ("system.txt", None)] {
        let attributes = Attributes { owner: owner.map(str::to_owned), ..Attributes::default() };
        storage.create(key, attributes).await.expect("a key").finish().await.expect("stored");
    }
    for (permission, expected) in FILES {
        stage.permit(&Resource::Storage, permission);
        for (who, expected) in PEOPLE.into_iter().zip(expected) {
            let may = |how| {
                ["a.txt", "new.txt", "system.txt"].map(|key| {
                    match files::check(stage.environment(), &principal(who), how, key) {
                        Ok(()) => 'y',
                        Err(failure) if failure.code == "STORAGE_EXCEED_AUTHORITY" => '-',
                        Err(failure) => panic!("{failure:?}"),
                    }
                })
            };
            let answers = [may(Use::Read), may(Use::Write)].map(String::from_iter).join(" ");
            assert_eq!(answers, expected, "{permission} {who}");
        }
    }
}

#[tokio::test]
async fn who_may_call_which_function() {
    let stage = Stage::new().await;
    let rules = r#"{"*":{"invoke":true},"pay":{"invoke":"auth.loginType != 'ANONYMOUS' && auth != null"},"off":{"invoke":false}}"#;
    let may = |who: &str| -> String {
        let called = ["open", "pay", "off"];
        let may = called.map(|name| functions::check(stage.environment(), &principal(who), name).is_ok());
        may.map(|may| if may { 'y' } else { '-' }).iter().collect()
    };
    // What an environment starts with: whoever is logged in.
    assert_eq!(PEOPLE.map(may), ["yyy", "yyy", "yyy", "---", "yyy"]);
    stage.permit(&Resource::Functions, rules);
    assert_eq!(PEOPLE.map(may), ["yy-", "yy-", "y--", "y--", "yyy"]);
    for broken in ["READONLY", "{", r#"{"pay":{"invoke":true}}"#] {
        stage.permit(&Resource::Functions, broken);
        assert_eq!(PEOPLE.map(may), ["---", "---", "---", "---", "yyy"], "{broken}");
    }
}
