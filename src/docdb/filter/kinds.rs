//! `$type`: BSON's type numbers and their names.

use bson::Bson;

use crate::docdb::value::number::whole;
use crate::docdb::value::view::View;
use crate::docdb::{Error, Result};

/// Every type as (number, name).
const KINDS: [(i64, &str); 21] = [
    (1, "double"),
    (2, "string"),
    (3, "object"),
    (4, "array"),
    (5, "binData"),
    (6, "undefined"),
    (7, "objectId"),
    (8, "bool"),
    (9, "date"),
    (10, "null"),
    (11, "regex"),
    (12, "dbPointer"),
    (13, "javascript"),
    (14, "symbol"),
    (15, "javascriptWithScope"),
    (16, "int"),
    (17, "timestamp"),
    (18, "long"),
    (19, "decimal"),
    (-1, "minKey"),
    (127, "maxKey"),
];

/// The numbers of double, int, long and decimal: the type `number`.
const NUMBERS: [i64; 4] = [1, 16, 18, 19];

/// A set of types, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kinds(Vec<i64>);

impl Kinds {
    /// Parses one type or a list of them.
    ///
    /// # Errors
    /// BadValue (2): an unknown name or number.
    pub fn parse(operand: &Bson) -> Result<Self> {
        match operand {
            Bson::Array(items) if !items.is_empty() => {
                let kinds = items.iter().map(numbers).collect::<Result<Vec<_>>>()?;
                Ok(Self(kinds.concat()))
            }
            _ => Ok(Self(numbers(operand)?)),
        }
    }

    pub fn contains(&self, value: View<'_>) -> bool {
        self.0.contains(&number(value))
    }
}

fn numbers(operand: &Bson) -> Result<Vec<i64>> {
    match operand {
        Bson::String(name) if name == "number" => Ok(NUMBERS.to_vec()),
        _ => type_number(operand).map(|it| vec![it]),
    }
}

/// Returns the number of a type that is given by its name or number.
///
/// # Errors
/// BadValue (2): no type has it.
pub fn type_number(operand: &Bson) -> Result<i64> {
    let found = match operand {
        Bson::String(name) => KINDS.iter().find(|(_, it)| it == name),
        _ => whole(operand.into()).and_then(|number| KINDS.iter().find(|(it, _)| *it == number)),
    };
    let unknown = || Error::invalid(2, format!("unknown type name or number: {operand}"));
    found.map(|(number, _)| *number).ok_or_else(unknown)
}

fn number(value: View<'_>) -> i64 {
    match value {
        View::Double(_) => 1,
        View::String(_) => 2,
        View::Document(_) => 3,
        View::Array(_) => 4,
        View::Binary { .. } => 5,
        View::Undefined => 6,
        View::ObjectId(_) => 7,
        View::Boolean(_) => 8,
        View::Date(_) => 9,
        View::Null => 10,
        View::Regex { .. } => 11,
        View::DbPointer => 12,
        View::Code(_) => 13,
        View::CodeWithScope { .. } => 15,
        View::Int32(_) => 16,
        View::Timestamp { .. } => 17,
        View::Int64(_) => 18,
        View::Decimal(_) => 19,
        View::MinKey => -1,
        View::MaxKey => 127,
    }
}
