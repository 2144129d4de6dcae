//! Reads the small part of JavaScript that statements are written in: values, and chains of calls. Nothing is run.

use super::Malformed;

/// How deep values and calls may lie in one another.
const DEEPEST: usize = 64;

/// A value as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Pattern { pattern: String, options: String },
    Array(Vec<Expression>),
    Object(Vec<(String, Expression)>),
    Chain(Chain),
}

/// A name and what is asked of it: `db.collection("todos").get()`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chain {
    pub root: String,
    pub steps: Vec<Step>,
}

/// `.name` or `.name(…)`; a name that is called itself has a step without one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub name: String,
    pub arguments: Option<Vec<Expression>>,
}

/// Reads one expression, and a semicolon after it.
pub(super) fn read(text: &str) -> Result<Expression, Malformed> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let expression = reader.expression()?;
    reader.take(';')?;
    match reader.peek()? {
        None => Ok(expression),
        Some(_) => Err(reader.wrong("one statement ends here and another begins")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

type Result<T, E = Malformed> = std::result::Result<T, E>;

impl Reader<'_> {
    fn expression(&mut self) -> Result<Expression> {
        if self.depth == DEEPEST {
            return Err(self.wrong("it is nested too deeply"));
        }
        self.depth += 1;
        let expression = self.value();
        self.depth -= 1;
        expression
    }

    fn value(&mut self) -> Result<Expression> {
        match self.peek()? {
            None => Err(self.wrong("it ends too early")),
            Some('[') => Ok(Expression::Array(self.list('[', ']')?)),
            Some('{') => self.object(),
            Some('"' | '\'' | '`') => Ok(Expression::Text(self.string()?)),
            Some('/') => self.pattern(),
            Some('(') => {
                self.need('(')?;
                let inner = self.expression()?;
                self.need(')')?;
                Ok(inner)
            }
            Some('-' | '+' | '.' | '0'..='9') => self.number(),
            Some(first) if is_start(first) => self.name_or_chain(),
            Some(other) => Err(self.wrong(&format!("`{other}` has no meaning here"))),
        }
    }

    fn list(&mut self, open: char, close: char) -> Result<Vec<Expression>> {
        self.need(open)?;
        let mut items = Vec::new();
        while !self.take(close)? {
            items.push(self.expression()?);
            if !self.take(',')? {
                self.need(close)?;
                break;
            }
        }
        Ok(items)
    }

    fn object(&mut self) -> Result<Expression> {
        self.need('{')?;
        let mut fields = Vec::new();
        while !self.take('}')? {
            let key = match self.peek()? {
                Some('"' | '\'') => self.string()?,
                Some(first) if is_start(first) || first.is_ascii_digit() => self.word(),
                _ => return Err(self.wrong("a key of an object should stand here")),
            };
            self.need(':')?;
            fields.push((key, self.expression()?));
            if !self.take(',')? {
                self.need('}')?;
                break;
            }
        }
        Ok(Expression::Object(fields))
    }

    fn name_or_chain(&mut self) -> Result<Expression> {
        let mut root = self.word();
        if root == "new" {
            self.peek()?;
            root = self.word();
        }
        Ok(match root.as_str() {
            "true" => Expression::Bool(true),
            "false" => Expression::Bool(false),
            "null" | "undefined" => Expression::Null,
            "NaN" => Expression::Number(f64::NAN),
            "Infinity" => Expression::Number(f64::INFINITY),
            "" => return Err(self.wrong("a name should stand here")),
            _ => Expression::Chain(self.chain(root)?),
        })
    }

    fn chain(&mut self, root: String) -> Result<Chain> {
        let mut steps = Vec::new();
        loop {
            let name = match self.peek()? {
                Some('.') => {
                    self.need('.')?;
                    self.peek()?;
                    let name = self.word();
                    if name.is_empty() {
                        return Err(self.wrong("a name should stand after the dot"));
                    }
                    name
                }
                Some('(') => String::new(),
                _ => return Ok(Chain { root, steps }),
            };
            let arguments = match self.peek()? {
                Some('(') => Some(self.list('(', ')')?),
                _ => None,
            };
            steps.push(Step { name, arguments });
        }
    }

    fn number(&mut self) -> Result<Expression> {
        let sign = if self.take('-')? { -1.0 } else { 1.0 };
        self.take('+')?;
        self.peek()?;
        if self.rest().starts_with("Infinity") {
            self.word();
            return Ok(Expression::Number(sign * f64::INFINITY));
        }
        let is_part = |(at, it): (usize, char)| {
            let after_exponent =
                at > 0 && self.rest().as_bytes().get(at - 1).is_some_and(|it| b"eE".contains(it));
            it.is_ascii_alphanumeric() || it == '.' || (after_exponent && "+-".contains(it))
        };
        let length = self.rest().char_indices().take_while(|it| is_part(*it)).count();
        let written = self.rest().get(..length).unwrap_or_default();
        let number = match written.strip_prefix("0x").or_else(|| written.strip_prefix("0X")) {
            Some(digits) => u32::from_str_radix(digits, 16).ok().map(f64::from),
            // Rust would read words such as `inf`.
            None => {
                written.parse().ok().filter(|_| written.bytes().all(|it| b"0123456789.eE+-".contains(&it)))
            }
        };
        let number = number.ok_or_else(|| self.wrong("that is no number"))?;
        self.at += length;
        Ok(Expression::Number(sign * number))
    }

    fn string(&mut self) -> Result<String> {
        let quote = self.next().unwrap_or('"');
        let mut text = String::new();
        loop {
            match self.next() {
                None | Some('\n') if quote != '`' => return Err(self.wrong("a text has no end")),
                None => return Err(self.wrong("a text has no end")),
                Some(it) if it == quote => return Ok(text),
                Some('$') if quote == '`' && self.rest().starts_with('{') => {
                    return Err(self.wrong("a template with `${…}` would have to be run"));
                }
                Some('\\') => text.extend(self.escape()?),
                Some(it) => text.push(it),
            }
        }
    }

    fn escape(&mut self) -> Result<Option<char>> {
        Ok(Some(match self.next() {
            None => return Err(self.wrong("a text has no end")),
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('v') => '\u{b}',
            Some('0') => '\0',
            Some('\n') => return Ok(None),
            Some('x') => self.code(2)?,
            Some('u') => self.unicode()?,
            Some(other) => other,
        }))
    }

    /// Reads what follows `\u`: one unit, two that belong together, or digits in braces.
    fn unicode(&mut self) -> Result<char> {
        if self.rest().starts_with('{') {
            let digits = self.rest().get(1..).and_then(|rest| rest.split_once('}')).map(|(digits, _)| digits);
            let digits = digits.ok_or_else(|| self.wrong("that is no character"))?;
            let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
            let length = digits.len() + 2;
            let code = code.ok_or_else(|| self.wrong("that is no character"))?;
            self.at += length;
            return Ok(code);
        }
        let first = self.digits(4)?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.wrong("half a character stands alone"));
        }
        if !self.rest().starts_with("\\u") {
            return Err(self.wrong("half a character stands alone"));
        }
        self.at += 2;
        let second = self.digits(4)?;
        let pair = (0xdc00..0xe000)
            .contains(&second)
            .then(|| 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        pair.and_then(char::from_u32).ok_or_else(|| self.wrong("half a character stands alone"))
    }

    fn code(&mut self, length: usize) -> Result<char> {
        let code = self.digits(length)?;
        char::from_u32(code).ok_or_else(|| self.wrong("that is no character"))
    }

    fn digits(&mut self, length: usize) -> Result<u32> {
        let digits = self.rest().get(..length).filter(|it| it.bytes().all(|it| it.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.wrong("that is no character"))?;
        self.at += length;
        Ok(code)
    }

    /// Reads `/pattern/flags`.
    fn pattern(&mut self) -> Result<Expression> {
        self.next();
        let (mut pattern, mut in_class) = (String::new(), false);
        loop {
            match self.next() {
                None | Some('\n') => return Err(self.wrong("a pattern has no end")),
                Some('/') if !in_class => break,
                Some('\\') => {
                    pattern.push('\\');
                    pattern.extend(self.next());
                }
                Some(it) => {
                    in_class = (in_class || it == '[') && it != ']';
                    pattern.push(it);
                }
            }
        }
        Ok(Expression::Pattern { pattern, options: self.word() })
    }

    fn word(&mut self) -> String {
        let length = self.rest().find(|it| !is_part(it)).unwrap_or(self.rest().len());
        let word = self.rest().get(..length).unwrap_or_default().to_owned();
        self.at += length;
        word
    }

    /// Returns the next character that is no space and in no comment.
    fn peek(&mut self) -> Result<Option<char>> {
        loop {
            let spaces = self.rest().len() - self.rest().trim_start().len();
            self.at += spaces;
            let trimmed = self.rest();
            let comment = if trimmed.starts_with("//") {
                Some(trimmed.find('\n').unwrap_or(trimmed.len()))
            } else if trimmed.starts_with("/*") {
                let end = trimmed.find("*/").map(|at| at + 2);
                Some(end.ok_or_else(|| self.wrong("a comment has no end"))?)
            } else {
                None
            };
            match comment {
                Some(length) => self.at += length,
                None => return Ok(trimmed.chars().next()),
            }
        }
    }

    /// Takes a sign if it is next.
    fn take(&mut self, sign: char) -> Result<bool> {
        let is_next = self.peek()? == Some(sign);
        if is_next {
            self.at += sign.len_utf8();
        }
        Ok(is_next)
    }

    fn need(&mut self, sign: char) -> Result<()> {
        match self.take(sign)? {
            true => Ok(()),
            false => Err(self.wrong(&format!("`{sign}` should stand here"))),
        }
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wrong(&self, what: &str) -> Malformed {
        let at = self.text.get(..self.at).map_or(0, |before| before.chars().count());
        Malformed(format!("{what} (character {})", at + 1))
    }
}

fn is_start(it: char) -> bool {
    it.is_alphabetic() || it == '_' || it == '$'
}

fn is_part(it: char) -> bool {
    it.is_alphanumeric() || it == '_' || it == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Expression, &str>) {
        match (read(text), expected) {
            (Ok(read), Ok(expected)) => assert_eq!(read, expected, "{text}"),
            (Err(Malformed(message)), Err(expected)) => {
                assert!(message.contains(expected), "{text}: {message}")
            }
            (read, expected) => panic!("{text}: {read:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn values_are_read_as_javascript_writes_them() {
        let text = |text: &str| Expression::Text(text.into());
        for (written, expected) in [
            ("1", Expression::Number(1.0)),
            ("-1.5e+3", Expression::Number(-1500.0)),
            (".5", Expression::Number(0.5)),
            ("0x1F", Expression::Number(31.0)),
            ("true", Expression::Bool(true)),
            ("undefined", Expression::Null),
            (r#""a\"b\n云\u4e91\x41\ud83d\ude00\u{1F600}""#, text("a\"b\n云云A😀😀")),
            ("`a\nb`", text("a\nb")),
            ("(((7)))", Expression::Number(7.0)),
            (r"/a[/]b\/c/i", Expression::Pattern { pattern: r"a[/]b\/c".into(), options: "i".into() }),
            ("[1,/* two */2,]", Expression::Array(vec![Expression::Number(1.0), Expression::Number(2.0)])),
            (
                "{a:1, 'b c':null, // last\n 3:[],}",
                Expression::Object(vec![
                    ("a".into(), Expression::Number(1.0)),
                    ("b c".into(), Expression::Null),
                    ("3".into(), Expression::Array(vec![])),
                ]),
            ),
        ] {
            check(written, Ok(expected));
        }
    }

    #[test]
    fn a_chain_is_a_name_and_what_is_asked_of_it() {
        let step = |name: &str, arguments| Step { name: name.into(), arguments };
        check(
            "\n db\n .collection('a') . where ( {} ).length ;",
            Ok(Expression::Chain(Chain {
                root: "db".into(),
                steps: vec![
                    step("collection", Some(vec![Expression::Text("a".into())])),
                    step("where", Some(vec![Expression::Object(vec![])])),
                    step("length", None),
                ],
            })),
        );
        let date = Chain { root: "Date".into(), steps: vec![step("", Some(vec![]))] };
        check("new Date()", Ok(Expression::Chain(date)));
    }

    #[test]
    fn what_is_not_of_this_part_is_refused_with_its_place() {
        let deep = "[".repeat(100_000);
        for (text, message) in [
            ("", "ends too early"),
            ("db.", "after the dot"),
            ("db.a(", "ends too early"),
            ("db.a(1 2)", "`)` should stand here (character 8)"),
            ("{a 1}", "`:` should stand here"),
            ("{[a]:1}", "a key of an object"),
            ("'abc", "no end"),
            ("'a\nb'", "no end"),
            ("`${a}`", "would have to be run"),
            ("/abc", "no end"),
            ("/* abc", "no end"),
            ("1px", "no number"),
            ("-inf", "no number"),
            ("'\\u12'", "no character"),
            ("'\\ud800'", "half a character"),
            ("a => a", "another begins"),
            ("'it''s'", "another begins"),
            ("db.a(); db.b()", "another begins"),
            ("1 + 1", "another begins"),
            ("!a", "has no meaning"),
            ("function () {}", "another begins"),
            (deep.as_str(), "nested too deeply"),
        ] {
            check(text, Err(message));
        }
    }
}
