//! Arrays as lists.

use bson::{Bson, Document};

use super::number::integer_of;
use super::{ANY, Named, Operator, Table, wrong_type};
use crate::docdb::aggregate::expression::{Expression, Names, Value, is_null};
use crate::docdb::aggregate::order;
use crate::docdb::sort::ElementSort;
use crate::docdb::{Error, Result};

pub(super) const TABLE: Table = &[
    ("$arrayElemAt", Operator::Eager(2, 2, element_at)),
    ("$arrayToObject", Operator::Eager(1, 1, to_object)),
    ("$concatArrays", Operator::Eager(0, ANY, concat)),
    ("$firstN", Operator::Named(&["input", "n"], &[], |it| several("$firstN", it, |items| items))),
    ("$first", Operator::Eager(1, 1, |it| end("$first", it, |items| items.first()))),
    ("$in", Operator::Eager(2, 2, contains)),
    ("$indexOfArray", Operator::Eager(2, 4, index_of)),
    ("$isArray", Operator::Eager(1, 1, |it| Ok(Some(Bson::Boolean(matches!(it, [Some(Bson::Array(_))])))))),
    ("$last", Operator::Eager(1, 1, |it| end("$last", it, |items| items.last()))),
    ("$lastN", Operator::Named(&["input", "n"], &[], last_several)),
    ("$maxN", Operator::Named(&["input", "n"], &[], |it| several("$maxN", it, descending))),
    ("$minN", Operator::Named(&["input", "n"], &[], |it| several("$minN", it, ascending))),
    ("$range", Operator::Eager(2, 3, range)),
    ("$reverseArray", Operator::Eager(1, 1, reverse)),
    ("$size", Operator::Eager(1, 1, size)),
    ("$slice", Operator::Eager(2, 3, slice)),
    ("$sortArray", Operator::Form(parse_sort)),
    ("$zip", Operator::Named(&["inputs"], &["useLongestLength", "defaults"], zip)),
];

/// `$range` refuses to build more than this.
const MOST_ELEMENTS: usize = 1_000_000;

const NULL: Value = Some(Bson::Null);

fn items<'a>(operator: &str, code: i32, value: &'a Value) -> Result<Option<&'a [Bson]>> {
    match value {
        Some(Bson::Array(items)) => Ok(Some(items)),
        value if is_null(value) => Ok(None),
        value => Err(wrong_type(code, operator, "an array", value)),
    }
}

/// Returns a 32 bit integer argument.
fn integer(operator: &str, code: i32, value: &Value) -> Result<i64> {
    let number = value.as_ref().and_then(integer_of).filter(|it| i32::try_from(*it).is_ok());
    number.ok_or_else(|| wrong_type(code, operator, "32 bit integers", value))
}

fn element_at(values: &[Value]) -> Result<Value> {
    let [array, index] = values else { return Ok(None) };
    let Some(items) = items("$arrayElemAt", 28689, array)? else { return Ok(NULL) };
    if is_null(index) {
        return Ok(NULL);
    }
    let index = integer("$arrayElemAt", 28691, index)?;
    let index = if index < 0 { index + items.len() as i64 } else { index };
    Ok(usize::try_from(index).ok().and_then(|it| items.get(it)).cloned())
}

fn end(operator: &str, values: &[Value], pick: fn(&[Bson]) -> Option<&Bson>) -> Result<Value> {
    let [array] = values else { return Ok(None) };
    let Some(items) = items(operator, 28689, array)? else { return Ok(NULL) };
    Ok(pick(items).cloned())
}

/// Returns the arguments of `$firstN` and its like: an array, and how many of its elements are wanted.
fn array_and_count(operator: &str, named: &Named) -> Result<(Vec<Bson>, usize)> {
    let count = positive(operator, &named.value("n")?)?;
    match named.value("input")? {
        Some(Bson::Array(items)) => Ok((items, count)),
        other => Err(wrong_type(5788200, operator, "an array as `input`", &other)),
    }
}

/// Returns the `n` of `$firstN` and its like.
pub(in crate::docdb::aggregate) fn positive(operator: &str, value: &Value) -> Result<usize> {
    let count = value.as_ref().and_then(integer_of).filter(|it| *it > 0);
    let count = count.and_then(|it| usize::try_from(it).ok());
    count.ok_or_else(|| wrong_type(5787908, operator, "a positive whole number as `n`", value))
}

fn several(operator: &str, named: &Named, order: fn(Vec<Bson>) -> Vec<Bson>) -> Result<Value> {
    let (items, count) = array_and_count(operator, named)?;
    let mut items = order(items);
    items.truncate(count);
    Ok(Some(Bson::Array(items)))
}

