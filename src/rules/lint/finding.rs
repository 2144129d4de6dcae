//! What can be found in rules: a code, where it is, and why.

use std::ops::Range;

use crate::model::text::Text;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing, and possibly meant.
    Note,
    Warning,
    Error,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $name:literal $severity:ident,)*) => {
        /// What was found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $code,)*
        }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$code,)*];

            /// Returns the name by which programs know it; it never changes.
            pub fn name(self) -> &'static str {
                match self { $(Code::$code => $name,)* }
            }

            pub fn severity(self) -> Severity {
                match self { $(Code::$code => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    /// A clause, or a rule, that is never true.
    NeverTrue "never-true" Error,
    /// Two clauses that are never true together.
    Contradiction "contradiction" Error,
    /// A rule whose result is no boolean.
    NotBoolean "not-boolean" Error,
    /// A field that `auth`, `request` or `resource` never has.
    UnknownField "unknown-field" Error,
    /// A variable that rules of this kind do not have.
    ForeignVariable "foreign-variable" Error,
    /// Everybody may change what is there.
    OpenWrite "open-write" Error,
    /// A client's query that is refused, whoever asks.
    QueryRefused "query-refused" Error,
    AlwaysTrue "always-true" Warning,
    /// `request.data` where nothing is written.
    NoPayload "no-payload" Warning,
    /// Everybody, logged in or not, may create.
    OpenCreate "open-create" Warning,
    /// Whoever is logged in may change what is somebody else's.
    AnyUserWrites "any-user-writes" Warning,
    /// Rules without one for `read`.
    NoRead "no-read" Warning,
    /// A rule that stands for no operation.
    UnusedRule "unused-rule" Warning,
    /// Everybody, logged in or not, may read everything.
    OpenRead "open-read" Note,
    /// The owner of what is being created is the caller.
    OwnerInCreate "owner-in-create" Note,
}

/// Something that is wrong with rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub code: Code,
    /// The rule's name and the bytes of its text.
    pub place: Option<(String, Range<usize>)>,
    pub why: Text,
}
