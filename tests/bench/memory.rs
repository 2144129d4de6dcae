//! What an idle emulator costs, its Node processes left out.

use super::process::{Server, hello_root};

pub fn run(_runtime: &tokio::runtime::Runtime) {
    let root = hello_root();
    let server = Server::emulator(root.path());
    match std::fs::read_to_string(format!("/proc/{}/status", server.id())) {
        Ok(status) => {
            let kilobytes = |name: &str| -> f64 {
                status
                    .lines()
                    .find_map(|line| {
                        line.strip_prefix(name)?
                            .trim_start_matches(':')
                            .split_whitespace()
                            .next()?
                            .parse()
                            .ok()
                    })
                    .unwrap_or(f64::NAN)
            };
            println!(
                "  idle emulator  {:.1} MB resident, peak {:.1} MB   (goal 15)",
                kilobytes("VmRSS") / 1024.0,
                kilobytes("VmHWM") / 1024.0
            );
        }
        Err(_) => println!("  (read from /proc, which this system does not have)"),
    }
}
