//! What a rule can come to, whoever asks and whatever lies in the database: for finding rules and queries that never work.
//!
//! Sound in one direction: an outcome that is left out cannot occur. What cannot be told keeps every outcome.

use bson::{Bson, Document};

use super::Operation;
use super::decision::{compare, condition, contains};
use super::expression::{Comparison, Expression, Kind, Node, Variable};
use super::query::{Branch, Known, OPEN, Query, is_open};
use super::value::{Relation, Value, relation, sum, text};

/// A set of what a part of a rule can come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcomes(u8);

impl Outcomes {
    const NONE: Outcomes = Outcomes(0);
    pub const TRUE: Outcomes = Outcomes(1);
    /// Counts as true and is not `true`: a text, a number, an object.
    pub const TRUTHY: Outcomes = Outcomes(2);
    const FALSE: Outcomes = Outcomes(4);
    /// Not known of all that a query can find, which denies.
    const MAYBE: Outcomes = Outcomes(8);
    const ERROR: Outcomes = Outcomes(16);
    const VERDICT: Outcomes = Outcomes(1 | 4 | 8 | 16);
    const ANY: Outcomes = Outcomes(31);

    pub fn has(self, some: Outcomes) -> bool {
        self.0 & some.0 != 0
    }

    pub fn or(self, other: Outcomes) -> Outcomes {
        Outcomes(self.0 | other.0)
    }

    fn each(self) -> impl Iterator<Item = Outcomes> {
        (0..5).map(|bit| Outcomes(1 << bit)).filter(move |one| self.has(*one))
    }

    fn map(self, of: impl Fn(Outcomes) -> Outcomes) -> Outcomes {
        self.each().map(of).fold(Outcomes::NONE, Outcomes::or)
    }

    /// As the engine joins two parts by `&&`.
    fn and_then(self, right: Outcomes) -> Outcomes {
        self.map(|left| match left {
            Outcomes::FALSE | Outcomes::ERROR => left,
            Outcomes::MAYBE => right.map(|right| match right {
                Outcomes::FALSE | Outcomes::ERROR => right,
                _ => Outcomes::MAYBE,
            }),
            _ => right,
        })
    }

    /// As the engine joins two parts by `||`.
    fn or_else(self, right: Outcomes) -> Outcomes {
        self.map(|left| match left {
            Outcomes::FALSE => right,
            Outcomes::MAYBE => right.map(|right| match right {
                Outcomes::TRUE => Outcomes::TRUE.or(Outcomes::MAYBE),
                Outcomes::ERROR => right,
                _ => Outcomes::MAYBE,
            }),
            _ => left,
        })
    }

    fn not(self) -> Outcomes {
        self.map(|it| match it {
            Outcomes::TRUE | Outcomes::TRUTHY => Outcomes::FALSE,
            Outcomes::FALSE => Outcomes::TRUE,
            other => other,
        })
    }

    fn of(value: &Value) -> Outcomes {
        match (value.is_true(), value.truth()) {
            (true, _) => Outcomes::TRUE,
            (_, Some(true)) => Outcomes::TRUTHY,
            (_, Some(false)) => Outcomes::FALSE,
            (_, None) => Outcomes::MAYBE,
        }
    }
}

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
enum Worth {
    Known(Bson),
    /// A field of the documents that a query finds, which the query does not fix.
    Field(String),
    /// A text, or nothing.
    Text,
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
                Worth::Text | Worth::Object { lacking: true } => Outcomes::TRUTHY.or(Outcomes::FALSE),
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
            (Worth::Text, Worth::Number) | (Worth::Number, Worth::Text) => apart(comparison),
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
        let nobody = self.nobody(item, list).or(self.nobody(list, item));
        let (of_item, of_list) = (self.worth(item), self.worth(list));
        nobody.or(match (&of_item, &of_list) {
            (Worth::Error, _) | (_, Worth::Error) => Outcomes::ERROR,
            // What is no list holds nothing.
            (_, Worth::Text | Worth::Number | Worth::Object { .. }) => Outcomes::FALSE,
            (_, Worth::Known(Bson::Array(items))) if items.is_empty() => Outcomes::FALSE,
            (_, Worth::Known(Bson::Array(items))) if matches!(of_item, Worth::Text | Worth::Number) => {
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
                Some(Bson::Array(_)) => Outcomes::VERDICT,
                Some(value) if relation(&item, value) == Some(Relation::Equal) => Outcomes::TRUE,
                _ => Outcomes::MAYBE,
            },
            _ => Outcomes::VERDICT,
        }
    }

