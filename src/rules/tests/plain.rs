//! Rules made at random, with a judge of their own: what a rule plainly means for one document. It shares no code with the
//! engine's decision.

use std::cmp::Ordering;

use bson::{Bson, Document, doc};

use crate::docdb::cases::number;
use crate::docdb::value::{Class, compare};

/// Numbers that follow from a seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    pub fn list<T>(&mut self, most: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| item(self)).collect()
    }
}

/// A part of a rule.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Literal(Bson),
    List(Vec<Part>),
    Template(Vec<Part>),
    Sum(Box<Part>, Box<Part>),
    Now,
    Auth(&'static str),
    Data(&'static str),
    Doc(Vec<Step>),
    Get(&'static str, Box<Part>, &'static str),
    Not(Box<Part>),
    And(Box<Part>, Box<Part>),
    Or(Box<Part>, Box<Part>),
    Compare(&'static str, Box<Part>, Box<Part>),
    In(Box<Part>, Box<Part>),
}

/// A step of a path below `doc`.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Name(&'static str),
    Position(usize),
    /// `[…]`
    Computed(Part),
}

/// A condition that a rule may want: path, sign, value.
pub(crate) type Hint = (String, &'static str, Bson);

const NAMES: [&str; 8] = ["x", "y", "z", "o", "k", "m", "_openid", "x"];
const SIGNS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse().expect("a number"))
}

fn time(millis: i64) -> Bson {
    Bson::DateTime(bson::DateTime::from_millis(millis))
}

pub(crate) const NOW: i64 = 2;

impl Dice {
    /// A value that a rule can write.
    pub fn literal(&mut self) -> Bson {
        match self.below(12) {
            0 => Bson::Null,
            1 => Bson::Undefined,
            2 => Bson::Boolean(self.one_in(2)),
            3 => Bson::Double(self.pick(&[0.5, 1.5, 9_007_199_254_740_992.0])),
            4..=6 => Bson::String((self.pick(&["a", "b", "", "alice", "x", "1"])).to_owned()),
            _ => Bson::Int32(self.pick(&[0, 1, 2, 3, -1])),
        }
    }

