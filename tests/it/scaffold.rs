//! A project made from a template reads as a project.

use cloudkit::project::{Options, Project};
use cloudkit::scaffold::{self, Parameters};

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
