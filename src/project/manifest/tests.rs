use super::*;

const GARDEN: &str = r#"
[project]
name = "lexiang-garden"
app-id = "wx1234567890abcdef"
default-env = "local"

[env.dev]
id = "garden-dev-1a2b3c"
region = "ap-shanghai"
[env.prod]
id = "garden-prod-4d5e6f"
protected = true
[env.prod.functions.login]
memory = 512

[functions]
root = "cloudfunctions"
runtime = "Nodejs18.15"
timeout = 3          # seconds
memory = 256         # MB

[functions.refreshToken]
variables = { APP_ID = "$WX_APP_ID", LIMIT = 5 }
triggers = [{ name = "hourly", cron = "0 0 */1 * * * *" }]
deploy = false

[database.players]
permission = "READONLY"
indexes = [{ keys = ["score:desc"] }, { keys = ["_openid"], unique = true }]

[database.notes]
rule = { read = true, write = "doc._openid == auth.openid" }
[[database.notes.indexes]]
keys = ["at"]
name = "by-time"

[gateway]
routes = [{ path = "/login", function = "login" }]

[emulate]
strict = 500
https = true
"#;

fn parse(text: &str) -> Result<Manifest> {
    Manifest::parse("cloudkit.toml".into(), text.into())
}

#[test]
fn the_documented_manifest_reads() {
    let manifest = parse(GARDEN).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(manifest.name.as_deref(), Some("lexiang-garden"));
    assert!(manifest.environments["prod"].protected);
    let login = "login".parse().expect("a name");
    assert_eq!(manifest.environments["prod"].functions.of(&login).memory, Some(512));
    assert_eq!(manifest.functions.shared.timeout.map(|it| it.as_secs()), Some(3));
    let refresh = manifest.functions.of(&"refreshToken".parse().expect("a name"));
    assert_eq!((refresh.variables["LIMIT"].as_str(), refresh.deploy), ("5", Some(false)));
    let indexes =
        |name: &str| &manifest.collections[&name.parse::<CollectionName>().expect("a name")].indexes;
    assert_eq!(
        indexes("players").iter().map(|it| it.name.as_str()).collect::<Vec<_>>(),
        ["score_-1", "_openid_1"]
    );
    assert_eq!(indexes("notes")[0].name, "by-time");
    let notes = &manifest.collections[&"notes".parse::<CollectionName>().expect("a name")];
    let rule = notes.permission.as_ref().and_then(Permission::rule);
    assert_eq!(rule, Some(r#"{"read":true,"write":"doc._openid == auth.openid"}"#));
    assert_eq!(manifest.routes.unwrap_or_default()[0].path, "/login");
    assert_eq!((manifest.strict, manifest.https), (Some(500), true));
}

/// Draws an error as a person sees it: message, place, the words under the caret, label, hints.
fn said(text: &str) -> String {
    let error = parse(text).expect_err(text);
    let excerpt = error.shown_excerpt().expect("every manifest error has a place");
    let before = text.get(..excerpt.span.start).expect("a place in the text");
    let (line, column) =
        (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap_or("").chars().count() + 1);
    let marked = text.get(excerpt.span.clone()).expect("a place in the text");
    let hints: String = error.hints().iter().map(|hint| format!("\nhint: {}", hint.en)).collect();
    format!("{}\n{line}:{column} {marked} <- {}{hints}", error.message().en, excerpt.label.en)
}

#[test]
fn an_unknown_key_is_shown_with_what_was_meant() {
    insta::assert_snapshot!(said("[functions]\nmemroy = 256\n"), @r"
    unknown key `memroy` in `[functions]`
    2:1 memroy <- did you mean `memory`?
    hint: known keys are `root`, `handler`, `runtime`, `timeout`, `memory`, `variables`, `install-dependencies`, `openapi`, `invoke`, `ignore`, `deploy`
    ");
    insta::assert_snapshot!(said("[databse.players]\n"), @r"
    unknown key `databse`
    1:2 databse <- did you mean `database`?
    hint: known keys are `project`, `env`, `functions`, `database`, `storage`, `gateway`, `wechat`, `users`, `emulate`
    ");
    insta::assert_snapshot!(said("[functions.a]\ncolour = 'red'\n"), @r"
    unknown key `colour` in `[functions.a]`
    2:1 colour <- not a key of this table
    hint: known keys are `handler`, `runtime`, `timeout`, `memory`, `variables`, `install-dependencies`, `openapi`, `invoke`, `ignore`, `deploy`, `dir`, `triggers`
    ");
    insta::assert_snapshot!(said("[project]\nname = 'x'\n[env.dev]\nid = 'dev-1'\nprotect = true\n"), @r"
    unknown key `protect` in `[env.dev]`
    5:1 protect <- did you mean `protected`?
    hint: known keys are `id`, `region`, `protected`, `functions`
    ");
}

#[test]
fn a_wrong_value_is_shown_at_its_place() {
    insta::assert_snapshot!(said("[functions]\ntimeout = 901\n"), @r"
    a timeout of 901 seconds is not possible
    2:11 901 <- this value
    hint: write 1 to 900 seconds
    ");
    insta::assert_snapshot!(said("[functions.a]\nmemory = 200\n"), @r"
    a memory of 200 MB is not possible
    2:10 200 <- this value
    hint: write 64, or a multiple of 128 up to 3072
    ");
    insta::assert_snapshot!(said("[emulate]\nstrict = -1\n"), @r"
    a number of documents is not below 0
    2:10 -1 <- this value
    ");
    insta::assert_snapshot!(said("[functions]\ntimeout = '3s'\n"), @r"
    `timeout` must be a whole number
    2:11 '3s' <- found: string
    ");
    insta::assert_snapshot!(said("[functions.a]\ntriggers = [{ name = 't', cron = '0 2 * * *' }]\n"), @r"
    the cron `0 2 * * *` has 5 fields instead of seven
    2:34 '0 2 * * *' <- this value
    hint: the seven fields are `second minute hour day month weekday year`, in UTC+8
    hint: write `0 0 2 * * * *` for: every day at 02:00
    ");
    insta::assert_snapshot!(said("[functions.a]\ntriggers = [{ cron = '0 0 2 * * * *' }]\n"), @r"
    an entry of `functions.a.triggers` has no `name`
    2:13 { cron = '0 0 2 * * * *' } <- add `name = …`
    ");
    insta::assert_snapshot!(said("[database.players]\npermission = 'READ_ONLY'\n"), @r"
    `READ_ONLY` is not a permission
    2:14 'READ_ONLY' <- this value
    hint: did you mean `READONLY`?
    ");
    insta::assert_snapshot!(said("[database.players]\nindexes = [{ keys = ['score:down'] }]\n"), @r"
    `down` is not an index direction
    2:22 'score:down' <- this value
    hint: write `score:asc`, `score:desc` or `score:2dsphere`
    ");
    insta::assert_snapshot!(said("[database.players]\nindexes = [{ keys = ['a'] }, { keys = ['a:asc'] }]\n"), @r"
    two indexes are called `a_1`
    2:30 { keys = ['a:asc'] } <- the second one
    ");
    insta::assert_snapshot!(said("[database._x]\n"), @r"
    `_x` is not a valid collection name
    1:11 _x <- this value
    hint: 1 to 96 letters, digits, `-` or `_`, beginning with a letter or digit
    ");
    insta::assert_snapshot!(said("[env.dev]\nid = 'Garden Dev'\n"), @r"
    `Garden Dev` is not a valid environment id
    2:6 'Garden Dev' <- this value
    hint: 1 to 40 lower-case letters, digits, `-` or `_`
    ");
    insta::assert_snapshot!(said("[env.dev]\nregion = 'ap-shanghai'\n"), @r#"
    environment `dev` has no `id`
    1:6 dev <- add `id = "…"`
    "#);
    insta::assert_snapshot!(said("[project]\ndefault-env = 'deb'\n[env.dev]\nid = 'dev-1'\n"), @r"
    `default-env` names an environment that is not here
    2:15 'deb' <- did you mean `dev`?
    ");
    insta::assert_snapshot!(said("[gateway]\nroutes = [{ path = 'login', function = 'login' }]\n"), @r"
    the route `login` does not begin with `/`
    2:20 'login' <- this value
    ");
    insta::assert_snapshot!(said("[functions]\nruntime = 'Nodejs18'\n"), @r"
    `Nodejs18` is not a runtime
    2:11 'Nodejs18' <- this value
    hint: did you mean `Nodejs18.15`?
    hint: the runtimes are `Nodejs24.11`, `Nodejs22.21`, `Nodejs20.19`, `Nodejs18.15`, `Nodejs16.13`, `Nodejs14.18`, `Nodejs12.16`, `Nodejs10.15`, `Nodejs8.9`, `Nodejs6.10`, `Python3.11`, `Python3.10`, `Python3.9`, `Python3.7`, `Python3.6`, `Python2.7`, `Php8.0`, `Php7.4`, `Php7`, `Java11`, `Java8`, `Go1`
    ");
    insta::assert_snapshot!(said("[functions.a]\ninvoke = 'auth == null'\n"), @r"
    `auth == null` is no rule for calls of functions
    2:10 'auth == null' <- this value
    hint: the platform has `true`, `false`, `auth != null`, `auth.loginType != 'ANONYMOUS' && auth != null`
    ");
    insta::assert_snapshot!(said("[functions]\ninvoke = 1\n"), @r"
    `invoke` must be `true`, `false` or a text in quotes
    2:10 1 <- found: integer
    ");
    insta::assert_snapshot!(said("[users.alice]\nopenid = 'o 1'\n"), @r"
    `o 1` is not an id: 1 to 64 bytes without spaces
    2:10 'o 1' <- this value
    ");
    insta::assert_snapshot!(said("[functions.a]\nhandler = 'index'\n"), @r"
    `index` is not a handler
    2:11 'index' <- this value
    hint: a handler is `file.export`, such as `index.main`
    ");
}

#[test]
fn broken_toml_is_shown_at_its_place() {
    insta::assert_snapshot!(said("[project]\nname = \"云\" x\n"), @r"
    `cloudkit.toml` is not valid TOML
    2:12  <- unexpected key or value, expected newline, `#`
    ");
    insta::assert_snapshot!(said("[project\n"), @r"
    `cloudkit.toml` is not valid TOML
    1:9  <- unclosed table, expected `]`
    ");
}
