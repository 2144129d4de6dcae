//! TypeScript of functions, made into the JavaScript that runs here and that the cloud gets. Types are dropped, not
//! checked; the syntax stays as new as it was written.

mod resolve;
mod source_map;
pub mod workspace;

use std::path::{Path, PathBuf};

use swc_common::comments::SingleThreadedComments;
use swc_common::sync::Lrc;
use swc_common::{FileName, GLOBALS, Globals, Mark, SourceFile, SourceMap, Spanned};
use swc_ecma_ast::{CallExpr, Callee, EsVersion, Expr, Lit, Program, Str};
use swc_ecma_codegen::Emitter;
use swc_ecma_codegen::text_writer::JsWriter;
use swc_ecma_parser::lexer::Lexer;
use swc_ecma_parser::{EsSyntax, Parser, StringInput, Syntax, TsSyntax};
use swc_ecma_transforms_base::fixer::fixer;
use swc_ecma_transforms_base::helpers::{HELPERS, Helpers, inject_helpers};
use swc_ecma_transforms_base::hygiene::hygiene;
use swc_ecma_transforms_base::resolver;
use swc_ecma_transforms_module::common_js::{Config, FeatureFlag, common_js};
use swc_ecma_transforms_module::path::Resolver;
use swc_ecma_transforms_proposal::decorator_2023_11::decorator_2023_11;
use swc_ecma_transforms_proposal::decorators::{self, decorators};
use swc_ecma_transforms_typescript::strip;
use swc_ecma_visit::{VisitMut, VisitMutWith};

use super::functions;
use crate::error::{Error, Excerpt, Kind, Result};
use crate::model::function::Language;
use crate::model::text::Text;
use crate::text;

pub use resolve::Settings;

/// JavaScript made from a file.
#[derive(Debug)]
pub struct Compiled {
    pub code: String,
    /// The source map, as JSON.
    pub map: String,
    /// The TypeScript files it imports, as far as the text tells.
    pub imports: Vec<PathBuf>,
}

/// Returns the extension of the JavaScript that a file becomes; `None` when it is not TypeScript, or declares types only.
pub fn extension(name: &str) -> Option<&'static str> {
    let is_declaration = [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| name.ends_with(end));
    let (_, extension) = name.rsplit_once('.').filter(|_| !is_declaration)?;
    resolve::EXTENSIONS
        .iter()
        .find(|(typescript, _)| *typescript == extension)
        .map(|(_, javascript)| *javascript)
}

/// Tells whether the file that has a function's handler is TypeScript.
pub fn is_written_in(folder: &Path, handler: &str) -> bool {
    let entry = functions::entry_file(folder, handler, Language::Node);
    entry.and_then(|entry| extension(entry.file_name()?.to_str()?)).is_some()
}

/// Compiles the text of a file; `path` is absolute.
///
/// # Errors
/// It is not TypeScript; the place is in the excerpt.
pub fn compile(path: &Path, source: &str, settings: &Settings) -> Result<Compiled> {
    GLOBALS.set(&Globals::default(), || {
        let sources = Lrc::new(SourceMap::default());
        let file = sources.new_source_file(Lrc::new(FileName::Anon), source.to_owned());
        let comments = SingleThreadedComments::default();
        let syntax = Syntax::Typescript(typescript());
        let mut program = parse(path, &file, syntax, &comments)?;
        let mut imports = Imports { path, settings, found: Vec::new() };
        program.visit_mut_with(&mut imports);
        let program = HELPERS.set(&Helpers::new(false), || transform(program, settings, &comments));
        let (mut code, mut mappings) = (Vec::new(), Vec::new());
        let writer = JsWriter::new(sources.clone(), "\n", &mut code, Some(&mut mappings));
        let cfg = swc_ecma_codegen::Config::default();
        let mut emitter = Emitter { cfg, cm: sources.clone(), comments: Some(&comments), wr: writer };
        let written = emitter.emit_program(&program).map_err(|error| failed(path).source(&error));
        drop(emitter);
        written?;
        let code = String::from_utf8(code).map_err(|error| failed(path).source(&error))?;
        Ok(Compiled { code, map: source_map::json(path, &sources, &mappings), imports: imports.found })
    })
}

/// Returns what is wrong with the syntax of a file of JavaScript or TypeScript, as Node words it. One that cannot be read is
/// not this function's matter.
pub fn mistake_in(path: &Path) -> Option<String> {
    let source = std::fs::read_to_string(path).ok()?;
    let syntax = match extension(path.file_name()?.to_str()?) {
        Some(_) => Syntax::Typescript(typescript()),
        None => Syntax::Es(javascript()),
    };
    GLOBALS.set(&Globals::default(), || {
        let sources = Lrc::new(SourceMap::default());
        let file = sources.new_source_file(Lrc::new(FileName::Anon), source);
        parse(path, &file, syntax, &SingleThreadedComments::default()).err().map(|error| worded(&error))
    })
}

