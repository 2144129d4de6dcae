//! From text to an expression: tokens, then operators by their strength.

use std::iter::Peekable;
use std::ops::Range;
use std::vec::IntoIter;

use bson::Bson;

use super::expression::{Comparison, Kind, Node, Problem, Variable};
use super::value::literal;
use crate::model::name::did_you_mean;
use crate::model::text::Text;
use crate::text;

/// Brackets within brackets at most: more is nobody's rule and would exhaust the stack.
const DEEPEST: usize = 64;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Number(f64),
    Text(String),
    Template(Vec<Piece>),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// A part of a template: text, or the bytes of an expression.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Value(Range<usize>),
}

type Spanned = (Token, Range<usize>);

/// The longest come first, so that `==` is not read as two signs.
const SIGNS: [&str; 21] = [
    "===", "!==", "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "(", ")", "[", "]", ".", ",",
    "?", ":",
];

pub(super) fn expression(text: &str) -> Result<Node, Problem> {
    part(text, 0..text.len(), 0)
}

/// Parses the expression that some bytes of the text are.
fn part(text: &str, span: Range<usize>, depth: usize) -> Result<Node, Problem> {
    let tokens = tokens(text, span.clone())?;
    let mut parser = Parser { text, tokens: tokens.into_iter().peekable(), end: span.end, depth };
    let node = parser.binary(0)?;
    match parser.tokens.next() {
        None => Ok(node),
        Some((_, span)) => Err(wrong(text! { en: "nothing is expected here", zh: "此处不应再有内容" }, span)),
    }
}

fn wrong(message: Text, span: Range<usize>) -> Problem {
    Problem { message, span }
}

fn endless(span: Range<usize>) -> Problem {
    wrong(text! { en: "this text has no end", zh: "这段文本没有结束" }, span)
}

fn tokens(text: &str, span: Range<usize>) -> Result<Vec<Spanned>, Problem> {
    let mut tokens = Vec::new();
    let mut at = span.start;
    while let Some(rest) = text.get(at..span.end).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else { break };
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if first.is_alphabetic() || first == '_' || first == '$' {
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            tokens.push((Token::Name(rest.chars().take_while(|c| is_part(*c)).collect()), at..at + length));
            length
        } else if first.is_ascii_digit() {
            let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(rest.len());
            let number = rest.get(..length).and_then(|digits| digits.parse().ok());
            let number = number.ok_or_else(|| {
                wrong(text! { en: "this is no number", zh: "不是合法的数字" }, at..at + length)
            })?;
            tokens.push((Token::Number(number), at..at + length));
            length
        } else if matches!(first, '\'' | '"') {
            let (value, length) = quoted(rest, first).ok_or_else(|| endless(at..span.end))?;
            tokens.push((Token::Text(value), at..at + length));
            length
        } else if first == '`' {
            let (pieces, length) = template(rest, at).ok_or_else(|| endless(at..span.end))?;
            tokens.push((Token::Template(pieces), at..at + length));
            length
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push((Token::Sign(sign), at..at + sign.len()));
            sign.len()
        } else {
            return Err(wrong(meaningless(first), at..at + first.len_utf8()));
        };
        at += length;
    }
    Ok(tokens)
}

fn meaningless(sign: char) -> Text {
    match sign {
        '=' => {
            text! { en: "`=` has no meaning in a rule; did you mean `==`?", zh: "`=` 在规则中没有意义；是否想写 `==`？" }
        }
        '&' | '|' => text! {
            en: "`{sign}` has no meaning in a rule; did you mean `{sign}{sign}`?",
            zh: "`{sign}` 在规则中没有意义；是否想写 `{sign}{sign}`？"
        },
        _ => text! { en: "`{sign}` has no meaning in a rule", zh: "`{sign}` 在规则中没有意义" },
    }
}

/// Reads a text in quotes: its value, and its length in bytes with the quotes.
fn quoted(rest: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            _ if character == quote => return Some((value, at + quote.len_utf8())),
            '\\' => value.push(escaped(characters.next()?.1)),
            _ => value.push(character),
        }
    }
    None
}

fn escaped(character: char) -> char {
    match character {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        other => other,
    }
}

