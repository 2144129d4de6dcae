//! What goes into a mini program so that its code runs against an emulator, and into its tests.

use super::File;

/// Joins the parts of `wx-cloud.js`, a head and those named here. They share one scope: what a part runs at once may need
/// only those before it.
macro_rules! joined {
    ($($part:literal)+) => {
        concat!(
            include_str!("mini_program/wx-cloud/head.js"),
            $("\n", include_str!(concat!("mini_program/wx-cloud/", $part, ".js"))),+
        )
    };
}

/// `wx.cloud`, spoken over `wx.request` to an emulator.
pub const WX_CLOUD: &str = joined! {
    "errors" "calls" "session"
    "values" "geo" "encoding"
    "command" "condition" "update" "operators" "aggregation"
    "database" "collection" "document"
    "realtime" "changes"
    "task" "files" "functions"
    "cloud" "wechat" "install"
};
/// A stand-in for `wx` in plain Node.
pub const WX_STAND_IN: &str = include_str!("mini_program/wx-stand-in.js");
/// The switch that a running emulator writes beside it is nobody else's.
const IGNORED: &str = "local.js\n";

/// Returns the files for the folder of a mini program, which may be empty.
pub fn shim(root: &str) -> [File; 2] {
    [file(root, "cloudkit/wx-cloud.js", WX_CLOUD), file(root, "cloudkit/.gitignore", IGNORED)]
}

/// Returns the file for a folder of tests.
pub fn stand_in(folder: &str) -> File {
    file(folder, "wx-stand-in.js", WX_STAND_IN)
}

fn file(folder: &str, name: &str, text: &str) -> File {
    let path = [folder.trim_end_matches('/'), name].into_iter().filter(|part| !part.is_empty());
    File { path: path.collect::<Vec<_>>().join("/"), bytes: text.as_bytes().to_vec() }
}
