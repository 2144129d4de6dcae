use super::*;

#[track_caller]
fn check_of(of: Of, rules: &str, expected: &[(&str, &str, &str)]) {
    let parsed = Rules::parse(rules).unwrap_or_else(|broken| panic!("{rules}: {broken}"));
    let found = findings(&parsed, of);
    let found: Vec<(&str, String, String)> = found
        .iter()
        .map(|it| match &it.place {
            Some((name, span)) => {
                let text = parsed.all().find(|(key, _)| key == name).map(|(_, rule)| rule.text());
                (it.code.name(), name.clone(), text.unwrap_or_default()[span.clone()].to_owned())
            }
            None => (it.code.name(), String::new(), String::new()),
        })
        .collect();
    let expected: Vec<(&str, String, String)> =
        expected.iter().map(|(code, name, text)| (*code, (*name).into(), (*text).into())).collect();
    assert_eq!(found, expected, "{rules}");
}

#[track_caller]
fn check(rules: &str, expected: &[(&str, &str, &str)]) {
    check_of(Of::Documents, rules, expected);
}

/// Checks what is found in a rule for `update` beside rules that are in order.
#[track_caller]
fn check_update(rule: &str, expected: &[(&str, &str)]) {
    let rules = serde_json::json!({ "read": false, "update": rule }).to_string();
    let expected: Vec<_> = expected.iter().map(|(code, text)| (*code, "update", *text)).collect();
    check(&rules, &expected);
}

