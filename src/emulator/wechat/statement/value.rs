//! What an expression means: data, or commands that stand in its place. The words are those of `db`, `db.command` (`_`) and
//! its `aggregate` (`$`).

use bson::{Bson, DateTime, Document, Regex};

use super::read::{Chain, Expression, Step};
use super::{Malformed, Result, stages, wrong};
use crate::model::clock::Millis;
use crate::model::wall;

/// The largest whole number of JavaScript that the SDKs send as an integer of 32 bits.
const WHOLE: std::ops::RangeInclusive<f64> = (i32::MIN as f64)..=(i32::MAX as f64);

/// A value that may hold commands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Plain(Bson),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
    /// `_.gt(1).and(…)`: names and operands.
    Command(Vec<(String, Vec<Value>)>),
}

impl Value {
    /// Returns data.
    ///
    /// # Errors
    /// A command is in it.
    pub fn into_bson(self) -> Result<Bson> {
        Ok(match self {
            Value::Plain(bson) => bson,
            Value::Array(items) => {
                Bson::Array(items.into_iter().map(Value::into_bson).collect::<Result<_>>()?)
            }
            Value::Object(fields) => Bson::Document(document(fields)?),
            Value::Command(steps) => {
                let name = steps.first().map_or("", |(name, _)| name);
                return Err(wrong(format_args!("`_.{name}` cannot stand where data should")));
            }
        })
    }

    pub fn into_document(self) -> Result<Document> {
        match self.into_bson()? {
            Bson::Document(document) => Ok(document),
            _ => Err(wrong("an object should stand here")),
        }
    }
}

pub(super) fn document(fields: Vec<(String, Value)>) -> Result<Document> {
    fields.into_iter().map(|(name, value)| Ok((name, value.into_bson()?))).collect()
}

/// Returns what an expression means.
pub(super) fn evaluate(expression: Expression, now: Millis) -> Result<Value> {
    Ok(match expression {
        Expression::Null => Value::Plain(Bson::Null),
        Expression::Bool(it) => Value::Plain(Bson::Boolean(it)),
        Expression::Number(it) => Value::Plain(number(it)),
        Expression::Text(it) => Value::Plain(Bson::String(it)),
        Expression::Pattern { pattern, options } => Value::Plain(regex(pattern, options)?),
        Expression::Array(items) => Value::Array(all(items, now)?),
        Expression::Object(fields) => {
            let fields = fields.into_iter().map(|(name, it)| Ok((name, evaluate(it, now)?)));
            Value::Object(fields.collect::<Result<_>>()?)
        }
        Expression::Chain(chain) => chained(chain, now)?,
    })
}

pub(super) fn all(expressions: Vec<Expression>, now: Millis) -> Result<Vec<Value>> {
    expressions.into_iter().map(|it| evaluate(it, now)).collect()
}

pub(super) fn number(number: f64) -> Bson {
    if number.fract() == 0.0 && WHOLE.contains(&number) && !(number == 0.0 && number.is_sign_negative()) {
        return Bson::Int32(number as i32);
    }
    Bson::Double(number)
}

fn regex(pattern: String, options: String) -> Result<Bson> {
    // `g`, `u` and `y` say how to go on searching; a database does not.
    let options: String = options.chars().filter(|it| !"guyd".contains(*it)).collect();
    let part = |text: String| text.as_str().try_into().map_err(|_| wrong("a pattern holds no zero bytes"));
    Ok(Bson::RegularExpression(Regex { pattern: part(pattern)?, options: part(options)? }))
}

fn chained(chain: Chain, now: Millis) -> Result<Value> {
    let Chain { root, steps } = chain;
    let mut steps = steps.into_iter().peekable();
    let is_next =
        |step: Option<&Step>, name: &str| step.is_some_and(|it| it.name == name && it.arguments.is_none());
    match root.as_str() {
        "Date" => date(steps.collect(), now),
        "RegExp" => match steps.next().map(|step| (step.name, step.arguments)) {
            Some((name, Some(arguments))) if name.is_empty() => pattern_of(all(arguments, now)?),
            _ => Err(wrong("`RegExp` takes a pattern and options")),
        },
        "db" if is_next(steps.peek(), "command") => {
            steps.next();
            command(steps.collect(), now)
        }
        "db" => of_database(steps.collect(), now),
        "_" => command(steps.collect(), now),
        "$" => stages::operator(steps.collect(), now),
        other => Err(wrong(format_args!("`{other}` is not known; there are `db`, `_` and `$`"))),
    }
}

/// Reads what follows `_`.
fn command(steps: Vec<Step>, now: Millis) -> Result<Value> {
    let mut steps = steps.into_iter();
    let mut commands = Vec::new();
    let mut next = steps.next();
    if next.as_ref().is_some_and(|step| step.name == "aggregate" && step.arguments.is_none()) {
        return stages::operator(steps.collect(), now);
    }
    while let Some(Step { name, arguments }) = next {
        let arguments = arguments.ok_or_else(|| wrong(format_args!("`_.{name}` is not called")))?;
        commands.push((name, all(arguments, now)?));
        next = steps.next();
    }
    match commands.is_empty() {
        true => Err(wrong("`_` alone is no command")),
        false => Ok(Value::Command(commands)),
    }
}

