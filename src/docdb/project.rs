//! Projections: which parts of a document a query returns.

use bson::raw::{CStr, RawArrayBuf, RawBson, RawBsonRef, RawDocument, RawDocumentBuf};
use bson::{Bson, DateTime, Document};

use super::aggregate::shape;
use super::filter::{Filter, Search};
use super::value::is_true;
use super::value::limits::check_path;
use super::value::view::View;
use super::{Error, Result};

/// A parsed projection.
#[derive(Debug)]
pub struct Projection(Kind);

#[derive(Debug)]
enum Kind {
    Cut(Cut),
    /// With expressions, as `$project` has them.
    Compute(shape::Projection, DateTime),
}

/// Which fields are kept, and how much of them.
#[derive(Debug, Default)]
struct Cut {
    root: Tree,
    /// Whether fields that the projection does not name are left out.
    inclusive: bool,
    /// The path that `.$` follows.
    positional: Option<String>,
}

/// The named fields of one level.
#[derive(Debug, Clone, Default)]
struct Tree(Vec<(String, Part)>);

/// What happens to a named field.
#[derive(Debug, Clone)]
enum Part {
    Include,
    Exclude,
    Below(Tree),
    Slice {
        skip: Option<i64>,
        count: i64,
    },
    ElemMatch(Search),
    /// Of the array, the element that the filter found.
    Positional,
}

impl Projection {
    /// Parses a projection; an empty one keeps everything. `filter` is the query's, `now` the present
    /// of the projection's expressions.
    ///
    /// # Errors
    /// Inclusion and exclusion mixed (31253, 31254), a path named twice (31249, 31250), an empty path (9) or a
    /// too long one (15), `$` where no element of an array is meant (16410, 31275 to 31277, 31395).
    pub fn parse(projection: &Document, filter: &Filter, now: DateTime) -> Result<Self> {
        if projection.values().any(is_computed) {
            return Ok(Self(Kind::Compute(shape::Projection::of_query(projection)?, now)));
        }
        let cut = Cut::parse(projection)?;
        match &cut.positional {
            Some(path) if !filter.mentions(path) => {
                Err(Error::invalid(31277, format!("the query has no condition on `{path}`")))
            }
            _ => Ok(Self(Kind::Cut(cut))),
        }
    }

    /// Returns the parts of a document that the projection keeps. `filter` is the query's: it gives `arr.$` its position.
    ///
    /// # Errors
    /// A positional projection without an element that the filter found (51246); what an expression fails with.
    pub fn apply(&self, document: &RawDocument, filter: &Filter) -> Result<RawDocumentBuf> {
        match &self.0 {
            Kind::Cut(cut) => cut.apply(document, filter),
            Kind::Compute(projection, now) => {
                let document = document.try_into().map_err(damaged)?;
                (&projection.project(&document, *now)?).try_into().map_err(damaged)
            }
        }
    }
}

/// Whether a projection's value has to be computed: a literal, or an expression.
fn is_computed(value: &Bson) -> bool {
    match value {
        Bson::Document(inner) => match inner.keys().next().map(String::as_str) {
            Some("$slice" | "$elemMatch") => false,
            Some(name) if name.starts_with('$') => true,
            _ => inner.values().any(is_computed),
        },
        Bson::Boolean(_) => false,
        _ => !View::from(value).is_number(),
    }
}

impl Cut {
    fn parse(projection: &Document) -> Result<Self> {
        let mut cut = Self::default();
        let mut mode = None;
        cut.add_all("", projection, &mut mode)?;
        let only_id = projection.get("_id").filter(|_| projection.len() == 1);
        let searches = cut.root.0.iter().any(|(_, part)| matches!(part, Part::ElemMatch(_)));
        cut.inclusive = mode.unwrap_or(searches || only_id.is_some_and(is_true));
        if cut.inclusive && cut.root.get("_id").is_none() {
            cut.root.0.insert(0, ("_id".to_owned(), Part::Include));
        }
        Ok(cut)
    }

