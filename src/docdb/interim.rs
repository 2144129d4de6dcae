//! Sort, projection and update in their simplest form, until their rooms are furnished.

use bson::raw::{RawBsonRef, RawDocument, RawDocumentBuf};
use bson::{Bson, DateTime, Document};

use super::filter::{Filter, Node, Predicate};
use super::value::path::FieldPath;
use super::value::place;
use super::{Error, Result, key};

pub struct SortField {
    pub path: FieldPath,
    pub descending: bool,
}

pub struct Sort {
    fields: Vec<SortField>,
}

impl Sort {
    pub fn parse(sort: &Document) -> Result<Self> {
        let field = |(path, order): (&String, &Bson)| SortField {
            path: FieldPath::new(path),
            descending: matches!(order, Bson::Int32(-1) | Bson::Int64(-1)) || *order == Bson::Double(-1.0),
        };
        Ok(Sort { fields: sort.iter().map(field).collect() })
    }

    pub fn fields(&self) -> &[SortField] {
        &self.fields
    }

    pub fn key(&self, document: &RawDocument) -> Vec<u8> {
        let mut key = Vec::new();
        for field in &self.fields {
            let value = field.path.values(document).into_iter().flatten().next();
            match value {
                Some(value) => key::encode(value, field.descending, &mut key),
                None => key::encode(RawBsonRef::Null, field.descending, &mut key),
            }
        }
        key
    }
}

pub struct Projection(Document);

impl Projection {
    pub fn parse(projection: &Document) -> Result<Self> {
        Ok(Projection(projection.clone()))
    }

    pub fn apply(&self, document: &RawDocument, _filter: &Filter) -> Result<RawDocumentBuf> {
        let document = decode(document)?;
        let off = |it: &Bson| matches!(it, Bson::Int32(0) | Bson::Int64(0) | Bson::Boolean(false));
        let excludes = self.0.iter().all(|(_, it)| off(it));
        let mut kept = if excludes { document.clone() } else { Document::new() };
        for (path, it) in self.0.iter().chain([(&"_id".to_owned(), &Bson::Int32(1))]) {
            match place::get_at(&document, path) {
                _ if off(it) => drop(place::remove_at(&mut kept, path)),
                Some(value) if !excludes => place::set_at(&mut kept, path, value.clone()),
                _ => {}
            }
        }
        encode(&kept)
    }
}

pub struct Update(Document);

impl Update {
    pub fn parse(update: &Document, _array_filters: &[Document], _now: DateTime) -> Result<Self> {
        Ok(Update(update.clone()))
    }

    pub fn apply(&self, before: &RawDocument, _filter: &Filter) -> Result<Option<RawDocumentBuf>> {
        let before = decode(before)?;
        let after = self.applied(before.clone())?;
        if before == after { Ok(None) } else { encode(&after).map(Some) }
    }

    pub fn upsert(&self, filter: &Filter, id: &Bson) -> Result<RawDocumentBuf> {
        let mut start = Document::new();
        start.insert("_id", id.clone());
        let nodes = match filter.root() {
            Node::And(nodes) => nodes.as_slice(),
            node => std::slice::from_ref(node),
        };
        for node in nodes {
            if let Node::Field { path, predicate: Predicate::Eq(value) } = node {
                place::set_at(&mut start, path.as_str(), value.clone());
            }
        }
        encode(&self.applied(start)?)
    }

    fn applied(&self, mut document: Document) -> Result<Document> {
        if !self.0.keys().any(|it| it.starts_with('$')) {
            let mut replaced = Document::new();
            replaced.extend(document.remove("_id").map(|id| ("_id".to_owned(), id)));
            replaced.extend(self.0.clone());
            return Ok(replaced);
        }
        for (operator, operand) in &self.0 {
            for (path, value) in operand.as_document().into_iter().flatten() {
                match operator.as_str() {
                    "$set" => place::set_at(&mut document, path, value.clone()),
                    "$unset" => drop(place::remove_at(&mut document, path)),
                    "$inc" => {
                        let sum = number(place::get_at(&document, path)) + number(Some(value));
                        let sum =
                            if sum.fract() == 0.0 { Bson::Int32(sum as i32) } else { Bson::Double(sum) };
                        place::set_at(&mut document, path, sum);
                    }
                    name => return Err(Error::UnknownOperator { name: name.to_owned() }),
                }
            }
        }
        Ok(document)
    }
}

fn number(value: Option<&Bson>) -> f64 {
    match value {
        Some(Bson::Int32(it)) => f64::from(*it),
        Some(Bson::Int64(it)) => *it as f64,
        Some(Bson::Double(it)) => *it,
        _ => 0.0,
    }
}

fn decode(document: &RawDocument) -> Result<Document> {
    Document::try_from(document).map_err(|error| Error::invalid(22, error.to_string()))
}

fn encode(document: &Document) -> Result<RawDocumentBuf> {
    RawDocumentBuf::try_from(document).map_err(|error| Error::invalid(22, error.to_string()))
}
