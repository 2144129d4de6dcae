//! A deployed copy, beside the folder it came from.

use super::*;

#[tokio::test]
async fn a_deployed_function_runs_until_its_folder_is_saved_again() {
    let stage = Stage::of("exports.main = () => 'folder'");
    let spec = stage.functions.get("f").await.expect("it is there").spec;
    let package = package(&[("index.js", "exports.main = () => 'deployed'")]);
    stage.functions.deploy(spec.clone(), Some(package.clone())).await.expect("a good package");
    assert_eq!(stage.call("f", "{}").await, Ok(r#""deployed""#.into()));
    assert_eq!(stage.functions.package("f").await.expect("kept"), package);
    assert_eq!(stage.functions.get("f").await.expect("it is there").origin, Origin::Deployed);
    stage.functions.stop().await;

    let stage = Stage::open("http://127.0.0.1:9", stage.folder);
    assert_eq!(stage.call("f", "{}").await, Ok(r#""deployed""#.into()), "it survives a restart");
    stage.write("f/index.js", "exports.main = () => 'saved again'");
    stage.until("f", r#""saved again""#).await;
    assert_eq!(stage.functions.get("f").await.expect("it is there").code_sha256, None);
    stage.functions.remove("f").await.expect("it can be deleted");
    assert_eq!(stage.functions.get("f").await, None);
    assert!(stage.functions.remove("f").await.is_err(), "it is gone");
    stage.functions.deploy(spec, Some(package)).await.expect("a good package");
    assert_eq!(stage.call("f", "{}").await, Ok(r#""deployed""#.into()));
}

/// Packs files as a client does that deploys.
fn package(files: &[(&str, &str)]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, text) in files {
        zip.start_file(*path, zip::write::SimpleFileOptions::default()).expect("an entry");
        zip.write_all(text.as_bytes()).expect("memory takes it");
    }
    zip.finish().expect("a zip").into_inner()
}

#[tokio::test]
async fn a_failure_of_a_deployed_copy_names_the_projects_file_where_it_is_the_same() {
    let (code, part) =
        ("exports.main = () => require('./part')()", "module.exports = () => { throw new Error('boom') }");
    let stage = Stage::new(&[("f/index.js", "exports.main = () => 'older'"), ("f/part.js", part)]);
    let spec = stage.functions.get("f").await.expect("it is there").spec;
    let package = package(&[("index.js", code), ("part.js", part)]);
    stage.functions.deploy(spec, Some(package)).await.expect("a good package");
    let message = stage.call("f", "{}").await.expect_err("it throws").message;
    let root = stage.folder.path().canonicalize().expect("it is there");
    let own = root.join("cloudfunctions/f/part.js").display().to_string();
    let copy = root.join(".cloudkit/data/functions/f/code/index.js").display().to_string();
    assert!(message.contains(&format!("{own}:1:")) && message.contains(&format!("{copy}:1:")), "{message}");
    assert!(
        stage.said().iter().any(|line| line.starts_with(&format!("Error {own}:1\n"))),
        "{:?}",
        stage.said()
    );
}

#[tokio::test]
async fn a_value_known_where_it_was_deployed_from_outlives_a_save() {
    let code = |value: u8| format!("exports.main = () => [{value}, process.env.S]");
    let manifest =
        "[functions]\nroot = 'cloudfunctions'\n[functions.f]\nvariables = { S = '$KNOWN_ELSEWHERE' }\n";
    let stage = Stage::new(&[("f/index.js", &code(1)), ("/cloudkit.toml", manifest)]);
    assert_eq!(stage.call("f", "{}").await, Ok("[1,null]".into()));
    let mut spec = stage.functions.get("f").await.expect("it is there").spec;
    spec.variables.insert("S".into(), "hunter2".into());
    stage.functions.deploy(spec, None).await.expect("settings alone");
    assert_eq!(stage.call("f", "{}").await, Ok(r#"[1,"hunter2"]"#.into()));
    stage.write("f/index.js", &code(2));
    assert_eq!(stage.call("f", "{}").await, Ok(r#"[2,"hunter2"]"#.into()));
}