    /// Adds fields below a path; an object without operators nests further ones.
    fn add_all(&mut self, above: &str, fields: &Document, mode: &mut Option<bool>) -> Result<()> {
        for (name, operand) in fields {
            let path = format!("{above}{name}");
            match operand {
                Bson::Document(inner) if inner.keys().next().is_some_and(|it| !it.starts_with('$')) => {
                    self.add_all(&format!("{path}."), inner, mode)?;
                }
                _ => self.add(&path, operand, mode)?,
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &str, operand: &Bson, mode: &mut Option<bool>) -> Result<()> {
        let (path, part) = parse_part(path, operand)?;
        if let Some(inclusive) = wants(path, &part) {
            if mode.is_some_and(|mode| mode != inclusive) {
                return Err(mixed(path, inclusive));
            }
            *mode = Some(inclusive);
        }
        if matches!(part, Part::Positional) && self.positional.replace(path.to_owned()).is_some() {
            return Err(Error::invalid(31276, "a projection may have one positional path only"));
        }
        if matches!(part, Part::ElemMatch(_)) && path.contains('.') {
            return Err(Error::invalid(31275, format!("cannot use $elemMatch on the nested field `{path}`")));
        }
        check_path(path)?;
        self.root.add(path, path, part)
    }

    fn apply(&self, document: &RawDocument, filter: &Filter) -> Result<RawDocumentBuf> {
        if self.root.0.is_empty() {
            return Ok(document.to_owned());
        }
        let position = match &self.positional {
            Some(_) => Some(filter.position(document)?.ok_or_else(no_position)?),
            None => None,
        };
        Cutting { inclusive: self.inclusive, position }.document(&self.root, document)
    }
}

impl Tree {
    fn get(&self, name: &str) -> Option<&Part> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, part)| part)
    }

    fn add(&mut self, path: &str, rest: &str, part: Part) -> Result<()> {
        let (name, below) = match rest.split_once('.') {
            Some((name, below)) => (name, Some(below)),
            None => (rest, None),
        };
        if name.is_empty() {
            return Err(Error::invalid(9, format!("field path `{path}` has an empty part")));
        }
        if name.starts_with('$') && !matches!(name, "$id" | "$ref" | "$db") {
            return Err(Error::invalid(16410, format!("field `{name}` of `{path}` may not start with `$`")));
        }
        let there = self.0.iter_mut().find(|(it, _)| it == name).map(|(_, part)| part);
        match (there, below) {
            (None, None) => self.0.push((name.to_owned(), part)),
            (None, Some(below)) => {
                let mut tree = Tree::default();
                tree.add(path, below, part)?;
                self.0.push((name.to_owned(), Part::Below(tree)));
            }
            (Some(Part::Below(tree)), Some(below)) => tree.add(path, below, part)?,
            (Some(_), Some(_)) => return Err(Error::invalid(31249, format!("path collision at `{path}`"))),
            (Some(_), None) => return Err(Error::invalid(31250, format!("path collision at `{path}`"))),
        }
        Ok(())
    }
}

fn parse_part<'p>(path: &'p str, operand: &Bson) -> Result<(&'p str, Part)> {
    if let Bson::Document(operand) = operand {
        return Ok((path, parse_operator(path, operand)?));
    }
    match path.strip_suffix(".$") {
        Some(path) if is_true(operand) => Ok((path, Part::Positional)),
        Some(_) => Err(Error::invalid(31395, format!("cannot exclude the positional path `{path}`"))),
        None if is_true(operand) => Ok((path, Part::Include)),
        None => Ok((path, Part::Exclude)),
    }
}

fn parse_operator(path: &str, operand: &Document) -> Result<Part> {
    match operand.iter().next() {
        Some((name, operand)) if name == "$slice" => parse_slice(operand),
        Some((name, query)) if name == "$elemMatch" => Ok(Part::ElemMatch(Search::parse(query)?)),
        Some((name, _)) if name.starts_with('$') => Err(Error::UnknownOperator { name: name.clone() }),
        _ => Err(Error::invalid(2, format!("the projection of `{path}` must not be an empty object"))),
    }
}

