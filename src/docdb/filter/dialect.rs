//! Regular expressions as PCRE reads them in MongoDB (UTF-8, classes of ASCII), in the words of the engine here.

/// Why a pattern is not taken.
pub(super) type Refusal = &'static str;

const RECURSION: Refusal = "recursion is not supported";
const CONDITION: Refusal = "a condition other than whether a group matched is not supported";
const UNKNOWN_GROUP: Refusal = "unrecognized character after (?";
const UNKNOWN_ESCAPE: Refusal = r"PCRE does not support \L, \l, \N{name}, \U, or \u; \x{4e2d} is a character";

const WORD: &str = "A-Za-z0-9_";
const SPACE: &str = r"\t\n\x0B\f\r ";
const HORIZONTAL_SPACE: &str = r"\t \x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}";
const VERTICAL_SPACE: &str = r"\n\x0B\f\r\x{85}\x{2028}\x{2029}";

const WORD_EDGE: &str = "(?:(?<=[A-Za-z0-9_])(?![A-Za-z0-9_])|(?<![A-Za-z0-9_])(?=[A-Za-z0-9_]))";
const NO_WORD_EDGE: &str = "(?:(?<=[A-Za-z0-9_])(?=[A-Za-z0-9_])|(?<![A-Za-z0-9_])(?![A-Za-z0-9_]))";

/// Returns a pattern that means to the engine what the source means to PCRE. What neither knows stays for the engine to
/// refuse.
///
/// # Errors
/// It asks for what the engine lacks, or for what the engine alone has.
pub(super) fn translate(source: &str, options: &str) -> Result<String, Refusal> {
    let mut reader = Reader {
        rest: source,
        written: String::with_capacity(source.len() + 16),
        flags: Flags::default().with(options, true),
        outer: Vec::new(),
    };
    while let Some(char) = reader.take() {
        match char {
            '\\' => {
                reader.escape(false)?;
            }
            '[' => reader.class()?,
            '(' => reader.group()?,
            ')' => reader.group_end(),
            '#' if reader.flags.verbose => reader.skip_past('\n'),
            // Not behind the line break that ends the text.
            '^' if reader.flags.multi_line => reader.written.push_str(r"(?:^(?!(?<=\n)\z))"),
            '$' if !reader.flags.multi_line => reader.written.push_str(r"(?=\n?\z)"),
            '{' if !is_quantifier(reader.rest) => reader.written.push_str(r"\{"),
            other => reader.written.push(other),
        }
    }
    Ok(reader.written)
}

/// The options in force, as far as they can be set inside a pattern.
#[derive(Clone, Copy, Default, PartialEq)]
struct Flags {
    caseless: bool,
    multi_line: bool,
    dot_all: bool,
    verbose: bool,
    ungreedy: bool,
}

impl Flags {
    fn with(mut self, letters: &str, on: bool) -> Self {
        for letter in letters.chars() {
            match letter {
                'i' => self.caseless = on,
                'm' => self.multi_line = on,
                's' => self.dot_all = on,
                'x' => self.verbose = on,
                'U' => self.ungreedy = on,
                _ => {}
            }
        }
        self
    }

    /// Returns what sets exactly these.
    fn text(self) -> String {
        let all = [
            ('i', self.caseless),
            ('m', self.multi_line),
            ('s', self.dot_all),
            ('x', self.verbose),
            ('U', self.ungreedy),
        ];
        let letters = |on: bool| all.iter().filter(move |it| it.1 == on).map(|it| it.0);
        match letters(false).next() {
            Some(_) => {
                format!("(?{}-{})", letters(true).collect::<String>(), letters(false).collect::<String>())
            }
            None => "(?imsxU)".to_owned(),
        }
    }
}

struct Reader<'s> {
    rest: &'s str,
    written: String,
    flags: Flags,
    /// The options around each open group.
    outer: Vec<Flags>,
}

impl<'s> Reader<'s> {
    fn take(&mut self) -> Option<char> {
        let char = self.rest.chars().next()?;
        self.rest = self.rest.get(char.len_utf8()..).unwrap_or_default();
        Some(char)
    }

