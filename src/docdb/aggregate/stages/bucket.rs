//! Buckets: with given boundaries, or with as many documents in each.

use bson::{Bson, Document, doc};

use super::{Documents, Stage, object, whole};
use crate::docdb::aggregate::accumulators::{Output, Row};
use crate::docdb::aggregate::expression::{Expression, Names, Value};
use crate::docdb::aggregate::memory::{Memory, collect};
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
    output: Output,
}

pub(super) fn parse_auto(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    let known = ["groupBy", "buckets", "output", "granularity"];
    let fields = object("$bucketAuto", 40240, specification, &known)?;
    if fields.contains_key("granularity") {
        return Err(Error::invalid(40261, "`granularity` of `$bucketAuto` is not supported by the emulator"));
    }
    let buckets = fields.get("buckets").and_then(whole).filter(|it| (1..=i32::MAX as u64).contains(it));
    let buckets = buckets
        .ok_or_else(|| Error::invalid(40243, "`buckets` of `$bucketAuto` is a positive whole number"))?;
    Ok(Box::new(BucketAuto {
        by: group_by("$bucketAuto", 40246, fields, names)?,
        buckets: usize::try_from(buckets).unwrap_or(usize::MAX),
        output: output("$bucketAuto", fields, names)?,
    }))
}

impl Stage for BucketAuto {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        let mut memory = Memory::new(ctx);
        let mut sorted = Vec::new();
        for document in collect(input, ctx)? {
            sorted.push((self.by.value(&ctx.scope(&document))?.unwrap_or(Bson::Null), document));
        }
        sorted.sort_by(|(left, _), (right, _)| value::compare(left, right));
        let size = (sorted.len() as f64 / self.buckets as f64).round().max(1.0) as usize;
        let mut documents: Vec<Document> = Vec::new();
        let mut rest = sorted.into_iter().peekable();
        while let Some((min, first)) = rest.next() {
            let last_bucket = documents.len() + 1 == self.buckets;
            let mut row = self.output.start();
            let (mut max, mut count) = (min.clone(), 1);
            self.output.add(&mut row, &ctx.scope(&first), &mut memory)?;
            // Equal values stay together; the last bucket takes the rest.
            let goes_on =
                |next: &Bson, max: &Bson, count| last_bucket || count < size || order::equal(next, max);
            while let Some((value, document)) = rest.next_if(|(next, _)| goes_on(next, &max, count)) {
                self.output.add(&mut row, &ctx.scope(&document), &mut memory)?;
                (max, count) = (value, count + 1);
            }
            let upper = rest.peek().map_or(max, |(next, _)| next.clone());
            let mut document = doc! { "_id": { "min": min, "max": upper } };
            self.output.finish(row, &mut document);
            documents.push(document);
        }
        Ok(Box::new(documents.into_iter().map(Ok)))
    }
}
