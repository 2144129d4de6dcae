//! Deciding a rule: for one document, or for everything a query can find.

mod explanation;

use std::ops::Range;

use bson::{Bson, Document};

use super::blame::Blame;
use super::compare::{compare, compare_with_now, contains};
use super::expression::{Expression, Kind, MOST_DOCUMENTS, Node, Variable};
use super::payload::Payload;
use super::place::{Place, name_of};
use super::query::{Branch, Query};
use super::value::{Relation, Value, relation, sum, text};

/// What a rule is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// `openid`, `uid`, `loginType`; `None`: nobody is logged in.
    pub auth: Option<&'a Document>,
    /// Milliseconds since 1970.
    pub now: i64,
    pub doc: Subject<'a>,
    /// `request.data`: what a client wants to write.
    pub data: Option<&'a Payload>,
    /// The file: `openid` and `path`.
    pub resource: Option<&'a Document>,
}

/// What `doc` is.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A document, or the lack of one.
    Document(Option<&'a Document>),
    /// Every document that a query can find.
    Query(&'a Query),
}

/// Where `get()` reads: a collection and an id give a document, or none.
pub type Documents<'a> = dyn FnMut(&str, &str) -> Result<Option<Document>, String> + 'a;

const UNKNOWN_PATH: &str =
    "the path of `get` is not known: what it asks for must be in the query, or known of the caller";

/// A verdict and how it came to be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    pub allowed: bool,
    /// What the verdict takes for granted; the executed query must see to it.
    pub guards: Vec<Guard>,
    /// The clauses that denied.
    pub reasons: Vec<Reason>,
    /// Conditions that would have made the query allowed.
    pub missing: Option<Document>,
    /// The clauses that were looked at, as bytes of the rule, and whether they were true.
    pub seen: Vec<(Range<usize>, bool)>,
}

/// A field must be an array, or must be none: a condition finds a value and an array that holds it alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    pub path: String,
    pub is_array: bool,
}

/// A clause that is not true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Bytes of the rule.
    pub span: Range<usize>,
    pub clause: String,
    /// The values that decided: `doc.age` is 8.
    pub because: Vec<String>,
}

/// Decides a rule. It allows when it is exactly `true`, for a query in every branch; an error denies.
pub fn decide(rule: &Expression, scope: &Scope<'_>, documents: &mut Documents<'_>) -> Decision {
    let mut decision = Decision { allowed: true, ..Decision::default() };
    let whole = Branch::default();
    let branches = match scope.doc {
        Subject::Query(query) => query.branches.iter().collect(),
        Subject::Document(_) => vec![&whole],
    };
    let mut read = Vec::new();
    for branch in branches {
        let mut evaluation = Evaluation {
            rule,
            scope,
            branch,
            documents,
            read: &mut read,
            decision: &mut decision,
            is_explaining: false,
        };
        let value = evaluation.value(&rule.root);
        if !value.as_ref().is_ok_and(Value::is_true) {
            evaluation.is_explaining = true;
            let missing = evaluation.blame(&rule.root);
            evaluation.decision.missing = missing;
            decision.allowed = false;
            break;
        }
    }
    decision
}

struct Evaluation<'a, 'd> {
    rule: &'a Expression,
    scope: &'a Scope<'a>,
    branch: &'a Branch,
    documents: &'a mut Documents<'d>,
    /// What `get()` read for this request.
    read: &'a mut Vec<(String, Option<Document>)>,
    decision: &'a mut Decision,
    /// What is looked at again to explain a denial does not count as seen.
    is_explaining: bool,
}