    /// A value that is no list and no object.
    pub fn scalar(&mut self) -> Bson {
        if !self.one_in(3) {
            return self.literal();
        }
        match self.below(26) {
            0 => Bson::Int64(1),
            1 => Bson::Int64((1 << 53) + 1),
            2 => Bson::Double(f64::NAN),
            3 => Bson::Double(-0.0),
            4 => Bson::Double(f64::INFINITY),
            5 => decimal("1"),
            6 => decimal("1.00000000000000000001"),
            7 => decimal("NaN"),
            8 => decimal("-0"),
            9 => decimal("0.5"),
            10 => time(0),
            11 => time(1),
            12 => time(2),
            13 => Bson::Symbol("a".into()),
            14 => Bson::Symbol(String::new()),
            15 => Bson::MinKey,
            16 => Bson::MaxKey,
            17 => Bson::ObjectId([7; 12].into()),
            18 => Bson::ObjectId([8; 12].into()),
            19 => Bson::Timestamp(bson::Timestamp { time: 1, increment: 0 }),
            20 => Bson::Binary(bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1] }),
            21 => Bson::JavaScriptCode("a".into()),
            22 => Bson::String("bob".into()),
            23 => Bson::String("s1".into()),
            24 => Bson::String("A".into()),
            _ => Bson::Double(1.0),
        }
    }

    /// Any value.
    pub fn value(&mut self, depth: usize) -> Bson {
        match self.below(8) {
            0 if depth > 0 => Bson::Array(self.list(3, |dice| dice.value(depth - 1))),
            1 if depth > 0 => Bson::Document(self.object(depth - 1)),
            _ => self.scalar(),
        }
    }

    pub fn object(&mut self, depth: usize) -> Document {
        self.list(3, |dice| ((dice.pick(&["x", "y", "k", "0", "length"])).to_owned(), dice.value(depth)))
            .into_iter()
            .collect()
    }

    /// A stored document, often with what a rule wants.
    pub fn document_near(&mut self, hints: &[Hint]) -> Document {
        let mut document = self.document();
        for _ in 0..self.below(3) {
            let Some((path, _, value)) = (!hints.is_empty()).then(|| self.pick(hints)) else { break };
            match path.split_once('.') {
                // Documents have no such fields.
                _ if path.split('.').any(|step| step.is_empty() || step.starts_with('$')) => {}
                None => drop(document.insert(path, value)),
                Some((first, rest)) => drop(document.insert(first, doc! { rest: value })),
            }
        }
        document
    }

    /// Whoever asks.
    pub fn caller(&mut self) -> Option<Document> {
        match self.below(5) {
            0 => None,
            1 => Some(doc! { "uid": "alice", "loginType": "ANONYMOUS" }),
            2 => Some(doc! { "uid": "u", "openid": "alice" }),
            _ => Some(doc! { "openid": "alice" }),
        }
    }

    fn document(&mut self) -> Document {
        let mut document = Document::from_iter(self.list(6, |dice| {
            let name = (dice.pick(&["x", "y", "z", "k", "m", "o", "x", "y"])).to_owned();
            let value = match name.as_str() {
                "o" if !dice.one_in(3) => Bson::Document(dice.object(1)),
                "k" if dice.one_in(2) => Bson::String((dice.pick(&["x", "o", "y", "s1"])).to_owned()),
                "m" if dice.one_in(2) => Bson::Array(dice.list(3, |dice| dice.scalar())),
                _ => dice.value(2),
            };
            (name, value)
        }));
        match self.below(6) {
            0 => {}
            1 => drop(document.insert("_openid", Bson::Null)),
            2..=3 => drop(document.insert("_openid", "alice")),
            4 => drop(document.insert("_openid", "bob")),
            _ => drop(document.insert("_openid", self.value(1))),
        }
        document
    }

    fn path(&mut self) -> Part {
        let mut steps = vec![Step::Name(self.pick(&NAMES))];
        while self.one_in(3) && steps.len() < 3 {
            steps.push(match self.below(8) {
                0..=3 => Step::Name(self.pick(&["x", "y", "k", "length"])),
                4 | 5 => Step::Position(self.below(2)),
                6 => Step::Computed(Part::Literal(Bson::String(
                    (self.pick(&["x", "0", "y", "o.x", "x.y", "", "$x"])).to_owned(),
                ))),
                _ => Step::Computed(self.operand(0)),
            });
        }
        if self.one_in(24) {
            let name = Step::Computed(self.operand(0));
            steps[0] = name;
        }
        Part::Doc(steps)
    }

    fn operand(&mut self, depth: usize) -> Part {
        let deeper = depth.saturating_sub(1);
        match self.below(20) {
            0..=5 => self.path(),
            6..=11 => Part::Literal(self.literal()),
            12 | 13 => Part::Auth(self.pick(&["openid", "uid", "loginType", "openid"])),
            14 => Part::Now,
            15 if depth > 0 => Part::List(self.list(3, |dice| dice.operand(deeper))),
            16 if depth > 0 => Part::Template(self.list(3, |dice| dice.operand(deeper))),
            17 if depth > 0 => Part::Sum(Box::new(self.operand(deeper)), Box::new(self.operand(deeper))),
            18 if depth > 0 => Part::Get(
                self.pick(&["shops", "rooms"]),
                Box::new(self.operand(0)),
                self.pick(&["owners", "owner", "n", "none", "o"]),
            ),
            19 if depth > 0 => match self.one_in(2) {
                true => self.part(deeper),
                false => Part::Data(self.pick(&["x", "y"])),
            },
            _ => self.path(),
        }
    }

    /// A rule, or a part of one.
    pub fn part(&mut self, depth: usize) -> Part {
        let two = |dice: &mut Self| (Box::new(dice.part(depth - 1)), Box::new(dice.part(depth - 1)));
        match self.below(if depth == 0 { 10 } else { 18 }) {
            0..=6 => {
                let (left, right) = match self.below(8) {
                    0 => (self.operand(1), self.operand(2)),
                    1 => (self.operand(2), self.path()),
                    2 => (self.path(), self.operand(2)),
                    3 => (self.path(), Part::Auth(self.pick(&["openid", "uid"]))),
                    _ => (self.path(), Part::Literal(self.literal())),
                };
                Part::Compare(self.pick(&SIGNS), Box::new(left), Box::new(right))
            }
            7 => Part::In(
                Box::new(self.operand(1)),
                Box::new(Part::List(self.list(3, |dice| match dice.one_in(4) {
                    true => dice.operand(1),
                    false => Part::Literal(dice.literal()),
                }))),
            ),
            8 => Part::In(Box::new(self.operand(1)), Box::new(self.path())),
            9 => match self.one_in(3) {
                true => self.operand(1),
                false => Part::In(Box::new(self.operand(1)), Box::new(self.operand(2))),
            },
            10..=12 => {
                let (left, right) = two(self);
                Part::And(left, right)
            }
            13..=15 => {
                let (left, right) = two(self);
                Part::Or(left, right)
            }
            _ => Part::Not(Box::new(self.part(depth - 1))),
        }
    }

    fn operator(&mut self, hints: &[Hint], value: Option<Bson>) -> (String, Bson) {
        let own = value.filter(|_| !self.one_in(4));
        let value = |dice: &mut Self| match (&own, hints.is_empty()) {
            (Some(own), _) => own.clone(),
            (None, false) if dice.one_in(3) => dice.pick(hints).2,
            _ => dice.value(2),
        };
        let (name, operand) = match self.below(30) {
            0..=4 => ("$eq", value(self)),
            5..=7 => ("$ne", value(self)),
            8 | 9 => ("$gt", value(self)),
            10 | 11 => ("$gte", value(self)),
            12 | 13 => ("$lt", value(self)),
            14 | 15 => ("$lte", value(self)),
            16..=18 => ("$in", self.list(3, value).into()),
            19 | 20 => ("$nin", self.list(3, value).into()),
            21 => ("$exists", Bson::Boolean(self.one_in(2))),
            22 => ("$type", (self.pick(&["string", "number", "array", "object", "null", "date"])).into()),
            23 => ("$size", Bson::Int32(self.below(3) as i32)),
            24 => ("$all", self.list(2, value).into()),
            25 => ("$mod", Bson::from(vec![2, 1])),
            26 => ("$regex", (self.pick(&["^a", "", "."])).into()),
            27 | 28 => {
                let (name, operand) = self.operator(hints, own.clone());
                ("$not", doc! { name: operand }.into())
            }
            _ => {
                let (name, operand) = self.operator(hints, own.clone());
                ("$elemMatch", doc! { name: operand }.into())
            }
        };
        (name.to_owned(), operand)
    }

    fn condition(&mut self, hints: &[Hint]) -> (String, Bson) {
        const PATHS: [&str; 16] = [
            "x", "y", "z", "k", "m", "o", "_openid", "o.x", "o.y", "o.k", "x.0", "m.0", "x.y", "o.x.y",
            "o.0", "x.length",
        ];
        let hint = match hints.is_empty() || self.one_in(4) {
            true => None,
            false => Some(self.pick(hints)),
        };
        let (path, sign, wanted) = match hint {
            Some((path, sign, wanted)) => (path, Some(sign), Some(wanted)),
            None => ((self.pick(&PATHS)).to_owned(), None, None),
        };
        if let (Some(sign), Some(wanted), false) = (sign, &wanted, self.one_in(3)) {
            let operator = ["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"];
            let at = SIGNS.iter().position(|it| *it == sign).unwrap_or_default();
            return (path, doc! { operator[at]: wanted.clone() }.into());
        }
        let condition = match self.below(6) {
            0 => wanted.unwrap_or_else(|| self.value(2)),
            1 if self.one_in(6) => Bson::RegularExpression(bson::Regex {
                pattern: "^a".try_into().expect("a pattern"),
                options: "i".try_into().expect("options"),
            }),
            1 => {
                let (first, second) = (self.operator(hints, wanted.clone()), self.operator(hints, wanted));
                Document::from_iter([first, second]).into()
            }
            _ => Document::from_iter([self.operator(hints, wanted)]).into(),
        };
        (path, condition)
    }

    /// What a client asks for, often near to what a rule wants.
    pub fn filter(&mut self, hints: &[Hint], depth: usize) -> Document {
        let mut filter = Document::from_iter(self.list(3, |dice| dice.condition(hints)));
        if depth > 0 && self.one_in(3) {
            let name = self.pick(&["$and", "$or", "$or", "$nor"]);
            let mut parts = self.list(2, |dice| dice.filter(hints, depth - 1));
            parts.push(self.filter(hints, depth - 1));
            filter.insert(name, parts);
        }
        if depth > 0 && self.one_in(12) {
            filter.insert("$expr", doc! { "$gt": ["$x", 1] });
        }
        filter
    }
}

