//! What a function is loaded from, and what is told of one that cannot be.

use super::*;

#[tokio::test]
async fn modules_of_every_kind_are_found() {
    let library = "module.exports = 'shared'";
    let stage = Stage::new(&[
        (
            "/cloudkit.toml",
            "[functions]\nroot = \"cloudfunctions\"\n[functions.entry]\nhandler = \"src/app.start\"\n",
        ),
        ("/shared/node_modules/lib/index.js", library),
        ("esm/package.json", r#"{"type":"module"}"#),
        (
            "esm/index.js",
            "import lib from 'lib'; import { request } from 'node:https'; export const main = async () => [lib, typeof request]",
        ),
        ("own/node_modules/lib/index.js", "module.exports = 'own'"),
        ("own/index.js", "exports.main = () => require('lib')"),
        ("shares/index.js", "exports.main = () => require('lib')"),
        ("entry/src/app.js", "exports.start = () => require('path').basename(__dirname)"),
        ("top/index.mjs", "const a = await 1; export function main() { return a }"),
    ]);
    for (name, expected) in [
        ("esm", r#"["shared","function"]"#),
        ("own", r#""own""#),
        ("shares", r#""shared""#),
        ("entry", r#""src""#),
        ("top", "1"),
    ] {
        assert_eq!(stage.call(name, "{}").await, Ok(expected.into()), "{name}");
    }
}

#[tokio::test]
async fn an_es_module_that_cannot_be_loaded_names_the_place_and_nothing_of_the_emulator() {
    let stage = Stage::new(&[
        ("entry/index.mjs", "import './other.mjs';\nexport const main = 1 +;"),
        ("entry/other.mjs", "export const a = 1;"),
        ("helper/index.mjs", "import './good.mjs';\nimport './bad.mjs';\nexport const main = () => 1;"),
        ("helper/good.mjs", "export const a = 1;"),
        ("helper/bad.mjs", "\nexport const b = [;"),
        ("package/index.mjs", "import 'not-there';"),
    ]);
    let folder = stage.folder.path().join("cloudfunctions");
    let at = |file: &str, rest: &str| format!("{}{rest}", folder.join(file).display());
    let expected = [
        (
            "entry",
            at("entry/index.mjs", ":2\nexport const main = 1 +;\n                       ^\n\n")
                + "SyntaxError: Unexpected token ';'",
        ),
        (
            "helper",
            at("helper/bad.mjs", ":2\nexport const b = [;\n                  ^\n\n")
                + "SyntaxError: Unexpected token ';'",
        ),
        (
            "package",
            "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'not-there' imported from ".to_owned()
                + &at("package/index.mjs", ""),
        ),
    ];
    for (function, message) in expected {
        assert_eq!(stage.call(function, "{}").await.expect_err(function).message, message);
    }
}

#[tokio::test]
async fn a_function_that_will_not_load_is_told_before_it_is_called() {
    let mut stage = Stage::new(&[
        ("good/index.js", "exports.main = () => 1"),
        ("half/index.js", "exports.main = () => {\n  return [1,\n"),
    ]);
    let broken = |event| match event {
        Event::Broken { function, message } => Some((function, message)),
        _ => None,
    };
    let (function, message) = stage.event(broken).await;
    assert_eq!(function, "half");
    assert!(message.contains("half/index.js:") && message.contains("SyntaxError"), "{message}");
}
