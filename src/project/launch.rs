//! How VS Code attaches to functions: our entries in `.vscode/launch.json`, among those that are a person's own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstObject, CstRootNode};
use jsonc_parser::json;

use crate::error::{Error, Kind, Result};
use crate::text;

/// Writes how to attach to each function's inspector; whatever else the file has, comments too, stays as it is. Returns
/// whether the file changed.
///
/// # Errors
/// The file cannot be read or written, or is not of the form that VS Code reads; the hint is what to paste.
pub fn write(root: &Path, inspectors: &BTreeMap<String, u16>) -> Result<bool> {
    let folder = root.join(".vscode");
    let file = folder.join("launch.json");
    let before = super::read_text(&file)?;
    let Some(after) = merge(before.as_deref().unwrap_or_default(), inspectors) else {
        let (shown, fresh) = (file.display(), merge("", inspectors).unwrap_or_default());
        let message = text! { en: "could not add to `{shown}`: it is not as VS Code writes it", zh: "无法写入 `{shown}`：它不符合 VS Code 的格式" };
        let paste = text! { en: "paste what you need of this:\n{fresh}", zh: "请粘贴所需内容：\n{fresh}" };
        return Err(Error::new(Kind::Failed, message).hint(paste));
    };
    if before.as_deref() == Some(after.as_str()) {
        return Ok(false);
    }
    fs::create_dir_all(&folder).and_then(|()| fs::write(&file, after)).map_err(|error| {
        let shown = file.display();
        Error::new(Kind::Failed, text! { en: "could not write `{shown}`", zh: "无法写入 `{shown}`" })
            .source(&error)
    })?;
    Ok(true)
}

/// Returns the text with an entry for each function and one for all; `None` when it is not of the known form.
fn merge(text: &str, inspectors: &BTreeMap<String, u16>) -> Option<String> {
    let root = CstRootNode::parse(text, &ParseOptions::default()).ok()?;
    let file = root.object_value_or_create()?;
    if file.get("version").is_none() {
        file.append("version", json!("0.2.0"));
    }
    let configurations = file.array_value_or_create("configurations")?;
    for (function, port) in inspectors {
        put(
            &configurations,
            &title(function),
            "port",
            CstInputValue::Number(port.to_string()),
            |name, port| {
                json!({
                    "name": name,
                    "type": "node",
                    "request": "attach",
                    "address": "127.0.0.1",
                    "port": port,
                    "restart": true,
                    "skipFiles": ["<node_internals>/**"],
                })
            },
        );
    }
    let all: Vec<CstInputValue> = inspectors.keys().map(|function| json!(title(function))).collect();
    let compounds = file.array_value_or_create("compounds")?;
    put(
        &compounds,
        "cloudkit: all functions",
        "configurations",
        CstInputValue::Array(all),
        |name, all| json!({ "name": name, "configurations": all, "stopAll": true }),
    );
    let text = root.to_string();
    Some(if text.ends_with('\n') { text } else { text + "\n" })
}

fn title(function: &str) -> String {
    format!("cloudkit: {function}")
}

/// Sets one key of the entry of that name, or adds the entry.
fn put(
    entries: &CstArray,
    name: &str,
    key: &str,
    value: CstInputValue,
    make: impl FnOnce(String, CstInputValue) -> CstInputValue,
) {
    let is_it = |entry: &CstObject| {
        let found = entry.get("name").and_then(|it| it.value()?.as_string_lit()?.decoded_value().ok());
        found.as_deref() == Some(name)
    };
    let entry = entries.elements().iter().filter_map(|it| it.as_object()).find(is_it);
    match entry.map(|entry| (entry.get(key), entry)) {
        Some((Some(property), _)) => property.set_value(value),
        Some((None, entry)) => drop(entry.append(key, value)),
        None => {
            entries.ensure_multiline();
            entries.append(make(name.to_owned(), value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspectors(ports: &[(&str, u16)]) -> BTreeMap<String, u16> {
        ports.iter().map(|(name, port)| ((*name).to_owned(), *port)).collect()
    }

    #[test]
    fn a_new_file_attaches_to_each_function_and_to_all() {
        let text = merge("", &inspectors(&[("login", 9229), ("report", 9230)])).expect("merged");
        insta::assert_snapshot!(text, @r#"
        {
          "version": "0.2.0",
          "configurations": [
            {
              "name": "cloudkit: login",
              "type": "node",
              "request": "attach",
              "address": "127.0.0.1",
              "port": 9229,
              "restart": true,
              "skipFiles": ["<node_internals>/**"]
            },
            {
              "name": "cloudkit: report",
              "type": "node",
              "request": "attach",
              "address": "127.0.0.1",
              "port": 9230,
              "restart": true,
              "skipFiles": ["<node_internals>/**"]
            }
          ],
          "compounds": [
            {
              "name": "cloudkit: all functions",
              "configurations": ["cloudkit: login", "cloudkit: report"],
              "stopAll": true
            }
          ]
        }
        "#);
        assert_eq!(merge(&text, &inspectors(&[("login", 9229), ("report", 9230)])), Some(text), "no change");
    }

    #[test]
    fn what_a_person_wrote_stays() {
        let theirs = r#"{
  // Use IntelliSense to learn about possible attributes.
  "version": "0.2.0",
  "configurations": [
    { "type": "chrome", "name": "page", }, // ours
    {
      "name": "cloudkit: login",
      "port": 1, /* old */
      "trace": true
    }
  ]
}
"#;
        let text = merge(theirs, &inspectors(&[("login", 9300), ("report", 9301)])).expect("merged");
        insta::assert_snapshot!(text, @r#"
        {
          // Use IntelliSense to learn about possible attributes.
          "version": "0.2.0",
          "configurations": [
            { "type": "chrome", "name": "page", }, // ours
            {
              "name": "cloudkit: login",
              "port": 9300, /* old */
              "trace": true
            },
            {
              "name": "cloudkit: report",
              "type": "node",
              "request": "attach",
              "address": "127.0.0.1",
              "port": 9301,
              "restart": true,
              "skipFiles": ["<node_internals>/**"]
            }
          ],
          "compounds": [
            {
              "name": "cloudkit: all functions",
              "configurations": ["cloudkit: login", "cloudkit: report"],
              "stopAll": true
            }
          ]
        }
        "#);
    }

    #[test]
    fn a_file_of_another_form_is_left_alone_and_shown_what_to_paste() {
        for odd in ["[]", r#"{ "configurations": {} }"#, "{ broken"] {
            assert_eq!(merge(odd, &inspectors(&[("login", 9229)])), None, "{odd}");
        }
        let project = tempfile::tempdir().expect("a folder");
        let file = project.path().join(".vscode/launch.json");
        fs::create_dir(project.path().join(".vscode")).expect("made");
        fs::write(&file, "[]").expect("written");
        let error = write(project.path(), &inspectors(&[("login", 9229)])).expect_err("another form");
        assert!(error.hints()[0].en.contains(r#""port": 9229"#), "{error:?}");
        assert_eq!(fs::read_to_string(&file).expect("read"), "[]");
    }
}