impl Part {
    pub fn written(&self) -> String {
        let list = |parts: &[Part]| parts.iter().map(Part::written).collect::<Vec<_>>().join(", ");
        match self {
            Part::Literal(value) => match value {
                Bson::String(text) => format!("'{text}'"),
                Bson::Null => "null".into(),
                Bson::Undefined => "undefined".into(),
                Bson::Boolean(flag) => flag.to_string(),
                Bson::Int32(number) => number.to_string(),
                other => other.as_f64().expect("a number").to_string(),
            },
            Part::List(items) => format!("[{}]", list(items)),
            Part::Template(pieces) => {
                let pieces: String = pieces.iter().map(|it| format!("${{{}}}", it.written())).collect();
                format!("`{pieces}`")
            }
            Part::Sum(left, right) => format!("({} + {})", left.written(), right.written()),
            Part::Now => "now".into(),
            Part::Auth(name) => format!("auth.{name}"),
            Part::Data(name) => format!("request.data.{name}"),
            Part::Doc(steps) => {
                let steps: String = steps
                    .iter()
                    .map(|step| match step {
                        Step::Name(name) => format!(".{name}"),
                        Step::Position(position) => format!("[{position}]"),
                        Step::Computed(part) => format!("[{}]", part.written()),
                    })
                    .collect();
                format!("doc{steps}")
            }
            Part::Get(collection, id, field) => {
                format!("get('database.{collection}.' + {}).{field}", id.written())
            }
            Part::Not(part) => format!("!({})", part.written()),
            Part::And(left, right) => format!("({} && {})", left.written(), right.written()),
            Part::Or(left, right) => format!("({} || {})", left.written(), right.written()),
            Part::Compare(sign, left, right) => format!("({} {sign} {})", left.written(), right.written()),
            Part::In(item, list) => format!("({} in {})", item.written(), list.written()),
        }
    }