fn parse_slice(operand: &Bson) -> Result<Part> {
    let number = |it: &Bson| super::value::number::truncated(View::from(it));
    let part = match operand {
        Bson::Array(items) => match items.as_slice() {
            [skip, count] => number(skip).zip(number(count)).filter(|(_, count)| *count > 0),
            _ => None,
        }
        .map(|(skip, count)| Part::Slice { skip: Some(skip), count }),
        _ => number(operand).map(|count| Part::Slice { skip: None, count }),
    };
    part.ok_or_else(|| Error::invalid(28667, "$slice takes a count, or [skip, positive count]"))
}

/// Whether a part makes the projection one that includes or one that excludes; `_id` and operators leave it open.
fn wants(path: &str, part: &Part) -> Option<bool> {
    match part {
        _ if path == "_id" => None,
        Part::Include | Part::Positional => Some(true),
        Part::Exclude => Some(false),
        Part::Below(_) | Part::Slice { .. } | Part::ElemMatch(_) => None,
    }
}

fn mixed(path: &str, inclusive: bool) -> Error {
    match inclusive {
        true => Error::invalid(31253, format!("cannot do inclusion on field {path} in exclusion projection")),
        false => {
            Error::invalid(31254, format!("cannot do exclusion on field {path} in inclusion projection"))
        }
    }
}

fn no_position() -> Error {
    Error::invalid(51246, "executor error during find: the positional operator found no element in the query")
}

struct Cutting {
    inclusive: bool,
    position: Option<usize>,
}

impl Cutting {
    fn document(&self, tree: &Tree, document: &RawDocument) -> Result<RawDocumentBuf> {
        let mut kept = RawDocumentBuf::new();
        for field in document.iter() {
            let (name, value) = field.map_err(damaged)?;
            match tree.get(name.as_str()) {
                None if self.inclusive => {}
                None => kept.append(name, value),
                Some(part) => self.field(part, name, value, &mut kept)?,
            }
        }
        Ok(kept)
    }

    fn field(&self, part: &Part, name: &CStr, value: RawBsonRef, kept: &mut RawDocumentBuf) -> Result<()> {
        match (part, value) {
            (Part::Exclude, _) => {}
            (Part::Below(tree), _) => {
                if let Some(value) = self.below(tree, value)? {
                    kept.append(name, value);
                }
            }
            (Part::Slice { skip, count }, RawBsonRef::Array(items)) => {
                let items = items.into_iter().collect::<Result<Vec<_>, _>>().map_err(damaged)?;
                let slice = items.get(slice(items.len(), *skip, *count)).unwrap_or_default();
                kept.append(name, slice.iter().copied().collect::<RawArrayBuf>());
            }
            (Part::ElemMatch(search), RawBsonRef::Array(items)) => {
                let found = search.position(value.into())?.map(|at| items.get(at)).transpose();
                if let Some(item) = found.map_err(damaged)?.flatten() {
                    kept.append(name, RawArrayBuf::from_iter([item]));
                }
            }
            (Part::ElemMatch(_), _) => {}
            (Part::Positional, RawBsonRef::Array(items)) => {
                let item = items.get(self.position.unwrap_or_default()).map_err(damaged)?;
                let item = item.ok_or_else(no_position)?;
                kept.append(name, RawArrayBuf::from_iter([item]));
            }
            (Part::Include | Part::Slice { .. } | Part::Positional, _) => kept.append(name, value),
        }
        Ok(())
    }

    /// Goes on below a field; a scalar there is dropped when only parts of it were asked for.
    fn below(&self, tree: &Tree, value: RawBsonRef) -> Result<Option<RawBson>> {
        match value {
            RawBsonRef::Document(document) => Ok(Some(self.document(tree, document)?.into())),
            RawBsonRef::Array(items) => {
                let mut kept = RawArrayBuf::new();
                for item in items.into_iter() {
                    if let Some(item) = self.below(tree, item.map_err(damaged)?)? {
                        kept.push(item);
                    }
                }
                Ok(Some(kept.into()))
            }
            _ if self.inclusive => Ok(None),
            scalar => Ok(Some(scalar.into())),
        }
    }
}

/// The range that `$slice` keeps of an array; negative counts from the end.
fn slice(length: usize, skip: Option<i64>, count: i64) -> std::ops::Range<usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let (start, count) = match skip {
        Some(skip) if skip < 0 => (length.saturating_add(skip).max(0), count),
        Some(skip) => (skip.min(length), count),
        None if count < 0 => (length.saturating_add(count).max(0), length),
        None => (0, count),
    };
    let end = start.saturating_add(count).min(length);
    usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0)
}

