//! The expression of a rule: a small, pure part of JavaScript.

use std::ops::Range;

use bson::Bson;

use super::parse;
use crate::model::text::Text;
use crate::text;

/// The longest expression, in characters (security rules of CloudBase, documented limit).
pub const LONGEST: usize = 1024;
/// Calls of `get()` in one expression, how deep they nest, and documents they read for one request.
pub const MOST_GETS: usize = 3;
pub const DEEPEST_GET: usize = 2;
pub const MOST_DOCUMENTS: usize = 10;

/// Parts within parts at most, chains included: more would exhaust the stack, and no rule of sense comes near.
const DEEPEST: usize = 128;

/// A parsed rule with its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    pub(super) text: String,
    pub(super) root: Node,
}

/// Why a text is no rule, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", message.en)]
pub struct Problem {
    pub message: Text,
    /// Bytes of the text.
    pub span: Range<usize>,
}

impl Problem {
    /// Returns the number of the character at which it begins in the rule's text, from 1.
    pub fn character(&self, text: &str) -> usize {
        text.get(..self.span.start).unwrap_or(text).chars().count() + 1
    }
}

/// A part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub kind: Kind,
    /// Bytes of the text.
    pub span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Literal(Bson),
    List(Vec<Node>),
    /// Texts and values of `` `…${…}…` ``.
    Template(Vec<Node>),
    Variable(Variable),
    Member(Box<Node>, Box<Node>),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    In(Box<Node>, Box<Node>),
    Add(Box<Node>, Box<Node>),
    /// Reads a document; the operand is `database.COLLECTION.ID`.
    Get(Box<Node>),
}

/// What a rule can ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variable {
    Auth,
    Doc,
    Now,
    Request,
    Resource,
}

impl Variable {
    pub const NAMES: [(&str, Variable); 5] = [
        ("auth", Variable::Auth),
        ("doc", Variable::Doc),
        ("now", Variable::Now),
        ("request", Variable::Request),
        ("resource", Variable::Resource),
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Returns the comparison that says the same with the sides exchanged.
    pub fn mirrored(self) -> Self {
        match self {
            Comparison::Equal | Comparison::Unequal => self,
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        }
    }
}

impl Expression {
    /// Parses a rule's text.
    ///
    /// # Errors
    /// The text is no expression, names something unknown, or is beyond a limit.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if let Some((end, _)) = text.char_indices().nth(LONGEST) {
            let message = text! { en: "it is longer than {LONGEST} characters", zh: "超过 {LONGEST} 个字符" };
            return Err(Problem { message, span: end..text.len() });
        }
        let root = parse::expression(text)?;
        if let Some(node) = root.below(DEEPEST) {
            let message =
                text! { en: "this is nested more than {DEEPEST} deep", zh: "嵌套超过 {DEEPEST} 层" };
            return Err(Problem { message, span: node.span.clone() });
        }
        let mut gets = Vec::new();
        root.collect_gets(1, &mut gets);
        if let Some((_, span)) = gets.iter().find(|(depth, _)| *depth > DEEPEST_GET) {
            let message = text! {
                en: "`get` is nested more than {DEEPEST_GET} deep",
                zh: "`get` 嵌套超过 {DEEPEST_GET} 层"
            };
            return Err(Problem { message, span: span.clone() });
        }
        if let Some((_, span)) = gets.get(MOST_GETS) {
            let message = text! { en: "it calls `get` more than {MOST_GETS} times", zh: "调用 `get` 超过 {MOST_GETS} 次" };
            return Err(Problem { message, span: span.clone() });
        }
        Ok(Expression { text: text.to_owned(), root })
    }

    /// Returns the text of a part.
    pub(super) fn source(&self, part: &Node) -> &str {
        self.text.get(part.span.clone()).unwrap_or_default()
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns where the rule's clauses are: the parts that `&&`, `||` and `!` put together, as bytes of the text.
    pub fn clauses(&self) -> Vec<Range<usize>> {
        let mut clauses = Vec::new();
        self.root.collect_clauses(&mut clauses);
        clauses.into_iter().map(|clause| clause.span.clone()).collect()
    }

    /// Whether the rule asks about the document.
    pub fn asks_about_doc(&self) -> bool {
        self.root.any(&|node| matches!(node.kind, Kind::Variable(Variable::Doc)))
    }
}

impl Node {
    pub fn children(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::Literal(_) | Kind::Variable(_) => Vec::new(),
            Kind::List(nodes) | Kind::Template(nodes) => nodes.iter().collect(),
            Kind::Not(node) | Kind::Get(node) => vec![node],
            Kind::Member(left, right)
            | Kind::And(left, right)
            | Kind::Or(left, right)
            | Kind::Compare(_, left, right)
            | Kind::In(left, right)
            | Kind::Add(left, right) => vec![left, right],
        }
    }

    /// Returns the variable that a chain like `doc.a.b` begins with, and the names after it.
    pub fn chain(&self) -> Option<(Variable, Vec<&str>)> {
        match &self.kind {
            Kind::Variable(variable) => Some((*variable, Vec::new())),
            Kind::Member(of, name) => {
                let Kind::Literal(Bson::String(name)) = &name.kind else { return None };
                let (variable, mut names) = of.chain()?;
                names.push(name);
                Some((variable, names))
            }
            _ => None,
        }
    }

    /// Returns what a query writes in place of the caller's id, which this is.
    pub fn own_id(&self) -> Option<Bson> {
        match self.chain()? {
            (Variable::Auth, names) if names == ["openid"] || names == ["uid"] => {
                Some(Bson::String(format!("{{{}}}", names.concat())))
            }
            _ => None,
        }
    }

    pub fn any(&self, is: &dyn Fn(&Node) -> bool) -> bool {
        is(self) || self.children().into_iter().any(|node| node.any(is))
    }

    /// Returns a node that is so many levels below this one.
    fn below(&self, levels: usize) -> Option<&Node> {
        match levels {
            0 => Some(self),
            _ => self.children().into_iter().find_map(|node| node.below(levels - 1)),
        }
    }

    /// Collects the calls of `get` with how deep each is, in the order they are written.
    fn collect_gets(&self, depth: usize, found: &mut Vec<(usize, Range<usize>)>) {
        let is_get = matches!(self.kind, Kind::Get(_));
        if is_get {
            found.push((depth, self.span.clone()));
        }
        self.children().into_iter().for_each(|node| node.collect_gets(depth + usize::from(is_get), found));
    }

    /// Collects the clauses: what `&&`, `||` and `!` put together.
    pub fn collect_clauses<'n>(&'n self, found: &mut Vec<&'n Node>) {
        match &self.kind {
            Kind::And(left, right) | Kind::Or(left, right) => {
                left.collect_clauses(found);
                right.collect_clauses(found);
            }
            Kind::Not(node) => node.collect_clauses(found),
            _ => found.push(self),
        }
    }
}
