//! Evaluating a filter on one document.

use std::cmp::Ordering;

use bson::Bson;

use super::{Condition, Members, Node, Predicate};
use crate::docdb::geometry::{Near, Shape, stored};
use crate::docdb::value::path::{FieldPath, Leaf, Reached};
use crate::docdb::value::view::{Fields, View};
use crate::docdb::value::{Class, compare, equals, number};
use crate::docdb::{Error, Result};

/// One evaluation: the array position that was met last, and what went wrong.
#[derive(Default)]
pub(super) struct Matching {
    position: Option<usize>,
    failure: Option<Error>,
}

/// Where a predicate looks.
#[derive(Clone, Copy)]
enum Place<'p, 'a> {
    Field(Fields<'a>, &'p FieldPath),
    /// A value as if it were at the end of a path.
    Value(View<'a>),
    /// An element for which `$elemMatch` asks: its own elements are not tried.
    Element(View<'a>),
}

impl<'a> Place<'_, 'a> {
    fn any(self, leaf: Leaf, accept: &mut dyn FnMut(Reached<'a>) -> bool) -> bool {
        match self {
            Place::Field(document, path) => path.any(document, leaf, accept),
            Place::Value(view) => {
                if let (Leaf::Elements, View::Array(items)) = (leaf, view)
                    && items.iter().any(|item| accept(Reached { value: Some(item), position: None }))
                {
                    return true;
                }
                accept(Reached { value: Some(view), position: None })
            }
            Place::Element(view) => accept(Reached { value: Some(view), position: None }),
        }
    }

    /// The distance of the nearest geometry.
    fn closest(self, near: &Near) -> Option<f64> {
        match self {
            Place::Field(document, path) => near.closest(path, document).map(|(distance, _)| distance),
            Place::Value(view) | Place::Element(view) => near.distance(&geometry(view)?),
        }
    }
}

impl Matching {
    /// Returns the evaluation's outcome: nothing when the condition does not hold, else the position.
    pub(super) fn finish(self, held: bool) -> Result<Option<Option<usize>>> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(held.then_some(self.position)),
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Returns whether a condition holds when whatever can fail in it comes to `assumed`.
    pub(super) fn might(&mut self, node: &Node, document: Fields<'_>, assumed: bool) -> bool {
        match node {
            Node::And(nodes) => nodes.iter().all(|it| self.might(it, document, assumed)),
            Node::Or(nodes) => nodes.iter().any(|it| self.might(it, document, assumed)),
            Node::Nor(nodes) => !nodes.iter().any(|it| self.might(it, document, !assumed)),
            Node::Field { predicate, .. } if predicate.can_fail() => assumed,
            Node::Field { path, predicate } => self.test(predicate, Place::Field(document, path)),
            Node::Expr(_) => assumed,
        }
    }

    pub(super) fn node(&mut self, node: &Node, document: Fields<'_>) -> bool {
        match node {
            Node::And(nodes) => nodes.iter().all(|it| self.node(it, document)),
            Node::Or(nodes) => nodes.iter().any(|it| self.node(it, document)),
            Node::Nor(nodes) => !self.aside(|it| nodes.iter().any(|node| it.node(node, document))),
            Node::Field { path, predicate } => self.test(predicate, Place::Field(document, path)),
            Node::Expr(Condition(holds)) => self.unless_failed(holds(&document.to_document())),
        }
    }

    /// Tests all predicates on one element of an array.
    pub(super) fn element(&mut self, predicates: &[Predicate], element: View<'_>) -> bool {
        predicates.iter().all(|it| self.test(it, Place::Value(element)))
    }

    fn test(&mut self, predicate: &Predicate, place: Place<'_, '_>) -> bool {
        match predicate {
            Predicate::Ne(operand) => !self.aside(|it| it.reaches(place, |value| is_equal(value, operand))),
            Predicate::Nin(members) => !self.aside(|it| it.reaches_member(place, members)),
            Predicate::Exists(false) => !self.aside(|it| it.reaches(place, |value| value.is_some())),
            Predicate::Not(predicates) => !self.aside(|it| predicates.iter().all(|one| it.test(one, place))),
            Predicate::All(predicates) => {
                !predicates.is_empty() && predicates.iter().all(|it| self.test(it, place))
            }
            Predicate::In(members) => self.reaches_member(place, members),
            Predicate::Regex(pattern) => {
                self.reaches_or_fails(place, |value| value.map_or(Ok(false), |it| pattern.accepts(it)))
            }
            Predicate::Size(size) => place.any(Leaf::Whole, &mut |reached| {
                let items = reached.value.and_then(View::as_array);
                items.is_some_and(|it| it.iter().count() as u64 == *size)
            }),
            Predicate::ElemMatch(node) => self
                .elem_match(place, |it, item| item.as_fields().is_some_and(|fields| it.node(node, fields))),
            Predicate::ElemMatchValue(predicates) => self.elem_match(place, |it, item| {
                predicates.iter().all(|predicate| it.test(predicate, Place::Element(item)))
            }),
            Predicate::Eq(operand) => self.reaches(place, |value| is_equal(value, operand)),
            Predicate::Lt(operand) => {
                self.reaches(place, |value| is_ordered(value, operand, Ordering::Less, false))
            }
            Predicate::Lte(operand) => {
                self.reaches(place, |value| is_ordered(value, operand, Ordering::Less, true))
            }
            Predicate::Gt(operand) => {
                self.reaches(place, |value| is_ordered(value, operand, Ordering::Greater, false))
            }
            Predicate::Gte(operand) => {
                self.reaches(place, |value| is_ordered(value, operand, Ordering::Greater, true))
            }
            Predicate::Exists(true) => self.reaches(place, |value| value.is_some()),
            Predicate::Mod { divisor, remainder } => self.reaches(place, |value| {
                let integer = value.and_then(number::truncated);
                // `i64::MIN % -1` is 0, though it overflows.
                integer.is_some_and(|it| it.wrapping_rem(*divisor) == *remainder)
            }),
            Predicate::Type(kinds) => self.reaches(place, |value| value.is_some_and(|it| kinds.contains(it))),
            Predicate::GeoWithin(region) => {
                self.reaches(place, |value| value.and_then(geometry).is_some_and(|it| region.contains(&it)))
            }
            Predicate::GeoIntersects(shape) => {
                self.reaches(place, |value| value.and_then(geometry).is_some_and(|it| it.meets(shape)))
            }
            Predicate::Near(near) => place.closest(near).is_some_and(|it| near.accepts(it)),
            Predicate::Bits(bits) => self.reaches(place, |value| value.is_some_and(|it| bits.accept(it))),
        }
    }

    /// Offers what the place reaches to a test, and keeps the position of what passed.
    fn reaches(&mut self, place: Place<'_, '_>, test: impl Fn(Option<View>) -> bool) -> bool {
        place.any(Leaf::Elements, &mut |reached| {
            let passed = test(reached.value);
            if passed {
                self.position = reached.position.or(self.position);
            }
            passed
        })
    }

    fn reaches_or_fails(
        &mut self,
        place: Place<'_, '_>,
        test: impl Fn(Option<View>) -> Result<bool>,
    ) -> bool {
        place.any(Leaf::Elements, &mut |reached| {
            let passed = self.unless_failed(test(reached.value));
            if passed {
                self.position = reached.position.or(self.position);
            }
            passed
        })
    }

    fn reaches_member(&mut self, place: Place<'_, '_>, members: &Members) -> bool {
        self.reaches_or_fails(place, |value| {
            if members.values.iter().any(|it| is_equal(value, it)) {
                return Ok(true);
            }
            let Some(value) = value else { return Ok(false) };
            members.patterns.iter().try_fold(false, |passed, it| Ok(passed || it.accepts(value)?))
        })
    }

    fn elem_match(&mut self, place: Place<'_, '_>, mut test: impl FnMut(&mut Self, View) -> bool) -> bool {
        place.any(Leaf::Whole, &mut |reached| {
            let Some(items) = reached.value.and_then(View::as_array) else { return false };
            let found = self.aside(|it| items.iter().position(|item| test(it, item)));
            if found.is_some() {
                self.position = reached.position.or(found);
            }
            found.is_some()
        })
    }

    /// Evaluates something that leaves no position behind.
    fn aside<T>(&mut self, evaluate: impl FnOnce(&mut Self) -> T) -> T {
        let position = self.position;
        let outcome = evaluate(self);
        self.position = position;
        outcome
    }

    fn unless_failed(&mut self, outcome: Result<bool>) -> bool {
        outcome.unwrap_or_else(|failure| {
            self.failure.get_or_insert(failure);
            false
        })
    }
}

/// What is no geometry, or none that can be read, lies nowhere.
fn geometry(value: View<'_>) -> Option<Shape> {
    stored(value).ok()
}

/// Equality of a filter: null also means missing.
fn is_equal(value: Option<View<'_>>, operand: &Bson) -> bool {
    match value {
        Some(value) if operand_is_null(operand) => value.is_null(),
        Some(value) => equals(value, operand),
        None => operand_is_null(operand),
    }
}

fn operand_is_null(operand: &Bson) -> bool {
    matches!(operand, Bson::Null | Bson::Undefined)
}

/// An inequality of a filter: within one class of types, except against the ends of the order.
fn is_ordered(value: Option<View<'_>>, operand: &Bson, wanted: Ordering, or_equal: bool) -> bool {
    if operand_is_null(operand) {
        return or_equal && is_equal(value, operand);
    }
    let Some(value) = value else { return false };
    let bound = View::from(operand);
    let ends = matches!(bound, View::MinKey | View::MaxKey);
    if !ends && Class::of(value) != Class::of(bound) {
        return false;
    }
    // NaN is the lowest number in the order, but a filter finds it neither below nor above any.
    if !ends && is_nan(value) != is_nan(bound) {
        return false;
    }
    let order = compare(value, bound);
    order == wanted || (or_equal && order.is_eq())
}

fn is_nan(view: View<'_>) -> bool {
    match view {
        View::Double(it) => it.is_nan(),
        View::Decimal(it) => it.to_string() == "NaN",
        _ => false,
    }
}
