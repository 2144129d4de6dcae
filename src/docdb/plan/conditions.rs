//! What a filter says about single fields, read for the planner: bounds that hold every match, and perhaps more.

use bson::Bson;

use super::bounds::{Bounds, Interval};
use crate::docdb::filter::{Filter, Node, Pattern, Predicate};
use crate::docdb::geometry::MOST_CELLS;
use crate::docdb::index::Order;
use crate::docdb::value::Class;
use crate::docdb::value::path::position;
use crate::docdb::value::view::View;

/// The conditions that all hold for a match.
#[derive(Debug, Default)]
pub struct Conditions<'f> {
    fields: Vec<Field>,
    /// Lists of which one member holds.
    pub alternatives: Vec<&'f [Node]>,
    /// Whether there are conditions that bound no field.
    opaque: bool,
}

/// One condition on one field.
#[derive(Debug, Clone)]
pub struct Field {
    pub path: String,
    pub bounds: Bounds,
    /// Whether it names the values themselves.
    pub equality: bool,
    /// Whether a document without the field may match.
    pub allows_missing: bool,
    /// Whether the bounds are on the cells of a `2dsphere` index rather than on values.
    pub sphere: bool,
}

impl<'f> Conditions<'f> {
    pub fn of(filter: &'f Filter) -> Self {
        Self::of_node(filter.root())
    }

    pub fn of_node(node: &'f Node) -> Self {
        let mut conditions = Conditions::default();
        conditions.add(node);
        conditions
    }

    fn add(&mut self, node: &'f Node) {
        match node {
            Node::And(nodes) => nodes.iter().for_each(|it| self.add(it)),
            Node::Or(nodes) => match nodes.as_slice() {
                [only] => self.add(only),
                nodes => self.alternatives.push(nodes),
            },
            Node::Field { path, predicate } => {
                if !self.add_predicate(path.as_str(), predicate, true) {
                    self.opaque = true;
                }
            }
            _ => self.opaque = true,
        }
    }

    /// Notes what a predicate says; returns whether it says anything.
    fn add_predicate(&mut self, path: &str, predicate: &Predicate, exact: bool) -> bool {
        match predicate {
            Predicate::All(members) => {
                // Each member alone bounds the keys; the filter still has to see them together.
                members.iter().filter(|it| self.add_predicate(path, it, false)).count() > 0
            }
            // Only conditions on the element itself: the elements of an element have no keys.
            Predicate::ElemMatchValue(predicates) => {
                let direct = predicates.iter().filter(|it| bounds_of(it).is_some());
                direct.filter(|it| self.add_predicate(path, it, false)).count() > 0
            }
            Predicate::ElemMatch(node) => self.add_element(path, node),
            // A position that is not there counts as missing in more ways than keys tell.
            _ if allows_missing(predicate) && path.split('.').any(|it| position(it).is_some()) => false,
            _ => match bounds_of(predicate) {
                None => false,
                Some(mut bounds) => {
                    bounds.exact &= exact;
                    self.fields.push(Field {
                        path: path.to_owned(),
                        bounds,
                        equality: matches!(predicate, Predicate::Eq(_) | Predicate::In(_)),
                        allows_missing: allows_missing(predicate),
                        sphere: matches!(predicate, Predicate::GeoWithin(_) | Predicate::GeoIntersects(_)),
                    });
                    true
                }
            },
        }
    }

    fn add_element(&mut self, path: &str, node: &Node) -> bool {
        match node {
            Node::And(nodes) => nodes.iter().filter(|it| self.add_element(path, it)).count() > 0,
            // An element that is an array has positions for names, and no keys by them.
            Node::Field { path: inner, predicate } if inner.names().all(|it| position(it).is_none()) => {
                self.add_predicate(&format!("{path}.{inner}"), predicate, false)
            }
            _ => false,
        }
    }

    /// The conditions on a field that bound the keys of an index with such an order.
    pub fn on(&self, path: &str, order: Order) -> impl Iterator<Item = &Field> {
        let sphere = order == Order::Sphere;
        self.fields.iter().filter(move |it| it.path == path && it.sphere == sphere)
    }

    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Whether there are exactly so many conditions, all of them bounds.
    pub fn are_only(&self, count: usize) -> bool {
        !self.opaque && self.alternatives.is_empty() && self.fields.len() == count
    }
}

