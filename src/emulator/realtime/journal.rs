//! The last events of a query, for listeners that have yet to read them. Bounded: who falls behind it is told so.

use std::collections::VecDeque;

use super::event::Event;

/// How many steps are kept, and how many bytes of them.
const STEPS: usize = 1024;
const BYTES: usize = 4 << 20;

/// The last steps of a query, numbered without a gap.
#[derive(Debug, Default)]
pub struct Journal {
    /// The number of the newest step.
    last: u64,
    steps: VecDeque<Vec<Event>>,
    bytes: usize,
}

impl Journal {
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Adds what one commit did.
    pub fn push(&mut self, events: Vec<Event>) {
        self.last += 1;
        self.bytes += weight(&events);
        self.steps.push_back(events);
        // The newest stays, however large.
        while self.steps.len() > STEPS || self.bytes > BYTES && self.steps.len() > 1 {
            self.bytes -= self.steps.pop_front().map_or(0, |it| weight(&it));
        }
    }

    /// Returns the steps after one, each with its number; nothing when some of them are gone, or are yet to come.
    pub fn after(&self, number: u64) -> Option<impl Iterator<Item = (u64, &[Event])>> {
        let wanted = usize::try_from(self.last.checked_sub(number)?).ok()?;
        let skipped = self.steps.len().checked_sub(wanted)?;
        let numbers = number + 1..;
        Some(numbers.zip(self.steps.iter().skip(skipped).map(Vec::as_slice)))
    }
}

fn weight(events: &[Event]) -> usize {
    events.iter().map(|it| it.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(journal: &Journal, after: u64) -> Option<Vec<u64>> {
        journal.after(after).map(|steps| steps.map(|(number, _)| number).collect())
    }

    #[test]
    fn steps_are_read_from_any_that_is_kept() {
        let mut journal = Journal::default();
        assert_eq!((numbers(&journal, 0), numbers(&journal, 1)), (Some(vec![]), None));
        for _ in 0..3 {
            journal.push(vec!["e".into()]);
        }
        assert_eq!(numbers(&journal, 1), Some(vec![2, 3]));
        assert_eq!((numbers(&journal, 3), numbers(&journal, 4)), (Some(vec![]), None));
    }

    #[test]
    fn the_oldest_go_when_they_are_many_or_large() {
        let mut journal = Journal::default();
        for _ in 0..=STEPS {
            journal.push(vec!["e".into()]);
        }
        assert_eq!((numbers(&journal, 0), numbers(&journal, 1).map(|it| it.len())), (None, Some(STEPS)));
        journal.push(vec!["e".repeat(BYTES + 1).into()]);
        assert_eq!(numbers(&journal, journal.last() - 1).map(|it| it.len()), Some(1));
        assert_eq!(numbers(&journal, journal.last() - 2), None);
    }
}