    /// An id that the caller lacks equals nothing that is stored, and differs from nothing.
    fn nobody(&self, id: &Node, other: &Node) -> Outcomes {
        let is_id = matches!(&id.kind, Kind::Member(of, _) if of.kind == Kind::Variable(Variable::Auth));
        match is_id && !matches!(other.kind, Kind::Literal(_)) {
            true => Outcomes::MAYBE,
            false => Outcomes::NONE,
        }
    }

    fn worth(&self, node: &Node) -> Worth {
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
                    sum(&left, &right).map_or(UNDEFINED, Worth::Known)
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

    fn known(&self, node: &Node) -> Option<Bson> {
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
                    None => return UNDEFINED,
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
            (Kind::Variable(Variable::Auth), "openid" | "uid" | "loginType")
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
            Worth::Known(_) | Worth::Text | Worth::Number => UNDEFINED,
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

    /// Collects the clauses that cannot be true, and returns the conditions that would make the rule true.
    fn blame<'n>(&self, node: &'n Node, clauses: &mut Vec<&'n Node>) -> Option<Document> {
        if self.outcomes(node).has(Outcomes::TRUE.or(Outcomes::TRUTHY)) {
            return Some(Document::new());
        }
        match &node.kind {
            Kind::And(left, right) => {
                let (left, right) = (self.blame(left, clauses), self.blame(right, clauses));
                let mut all = left?;
                all.extend(right?);
                Some(all)
            }
            Kind::Or(left, right) => {
                let (left, right) = (self.blame(left, clauses), self.blame(right, clauses));
                left.or(right)
            }
            _ => {
                clauses.push(node);
                self.helping(node)
            }
        }
    }

    fn helping(&self, node: &Node) -> Option<Document> {
        let (comparison, left, right) = match &node.kind {
            Kind::Compare(comparison, left, right) => (Some(*comparison), left, right),
            Kind::In(left, right) => (None, left, right),
            _ => return None,
        };
        let (path, other, comparison) = match (self.worth(left), self.worth(right)) {
            (Worth::Field(path), _) => (path, right, comparison),
            (_, Worth::Field(path)) => {
                (path, left, Some(comparison.map_or(Comparison::Equal, Comparison::mirrored)))
            }
            _ => return None,
        };
        let wanted = own(other).or_else(|| self.known(other))?;
        Some(Document::from_iter([(path, condition(comparison, wanted))]))
    }
}

const NULL: Value = Value::Known(Bson::Null);
const UNDEFINED: Worth = Worth::Known(Bson::Undefined);

/// Returns what a query writes in place of the caller's id.
pub(super) fn own(node: &Node) -> Option<Bson> {
    let Kind::Member(of, name) = &node.kind else { return None };
    let Kind::Literal(Bson::String(name)) = &name.kind else { return None };
    let is_id = of.kind == Kind::Variable(Variable::Auth) && matches!(name.as_str(), "openid" | "uid");
    is_id.then(|| Bson::String(format!("{{{name}}}")))
}

/// Whether two operands are the same field, as it is to be written and as it is: where a document is created they are one.
fn is_written_and_stored(left: &Node, right: &Node) -> bool {
    let names = |node| {
        let mut names = Vec::new();
        names_of(node, &mut names).map(|variable| (variable, names))
    };
    match (names(left), names(right)) {
        (Some((Variable::Doc, stored)), Some((Variable::Request, written)))
        | (Some((Variable::Request, written)), Some((Variable::Doc, stored))) => written
            .split_first()
            .is_some_and(|(first, rest)| *first == "data" && !rest.is_empty() && rest == stored),
        _ => false,
    }
}

/// Collects the names of a chain like `doc.a.b`, and returns the variable that it begins with.
pub(super) fn names_of<'n>(node: &'n Node, names: &mut Vec<&'n str>) -> Option<Variable> {
    match &node.kind {
        Kind::Variable(variable) => Some(*variable),
        Kind::Member(of, name) => {
            let variable = names_of(of, names)?;
            let Kind::Literal(Bson::String(name)) = &name.kind else { return None };
            names.push(name);
            Some(variable)
        }
        _ => None,
    }
}

