//! Regular expressions as PCRE reads them in MongoDB (UTF-8, classes of ASCII), in the words of the engine here.

/// Returns a pattern that means to the engine what the source means to PCRE. What the engine does not know stays for it
/// to refuse.
pub(super) fn translate(source: &str, multi_line: bool) -> String {
    // Where flags change inside the pattern, `$` may mean either end.
    let multi_line = multi_line || sets_multi_line(source);
    let mut reader = Reader { rest: source, written: String::with_capacity(source.len() + 16) };
    while let Some(char) = reader.take() {
        match char {
            '\\' => reader.escape(false),
            '[' => reader.class(),
            '$' if !multi_line => reader.written.push_str(r"(?=\n?\z)"),
            '{' if !is_quantifier(reader.rest) => reader.written.push_str(r"\{"),
            other => reader.written.push(other),
        }
    }
    reader.written
}

struct Reader<'s> {
    rest: &'s str,
    written: String,
}

impl Reader<'_> {
    fn take(&mut self) -> Option<char> {
        let char = self.rest.chars().next()?;
        self.rest = self.rest.get(char.len_utf8()..).unwrap_or_default();
        Some(char)
    }

    /// Goes on behind a backslash.
    fn escape(&mut self, in_class: bool) {
        let Some(char) = self.take() else { return self.written.push('\\') };
        let (inside, around) = match char {
            'Q' => return self.literal(),
            'E' => return,
            'd' => ("0-9", false),
            'D' => ("0-9", true),
            'w' => ("A-Za-z0-9_", false),
            'W' => ("A-Za-z0-9_", true),
            's' => (r"\t\n\x0B\f\r ", false),
            'S' => (r"\t\n\x0B\f\r ", true),
            'h' => (r"\t \x{A0}", false),
            'Z' if !in_class => return self.written.push_str(r"(?=\n?\z)"),
            'x' | 'p' | 'P' | 'u' | 'k' | 'g' | 'o' if self.rest.starts_with('{') => {
                self.written.extend(['\\', char]);
                let end = self.rest.find('}').map_or(self.rest.len(), |it| it + 1);
                let (name, rest) = self.rest.split_at(end);
                self.written.push_str(name);
                self.rest = rest;
                return;
            }
            other => return self.written.extend(['\\', other]),
        };
        match (in_class, around) {
            (true, false) => self.written.push_str(inside),
            (_, negated) => {
                self.written.push_str(if negated { "[^" } else { "[" });
                self.written.push_str(inside);
                self.written.push(']');
            }
        }
    }

    /// Copies what stands between `\Q` and `\E`.
    fn literal(&mut self) {
        let (text, rest) = self.rest.split_once(r"\E").unwrap_or((self.rest, ""));
        for char in text.chars() {
            if char.is_ascii_punctuation() || char == ' ' {
                self.written.push('\\');
            }
            self.written.push(char);
        }
        self.rest = rest;
    }

    /// Copies a class; a bracket, an ampersand and a tilde in it stand for themselves.
    fn class(&mut self) {
        self.written.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.written.push('^');
            self.rest = rest;
        }
        if let Some(rest) = self.rest.strip_prefix(']') {
            self.written.push_str(r"\]");
            self.rest = rest;
        }
        while let Some(char) = self.take() {
            match char {
                ']' => return self.written.push(']'),
                '\\' => self.escape(true),
                '[' if self.rest.starts_with(':') => {
                    let end = self.rest.find(":]").map_or(self.rest.len(), |it| it + 2);
                    let (name, rest) = self.rest.split_at(end);
                    self.written.push('[');
                    self.written.push_str(name);
                    self.rest = rest;
                }
                '[' | '&' | '~' => self.written.extend(['\\', char]),
                other => self.written.push(other),
            }
        }
    }
}

/// Whether what follows a brace makes it `{n}`, `{n,}` or `{n,m}`.
fn is_quantifier(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    !least.is_empty() && [least, most].iter().all(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
}

fn sets_multi_line(source: &str) -> bool {
    source.split("(?").skip(1).any(|it| {
        let flags = it.split([')', ':', '-']).next().unwrap_or_default();
        flags.contains('m') && flags.chars().all(|it| it.is_ascii_lowercase())
    })
}
