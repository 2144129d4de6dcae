//! The tree of paths that `$project`, `$addFields` and `$unset` describe, and what it makes of a document.

use bson::{Bson, DateTime, Document};

use super::expression::{Expression, Names, Scope, is_true, split_path};
use crate::docdb::{Error, Result};

/// What happens to each named field, in the order of the specification.
#[derive(Debug, Default)]
pub struct Shape(Vec<(String, Part)>);

#[derive(Debug)]
enum Part {
    Include,
    Exclude,
    Compute(Expression),
    Inside(Shape),
}

/// A parsed `$project`.
#[derive(Debug)]
pub enum Projection {
    /// Only what is named, and what is computed.
    Include(Shape),
    /// All but what is named.
    Exclude(Shape),
}

impl Projection {
    pub(super) fn parse(specification: &Document, names: &Names) -> Result<Self> {
        if specification.is_empty() {
            return Err(Error::invalid(51272, "`$project` needs at least one field"));
        }
        let mut shape = Shape::default();
        shape.parse_fields(&[], specification, names, Mode::Project)?;
        let id_excluded = shape.get("_id").is_some_and(|it| it.has(&|part| matches!(part, Part::Exclude)));
        let others = || shape.0.iter().filter(|(name, _)| name != "_id").map(|(_, part)| part);
        let includes = others().any(|it| it.has(&|part| !matches!(part, Part::Exclude)));
        let excludes = others().any(|it| it.has(&|part| matches!(part, Part::Exclude)));
        if includes && excludes {
            return Err(Error::invalid(31254, "a projection includes fields or excludes them, not both"));
        }
        if excludes && matches!(shape.get("_id"), Some(Part::Compute(_))) {
            return Err(Error::invalid(31252, "a projection that excludes fields cannot compute one"));
        }
        let only_id = others().next().is_none();
        if excludes || (only_id && id_excluded) {
            return Ok(Projection::Exclude(shape));
        }
        if shape.get("_id").is_none() {
            shape.0.insert(0, ("_id".to_owned(), Part::Include));
        }
        Ok(Projection::Include(shape))
    }

    /// Parses the names of `$unset`.
    pub(super) fn exclude(paths: &[&str]) -> Result<Self> {
        let mut shape = Shape::default();
        paths.iter().try_for_each(|path| shape.put(&split_path(path)?, Part::Exclude))?;
        Ok(Projection::Exclude(shape))
    }

    /// Parses the projection of a query; it knows the system variables only.
    pub fn of_query(projection: &Document) -> Result<Self> {
        Self::parse(projection, &Names::default())
    }

    pub fn project(&self, document: &Document, now: DateTime) -> Result<Document> {
        self.apply(document, &Scope::new(document, now, &[]))
    }

    pub(super) fn apply(&self, document: &Document, scope: &Scope) -> Result<Document> {
        match self {
            Projection::Exclude(shape) => Ok(shape.without(document)),
            Projection::Include(shape) => {
                let mut projected = shape.only(document);
                shape.compute(&mut projected, scope)?;
                Ok(projected)
            }
        }
    }
}

/// What a plain number or boolean means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Project,
    AddFields,
}

impl Shape {
    /// Parses `$addFields`.
    pub(super) fn added(specification: &Document, names: &Names) -> Result<Self> {
        if specification.is_empty() {
            return Err(Error::invalid(40177, "`$addFields` needs at least one field"));
        }
        let mut shape = Shape::default();
        shape.parse_fields(&[], specification, names, Mode::AddFields)?;
        Ok(shape)
    }

    fn parse_fields(&mut self, above: &[String], fields: &Document, names: &Names, mode: Mode) -> Result<()> {
        for (path, value) in fields {
            if path.starts_with('$') {
                return Err(Error::invalid(16410, format!("field name `{path}` may not begin with `$`")));
            }
            let path = [above, &split_path(path)?].concat();
            match value {
                Bson::Document(inner) if inner.is_empty() && mode == Mode::Project => {
                    return Err(Error::invalid(51270, "an empty object is no projection"));
                }
                Bson::Document(inner) if !inner.is_empty() && !inner.keys().any(|it| it.starts_with('$')) => {
                    self.parse_fields(&path, inner, names, mode)?;
                }
                _ => self.put(&path, parse_part(value, names, mode)?)?,
            }
        }
        Ok(())
    }