impl Evaluation<'_, '_> {
    /// Returns what a node is worth; an error is why it cannot be told.
    fn value(&mut self, node: &Node) -> Result<Value, String> {
        Ok(match &node.kind {
            Kind::And(left, right) => {
                let left = self.value(left)?;
                match left.truth() {
                    Some(false) => left,
                    Some(true) => self.value(right)?,
                    None => match self.value(right)? {
                        right if right.truth() == Some(false) => Value::boolean(false),
                        right => right.perhaps(),
                    },
                }
            }
            Kind::Or(left, right) => {
                let left = self.value(left)?;
                match left.truth() {
                    Some(true) => left,
                    Some(false) => self.value(right)?,
                    None => {
                        let right = self.value(right)?;
                        // Where the left may be something that is neither true nor false, it may be the result.
                        match left {
                            Value::Maybe if right.is_true() => right,
                            Value::Maybe => right.perhaps(),
                            _ => Value::Unknown,
                        }
                    }
                }
            }
            Kind::Not(inner) => match self.value(inner)?.truth() {
                Some(truth) => Value::boolean(!truth),
                None => Value::Maybe,
            },
            _ => {
                let value = self.operand(node)?;
                if !self.is_explaining {
                    self.decision.seen.push((node.span.clone(), value.is_true()));
                }
                value
            }
        })
    }

    fn operand(&mut self, node: &Node) -> Result<Value, String> {
        Ok(match &node.kind {
            Kind::And(..) | Kind::Or(..) | Kind::Not(_) => self.value(node)?,
            Kind::Literal(value) => Value::Known(value.clone()),
            Kind::List(items) => self.items(items.iter())?,
            Kind::Template(pieces) => {
                // What is wrong in one is wrong whatever the others are.
                let pieces: Vec<Value> =
                    pieces.iter().map(|piece| self.operand(piece)).collect::<Result<_, _>>()?;
                // What is no text equals nothing, least of all what a document lacks.
                let texts = pieces.iter().map(|piece| match piece {
                    Value::Known(value) => text(value),
                    _ => None,
                });
                let whole: Option<String> = texts.collect();
                whole.map_or(Value::Unknown, |whole| Value::Known(Bson::String(whole)))
            }
            Kind::Variable(variable) => self.variable(*variable),
            Kind::Member(of, name) => match self.place(node) {
                Some(place) => place.value(),
                None => {
                    let (of, name) = (self.operand(of)?, self.operand(name)?);
                    self.member(of, name)
                }
            },
            Kind::Compare(_, left, right) | Kind::In(left, right)
                if self.is_nobody(left, right) || self.is_nobody(right, left) =>
            {
                Value::Maybe
            }
            Kind::Compare(comparison, left, right) => {
                let is_now = [left, right].iter().any(|it| it.kind == Kind::Variable(Variable::Now));
                let compare = if is_now { compare_with_now } else { compare };
                let (left, right) = (self.operand(left)?, self.operand(right)?);
                compare(*comparison, &left, &right, self.branch)
            }
            Kind::In(item, list) => {
                let value = self.operand(item)?;
                // A condition on a list holds for an item of it, so its path counts, not its value.
                if let Some(path) = self.path(list) {
                    return Ok(self.is_in_field(&value, &path));
                }
                let (list, is_whole) = self.list(list, item)?;
                match contains(&value, &list, self.branch) {
                    found if is_whole || found.is_true() => found,
                    _ => Value::Maybe,
                }
            }
            Kind::Add(left, right) => match (self.operand(left)?, self.operand(right)?) {
                (Value::Known(left), Value::Known(right)) => {
                    sum(&left, &right).map_or(Value::Unknown, Value::Known)
                }
                _ => Value::Unknown,
            },
            Kind::Get(path) => match self.operand(path)? {
                Value::Known(Bson::String(path)) => self.get(&path)?,
                Value::Known(_) => return Err("`get` needs a text".into()),
                _ => return Err(UNKNOWN_PATH.into()),
            },
        })
    }

