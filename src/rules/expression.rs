//! The expression of a rule: a small, pure part of JavaScript.

use std::ops::Range;

use bson::Bson;

use super::parse;

/// The longest expression, in characters (security rules of CloudBase, documented limit).
pub const LONGEST: usize = 1024;
/// Calls of `get()` in one expression, how deep they nest, and documents they read for one request.
pub const MOST_GETS: usize = 3;
pub const DEEPEST_GET: usize = 2;
pub const MOST_DOCUMENTS: usize = 10;

/// A parsed rule with its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    pub(super) text: String,
    pub(super) root: Node,
}

/// Why a text is no rule, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    pub message: String,
    /// Bytes of the text.
    pub span: Range<usize>,
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
        let whole = 0..text.len();
        if text.chars().count() > LONGEST {
            return Err(Problem { message: format!("it is longer than {LONGEST} characters"), span: whole });
        }
        let root = parse::expression(text)?;
        let (gets, depth) = root.gets();
        if gets > MOST_GETS {
            return Err(Problem {
                message: format!("it calls `get` more than {MOST_GETS} times"),
                span: whole,
            });
        }
        if depth > DEEPEST_GET {
            let message = format!("`get` is nested more than {DEEPEST_GET} deep");
            return Err(Problem { message, span: whole });
        }
        Ok(Expression { text: text.to_owned(), root })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns where the rule's clauses are: the parts that `&&`, `||` and `!` put together, as bytes of the text.
    pub fn clauses(&self) -> Vec<Range<usize>> {
        let mut clauses = Vec::new();
        self.root.collect_clauses(&mut clauses);
        clauses
    }

    /// Whether the rule asks about the document.
    pub fn asks_about_doc(&self) -> bool {
        self.root.any(&|node| matches!(node.kind, Kind::Variable(Variable::Doc)))
    }
}

impl Node {
    fn children(&self) -> Vec<&Node> {
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

    fn any(&self, is: &dyn Fn(&Node) -> bool) -> bool {
        is(self) || self.children().into_iter().any(|node| node.any(is))
    }

    /// Returns how many calls of `get` there are and how deep they nest.
    fn gets(&self) -> (usize, usize) {
        let below = self.children().into_iter().map(Node::gets);
        let (count, depth) =
            below.fold((0, 0), |(count, depth), (more, deep)| (count + more, depth.max(deep)));
        match self.kind {
            Kind::Get(_) => (count + 1, depth + 1),
            _ => (count, depth),
        }
    }

    fn collect_clauses(&self, found: &mut Vec<Range<usize>>) {
        match &self.kind {
            Kind::And(left, right) | Kind::Or(left, right) => {
                left.collect_clauses(found);
                right.collect_clauses(found);
            }
            Kind::Not(node) => node.collect_clauses(found),
            _ => found.push(self.span.clone()),
        }
    }
}