fn damaged(error: bson::error::Error) -> Error {
    Error::Damaged { detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::super::value::ejson::parse_document;
    use super::*;

    const DOCUMENT: &str =
        r#"{"_id":1,"a":2,"o":{"p":1,"q":2},"l":[{"x":1,"y":2},5,[{"x":3}]],"n":[1,2,3,4]}"#;

    fn project(projection: &str, filter: &str) -> Result<Document> {
        let document = |text: &str| parse_document(text).expect("a document");
        let now = DateTime::from_millis(0);
        let filter = Filter::parse(&document(filter), now)?;
        let raw = RawDocumentBuf::try_from(&document(DOCUMENT)).expect("a document");
        let kept = Projection::parse(&document(projection), &filter, now)?.apply(&raw, &filter)?;
        Ok(Document::try_from(kept).expect("a document"))
    }

    fn check(projection: &str, expected: &str) {
        let kept =
            project(projection, r#"{"n":{"$gt":2}}"#).unwrap_or_else(|error| panic!("{projection}: {error}"));
        assert_eq!(kept, parse_document(expected).expect("a document"), "{projection}");
    }

    #[test]
    fn projections_keep_what_they_name() {
        check("{}", DOCUMENT);
        check(r#"{"a":1}"#, r#"{"_id":1,"a":2}"#);
        check(r#"{"a":true,"_id":0}"#, r#"{"a":2}"#);
        check(r#"{"_id":1}"#, r#"{"_id":1}"#);
        check(r#"{"o.p":1,"l.x":1}"#, r#"{"_id":1,"o":{"p":1},"l":[{"x":1},[{"x":3}]]}"#);
        check(r#"{"o":{"p":1}}"#, r#"{"_id":1,"o":{"p":1}}"#);
        check(r#"{"a.b":1}"#, r#"{"_id":1}"#);
        check(r#"{"l":0,"n":0,"o.q":0}"#, r#"{"_id":1,"a":2,"o":{"p":1}}"#);
        check(r#"{"l.x":0,"n":0,"o":0,"a":0}"#, r#"{"_id":1,"l":[{"y":2},5,[{}]]}"#);
        check(r#"{"_id":0,"l":0,"o":0}"#, r#"{"a":2,"n":[1,2,3,4]}"#);
    }

    #[test]
    fn projections_cut_arrays() {
        check(r#"{"a":1,"n":{"$slice":2}}"#, r#"{"_id":1,"a":2,"n":[1,2]}"#);
        check(r#"{"a":1,"n":{"$slice":-1}}"#, r#"{"_id":1,"a":2,"n":[4]}"#);
        check(r#"{"a":1,"n":{"$slice":[-3,2]}}"#, r#"{"_id":1,"a":2,"n":[2,3]}"#);
        check(r#"{"l":{"$elemMatch":{"y":2}}}"#, r#"{"_id":1,"l":[{"x":1,"y":2}]}"#);
        check(r#"{"n.$":1}"#, r#"{"_id":1,"n":[3]}"#);
        check(r#"{"b":{"$add":["$a",1]},"o":{"p":"$a"}}"#, r#"{"_id":1,"b":3,"o":{"p":2}}"#);
    }

    #[test]
    fn wrong_projections_are_named_errors() {
        for (projection, expected) in [
            (r#"{"a":1,"o":0}"#, 31254),
            (r#"{"a":0,"o":1}"#, 31253),
            (r#"{"o":1,"o.p":1}"#, 31249),
            (r#"{"o.p":1,"o":1}"#, 31250),
            (r#"{"":1}"#, 9),
            (r#"{"n":{"$slice":[1,0]}}"#, 28667),
        ] {
            match project(projection, "{}") {
                Err(Error::Invalid { code, .. }) => assert_eq!(code, expected, "{projection}"),
                other => panic!("{projection}: {other:?}"),
            }
        }
        assert!(project(r#"{"n.$":1}"#, "{}").is_err(), "no condition on the array");
    }
}