/// Reads a template that begins at byte `start` of the whole text: its pieces, and its length in bytes.
fn template(rest: &str, start: usize) -> Option<(Vec<Piece>, usize)> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut at = 1;
    loop {
        let rest = rest.get(at..)?;
        let first = rest.chars().next()?;
        if first == '`' {
            pieces.push(Piece::Text(text));
            return Some((pieces, at + 1));
        }
        if rest.starts_with("${") {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            // No braces occur in expressions but inside templates within, which rules have no use for.
            let length = rest.find('}')?;
            pieces.push(Piece::Value(start + at + 2..start + at + length));
            at += length + 1;
            continue;
        }
        if first == '\\' {
            let next = rest.chars().nth(1)?;
            text.push(escaped(next));
            at += 1 + next.len_utf8();
            continue;
        }
        text.push(first);
        at += first.len_utf8();
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Peekable<IntoIter<Spanned>>,
    end: usize,
    depth: usize,
}

/// How strongly each operator binds; higher binds more.
fn strength(token: &Token) -> Option<usize> {
    Some(match token {
        Token::Sign("||") => 1,
        Token::Sign("&&") => 2,
        Token::Sign("==" | "===" | "!=" | "!==") => 3,
        Token::Sign("<" | "<=" | ">" | ">=") => 4,
        Token::Name(name) if name == "in" => 4,
        Token::Sign("+") => 5,
        _ => return None,
    })
}

