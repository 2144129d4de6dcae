//! What a filter says for certain about every document it can find.
//!
//! A filter is taken apart into branches, of which a found document satisfies at least one. A branch knows of a field its
//! only value, its bounds, and values it has not; what an operator says beyond that is left out, which can only deny more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bson::{Bson, Document};

use super::value::{Relation, relation};
use crate::docdb::value::Class;

/// Branches at most. A filter with more cannot be judged.
const MOST_BRANCHES: usize = 256;

/// How long a list of `$in` may be to have a branch for each value: any length, and where that makes too many branches,
/// these. A longer list stays whole.
const LONGEST_LISTS: [usize; 3] = [MOST_BRANCHES, 16, 1];

/// Stands in the sketch of a filter for a value, or a condition, that is not known (`super::refusal`).
pub const OPEN: Bson = Bson::MinKey;

/// A filter has too many branches to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the query has more than {MOST_BRANCHES} branches")]
pub struct TooManyBranches;

/// A filter, taken apart. No branch at all: it finds nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub(super) branches: Vec<Branch>,
}

/// What is certain in one branch, by the field's path.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Branch(BTreeMap<String, Known>);

/// What is certain of a field, as long as it is no array.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    pub value: Option<Bson>,
    /// It is one of these.
    among: Option<Arc<[Bson]>>,
    /// The bound, and whether the field may be it.
    below: Option<(Bson, bool)>,
    above: Option<(Bson, bool)>,
    unequal: Vec<Bson>,
}

impl Query {
    /// Takes a filter apart.
    ///
    /// # Errors
    /// It has too many branches.
    pub fn of(filter: &Document) -> Result<Self, TooManyBranches> {
        let few = LONGEST_LISTS.into_iter().find_map(|longest| conjunction(filter, longest).ok());
        few.map(|branches| Query { branches }).ok_or(TooManyBranches)
    }
}

/// The operators whose meaning is taken into account.
const JUDGED: [&str; 10] = ["$and", "$or", "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin"];

/// Returns the operators of a filter that say nothing here: what they demand is not known of the documents.
pub fn not_judged(filter: &Document) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    collect_not_judged(filter, &mut found);
    found
}

fn collect_not_judged<'a>(filter: &'a Document, found: &mut BTreeSet<&'a str>) {
    for (name, value) in filter {
        if name.starts_with('$') && !JUDGED.contains(&name.as_str()) {
            found.insert(name);
            continue;
        }
        match value {
            Bson::Document(inner) => collect_not_judged(inner, found),
            Bson::Array(parts) if matches!(name.as_str(), "$and" | "$or") => {
                parts.iter().filter_map(Bson::as_document).for_each(|it| collect_not_judged(it, found));
            }
            Bson::RegularExpression(_) => drop(found.insert("$regex")),
            _ => {}
        }
    }
}

/// Puts the caller in place of `'{openid}'` and `'{uid}'`, wherever they are values of a condition.
pub fn fill(filter: &mut Document, openid: Option<&str>, uid: Option<&str>) {
    filter.iter_mut().for_each(|(_, value)| fill_value(value, openid, uid));
}

fn fill_value(value: &mut Bson, openid: Option<&str>, uid: Option<&str>) {
    match value {
        Bson::Document(document) => fill(document, openid, uid),
        Bson::Array(items) => items.iter_mut().for_each(|item| fill_value(item, openid, uid)),
        Bson::String(text) => {
            let own = match text.as_str() {
                "{openid}" => openid.or(uid),
                "{uid}" => uid.or(openid),
                _ => None,
            };
            if let Some(own) = own {
                own.clone_into(text);
            }
        }
        _ => {}
    }
}

/// Everything beside everything else holds. Lists longer than `longest` are not taken apart.
fn conjunction(filter: &Document, longest: usize) -> Result<Vec<Branch>, TooManyBranches> {
    let mut branches = vec![Branch::default()];
    for (name, condition) in filter {
        let more = match (name.as_str(), condition) {
            ("$and", Bson::Array(parts)) => {
                let mut all = vec![Branch::default()];
                for part in parts {
                    all = both(&all, &part_of(part, longest)?)?;
                }
                all
            }
            ("$or", Bson::Array(parts)) => {
                let mut any = Vec::new();
                for part in parts {
                    any.extend(part_of(part, longest)?);
                }
                any
            }
            (name, _) if name.starts_with('$') => continue,
            (path, condition) => field(path, condition, longest),
        };
        branches = both(&branches, &more)?;
    }
    Ok(branches)
}

fn part_of(part: &Bson, longest: usize) -> Result<Vec<Branch>, TooManyBranches> {
    // What is no object is refused before it is judged.
    part.as_document().map_or_else(|| Ok(vec![Branch::default()]), |part| conjunction(part, longest))
}

/// Combines every branch with every other.
fn both(left: &[Branch], right: &[Branch]) -> Result<Vec<Branch>, TooManyBranches> {
    if left.len().saturating_mul(right.len()) > MOST_BRANCHES {
        return Err(TooManyBranches);
    }
    Ok(left.iter().flat_map(|left| right.iter().map(|right| left.and(right))).collect())
}

