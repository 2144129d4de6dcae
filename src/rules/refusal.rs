//! Why a query is refused whoever asks, and what it lacks.

use bson::{Bson, Document};

use super::Operation;
use super::blame::Blame;
use super::expression::{Expression, Node};
use super::outcomes::Outcomes;
use super::possible::{About, World, Worth};
use super::query::{OPEN, Query, is_open};

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
        let mut search = Search { world, rule, clauses: Vec::new() };
        let missing = search.blame(&rule.root).filter(|missing| !missing.is_empty());
        Some(Refusal { clauses: search.clauses, missing })
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

/// Looks for clauses that cannot be true.
struct Search<'a> {
    world: World<'a>,
    rule: &'a Expression,
    clauses: Vec<String>,
}

impl Blame for Search<'_> {
    fn holds(&mut self, node: &Node) -> bool {
        self.world.outcomes(node).has(Outcomes::TRUE.or(Outcomes::TRUTHY))
    }

    fn accuse(&mut self, clause: &Node) {
        self.clauses.push(self.rule.source(clause).to_owned());
    }

    fn field(&mut self, operand: &Node) -> Option<String> {
        match self.world.worth(operand) {
            Worth::Field(path) => Some(path),
            _ => None,
        }
    }

    fn wanted(&mut self, operand: &Node) -> Option<Bson> {
        operand.own_id().or_else(|| self.world.known(operand))
    }
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
            Some((&["doc.age > 10"], Some(doc! { "age": { "$gt": 10 } }))),
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
        check("doc.a.b == 1", Some(doc! {}), Some((&["doc.a.b == 1"], Some(doc! { "a.b": 1 }))));
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