    /// Collects the conditions that it may want of a query.
    pub fn hints(&self, auth: Option<&Document>, found: &mut Vec<Hint>) {
        let mut add = |path: &Part, sign: &'static str, value: &Part| {
            let path = match path {
                Part::Doc(steps) => steps
                    .iter()
                    .map(|step| match step {
                        Step::Name(name) => (*name).to_owned(),
                        Step::Position(at) => at.to_string(),
                        Step::Computed(part) => match part {
                            Part::Literal(Bson::String(text)) => text.clone(),
                            _ => "x".into(),
                        },
                    })
                    .collect::<Vec<_>>()
                    .join("."),
                _ => return,
            };
            let doc = Document::new();
            let value = match (Meaning { auth, doc: Some(&doc) }).of(value) {
                Ok(Bson::Undefined) => Bson::Null,
                Ok(value) => value,
                Err(_) => Bson::String("s1".into()),
            };
            found.push((path, sign, value));
        };
        match self {
            Part::Compare(sign, left, right) => {
                add(left, sign, right);
                add(right, sign, left);
            }
            Part::In(item, list) => {
                add(list, "==", item);
                if let Part::List(items) = &**list {
                    items.iter().for_each(|it| add(item, "==", it));
                }
            }
            Part::Doc(_) => add(self, "==", &Part::Literal(Bson::Boolean(true))),
            _ => {}
        }
        match self {
            Part::Not(part) => part.hints(auth, found),
            Part::And(left, right)
            | Part::Or(left, right)
            | Part::Compare(_, left, right)
            | Part::In(left, right)
            | Part::Sum(left, right) => {
                left.hints(auth, found);
                right.hints(auth, found);
            }
            Part::Get(_, id, _) => id.hints(auth, found),
            Part::Template(parts) | Part::List(parts) => parts.iter().for_each(|it| it.hints(auth, found)),
            _ => {}
        }
    }
}

/// What `get()` reads.
pub(crate) fn stored(collection: &str, id: &str) -> Option<Document> {
    match (collection, id) {
        ("shops", "s1") => {
            Some(doc! { "owners": ["alice", "bob"], "owner": "alice", "n": 1, "o": { "x": 1 } })
        }
        ("shops", "x") => Some(doc! { "owners": ["carol"], "owner": "carol", "n": 2 }),
        ("shops", "0" | "") => Some(doc! { "owner": "a", "n": 0 }),
        ("rooms", "a" | "s1") => Some(doc! { "owner": "bob", "owners": "bob", "n": time(1) }),
        _ => None,
    }
}