fn last_several(named: &Named) -> Result<Value> {
    let (mut items, count) = array_and_count("$lastN", named)?;
    items.drain(..items.len().saturating_sub(count));
    Ok(Some(Bson::Array(items)))
}

fn ascending(mut items: Vec<Bson>) -> Vec<Bson> {
    items.retain(|it| !matches!(it, Bson::Null | Bson::Undefined));
    ElementSort::Whole { descending: false }.sort(&mut items);
    items
}

fn descending(mut items: Vec<Bson>) -> Vec<Bson> {
    items.retain(|it| !matches!(it, Bson::Null | Bson::Undefined));
    ElementSort::Whole { descending: true }.sort(&mut items);
    items
}

/// `{$sortArray: {input, sortBy}}`: the order is written out, no expression.
fn parse_sort(operand: &Bson, names: &Names) -> Result<Expression> {
    const NAME: &str = "$sortArray";
    let given = |name| operand.as_document().filter(|it| it.len() == 2).and_then(|it| it.get(name));
    let (Some(input), Some(sort)) = (given("input"), given("sortBy")) else {
        return Err(Error::invalid(9, "`$sortArray` takes the arguments `input` and `sortBy`"));
    };
    let (input, sort) = (Expression::parse_in(input, names)?, ElementSort::parse(NAME, sort)?);
    Ok(Expression::new(move |scope| match input.value(scope)? {
        Some(Bson::Array(mut items)) => {
            sort.sort(&mut items);
            Ok(Some(Bson::Array(items)))
        }
        value if is_null(&value) => Ok(NULL),
        value => Err(wrong_type(2942504, NAME, "an array as `input`", &value)),
    }))
}

fn concat(values: &[Value]) -> Result<Value> {
    let mut all = Vec::new();
    for value in values {
        let Some(items) = items("$concatArrays", 28664, value)? else { return Ok(NULL) };
        all.extend_from_slice(items);
    }
    Ok(Some(Bson::Array(all)))
}

fn contains(values: &[Value]) -> Result<Value> {
    let [needle, array] = values else { return Ok(None) };
    let Some(Bson::Array(items)) = array else {
        return Err(wrong_type(40081, "$in", "an array as its second argument", array));
    };
    let found = needle.as_ref().is_some_and(|needle| items.iter().any(|it| order::equal(it, needle)));
    Ok(Some(Bson::Boolean(found)))
}

/// Returns the optional start and end of a search in `length` places, `None` when nothing can be there.
pub(super) fn bounds(
    operator: &str,
    code: i32,
    values: &[Value],
    length: usize,
) -> Result<Option<(usize, usize)>> {
    let mut bounds = [0, length];
    for (bound, value) in bounds.iter_mut().zip(values) {
        let given = integer(operator, code, value)?;
        let given = usize::try_from(given);
        *bound = given.map_err(|_| Error::invalid(40097, format!("`{operator}` takes no negative index")))?;
    }
    let [start, end] = bounds;
    let end = end.min(length);
    Ok((start <= end).then_some((start, end)))
}

fn index_of(values: &[Value]) -> Result<Value> {
    let [array, needle, limits @ ..] = values else { return Ok(None) };
    let Some(items) = items("$indexOfArray", 40090, array)? else { return Ok(NULL) };
    let Some((start, end)) = bounds("$indexOfArray", 40096, limits, items.len())? else {
        return Ok(Some(Bson::Int32(-1)));
    };
    let searched = items.get(start..end).unwrap_or_default();
    let found = searched.iter().position(|it| needle.as_ref().is_some_and(|needle| order::equal(it, needle)));
    Ok(Some(Bson::Int32(found.and_then(|it| i32::try_from(start + it).ok()).unwrap_or(-1))))
}

fn range(values: &[Value]) -> Result<Value> {
    let [start, end, step @ ..] = values else { return Ok(None) };
    let (start, end) = (integer("$range", 34444, start)?, integer("$range", 34446, end)?);
    let step = step.first().map_or(Ok(1), |it| integer("$range", 34448, it))?;
    if step == 0 {
        return Err(Error::invalid(34449, "the step of `$range` may not be zero"));
    }
    let numbers = std::iter::successors(Some(start), |it| it.checked_add(step));
    let numbers = numbers.take_while(|it| if step > 0 { *it < end } else { *it > end });
    let numbers: Vec<_> =
        numbers.take(MOST_ELEMENTS + 1).filter_map(|it| i32::try_from(it).ok()).map(Bson::Int32).collect();
    match numbers.len() > MOST_ELEMENTS {
        true => Err(Error::invalid(146, format!("`$range` gives more than {MOST_ELEMENTS} elements"))),
        false => Ok(Some(Bson::Array(numbers))),
    }
}

