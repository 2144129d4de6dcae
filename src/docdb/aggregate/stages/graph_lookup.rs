//! `$graphLookup`: documents of another collection, followed from one to the next.

use std::collections::HashSet;

use bson::{Bson, Document, doc};

use super::lookup::read;
use super::{Documents, Stage, object, required_text, text, whole};
use crate::docdb::aggregate::expression::{Expression, Names};
use crate::docdb::aggregate::memory::{Memory, decoded_document};
use crate::docdb::aggregate::{Context, path};
use crate::docdb::key;
use crate::docdb::value::path::{FieldPath, Leaf};
use crate::docdb::value::view::{Fields, View};
use crate::docdb::{Error, Result};

const NAME: &str = "$graphLookup";

struct GraphLookup {
    from: String,
    start: Expression,
    connect_from: FieldPath,
    connect_to: String,
    into: Vec<String>,
    most_depth: u64,
    depth: Option<Vec<String>>,
    restrict: Document,
}

pub(super) fn parse(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    let known = [
        "from",
        "startWith",
        "connectFromField",
        "connectToField",
        "as",
        "maxDepth",
        "depthField",
        "restrictSearchWithMatch",
    ];
    let fields = object(NAME, 40327, specification, &known)?;
    let start =
        fields.get("startWith").ok_or_else(|| Error::invalid(40105, "`$graphLookup` needs `startWith`"))?;
    let malformed = |what: &str| Error::invalid(40100, format!("{what} of `$graphLookup`"));
    let most_depth = match fields.get("maxDepth") {
        None => u64::MAX,
        Some(depth) => {
            whole(depth).ok_or_else(|| malformed("a number below zero, or no number, as `maxDepth`"))?
        }
    };
    let restrict = match fields.get("restrictSearchWithMatch") {
        None => Document::new(),
        Some(Bson::Document(filter)) => filter.clone(),
        Some(_) => return Err(malformed("no object as `restrictSearchWithMatch`")),
    };
    Ok(Box::new(GraphLookup {
        from: required_text(NAME, fields, "from")?.to_owned(),
        start: Expression::parse_in(start, names)?,
        connect_from: FieldPath::parse(required_text(NAME, fields, "connectFromField")?)?,
        connect_to: required_text(NAME, fields, "connectToField")?.to_owned(),
        into: path::parse(NAME, required_text(NAME, fields, "as")?)?,
        most_depth,
        depth: text(NAME, fields, "depthField")?.map(|it| path::parse(NAME, it)).transpose()?,
        restrict,
    }))
}

impl GraphLookup {
    /// Returns all documents that can be reached, nearest first.
    fn reach(&self, document: &Document, ctx: &Context) -> Result<Vec<Document>> {
        let mut memory = Memory::new(ctx);
        let mut frontier = match self.start.value(&ctx.scope(document))? {
            None => vec![Bson::Null],
            Some(Bson::Array(items)) => items,
            Some(value) => vec![value],
        };
        let (mut seen_values, mut seen_ids) = (HashSet::new(), HashSet::new());
        let mut reached = Vec::new();
        for depth in 0..=self.most_depth {
            frontier.retain(|it| seen_values.insert(key::encoded(View::from(it))));
            if frontier.is_empty() {
                break;
            }
            let wanted = std::mem::take(&mut frontier);
            for found in read(ctx, &self.from, &self.filter(wanted))? {
                let mut found = found?;
                let id = found.get("_id").map_or_else(Vec::new, |it| key::encoded(View::from(it)));
                if !seen_ids.insert(id) {
                    continue;
                }
                frontier.extend(self.next_values(&found));
                memory.hold(decoded_document(&found))?;
                if let Some(path) = &self.depth {
                    path::set(&mut found, path, Bson::Int64(i64::try_from(depth).unwrap_or(i64::MAX)));
                }
                reached.push(found);
            }
        }
        Ok(reached)
    }

    fn filter(&self, wanted: Vec<Bson>) -> Document {
        let connected = doc! { self.connect_to.clone(): { "$in": wanted } };
        match self.restrict.is_empty() {
            true => connected,
            false => doc! { "$and": [connected, self.restrict.clone()] },
        }
    }

    /// Returns where a document leads; a missing field leads nowhere.
    fn next_values(&self, document: &Document) -> Vec<Bson> {
        let mut values = Vec::new();
        self.connect_from.any(Fields::Owned(document), Leaf::Whole, &mut |reached| {
            match reached.value {
                None => {}
                Some(View::Array(items)) => values.extend(items.iter().map(Bson::from)),
                Some(value) => values.push(Bson::from(value)),
            }
            false
        });
        values
    }
}

impl Stage for GraphLookup {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        Ok(Box::new(input.map(move |document| {
            let mut document = document?;
            let reached = self.reach(&document, ctx)?;
            path::set(&mut document, &self.into, Bson::from(reached));
            Ok(document)
        })))
    }
}
