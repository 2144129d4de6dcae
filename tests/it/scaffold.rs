//! A project made from a template reads as a project, and passes the tests it comes with.

use std::path::Path;
use std::process::Command;

use cloudkit::project::{Options, Project};
use cloudkit::scaffold::{self, Parameters};

use super::sdk;
use crate::support::patience::output;

#[test]
fn a_new_project_reads_without_complaint() {
    for template in scaffold::catalogue() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = template.render(&Parameters { name: "garden".into(), app_id: None });
        assert!(
            files.iter().all(|file| !String::from_utf8_lossy(&file.bytes).contains("{{")),
            "all is filled"
        );
        scaffold::write(&files, folder.path()).expect("written");
        let options = Options { directory: folder.path().to_owned(), ..Options::default() };
        let project = Project::load(&options).expect("a project");
        assert!(project.problems.is_empty() && project.warnings.is_empty(), "{project:?}");
        assert_eq!(project.name(), "garden");
        assert!(!project.functions.is_empty());
    }
}

#[cfg(unix)]
#[test]
fn a_new_leaderboard_passes_its_own_tests() {
    let Some(installed) = sdk::installed() else { return };
    let home = tempfile::tempdir().expect("a folder");
    let cloudkit = |arguments: &[&str], folder: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloudkit"));
        command.args(arguments).current_dir(folder).env("HOME", home.path()).env_remove("NODE_OPTIONS");
        let output = output(&mut command);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{arguments:?}\n{}\n{}", text(&output.stdout), text(&output.stderr));
    };
    cloudkit(&["init", "garden"], home.path());
    // What `npm install` would bring, without the network.
    let garden = home.path().join("garden");
    std::fs::create_dir(garden.join("node_modules")).expect("made");
    let places = ["functions/wx3_0/node_modules", "node_modules"]
        .map(|place| installed.join(place).join("wx-server-sdk"));
    let sdk = places.iter().find(|place| place.is_dir()).expect("the SDK is installed");
    std::os::unix::fs::symlink(sdk, garden.join("node_modules/wx-server-sdk")).expect("linked");
    cloudkit(&["emulate", "--port", "0", "--ephemeral", "--no-install", "--", "npm", "test"], &garden);
}
