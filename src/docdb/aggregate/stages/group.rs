//! Grouping: group, count, sortByCount. Groups come in the order of their first documents.

use std::collections::HashMap;

use bson::{Bson, Document, doc};

use super::{Documents, Stage, object};
use crate::docdb::aggregate::Context;
use crate::docdb::aggregate::accumulators::{Output, Row};
use crate::docdb::aggregate::expression::{Expression, Names};
use crate::docdb::aggregate::memory::{Memory, decoded};
use crate::docdb::key;
use crate::docdb::{Error, Result};

/// Bytes that a group takes besides its key and its accumulators: its places in the table and in the list.
const GROUP_SIZE: usize = 96;

struct Group {
    id: Expression,
    output: Output,
}

pub(super) fn parse(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    let fields = object("$group", 15947, specification, &[])?;
    let id = fields.get("_id").ok_or_else(|| Error::invalid(15955, "`$group` needs an `_id`"))?;
    Ok(Box::new(Group {
        id: Expression::parse_in(id, names)?,
        output: Output::parse(fields.iter().filter(|(name, _)| *name != "_id"), names)?,
    }))
}

impl Group {
    fn groups<'a>(
        &'a self,
        input: Documents,
        ctx: &Context,
    ) -> Result<impl Iterator<Item = Document> + use<'a>> {
        let mut memory = Memory::new(ctx);
        let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut groups: Vec<(Bson, Row)> = Vec::new();
        for document in input {
            let document = document?;
            let scope = ctx.scope(&document);
            let id = self.id.value(&scope)?.unwrap_or(Bson::Null);
            let mut bytes = Vec::new();
            key::encode(&id, false, &mut bytes);
            let place = match places.get(&bytes) {
                Some(place) => *place,
                None => {
                    memory.hold(bytes.len() + decoded(&id) + GROUP_SIZE + self.output.size())?;
                    places.insert(bytes, groups.len());
                    groups.push((id, self.output.start()));
                    groups.len() - 1
                }
            };
            if let Some((_, row)) = groups.get_mut(place) {
                self.output.add(row, &scope, &mut memory)?;
            }
        }
        Ok(groups.into_iter().map(|(id, row)| {
            let mut document = doc! { "_id": id };
            self.output.finish(row, &mut document);
            document
        }))
    }
}

impl Stage for Group {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        Ok(Box::new(self.groups(input, ctx)?.map(Ok)))
    }
}

struct SortByCount(Group);

pub(super) fn parse_sort_by_count(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    let expression = match specification {
        Bson::String(it) => it.starts_with('$'),
        Bson::Document(it) => it.keys().any(|it| it.starts_with('$')),
        _ => false,
    };
    if !expression {
        return Err(Error::invalid(40149, "`$sortByCount` takes a field path or an expression"));
    }
    let id = Expression::parse_in(specification, names)?;
    Ok(Box::new(SortByCount(Group { id, output: Output::count()? })))
}

impl Stage for SortByCount {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        let mut groups: Vec<_> = self.0.groups(input, ctx)?.collect();
        groups.sort_by_key(|it| std::cmp::Reverse(it.get("count").and_then(super::integer_of)));
        Ok(Box::new(groups.into_iter().map(Ok)))
    }
}

struct Count(String);

pub(super) fn parse_count(specification: &Bson, _names: &Names) -> Result<Box<dyn Stage>> {
    match specification {
        Bson::String(name) if name.is_empty() => {
            Err(Error::invalid(40156, "the field of `$count` needs a name"))
        }
        Bson::String(name) if name.starts_with('$') => {
            Err(Error::invalid(40158, "the field of `$count` may not begin with `$`"))
        }
        Bson::String(name) if name.contains(['.', '\0']) => {
            Err(Error::invalid(40160, "the field of `$count` may have no dot"))
        }
        Bson::String(name) => Ok(Box::new(Count(name.clone()))),
        _ => Err(Error::invalid(40156, "`$count` takes the name of a field")),
    }
}

impl Stage for Count {
    /// Nothing to count gives no document.
    fn run<'a>(&'a self, mut input: Documents<'a>, _ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        let count = input.try_fold(0_i64, |count, document| document.map(|_| count + 1))?;
        let count = i32::try_from(count).map_or(Bson::Int64(count), Bson::Int32);
        let document = doc! { self.0.clone(): count.clone() };
        let some = count != Bson::Int32(0);
        Ok(Box::new(some.then_some(Ok(document)).into_iter()))
    }
}