fn bounds_of(predicate: &Predicate) -> Option<Bounds> {
    match predicate {
        Predicate::Eq(value) => Some(equal(value)),
        Predicate::In(members) if members.patterns.is_empty() => {
            let bounds: Vec<_> = members.values.iter().map(equal).collect();
            let exact = bounds.iter().all(|it| it.exact);
            Some(Bounds::new(bounds.into_iter().flat_map(|it| it.intervals).collect(), exact))
        }
        Predicate::Gt(value) => compared(value, Interval::above, false),
        Predicate::Gte(value) => compared(value, Interval::above, true),
        Predicate::Lt(value) => compared(value, Interval::below, false),
        Predicate::Lte(value) => compared(value, Interval::below, true),
        Predicate::Regex(pattern) => {
            let texts = Interval::texts(&literal_prefix(pattern)?);
            Some(Bounds::new(vec![texts, Interval::class(Class::Regex)], false))
        }
        Predicate::GeoWithin(region) => region.cells().map(|it| Bounds::cells(&it)),
        Predicate::GeoIntersects(shape) => Some(Bounds::cells(&shape.cover(MOST_CELLS))),
        // The others bound nothing that an index could use.
        _ => None,
    }
}

fn allows_missing(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Eq(value) | Predicate::Gte(value) | Predicate::Lte(value) => is_null(value),
        Predicate::In(members) => members.values.iter().any(is_null),
        _ => false,
    }
}

fn is_null(value: &Bson) -> bool {
    matches!(value, Bson::Null | Bson::Undefined)
}

fn equal(value: &Bson) -> Bounds {
    match value {
        Bson::Null | Bson::Undefined => Bounds::new(vec![Interval::null()], false),
        // An array has the keys of its elements; as an element of another it is a key itself.
        Bson::Array(items) => {
            let first = items.first().map_or(View::Undefined, View::from);
            Bounds::new(vec![Interval::point(first), Interval::point(View::from(value))], false)
        }
        _ => Bounds::new(vec![Interval::point(View::from(value))], true),
    }
}

fn compared(value: &Bson, side: impl Fn(View<'_>, bool) -> Interval, or_equal: bool) -> Option<Bounds> {
    match value {
        Bson::Null | Bson::Undefined if or_equal => Some(equal(value)),
        Bson::Double(it) if it.is_nan() => None,
        Bson::Int32(_)
        | Bson::Int64(_)
        | Bson::Double(_)
        | Bson::String(_)
        | Bson::DateTime(_)
        | Bson::ObjectId(_)
        | Bson::Boolean(_) => Some(Bounds::new(vec![side(View::from(value), or_equal)], true)),
        // Other classes have corners (arrays, the ends of the order) and are rarely compared.
        _ => None,
    }
}

/// The text that everything a pattern matches begins with, when it is anchored and says so plainly.
fn literal_prefix(pattern: &Pattern) -> Option<String> {
    if pattern.options().contains(['i', 'm', 'x']) || pattern.source().contains('|') {
        return None;
    }
    let mut prefix = String::new();
    let mut chars = pattern.source().strip_prefix('^')?.chars().peekable();
    while let Some(c) = chars.next() {
        let literal = match c {
            '\\' => match chars.next() {
                Some(escaped) if !escaped.is_alphanumeric() => escaped,
                _ => break,
            },
            '.' | '^' | '$' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' => break,
            _ => c,
        };
        // It may also be absent or repeated.
        if matches!(chars.peek(), Some('*' | '?' | '{')) {
            break;
        }
        prefix.push(literal);
    }
    (!prefix.is_empty()).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_of_a_pattern_is_what_every_match_begins_with() {
        for (source, options, expected) in [
            ("^abc", "", Some("abc")),
            ("^abc.*d", "", Some("abc")),
            ("^abc?d", "", Some("ab")),
            ("^ab+c", "", Some("ab")),
            ("^a\\.b", "", Some("a.b")),
            ("^a\\db", "", Some("a")),
            ("^a{0}b", "", None),
            ("^ab|c", "", None),
            ("abc", "", None),
            ("^abc", "i", None),
            ("^abc", "m", None),
            ("^名字", "s", Some("名字")),
        ] {
            let pattern = Pattern::new(source, options).unwrap();
            assert_eq!(literal_prefix(&pattern).as_deref(), expected, "/{source}/{options}");
        }
    }
}