fn reverse(values: &[Value]) -> Result<Value> {
    let [array] = values else { return Ok(None) };
    let Some(items) = items("$reverseArray", 34435, array)? else { return Ok(NULL) };
    Ok(Some(Bson::Array(items.iter().rev().cloned().collect())))
}

fn size(values: &[Value]) -> Result<Value> {
    match values {
        [Some(Bson::Array(items))] => Ok(i32::try_from(items.len()).ok().map(Bson::Int32)),
        other => Err(wrong_type(17124, "$size", "an array", other.first().unwrap_or(&None))),
    }
}

fn slice(values: &[Value]) -> Result<Value> {
    let [array, numbers @ ..] = values else { return Ok(None) };
    let Some(items) = items("$slice", 28724, array)? else { return Ok(NULL) };
    if numbers.iter().any(is_null) {
        return Ok(NULL);
    }
    let numbers = numbers.iter().map(|it| integer("$slice", 28725, it)).collect::<Result<Vec<_>>>()?;
    let length = items.len() as i64;
    let (start, count) = match numbers.as_slice() {
        [count] if *count < 0 => (length + count, -count),
        [count] => (0, *count),
        [start, count] if *count > 0 => (if *start < 0 { length + start } else { *start }, *count),
        _ => return Err(Error::invalid(28729, "the count of `$slice` after a position must be positive")),
    };
    let start = usize::try_from(start).unwrap_or(0);
    let count = usize::try_from(count).unwrap_or(0);
    Ok(Some(Bson::Array(items.iter().skip(start).take(count).cloned().collect())))
}

fn to_object(values: &[Value]) -> Result<Value> {
    let [array] = values else { return Ok(None) };
    let Some(items) = items("$arrayToObject", 40386, array)? else { return Ok(NULL) };
    let mut object = Document::new();
    let as_objects = matches!(items.first(), Some(Bson::Document(_)));
    for item in items {
        let pair = match item {
            Bson::Document(it) if as_objects && it.len() == 2 => it.get("k").zip(it.get("v")),
            Bson::Array(it) if !as_objects => it.first().zip(it.get(1)).filter(|_| it.len() == 2),
            _ => None,
        };
        let Some((Bson::String(key), value)) = pair else {
            let message = "`$arrayToObject` takes only `[key, value]` pairs, or only `{k, v}` objects, with strings as keys";
            return Err(Error::invalid(40392, message));
        };
        object.insert(key, value.clone());
    }
    Ok(Some(Bson::Document(object)))
}

fn zip(named: &Named) -> Result<Value> {
    let inputs = named.value("inputs")?;
    let Some(Bson::Array(inputs)) = &inputs else {
        return Err(wrong_type(34461, "$zip", "an array of arrays as `inputs`", &inputs));
    };
    if inputs.is_empty() {
        return Err(Error::invalid(34465, "`$zip` needs at least one array in `inputs`"));
    }
    let longest = match named.given("useLongestLength")? {
        None => false,
        Some(Some(Bson::Boolean(longest))) => longest,
        Some(other) => {
            return Err(wrong_type(34464, "$zip", "true or false as `useLongestLength`", &other));
        }
    };
    let defaults = match named.value("defaults")? {
        Some(Bson::Array(it)) if it.len() == inputs.len() && longest => it,
        None => Vec::new(),
        Some(_) => {
            let message =
                "`defaults` of `$zip` is an array as long as `inputs`, and needs `useLongestLength`";
            return Err(Error::invalid(34467, message));
        }
    };
    let mut columns = Vec::with_capacity(inputs.len());
    for input in inputs {
        match input {
            Bson::Array(items) => columns.push(items),
            Bson::Null | Bson::Undefined => return Ok(NULL),
            other => return Err(wrong_type(34468, "$zip", "arrays", &Some(other.clone()))),
        }
    }
    let lengths = columns.iter().map(|it| it.len());
    let length = if longest { lengths.max() } else { lengths.min() };
    let rows = (0..length.unwrap_or(0)).map(|row| {
        let cells = columns.iter().enumerate().map(|(column, items)| {
            items.get(row).or_else(|| defaults.get(column)).cloned().unwrap_or(Bson::Null)
        });
        Bson::Array(cells.collect())
    });
    Ok(Some(Bson::Array(rows.collect())))
}