/// Compares something of a known type with a value.
fn against(comparison: Comparison, typed: &Worth, value: &Bson) -> Outcomes {
    let is_nothing = matches!(value, Bson::Null | Bson::Undefined);
    let is_possible = match (typed, value) {
        (Worth::Text, Bson::String(_)) => true,
        (Worth::Text | Worth::Object { lacking: true }, _) if is_nothing => true,
        (Worth::Number, Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::DateTime(_)) => true,
        (Worth::Object { .. }, Bson::Document(_) | Bson::Array(_)) => return Outcomes::VERDICT,
        (Worth::Text | Worth::Number | Worth::Object { .. }, _) => false,
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

/// A rule refuses a query, whoever asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The clauses that cannot be true.
    pub clauses: Vec<String>,
    /// Conditions that would make the query allowed.
    pub missing: Option<Document>,
}

/// Returns why a rule refuses a query, whatever the values that are [`OPEN`] in its filter, whoever asks and whatever is
/// stored; `None`: it may be allowed. Without a filter nothing is known of the query, or of the document.
pub fn refusal(rule: &Expression, operation: Operation, filter: Option<&Document>) -> Option<Refusal> {
    let about = About::Documents(operation);
    let filter = filter.and_then(plain);
    let branches = match &filter {
        // One with too many branches is refused for another reason, which is not for the rule to tell.
        Some(filter) => Query::of(filter).ok()?.branches.into_iter().map(Some).collect(),
        None => vec![None],
    };
    branches.iter().find_map(|branch| {
        let world = World { about, branch: branch.as_ref() };
        if world.outcomes(&rule.root).has(Outcomes::TRUE) {
            return None;
        }
        let mut clauses = Vec::new();
        let missing = world.blame(&rule.root, &mut clauses);
        let source = |node: &&Node| rule.text.get(node.span.clone()).unwrap_or_default().to_owned();
        Some(Refusal {
            clauses: clauses.iter().map(source).collect(),
            missing: missing.filter(|missing| !missing.is_empty()),
        })
    })
}

/// Makes every condition that is not known whole a field that is [`OPEN`]; `None`: of the filter nothing is known.
fn plain(filter: &Document) -> Option<Document> {
    let parts = filter.iter().map(|(name, condition)| {
        let condition = match (name.as_str(), condition) {
            ("$and" | "$or", Bson::Array(parts)) => {
                let parts = parts.iter().map(|part| part.as_document().and_then(plain).map(Bson::Document));
                Bson::Array(parts.collect::<Option<_>>()?)
            }
            (name, condition) if is_open(condition) => {
                if name.starts_with('$') {
                    return None;
                }
                OPEN
            }
            (_, condition) => condition.clone(),
        };
        Some((name.clone(), condition))
    });
    parts.collect()
}

/// Returns the path that a chain like `doc.a.b` is of the documents.
fn path_of(node: &Node) -> Option<String> {
    let mut names = Vec::new();
    let variable = names_of(node, &mut names)?;
    (variable == Variable::Doc && !names.is_empty()).then(|| names.join("."))
}

#[cfg(test)]
mod tests {
    use bson::doc;
    use proptest::prelude::*;

    use super::super::decision::{Scope, Subject, decide};
    use super::super::query::fill;
    use super::super::tests::{filter, rule};
    use super::*;

    #[track_caller]
    fn check(rule: &str, filter: Option<Document>, expected: Option<(&[&str], Option<Document>)>) {
        let parsed = Expression::parse(rule).unwrap_or_else(|problem| panic!("{rule}: {problem}"));
        let found = refusal(&parsed, Operation::Read, filter.as_ref());
        let found = found.map(|it| (it.clauses, it.missing));
        let expected = expected.map(|(clauses, missing)| {
            (clauses.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>(), missing)
        });
        assert_eq!(found, expected, "{rule} on {filter:?}");
    }

    const OWN: &str = "doc._openid == auth.openid";

    #[test]
    fn a_query_is_refused_only_for_certain() {
        let own = doc! { "_openid": "{openid}" };
        check(OWN, Some(doc! {}), Some((&[OWN], Some(own.clone()))));
        check(OWN, Some(doc! { "x": OPEN }), Some((&[OWN], Some(own.clone()))));
        check(OWN, Some(doc! { "x": { "$gt": OPEN } }), Some((&[OWN], Some(own.clone()))));
        check(OWN, Some(own.clone()), None);
        check(OWN, Some(doc! { "_openid": OPEN }), None);
        check(OWN, Some(doc! { "_openid": "o-alice" }), None);
        check(OWN, None, None);
        check("doc.age > 10", Some(doc! { "age": { "$gt": 15 } }), None);
        check("doc.age > 10", Some(doc! { "age": { "$gt": OPEN } }), None);
        check(
            "doc.age > 10",
            Some(doc! { "age": { "$gt": 5 } }),
            Some((&["doc.age > 10"], Some(doc! { "age": { "$gt": 10.0 } }))),
        );
        check("doc.pub == true", Some(doc! { "pub": false }), Some((&["doc.pub == true"], None)));
        const EITHER: &str = "doc.pub == true || doc._openid == auth.openid";
        let both: &[&str] = &["doc.pub == true", OWN];
        check(EITHER, Some(doc! { "$or": [{ "pub": true }, own.clone()] }), None);
        check(
            EITHER,
            Some(doc! { "$or": [{ "pub": true }, { "x": 1 }] }),
            Some((both, Some(doc! { "pub": true }))),
        );
        check(
            "auth != null && doc.a == 1 && doc.b in ['x']",
            Some(doc! { "a": 1 }),
            Some((&["doc.b in ['x']"], Some(doc! { "b": { "$in": ["x"] } }))),
        );
        check("auth.openid in doc.members", Some(doc! { "members": "{openid}" }), None);
        check(
            "auth.openid in doc.members",
            Some(doc! {}),
            Some((&["auth.openid in doc.members"], Some(doc! { "members": "{openid}" }))),
        );
        const ROOM: &str = "auth.openid in get(`database.rooms.${doc.room}`).members";
        check(ROOM, Some(doc! { "room": OPEN }), None);
        check(ROOM, Some(doc! { "room": "r1" }), None);
        check(ROOM, Some(doc! {}), Some((&[ROOM], None)));
        check("auth != null", Some(doc! {}), None);
        check("doc.a.b == 1", Some(doc! { "a": OPEN }), None);
        check("doc.a.b == 1", Some(doc! {}), Some((&["doc.a.b == 1"], Some(doc! { "a.b": 1.0 }))));
        check("false", None, Some((&["false"], None)));
        check("!(doc.a == 1)", Some(doc! { "a": { "$ne": 1 } }), None);
        check("!(doc.a == 1)", Some(doc! {}), Some((&["!(doc.a == 1)"], None)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// What the engine allows is never told to be refused, however much of the filter is kept back.
        #[test]
        fn what_is_allowed_is_not_called_refused(rule in rule(), filter in filter(), hidden in 0_u8..2) {
            let parsed = Expression::parse(&rule).expect("a rule");
            let mut asked = filter.clone();
            fill(&mut asked, Some("a"), None);
            let auth = doc! { "openid": "a" };
            let query = Query::of(&asked).expect("few branches");
            let scope =
                Scope { auth: Some(&auth), now: 0, doc: Subject::Query(&query), data: None, resource: None };
            let mut sketch = filter;
            if hidden == 1 {
                hide(&mut sketch);
            }
            if decide(&parsed, &scope, &mut |_, _| Ok(None)).allowed {
                prop_assert_eq!(refusal(&parsed, Operation::Read, Some(&sketch)), None, "{} {}", rule, sketch);
            }
        }
    }

    /// Keeps back every scalar value.
    fn hide(document: &mut Document) {
        for (_, value) in document.iter_mut() {
            match value {
                Bson::Document(inner) => hide(inner),
                Bson::Array(items) if items.iter().all(|item| item.as_document().is_some()) => {
                    items.iter_mut().filter_map(Bson::as_document_mut).for_each(hide);
                }
                value => *value = OPEN,
            }
        }
    }
}
