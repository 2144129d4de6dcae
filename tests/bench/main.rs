//! `cargo bench`: what the promises of speed are worth today, each against a peer measured in the same run.
//!
//! Prints figures and ratios; nothing here fails for being slow, because shared machines are. Run one part with
//! `cargo bench -- invoke` (parts: start, invoke, functions, reload, database, import, memory, reset, rules, storage, watch,
//! wechat; `database` takes sizes too: `cargo bench -- database 10k 100k`, and `import` one).

#![expect(clippy::print_stdout, reason = "figures are what it is for")]

mod database;
mod functions;
mod import;
mod invoke;
mod load;
mod memory;
mod process;
mod reload;
mod reset;
mod rules;
mod servers;
mod start;
mod storage;
mod watch;
mod wechat;

fn main() {
    // Cargo passes `--bench`; what is left are the parts to run.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|it| !it.starts_with("--") && database::parse_size(it).is_none())
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (name, part) in [
        ("start", start::run as fn(&tokio::runtime::Runtime)),
        ("invoke", invoke::run),
        ("functions", functions::run),
        ("reload", reload::run),
        ("database", database::run),
        ("import", import::run),
        ("memory", memory::run),
        ("reset", reset::run),
        ("rules", rules::run),
        ("storage", storage::run),
        ("watch", watch::run),
        ("wechat", wechat::run),
    ] {
        if wanted.is_empty() || wanted.iter().any(|it| it == name) {
            println!("\n{name}");
            part(&runtime);
        }
    }
}
