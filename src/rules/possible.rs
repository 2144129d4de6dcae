//! What a rule can come to, whoever asks and whatever lies in the database: for finding rules and queries that never work.
//!
//! Sound in one direction: an outcome that is left out cannot occur. What cannot be told keeps every outcome.

use bson::Bson;

use super::compare::{compare, contains};
use super::expression::{Comparison, Kind, Node, Variable};
use super::outcomes::Outcomes;
use super::query::{Branch, Known};
use super::value::{Relation, Value, relation, sum, text};
use super::{LOGIN_TYPES, Operation};

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Documents(Operation),
    /// Files; whether they are written.
    Files {
        written: bool,
    },
}

/// In what a rule is looked at.
pub(super) struct World<'a> {
    pub about: About,
    /// What is certain of the documents; `None`: they are any.
    pub branch: Option<&'a Branch>,
}

/// What an operand can be worth.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Worth {
    Known(Bson),
    /// A field of the documents that a query finds, which the query does not fix.
    Field(String),
    /// A text, or nothing.
    Text,
    /// How somebody logged in, or nothing.
    Login,
    Number,
    /// An object, which may be lacking.
    Object {
        lacking: bool,
    },
    /// Not known of all that a query can find.
    Maybe,
    Any,
    Error,
}

impl World<'_> {
    pub fn outcomes(&self, node: &Node) -> Outcomes {
        match &node.kind {
            Kind::And(left, right) => self.outcomes(left).and_then(self.outcomes(right)),
            Kind::Or(left, right) => self.outcomes(left).or_else(self.outcomes(right)),
            Kind::Not(inner) => self.outcomes(inner).not(),
            Kind::Compare(comparison, left, right) => self.compared(*comparison, left, right),
            Kind::In(item, list) => self.among(item, list),
            _ => match self.worth(node) {
                Worth::Known(value) => Outcomes::of(&Value::Known(value)),
                Worth::Field(_) | Worth::Maybe => Outcomes::MAYBE,
                Worth::Text | Worth::Login | Worth::Object { lacking: true } => {
                    Outcomes::TRUTHY.or(Outcomes::FALSE)
                }
                Worth::Number | Worth::Object { lacking: false } => Outcomes::TRUTHY,
                Worth::Any => Outcomes::ANY,
                Worth::Error => Outcomes::ERROR,
            },
        }
    }

    fn compared(&self, comparison: Comparison, left: &Node, right: &Node) -> Outcomes {
        if self.about == About::Documents(Operation::Create) && is_written_and_stored(left, right) {
            return Outcomes::of(&compare(comparison, &NULL, &NULL, &Branch::default()));
        }
        let (of_left, of_right) = (self.worth(left), self.worth(right));
        let nobody = self.nobody(left, right).or(self.nobody(right, left));
        if nobody == Outcomes::MAYBE && (of_left == UNDEFINED || of_right == UNDEFINED) {
            return nobody;
        }
        nobody.or(match (&of_left, &of_right) {
            (Worth::Error, _) | (_, Worth::Error) => Outcomes::ERROR,
            (Worth::Known(left), Worth::Known(right)) => {
                let (left, right) = (Value::Known(left.clone()), Value::Known(right.clone()));
                Outcomes::of(&compare(comparison, &left, &right, &Branch::default()))
            }
            (Worth::Any, _) | (_, Worth::Any) => Outcomes::VERDICT,
            (Worth::Field(path), other) | (other, Worth::Field(path)) => {
                let is_mirrored = matches!(of_right, Worth::Field(_));
                let comparison = if is_mirrored { comparison.mirrored() } else { comparison };
                self.field(path, other, comparison)
            }
            (Worth::Maybe, _) | (_, Worth::Maybe) => Outcomes::MAYBE,
            (typed, Worth::Known(value)) | (Worth::Known(value), typed) => against(comparison, typed, value),
            (Worth::Text | Worth::Login, Worth::Number) | (Worth::Number, Worth::Text | Worth::Login) => {
                apart(comparison)
            }
            _ => Outcomes::VERDICT,
        })
    }

    fn field(&self, path: &str, other: &Worth, comparison: Comparison) -> Outcomes {
        let Some(branch) = self.branch.filter(|branch| branch.of(path).is_some()) else {
            return Outcomes::MAYBE;
        };
        match other {
            Worth::Known(value) => {
                let (field, value) = (Value::Field(path.to_owned()), Value::Known(value.clone()));
                Outcomes::of(&compare(comparison, &field, &value, branch))
            }
            _ => Outcomes::VERDICT,
        }
    }

    fn among(&self, item: &Node, list: &Node) -> Outcomes {
        if let (Some(branch), Some(path)) = (self.branch, path_of(list)) {
            return self.in_field(item, branch.of(&path));
        }
        let ids: &[Node] = if let Kind::List(items) = &list.kind { items } else { &[] };
        let listed = ids.iter().map(|id| self.nobody(id, item));
        let nobody = listed.fold(self.nobody(item, list).or(self.nobody(list, item)), Outcomes::or);
        let (of_item, of_list) = (self.worth(item), self.worth(list));
        nobody.or(match (&of_item, &of_list) {
            (Worth::Error, _) | (_, Worth::Error) => Outcomes::ERROR,
            // What is no list holds nothing.
            (_, Worth::Text | Worth::Login | Worth::Number | Worth::Object { .. }) => Outcomes::FALSE,
            (_, Worth::Known(Bson::Array(items))) if items.is_empty() => Outcomes::FALSE,
            (_, Worth::Known(Bson::Array(items)))
                if matches!(of_item, Worth::Text | Worth::Login | Worth::Number) =>
            {
                let each = items.iter().map(|it| against(Comparison::Equal, &of_item, it));
                each.fold(Outcomes::FALSE, Outcomes::or)
            }
            (Worth::Known(_) | Worth::Field(_), Worth::Known(list)) => {
                let item = match of_item {
                    Worth::Known(value) => Value::Known(value),
                    Worth::Field(path) => Value::Field(path),
                    _ => Value::Maybe,
                };
                let whole = Branch::default();
                let branch = self.branch.unwrap_or(&whole);
                Outcomes::of(&contains(&item, &Value::Known(list.clone()), branch))
            }
            (_, Worth::Known(list)) if !matches!(list, Bson::Array(_)) => Outcomes::FALSE,
            (_, Worth::Maybe) => Outcomes::MAYBE,
            _ => Outcomes::VERDICT,
        })
    }

    /// A query that asks for an item of a list finds the documents that have it there.
    fn in_field(&self, item: &Node, known: Option<&Known>) -> Outcomes {
        match (self.worth(item), known) {
            (Worth::Error, _) => Outcomes::ERROR,
            (Worth::Any, None) => Outcomes::MAYBE.or(Outcomes::ERROR),
            (_, None) => Outcomes::MAYBE,
            (Worth::Known(item), Some(known)) if !known.is_open() => match &known.value {
                Some(value) if relation(&item, value) == Some(Relation::Equal) => Outcomes::TRUE,
                _ => Outcomes::MAYBE,
            },
            _ => Outcomes::VERDICT,
        }
    }

    /// An id that the caller lacks equals nothing that is stored, and differs from nothing.
    fn nobody(&self, id: &Node, other: &Node) -> Outcomes {
        match is_id(id) && !matches!(other.kind, Kind::Literal(_)) {
            true => Outcomes::MAYBE,
            false => Outcomes::NONE,
        }
    }

    pub fn worth(&self, node: &Node) -> Worth {
        match &node.kind {
            Kind::And(..) | Kind::Or(..) | Kind::Not(_) | Kind::Compare(..) | Kind::In(..) => {
                match self.outcomes(node) {
                    Outcomes::TRUE => Worth::Known(Bson::Boolean(true)),
                    Outcomes::MAYBE => Worth::Maybe,
                    Outcomes::ERROR => Worth::Error,
                    _ => Worth::Any,
                }
            }
            Kind::Literal(value) => Worth::Known(value.clone()),
            Kind::List(items) => {
                let values: Option<Vec<Bson>> = items.iter().map(|item| self.known(item)).collect();
                values.map_or(Worth::Any, |values| Worth::Known(Bson::Array(values)))
            }
            Kind::Template(pieces) => self.template(pieces),
            Kind::Variable(variable) => self.variable(*variable),
            Kind::Member(of, name) => self.member(of, name),
            Kind::Add(left, right) => match (self.worth(left), self.worth(right)) {
                (Worth::Known(left), Worth::Known(right)) => {
                    sum(&left, &right).map_or(Worth::Maybe, Worth::Known)
                }
                (Worth::Error, _) | (_, Worth::Error) => Worth::Error,
                (Worth::Field(_) | Worth::Maybe, _) | (_, Worth::Field(_) | Worth::Maybe) => Worth::Maybe,
                _ => Worth::Any,
            },
            Kind::Get(path) => match self.worth(path) {
                Worth::Known(Bson::String(path)) if is_place(&path) => Worth::Any,
                Worth::Text | Worth::Any => Worth::Any,
                _ => Worth::Error,
            },
        }
    }

    pub fn known(&self, node: &Node) -> Option<Bson> {
        match self.worth(node) {
            Worth::Known(value) => Some(value),
            _ => None,
        }
    }

    fn template(&self, pieces: &[Node]) -> Worth {
        let mut whole = String::new();
        for piece in pieces {
            match self.worth(piece) {
                Worth::Known(value) => match text(&value) {
                    Some(text) => whole.push_str(&text),
                    None => return Worth::Maybe,
                },
                Worth::Field(_) | Worth::Maybe => return Worth::Maybe,
                Worth::Error => return Worth::Error,
                _ => return Worth::Any,
            }
        }
        Worth::Known(Bson::String(whole))
    }

    fn variable(&self, variable: Variable) -> Worth {
        match (variable, self.about) {
            (Variable::Auth, _) => Worth::Object { lacking: true },
            (Variable::Now, _) => Worth::Number,
            (Variable::Doc, About::Files { .. }) | (Variable::Resource, About::Documents(_)) => {
                Worth::Known(Bson::Null)
            }
            (Variable::Doc, About::Documents(operation)) => match (self.branch, operation) {
                (Some(_), _) => Worth::Field(String::new()),
                (None, Operation::Create) => Worth::Object { lacking: false },
                (None, _) => Worth::Object { lacking: true },
            },
            (Variable::Request | Variable::Resource, _) => Worth::Object { lacking: false },
        }
    }

    fn member(&self, of: &Node, name: &Node) -> Worth {
        let Some(name) = self.known(name).and_then(|name| text(&name)) else { return Worth::Any };
        match (&of.kind, name.as_str()) {
            (Kind::Variable(Variable::Auth), "loginType") => return Worth::Login,
            (Kind::Variable(Variable::Auth), "openid" | "uid")
            | (Kind::Variable(Variable::Resource), "openid" | "path")
                if self.worth(of) != Worth::Known(Bson::Null) =>
            {
                return Worth::Text;
            }
            (Kind::Variable(Variable::Request), "data") if self.has_payload() => return Worth::Any,
            (Kind::Variable(Variable::Auth | Variable::Resource | Variable::Request), _) => return UNDEFINED,
            (Kind::Variable(Variable::Doc), _) if self.branch.is_none() => {
                return match self.about {
                    About::Documents(_) => Worth::Any,
                    About::Files { .. } => UNDEFINED,
                };
            }
            _ => {}
        }
        match self.worth(of) {
            Worth::Field(path) if path.is_empty() => self.resolve(name),
            Worth::Field(path) => self.resolve(format!("{path}.{name}")),
            Worth::Known(Bson::Document(mut document)) => {
                document.remove(name).map_or(UNDEFINED, Worth::Known)
            }
            Worth::Known(Bson::Array(_)) | Worth::Any | Worth::Object { .. } => Worth::Any,
            Worth::Known(_) | Worth::Text | Worth::Login | Worth::Number => UNDEFINED,
            Worth::Maybe => Worth::Maybe,
            Worth::Error => Worth::Error,
        }
    }

    /// Whether something is written: `request.data` is there.
    pub fn has_payload(&self) -> bool {
        matches!(self.about, About::Documents(Operation::Create | Operation::Update))
    }

    fn resolve(&self, path: String) -> Worth {
        let known = self.branch.and_then(|branch| branch.of(&path));
        match known {
            Some(known) if known.is_open() => Worth::Any,
            Some(known) => known.value.clone().map_or(Worth::Field(path), Worth::Known),
            None => Worth::Field(path),
        }
    }
}

