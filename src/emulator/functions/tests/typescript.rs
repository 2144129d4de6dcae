//! Functions in TypeScript run as they are saved.

use super::*;

const MODULE: (&str, &str) = ("f/package.json", r#"{ "type": "module" }"#);

#[tokio::test]
async fn typescript_runs_with_no_build_step_in_both_kinds_of_modules() {
    let index = "import { join } from 'path';\nimport data from './data.json' with { type: 'json' };\nimport { add, type Sum } from './lib/add';\n\
                 import { twice } from './lib/twice.js';\nimport { far } from '../../shared/far.ts';\n\
                 export const main = async (event: { a: number }): Promise<Sum> => [join('a', 'b'), data.n, add(event.a, 1), twice(3), far];";
    let rest = [
        ("f/index.ts", index),
        ("f/data.json", r#"{ "n": 5 }"#),
        ("f/lib/add.ts", "export type Sum = unknown;\nexport const add = (a: number, b: number) => a + b;"),
        ("f/lib/twice.ts", "export function twice(n: number): number { return n * 2 }"),
        ("/shared/far.ts", "export const far: string = 'far'"),
    ];
    for package in [("f/package.json", "{}"), MODULE] {
        let stage = Stage::new(&[&rest[..], &[package, ("/shared/package.json", package.1)]].concat());
        assert_eq!(stage.call("f", r#"{"a":1}"#).await, Ok(r#"["a/b",5,2,6,"far"]"#.into()), "{package:?}");
        stage.write("/shared/far.ts", "export const far: string = 'further'");
        assert_eq!(
            stage.call("f", r#"{"a":1}"#).await,
            Ok(r#"["a/b",5,2,6,"further"]"#.into()),
            "{package:?}"
        );
    }
}

#[tokio::test]
async fn an_es_module_imports_typescript_that_is_commonjs() {
    let stage = Stage::new(&[
        ("f/index.mts", "import { one, two } from './n.js'; export const main = async () => one + two()"),
        (
            "f/n.ts",
            "import { three } from './m'; export const one: number = 1; export const two = () => 2 + three",
        ),
        ("f/m.ts", "export const three: number = 3"),
    ]);
    assert_eq!(stage.call("f", "{}").await, Ok("6".into()));
}

#[cfg(unix)]
#[tokio::test]
async fn packages_of_the_workspace_run_as_they_are_written() {
    let package = |name: &str, more: &str| {
        format!(r#"{{ "name": "{name}", "main": "src/index.ts", "dependencies": {{ {more} }} }}"#)
    };
    let function = r#"{ "dependencies": { "@me/sums": "workspace:*" } }"#;
    let (sums, units) = (package("@me/sums", r#""units": "*""#), package("units", ""));
    let stage = Stage::new(&[
        ("f/package.json", function),
        ("f/index.ts", "import { sum } from '@me/sums'; export const main = (): string => sum(1, 2)"),
        ("/packages/sums/package.json", &sums),
        (
            "/packages/sums/src/index.ts",
            "import { unit } from 'units'; export const sum = (a: number, b: number) => `${a + b} ${unit}`",
        ),
        ("/packages/units/package.json", &units),
        ("/packages/units/src/index.ts", "export const unit: string = 'tea'"),
        ("/node_modules/@me/.keep", ""),
    ]);
    let modules = stage.folder.path().join("node_modules");
    for (target, link) in [("../../packages/sums", "@me/sums"), ("../packages/units", "units")] {
        std::os::unix::fs::symlink(target, modules.join(link)).expect("linked");
    }
    assert_eq!(stage.call("f", "{}").await, Ok(r#""3 tea""#.into()));
    stage.write("/packages/units/src/index.ts", "export const unit: string = 'cups'");
    assert_eq!(stage.call("f", "{}").await, Ok(r#""3 cups""#.into()));
}

#[cfg(unix)]
#[tokio::test]
async fn typescript_that_javascript_asks_for_runs_or_is_named() {
    let stage = Stage::new(&[
        ("f/index.js", "const { n } = require('units'); exports.main = () => n"),
        ("/packages/units/package.json", r#"{ "name": "units", "main": "index.ts" }"#),
        ("/packages/units/index.ts", "export const n: number = 1;"),
        ("/node_modules/.keep", ""),
    ]);
    let modules = stage.folder.path().join("node_modules");
    std::os::unix::fs::symlink("../packages/units", modules.join("units")).expect("linked");
    match stage.call("f", "{}").await {
        // A Node that leaves types out by itself.
        Ok(answer) => assert_eq!(answer, "1"),
        Err(fault) => {
            let file = "packages/units/index.ts is TypeScript, and this function is JavaScript";
            assert!(fault.message.contains(file), "{}", fault.message);
        }
    }
}

#[tokio::test]
async fn a_failure_points_at_the_line_of_the_typescript() {
    let code = "interface Long {\n  a: number;\n}\n\nexport const main = async (event: Long) => {\n  throw new Error('boom');\n};\n";
    for package in [("f/package.json", "{}"), MODULE] {
        let stage = Stage::new(&[("f/index.ts", code), package]);
        let fault = stage.call("f", "{}").await.expect_err("it throws");
        let file = stage.path_of("f/index.ts");
        assert!(fault.message.contains(&format!("{file}:6:9")), "{}", fault.message);
        let said = stage.said().join("\n");
        assert!(said.contains(&format!("{file}:6\n  throw new Error('boom');\n        ^")), "{said}");
    }
}

#[tokio::test]
async fn a_mistake_in_typescript_is_shown_with_its_place_and_types_are_not_checked() {
    let stage = Stage::new(&[("f/index.ts", "export const main = () => {\n  return 1 +;\n}\n")]);
    let fault = stage.call("f", "{}").await.expect_err("no TypeScript");
    let file = stage.path_of("f/index.ts");
    assert!(
        fault.message.starts_with(&format!("{file}:2\n  return 1 +;\n            ^\n\nSyntaxError: ")),
        "{}",
        fault.message
    );
    stage.write("f/index.ts", "const n: number = 'text'; export const main = () => n;");
    assert_eq!(stage.call("f", "{}").await, Ok(r#""text""#.into()));
}

impl Stage {
    fn path_of(&self, path: &str) -> String {
        self.folder.path().join("cloudfunctions").join(path).display().to_string()
    }
}
