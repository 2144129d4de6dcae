//! Buckets: with given boundaries, or with as many documents in each.

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, doc};

use super::granularity::Granularity;
use super::{Documents, Stage, object, text, whole};
use crate::docdb::aggregate::accumulators::{Output, Row};
use crate::docdb::aggregate::expression::{Expression, Names, Value};
use crate::docdb::aggregate::expressions::number::Number;
use crate::docdb::aggregate::memory::{Memory, decode, decoded, encode};
use crate::docdb::aggregate::{Context, order};
use crate::docdb::value::{self, Class};
use crate::docdb::{Error, Result};

struct Bucket {
    by: Expression,
    boundaries: Vec<Bson>,
    default: Option<Bson>,
    output: Output,
}

fn group_by(stage: &str, code: i32, fields: &Document, names: &Names) -> Result<Expression> {
    let by =
        fields.get("groupBy").ok_or_else(|| Error::invalid(code, format!("`{stage}` needs `groupBy`")))?;
    match by {
        Bson::String(it) if it.starts_with('$') => Expression::parse_in(by, names),
        Bson::Document(_) => Expression::parse_in(by, names),
        _ => Err(Error::invalid(40202, format!("`groupBy` of `{stage}` is a field path or an expression"))),
    }
}

fn output(stage: &str, fields: &Document, names: &Names) -> Result<Output> {
    match fields.get("output") {
        None => Output::count(),
        Some(Bson::Document(output)) => Output::parse(output, names),
        Some(_) => Err(Error::invalid(40196, format!("`output` of `{stage}` is an object"))),
    }
}

/// Returns the value of an expression that must not need a document.
fn constant(source: &Bson) -> Result<Bson> {
    let value = Expression::parse(source)?.evaluate(&Document::new(), bson::DateTime::from_millis(0))?;
    Ok(value.unwrap_or(Bson::Null))
}

pub(super) fn parse(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    let known = ["groupBy", "boundaries", "default", "output"];
    let fields = object("$bucket", 40201, specification, &known)?;
    let Some(Bson::Array(boundaries)) = fields.get("boundaries") else {
        return Err(Error::invalid(40200, "`$bucket` needs an array of `boundaries`"));
    };
    let boundaries = boundaries.iter().map(constant).collect::<Result<Vec<_>>>()?;
    if boundaries.len() < 2 {
        return Err(Error::invalid(40192, "`$bucket` needs at least two `boundaries`"));
    }
    for pair in boundaries.windows(2) {
        let [lower, upper] = pair else { continue };
        if Class::of(lower) != Class::of(upper) {
            return Err(Error::invalid(40193, "the `boundaries` of `$bucket` must be of one type"));
        }
        if value::compare(lower, upper).is_ge() {
            return Err(Error::invalid(40194, "the `boundaries` of `$bucket` must be in ascending order"));
        }
    }
    let default = fields.get("default").map(constant).transpose()?;
    if let (Some(default), Some(lowest), Some(highest)) = (&default, boundaries.first(), boundaries.last())
        && value::compare(default, lowest).is_ge()
        && value::compare(default, highest).is_lt()
    {
        return Err(Error::invalid(40199, "the `default` of `$bucket` must lie outside its boundaries"));
    }
    let (by, output) = (group_by("$bucket", 40198, fields, names)?, output("$bucket", fields, names)?);
    Ok(Box::new(Bucket { by, boundaries, default, output }))
}

impl Bucket {
    /// Returns the place of a value: of its lower bound, or behind all bounds for the default.
    fn place(&self, value: &Value) -> Result<usize> {
        let above = self
            .boundaries
            .partition_point(|it| value.as_ref().is_some_and(|value| value::compare(it, value).is_le()));
        match above {
            it if it > 0 && it < self.boundaries.len() => Ok(it - 1),
            _ if self.default.is_some() => Ok(self.boundaries.len()),
            _ => Err(Error::invalid(
                40066,
                "a document lies in no bucket of `$bucket`, and there is no `default`",
            )),
        }
    }
}

impl Stage for Bucket {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        let mut memory = Memory::new(ctx);
        let mut rows: Vec<Option<Row>> =
            std::iter::repeat_with(|| None).take(self.boundaries.len() + 1).collect();
        for document in input {
            let document = document?;
            let scope = ctx.scope(&document);
            let place = self.place(&self.by.value(&scope)?)?;
            if let Some(row) = rows.get_mut(place) {
                self.output.add(row.get_or_insert_with(|| self.output.start()), &scope, &mut memory)?;
            }
        }
        let ids = self.boundaries.iter().map(Some).chain([self.default.as_ref()]);
        let mut filled: Vec<(Bson, Row)> =
            ids.zip(rows).filter_map(|(id, row)| Some((id?.clone(), row?))).collect();
        // The default comes where its value belongs.
        filled.sort_by(|(left, _), (right, _)| value::compare(left, right));
        Ok(Box::new(filled.into_iter().map(|(id, row)| {
            let mut document = doc! { "_id": id };
            self.output.finish(row, &mut document);
            Ok(document)
        })))
    }
}

