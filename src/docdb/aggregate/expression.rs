//! Expressions: parsed once into a tree of closures, then evaluated on a document.
//!
//! The operators live in [`super::expressions`]; here are literals, field paths, variables, objects and lists.

use std::fmt;
use std::sync::Arc;

use bson::{Bson, DateTime, Document};

use super::expressions;
use crate::docdb::value::limits::check_path;
use crate::docdb::{Error, Result, value};

/// What an expression gives: `None` is *missing*, which is not null.
pub type Value = Option<Bson>;

type Evaluate = dyn Fn(&Scope) -> Result<Value> + Send + Sync;

/// A parsed aggregation expression.
#[derive(Clone)]
pub struct Expression(Arc<Evaluate>);

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Expression")
    }
}

impl Expression {
    /// Parses an expression that knows the system variables only, as in a filter's `$expr`.
    ///
    /// # Errors
    /// An unknown operator or variable, or wrong arguments.
    pub fn parse(source: &Bson) -> Result<Self> {
        Self::parse_in(source, &Names::default())
    }

    /// Returns the expression's value for a document at a time.
    ///
    /// # Errors
    /// An operand of the wrong type, or outside an operator's range.
    pub fn evaluate(&self, document: &Document, now: DateTime) -> Result<Value> {
        self.value(&Scope::new(document, now, &[]))
    }

    /// Returns whether the value counts as true: not false, 0, null or missing.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn holds(&self, document: &Document, now: DateTime) -> Result<bool> {
        Ok(is_true(&self.evaluate(document, now)?))
    }

    pub(super) fn new(evaluate: impl Fn(&Scope) -> Result<Value> + Send + Sync + 'static) -> Self {
        Self(Arc::new(evaluate))
    }

    pub(super) fn literal(value: Bson) -> Self {
        Self::new(move |_| Ok(Some(value.clone())))
    }

    pub(super) fn parse_in(source: &Bson, names: &Names) -> Result<Self> {
        match source {
            Bson::String(text) => match text.strip_prefix('$') {
                Some(path) => parse_path(path, names),
                None => Ok(Self::literal(source.clone())),
            },
            Bson::Document(document) => parse_document(document, names),
            Bson::Array(items) => parse_list(items, names),
            _ => Ok(Self::literal(source.clone())),
        }
    }

    pub(super) fn value(&self, scope: &Scope) -> Result<Value> {
        (self.0)(scope)
    }
}

/// The variables an expression may name besides the system's.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Vec<String>);

impl Names {
    pub(super) fn with<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut all = self.0.clone();
        all.extend(names.into_iter().map(str::to_owned));
        Self(all)
    }

    fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|it| it == name)
    }
}

/// Checks the name of a variable that a user binds.
pub(super) fn check_variable(name: &str) -> Result<()> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || !c.is_ascii());
    if name == "CURRENT" || (starts_well && name.chars().all(|c| c == '_' || c.is_alphanumeric())) {
        return Ok(());
    }
    Err(Error::invalid(16867, format!("`{name}` is not a valid name for a variable")))
}

/// What an expression sees: a document, the time, and bound variables, innermost first.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    root: &'a Document,
    now: DateTime,
    /// What `let` of an enclosing `$lookup` bound.
    outer: &'a [(String, Value)],
    frame: Option<&'a Frame<'a>>,
}

/// One bound variable.
pub(super) struct Frame<'a> {
    pub name: &'a str,
    pub value: &'a Value,
    enclosing: Option<&'a Frame<'a>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(root: &'a Document, now: DateTime, outer: &'a [(String, Value)]) -> Self {
        Self { root, now, outer, frame: None }
    }

    /// Returns the document as the stage was given it.
    pub(super) fn root(&self) -> &'a Document {
        self.root
    }

    /// Returns the frame that binds one more variable; [`Scope::inside`] makes it visible.
    pub(super) fn bind(&self, name: &'a str, value: &'a Value) -> Frame<'a> {
        Frame { name, value, enclosing: self.frame }
    }

    pub(super) fn inside<'b>(&self, frame: &'b Frame<'b>) -> Scope<'b>
    where
        'a: 'b,
    {
        Scope { root: self.root, now: self.now, outer: self.outer, frame: Some(frame) }
    }

    fn variable(&self, name: &str) -> Option<&'a Value> {
        let mut frame = self.frame;
        while let Some(it) = frame {
            if it.name == name {
                return Some(it.value);
            }
            frame = it.enclosing;
        }
        self.outer.iter().rev().find(|(it, _)| it == name).map(|(_, value)| value)
    }

    fn current(&self, path: &[String]) -> Value {
        match self.variable("CURRENT") {
            Some(value) => follow(value.as_ref()?, path),
            None => follow_document(self.root, path),
        }
    }
}