impl Parser<'_> {
    /// Parses operands joined by operators that bind more than `least`.
    fn binary(&mut self, least: usize) -> Result<Node, Problem> {
        let mut left = self.unary()?;
        while let Some((token, _)) = self.tokens.peek()
            && let Some(strength) = strength(token).filter(|strength| *strength > least)
        {
            let Some((operator, _)) = self.tokens.next() else { break };
            let right = self.binary(strength)?;
            let span = left.span.start..right.span.end;
            left = Node { kind: join(&operator, Box::new(left), Box::new(right)), span };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, Problem> {
        self.enter()?;
        let node = match self.tokens.next_if(|(token, _)| matches!(token, Token::Sign("!" | "-"))) {
            Some((Token::Sign("!"), span)) => {
                let node = self.unary()?;
                Node { span: span.start..node.span.end, kind: Kind::Not(Box::new(node)) }
            }
            Some((_, span)) => match self.tokens.next() {
                Some((Token::Number(number), end)) => {
                    Node { kind: Kind::Literal(literal(-number)), span: span.start..end.end }
                }
                _ => {
                    return Err(wrong(
                        text! { en: "only a number can have a minus", zh: "只有数字可以带负号" },
                        span,
                    ));
                }
            },
            None => self.postfix()?,
        };
        self.depth -= 1;
        Ok(node)
    }

    fn enter(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        match self.depth <= DEEPEST {
            true => Ok(()),
            false => {
                let span = self.tokens.peek().map_or(self.end..self.end, |(_, span)| span.clone());
                Err(wrong(
                    text! { en: "this is nested more than {DEEPEST} deep", zh: "嵌套超过 {DEEPEST} 层" },
                    span,
                ))
            }
        }
    }

    fn postfix(&mut self) -> Result<Node, Problem> {
        let mut node = self.primary()?;
        loop {
            if self.take(".").is_some() {
                let (name, span) = match self.tokens.next() {
                    Some((Token::Name(name), span)) => (name, span),
                    other => {
                        return Err(self.unexpected(other, &text! { en: "a field's name", zh: "字段名" }));
                    }
                };
                let whole = node.span.start..span.end;
                let name = Node { kind: Kind::Literal(Bson::String(name)), span };
                node = Node { kind: Kind::Member(Box::new(node), Box::new(name)), span: whole };
            } else if self.take("[").is_some() {
                let name = self.binary(0)?;
                let end = self.expect("]")?;
                let whole = node.span.start..end.end;
                node = Node { kind: Kind::Member(Box::new(node), Box::new(name)), span: whole };
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Result<Node, Problem> {
        let (token, span) = match self.tokens.next() {
            Some(it) => it,
            None => return Err(self.unexpected(None, &a_value())),
        };
        let kind = match token {
            Token::Number(number) => Kind::Literal(literal(number)),
            Token::Text(text) => Kind::Literal(Bson::String(text)),
            Token::Template(pieces) => Kind::Template(self.pieces(pieces, &span)?),
            Token::Name(name) => return self.named(&name, span),
            Token::Sign("(") => {
                let node = self.binary(0)?;
                let end = self.expect(")")?;
                return Ok(Node { span: span.start..end.end, ..node });
            }
            Token::Sign("[") => {
                let mut items = Vec::new();
                let end = loop {
                    if let Some(end) = self.take("]") {
                        break end;
                    }
                    if !items.is_empty() {
                        self.expect(",")?;
                    }
                    items.push(self.binary(0)?);
                };
                return Ok(Node { kind: Kind::List(items), span: span.start..end.end });
            }
            sign => return Err(self.unexpected(Some((sign, span)), &a_value())),
        };
        Ok(Node { kind, span })
    }

    fn pieces(&self, pieces: Vec<Piece>, whole: &Range<usize>) -> Result<Vec<Node>, Problem> {
        let node = |piece| match piece {
            Piece::Text(text) => Ok(Node { kind: Kind::Literal(Bson::String(text)), span: whole.clone() }),
            Piece::Value(span) => part(self.text, span, self.depth),
        };
        pieces.into_iter().map(node).collect()
    }

    fn named(&mut self, name: &str, span: Range<usize>) -> Result<Node, Problem> {
        let kind = match name {
            "true" => Kind::Literal(Bson::Boolean(true)),
            "false" => Kind::Literal(Bson::Boolean(false)),
            "null" => Kind::Literal(Bson::Null),
            "undefined" => Kind::Literal(Bson::Undefined),
            "get" => {
                self.expect("(")?;
                let path = self.binary(0)?;
                let end = self.expect(")")?;
                return Ok(Node { kind: Kind::Get(Box::new(path)), span: span.start..end.end });
            }
            _ => match Variable::NAMES.into_iter().find(|(known, _)| *known == name) {
                Some((_, variable)) => Kind::Variable(variable),
                None => {
                    let called = matches!(self.tokens.peek(), Some((Token::Sign("("), _)));
                    return Err(wrong(unknown(name, called), span));
                }
            },
        };
        Ok(Node { kind, span })
    }

    fn take(&mut self, sign: &str) -> Option<Range<usize>> {
        self.tokens
            .next_if(|(token, _)| matches!(token, Token::Sign(is) if *is == sign))
            .map(|(_, span)| span)
    }

    fn expect(&mut self, sign: &str) -> Result<Range<usize>, Problem> {
        match self.take(sign) {
            Some(span) => Ok(span),
            None => {
                let next = self.tokens.next();
                Err(self.unexpected(next, &Text::same(format!("`{sign}`"))))
            }
        }
    }

    fn unexpected(&self, found: Option<Spanned>, wanted: &Text) -> Problem {
        let (en, zh) = (&wanted.en, &wanted.zh);
        match found {
            Some((_, span)) => wrong(text! { en: "{en} is expected here", zh: "此处应为 {zh}" }, span),
            None => {
                let message = text! { en: "{en} is missing at the end", zh: "末尾缺少 {zh}" };
                wrong(message, self.end..self.end)
            }
        }
    }
}

fn a_value() -> Text {
    text! { en: "a value", zh: "一个值" }
}

/// Tells what a name that is not known may have been meant as.
fn unknown(name: &str, called: bool) -> Text {
    let known = Variable::NAMES.iter().map(|(known, _)| *known);
    let near = if called { did_you_mean(name, ["get"]) } else { did_you_mean(name, known) };
    match (called, near) {
        (true, Some(near)) => text! {
            en: "`{name}` is no function; did you mean `{near}`?",
            zh: "`{name}` 不是函数；是否想写 `{near}`？"
        },
        (true, None) => text! {
            en: "`{name}` is no function; the only one is `get`",
            zh: "`{name}` 不是函数；可用的只有 `get`"
        },
        (false, Some(near)) => text! {
            en: "`{name}` is not known; did you mean `{near}`?",
            zh: "`{name}` 未知；是否想写 `{near}`？"
        },
        (false, None) => text! {
            en: "`{name}` is not known; there are `auth`, `doc`, `now`, `request`, `resource` and `get()`",
            zh: "`{name}` 未知；可用的有 `auth`、`doc`、`now`、`request`、`resource` 和 `get()`"
        },
    }
}

fn join(operator: &Token, left: Box<Node>, right: Box<Node>) -> Kind {
    let compare = |comparison| move |left, right| Kind::Compare(comparison, left, right);
    match operator {
        Token::Sign("||") => Kind::Or(left, right),
        Token::Sign("&&") => Kind::And(left, right),
        Token::Sign("!=" | "!==") => compare(Comparison::Unequal)(left, right),
        Token::Sign("<") => compare(Comparison::Less)(left, right),
        Token::Sign("<=") => compare(Comparison::LessOrEqual)(left, right),
        Token::Sign(">") => compare(Comparison::Greater)(left, right),
        Token::Sign(">=") => compare(Comparison::GreaterOrEqual)(left, right),
        Token::Sign("+") => Kind::Add(left, right),
        Token::Name(_) => Kind::In(left, right),
        // `==` and `===` are alike; `strength` lets nothing else come here.
        _ => compare(Comparison::Equal)(left, right),
    }
}
