//! `$lookup`: documents of another collection that belong to each document.
//!
//! The form by equality reads the other collection once, for the values of all documents together, so that an index
//! serves it and a scan is made once. The form by pipeline runs its pipeline for each document.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use bson::{Bson, Document, doc};

use super::{Documents, Stage, object, required_text, text};
use crate::docdb::aggregate::expression::{Expression, Names, Value, check_variable};
use crate::docdb::aggregate::memory::{Held, collect, decoded};
use crate::docdb::aggregate::pipeline::Pipeline;
use crate::docdb::aggregate::pushdown::foreign_filter;
use crate::docdb::aggregate::{Context, path};
use crate::docdb::key;
use crate::docdb::value::path::{FieldPath, Leaf};
use crate::docdb::value::view::{Fields, View};
use crate::docdb::{Error, Result};

const NAME: &str = "$lookup";

pub(super) struct Lookup {
    from: String,
    equality: Option<Equality>,
    bindings: Vec<(String, Expression)>,
    pipeline: Option<Pipeline>,
    pub into: Vec<String>,
}

/// Each document with those that belong to it.
pub(super) type Pairs<'a> = Box<dyn Iterator<Item = Result<(Document, Documents<'a>)>> + 'a>;

struct Equality {
    local: FieldPath,
    foreign: FieldPath,
}

/// Reads a collection; one that does not exist is empty.
pub(super) fn read<'a>(ctx: &'a Context, name: &str, filter: &Document) -> Result<Documents<'a>> {
    empty_if_missing(ctx.collections.read(name, filter))
}

fn empty_if_missing(documents: Result<Documents<'_>>) -> Result<Documents<'_>> {
    match documents {
        Err(Error::CollectionNotFound { .. }) => Ok(Box::new(std::iter::empty())),
        other => other,
    }
}

/// Begins a pipeline over those documents of a collection that satisfy a filter.
pub(super) fn flow_over<'a>(
    pipeline: &'a Pipeline,
    name: &str,
    filter: &Document,
    ctx: &'a Context<'a>,
) -> Result<Documents<'a>> {
    let leading = pipeline.leading();
    match &leading.near {
        None => pipeline.flow(0, read(ctx, name, filter)?, ctx),
        Some(near) => {
            let nearest = ctx.collections.near(name, near, leading.limit, filter);
            pipeline.flow_after_leading(empty_if_missing(nearest)?, ctx)
        }
    }
}

pub(super) fn parse(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    Ok(Box::new(parse_lookup(specification, names)?))
}

pub(super) fn parse_lookup(specification: &Bson, names: &Names) -> Result<Lookup> {
    let known = ["from", "localField", "foreignField", "let", "pipeline", "as"];
    let fields = object(NAME, 9, specification, &known)?;
    let equality = match (text(NAME, fields, "localField")?, text(NAME, fields, "foreignField")?) {
        (Some(local), Some(foreign)) => {
            for path in [local, foreign] {
                path::parse(NAME, path)?;
            }
            Some(Equality { local: FieldPath::parse(local)?, foreign: FieldPath::parse(foreign)? })
        }
        (None, None) => None,
        _ => {
            return Err(Error::invalid(
                9,
                "`$lookup` needs both `localField` and `foreignField`, or neither",
            ));
        }
    };
    let bindings = parse_bindings(fields.get("let"), names)?;
    let inner = names.with(bindings.iter().map(|(name, _)| name.as_str()));
    let pipeline = fields.get("pipeline").map(|it| Pipeline::parse_nested(NAME, it, &inner)).transpose()?;
    if equality.is_none() && pipeline.is_none() {
        return Err(Error::invalid(9, "`$lookup` needs `localField` and `foreignField`, or a `pipeline`"));
    }
    if pipeline.is_none() && !bindings.is_empty() {
        return Err(Error::invalid(9, "`let` of `$lookup` needs a `pipeline`"));
    }
    Ok(Lookup {
        from: required_text(NAME, fields, "from")?.to_owned(),
        equality,
        bindings,
        pipeline,
        into: path::parse(NAME, required_text(NAME, fields, "as")?)?,
    })
}

fn parse_bindings(source: Option<&Bson>, names: &Names) -> Result<Vec<(String, Expression)>> {
    let variables = match source {
        None => return Ok(Vec::new()),
        Some(Bson::Document(variables)) => variables,
        Some(_) => return Err(Error::invalid(9, "`let` of `$lookup` is an object")),
    };
    let parse = |(name, source): (&String, &Bson)| {
        check_variable(name)?;
        Ok((name.clone(), Expression::parse_in(source, names)?))
    };
    variables.iter().map(parse).collect()
}

