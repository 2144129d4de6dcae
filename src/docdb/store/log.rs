//! What is behind damage in the log of a file that was not closed.
//!
//! SQLite reads its log up to the first frame that is not what was written, and takes the rest for a write that was cut
//! short. This looks whether whole commits follow: then something else has changed the log, or a power cut has kept a
//! later part of it and not an earlier one. The format is the one SQLite documents ("WAL file format").

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::open::beside;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// Frames of a transaction that SQLite cannot have begun to write before its end: it keeps so many pages in memory. A
/// larger one may have been cut short and yet end with the mark of a commit.
const KEPT_IN_MEMORY: u64 = 8_000;

/// Returns how many commits the log holds behind its first damage: they are lost when the file is opened.
pub fn lost_commits(file: &Path) -> io::Result<u64> {
    let log = match File::open(beside(file, "-wal")) {
        Ok(log) => log,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut log = BufReader::with_capacity(1 << 20, log);
    let (mut header, mut frame) = ([0; HEADER], [0; FRAME_HEADER]);
    if !fill(&mut log, &mut header)? {
        return Ok(0);
    }
    let mut page = vec![0; page_size(file)?];
    let mut sum = Sum { big_endian: word(&header, 0) & 1 == 1, state: [0; 2] };
    sum.add(header.get(..24).unwrap_or_default());
    let mut whole =
        word(&header, 0) & !1 == 0x377f_0682 && sum.state == [word(&header, 24), word(&header, 28)];
    let mut salt = whole.then(|| [word(&header, 16), word(&header, 20)]);
    let (mut since_commit, mut behind) = (0, 0);
    while fill(&mut log, &mut frame)? && fill(&mut log, &mut page)? {
        let own = [word(&frame, 8), word(&frame, 12)];
        // Without a header the first frame says which ones are of this log; what is older has another salt.
        let is_of_now = own == *salt.get_or_insert(own);
        let commits = word(&frame, 4) != 0;
        since_commit += 1;
        if whole {
            sum.add(frame.get(..8).unwrap_or_default());
            sum.add(&page);
            whole = is_of_now && sum.state == [word(&frame, 16), word(&frame, 20)];
            if whole && commits {
                since_commit = 0;
            }
            // A frame that is not whole may itself be the one that was cut short.
        } else if is_of_now && commits {
            behind += 1;
        }
    }
    Ok(if behind == 1 && since_commit > KEPT_IN_MEMORY { 0 } else { behind })
}

/// The checksum that runs through the log.
struct Sum {
    big_endian: bool,
    state: [u32; 2],
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let [mut one, mut other] = self.state;
        for pair in bytes.as_chunks::<8>().0 {
            let [a, b, c, d, e, f, g, h] = *pair;
            let (left, right) = match self.big_endian {
                true => (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])),
                false => (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])),
            };
            one = one.wrapping_add(left).wrapping_add(other);
            other = other.wrapping_add(right).wrapping_add(one);
        }
        self.state = [one, other];
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..at + 4).and_then(|it| it.try_into().ok());
    word.map_or(0, u32::from_be_bytes)
}

/// Bytes of a page: in the file's own header, where the log's may be damaged.
fn page_size(file: &Path) -> io::Result<usize> {
    let mut header = [0; 18];
    let mut start = File::open(file)?.take(18);
    let _ = fill(&mut start, &mut header)?;
    let size = header.get(16..).and_then(|it| it.try_into().ok()).map_or(0, u16::from_be_bytes);
    Ok(match size {
        1 => 1 << 16,
        512.. => size.into(),
        _ => 4096,
    })
}

/// Reads so many bytes; returns whether there were.
fn fill(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether there is a log: the file was not closed.
pub fn is_left(file: &Path) -> bool {
    fs::metadata(beside(file, "-wal")).is_ok_and(|it| it.len() > 0)
}
