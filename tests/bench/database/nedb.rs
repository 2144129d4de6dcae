//! `@seald-io/nedb`: a document database of Node processes, all in memory. `peers/nedb.js` measures; this asks it.

use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::{Subject, Work, document};
use crate::process::peers;

/// It holds everything in memory, twice: more than this is no use to anybody.
const LARGEST: usize = 1_000_000;

pub struct Nedb {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Nedb {
    pub fn start() -> Option<Self> {
        let mut child = Command::new("node")
            .args(["--max-old-space-size=6000", "nedb.js"])
            .current_dir(peers()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (input, output) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Nedb { child, input, output })
    }

    /// Sends one line and reads the microseconds it took.
    fn ask(&mut self, line: &str) -> Option<Duration> {
        writeln!(self.input, "{line}").ok()?;
        let mut answer = String::new();
        self.output.read_line(&mut answer).ok()?;
        Some(Duration::from_secs_f64(answer.trim().parse::<f64>().ok()? / 1e6))
    }
}

impl Subject for Nedb {
    fn name(&self) -> &'static str {
        "nedb"
    }

    fn fill(&mut self, documents: Range<usize>) -> Duration {
        let mut taken = Duration::ZERO;
        let all: Vec<usize> = documents.filter(|it| *it < LARGEST).collect();
        for batch in all.chunks(super::BATCH) {
            let documents: Vec<_> = batch.iter().map(|n| document(*n)).collect();
            taken += self.ask(&format!(r#"{{"fill":[{}]}}"#, documents.join(","))).unwrap_or_default();
        }
        taken
    }

    fn measure(&mut self, work: Work, size: usize) -> Option<Duration> {
        // It has no pipelines, and reads all documents of a group into the program.
        if matches!(work, Work::Group | Work::Lookup) || size > LARGEST {
            return None;
        }
        self.ask(&format!(r#"{{"work":"{work:?}","size":{size},"times":{}}}"#, work.times()))
    }
}

impl Drop for Nedb {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