#[test]
fn rules_that_work_are_left_alone() {
    for rule in [
        "false",
        "doc._openid == auth.openid",
        "doc._openid == auth.openid || doc._openid == auth.uid",
        "auth.openid != null && doc._openid == auth.openid || auth.uid != null && doc._openid == auth.uid",
        "auth != null && doc.a > 10 && doc.a < 20",
        "doc.a > 10 && doc.a != 15 && doc.b in ['x', 'y']",
        "auth.openid in get(`database.rooms.${doc.room}`).members",
        "get('database.settings.admins').list != null && auth.openid in get('database.settings.admins').list",
        "doc._openid == auth.openid && (request.data.price == undefined || request.data.price == doc.price)",
        "doc.closes > now && doc._openid == auth.openid",
        "auth.loginType != 'ANONYMOUS' && doc._openid == auth.uid",
        "auth.openid == 'o-admin'",
        "auth.openid && doc.a == 1 || doc.b == auth.uid",
        "(doc.a == 1 || doc.b == 2) && doc.c == 3",
        "doc.a == 1 && !(doc.a == 2)",
        "doc == null || doc.n == 1",
        "doc.n == null || doc.n == undefined || doc.n == auth.openid",
        "auth.openid in doc.editors",
        "`${doc.a}-x` == auth.openid",
        "doc.a == doc.b && doc.a",
        "auth.openid == doc._openid || auth.openid == null && doc.open == true",
        "auth.loginType in ['ANONYMOUS', 'EMAIL'] && doc._openid == auth.uid",
        "auth.loginType == null && doc._openid == auth.openid",
    ] {
        // `doc.a` alone may be `true`.
        check_update(rule, &[]);
    }
    check(r#"{"read":"auth != null","create":"auth != null","write":"doc._openid == auth.openid"}"#, &[]);
    check(r#"{"read":"auth != null","create":"request.data.score == 0","write":false}"#, &[]);
    check_of(Of::Files, r#"{"read":"auth != null","write":"resource.openid == auth.openid"}"#, &[]);
}

#[test]
fn clauses_that_decide_nothing_are_found() {
    const NEVER: &str = "never-true";
    for (rule, clause) in [
        ("auth.openid == 5 && doc.a == 1", "auth.openid == 5"),
        ("auth.openid > 1 || doc.a == 1", "auth.openid > 1"),
        ("auth == true && doc.a == 1", "auth == true"),
        ("1 == 2 || doc.a == 1", "1 == 2"),
        ("now == 'today' && doc.a == 1", "now == 'today'"),
        ("doc.a in [] || doc.b == 1", "doc.a in []"),
        ("doc.a in 'abc' || doc.b == 1", "doc.a in 'abc'"),
        ("auth.openid in [1, 2] || doc.b == 1", "auth.openid in [1, 2]"),
        ("auth.openid in auth.uid || doc.b == 1", "auth.openid in auth.uid"),
        ("get('rooms.r1').open == true", "get('rooms.r1').open == true"),
        ("null", "null"),
        ("auth.loginType == 'ANON' || doc.a == 1", "auth.loginType == 'ANON'"),
        ("auth.loginType in ['anonymous', 'MAIL'] || doc.a == 1", "auth.loginType in ['anonymous', 'MAIL']"),
    ] {
        check_update(rule, &[(NEVER, clause)]);
    }
    check_update("auth.loginType != 'ANON' && doc.a == 1", &[("always-true", "auth.loginType != 'ANON'")]);
    check_update("auth.openid != 5 && doc.a == 1", &[("always-true", "auth.openid != 5")]);
    check_update("doc.a == 1 && true", &[("always-true", "true")]);
    check_update("auth.openid", &[("not-boolean", "auth.openid")]);
    check_update("doc.b == 1 || auth", &[]);
    check_update("auth", &[("not-boolean", "auth")]);
    check_update("auth.userid == doc.a", &[("unknown-field", "auth.userid")]);
    check_update("request.auth.uid == doc.a", &[("unknown-field", "request.auth")]);
    check_update("resource.openid == auth.openid", &[("foreign-variable", "resource")]);
}

#[test]
fn clauses_that_exclude_each_other_are_found() {
    for (rule, clause) in [
        ("doc.a == 1 && doc.a == 2", "doc.a == 2"),
        ("doc.a > 10 && doc.b == 1 && doc.a < 5", "doc.a < 5"),
        ("doc.a == 'x' && doc.a in ['y', 'z']", "doc.a in ['y', 'z']"),
        ("doc.a in ['y', 'z'] && 'x' == doc.a", "'x' == doc.a"),
        ("(doc.a == 1 || doc.b == 2) && doc.a == 3", "doc.a == 1"),
        ("doc.a == 1 && doc.a != 1", "doc.a != 1"),
        ("doc.a == null && doc.a > 1", "doc.a > 1"),
        ("auth.openid == doc._openid && auth.openid == null", "auth.openid == null"),
        ("auth.uid == undefined && doc.members == auth.uid", "doc.members == auth.uid"),
        ("auth.openid in doc.members && auth.openid == null", "auth.openid == null"),
        (
            "auth.loginType == 'EMAIL' && auth.loginType == 'CUSTOM' && doc.a == 1",
            "auth.loginType == 'CUSTOM'",
        ),
    ] {
        check_update(rule, &[("contradiction", clause)]);
    }
    check_update("doc.a == 1 || doc.a != 1", &[("always-true", "doc.a == 1 || doc.a != 1")]);
}

#[test]
fn what_is_created_is_both_the_document_and_what_is_written() {
    let create = |rule: &str| serde_json::json!({ "read": false, "create": rule }).to_string();
    check(
        &create("doc._openid == auth.openid"),
        &[("owner-in-create", "create", "doc._openid == auth.openid")],
    );
    check(
        &create("doc.n == request.data.n && auth != null"),
        &[("always-true", "create", "doc.n == request.data.n")],
    );
    check(&create("doc.n != request.data.n"), &[("never-true", "create", "doc.n != request.data.n")]);
    check(&create("doc == null"), &[("never-true", "create", "doc == null")]);
    check(&create("auth != null && doc.n == 1"), &[]);
    // The same words in `write` also decide of changes.
    check(r#"{"read":false,"write":"doc._openid == auth.openid && doc.n == request.data.n"}"#, &[]);
}

#[test]
fn what_is_open_is_told() {
    check(
        r#"{"read":true,"write":true}"#,
        &[("open-read", "read", "true"), ("open-create", "write", "true"), ("open-write", "write", "true")],
    );
    check(
        r#"{"read":"auth != null","write":"auth != null"}"#,
        &[("any-user-writes", "write", "auth != null")],
    );
    check(
        r#"{"read":"auth != null","create":true,"update":false,"delete":false}"#,
        &[("open-create", "create", "true")],
    );
    check(r#"{"write":false}"#, &[("no-read", "", "")]);
    check(
        r#"{"read":false,"create":"auth != null","update":false,"delete":false,"write":"auth != null"}"#,
        &[("unused-rule", "write", "auth != null")],
    );
    check(r#"{"read":"request.data.x == 1 || doc.a == 1"}"#, &[("no-payload", "read", "request.data")]);
    check_of(
        Of::Files,
        r#"{"read":true,"write":true}"#,
        &[("open-read", "read", "true"), ("open-write", "write", "true")],
    );
    check_of(
        Of::Files,
        r#"{"read":"doc.a == 1","write":"auth != null","create":false}"#,
        &[
            ("foreign-variable", "read", "doc"),
            ("unused-rule", "create", "false"),
            ("any-user-writes", "write", "auth != null"),
        ],
    );
}
