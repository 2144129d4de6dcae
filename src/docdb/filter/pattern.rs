//! Regular expressions of filters.

use std::fmt::Display;

use bson::Regex;

use super::dialect::translate;
use crate::docdb::value::view::View;
use crate::docdb::{Error, Result};

/// Steps of backtracking after which a match is given up.
const BACKTRACK_LIMIT: usize = 1_000_000;

/// A regular expression with its options, compiled.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    options: String,
    regex: fancy_regex::Regex,
}

impl Pattern {
    /// Compiles a pattern with the options `i`, `m`, `s` and `x`.
    ///
    /// # Errors
    /// An unknown option (51108); a pattern that does not compile (51091).
    pub fn new(source: &str, options: &str) -> Result<Self> {
        if let Some(unknown) = options.chars().find(|it| !"imsxu".contains(*it)) {
            return Err(Error::invalid(51108, format!("invalid flag in regex options: {unknown}")));
        }
        let invalid =
            |why: &dyn Display| Error::invalid(51091, format!("Regular expression is invalid: {why}"));
        let translated = translate(source, options).map_err(|refusal| invalid(&refusal))?;
        let regex = fancy_regex::RegexBuilder::new(&translated)
            .case_insensitive(options.contains('i'))
            .multi_line(options.contains('m'))
            .dot_matches_new_line(options.contains('s'))
            .verbose_mode(options.contains('x'))
            .backtrack_limit(BACKTRACK_LIMIT)
            .build()
            .map_err(|error| invalid(&error))?;
        Ok(Self { source: source.to_owned(), options: options.to_owned(), regex })
    }

    /// Compiles a regular expression value. JavaScript's `g`, `u` and `y`, which mean nothing here, are dropped.
    ///
    /// # Errors
    /// As [`Pattern::new`].
    pub fn literal(regex: &Regex) -> Result<Self> {
        let options: String = regex.options.as_str().chars().filter(|it| !"guy".contains(*it)).collect();
        Self::new(regex.pattern.as_str(), &options)
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn options(&self) -> &str {
        &self.options
    }

    /// Returns the compiled expression, for what it captures.
    pub fn regex(&self) -> &fancy_regex::Regex {
        &self.regex
    }

    /// Returns whether a value is a string that the pattern finds something in, or the same expression.
    ///
    /// # Errors
    /// The match was given up (51156).
    pub fn accepts(&self, value: View<'_>) -> Result<bool> {
        match value {
            View::String(text) => self.regex.is_match(text).map_err(|error| {
                Error::invalid(51156, format!("regular expression `{}` gave up: {error}", self.source))
            }),
            View::Regex { pattern, options } => Ok(pattern == self.source && options == self.options),
            _ => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_mean_what_they_mean_in_mongodb() {
        for (source, options, text, found) in [
            ("abc$", "", "abc\n", true),
            ("abc$", "", "abc\n\n", false),
            ("abc$", "", "abc\nd", false),
            ("abc$", "m", "abc\nd", true),
            ("(?m)abc$", "", "abc\nd", true),
            (r"abc\$", "", "abc$", true),
            ("[$]", "", "$", true),
            (r"abc\Z", "", "abc\n", true),
            (r"abc\z", "", "abc\n", false),
            (r"^\d$", "", "3", true),
            (r"^\d$", "", "\u{663}", false),
            (r"^\D$", "", "\u{663}", true),
            (r"^\w$", "", "é", false),
            (r"^[\w-]+$", "", "a-b_1", true),
            (r"^[^\w]$", "", "é", true),
            (r"^[\W]$", "", "中", true),
            (r"^\s$", "", "\u{3000}", false),
            (r"^.$", "", "中", true),
            (r"^É$", "i", "é", true),
            (r"^\Qa.b(\E+$", "", "a.b((", true),
            (r"\Qa.b", "", "axb", false),
            ("^[[]$", "", "[", true),
            ("^[]a]+$", "", "]a", true),
            ("^[a&&b]+$", "", "&", true),
            ("^[[:alpha:]]$", "", "x", true),
            ("^{x}$", "", "{x}", true),
            ("^a{2}$", "", "aa", true),
            (r"^\x{4e2d}\p{L}$", "", "中文", true),
            ("^(?=a)(?i)A", "", "a", true),
            (r"^[\w-.]+$", "", "a-b.c", true),
            (r"^[\w-.]+$", "", "a/b", false),
            ("^[+--]+$", "", "+,-", true),
            ("^[a-c-e]+$", "", "b-e", true),
            ("^[a-c-e]+$", "", "d", false),
            (r"^[a-\d]+$", "", "a-7", true),
            ("^[a-z--/]+$", "", "a-./", true),
            (r"^\<b\>$", "", "<b>", true),
            (r"\bpie\b", "", "中pie中", true),
            (r"\bpie\b", "", "apple pie", true),
            (r"\bpie\b", "", "pies", false),
            (r"a\Bb", "", "ab", true),
            (r"^\h\H$", "", "\u{2003}f", true),
            (r"^\v\V$", "", "\u{2028}\t", true),
            (r"^\x4\x{4}\07$", "", "\u{4}\u{4}\u{7}", true),
            (r"^(a)(b)\g{-1}\g1\g{2}1$", "", "abbab1", true),
            (r"^(?<n>a)\k{n}\g{n}(?P=n)$", "", "aaaa", true),
            (r"^(a)?(?(1)b|c)$", "", "ab", true),
            (r"^(?<n>a)?(?(n)b|c)$", "", "c", true),
            (r"^(a(?i)b)c$", "", "aBc", true),
            (r"^(a(?i)b)c$", "", "aBC", false),
            (r"^(a(?i)b|c)+D$", "", "aBCD", true),
            (
                r"^(?x) a b # [ it is
                c$",
                "",
                "abc",
                true,
            ),
            ("a b # [ it is", "x", "ab", true),
            ("^a(?#[)b$", "", "ab", true),
            ("^$", "m", "a\n", false),
            ("^$", "m", "a\n\nb", true),
            ("(?m:^b)", "", "a\nb", true),
            ("(?m:^a)b$", "", "ab\nb", false),
            (r"^(?U)a+\K", "", "aa", true),
            ("(?<=ab|c)d", "", "abd", true),
        ] {
            let pattern = Pattern::new(source, options).unwrap_or_else(|error| panic!("{source}: {error}"));
            assert_eq!(
                pattern.accepts(View::String(text)).expect("an answer"),
                found,
                "{source} on {text:?}"
            );
        }
    }
    #[test]
    fn what_mongodb_or_the_engine_lacks_is_refused() {
        for source in [
            r"^(\((?:[^()]|(?R))*\))$",
            "(a)(?1)",
            "(?+1)(a)",
            "(a)(?-1)",
            "(?<n>a)(?&n)",
            "(?<n>a)(?P>n)",
            r"(?<n>a)\g<n>",
            r"(a)\g'1'",
            "(?(R)a|b)",
            "(?(DEFINE)(?<n>a))(?&n)",
            "(?(?=a)a|b)",
            "(?iR)a",
            "(?u)a",
            "(?~a)",
            "(?C)a",
            "(?|a|b)",
            r"[\u4e00-\u9fa5]",
            r"\u{4e00}",
            r"\U0001F600",
            r"\N{DASH}",
            r"\O",
            "(?<=a+)b",
            "(?<=a(?:b|cd))e",
            "(",
            "[a",
            "*a",
        ] {
            let refused = Pattern::new(source, "");
            assert!(matches!(refused, Err(Error::Invalid { code: 51091, .. })), "{source}: {refused:?}");
        }
    }
}