impl Stage for Lookup {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        Ok(Box::new(self.pairs(input, ctx)?.map(move |pair| {
            let (mut document, found) = pair?;
            path::set(&mut document, &self.into, Bson::from(collect(found, ctx)?));
            Ok(document)
        })))
    }
}

impl Lookup {
    /// Finds what belongs to each document.
    pub fn pairs<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Pairs<'a>> {
        match (&self.equality, &self.pipeline) {
            (Some(equality), None) => self.join(equality, input, ctx),
            (equality, Some(pipeline)) => Ok(Box::new(input.map(move |document| {
                let document = document?;
                let found = self.run_pipeline(equality.as_ref(), pipeline, &document, ctx)?;
                Ok((document, found))
            }))),
            (None, None) => Ok(Box::new(std::iter::empty())),
        }
    }

    fn join<'a>(&'a self, equality: &'a Equality, input: Documents, ctx: &Context) -> Result<Pairs<'a>> {
        let (mut local, mut wanted) = (Held::new(ctx), HashMap::new());
        for document in input {
            let document = document?;
            let mut beside = 0;
            for value in equality.local_values(&document) {
                let key = key::encoded(View::from(&value));
                if let Entry::Vacant(place) = wanted.entry(key) {
                    beside += place.key().len() + decoded(&value);
                    place.insert(value);
                }
            }
            local.push(document, beside)?;
        }
        let wanted = wanted.into_values().collect();
        let mut foreign = Held::new(ctx);
        let mut places: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for document in read(ctx, &self.from, &equality.filter(wanted))? {
            let document = document?;
            let mut beside = 0;
            for value in equality.foreign.values(&document) {
                let key = key::encoded(value.unwrap_or(View::Null));
                beside += key.len() + size_of::<Vec<usize>>();
                places.entry(key).or_default().push(foreign.len());
            }
            foreign.push(document, beside)?;
        }
        let foreign = Rc::new(foreign);
        Ok(Box::new(local.into_iter().map(move |document| {
            let document = document?;
            let values = equality.local_values(&document);
            let found = values.iter().filter_map(|it| places.get(&key::encoded(View::from(it)))).flatten();
            // In the order of the other collection, and each once.
            let found: BTreeSet<usize> = found.copied().collect();
            let foreign = Rc::clone(&foreign);
            let found: Documents = Box::new(found.into_iter().filter_map(move |it| foreign.get(it)));
            Ok((document, found))
        })))
    }

    fn run_pipeline<'a>(
        &'a self,
        equality: Option<&Equality>,
        pipeline: &'a Pipeline,
        document: &Document,
        ctx: &'a Context<'a>,
    ) -> Result<Documents<'a>> {
        let scope = ctx.scope(document);
        let bind = |(name, expression): &(String, Expression)| Ok((name.clone(), expression.value(&scope)?));
        let variables: Vec<(String, Value)> = self.bindings.iter().map(bind).collect::<Result<_>>()?;
        let filter = equality.map(|it| it.filter(it.local_values(document)));
        let inner = ctx.with_variables(variables);
        let wanted = foreign_filter(&pipeline.leading().filter, &inner)?;
        let filter = match filter {
            Some(equality) if wanted.is_empty() => equality,
            Some(equality) => doc! { "$and": [equality, wanted] },
            None => wanted,
        };
        if self.bindings.is_empty() {
            return flow_over(pipeline, &self.from, &filter, ctx);
        }
        // Variables do not outlive this document, so what depends on them is held.
        Ok(Held::of(flow_over(pipeline, &self.from, &filter, &inner)?, &inner)?.into_iter())
    }
}

impl Equality {
    /// Returns what the document is looked up by: the elements of an array, null for a missing field.
    fn local_values(&self, document: &Document) -> Vec<Bson> {
        let mut values = Vec::new();
        let mut nowhere = true;
        self.local.any(Fields::Owned(document), Leaf::Whole, &mut |reached| {
            nowhere = false;
            match reached.value {
                None => values.push(Bson::Null),
                Some(View::Array(items)) => values.extend(items.iter().map(Bson::from)),
                Some(value) => values.push(Bson::from(value)),
            }
            false
        });
        if nowhere {
            values.push(Bson::Null);
        }
        values
    }

    fn filter(&self, values: Vec<Bson>) -> Document {
        doc! { self.foreign.as_str(): { "$in": values } }
    }
}