fn date(steps: Vec<Step>, now: Millis) -> Result<Value> {
    let mut steps = steps.into_iter();
    let (first, then) = (steps.next(), steps.next());
    let (name, arguments) = first.map_or((String::new(), None), |step| (step.name, step.arguments));
    let mut arguments = all(arguments.unwrap_or_default(), now)?.into_iter();
    let time = match (name.as_str(), arguments.next()) {
        ("", None) => now,
        ("now", None) => return Ok(Value::Plain(Bson::Double(now as f64))),
        ("", Some(Value::Plain(Bson::Int32(time)))) => time.into(),
        ("", Some(Value::Plain(Bson::Double(time)))) => time as Millis,
        ("", Some(Value::Plain(Bson::String(text)))) => wall::read(&text)
            .or_else(|| instant(&text))
            .ok_or_else(|| wrong(format_args!("`{text}` is no time")))?,
        _ => return Err(wrong("`Date` takes nothing, milliseconds or a text")),
    };
    if arguments.next().is_some() {
        return Err(wrong("`Date` takes one argument here"));
    }
    match then.map(|step| step.name).as_deref() {
        None => Ok(Value::Plain(Bson::DateTime(DateTime::from_millis(time)))),
        Some("getTime" | "valueOf") => Ok(Value::Plain(Bson::Double(time as f64))),
        Some(other) => Err(wrong(format_args!("`{other}` of a date is not known here"))),
    }
}

/// Reads a time with its offset, or a bare day, which is UTC.
fn instant(text: &str) -> Option<Millis> {
    let timestamp = text.parse::<jiff::Timestamp>().ok();
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    timestamp.map(|it| it.as_millisecond()).or_else(|| Some(day()?.timestamp().as_millisecond()))
}

fn of_database(steps: Vec<Step>, now: Millis) -> Result<Value> {
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let name = names.join(".");
    let arguments = steps.into_iter().next_back().and_then(|step| step.arguments);
    let arguments = arguments.ok_or_else(|| wrong(format_args!("`db.{name}` is not called")))?;
    let arguments = all(arguments, now)?;
    match name.as_str() {
        "serverDate" => {
            let offset = match arguments.into_iter().next() {
                Some(options) => offset_of(&options.into_document()?),
                None => 0,
            };
            Ok(Value::Plain(Bson::DateTime(DateTime::from_millis(now.saturating_add(offset)))))
        }
        "RegExp" => {
            let [Value::Object(_)] = arguments.as_slice() else {
                return Err(wrong("`db.RegExp` takes an object with `regexp` and `options`"));
            };
            let options =
                arguments.into_iter().next().map_or_else(|| Ok(Document::new()), Value::into_document)?;
            let text = |name: &str| options.get_str(name).unwrap_or_default().to_owned();
            Ok(Value::Plain(regex(text("regexp"), text("options"))?))
        }
        _ => match name.strip_prefix("Geo.") {
            Some(kind) => place(kind, arguments),
            None => Err(wrong(format_args!("`db.{name}` cannot stand where a value should"))),
        },
    }
}

fn offset_of(options: &Document) -> Millis {
    match options.get("offset") {
        Some(Bson::Int32(offset)) => (*offset).into(),
        Some(Bson::Double(offset)) => *offset as Millis,
        _ => 0,
    }
}

fn pattern_of(arguments: Vec<Value>) -> Result<Value> {
    let mut texts = arguments.into_iter().map(|it| match it {
        Value::Plain(Bson::String(text)) => Ok(text),
        _ => Err(wrong("`RegExp` takes texts")),
    });
    let pattern = texts.next().transpose()?.unwrap_or_default();
    Ok(Value::Plain(regex(pattern, texts.next().transpose()?.unwrap_or_default())?))
}

/// Makes a place: `Point(longitude, latitude)`, and lists of places for the others.
fn place(kind: &str, arguments: Vec<Value>) -> Result<Value> {
    let values = arguments.into_iter().map(Value::into_bson).collect::<Result<Vec<_>>>()?;
    let coordinates = match (kind, values.as_slice()) {
        ("Point", [_, _]) => Bson::Array(values),
        (
            "LineString" | "Polygon" | "MultiPoint" | "MultiLineString" | "MultiPolygon",
            [Bson::Array(parts)],
        ) => {
            let parts = parts.iter().map(|part| match part {
                Bson::Document(part) => part.get("coordinates").cloned().unwrap_or(Bson::Null),
                other => other.clone(),
            });
            Bson::Array(parts.collect())
        }
        _ => return Err(wrong(format_args!("`db.Geo.{kind}` is not made of that"))),
    };
    // Plain, so that it is one value and its fields are not taken for a document's.
    Ok(Value::Plain(Bson::Document(bson::doc! { "type": kind, "coordinates": coordinates })))
}

/// Says where a command does not fit.
pub(super) fn misplaced(name: &str) -> Malformed {
    wrong(format_args!("`_.{name}` does not fit here"))
}