/// Why a part of a rule has no value: what is wrong, or what no rule may build on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Void {
    /// The whole rule denies.
    Wrong,
    /// Neither true nor false.
    Nothing,
}

/// The plain meaning of rules for one caller and one document.
pub(crate) struct Meaning<'a> {
    pub auth: Option<&'a Document>,
    pub doc: Option<&'a Document>,
}

fn truthy(value: &Bson) -> bool {
    match value {
        Bson::Null | Bson::Undefined => false,
        Bson::Boolean(flag) => *flag,
        Bson::String(text) | Bson::Symbol(text) => !text.is_empty(),
        other => number(other).is_none_or(|it| it != 0.0 && !it.is_nan()),
    }
}

fn text(value: &Bson) -> Option<String> {
    match value {
        Bson::String(it) | Bson::Symbol(it) => Some(it.clone()),
        Bson::Boolean(it) => Some(it.to_string()),
        Bson::ObjectId(it) => Some(it.to_hex()),
        other => number(other).map(|it| if it == 0.0 { "0".into() } else { it.to_string() }),
    }
}

/// How a value stands to another; `Err`: that has no meaning. `None`: apart.
fn order(left: &Bson, right: &Bson) -> Result<(Option<Ordering>, bool), Void> {
    let millis = |value: &Bson| match value {
        Bson::DateTime(time) => Bson::Int64(time.timestamp_millis()),
        other => other.clone(),
    };
    let classes = (Class::of(left), Class::of(right));
    if [left, right].iter().any(|it| number(it).is_some_and(f64::is_nan)) {
        return Ok((None, false));
    }
    Ok(match classes {
        (Class::Document | Class::Array, Class::Document | Class::Array) => return Err(Void::Nothing),
        (Class::Null | Class::Undefined, Class::Null | Class::Undefined) => (Some(Ordering::Equal), true),
        (Class::Date, Class::Number) | (Class::Number, Class::Date) => {
            (Some(compare(&millis(left), &millis(right))), false)
        }
        (left_class, right_class) if left_class != right_class => (None, false),
        _ => {
            let order = compare(left, right);
            (Some(order), order.is_eq())
        }
    })
}

fn holds(sign: &str, left: &Bson, right: &Bson, with_now: bool) -> Result<bool, Void> {
    let (order, same) = order(left, right)?;
    let same = same || with_now && order == Some(Ordering::Equal);
    Ok(match sign {
        "==" => same,
        "!=" => !same,
        "<" => order == Some(Ordering::Less),
        "<=" => order.is_some_and(Ordering::is_le),
        ">" => order == Some(Ordering::Greater),
        _ => order.is_some_and(Ordering::is_ge),
    })
}

