//! The one error a person sees: what failed, why, and what to do next.
//!
//! Each room turns its own errors into this one in its own `error.rs`, so that a hint is born where the knowledge is.

use std::ops::Range;
use std::path::PathBuf;

use crate::model::foreign;
use crate::model::text::Text;
use crate::text;

/// The result of everything a command does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure this is; it decides the exit code and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The work was tried and failed (1).
    Failed,
    /// Wrong usage, or a wrong manifest (2).
    Usage,
    /// Not logged in, or not allowed (3).
    NotAllowed,
    /// The thing named does not exist (4).
    NotFound,
    /// The cloud refused (5).
    Refused,
    /// Ctrl-C or SIGTERM (130).
    Interrupted,
}

impl Kind {
    /// Returns the process exit code, as documented in `docs/cli.md`.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NotAllowed => 3,
            Kind::NotFound => 4,
            Kind::Refused => 5,
            Kind::Interrupted => 130,
        }
    }

    /// Returns the `code` that `--json` prints when the failure has no wire code of its own.
    pub fn code(self) -> &'static str {
        match self {
            Kind::Failed => "FAILED",
            Kind::Usage => "USAGE",
            Kind::NotAllowed => "NOT_ALLOWED",
            Kind::NotFound => "NOT_FOUND",
            Kind::Refused => "REFUSED",
            Kind::Interrupted => "INTERRUPTED",
        }
    }
}

/// The place in a file where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    pub path: PathBuf,
    /// The whole text of the file, or some whole lines of it.
    pub source: String,
    /// The number of the first line of `source`, from 1.
    pub first_line: usize,
    /// The bytes of `source` that are wrong; an empty range points between two characters.
    pub span: Range<usize>,
    pub label: Text,
}

impl Excerpt {
    /// Returns the place, as `FILE:LINE`, and what is wrong there.
    fn sentence(&self) -> Text {
        let before = self.source.get(..self.span.start).unwrap_or_default();
        let line = self.first_line + before.matches('\n').count();
        let (shown, Text { en, zh }) = (self.path.display(), &self.label);
        text! { en: "{shown}:{line}: {en}", zh: "{shown}:{line}：{zh}" }
    }
}

/// A failure, told to a person.
#[derive(Debug, Clone)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    kind: Kind,
    message: Text,
    causes: Vec<Text>,
    hints: Vec<Text>,
    excerpt: Option<Excerpt>,
    code: Option<String>,
    request_id: Option<String>,
}

impl Error {
    /// Makes an error whose message is a lowercase fragment without a full stop.
    pub fn new(kind: Kind, message: Text) -> Self {
        Error(Box::new(Parts {
            kind,
            message,
            causes: Vec::new(),
            hints: Vec::new(),
            excerpt: None,
            code: None,
            request_id: None,
        }))
    }

    /// Adds one more reason, outermost first.
    pub fn cause(mut self, cause: Text) -> Self {
        self.0.causes.push(cause);
        self
    }

    /// Adds a cause and all the sources below it, as they describe themselves.
    pub fn source(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            self.0.causes.push(foreign::told(error));
            next = error.source();
        }
        self
    }

    /// Adds something the reader can do about it.
    pub fn hint(mut self, hint: Text) -> Self {
        self.0.hints.push(hint);
        self
    }

    /// Shows the place in a file.
    pub fn excerpt(mut self, excerpt: Excerpt) -> Self {
        self.0.excerpt = Some(excerpt);
        self
    }

    /// Sets the code of the wire protocol, such as `ResourceNotFound.Function` or `-502005`.
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// Sets the id by which the service knows the request that failed.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }
    pub fn message(&self) -> &Text {
        &self.0.message
    }
    pub fn causes(&self) -> &[Text] {
        &self.0.causes
    }
    pub fn hints(&self) -> &[Text] {
        &self.0.hints
    }
    pub fn shown_excerpt(&self) -> Option<&Excerpt> {
        self.0.excerpt.as_ref()
    }
    /// Returns in one sentence what went wrong, what it comes from, and where it is.
    pub fn sentence(&self) -> Text {
        let place = self.0.excerpt.as_ref().map(Excerpt::sentence);
        self.0.causes.iter().chain(&place).fold(self.0.message.clone(), |told, more| Text {
            en: format!("{}: {}", told.en, more.en),
            zh: format!("{}：{}", told.zh, more.zh),
        })
    }
    /// Returns the wire code, or the kind's own.
    pub fn wire_code(&self) -> &str {
        self.0.code.as_deref().unwrap_or(self.0.kind.code())
    }
    pub fn shown_request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message.en)?;
        self.0.causes.iter().try_for_each(|cause| write!(f, ": {}", cause.en))
    }
}

impl std::error::Error for Error {}