const NULL: Value = Value::Known(Bson::Null);
const UNDEFINED: Worth = Worth::Known(Bson::Undefined);

/// Whether it is of the caller, who may lack it.
fn is_id(node: &Node) -> bool {
    match &node.kind {
        Kind::Variable(Variable::Auth) => true,
        Kind::Member(of, _) => of.kind == Kind::Variable(Variable::Auth),
        Kind::And(left, right) | Kind::Or(left, right) => is_id(left) || is_id(right),
        _ => false,
    }
}

/// Whether two operands are the same field, as it is to be written and as it is: where a document is created they are one.
fn is_written_and_stored(left: &Node, right: &Node) -> bool {
    match (left.chain(), right.chain()) {
        (Some((Variable::Doc, stored)), Some((Variable::Request, written)))
        | (Some((Variable::Request, written)), Some((Variable::Doc, stored))) => written
            .split_first()
            .is_some_and(|(first, rest)| *first == "data" && !rest.is_empty() && rest == stored),
        _ => false,
    }
}

/// Compares something of a known type with a value.
fn against(comparison: Comparison, typed: &Worth, value: &Bson) -> Outcomes {
    let is_nothing = matches!(value, Bson::Null | Bson::Undefined);
    let is_possible = match (typed, value) {
        (Worth::Text, Bson::String(_)) => true,
        (Worth::Login, Bson::String(name)) => LOGIN_TYPES.contains(&name.as_str()),
        (Worth::Text | Worth::Login | Worth::Object { lacking: true }, _) if is_nothing => true,
        (
            Worth::Number,
            Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) | Bson::DateTime(_),
        ) => true,
        (Worth::Object { .. }, Bson::Document(_) | Bson::Array(_)) => return Outcomes::VERDICT,
        (Worth::Text | Worth::Login | Worth::Number | Worth::Object { .. }, _) => false,
        _ => return Outcomes::VERDICT,
    };
    if is_possible { Outcomes::TRUE.or(Outcomes::FALSE) } else { apart(comparison) }
}

/// Compares what is of different types.
fn apart(comparison: Comparison) -> Outcomes {
    if comparison == Comparison::Unequal { Outcomes::TRUE } else { Outcomes::FALSE }
}

fn is_place(path: &str) -> bool {
    path.strip_prefix("database.").is_some_and(|rest| rest.contains('.'))
}

/// Returns the path that a chain like `doc.a.b` is of the documents.
fn path_of(node: &Node) -> Option<String> {
    let (variable, names) = node.chain()?;
    (variable == Variable::Doc && !names.is_empty()).then(|| names.join("."))
}
