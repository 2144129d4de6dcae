//! Time and fresh ids: the only source of both, so that tests can hold them still.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// Tells the time. Clones share one clock.
///
/// The clock runs with the machine's, shifted by an offset, unless it is held still.
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// Milliseconds added to the machine's time.
    offset: AtomicI64,
    /// When not zero, the time at which the clock stands still.
    frozen: AtomicI64,
}

impl Clock {
    /// Returns a clock that stands still at `now`.
    pub fn frozen(now: Millis) -> Self {
        let clock = Clock::default();
        clock.hold(now);
        clock
    }

    /// Returns the present time.
    pub fn now(&self) -> Millis {
        match self.0.frozen.load(Ordering::Relaxed) {
            0 => machine_time() + self.0.offset.load(Ordering::Relaxed),
            frozen => frozen,
        }
    }

    /// Tells whether the clock stands still.
    pub fn is_held(&self) -> bool {
        self.0.frozen.load(Ordering::Relaxed) != 0
    }

    /// Moves the clock to `time`; one that is held stays held, one that runs goes on from there.
    pub fn move_to(&self, time: Millis) {
        match self.is_held() {
            true => self.hold(time),
            false => self.0.offset.store(time - machine_time(), Ordering::Relaxed),
        }
    }

    /// Moves the clock by so many milliseconds; one that is held stays held.
    pub fn advance(&self, millis: Millis) {
        self.move_to(self.now() + millis);
    }

    /// Holds the clock still at `time`.
    pub fn hold(&self, time: Millis) {
        // Zero means that it runs; one millisecond beside 1970 is as good.
        self.0.frozen.store(if time == 0 { 1 } else { time }, Ordering::Relaxed);
    }

    /// Lets the clock tell the machine's time again.
    pub fn resume(&self) {
        self.0.offset.store(0, Ordering::Relaxed);
        self.0.frozen.store(0, Ordering::Relaxed);
    }

    /// Returns how far the clock is ahead of the machine's; nothing when nobody moved it.
    pub fn moved_by(&self) -> Option<Millis> {
        match self.0.offset.load(Ordering::Relaxed) {
            _ if self.is_held() => Some(self.offset()),
            0 => None,
            offset => Some(offset),
        }
    }

    /// Returns how far the clock is ahead of the machine's.
    pub fn offset(&self) -> Millis {
        self.now() - machine_time()
    }
}

/// Returns the time of the machine, which signatures of clients elsewhere are made by.
pub fn machine_time() -> Millis {
    // A machine set to before 1970 is told that it is 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis)
}

/// Makes ids nobody has seen before. Clones share one source.
#[derive(Debug, Clone)]
pub struct Ids(Arc<Source>);

#[derive(Debug)]
enum Source {
    Random(Mutex<Drawn>),
    /// Counts up from a seed: for tests that compare output.
    Counting(AtomicU64),
}

impl Default for Ids {
    fn default() -> Self {
        Ids(Arc::new(Source::Random(Mutex::default())))
    }
}

/// Random bytes drawn ahead: to ask the system for a few at a time would take longer than to make an id of them.
#[derive(Debug, Default)]
struct Drawn {
    bytes: Vec<u8>,
}

/// How many bytes are drawn at a time.
const DRAWN: usize = 1024;

impl Drawn {
    /// Fills a buffer with bytes that nobody else gets.
    fn fill(&mut self, buffer: &mut [u8]) {
        for place in buffer {
            if self.bytes.is_empty() {
                self.bytes.resize(DRAWN, 0);
                SystemRandom::new().fill(&mut self.bytes).expect("the system has a random source");
            }
            *place = self.bytes.pop().unwrap_or_default();
        }
    }
}

impl Ids {
    /// Returns ids that repeat from run to run, counting up from `seed`.
    pub fn counting(seed: u64) -> Self {
        Ids(Arc::new(Source::Counting(AtomicU64::new(seed))))
    }

    /// Fills a buffer with fresh bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &*self.0 {
            Source::Random(drawn) => drawn.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes),
            Source::Counting(next) => {
                let count = next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
                let used = count.len().min(N);
                bytes[N - used..].copy_from_slice(&count[count.len() - used..]);
            }
        }
        bytes
    }

    /// Returns an id for a document: 32 lower-case hex digits, the first eight from the time so that ids sort roughly
    /// by age (the form recent CloudBase environments generate).
    pub fn document(&self, now: Millis) -> String {
        format!("{:08x}{}", (now / 1000) as u32, hex(&self.bytes::<12>()))
    }

    /// Returns an id in UUID form, as the platform gives requests.
    pub fn request(&self) -> String {
        let mut bytes = self.bytes::<16>();
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut digits = hex(&bytes);
        for at in [8, 13, 18, 23] {
            digits.insert(at, '-');
        }
        digits
    }
}

/// Returns bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        digits.push(DIGITS[usize::from(byte >> 4)] as char);
        digits.push(DIGITS[usize::from(byte & 15)] as char);
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_ids_have_the_platforms_form_and_sort_by_time() {
        let ids = Ids::default();
        let (early, late) = (ids.document(1_700_000_000_000), ids.document(1_700_000_001_000));
        assert_eq!(early.len(), 32);
        assert!(early.bytes().all(|digit| digit.is_ascii_hexdigit()));
        assert!(early < late);
    }

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let clock = Clock::frozen(1_000);
        assert_eq!((clock.now(), clock.now()), (1_000, 1_000));
        clock.advance(500);
        assert_eq!(clock.now(), 1_500);
        clock.move_to(200);
        assert_eq!((clock.now(), clock.is_held()), (200, true));
    }

    #[test]
    fn a_moved_clock_runs_on_and_resumes_with_the_machine() {
        const HOUR: Millis = 3_600_000;
        let clock = Clock::default();
        assert_eq!(clock.moved_by(), None);
        clock.advance(5 * HOUR);
        assert!(clock.moved_by().is_some_and(|moved| (moved - 5 * HOUR).abs() < 1_000));
        assert!(!clock.is_held() && (clock.offset() - 5 * HOUR).abs() < 1_000, "{}", clock.offset());
        clock.hold(1_000);
        clock.resume();
        assert!(!clock.is_held() && clock.offset().abs() < 1_000, "{}", clock.offset());
    }
}