/// Returns whether a value counts as true.
pub(super) fn is_true(value: &Value) -> bool {
    value.as_ref().is_some_and(value::is_true)
}

/// Returns whether a value is null or missing.
pub(super) fn is_null(value: &Value) -> bool {
    matches!(value, None | Some(Bson::Null | Bson::Undefined))
}

/// Splits and checks a field path: not too many parts, no empty one, none that begins with `$`.
pub(super) fn split_path(path: &str) -> Result<Vec<String>> {
    check_path(path)?;
    path.split('.')
        .map(|part| match part {
            "" => Err(Error::invalid(15998, format!("field path `{path}` has an empty part"))),
            _ if part.starts_with('$') => {
                Err(Error::invalid(16410, format!("field `{part}` of a path may not start with `$`")))
            }
            _ => Ok(part.to_owned()),
        })
        .collect()
}

fn parse_path(path: &str, names: &Names) -> Result<Expression> {
    let Some(variable) = path.strip_prefix('$') else {
        let path = split_path(path)?;
        return Ok(Expression::new(move |scope| Ok(scope.current(&path))));
    };
    let (name, path) = match variable.split_once('.') {
        Some((name, path)) => (name.to_owned(), split_path(path)?),
        None => (variable.to_owned(), Vec::new()),
    };
    if names.contains(&name) {
        return Ok(Expression::new(move |scope| {
            let value = scope.variable(&name).and_then(Option::as_ref);
            Ok(value.and_then(|it| follow(it, &path)))
        }));
    }
    match name.as_str() {
        "ROOT" => Ok(Expression::new(move |scope| Ok(follow_document(scope.root, &path)))),
        "CURRENT" => Ok(Expression::new(move |scope| Ok(scope.current(&path)))),
        "NOW" => Ok(Expression::new(|scope| Ok(Some(Bson::DateTime(scope.now))))),
        "REMOVE" => Ok(Expression::new(|_| Ok(None))),
        _ => Err(Error::invalid(17276, format!("use of undefined variable: {name}"))),
    }
}

fn parse_list(items: &[Bson], names: &Names) -> Result<Expression> {
    let items = items.iter().map(|it| Expression::parse_in(it, names)).collect::<Result<Vec<_>>>()?;
    Ok(Expression::new(move |scope| {
        let values = items.iter().map(|it| Ok(it.value(scope)?.unwrap_or(Bson::Null)));
        Ok(Some(Bson::Array(values.collect::<Result<_>>()?)))
    }))
}

fn parse_document(document: &Document, names: &Names) -> Result<Expression> {
    if let Some((name, operand)) = document.iter().find(|(key, _)| key.starts_with('$')) {
        if document.len() > 1 {
            let message = format!("an object with the operator `{name}` may have no other field");
            return Err(Error::invalid(15983, message));
        }
        return expressions::parse(name, operand, names);
    }
    let mut fields = Vec::with_capacity(document.len());
    for (name, source) in document {
        if name.is_empty() || name.contains('.') {
            let message = format!("field name `{name}` in an expression is empty or has a dot");
            return Err(Error::invalid(16412, message));
        }
        fields.push((name.clone(), Expression::parse_in(source, names)?));
    }
    Ok(Expression::new(move |scope| {
        let mut object = Document::new();
        for (name, expression) in &fields {
            if let Some(value) = expression.value(scope)? {
                object.insert(name.clone(), value);
            }
        }
        Ok(Some(Bson::Document(object)))
    }))
}

/// Reads a path the way expressions do: numbers never index, lists are mapped over their objects once.
fn follow(value: &Bson, path: &[String]) -> Value {
    match value {
        _ if path.is_empty() => Some(value.clone()),
        Bson::Document(document) => follow_document(document, path),
        Bson::Array(items) => {
            let found = items.iter().filter_map(|it| match it {
                Bson::Document(document) => follow_document(document, path),
                _ => None,
            });
            Some(Bson::Array(found.collect()))
        }
        _ => None,
    }
}

fn follow_document(document: &Document, path: &[String]) -> Value {
    match path.split_first() {
        None => Some(Bson::Document(document.clone())),
        Some((first, rest)) => follow(document.get(first)?, rest),
    }
}