    fn put(&mut self, path: &[String], part: Part) -> Result<()> {
        let collision = || Error::invalid(31249, format!("path collision at `{}`", path.join(".")));
        let Some((first, rest)) = path.split_first() else { return Ok(()) };
        let found = self.0.iter_mut().find(|(name, _)| name == first);
        match (found, rest.is_empty()) {
            (Some((_, Part::Inside(inner))), false) => inner.put(rest, part),
            (Some(_), _) => Err(collision()),
            (None, true) => {
                self.0.push((first.clone(), part));
                Ok(())
            }
            (None, false) => {
                let mut inner = Shape::default();
                inner.put(rest, part)?;
                self.0.push((first.clone(), Part::Inside(inner)));
                Ok(())
            }
        }
    }

    fn get(&self, name: &str) -> Option<&Part> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, part)| part)
    }

    /// Returns the included fields; scalars where only something inside them is named go away.
    fn only(&self, document: &Document) -> Document {
        let mut kept = Document::new();
        if matches!(self.get("_id"), Some(Part::Compute(_))) {
            // Keeps the first place for what will be computed.
            kept.insert("_id", Bson::Null);
        }
        for (name, value) in document {
            let value = match self.get(name) {
                Some(Part::Include) => Some(value.clone()),
                Some(Part::Inside(inner)) => inner.only_value(value),
                Some(Part::Exclude | Part::Compute(_)) | None => None,
            };
            if let Some(value) = value {
                kept.insert(name, value);
            }
        }
        kept
    }

    fn only_value(&self, value: &Bson) -> Option<Bson> {
        match value {
            Bson::Document(it) => Some(Bson::Document(self.only(it))),
            Bson::Array(items) => {
                Some(Bson::Array(items.iter().filter_map(|it| self.only_value(it)).collect()))
            }
            // What is computed inside makes an object of it.
            _ => self.computes().then(|| Bson::Document(Document::new())),
        }
    }

    fn computes(&self) -> bool {
        self.0.iter().any(|(_, part)| part.has(&|it| matches!(it, Part::Compute(_))))
    }

    fn without(&self, document: &Document) -> Document {
        let kept = document.iter().filter_map(|(name, value)| match self.get(name) {
            None | Some(Part::Include | Part::Compute(_)) => Some((name.clone(), value.clone())),
            Some(Part::Exclude) => None,
            Some(Part::Inside(inner)) => Some((name.clone(), inner.without_value(value))),
        });
        kept.collect()
    }

    fn without_value(&self, value: &Bson) -> Bson {
        match value {
            Bson::Document(it) => Bson::Document(self.without(it)),
            Bson::Array(items) => Bson::Array(items.iter().map(|it| self.without_value(it)).collect()),
            other => other.clone(),
        }
    }

    /// Sets the computed fields; all expressions see the stage's input, none sees another's result.
    pub(super) fn compute(&self, document: &mut Document, scope: &Scope) -> Result<()> {
        for (name, part) in &self.0 {
            match part {
                Part::Include | Part::Exclude => {}
                Part::Compute(expression) => match expression.value(scope)? {
                    Some(value) => drop(document.insert(name.clone(), value)),
                    None => drop(document.remove(name)),
                },
                Part::Inside(inner) if inner.computes() => {
                    let value = document.get_mut(name).map(|it| std::mem::replace(it, Bson::Null));
                    document.insert(name.clone(), inner.compute_value(value, scope)?);
                }
                Part::Inside(_) => {}
            }
        }
        Ok(())
    }

    /// Computes inside an object, or each element of an array; anything else becomes an object.
    fn compute_value(&self, value: Option<Bson>, scope: &Scope) -> Result<Bson> {
        match value {
            Some(Bson::Array(items)) => {
                let items = items.into_iter().map(|it| self.compute_value(Some(it), scope));
                Ok(Bson::Array(items.collect::<Result<_>>()?))
            }
            Some(Bson::Document(mut document)) => {
                self.compute(&mut document, scope)?;
                Ok(Bson::Document(document))
            }
            _ => {
                let mut document = Document::new();
                self.compute(&mut document, scope)?;
                Ok(Bson::Document(document))
            }
        }
    }
}

impl Part {
    /// Returns whether this leaf, or one below, is such.
    fn has(&self, is: &dyn Fn(&Part) -> bool) -> bool {
        match self {
            Part::Inside(inner) => inner.0.iter().any(|(_, part)| part.has(is)),
            leaf => is(leaf),
        }
    }
}

fn parse_part(value: &Bson, names: &Names, mode: Mode) -> Result<Part> {
    let plain = matches!(
        value,
        Bson::Boolean(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_)
    );
    match plain && mode == Mode::Project {
        true if is_true(&Some(value.clone())) => Ok(Part::Include),
        true => Ok(Part::Exclude),
        false => Expression::parse_in(value, names).map(Part::Compute),
    }
}
