//! Operators of expressions: a file per family, each with the table of its names.

mod arithmetic;
mod array;
mod bits;
mod compare;
mod condition;
mod convert;
mod date;
mod fold;
pub(super) mod number;
mod object;
mod regex;
mod set;
mod string;
mod variable;

pub(super) use array::positive;
pub(super) use object::merge_into;

use bson::Bson;

use super::expression::{Expression, Names, Scope, Value};
use crate::docdb::{Error, Result};

/// How an operator reads its operand. Counts of arguments are the least and the most.
#[derive(Clone, Copy)]
enum Operator {
    /// Arguments by position, all evaluated first.
    Eager(usize, usize, fn(&[Value]) -> Result<Value>),
    /// Arguments by position, evaluated when the operator asks.
    Lazy(usize, usize, fn(&[Expression], &Scope) -> Result<Value>),
    /// Arguments by name: required ones, optional ones.
    Named(&'static [&'static str], &'static [&'static str], fn(&Named) -> Result<Value>),
    /// The operator parses its operand itself.
    Form(fn(&Bson, &Names) -> Result<Expression>),
}

type Table = &'static [(&'static str, Operator)];

const ANY: usize = usize::MAX;

const TABLES: [Table; 16] = [
    arithmetic::TABLE,
    array::TABLE,
    bits::TABLE,
    compare::TABLE,
    condition::TABLE,
    convert::TABLE,
    date::part::TABLE,
    date::parts::TABLE,
    date::span::TABLE,
    date::text::TABLE,
    fold::TABLE,
    object::TABLE,
    regex::TABLE,
    set::TABLE,
    string::TABLE,
    variable::TABLE,
];

/// Arguments by name, evaluated when asked for.
struct Named<'a> {
    given: &'a [(&'static str, Expression)],
    scope: &'a Scope<'a>,
}

impl Named<'_> {
    /// Returns the argument's value, `None` when it was not given.
    fn given(&self, name: &str) -> Result<Option<Value>> {
        let found = self.given.iter().find(|(it, _)| *it == name);
        found.map(|(_, expression)| expression.value(self.scope)).transpose()
    }

    /// Returns the argument's value, missing when it was not given.
    fn value(&self, name: &str) -> Result<Value> {
        Ok(self.given(name)?.flatten())
    }
}

/// Parses the application of an operator.
pub(super) fn parse(name: &str, operand: &Bson, names: &Names) -> Result<Expression> {
    let found = TABLES.iter().copied().flatten().find(|(it, _)| *it == name);
    let Some(&(name, operator)) = found else {
        return Err(Error::UnknownOperator { name: name.to_owned() });
    };
    match operator {
        Operator::Eager(least, most, run) => {
            let arguments = positional(name, operand, least..=most, names)?;
            Ok(Expression::new(move |scope| {
                let values = arguments.iter().map(|it| it.value(scope)).collect::<Result<Vec<_>>>()?;
                run(&values)
            }))
        }
        Operator::Lazy(least, most, run) => {
            let arguments = positional(name, operand, least..=most, names)?;
            Ok(Expression::new(move |scope| run(&arguments, scope)))
        }
        Operator::Named(required, optional, run) => {
            let given = named(name, operand, required, optional, names)?;
            Ok(Expression::new(move |scope| run(&Named { given: &given, scope })))
        }
        Operator::Form(parse) => parse(operand, names),
    }
}