/// Hands over the syntax of a file of JavaScript or TypeScript, JSX included, and where its bytes begin. A name has a context
/// of its own for each scope that declares it.
///
/// # Errors
/// It cannot be read; the place is in the excerpt.
pub(super) fn with_program<T>(
    path: &Path,
    source: &str,
    look: impl FnOnce(&Program, swc_common::BytePos) -> T,
) -> Result<T> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let syntax = match extension {
        "ts" | "mts" | "cts" => Syntax::Typescript(typescript()),
        "tsx" | "vue" => Syntax::Typescript(TsSyntax { tsx: true, ..typescript() }),
        _ => Syntax::Es(EsSyntax { jsx: true, decorators: true, ..javascript() }),
    };
    GLOBALS.set(&Globals::default(), || {
        let sources = Lrc::new(SourceMap::default());
        let file = sources.new_source_file(Lrc::new(FileName::Anon), source.to_owned());
        let program = parse(path, &file, syntax, &SingleThreadedComments::default())?;
        let program = program.apply(resolver(Mark::new(), Mark::new(), syntax.typescript()));
        Ok(look(&program, file.start_pos))
    })
}

fn typescript() -> TsSyntax {
    TsSyntax { decorators: true, ..TsSyntax::default() }
}

/// What Node reads as JavaScript.
fn javascript() -> EsSyntax {
    EsSyntax {
        allow_return_outside_function: true,
        import_attributes: true,
        explicit_resource_management: true,
        ..EsSyntax::default()
    }
}

/// Words a mistake as Node does: place, line, caret, and what is wrong.
pub fn worded(error: &Error) -> String {
    let Some(excerpt) = error.shown_excerpt() else { return format!("SyntaxError: {}", error.message().en) };
    let start = excerpt.source.floor_char_boundary(excerpt.span.start);
    let (before, after) = excerpt.source.split_at(start);
    let number = before.matches('\n').count() + 1;
    let begun = before.rsplit('\n').next().unwrap_or_default();
    let rest = after.lines().next().unwrap_or_default();
    let indent: String = begun.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let (path, label) = (excerpt.path.display(), &excerpt.label.en);
    format!("{path}:{number}\n{begun}{rest}\n{indent}^\n\nSyntaxError: {label}")
}

fn parse(
    path: &Path,
    file: &SourceFile,
    syntax: Syntax,
    comments: &SingleThreadedComments,
) -> Result<Program> {
    let lexer = Lexer::new(syntax, EsVersion::latest(), StringInput::from(file), Some(comments));
    let mut parser = Parser::new_from(lexer);
    let parsed = parser.parse_program();
    match (parsed, parser.take_errors().into_iter().next()) {
        (Ok(program), None) => Ok(program),
        (Err(error), _) | (Ok(_), Some(error)) => {
            let length = file.src.len();
            let at = |position: swc_common::BytePos| {
                (position.0.saturating_sub(file.start_pos.0) as usize).min(length)
            };
            let span = at(error.span().lo)..at(error.span().hi);
            Err(mistake(path, &file.src, span, &error.kind().msg()))
        }
    }
}

fn transform(program: Program, settings: &Settings, comments: &SingleThreadedComments) -> Program {
    let (unresolved, top_level) = (Mark::new(), Mark::new());
    let mut program = program.apply(resolver(unresolved, top_level, true));
    program = match settings.decorators {
        Some(true) => program.apply(decorators(decorators::Config {
            legacy: true,
            emit_metadata: settings.metadata == Some(true),
            ..decorators::Config::default()
        })),
        // No runtime knows those of the language yet.
        Some(false) | None => program.apply(decorator_2023_11()),
    };
    program = program.apply(strip(unresolved, top_level));
    if !settings.is_module {
        let features = FeatureFlag { support_block_scoping: true, support_arrow: true };
        // ES modules that import it find its exports by this.
        let config = Config { export_interop_annotation: Some(true), ..Config::default() };
        program = program.apply(common_js(Resolver::Default, unresolved, config, features));
    }
    program.apply(inject_helpers(unresolved)).apply(hygiene()).apply(fixer(Some(comments)))
}