impl Meaning<'_> {
    pub fn allows(&self, rule: &Part) -> bool {
        self.of(rule) == Ok(Bson::Boolean(true))
    }

    /// Whether it is an id that the caller lacks.
    fn is_nobody(&self, part: &Part) -> bool {
        matches!(part, Part::Auth(name) if self.auth.is_none_or(|auth| !auth.contains_key(name)))
    }

    /// What is wrong in one of several is wrong whatever the others are.
    fn all(&self, parts: &[Part]) -> Result<Vec<Bson>, Void> {
        let values: Vec<_> = parts.iter().map(|it| self.of(it)).collect();
        match values.contains(&Err(Void::Wrong)) {
            true => Err(Void::Wrong),
            false => values.into_iter().collect(),
        }
    }

    fn of(&self, part: &Part) -> Result<Bson, Void> {
        Ok(match part {
            Part::Literal(value) => value.clone(),
            Part::List(items) => Bson::Array(self.all(items)?),
            Part::Template(pieces) => {
                let texts: Option<String> = self.all(pieces)?.iter().map(text).collect();
                Bson::String(texts.ok_or(Void::Nothing)?)
            }
            Part::Sum(left, right) => sum(&self.of(left)?, &self.of(right)?)?,
            Part::Now => Bson::Int64(NOW),
            Part::Auth(name) => self.auth.and_then(|it| it.get(name)).cloned().unwrap_or(Bson::Undefined),
            Part::Data(_) => Bson::Undefined,
            Part::Doc(steps) => {
                let mut at = self.doc.map_or(Bson::Null, |it| Bson::Document(it.clone()));
                for step in steps {
                    let name = match step {
                        Step::Name(name) => Some((*name).to_owned()),
                        Step::Position(position) => Some(position.to_string()),
                        Step::Computed(part) => text(&self.of(part)?),
                    };
                    at = member(&at, name.as_deref());
                }
                at
            }
            Part::Get(collection, id, field) => {
                let id = self.of(id).map_err(|_| Void::Wrong)?;
                let id = match &id {
                    Bson::DateTime(_) => None,
                    id => text(id),
                };
                let found = stored(collection, &id.ok_or(Void::Wrong)?);
                member(&found.map_or(Bson::Null, Bson::Document), Some(field))
            }
            Part::Not(part) => Bson::Boolean(!truthy(&self.of(part)?)),
            Part::And(left, right) => match self.of(left) {
                Ok(left) if !truthy(&left) => left,
                Ok(_) => self.of(right)?,
                Err(Void::Wrong) => return Err(Void::Wrong),
                Err(Void::Nothing) => match self.of(right)? {
                    right if !truthy(&right) => Bson::Boolean(false),
                    _ => return Err(Void::Nothing),
                },
            },
            Part::Or(left, right) => match self.of(left) {
                Ok(left) if truthy(&left) => left,
                Ok(_) => self.of(right)?,
                Err(Void::Wrong) => return Err(Void::Wrong),
                Err(Void::Nothing) => match self.of(right)? {
                    right if truthy(&right) => right,
                    _ => return Err(Void::Nothing),
                },
            },
            Part::Compare(sign, left, right) => {
                let stranger =
                    |id: &Part, other: &Part| self.is_nobody(id) && !matches!(other, Part::Literal(_));
                if stranger(left, right) || stranger(right, left) {
                    return Err(Void::Nothing);
                }
                let with_now = matches!((&**left, &**right), (Part::Now, _) | (_, Part::Now));
                Bson::Boolean(holds(sign, &self.of(left)?, &self.of(right)?, with_now)?)
            }
            Part::In(item, list) => {
                if self.is_nobody(item) && !matches!(**list, Part::Literal(_))
                    || self.is_nobody(list) && !matches!(**item, Part::Literal(_))
                {
                    return Err(Void::Nothing);
                }
                let value = self.of(item);
                if value == Err(Void::Wrong) {
                    return Err(Void::Wrong);
                }
                let Bson::Array(items) = self.of(list)? else { return Ok(Bson::Boolean(false)) };
                // Nothing at all lies in an empty list.
                if items.is_empty() {
                    return Ok(Bson::Boolean(false));
                }
                let value = value?;
                // An id that the caller lacks is nobody's, in a list as well.
                let nobody = match &**list {
                    Part::List(parts) if !matches!(**item, Part::Literal(_)) => {
                        parts.iter().map(|it| self.is_nobody(it)).collect()
                    }
                    _ => vec![false; items.len()],
                };
                let is_same = |it: &Bson| matches!(order(&value, it), Ok((_, true)));
                if items.iter().zip(&nobody).any(|(it, nobody)| !nobody && is_same(it)) {
                    return Ok(Bson::Boolean(true));
                }
                if nobody.contains(&true) {
                    return Err(Void::Nothing);
                }
                Bson::Boolean(false)
            }
        })
    }
}

fn sum(left: &Bson, right: &Bson) -> Result<Bson, Void> {
    let number = |value: &Bson| match value {
        Bson::DateTime(time) => Some(time.timestamp_millis() as f64),
        other => number(other),
    };
    let is_text = |value: &Bson| matches!(value, Bson::String(_) | Bson::Symbol(_));
    match (number(left), number(right)) {
        (Some(left), Some(right)) => Ok(Bson::Double(left + right)),
        _ if is_text(left) || is_text(right) => {
            let (left, right) = (text(left).ok_or(Void::Nothing)?, text(right).ok_or(Void::Nothing)?);
            Ok(Bson::String(left + &right))
        }
        _ => Err(Void::Nothing),
    }
}

fn member(of: &Bson, name: Option<&str>) -> Bson {
    let Some(name) = name else { return Bson::Undefined };
    match of {
        Bson::Document(document) => document.get(name).cloned().unwrap_or(Bson::Undefined),
        Bson::Array(items) if name == "length" => Bson::Int32(items.len() as i32),
        Bson::Array(items) => {
            name.parse::<usize>().ok().and_then(|at| items.get(at)).cloned().unwrap_or(Bson::Undefined)
        }
        _ => Bson::Undefined,
    }
}
