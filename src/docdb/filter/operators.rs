//! The operators beside a field: `{ $gt: 1, $lt: 5 }`.

use bson::{Bson, Document};

use super::geo;
use super::parse::{self, has_operators, predicates};
use super::{Bits, Kinds, Members, Pattern, Predicate};
use crate::docdb::value::is_true;
use crate::docdb::value::number::{truncated, whole};
use crate::docdb::value::view::View;
use crate::docdb::{Error, Result};

/// Parses a conjunction of operators.
pub(super) fn all(operators: &Document) -> Result<Vec<Predicate>> {
    let mut predicates = Vec::with_capacity(operators.len());
    for (name, operand) in operators {
        match name.as_str() {
            "$regex" => predicates.push(Predicate::Regex(regex(operand, operators.get("$options"))?)),
            "$options" if operators.contains_key("$regex") => {}
            "$options" => return bad("$options needs a $regex"),
            "$near" | "$nearSphere" | "$geoNear" => predicates.push(geo::near(name, operand, operators)?),
            "$minDistance" | "$maxDistance" if geo::has_near(operators) => {}
            _ => predicates.push(one(name, operand)?),
        }
    }
    Ok(predicates)
}

fn one(name: &str, operand: &Bson) -> Result<Predicate> {
    Ok(match name {
        "$eq" => Predicate::Eq(operand.clone()),
        "$ne" => Predicate::Ne(no_regex(name, operand)?),
        "$lt" => Predicate::Lt(no_regex(name, operand)?),
        "$lte" => Predicate::Lte(no_regex(name, operand)?),
        "$gt" => Predicate::Gt(no_regex(name, operand)?),
        "$gte" => Predicate::Gte(no_regex(name, operand)?),
        "$in" => Predicate::In(members(name, operand)?),
        "$nin" => Predicate::Nin(members(name, operand)?),
        "$all" => Predicate::All(all_members(array(name, operand)?)?),
        "$elemMatch" => elem_match(operand)?,
        "$size" => Predicate::Size(size(operand)?),
        "$exists" => Predicate::Exists(is_true(operand)),
        "$mod" => modulo(operand)?,
        "$type" => Predicate::Type(Kinds::parse(operand)?),
        "$bitsAllSet" | "$bitsAllClear" | "$bitsAnySet" | "$bitsAnyClear" => {
            Predicate::Bits(Bits::parse(name, operand)?)
        }
        "$geoWithin" | "$within" => Predicate::GeoWithin(geo::region(operand)?),
        "$geoIntersects" => Predicate::GeoIntersects(geo::shape(name, operand)?),
        "$not" => Predicate::Not(negated(operand)?),
        _ if name.starts_with('$') => return Err(Error::UnknownOperator { name: name.to_owned() }),
        _ => return bad(format!("operators and the field `{name}` do not mix")),
    })
}

fn bad<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::invalid(2, message))
}

fn array<'a>(name: &str, operand: &'a Bson) -> Result<&'a [Bson]> {
    match operand {
        Bson::Array(items) => Ok(items),
        _ => bad(format!("{name} needs an array")),
    }
}

fn no_regex(name: &str, operand: &Bson) -> Result<Bson> {
    match operand {
        Bson::RegularExpression(_) => bad(format!("{name} cannot have a regular expression")),
        _ => Ok(operand.clone()),
    }
}

fn regex(operand: &Bson, options: Option<&Bson>) -> Result<Pattern> {
    let options = match options {
        None => None,
        Some(Bson::String(options)) => Some(options.as_str()),
        Some(_) => return bad("$options has to be a string"),
    };
    match operand {
        Bson::String(pattern) => Pattern::new(pattern, options.unwrap_or_default()),
        Bson::RegularExpression(regex) => match options {
            Some(options) => Pattern::new(regex.pattern.as_str(), options),
            None => Pattern::literal(regex),
        },
        _ => bad("$regex has to be a string"),
    }
}

fn members(name: &str, operand: &Bson) -> Result<Members> {
    let mut members = Members::default();
    for member in array(name, operand)? {
        match member {
            Bson::RegularExpression(regex) => members.patterns.push(Pattern::literal(regex)?),
            Bson::Document(document) if has_operators(document) => {
                return bad(format!("cannot nest $ under {name}"));
            }
            value => members.values.push(value.clone()),
        }
    }
    Ok(members)
}

/// Parses the members of `$all`: values and patterns, or nothing but `$elemMatch`.
fn all_members(members: &[Bson]) -> Result<Vec<Predicate>> {
    let predicates = members.iter().map(all_member).collect::<Result<Vec<_>>>()?;
    let searches =
        predicates.iter().filter(|it| !matches!(it, Predicate::Eq(_) | Predicate::Regex(_))).count();
    match searches == 0 || searches == predicates.len() {
        true => Ok(predicates),
        false => bad("$all/$elemMatch has to be consistent"),
    }
}

fn all_member(member: &Bson) -> Result<Predicate> {
    match member {
        Bson::RegularExpression(regex) => Ok(Predicate::Regex(Pattern::literal(regex)?)),
        Bson::Document(document) if has_operators(document) => match document.get("$elemMatch") {
            Some(operand) if document.len() == 1 => elem_match(operand),
            _ => bad("no $ expressions in $all"),
        },
        value => Ok(Predicate::Eq(value.clone())),
    }
}

pub(super) fn elem_match(operand: &Bson) -> Result<Predicate> {
    let Bson::Document(condition) = operand else { return bad("$elemMatch needs an Object") };
    let on_value = condition
        .keys()
        .next()
        .is_some_and(|it| it.starts_with('$') && !matches!(it.as_str(), "$and" | "$or" | "$nor" | "$expr"));
    if on_value {
        return Ok(Predicate::ElemMatchValue(all(condition)?));
    }
    Ok(Predicate::ElemMatch(Box::new(parse::document(condition, None)?)))
}

fn negated(operand: &Bson) -> Result<Vec<Predicate>> {
    match operand {
        Bson::RegularExpression(_) => predicates(operand),
        Bson::Document(document) if !document.is_empty() => all(document),
        Bson::Document(_) => bad("$not cannot be empty"),
        _ => bad("$not needs a regex or a document"),
    }
}

fn size(operand: &Bson) -> Result<u64> {
    match whole(View::from(operand)).map(u64::try_from) {
        Some(Ok(size)) => Ok(size),
        _ => bad("$size must be a whole number that is not negative"),
    }
}

fn modulo(operand: &Bson) -> Result<Predicate> {
    let Bson::Array(items) = operand else { return bad("malformed mod, needs to be an array") };
    let [divisor, remainder] = items.as_slice() else {
        return bad("malformed mod, needs exactly two numbers");
    };
    match [divisor, remainder].map(|it| truncated(View::from(it))) {
        [Some(0), _] => bad("divisor cannot be 0"),
        [Some(divisor), Some(remainder)] => Ok(Predicate::Mod { divisor, remainder }),
        _ => bad("malformed mod, divisor and remainder must be numbers"),
    }
}