fn mistake(path: &Path, source: &str, span: std::ops::Range<usize>, message: &str) -> Error {
    let shown = path.display();
    Error::new(
        Kind::Usage,
        text! { en: "`{shown}` is not valid TypeScript", zh: "`{shown}` 不是合法的 TypeScript" },
    )
    .excerpt(Excerpt {
        path: path.into(),
        source: source.into(),
        first_line: 1,
        span,
        label: Text::same(message),
    })
}

fn failed(path: &Path) -> Error {
    let shown = path.display();
    Error::new(Kind::Failed, text! { en: "could not compile `{shown}`", zh: "无法编译 `{shown}`" })
}

/// Has imports name the JavaScript that a TypeScript file becomes, as both Node and the cloud want it.
struct Imports<'a> {
    path: &'a Path,
    settings: &'a Settings,
    found: Vec<PathBuf>,
}

impl Imports<'_> {
    fn rewrite(&mut self, specifier: &mut Str) {
        let Some(written) = specifier.value.as_str() else { return };
        if let Some((file, name)) = self.settings.resolve(self.path, written) {
            self.found.push(file);
            *specifier = Str::from(name);
        }
    }
}

impl VisitMut for Imports<'_> {
    fn visit_mut_import_decl(&mut self, import: &mut swc_ecma_ast::ImportDecl) {
        self.rewrite(&mut import.src);
    }

    fn visit_mut_export_all(&mut self, export: &mut swc_ecma_ast::ExportAll) {
        self.rewrite(&mut export.src);
    }

    fn visit_mut_named_export(&mut self, export: &mut swc_ecma_ast::NamedExport) {
        export.src.iter_mut().for_each(|source| self.rewrite(source));
    }

    fn visit_mut_ts_external_module_ref(&mut self, reference: &mut swc_ecma_ast::TsExternalModuleRef) {
        self.rewrite(&mut reference.expr);
    }

    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        let loads = match &call.callee {
            Callee::Import(_) => true,
            Callee::Expr(callee) => callee.as_ident().is_some_and(|name| &*name.sym == "require"),
            Callee::Super(_) => false,
        };
        if loads
            && let Some(first) = call.args.first_mut()
            && let Expr::Lit(Lit::Str(specifier)) = &mut *first.expr
        {
            self.rewrite(specifier);
        }
        call.visit_mut_children_with(self);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::project::staged;

    fn compiled(name: &str, source: &str, files: &[(&str, &str)]) -> Result<Compiled> {
        let project = staged::folder(files);
        let file = project.path().join(name);
        compile(&file, source, &Settings::of(&file))
    }

    fn check(source: &str, files: &[(&str, &str)], expected: &str) {
        let found = compiled("index.ts", source, files).expect("compiled").code;
        let found = found.lines().map(str::trim).collect::<Vec<_>>().join(" ").replace('\'', "\"");
        assert!(found.contains(expected), "{expected}\nis not in\n{found}");
    }

    const MODULE: (&str, &str) = ("package.json", r#"{ "type": "module" }"#);

    #[test]
    fn types_go_and_values_stay() {
        check(
            "export const main = async (event: { a: number }): Promise<number> => event.a!",
            &[],
            "async (event)=>event.a",
        );
        check(
            "import type { T } from './t'; import { U } from './u'; let u: U; export const a = 1 as T",
            &[MODULE],
            "let u; export const a = 1;",
        );
        check(
            "export enum Color { Red = 1, Blue }; export const c = Color.Blue",
            &[MODULE],
            r#"Color[Color["Blue"] = 2] = "Blue""#,
        );
        check(
            "class A { constructor(private readonly n: number) {} get() { return this.n } } export default A",
            &[MODULE],
            "this.n = n",
        );
        check("namespace N { export const x = 1 } export const y = N.x", &[MODULE], "N.x = 1");
    }

    #[test]
    fn modules_are_those_of_the_package() {
        check(
            "import cloud from 'wx-server-sdk'; export const main = () => cloud",
            &[],
            r#"require("wx-server-sdk")"#,
        );
        check("export const main = 1", &[MODULE], "export const main = 1");
        check("import fs = require('fs'); export = { main: () => fs }", &[], "module.exports = {");
        let esm = compiled("index.mts", "export const main = 1", &[]).expect("compiled");
        assert_eq!(esm.code, "export const main = 1;\n");
    }

    #[test]
    fn imports_of_typescript_name_the_javascript_it_becomes() {
        let files = [
            MODULE,
            ("lib/a.ts", ""),
            ("lib/index.ts", ""),
            ("c.mts", ""),
            ("plain.js", ""),
            (
                "tsconfig.json",
                "{ // paths\n \"compilerOptions\": { \"paths\": { \"@/*\": [\"./lib/*\"] } } }",
            ),
        ];
        for (written, expected) in [
            ("./lib/a", "./lib/a.js"),
            ("./lib/a.ts", "./lib/a.js"),
            ("./lib/a.js", "./lib/a.js"),
            ("./lib", "./lib/index.js"),
            ("./c.mjs", "./c.mjs"),
            ("@/a", "./lib/a.js"),
            ("./plain", "./plain"),
            ("wx-server-sdk", "wx-server-sdk"),
        ] {
            check(&format!("import '{written}'"), &files, &format!("import \"{expected}\""));
            check(&format!("const x = require('{written}')"), &files, &format!("require(\"{expected}\")"));
        }
    }

    #[test]
    fn decorators_are_legacy_ones_when_the_flag_is_set() {
        let flag = ("tsconfig.json", r#"{ "compilerOptions": { "experimentalDecorators": true } }"#);
        check(
            "@sealed class A {}; const sealed = (it: any) => it; export const a = A",
            &[flag],
            "_ts_decorate([",
        );
    }

    #[test]
    fn decorators_of_the_language_become_what_runtimes_know() {
        let code = compiled(
            "index.ts",
            "const log = (it: any, _: any) => it; export class A { @log main() { return 1 } }",
            &[],
        );
        let code = code.expect("compiled").code;
        assert!(!code.contains("@log") && code.contains("_apply_decs"), "{code}");
        check(
            "export class A { static #n = 1; static { A.#n += 1 } n = 1 }",
            &[MODULE],
            "static{ A.#n += 1; } n = 1;",
        );
    }

    #[test]
    fn a_tsconfig_has_bases_as_typescript_reads_them() {
        let on = r#"{ "compilerOptions": { "experimentalDecorators": true } }"#;
        let off = r#"{ "compilerOptions": { "experimentalDecorators": false } }"#;
        for (config, expected) in [
            (r#"{ "extends": "./on.base" }"#, true),
            (r#"{ "extends": ["./off.json", "./on.base.json"] }"#, true),
            (r#"{ "extends": ["./on.base", "./off"] }"#, false),
            (r#"{ "extends": "@team/config" }"#, true),
            (
                r#"{ "extends": "@team/config/tsconfig.json", "compilerOptions": { "experimentalDecorators": false } }"#,
                false,
            ),
            (r#"{ "extends": ["./tsconfig.json", "./none"] }"#, false),
        ] {
            let files = [
                ("tsconfig.json", config),
                ("on.base.json", on),
                ("off.json", off),
                ("node_modules/@team/config/tsconfig.json", on),
            ];
            let code = compiled("index.ts", "@sealed class A {}; function sealed(it: any) {}", &files)
                .expect("compiled")
                .code;
            assert_eq!(code.contains("_ts_decorate(["), expected, "{config}");
        }
    }

    #[test]
    fn a_mistake_has_its_place() {
        let error = compiled("index.ts", "const a: number = 1;\nreturn 1 +;\n", &[]).expect_err("broken");
        let excerpt = error.shown_excerpt().expect("an excerpt");
        assert!(excerpt.source[..excerpt.span.start].contains('\n'), "line 2: {excerpt:?}");
    }

    #[test]
    fn what_node_would_refuse_is_found_and_what_it_takes_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, source, expected) in [
            (
                "index.js",
                "exports.main = () => {\n  return 1 +;\n}",
                Some("index.js:2\n  return 1 +;\n            ^\n"),
            ),
            ("index.js", "exports.main = async () => {", Some("index.js:1\n")),
            ("index.mjs", "export const main = 1 1", Some("index.mjs:1\n")),
            ("index.ts", "const a: = 1", Some("index.ts:1\n")),
            (
                "index.js",
                "#!/usr/bin/env node\nif (0) return; exports.main = async () => { await using(1) }",
                None,
            ),
            (
                "index.js",
                "import a from './a.json' with { type: 'json' }; export const main = async () => a?.b ?? await 1",
                None,
            ),
            ("index.ts", "export const main = (a: number) => a!", None),
        ] {
            let file = folder.path().join(name);
            fs::write(&file, source).expect("written");
            let found = mistake_in(&file);
            match expected {
                None => assert_eq!(found, None, "{source}"),
                Some(place) => {
                    assert!(found.as_ref().is_some_and(|it| it.contains(place)), "{source}: {found:?}")
                }
            }
        }
        assert_eq!(mistake_in(&folder.path().join("none.js")), None);
    }

    #[test]
    fn only_code_becomes_javascript() {
        let names = ["index.ts", "a.mts", "a.cts", "a.d.ts", "a.js", "ts", "a.tsx"].map(extension);
        assert_eq!(names, [Some("js"), Some("mjs"), Some("cjs"), None, None, None, None]);
    }
}