struct BucketAuto {
    by: Expression,
    buckets: usize,
    granularity: Option<Granularity>,
    output: Output,
}

pub(super) fn parse_auto(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    let known = ["groupBy", "buckets", "output", "granularity"];
    let fields = object("$bucketAuto", 40240, specification, &known)?;
    let granularity = text("$bucketAuto", fields, "granularity")?.map(Granularity::parse).transpose()?;
    let buckets = fields.get("buckets").and_then(whole).filter(|it| (1..=i32::MAX as u64).contains(it));
    let buckets = buckets
        .ok_or_else(|| Error::invalid(40243, "`buckets` of `$bucketAuto` is a positive whole number"))?;
    Ok(Box::new(BucketAuto {
        by: group_by("$bucketAuto", 40246, fields, names)?,
        buckets: usize::try_from(buckets).unwrap_or(usize::MAX),
        granularity,
        output: output("$bucketAuto", fields, names)?,
    }))
}

impl BucketAuto {
    /// Returns the values to divide with their documents, in order.
    fn sorted(&self, input: Documents, ctx: &Context) -> Result<Vec<(Bson, RawDocumentBuf)>> {
        let mut memory = Memory::new(ctx);
        let mut sorted = Vec::new();
        for document in input {
            let document = document?;
            let value = self.by.value(&ctx.scope(&document))?.unwrap_or(Bson::Null);
            if self.granularity.is_some() {
                number(&value)?;
            }
            let document = encode(&document)?;
            memory.hold(decoded(&value) + document.as_bytes().len() + size_of_val(&document))?;
            sorted.push((value, document));
        }
        sorted.sort_by(|(left, _), (right, _)| value::compare(left, right));
        Ok(sorted)
    }

    /// Returns the upper bound of a bucket that so far ends with a value: all below it belong to the bucket.
    fn bound(&self, last: &Bson) -> Result<Option<f64>> {
        self.granularity.as_ref().map(|it| Ok(it.above(number(last)?))).transpose()
    }
}

/// Returns what can be rounded to a granularity.
fn number(value: &Bson) -> Result<f64> {
    let number = Number::of(value).map(Number::as_f64).filter(|it| *it >= 0.0);
    number.ok_or_else(|| {
        Error::invalid(40258, "with `granularity`, `$bucketAuto` takes numbers that are not negative")
    })
}

impl Stage for BucketAuto {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        let mut memory = Memory::new(ctx);
        let sorted = self.sorted(input, ctx)?;
        let size = (sorted.len() as f64 / self.buckets as f64).round().max(1.0) as usize;
        let mut documents: Vec<Document> = Vec::new();
        let mut floor: Option<f64> = None;
        let mut rest = sorted.into_iter().peekable();
        while let Some((first_value, first)) = rest.next() {
            let last_bucket = documents.len() + 1 == self.buckets;
            let mut row = self.output.start();
            let (mut last, mut count) = (first_value.clone(), 1);
            self.output.add(&mut row, &ctx.scope(&decode(&first)?), &mut memory)?;
            while last_bucket || count < size {
                let Some((value, document)) = rest.next() else { break };
                self.output.add(&mut row, &ctx.scope(&decode(&document)?), &mut memory)?;
                (last, count) = (value, count + 1);
            }
            // Equal values stay together, and so do those below a rounded bound.
            let bound = self.bound(&last)?;
            let belongs = |next: &Bson| match bound {
                Some(bound) => value::compare(&Bson::Double(bound), next).is_gt(),
                None => order::equal(next, &last),
            };
            while let Some((_, document)) = rest.next_if(|(next, _)| belongs(next)) {
                self.output.add(&mut row, &ctx.scope(&decode(&document)?), &mut memory)?;
            }
            let (min, max) = match (&self.granularity, bound) {
                (Some(granularity), Some(bound)) => {
                    let min = match floor {
                        Some(floor) => floor,
                        None => granularity.below(number(&first_value)?),
                    };
                    // A bucket of zeros ends below what follows, since nothing of the series lies next to zero.
                    let max = match rest.peek() {
                        Some((next, _)) if bound == 0.0 => granularity.below(number(next)?),
                        _ => bound,
                    };
                    floor = Some(max);
                    (Bson::Double(min), Bson::Double(max))
                }
                _ => (first_value, rest.peek().map_or(last, |(next, _)| next.clone())),
            };
            let mut document = doc! { "_id": { "min": min, "max": max } };
            self.output.finish(row, &mut document);
            documents.push(document);
        }
        Ok(Box::new(documents.into_iter().map(Ok)))
    }
}
