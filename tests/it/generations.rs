//! A project whose functions pin different SDK generations, deployed: every copy runs, each on its own SDK.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use crate::sdk;
use crate::support::cloudkit::Cloudkit;

/// Functions of `tests/sdk/functions` and the package they use.
const GENERATIONS: &[(&str, &str)] = &[
    ("wx0_6", "wx-server-sdk"),
    ("wx2_6", "wx-server-sdk"),
    ("wx4_0", "wx-server-sdk"),
    ("admin1", "tcb-admin-node"),
    ("node2", "@cloudbase/node-sdk"),
    ("node3", "@cloudbase/node-sdk"),
];

/// A function that stores a document through its SDK, and tells which version that is and where it runs itself.
const CODE: &str = r"
const sdk = require('SDK')
const entry = require.resolve('SDK')
const { version } = require(entry.slice(0, entry.lastIndexOf('/SDK/')) + '/SDK/package.json')
// wx-server-sdk is one application; the others make one.
const app = sdk.init({ env: process.env.TCB_ENV }) ?? sdk

exports.main = async ({ by }) => {
  const notes = app.database().collection('notes')
  await ('SDK' === 'wx-server-sdk' ? notes.add({ data: { by } }) : notes.add({ by }))
  return { version, deployed: __dirname.includes('/.cloudkit/') }
}
";

/// Makes the project, with the installed packages where `npm install` would have put them.
async fn project(installed: &Path) -> Cloudkit {
    let mut files = vec![("cloudkit.toml".to_owned(), "[database.notes]\n".to_owned())];
    for (name, sdk) in GENERATIONS {
        let package = fs::read_to_string(installed.join("functions").join(name).join("package.json"));
        files.push((format!("cloudfunctions/{name}/package.json"), package.expect("a package")));
        files.push((format!("cloudfunctions/{name}/index.js"), CODE.replace("SDK", sdk)));
    }
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let cloudkit = Cloudkit::serving(&files).await;
    let place = |folder: &Path, sdk: &str, from: &Path| {
        let modules = folder.join("node_modules");
        let place = modules.join(sdk);
        fs::create_dir_all(place.parent().expect("a parent")).expect("made");
        symlink(from.join("node_modules").join(sdk), place).expect("linked");
    };
    for (name, sdk) in GENERATIONS {
        let own = installed.join("functions").join(name);
        // npm puts one version of each package at the top.
        let from = if own.join("node_modules").join(sdk).is_dir() { &own } else { installed };
        place(&cloudkit.folder().join("cloudfunctions").join(name), sdk, from);
    }
    // The project itself uses another version than most of its functions, for its tests.
    place(cloudkit.folder(), "wx-server-sdk", installed);
    cloudkit
}

fn pinned(installed: &Path, name: &str, sdk: &str) -> Value {
    let package = fs::read(installed.join("functions").join(name).join("package.json")).expect("a package");
    let package: Value = serde_json::from_slice(&package).expect("JSON");
    package["dependencies"][sdk].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn generations_deployed_side_by_side_each_run_on_their_own_sdk() {
    let Some(installed) = sdk::installed() else { return };
    let cloudkit = project(&installed).await;
    let call = |name| cloudkit.json(&["fn", "invoke", name, "--data", &json!({ "by": name }).to_string()]);
    let deployed = cloudkit.json(&["deploy", "--yes"]);
    assert!(deployed["error"].is_null(), "{deployed}");
    for (name, sdk) in GENERATIONS {
        let answer = call(name);
        let expected = json!({ "version": pinned(&installed, name, sdk), "deployed": true });
        assert_eq!(answer["result"], expected, "{name}: {answer}");
    }
    let stored = cloudkit.run(&["db", "query", "notes", "--field", "by"]);
    for (name, _) in GENERATIONS {
        assert!(stored.contains(&format!("\"by\":\"{name}\"")), "{stored}");
    }
}
