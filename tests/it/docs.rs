//! The documentation says what the program does.

use crate::support::cloudkit::Cloudkit;

#[test]
fn the_command_reference_is_the_one_the_program_writes() {
    let output = Cloudkit::alone(&[]).command(&["markdown"]).output().expect("run");
    let written = String::from_utf8(output.stdout).expect("text");
    let kept = include_str!("../../docs/cli.md").replace("\r\n", "\n");
    let differs = kept.lines().zip(written.lines()).find(|(kept, written)| kept != written);
    assert!(kept == written, "`cloudkit markdown > docs/cli.md` mends it; first: {differs:?}");
}