    /// Takes what comes up to a character, and the character.
    fn take_past(&mut self, end: char) -> Option<&'s str> {
        let (inside, rest) = self.rest.split_once(end)?;
        self.rest = rest;
        Some(inside)
    }

    fn skip_past(&mut self, end: char) {
        if self.take_past(end).is_none() {
            self.rest = "";
        }
    }

    /// Goes on behind an opening bracket.
    fn group(&mut self) -> Result<(), Refusal> {
        let Some(kind) = self.rest.strip_prefix('?') else {
            self.open("(");
            return Ok(());
        };
        let numbered = kind.trim_start_matches(['+', '-']);
        if kind.starts_with(['R', '&']) || kind.starts_with("P>") || begins_with_digit(numbered) {
            return Err(RECURSION);
        }
        self.rest = kind;
        let letters = kind.split([')', ':']).next().unwrap_or_default();
        let sets_options = letters.chars().all(|it| it == '-' || it.is_ascii_alphabetic());
        match self.take() {
            Some('#') => self.skip_past(')'),
            Some('(') => return self.condition(),
            Some('~') => return Err(UNKNOWN_GROUP),
            Some(_) if sets_options && !letters.is_empty() => return self.options(letters),
            _ => {
                self.rest = kind;
                self.open("(?");
            }
        }
        Ok(())
    }

    fn open(&mut self, text: &str) {
        self.written.push_str(text);
        self.outer.push(self.flags);
    }

    /// Goes on behind `(?(`.
    fn condition(&mut self) -> Result<(), Refusal> {
        let group = self.take_past(')').unwrap_or_default();
        if group == "DEFINE" || group.starts_with('R') {
            return Err(RECURSION);
        }
        if begins_with_digit(group) || group.starts_with(['<', '\'', '+', '-']) {
            self.open(&format!("(?({group})"));
        } else if group.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_') {
            self.open(&format!("(?(<{group}>)"));
        } else {
            return Err(CONDITION);
        }
        Ok(())
    }

    /// Goes on behind the first of the letters of `(?i)` or `(?i:`.
    fn options(&mut self, letters: &str) -> Result<(), Refusal> {
        if letters.contains(['R', 'u']) {
            return Err(UNKNOWN_GROUP);
        }
        self.take_bytes(letters.len() - 1);
        let end = self.take().unwrap_or_default();
        let text = format!("(?{letters}{end}");
        match end {
            ':' => self.open(&text),
            _ => self.written.push_str(&text),
        }
        let (on, off) = letters.split_once('-').unwrap_or((letters, ""));
        self.flags = self.flags.with(on, true).with(off, false);
        Ok(())
    }

    /// Closes a group; the options it set end with it.
    fn group_end(&mut self) {
        if let Some(outer) = self.outer.pop().filter(|it| *it != self.flags) {
            self.flags = outer;
            self.written.push_str(&outer.text());
        }
        self.written.push(')');
    }

    /// Goes on behind a backslash. Returns whether one character was written, which a range may begin or end with.
    fn escape(&mut self, in_class: bool) -> Result<bool, Refusal> {
        let Some(char) = self.take() else {
            self.written.push('\\');
            return Ok(false);
        };
        let (inside, negated) = match char {
            'd' => ("0-9", false),
            'D' => ("0-9", true),
            'w' => (WORD, false),
            'W' => (WORD, true),
            's' => (SPACE, false),
            'S' => (SPACE, true),
            'h' => (HORIZONTAL_SPACE, false),
            'H' => (HORIZONTAL_SPACE, true),
            'v' => (VERTICAL_SPACE, false),
            'V' => (VERTICAL_SPACE, true),
            _ => return self.other_escape(char, in_class),
        };
        match (in_class, negated) {
            (true, false) => self.written.push_str(inside),
            (_, true) => self.written.extend(["[^", inside, "]"]),
            (false, false) => self.written.extend(["[", inside, "]"]),
        }
        Ok(false)
    }

    fn other_escape(&mut self, char: char, in_class: bool) -> Result<bool, Refusal> {
        match char {
            'L' | 'l' | 'U' | 'u' => return Err(UNKNOWN_ESCAPE),
            'N' if self.rest.starts_with('{') && !is_quantifier(self.rest.get(1..).unwrap_or_default()) => {
                return Err(UNKNOWN_ESCAPE);
            }
            // To the engine any character, and edges of words.
            'O' => return Err(r"unrecognized character follows \"),
            '<' | '>' => self.written.push(char),
            'Q' => self.literal(),
            'E' => return Ok(false),
            'b' if !in_class => self.written.push_str(WORD_EDGE),
            'B' if !in_class => self.written.push_str(NO_WORD_EDGE),
            'Z' if !in_class => self.written.push_str(r"(?=\n?\z)"),
            'g' if !in_class => self.reference()?,
            'k' if self.rest.starts_with('{') => self.reference()?,
            'x' => self.code_point(),
            '0' => self.octal(),
            'p' | 'P' => return Ok(self.property(char)),
            other => self.written.extend(['\\', other]),
        }
        Ok(true)
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

    /// Goes on behind `\g` or `\k`: `{1}`, `{-1}`, `{name}`, `1`, `-1`.
    fn reference(&mut self) -> Result<(), Refusal> {
        let group = match self.rest.strip_prefix('{') {
            Some(rest) => {
                self.rest = rest;
                self.take_past('}').unwrap_or_default()
            }
            None if self.rest.starts_with(['<', '\'']) => return Err(RECURSION),
            None => {
                let digits = self
                    .rest
                    .trim_start_matches(['+', '-'])
                    .trim_start_matches(|it: char| it.is_ascii_digit());
                self.take_bytes(self.rest.len() - digits.len())
            }
        };
        self.written.extend([r"\k<", group, ">"]);
        Ok(())
    }

    /// Goes on behind `\x`: a number in braces, or up to two digits.
    fn code_point(&mut self) {
        let digits = self.rest.bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
        let digits = match self.rest.strip_prefix('{') {
            Some(rest) => {
                self.rest = rest;
                self.take_past('}').unwrap_or_default()
            }
            None if digits == 0 => "0",
            None => self.take_bytes(digits),
        };
        self.written.extend([r"\x{", digits, "}"]);
    }

    /// Goes on behind `\0`: up to two more digits.
    fn octal(&mut self) {
        let count = self.rest.bytes().take(2).take_while(|it| (b'0'..b'8').contains(it)).count();
        let code = self.take_bytes(count).bytes().fold(0, |code, digit| code * 8 + u32::from(digit - b'0'));
        self.written.push_str(&format!(r"\x{{{code:x}}}"));
    }

    /// Goes on behind `\p`: a letter, or a name in braces.
    fn property(&mut self, char: char) -> bool {
        let length = self.rest.find('}').filter(|_| self.rest.starts_with('{')).map(|it| it + 1);
        let name =
            self.take_bytes(length.unwrap_or_else(|| self.rest.chars().next().map_or(0, char::len_utf8)));
        self.written.extend(["\\", char.encode_utf8(&mut [0; 4]), name]);
        false
    }

    fn take_bytes(&mut self, count: usize) -> &'s str {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or_default();
        self.rest = rest;
        taken
    }

    /// Copies a class; a bracket, an ampersand and a tilde in it stand for themselves, and so does a dash that makes no
    /// range.
    fn class(&mut self) -> Result<(), Refusal> {
        self.written.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.written.push('^');
            self.rest = rest;
        }
        // Whether one character came last, which is not the end of a range.
        let mut single = self.rest.starts_with(']');
        if single {
            self.take();
            self.written.push_str(r"\]");
        }
        // Where the dash of a range was written.
        let mut dash = None;
        while let Some(char) = self.take() {
            if char == ']' {
                self.written.push(']');
                return Ok(());
            }
            if char == '-' && single && !self.rest.starts_with(']') {
                dash = Some(self.written.len());
                self.written.push('-');
                single = false;
                continue;
            }
            single = self.class_item(char)?;
            if let Some(at) = dash.take() {
                if !single {
                    self.written.insert(at, '\\');
                }
                single = false;
            }
        }
        Ok(())
    }

    /// Copies one item of a class; returns whether it is one character.
    fn class_item(&mut self, char: char) -> Result<bool, Refusal> {
        match char {
            '\\' => return self.escape(true),
            '[' if self.rest.starts_with(':') => {
                let name = self.rest.find(":]").map_or(self.rest.len(), |it| it + 2);
                let name = self.take_bytes(name);
                self.written.extend(["[", name]);
                return Ok(false);
            }
            '[' | '&' | '~' | '-' => self.written.extend(['\\', char]),
            other => self.written.push(other),
        }
        Ok(true)
    }
}

/// Whether what follows a brace makes it `{n}`, `{n,}` or `{n,m}`.
fn is_quantifier(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    !least.is_empty() && [least, most].iter().all(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_digit())
}
