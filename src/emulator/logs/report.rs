//! The lines with which the platform begins and ends a call's log (`docs/wire.md#logs`).

use std::time::Duration;

/// Returns the line with which a call's log begins.
pub fn start_line(request_id: &str) -> String {
    format!("START RequestId: {request_id}")
}

/// Returns the lines with which a call's log ends; it had `memory_bytes` of `memory` megabytes.
pub fn end_lines(request_id: &str, duration: Duration, memory: u32, memory_bytes: u64) -> [String; 2] {
    let millis = duration.as_millis();
    let used = memory_bytes as f64 / f64::from(1 << 20);
    let report =
        format!("REPORT RequestId: {request_id} Duration:{millis}ms Memory:{memory}MB MemUsage:{used:.2}MB");
    [format!("END RequestId: {request_id}"), report]
}

/// Returns the whole log of a call that said `said`.
pub fn whole(request_id: &str, said: &str, duration: Duration, memory: u32, memory_bytes: u64) -> String {
    let [end, report] = end_lines(request_id, duration, memory, memory_bytes);
    format!("{}\n{said}{end}\n{report}\n", start_line(request_id))
}
