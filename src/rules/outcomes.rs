//! What part of a rule can come to: sets of outcomes, joined as the engine joins parts.

use super::value::Value;

/// A set of what a part of a rule can come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcomes(u8);

impl Outcomes {
    pub const NONE: Outcomes = Outcomes(0);
    pub const TRUE: Outcomes = Outcomes(1);
    /// Counts as true and is not `true`: a text, a number, an object.
    pub const TRUTHY: Outcomes = Outcomes(2);
    pub const FALSE: Outcomes = Outcomes(4);
    /// Not known of all that a query can find, which denies.
    pub const MAYBE: Outcomes = Outcomes(8);
    pub const ERROR: Outcomes = Outcomes(16);
    pub const VERDICT: Outcomes = Outcomes(1 | 4 | 8 | 16);
    pub const ANY: Outcomes = Outcomes(31);

    pub fn has(self, some: Outcomes) -> bool {
        self.0 & some.0 != 0
    }

    pub fn or(self, other: Outcomes) -> Outcomes {
        Outcomes(self.0 | other.0)
    }

    fn each(self) -> impl Iterator<Item = Outcomes> {
        (0..5).map(|bit| Outcomes(1 << bit)).filter(move |one| self.has(*one))
    }

    fn map(self, of: impl Fn(Outcomes) -> Outcomes) -> Outcomes {
        self.each().map(of).fold(Outcomes::NONE, Outcomes::or)
    }

    /// As the engine joins two parts by `&&`.
    pub fn and_then(self, right: Outcomes) -> Outcomes {
        self.map(|left| match left {
            Outcomes::FALSE | Outcomes::ERROR => left,
            Outcomes::MAYBE => right.map(|right| match right {
                Outcomes::FALSE | Outcomes::ERROR => right,
                _ => Outcomes::MAYBE,
            }),
            _ => right,
        })
    }

    /// As the engine joins two parts by `||`.
    pub fn or_else(self, right: Outcomes) -> Outcomes {
        self.map(|left| match left {
            Outcomes::FALSE => right,
            Outcomes::MAYBE => right.map(|right| match right {
                Outcomes::TRUE => Outcomes::TRUE.or(Outcomes::MAYBE),
                Outcomes::ERROR => right,
                _ => Outcomes::MAYBE,
            }),
            _ => left,
        })
    }

    pub fn not(self) -> Outcomes {
        self.map(|it| match it {
            Outcomes::TRUE | Outcomes::TRUTHY => Outcomes::FALSE,
            Outcomes::FALSE => Outcomes::TRUE,
            other => other,
        })
    }

    pub fn of(value: &Value) -> Outcomes {
        match (value.is_true(), value.truth()) {
            (true, _) => Outcomes::TRUE,
            (_, Some(true)) => Outcomes::TRUTHY,
            (_, Some(false)) => Outcomes::FALSE,
            (_, None) => Outcomes::MAYBE,
        }
    }
}