/// Returns the branches of one field's condition.
fn field(path: &str, condition: &Bson, longest: usize) -> Vec<Branch> {
    let with = |known: Known| Branch(BTreeMap::from([(path.to_owned(), known)]));
    let is = |value: &Bson| with(Known { value: Some(value.clone()), ..Known::default() });
    let operators = match condition {
        Bson::Document(operators) if operators.keys().any(|name| name.starts_with('$')) => operators,
        Bson::RegularExpression(_) => return vec![Branch::default()],
        value => return vec![is(value)],
    };
    let mut known = Known::default();
    let mut values: Option<Vec<Branch>> = None;
    for (name, operand) in operators {
        match (name.as_str(), operand) {
            ("$eq", value) => known.value = known.value.take().or_else(|| Some(value.clone())),
            ("$in", Bson::Array(items))
                if !items.iter().any(|it| matches!(it, Bson::RegularExpression(_))) =>
            {
                match items.len() > longest {
                    true => known.among = Some(items.as_slice().into()),
                    false => values = Some(items.iter().map(is).collect()),
                }
            }
            ("$gt", bound) => known.above = Some((bound.clone(), false)),
            ("$gte", bound) => known.above = Some((bound.clone(), true)),
            ("$lt", bound) => known.below = Some((bound.clone(), false)),
            ("$lte", bound) => known.below = Some((bound.clone(), true)),
            ("$ne", value) => known.unequal.push(value.clone()),
            ("$nin", Bson::Array(items)) => known.unequal.extend(items.iter().cloned()),
            _ => {}
        }
    }
    let own = with(known);
    match values {
        Some(values) => values.iter().map(|value| value.and(&own)).collect(),
        None => vec![own],
    }
}

impl Branch {
    pub fn of(&self, path: &str) -> Option<&Known> {
        self.0.get(path)
    }

    fn and(&self, other: &Branch) -> Branch {
        let mut fields = self.0.clone();
        for (path, more) in &other.0 {
            let known = fields.entry(path.clone()).or_default();
            // Of two values, bounds or lists that both hold, one is as true as the other.
            known.value = known.value.take().or_else(|| more.value.clone());
            known.among = known.among.take().or_else(|| more.among.clone());
            known.below = known.below.take().or_else(|| more.below.clone());
            known.above = known.above.take().or_else(|| more.above.clone());
            known.unequal.extend(more.unequal.iter().cloned());
        }
        Branch(fields)
    }
}

impl Known {
    /// Whether part of it is not known before the query is asked: it is [`OPEN`], or the caller's id.
    pub fn is_open(&self) -> bool {
        let bounds = self.below.iter().chain(&self.above).map(|(bound, _)| bound);
        let values = self.value.iter().chain(self.among.iter().flat_map(|values| values.iter()));
        values.chain(bounds).chain(&self.unequal).any(is_open)
    }

    /// Whether it is one of a list, whichever of its own it is.
    pub fn is_within(&self, list: &[Bson]) -> bool {
        let is_in = |value: &Bson| list.iter().any(|it| relation(value, it) == Some(Relation::Equal));
        self.among.as_deref().is_some_and(|values| values.iter().all(is_in))
    }

    /// Returns whether the field can stand in that relation to a value.
    pub fn can_be(&self, wanted: Relation, value: &Bson) -> bool {
        let excluded = self.unequal.iter().any(|other| relation(other, value) == Some(Relation::Equal));
        if wanted == Relation::Equal && excluded {
            return false;
        }
        // What is not compared may stand in any relation.
        let among = self.among.as_deref();
        if among
            .is_some_and(|values| !values.iter().any(|it| relation(it, value).is_none_or(|it| it == wanted)))
        {
            return false;
        }
        let above = self.above.as_ref().is_none_or(|(bound, inclusive)| match relation(bound, value) {
            Some(Relation::Apart) | None => is_apart(bound, value, wanted),
            Some(Relation::Greater) => wanted == Relation::Greater,
            Some(level @ (Relation::Equal | Relation::Level)) => {
                wanted == Relation::Greater || (*inclusive && wanted == level)
            }
            Some(Relation::Less) => wanted != Relation::Apart,
        });
        let below = self.below.as_ref().is_none_or(|(bound, inclusive)| match relation(bound, value) {
            Some(Relation::Apart) | None => is_apart(bound, value, wanted),
            Some(Relation::Less) => wanted == Relation::Less,
            Some(level @ (Relation::Equal | Relation::Level)) => {
                wanted == Relation::Less || (*inclusive && wanted == level)
            }
            Some(Relation::Greater) => wanted != Relation::Apart,
        });
        above && below
    }
}

pub(super) fn is_open(value: &Bson) -> bool {
    match value {
        Bson::Document(document) => document.values().any(is_open),
        Bson::Array(items) => items.iter().any(is_open),
        Bson::String(text) => matches!(text.as_str(), "{openid}" | "{uid}"),
        other => *other == OPEN,
    }
}

/// A field that has a bound has the bound's type: with a value of another it has nothing to do. Of types that have no order
/// here nothing is certain, nor of a bound that is an end of the order of all types.
fn is_apart(bound: &Bson, value: &Bson, wanted: Relation) -> bool {
    let is_end = matches!(bound, Bson::MinKey | Bson::MaxKey);
    is_end || wanted == Relation::Apart || Class::of(bound) == Class::of(value)
}
