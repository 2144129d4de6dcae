//! Accumulators: what `$group` and the bucket stages make of many values.

mod collect;
mod extreme;
mod position;
mod ranked;
mod statistics;

use bson::{Bson, Document};

use super::expression::{Expression, Names, Scope, Value};
use super::memory::Memory;
use crate::docdb::{Error, Result};

/// The state of one accumulator in one group.
pub(super) trait Accumulate {
    fn add(&mut self, value: Value) -> Result<()>;
    fn finish(self: Box<Self>) -> Bson;

    /// Returns how many bytes more are held once a value is added.
    fn holds(&self, _value: &Bson) -> usize {
        0
    }
}

/// Bytes of one accumulator's state and of its box.
const STATE: usize = 64;

type Create = fn() -> Box<dyn Accumulate>;
type Table = &'static [(&'static str, Create)];

const TABLES: [Table; 5] =
    [collect::TABLE, extreme::TABLE, position::TABLE, ranked::TABLE, statistics::TABLE];

/// Returns the maker of an accumulator's states.
pub(super) fn find(name: &str) -> Result<Create> {
    let found = TABLES.iter().copied().flatten().find(|(it, _)| *it == name);
    found.map(|(_, create)| *create).ok_or_else(|| Error::UnknownOperator { name: name.to_owned() })
}

/// The accumulated fields of a group.
#[derive(Debug)]
pub(super) struct Output(Vec<Field>);

#[derive(Debug)]
struct Field {
    name: String,
    create: Create,
    argument: Expression,
}

/// The states of one group.
pub(super) struct Row(Vec<Box<dyn Accumulate>>);

impl Output {
    /// Parses `{ field: { $accumulator: expression }, … }`.
    pub(super) fn parse<'d>(
        fields: impl IntoIterator<Item = (&'d String, &'d Bson)>,
        names: &Names,
    ) -> Result<Self> {
        let fields = fields.into_iter().map(|(name, source)| Field::parse(name, source, names));
        Ok(Self(fields.collect::<Result<_>>()?))
    }

    /// Returns a single field that counts.
    pub(super) fn count() -> Result<Self> {
        let argument = Expression::literal(Bson::Int32(1));
        Ok(Self(vec![Field { name: "count".to_owned(), create: find("$sum")?, argument }]))
    }

    /// Returns the bytes of the states of one group before they hold anything.
    pub(super) fn size(&self) -> usize {
        self.0.len() * STATE
    }

    pub(super) fn start(&self) -> Row {
        Row(self.0.iter().map(|it| (it.create)()).collect())
    }

    pub(super) fn add(&self, row: &mut Row, scope: &Scope, memory: &mut Memory) -> Result<()> {
        for (field, state) in self.0.iter().zip(&mut row.0) {
            let value = field.argument.value(scope)?;
            if let Some(value) = &value {
                memory.hold(state.holds(value))?;
            }
            state.add(value)?;
        }
        Ok(())
    }

    /// Appends the results to the document of the group.
    pub(super) fn finish(&self, row: Row, document: &mut Document) {
        for (field, state) in self.0.iter().zip(row.0) {
            document.insert(field.name.clone(), state.finish());
        }
    }
}

impl Field {
    fn parse(name: &str, source: &Bson, names: &Names) -> Result<Self> {
        if name.is_empty() || name.contains('.') || name.starts_with('$') {
            return Err(Error::invalid(
                40235,
                format!("`{name}` cannot be the name of an accumulated field"),
            ));
        }
        let Bson::Document(source) = source else {
            return Err(Error::invalid(40234, format!("the field `{name}` must be an accumulator object")));
        };
        let mut operators = source.iter();
        let (Some((operator, argument)), None) = (operators.next(), operators.next()) else {
            return Err(Error::invalid(40238, format!("the field `{name}` must name one accumulator")));
        };
        let create = find(operator)?;
        let argument = match (operator.as_str(), argument) {
            ("$count", Bson::Document(it)) if it.is_empty() => Expression::literal(Bson::Int32(1)),
            ("$count", _) => return Err(Error::invalid(14, "`$count` takes an empty object")),
            _ => match ranked::argument(operator, argument, names)? {
                Some(rows) => rows,
                None => Expression::parse_in(argument, names)?,
            },
        };
        Ok(Self { name: name.to_owned(), create, argument })
    }
}