/// Parses a list of arguments; a single argument needs no list.
fn positional(
    operator: &str,
    operand: &Bson,
    count: std::ops::RangeInclusive<usize>,
    names: &Names,
) -> Result<Vec<Expression>> {
    let sources = match operand {
        Bson::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    if !count.contains(&sources.len()) {
        let (least, most) = (count.start(), count.end());
        let wanted = match (least, *most) {
            (_, ANY) => format!("at least {least}"),
            (least, most) if *least == most => format!("exactly {least}"),
            (least, most) => format!("{least} to {most}"),
        };
        let message = format!("`{operator}` takes {wanted} arguments; {} were given", sources.len());
        return Err(Error::invalid(16020, message));
    }
    sources.iter().map(|it| Expression::parse_in(it, names)).collect()
}

/// Parses an object of arguments.
fn named(
    operator: &str,
    operand: &Bson,
    required: &[&'static str],
    optional: &[&'static str],
    names: &Names,
) -> Result<Vec<(&'static str, Expression)>> {
    let Bson::Document(sources) = operand else {
        return Err(Error::invalid(9, format!("`{operator}` takes an object of named arguments")));
    };
    let mut given = Vec::with_capacity(sources.len());
    for (name, source) in sources {
        let Some(known) = required.iter().chain(optional).copied().find(|it| it == name) else {
            return Err(Error::invalid(9, format!("`{operator}` has no argument `{name}`")));
        };
        given.push((known, Expression::parse_in(source, names)?));
    }
    match required.iter().copied().find(|it| !sources.contains_key(it)) {
        Some(absent) => Err(Error::invalid(9, format!("`{operator}` needs the argument `{absent}`"))),
        None => Ok(given),
    }
}

/// Names a value's type for messages, as `$type` does.
pub(super) fn type_name(value: &Value) -> &'static str {
    let Some(value) = value else { return "missing" };
    match value {
        Bson::Double(_) => "double",
        Bson::String(_) => "string",
        Bson::Document(_) => "object",
        Bson::Array(_) => "array",
        Bson::Binary(_) => "binData",
        Bson::Undefined => "undefined",
        Bson::ObjectId(_) => "objectId",
        Bson::Boolean(_) => "bool",
        Bson::DateTime(_) => "date",
        Bson::Null => "null",
        Bson::RegularExpression(_) => "regex",
        Bson::DbPointer(_) => "dbPointer",
        Bson::JavaScriptCode(_) => "javascript",
        Bson::Symbol(_) => "symbol",
        Bson::JavaScriptCodeWithScope(_) => "javascriptWithScope",
        Bson::Int32(_) => "int",
        Bson::Timestamp(_) => "timestamp",
        Bson::Int64(_) => "long",
        Bson::Decimal128(_) => "decimal",
        Bson::MinKey => "minKey",
        Bson::MaxKey => "maxKey",
    }
}

/// The error for an operand of the wrong type.
fn wrong_type(code: i32, operator: &str, wants: &str, found: &Value) -> Error {
    Error::invalid(code, format!("`{operator}` takes {wants}, not {}", type_name(found)))
}

#[cfg(test)]
mod tests {
    use bson::{DateTime, Document, doc};

    use super::super::random::Random;
    use super::*;

    /// Values at the edges of their types; the first stands for a missing field.
    fn edges() -> Vec<Bson> {
        let literal = |it: Bson| Bson::Document(doc! { "$literal": it });
        let dates = [i64::MIN, -377_705_116_800_001, -1, 253_402_207_200_000, i64::MAX];
        let numbers = [f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 1e308, -0.5, 2.5];
        let texts = ["", "中a", "day", "int", "+99:99", "%Y%", "(", "month"];
        let mut all = vec![Bson::from("$missing"), Bson::Null, Bson::MinKey, Bson::Boolean(true)];
        all.extend([i32::MIN, -1, 0, 1, 3, i32::MAX].map(Bson::Int32));
        all.extend([i64::MIN, i64::MAX].map(Bson::Int64));
        all.extend(numbers.map(Bson::Double));
        all.extend(texts.map(Bson::from));
        all.extend(dates.map(|it| Bson::DateTime(DateTime::from_millis(it))));
        all.push(literal(Bson::Array(Vec::new())));
        all.push(literal(Bson::from(vec![Bson::Int32(1), Bson::Null, Bson::from("a")])));
        all.push(literal(Bson::Document(doc! { "k": "a", "v": 1 })));
        all
    }

    fn pick(random: &mut Random, values: &[Bson]) -> Bson {
        values.get(random.below(values.len())).cloned().unwrap_or(Bson::Null)
    }

    #[test]
    fn no_operand_makes_an_operator_panic() {
        let edges = edges();
        let whole: Vec<_> = edges.iter().filter(|it| matches!(it, Bson::Int32(_))).cloned().collect();
        let mut random = Random::new(1);
        for (name, operator) in TABLES.iter().copied().flatten() {
            for round in 0..300 {
                // Operators with many arguments take no notice of edges behind a wrong type.
                let values = if round % 2 == 0 { &edges } else { &whole };
                let operand = match operator {
                    Operator::Eager(least, most, _) | Operator::Lazy(least, most, _) => {
                        let count = *most.min(&(least + 2));
                        Bson::Array((0..count).map(|_| pick(&mut random, values)).collect())
                    }
                    Operator::Named(required, optional, _) => {
                        let given = required.iter().chain(optional.iter().filter(|_| random.below(2) == 0));
                        let given: Vec<_> = given.map(|it| (*it).to_owned()).collect();
                        let operand = given.into_iter().map(|it| (it, pick(&mut random, values)));
                        Bson::Document(operand.collect::<Document>())
                    }
                    Operator::Form(_) => pick(&mut random, values),
                };
                // Whether it is an answer or an error is for other tests.
                if let Ok(expression) = parse(name, &operand, &Names::default()) {
                    let _ = expression.evaluate(&Document::new(), DateTime::from_millis(0));
                }
            }
        }
    }
}