    fn variable(&self, variable: Variable) -> Value {
        let known = |document: Option<&Document>| {
            Value::Known(document.map_or(Bson::Null, |document| Bson::Document(document.clone())))
        };
        match (variable, self.scope.doc) {
            (Variable::Auth, _) => known(self.scope.auth),
            (Variable::Now, _) => Value::Known(Bson::Int64(self.scope.now)),
            (Variable::Doc, Subject::Document(document)) => known(document),
            (Variable::Doc, Subject::Query(_)) => Value::Field(String::new()),
            (Variable::Resource, _) => known(self.scope.resource),
            (Variable::Request, _) => match self.scope.data {
                Some(payload) if payload.is_open() => Value::Unknown,
                payload => {
                    let data = payload.map_or(Bson::Undefined, |it| Bson::Document(it.known().clone()));
                    Value::Known(Bson::Document(bson::doc! { "data": data }))
                }
            },
        }
    }

    fn items<'n>(&mut self, items: impl Iterator<Item = &'n Node>) -> Result<Value, String> {
        let items: Vec<Value> = items.map(|item| self.operand(item)).collect::<Result<_, _>>()?;
        let known = items.into_iter().map(|item| match item {
            Value::Known(value) => Some(value),
            _ => None,
        });
        Ok(known.collect::<Option<_>>().map_or(Value::Unknown, |items| Value::Known(Bson::Array(items))))
    }

    /// Returns a list in which an item is looked for, without the ids that the caller lacks, and whether it has none.
    fn list(&mut self, list: &Node, item: &Node) -> Result<(Value, bool), String> {
        let Kind::List(items) = &list.kind else { return Ok((self.operand(list)?, true)) };
        let somebody: Vec<&Node> = items.iter().filter(|id| !self.is_nobody(id, item)).collect();
        let is_whole = somebody.len() == items.len();
        Ok((self.items(somebody.into_iter())?, is_whole))
    }

    /// Whether an id that the caller lacks is compared with what is stored: nothing belongs to nobody, though both be
    /// undefined.
    fn is_nobody(&self, id: &Node, other: &Node) -> bool {
        !matches!(other.kind, Kind::Literal(_)) && self.is_lacking(id)
    }

    /// Whether it is an id, or a choice of ids, that the caller lacks.
    fn is_lacking(&self, id: &Node) -> bool {
        match &id.kind {
            Kind::Variable(Variable::Auth) => self.scope.auth.is_none(),
            Kind::Member(of, _) if of.kind == Kind::Variable(Variable::Auth) => {
                matches!(self.place(id), Some(Place::Nowhere))
            }
            Kind::Or(left, right) => self.is_lacking(left) && self.is_lacking(right),
            Kind::And(left, right) => self.is_lacking(left) || self.is_lacking(right),
            _ => false,
        }
    }

    /// Returns what a chain like `doc.a.b` leads to, without a copy of what it passes; `None`: it is no such chain.
    fn place(&self, node: &Node) -> Option<Place<'_>> {
        match &node.kind {
            Kind::Variable(Variable::Auth) => Some(Place::of(self.scope.auth)),
            Kind::Variable(Variable::Resource) => Some(Place::of(self.scope.resource)),
            Kind::Variable(Variable::Doc) => match self.scope.doc {
                Subject::Document(document) => Some(Place::of(document)),
                Subject::Query(_) => None,
            },
            Kind::Member(of, name) => {
                let Kind::Literal(name) = &name.kind else { return None };
                let name = name_of(name)?;
                if of.kind == Kind::Variable(Variable::Request) && name == "data" {
                    return Some(self.scope.data.map_or(Place::Nowhere, Place::Payload));
                }
                Some(match self.place(of)? {
                    Place::Object(document) => Place::at(document, &name),
                    Place::Payload(payload) if payload.is_open_at(&name) => Place::Open,
                    Place::Payload(payload) => Place::at(payload.known(), &name),
                    Place::Value(Bson::Document(document)) => Place::at(document, &name),
                    Place::Value(Bson::Array(_)) => return None,
                    Place::Value(_) | Place::Nowhere => Place::Nowhere,
                    Place::Open => Place::Open,
                })
            }
            _ => None,
        }
    }

    fn member(&mut self, of: Value, name: Value) -> Value {
        let Value::Known(name) = name else { return Value::Unknown };
        match of {
            Value::Known(Bson::Document(mut document)) => {
                let found = text(&name).and_then(|name| document.remove(name));
                found.map_or(Value::UNDEFINED, Value::Known)
            }
            Value::Known(Bson::Array(items)) => item_of(&items, &name),
            Value::Known(_) => Value::UNDEFINED,
            Value::Field(path) => match text(&name) {
                // No path of a query leads there.
                Some(name) if !is_step(&name) => Value::Unknown,
                Some(name) if path.is_empty() => self.resolve(name),
                Some(name) => self.resolve(format!("{path}.{name}")),
                None => Value::UNDEFINED,
            },
            Value::Maybe | Value::Unknown => Value::Unknown,
        }
    }

    /// Returns the only value that a field of the query's documents can have, or the field.
    fn resolve(&mut self, path: String) -> Value {
        let known = self.branch.of(&path);
        if known.is_some() {
            self.guard(&path, false);
        }
        match known.and_then(|known| known.value.clone()) {
            Some(value) => Value::Known(value),
            None => Value::Field(path),
        }
    }

    fn guard(&mut self, path: &str, is_array: bool) {
        let guard = Guard { path: path.to_owned(), is_array };
        if !self.decision.guards.contains(&guard) {
            self.decision.guards.push(guard);
        }
    }

    /// Returns the path below the query's documents that a node is.
    fn path(&mut self, node: &Node) -> Option<String> {
        let Subject::Query(_) = self.scope.doc else { return None };
        match &node.kind {
            Kind::Variable(Variable::Doc) => Some(String::new()),
            Kind::Member(of, name) => {
                let of = self.path(of)?;
                let Ok(Value::Known(name)) = self.operand(name) else { return None };
                let name = text(&name).filter(|name| is_step(name))?;
                Some(if of.is_empty() { name } else { format!("{of}.{name}") })
            }
            _ => None,
        }
    }

    fn is_in_field(&mut self, item: &Value, path: &str) -> Value {
        let value = self.branch.of(path).and_then(|known| known.value.as_ref());
        match (item, value) {
            (Value::Known(item), Some(value)) if relation(item, value) == Some(Relation::Equal) => {
                self.guard(path, true);
                Value::boolean(true)
            }
            _ => Value::Maybe,
        }
    }

    /// Reads `database.COLLECTION.ID`, each document once.
    fn get(&mut self, path: &str) -> Result<Value, String> {
        let found = match self.read.iter().find(|(known, _)| known == path) {
            Some((_, found)) => found.clone(),
            None => {
                let place = path.strip_prefix("database.").and_then(|rest| rest.split_once('.'));
                let (collection, id) =
                    place.ok_or_else(|| format!("`{path}` is not `database.COLLECTION.ID`"))?;
                if self.read.len() == MOST_DOCUMENTS {
                    return Err(format!("the rule reads more than {MOST_DOCUMENTS} documents"));
                }
                let found = (self.documents)(collection, id)?;
                self.read.push((path.to_owned(), found.clone()));
                found
            }
        };
        Ok(Value::Known(found.map_or(Bson::Null, Bson::Document)))
    }
}

/// Whether a name is one step of a path.
fn is_step(name: &str) -> bool {
    !name.is_empty() && !name.contains('.')
}

fn item_of(items: &[Bson], name: &Bson) -> Value {
    let length = || i32::try_from(items.len()).unwrap_or(i32::MAX);
    match text(name).as_deref() {
        Some("length") => Value::Known(Bson::Int32(length())),
        Some(name) => {
            let item = name.parse::<usize>().ok().and_then(|at| items.get(at));
            item.map_or(Value::UNDEFINED, |item| Value::Known(item.clone()))
        }
        None => Value::UNDEFINED,
    }
}
