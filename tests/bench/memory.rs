//! What an idle emulator costs, its Node processes left out.

use super::process::{Server, hello_root, status_megabytes};

pub fn run(_runtime: &tokio::runtime::Runtime) {
    let root = hello_root();
    let server = Server::emulator(root.path());
    let figure = |name| status_megabytes(server.id(), name);
    match (figure("VmRSS"), figure("VmHWM")) {
        (Some(resident), Some(peak)) => {
            println!("  idle emulator  {resident:.1} MB resident, peak {peak:.1} MB   (goal 15)");
        }
        _ => println!("  (read from /proc, which this system does not have)"),
    }
}
