//! Accumulators that keep some values of many: the first, the least, those on top of an order.

use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, doc};

use super::{Accumulate, Table};
use crate::docdb::aggregate::expression::{Expression, Names, Value, is_null};
use crate::docdb::aggregate::expressions::positive;
use crate::docdb::aggregate::memory::decoded;
use crate::docdb::key;
use crate::docdb::sort::Sort;
use crate::docdb::{Error, Result};

pub(super) const TABLE: Table = &[
    ("$bottom", || Ranked::create(true, true)),
    ("$bottomN", || Ranked::create(true, false)),
    ("$firstN", || Ranked::create(false, false)),
    ("$lastN", || Ranked::create(true, false)),
    ("$maxN", || Ranked::create(false, false)),
    ("$minN", || Ranked::create(false, false)),
    ("$top", || Ranked::create(false, true)),
    ("$topN", || Ranked::create(false, false)),
];

/// The values nearest to one end of an order.
///
/// What is added is an object `{n, key, value}` that [`argument`] makes: `key` is binary and decides the order, equal
/// ones stay in the order of the input.
struct Ranked {
    /// Whether the last values are kept, not the first.
    last: bool,
    /// Whether the result is the one value instead of an array.
    single: bool,
    count: usize,
    rows: Vec<(Vec<u8>, Bson)>,
}

impl Ranked {
    fn create(last: bool, single: bool) -> Box<dyn Accumulate> {
        Box::new(Self { last, single, count: usize::MAX, rows: Vec::new() })
    }
}

impl Accumulate for Ranked {
    fn add(&mut self, value: Value) -> Result<()> {
        let Some(Bson::Document(mut row)) = value else { return Ok(()) };
        if let (Some(Bson::Int64(count)), Some(Bson::Binary(key)), value) =
            (row.remove("n"), row.remove("key"), row.remove("value"))
        {
            self.count = usize::try_from(count).unwrap_or(usize::MAX);
            let place = self.rows.partition_point(|(it, _)| *it <= key.bytes);
            self.rows.insert(place, (key.bytes, value.unwrap_or(Bson::Null)));
            if self.rows.len() > self.count {
                self.rows.remove(if self.last { 0 } else { self.count });
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Bson {
        let mut values = self.rows.into_iter().map(|(_, value)| value);
        match self.single {
            true => values.next().unwrap_or(Bson::Null),
            false => Bson::Array(values.collect()),
        }
    }

    fn holds(&self, value: &Bson) -> usize {
        if self.rows.len() < self.count { decoded(value) } else { 0 }
    }
}

/// Parses the argument of one of these accumulators into the expression of its rows, `None` for another accumulator.
pub(super) fn argument(operator: &str, source: &Bson, names: &Names) -> Result<Option<Expression>> {
    let (known, wanted): (&[&str], &str) = match operator {
        "$top" | "$bottom" => (&["sortBy", "output"], "output"),
        "$topN" | "$bottomN" => (&["n", "sortBy", "output"], "output"),
        "$firstN" | "$lastN" | "$minN" | "$maxN" => (&["n", "input"], "input"),
        _ => return Ok(None),
    };
    let fields = fields(operator, source, known)?;
    let parse = |name: &str| fields.get(name).map(|it| Expression::parse_in(it, names)).transpose();
    let (count, value) = (parse("n")?, parse(wanted)?.unwrap_or_else(|| Expression::literal(Bson::Null)));
    let rank = Rank::parse(operator, fields)?;
    let operator = operator.to_owned();
    Ok(Some(Expression::new(move |scope| {
        let value = value.value(scope)?;
        let count = count.as_ref().map_or(Ok(1), |it| positive(&operator, &it.value(scope)?))?;
        let bytes = match &rank {
            Rank::Input => Vec::new(),
            Rank::Fields(sort) => sort.key(scope.root())?,
            // Null and missing are neither least nor greatest.
            Rank::Value { .. } if is_null(&value) => return Ok(None),
            Rank::Value { descending } => {
                let mut bytes = Vec::new();
                key::encode(value.as_ref().unwrap_or(&Bson::Null), *descending, &mut bytes);
                bytes
            }
        };
        let key = Binary { subtype: BinarySubtype::Generic, bytes };
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        Ok(Some(Bson::Document(doc! { "n": count, "key": key, "value": value.unwrap_or(Bson::Null) })))
    })))
}

/// What decides the order.
enum Rank {
    Input,
    Value { descending: bool },
    Fields(Sort),
}

impl Rank {
    fn parse(operator: &str, fields: &Document) -> Result<Self> {
        Ok(match (operator, fields.get("sortBy")) {
            ("$minN", _) => Rank::Value { descending: false },
            ("$maxN", _) => Rank::Value { descending: true },
            (_, None) => Rank::Input,
            (_, Some(Bson::Document(sort))) if !sort.is_empty() => Rank::Fields(Sort::parse(sort)?),
            _ => return Err(Error::invalid(10065, format!("`sortBy` of `{operator}` must be an object"))),
        })
    }
}

fn fields<'d>(operator: &str, source: &'d Bson, known: &[&str]) -> Result<&'d Document> {
    let fields = source
        .as_document()
        .filter(|it| it.len() == known.len() && known.iter().all(|name| it.contains_key(name)));
    let message = || format!("`{operator}` takes an object with {}", known.join(", "));
    fields.ok_or_else(|| Error::invalid(5787900, message()))
}
